// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <vector>

namespace coffer::config {

/// Where each item of a host's files comes from: for hosts that are asked without their cluster.
/// Value.
struct OriginList
{
    static constexpr std::size_t bytesMax = std::size_t(32) << 20; ///< Encoded.
    struct Level
    {
        QByteArray name; ///< "_all", "sh001": as `from` says it.
        QByteArray version;
        bool operator==(const Level &) const = default;
    };
    struct Item
    {
        Place place; ///< Of a key, file or output.
        std::size_t level = 0;
        bool isFinal = false;
        bool operator==(const Item &) const = default;
    };
    struct Shown
    {
        QByteArray path;                       ///< Of an output.
        std::vector<QByteArray> sections = {}; ///< Empty: all.
        bool operator==(const Shown &) const = default;
    };

    std::vector<Level> levels = {};  ///< The lowest first.
    std::vector<Item> items = {};    ///< By place.
    std::vector<Shown> outputs = {}; ///< By path.
    bool operator==(const OriginList &) const = default;

    /// Null if nothing is known of it.
    [[nodiscard]] const Item *item(const Place &place) const;
    /// The outputs that show a section.
    [[nodiscard]] std::vector<QByteArray> showing(const QByteArray &section) const;
};

/// \a levels are those of \a merged, the lowest first.
[[nodiscard]] OriginList originsOf(const Merged &merged, std::vector<OriginList::Level> levels);

/// Deterministic CBOR (docs/formats/goconf.md).
[[nodiscard]] QByteArray encode(const OriginList &list);
/// `invalid` if it is not exactly the encoding of a list.
[[nodiscard]] Result<OriginList> decodeOrigins(const QByteArray &bytes);

} // namespace coffer::config
