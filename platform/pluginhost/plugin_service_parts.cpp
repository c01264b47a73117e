// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_service_parts.h"

#include "pluginhost/plugin_folder.h"

#include <QDir>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

QString findPluginFolder(const QString &programFolder)
{
    for (const QString &place : {u"../lib/coffer/plugins"_s, u"../../lib/coffer/plugins"_s}) {
        const QDir folder(QDir(programFolder).filePath(place));
        if (folder.exists())
            return folder.canonicalPath();
    }
    return {};
}

static PluginHostParts partsOf(const PluginServiceParts::Platform &platform, Timers &timers,
                               Workers &workers)
{
    const DoorCall door = [&door = platform.door](net::HttpRequest request, QString method,
                                                  QCborMap params) {
        return door.call(std::move(request), std::move(method), params);
    };
    return {platform.clock,    timers,          workers, platform.store,
            platform.registry, platform.router, door};
}

static PluginHostOptions optionsOf(PluginSources &sources)
{
    PluginHostOptions options;
    options.node = sources.node;
    options.settings = std::move(sources.settings);
    options.isOpenToAll = sources.isOpenToAll;
    return options;
}

PluginServiceParts::PluginServiceParts(const Platform &platform, PluginSources sources)
    : m_platform(platform)
    , m_folders(sources.folders)
    , m_timers(platform.clock)
    , m_host(partsOf(platform, m_timers, m_workers), optionsOf(sources))
    , m_verbs(m_host)
{}

Result<void> PluginServiceParts::start()
{
    for (const QString &folder : m_folders)
        addFolder(m_host, folder);
    for (const Result<void> &done : {m_host.resolve(), m_verbs.addTo(m_platform.registry)}) {
        if (!done)
            return done.error();
    }
    m_host.start();
    return {};
}

QCoro::Task<void> PluginServiceParts::stopAll(PluginHost *host, std::function<void()> done)
{
    co_await host->stop();
    done();
}

void PluginServiceParts::stop(std::function<void()> done)
{
    coffer::spawn(stopAll(&m_host, std::move(done)), "plugins");
}

} // namespace coffer::pluginhost
