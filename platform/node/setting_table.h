// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/settings.h"

#include <vector>

namespace coffer::node {

/// One setting: the same name in the file, as a flag with two dashes, and in the environment in
/// capitals behind COFFER_.
struct SettingSpec
{
    QString name;
    QString what;        ///< For --help.
    QString defaultText; ///< Read like any other value; empty: has none.
    /// Sets it from text. `invalid`: what was expected.
    std::function<Result<void>(Settings &, const QString &)> set;

    [[nodiscard]] QString variable() const;
};

/// All settings, in the order of --help.
[[nodiscard]] const std::vector<SettingSpec> &settingTable();

} // namespace coffer::node
