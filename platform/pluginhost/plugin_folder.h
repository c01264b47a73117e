// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace coffer::pluginhost {

class PluginHost;

/// Adds the plugins of a folder to \a host, by name of file: every library in it, those that cannot
/// be used with the reason. None of their code runs before the host starts them; a library that was
/// loaded stays until the process ends. A folder that is not there holds none.
void addFolder(PluginHost &host, const QString &folder);

/// The settings of the plugins of a folder for `--help`: of each plugin that has some a line
/// "[plugins.NAME]", and a line or two for each. Runs none of their code. Empty if there are none.
[[nodiscard]] QString describeSettings(const QString &folder);

} // namespace coffer::pluginhost
