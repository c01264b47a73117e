// SPDX-License-Identifier: Apache-2.0
#include "cluster/peer_proxy.h"

#include "net/peer_frame.h"
#include "net/peer_hello.h"

#include <QTcpSocket>

#include <algorithm>

namespace coffer::test {

/// Of what waits in this process for a line; the rest waits at the sender.
static constexpr qint64 waitingBytesMax = 1 << 20;

/// One connection, and the one that it is passed on to.
class PeerProxy::Bridge final : public QObject
{
public:
    Bridge(PeerProxy &proxy, QTcpSocket *dialler, std::size_t to)
        : m_proxy(proxy), m_dialler(dialler), m_to(to)
    {
        m_dialler->setParent(this);
        m_target = new QTcpSocket(this);
        for (QTcpSocket *socket : {m_dialler, m_target}) {
            socket->setReadBufferSize(waitingBytesMax);
            socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
            connect(socket, &QTcpSocket::readyRead, this, &Bridge::pump);
            connect(socket, &QTcpSocket::disconnected, this, &Bridge::onEnd);
            connect(socket, &QTcpSocket::errorOccurred, this, &Bridge::onEnd,
                    Qt::QueuedConnection); // not from within a read that failed
        }
        connect(m_target, &QTcpSocket::connected, this, &Bridge::pump);
    }

    [[nodiscard]] bool isBetween(std::size_t one, std::size_t other) const
    {
        return m_from && std::minmax(*m_from, m_to) == std::minmax(one, other);
    }
    /// Passes on what may pass.
    void pump()
    {
        if (!m_from)
            readHello();
        if (!m_from)
            return;
        const bool isToBlocked = m_proxy.isBlocked(*m_from, m_to);
        const bool isBackBlocked = m_proxy.isBlocked(m_to, *m_from);
        const bool isNew = m_target->state() == QAbstractSocket::UnconnectedState;
        if (isNew && !m_isDialled && !isToBlocked && !isBackBlocked) {
            m_isDialled = true;
            ++m_proxy.m_made;
            m_target->connectToHost(QHostAddress(QHostAddress::LocalHost), m_proxy.m_ports[m_to]);
        }
        if (m_target->state() == QAbstractSocket::ConnectedState) {
            if (!isToBlocked && m_dialler->state() == QAbstractSocket::ConnectedState)
                m_target->write(m_dialler->readAll());
            if (!isBackBlocked)
                m_dialler->write(m_target->readAll());
        }
        if (m_isEnded && !isToBlocked && !isBackBlocked)
            end();
    }
    void end()
    {
        for (QTcpSocket *socket : {m_dialler, m_target})
            socket->disconnect(this);
        m_proxy.forget(this); // closes both when the loop goes round
    }

private:
    void readHello()
    {
        net::PeerFrameReader reader;
        reader.feed(m_dialler->peek(waitingBytesMax));
        const auto frame = reader.next();
        if (!frame || (*frame && (*frame)->kind != net::PeerFrameKind::hello)) {
            end();
            return;
        }
        if (!*frame)
            return;
        const auto hello = net::decodeHello((*frame)->payload);
        m_from = hello ? m_proxy.nodeAt(hello->address) : std::nullopt;
        if (!m_from)
            end();
    }
    /// That a side ended is news too, and waits with the rest.
    void onEnd()
    {
        m_isEnded = true;
        pump();
    }

    PeerProxy &m_proxy;
    QTcpSocket *m_dialler;
    QTcpSocket *m_target = nullptr;
    std::size_t m_to;
    std::optional<std::size_t> m_from;
    bool m_isDialled = false;
    bool m_isEnded = false;
};

PeerProxy::PeerProxy() = default;

PeerProxy::~PeerProxy()
{
    while (!m_bridges.empty())
        m_bridges.back()->end();
}

QString PeerProxy::add(quint16 port)
{
    const std::size_t index = m_servers.size();
    auto server = std::make_unique<QTcpServer>();
    if (!server->listen(QHostAddress::LocalHost))
        qFatal("the proxy cannot listen: %s", qUtf8Printable(server->errorString()));
    connect(server.get(), &QTcpServer::newConnection, this, [this, index] { accept(index); });
    m_ports.push_back(port);
    m_addresses.append(QStringLiteral("127.0.0.1:%1").arg(server->serverPort()));
    m_servers.push_back(std::move(server));
    return m_addresses.back();
}

std::optional<std::size_t> PeerProxy::nodeAt(const QString &address) const
{
    const qsizetype index = m_addresses.indexOf(address);
    return index < 0 ? std::nullopt : std::optional(std::size_t(index));
}

void PeerProxy::accept(std::size_t to)
{
    while (QTcpSocket *socket = m_servers[to]->nextPendingConnection()) {
        m_bridges.push_back(std::make_unique<Bridge>(*this, socket, to));
        m_bridges.back()->pump();
    }
}

void PeerProxy::forget(Bridge *bridge)
{
    const auto found = std::find_if(m_bridges.begin(), m_bridges.end(),
                                    [bridge](const auto &each) { return each.get() == bridge; });
    if (found == m_bridges.end())
        return;
    found->release()->deleteLater(); // it may be what calls
    m_bridges.erase(found);
}

void PeerProxy::block(std::size_t from, std::size_t to) { m_blocked.insert({from, to}); }

void PeerProxy::partition(const std::set<std::size_t> &some)
{
    for (const std::size_t one : some) {
        for (std::size_t other = 0; other < m_servers.size(); ++other) {
            if (some.contains(other))
                continue;
            block(one, other);
            block(other, one);
        }
    }
}

void PeerProxy::reset(std::size_t one, std::size_t other)
{
    std::vector<Bridge *> between;
    for (const auto &bridge : m_bridges) {
        if (bridge->isBetween(one, other))
            between.push_back(bridge.get());
    }
    for (Bridge *bridge : between)
        bridge->end();
}

void PeerProxy::heal()
{
    m_blocked.clear();
    std::vector<Bridge *> all;
    for (const auto &bridge : m_bridges)
        all.push_back(bridge.get());
    for (Bridge *bridge : all) // ended ones live until the loop goes round
        bridge->pump();
}

} // namespace coffer::test
