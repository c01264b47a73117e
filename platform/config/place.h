// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <cstdint>
#include <tuple>

namespace coffer::config {

/// What can be changed by itself. Value; ordered.
struct Place
{
    enum class Kind : std::uint8_t { section = 1, key = 2, file = 3, output = 4 };
    Kind kind = Kind::key;
    QByteArray section = {}; ///< section, key.
    QByteArray name = {};    ///< Of the key; path of the file or output.

    /// "core", "core/timeout", "nginx.conf"; as people write it.
    [[nodiscard]] QByteArray shown() const;
    [[nodiscard]] bool isPath() const { return kind == Kind::file || kind == Kind::output; }
    friend bool operator==(const Place &, const Place &) = default;
    friend bool operator<(const Place &a, const Place &b)
    {
        return std::tie(a.kind, a.section, a.name) < std::tie(b.kind, b.section, b.name);
    }
};

/// Of a file the place of an output with the same path, and the other way round.
[[nodiscard]] Place sibling(Place place);

} // namespace coffer::config
