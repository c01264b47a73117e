// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/target.h"

#include <QString>

#include <vector>

namespace coffer::agent {

/// Reads every *.toml of \a folder, one service each, in the order of their names (docs/agent.md
/// has the table). A folder that does not exist has none. `invalid` names file, line, reason; a
/// service that two files name is a fault of the second.
[[nodiscard]] Result<std::vector<Target>> readTargets(const QString &folder);
/// One of them; \a name stands for the file in errors.
[[nodiscard]] Result<Target> parseTarget(const QByteArray &bytes, const QString &name);

} // namespace coffer::agent
