// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace coffer::pluginhost {

class PluginHost;

/// Adds the plugins of a folder to \a host, by name of file: every library in it, those that cannot
/// be used with the reason. None of their code runs before the host starts them; a library that was
/// loaded stays until the process ends. A folder that is not there holds none.
void addFolder(PluginHost &host, const QString &folder);

} // namespace coffer::pluginhost
