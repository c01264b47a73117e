// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QCborMap>

namespace coffer::pluginhost {

/// What operators want of one plugin on all nodes: the file /coffer/plugins/NAME/state. Value.
struct PluginWish
{
    static constexpr qsizetype bytesMax = 65'536;

    bool isEnabled = true;
    QCborMap settings = {}; ///< Above those of each node; not yet checked by the schema.

    /// Total and strict: `invalid` says what is wrong.
    [[nodiscard]] static Result<PluginWish> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    bool operator==(const PluginWish &) const = default;
};

} // namespace coffer::pluginhost
