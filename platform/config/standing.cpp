// SPDX-License-Identifier: Apache-2.0
#include "config/standing.h"

namespace coffer::config {

static bool isNothing(const Item &item) { return std::holds_alternative<std::monostate>(item); }

bool isFinal(const Item &item)
{
    const auto isMarked = [](const auto *one) { return one != nullptr && one->isFinal; };
    return isMarked(std::get_if<Key>(&item)) || isMarked(std::get_if<File>(&item))
           || isMarked(std::get_if<Output>(&item));
}

static Standing::Word wordOf(const Layer &layer, const Place &place)
{
    Standing::Word word{itemAt(layer, place)};
    if (isNothing(word.item) && place.isPath())
        word.item = itemAt(layer, sibling(place));
    if (!isNothing(word.item) || place.kind != Place::Kind::key)
        return word;
    if (const Tombstone *section = layer.tombstone({Place::Kind::section, place.section, {}}))
        return {*section, true};
    return word;
}

Standing standingOf(const std::vector<const Layer *> &layers, const Place &place)
{
    Standing standing;
    for (std::size_t level = 0; level < layers.size(); ++level) {
        const Standing::Word &word = standing.words.emplace_back(wordOf(*layers[level], place));
        if (isNothing(word.item) || standing.finalIn)
            continue;
        standing.counts = level;
        if (isFinal(word.item))
            standing.finalIn = level;
    }
    return standing;
}

} // namespace coffer::config
