// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "config/layer.h"

namespace coffer::test {

/// The seed of this run: the environment's COFFER_SEED, else a random one. Prints it.
[[nodiscard]] std::uint64_t layersSeed();

/// Makes small layers with names from a small set, so that two of them have much in common.
class RandomLayers
{
public:
    /// Whether layers have tombstones, and items that are final.
    enum class Marks { none, some };
    explicit RandomLayers(std::uint64_t seed, Marks marks = Marks::none)
        : m_random(seed), m_hasMarks(marks == Marks::some)
    {}

    [[nodiscard]] config::Layer layer();
    /// \a layer with some keys, comments, files and outputs added, changed and removed.
    [[nodiscard]] config::Layer changed(const config::Layer &layer);
    [[nodiscard]] config::Value value();
    [[nodiscard]] Random &random() { return m_random; }

private:
    [[nodiscard]] bool chance(int percent) { return int(m_random.below(100)) < percent; }
    [[nodiscard]] QByteArray text();
    [[nodiscard]] config::Key key(int name);
    [[nodiscard]] config::FileRights rights();
    [[nodiscard]] config::File file(int name);
    [[nodiscard]] config::Output output(int name);

    /// Some tombstones where \a made has nothing; as \a old has them, mostly.
    void addTombstones(config::Layer &made, const config::Layer &old);

    SeededRandom m_random;
    bool m_hasMarks;
};

/// The same content with sections and keys by name: what is left when order does not count.
[[nodiscard]] config::Layer inNameOrder(config::Layer layer);

/// \a keys keys "key-0"... in sections of 1,000, with values of a typical length.
[[nodiscard]] config::Layer largeLayer(int keys);

} // namespace coffer::test
