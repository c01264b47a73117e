// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QtEndian>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

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

/// Appends little-endian numbers and counted bytes. Each write of a client passes here some times:
/// what is written is put where it belongs, without QByteArray::append().
class ByteWriter
{
    Q_DISABLE_COPY_MOVE(ByteWriter)

public:
    explicit ByteWriter(qsizetype expectedBytes = 64)
        : m_bytes(expectedBytes, Qt::Uninitialized), m_end(m_bytes.data())
    {}
    ~ByteWriter() = default;

    template<class Number>
    void number(Number value)
    {
        qToLittleEndian(value, room(sizeof(Number)));
    }
    /// Bytes behind their count. What does not fit the count is marked by the largest one, which is
    /// above every limit, so that readers refuse it.
    template<class Count>
    void counted(QByteArrayView bytes)
    {
        number(clamped<Count>(std::size_t(bytes.size())));
        raw(bytes);
    }
    void raw(QByteArrayView bytes)
    {
        if (!bytes.isEmpty())
            std::memcpy(room(bytes.size()), bytes.data(), std::size_t(bytes.size()));
    }

    template<class Count>
    [[nodiscard]] static Count clamped(std::size_t count)
    {
        return Count(std::min<std::size_t>(count, std::numeric_limits<Count>::max()));
    }
    /// What was written; afterwards nothing may be.
    [[nodiscard]] QByteArray take()
    {
        m_bytes.truncate(size());
        return std::move(m_bytes);
    }

private:
    [[nodiscard]] qsizetype size() const { return m_end - m_bytes.constData(); }
    [[nodiscard]] char *room(qsizetype bytes)
    {
        const qsizetype used = size();
        if (used + bytes > m_bytes.size()) {
            m_bytes.resize(std::max(used + bytes, 2 * m_bytes.size()));
            m_end = m_bytes.data() + used;
        }
        return std::exchange(m_end, m_end + bytes);
    }

    QByteArray m_bytes; ///< Longer than what is written.
    char *m_end;        ///< Of that.
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
