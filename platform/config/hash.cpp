// SPDX-License-Identifier: Apache-2.0
#include "config/hash.h"

#include <QCryptographicHash>

#include <algorithm>

namespace coffer::config {

static constexpr qsizetype hashBytes = 32;

Hash Hash::of(QByteArrayView bytes)
{
    QCryptographicHash sum(QCryptographicHash::Sha256);
    sum.addData(bytes);
    Hash hash;
    hash.m_bytes = sum.result();
    return hash;
}

std::optional<Hash> Hash::fromHex(QByteArrayView hex)
{
    const auto isDigit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (hex.size() != 2 * hashBytes || !std::all_of(hex.begin(), hex.end(), isDigit))
        return {};
    return fromBytes(QByteArray::fromHex(hex.toByteArray()));
}

std::optional<Hash> Hash::fromBytes(QByteArrayView bytes)
{
    if (bytes.size() != hashBytes)
        return {};
    Hash hash;
    hash.m_bytes = bytes.toByteArray();
    return hash;
}

} // namespace coffer::config
