// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "node/settings.h"

#include <functional>

namespace coffer::node {

/// True if \a host names this machine. May block for a look-up.
using IsThisMachine = std::function<bool(const QString &host)>;
[[nodiscard]] bool isThisMachine(const QString &host);

/// Where peers reach this node: --advertise-peers, or else the entry of --peers that is
/// --listen-peers, or else the only one with its port and a name of this machine. `invalid` if
/// that is none or several, with what to do.
[[nodiscard]] Result<QString> findOwnAddress(const Settings &settings,
                                             const IsThisMachine &isLocal = &isThisMachine);

} // namespace coffer::node
