// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QtEndian>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace coffer::store {

/// Orders bytes as unsigned numbers, the shorter first where one begins the other.
struct BytesLess
{
    using is_transparent = void;
    bool operator()(QByteArrayView left, QByteArrayView right) const
    {
        const auto common = std::size_t(std::min(left.size(), right.size()));
        const int order = common == 0 ? 0 : std::memcmp(left.data(), right.data(), common);
        return order != 0 ? order < 0 : left.size() < right.size();
    }
};

/// Appends little-endian numbers and counted bytes.
class ByteWriter
{
public:
    explicit ByteWriter(qsizetype expectedBytes = 0) { m_bytes.reserve(expectedBytes); }

    template<class Number>
    void number(Number value)
    {
        char little[sizeof(Number)];
        qToLittleEndian(value, little);
        m_bytes.append(little, sizeof(Number));
    }
    /// Bytes behind their count. What does not fit the count is marked by the largest one, which is
    /// above every limit, so that readers refuse it.
    template<class Count>
    void counted(QByteArrayView bytes)
    {
        number(clamped<Count>(std::size_t(bytes.size())));
        m_bytes.append(bytes);
    }
    void raw(QByteArrayView bytes) { m_bytes.append(bytes); }

    template<class Count>
    [[nodiscard]] static Count clamped(std::size_t count)
    {
        return Count(std::min<std::size_t>(count, std::numeric_limits<Count>::max()));
    }
    [[nodiscard]] QByteArray take() { return std::move(m_bytes); }

private:
    QByteArray m_bytes;
};

/// Reads what ByteWriter wrote. After the first thing that is missing or too long everything reads
/// as 0 or empty and isGood() is false.
class ByteReader
{
public:
    explicit ByteReader(QByteArrayView bytes) : m_left(bytes) {}

    template<class Number>
    [[nodiscard]] Number number()
    {
        if (m_left.size() < qsizetype(sizeof(Number))) {
            fail();
            return 0;
        }
        const auto value = qFromLittleEndian<Number>(m_left.data());
        m_left = m_left.sliced(sizeof(Number));
        return value;
    }
    /// A view into the bytes read; \a bytesMax bounds the count.
    template<class Count>
    [[nodiscard]] QByteArrayView counted(std::size_t bytesMax)
    {
        const std::size_t count = number<Count>();
        if (count > bytesMax || count > std::size_t(m_left.size())) {
            fail();
            return {};
        }
        const QByteArrayView bytes = m_left.first(qsizetype(count));
        m_left = m_left.sliced(qsizetype(count));
        return bytes;
    }
    /// Whatever is left.
    [[nodiscard]] QByteArrayView rest()
    {
        const QByteArrayView bytes = m_left;
        m_left = m_left.sliced(m_left.size());
        return bytes;
    }

    void fail()
    {
        m_isGood = false;
        m_left = {};
    }
    [[nodiscard]] bool isGood() const { return m_isGood; }
    [[nodiscard]] bool isAtEnd() const { return m_isGood && m_left.isEmpty(); }
    [[nodiscard]] std::size_t left() const { return std::size_t(m_left.size()); }

private:
    QByteArrayView m_left;
    bool m_isGood = true;
};

} // namespace coffer::store
