// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <optional>

namespace coffer::config {

/// SHA-256 of some bytes: the name of content. Value; the default is the hash of nothing known.
class Hash
{
public:
    Hash() = default;
    [[nodiscard]] static Hash of(QByteArrayView bytes);
    /// From 64 lower-case hex digits.
    [[nodiscard]] static std::optional<Hash> fromHex(QByteArrayView hex);
    /// From 32 bytes.
    [[nodiscard]] static std::optional<Hash> fromBytes(QByteArrayView bytes);

    [[nodiscard]] bool isNull() const { return m_bytes.isEmpty(); }
    [[nodiscard]] QByteArray hex() const { return m_bytes.toHex(); }
    [[nodiscard]] const QByteArray &bytes() const { return m_bytes; }
    /// For people: the first twelve digits.
    [[nodiscard]] QByteArray brief() const
    {
        return m_bytes.toHex().first(m_bytes.isEmpty() ? 0 : 12);
    }

    friend bool operator==(const Hash &a, const Hash &b) { return a.m_bytes == b.m_bytes; }
    friend bool operator<(const Hash &a, const Hash &b) { return a.m_bytes < b.m_bytes; }

private:
    QByteArray m_bytes;
};

} // namespace coffer::config
