// SPDX-License-Identifier: Apache-2.0
#include "node/plugin_service.h"

using namespace Qt::StringLiterals;

namespace coffer::node {

PluginService::PluginService(ClientService &clients, pluginhost::PluginSources sources)
    : m_clients(clients), m_sources(std::move(sources))
{}

PluginService::~PluginService()
{
    if (m_parts)
        m_clients.setPluginMetrics({});
}

pluginhost::PluginHost &PluginService::host() { return m_parts->host(); }

Result<QString> PluginService::start(Host &host)
{
    pluginhost::PluginSources sources = m_sources;
    sources.node =
        QByteArray::number(quint64(host.status().self.value()), 16).rightJustified(16, '0');
    m_parts = std::make_unique<pluginhost::PluginServiceParts>(
        pluginhost::PluginServiceParts::Platform{host.clock(), m_clients.store(),
                                                 m_clients.registry(), m_clients.router(),
                                                 m_clients.door()},
        std::move(sources));
    if (const Result<void> started = m_parts->start(); !started)
        return started.error();
    m_clients.setPluginMetrics([parts = m_parts.get()] { return parts->host().metrics(); });
    return QString();
}

bool PluginService::isReady() const { return m_parts && m_parts->isSettled(); }

void PluginService::stop(std::function<void()> done)
{
    if (m_parts)
        m_parts->stop(std::move(done));
    else
        done();
}

} // namespace coffer::node
