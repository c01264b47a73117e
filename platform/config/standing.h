// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/change.h"

#include <optional>
#include <vector>

namespace coffer::config {

/// Whether no higher layer may have a say in it.
[[nodiscard]] bool isFinal(const Item &item);

/// What each of several layers says of one place, and which word counts: merge() for one place
/// alone, with what it loses on the way. Value.
struct Standing
{
    struct Word
    {
        Item item = {};           ///< Nothing: the layer says nothing of it.
        bool isOfSection = false; ///< The item is the tombstone of the key's section.
        bool operator==(const Word &) const = default;
    };
    std::vector<Word> words = {};            ///< By layer, the lowest first.
    std::optional<std::size_t> counts = {};  ///< Whose word it is; none if nobody says anything.
    std::optional<std::size_t> finalIn = {}; ///< What higher ones say does not count.
    bool operator==(const Standing &) const = default;
};
/// \a layers as in merge(). Of a path: what has it, a file or an output.
[[nodiscard]] Standing standingOf(const std::vector<const Layer *> &layers, const Place &place);

} // namespace coffer::config
