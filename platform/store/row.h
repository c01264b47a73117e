// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <cstdint>
#include <optional>

namespace coffer::store {

/// The tables of the canonical state. On disk and in the state hash; never renumbered.
enum class Table : std::uint8_t { files = 1, sessions = 2, outcomes = 3, meta = 4 };

/// One row of the canonical state, as docs/formats/commands.md describes; no value means deleted.
struct Row
{
    Table table = Table::files;
    QByteArray key;
    std::optional<QByteArray> value;

    bool operator==(const Row &) const = default;
};

} // namespace coffer::store
