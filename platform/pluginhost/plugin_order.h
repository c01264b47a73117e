// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginhost/plugin_spec.h"

#include <map>
#include <vector>

namespace coffer::pluginhost {

/// In which order plugins start, and which cannot. Indices are those of the specs. Value.
struct PluginOrder
{
    std::vector<std::size_t> order;        ///< Each behind what it needs; else as they came.
    std::map<std::size_t, QString> faults; ///< Why the others cannot run, for people.
    /// Whom each needs; only of those in order.
    std::map<std::size_t, std::vector<std::size_t>> needs;
};

/// Pure. A name that is taken, a need that nobody meets and a circle of needs are faults, also of
/// those who need the faulty one.
[[nodiscard]] PluginOrder orderOf(const std::vector<PluginSpec> &specs);

} // namespace coffer::pluginhost
