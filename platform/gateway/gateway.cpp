// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "net/peer_address.h"

#include <QLoggingCategory>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::gateway {

Q_LOGGING_CATEGORY(logGateway, "coffer.gateway")

static constexpr std::chrono::milliseconds lookEvery{10};
/// Without a node, until it is said that there is none; then between two such words.
static constexpr std::chrono::seconds waitFirst{2};
static constexpr std::chrono::minutes waitAgain{5};

static client::Options clientOptions(const std::vector<QUrl> &nodes)
{
    client::Options options;
    options.nodes = nodes;
    return options;
}

Gateway::Gateway(GatewayOptions options, Clock &clock)
    : m_options(std::move(options))
    , m_client(clientOptions(m_options.nodes))
    , m_door(m_registry, m_router, clock)
    , m_server(m_router, clock)
    , m_plugins({clock, m_store, m_registry, m_router, m_door}, m_options.sources)
{
    m_door.setReadiness([this]() -> QString {
        return m_client.connection() != nullptr ? QString() : m_client.trouble();
    });
}

void Gateway::onStateChanged(client::Client::State state)
{
    if (state == client::Client::State::connecting) {
        m_waitTimer.start(waitFirst);
        return;
    }
    m_waitTimer.stop();
    if (std::exchange(m_hasComplained, false))
        qCInfo(logGateway).noquote() << "connected to" << m_client.node().authority();
}

void Gateway::sayWhatItWaitsFor()
{
    QStringList nodes;
    for (const QUrl &node : m_options.nodes)
        nodes.append(node.toString());
    qCWarning(logGateway).noquote()
        << "waiting for a node of the cluster, of --gateway:" << nodes.join(u", "_s)
        << '(' + m_client.trouble() + ')';
    m_hasComplained = true;
    m_waitTimer.start(waitAgain);
}

Result<QString> Gateway::start(std::function<void()> ready)
{
    if (const Result<void> started = m_plugins.start(); !started)
        return started.error();
    if (const Result<void> started = m_server.start(m_options.address, m_options.port); !started)
        return started.error().in(u"--listen"_s);
    connect(&m_lookTimer, &QTimer::timeout, this, [this, ready = std::move(ready)] {
        if (!m_plugins.isSettled())
            return;
        m_lookTimer.stop();
        ready();
    });
    m_lookTimer.start(lookEvery);
    m_waitTimer.setSingleShot(true);
    connect(&m_waitTimer, &QTimer::timeout, this, &Gateway::sayWhatItWaitsFor);
    connect(&m_client, &client::Client::stateChanged, this, &Gateway::onStateChanged);
    if (m_client.connection() == nullptr)
        m_waitTimer.start(waitFirst);
    const net::PeerAddress place{m_options.address.toString(), m_server.serverPort()};
    return u"http://"_s + place.text();
}

QCoro::Task<void> Gateway::leave(std::function<void()> done)
{
    if (m_client.connection() != nullptr)
        (void)co_await m_store.finish();
    done();
}

void Gateway::stop(std::function<void()> done)
{
    m_lookTimer.stop();
    m_waitTimer.stop();
    m_server.stop();
    m_door.stop();
    m_plugins.stop([this, done = std::move(done)] { coffer::spawn(leave(done), "gateway"); });
}

} // namespace coffer::gateway
