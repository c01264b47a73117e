// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <cstdint>

namespace coffer {

/// A 128-bit sum of row hashes: equal for equal sets of rows, whatever the order in which the
/// rows came and went. Detects replicas that differ by accident; no defence against an attacker.
///
/// Value. Each row is hashed on its own (two independently keyed 64-bit mixes) and added, lane by
/// lane modulo 2^64, so a row can be taken out again without looking at any other.
struct Hash128
{
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    bool operator==(const Hash128 &) const = default;

    Hash128 &operator+=(const Hash128 &other)
    {
        low += other.low;
        high += other.high;
        return *this;
    }
    Hash128 &operator-=(const Hash128 &other)
    {
        low -= other.low;
        high -= other.high;
        return *this;
    }
};

/// The hash of one row; \a table keeps equal keys of different tables apart.
[[nodiscard]] Hash128 rowHash(std::uint8_t table, QByteArrayView key, QByteArrayView value);

} // namespace coffer
