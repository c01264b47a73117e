// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <cstdint>
#include <optional>

namespace coffer::config {

/// Writes the part of CBOR that configuration is stored in: natural numbers, byte strings, texts,
/// arrays; every head as short as it can be. Value.
class CborWriter
{
public:
    void array(std::size_t count) { head(0x80, count); }
    void number(std::uint64_t number) { head(0x00, number); }
    void bytes(QByteArrayView value)
    {
        head(0x40, std::uint64_t(value.size()));
        m_bytes.append(value);
    }
    void text(QByteArrayView utf8)
    {
        head(0x60, std::uint64_t(utf8.size()));
        m_bytes.append(utf8);
    }
    void append(QByteArrayView items) { m_bytes.append(items); }

    [[nodiscard]] QByteArray take() { return std::exchange(m_bytes, {}); }

private:
    void head(std::uint8_t major, std::uint64_t count);

    QByteArray m_bytes;
};

/// Reads exactly what CborWriter writes. Total: bytes that are anything else end it, and from then
/// on everything is empty or 0, so isGood() need be asked only before something is made of the
/// result.
class CborReader
{
public:
    /// \a bytes have to outlive it.
    explicit CborReader(QByteArrayView bytes) : m_bytes(bytes) {}

    [[nodiscard]] bool isGood() const { return m_isGood; }
    [[nodiscard]] bool isAtEnd() const { return m_at == m_bytes.size(); }

    /// The count of its items, which follow; never more than there are bytes left.
    [[nodiscard]] std::size_t array();
    [[nodiscard]] std::uint64_t number() { return head(0x00); }
    [[nodiscard]] QByteArrayView bytes() { return slice(0x40); }
    /// Valid UTF-8.
    [[nodiscard]] QByteArrayView text();

private:
    std::uint64_t head(std::uint8_t major);
    QByteArrayView slice(std::uint8_t major);
    [[nodiscard]] std::uint64_t left() const { return std::uint64_t(m_bytes.size() - m_at); }

    QByteArrayView m_bytes;
    qsizetype m_at = 0;
    bool m_isGood = true;
};

} // namespace coffer::config
