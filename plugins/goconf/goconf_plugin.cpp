// SPDX-License-Identifier: Apache-2.0
#include "goconf/goconf_plugin.h"

namespace coffer::goconf {

pluginapi::Task<Result<void>> GoconfPlugin::start(pluginapi::PluginContext &context)
{
    m_library.emplace(context);
    m_admin.emplace(context, *m_library);
    if (const Result<void> started = m_admin->start(); !started)
        co_return started.error();
    m_fleet.emplace(context, *m_library, m_admin->publisher());
    co_return m_fleet->start();
}

} // namespace coffer::goconf
