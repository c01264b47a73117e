// SPDX-License-Identifier: Apache-2.0
#include "cli/latencies.h"

#include <QString>

#include <algorithm>
#include <bit>

using namespace Qt::StringLiterals;

namespace coffer::cli {

std::size_t Latencies::bucketOf(std::uint64_t microseconds)
{
    constexpr std::uint64_t fine = 1u << fineBits;
    if (microseconds < fine)
        return std::size_t(microseconds);
    const auto power = unsigned(std::bit_width(microseconds)) - 1;
    const std::uint64_t within = (microseconds >> (power - fineBits)) - fine;
    return (std::size_t(power - fineBits + 1) << fineBits) + std::size_t(within);
}

std::uint64_t Latencies::topOf(std::size_t bucket)
{
    constexpr std::size_t fine = 1u << fineBits;
    if (bucket < fine)
        return bucket;
    const auto shift = unsigned(bucket >> fineBits) - 1;
    const std::uint64_t within = fine + (bucket & (fine - 1));
    return ((within + 1) << shift) - 1;
}

void Latencies::add(Time time)
{
    const auto microseconds = std::uint64_t(std::max<std::int64_t>(0, time.count()));
    ++m_buckets[std::min(bucketOf(microseconds), m_buckets.size() - 1)];
    ++m_count;
    m_max = std::max(m_max, time);
}

Latencies::Time Latencies::quantile(unsigned thousandths) const
{
    const std::uint64_t rank = (m_count * thousandths + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < m_buckets.size(); ++bucket) {
        seen += m_buckets[bucket];
        if (seen >= rank && seen > 0)
            return std::min(m_max, Time(std::int64_t(topOf(bucket))));
    }
    return Time(0);
}

QCborMap Latencies::toCbor() const
{
    return {{u"count"_s, qint64(m_count)},
            {u"p50Us"_s, qint64(quantile(500).count())},
            {u"p99Us"_s, qint64(quantile(990).count())},
            {u"p999Us"_s, qint64(quantile(999).count())},
            {u"maxUs"_s, qint64(m_max.count())}};
}

static QString milliseconds(Latencies::Time time)
{
    return u"%1 ms"_s.arg(double(time.count()) / 1000, 0, 'f', 3);
}

QString Latencies::text() const
{
    return u"p50 %1, p99 %2, p99.9 %3, max %4"_s.arg(
        milliseconds(quantile(500)), milliseconds(quantile(990)), milliseconds(quantile(999)),
        milliseconds(m_max));
}

} // namespace coffer::cli
