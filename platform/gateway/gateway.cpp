// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "net/peer_address.h"

using namespace Qt::StringLiterals;

namespace coffer::gateway {

static constexpr std::chrono::milliseconds lookEvery{10};

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
    m_server.stop();
    m_door.stop();
    m_plugins.stop([this, done = std::move(done)] { coffer::spawn(leave(done), "gateway"); });
}

} // namespace coffer::gateway
