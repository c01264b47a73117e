// SPDX-License-Identifier: Apache-2.0
#include "config/cbor_items_p.h"

#include <utility>

namespace coffer::config {

static constexpr std::uint8_t majorMask = 0xE0;
static constexpr std::uint64_t directCounts = 24; ///< Smaller ones stand in the first byte.

void CborWriter::head(std::uint8_t major, std::uint64_t count)
{
    if (count < directCounts) {
        m_bytes.append(char(major | count));
        return;
    }
    int size = 0; // its logarithm
    while (size < 3 && count >> (8 << size) != 0)
        ++size;
    m_bytes.append(char(major | (directCounts + std::uint64_t(size))));
    for (int shift = 8 * ((1 << size) - 1); shift >= 0; shift -= 8)
        m_bytes.append(char(count >> shift));
}

std::uint64_t CborReader::head(std::uint8_t major)
{
    const auto fail = [this] {
        m_isGood = false;
        return std::uint64_t(0);
    };
    if (!m_isGood || left() == 0)
        return fail();
    const auto first = std::uint8_t(m_bytes[m_at]);
    const std::uint64_t info = first & std::uint8_t(~majorMask);
    if ((first & majorMask) != major || info >= directCounts + 4)
        return fail();
    ++m_at;
    if (info < directCounts)
        return info;
    const int size = 1 << int(info - directCounts);
    if (left() < std::uint64_t(size))
        return fail();
    std::uint64_t count = 0;
    for (int i = 0; i < size; ++i)
        count = count << 8 | std::uint8_t(m_bytes[m_at++]);
    const std::uint64_t countMin = size == 1 ? directCounts : std::uint64_t(1) << (4 * size);
    return count < countMin ? fail() : count;
}

std::size_t CborReader::array()
{
    const std::uint64_t count = head(0x80);
    m_isGood = m_isGood && count <= left();
    return m_isGood ? std::size_t(count) : 0;
}

QByteArrayView CborReader::slice(std::uint8_t major)
{
    const std::uint64_t size = head(major);
    m_isGood = m_isGood && size <= left();
    if (!m_isGood)
        return {};
    const QByteArrayView slice = m_bytes.sliced(m_at, qsizetype(size));
    m_at += qsizetype(size);
    return slice;
}

QByteArrayView CborReader::text()
{
    const QByteArrayView text = slice(0x60);
    m_isGood = m_isGood && text.isValidUtf8();
    return m_isGood ? text : QByteArrayView();
}

} // namespace coffer::config
