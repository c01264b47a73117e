// SPDX-License-Identifier: Apache-2.0
#include "goconf/goconf_plugin.h"

namespace coffer::goconf {

pluginapi::Task<Result<void>> GoconfPlugin::start(pluginapi::PluginContext &context)
{
    m_library.emplace(context);
    m_admin.emplace(context, *m_library);
    co_return m_admin->start();
}

} // namespace coffer::goconf
