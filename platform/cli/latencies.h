// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCborMap>

#include <array>
#include <chrono>
#include <cstdint>

namespace coffer::cli {

/// How long things took: counts in buckets that are at most 1.6 % wide. Value.
class Latencies
{
public:
    using Time = std::chrono::microseconds;

    void add(Time time);
    [[nodiscard]] std::uint64_t count() const { return m_count; }
    [[nodiscard]] Time max() const { return m_max; }
    /// At least this share of \a thousandths was no slower: 500 is the median.
    [[nodiscard]] Time quantile(unsigned thousandths) const;

    /// {count, p50Us, p99Us, p999Us, maxUs}
    [[nodiscard]] QCborMap toCbor() const;
    /// "p50 1.2 ms, p99 ..."
    [[nodiscard]] QString text() const;

private:
    static constexpr unsigned fineBits = 6; ///< Buckets for each power of two: 2^6.

    [[nodiscard]] static std::size_t bucketOf(std::uint64_t microseconds);
    /// The largest value of a bucket.
    [[nodiscard]] static std::uint64_t topOf(std::size_t bucket);

    std::array<std::uint64_t, 64u << fineBits> m_buckets{};
    std::uint64_t m_count = 0;
    Time m_max{0};
};

} // namespace coffer::cli
