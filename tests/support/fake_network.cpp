// SPDX-License-Identifier: Apache-2.0
#include "support/fake_network.h"

#include "rpc/message.h"
#include "rpc/session.h"

#include <QObject>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::test {

class FakeNetwork::FakeLink final : public client::Link, private rpc::Pipe
{
public:
    FakeLink(FakeNetwork &network, QString host) : m_network(network), m_host(std::move(host))
    {
        network.m_links.insert(this);
    }
    ~FakeLink() override { m_network.m_links.erase(this); }
    Q_DISABLE_COPY_MOVE(FakeLink)

    void open() override
    {
        later([this] {
            if (isSilent())
                return;
            if (m_network.down.contains(m_host)) {
                close(u"refused"_s);
                return;
            }
            ++m_network.opened;
            m_session = std::make_unique<rpc::Session>(
                m_network.m_flights, static_cast<rpc::Pipe &>(*this), rpc::Caller());
            opened();
        });
    }
    void send(const QByteArray &message) override
    {
        m_network.asked.push_back(message);
        later([this, message] {
            if (m_session && !isSilent() && !refuse(message))
                m_session->receive(message, rpc::Form::cbor);
        });
    }
    void ping() override
    {
        later([this] {
            if (m_session && !isSilent())
                alive();
        });
    }
    void abort() override { m_session.reset(); }

    void close(const QString &why)
    {
        m_session.reset();
        closed(why);
    }

private:
    [[nodiscard]] bool isSilent() const
    {
        return m_network.isSilent || m_network.silent.contains(m_host);
    }
    [[nodiscard]] bool refuse(const QByteArray &message)
    {
        const QCborMap asked = QCborValue::fromCbor(message).toMap();
        const QString method = asked.value(u"method"_s).toString();
        if (!m_network.isRefused || !m_network.isRefused(m_host, method))
            return false;
        const rpc::Failure failure = rpc::Failure::of(rpc::Code::unavailable, u"no leader"_s);
        received(rpc::writeAnswer(asked.value(u"id"_s), failure, rpc::Form::cbor));
        return true;
    }
    void send(const QByteArray &message, rpc::Form) override
    {
        later([this, message] {
            if (!m_session || isSilent())
                return;
            if (m_network.loseAnswers > 0) {
                --m_network.loseAnswers;
                close(u"cut"_s);
            } else if (!m_network.garbage.isEmpty()) {
                received(std::exchange(m_network.garbage, {}));
            } else {
                received(message);
            }
        });
    }
    [[nodiscard]] qint64 unsentBytes() const override { return 0; }
    void cut(const QString &why) override { close(why); }

    void later(std::function<void()> call)
    {
        QMetaObject::invokeMethod(&m_context, std::move(call), Qt::QueuedConnection);
    }

    FakeNetwork &m_network;
    QString m_host;
    std::unique_ptr<rpc::Session> m_session;
    QObject m_context;
};

std::unique_ptr<client::Link> FakeNetwork::make(const QUrl &node)
{
    return std::make_unique<FakeLink>(*this, node.host());
}

void FakeNetwork::cut()
{
    const auto links = m_links;
    for (FakeLink *link : links) {
        if (m_links.contains(link))
            link->close(u"cut"_s);
    }
}

} // namespace coffer::test
