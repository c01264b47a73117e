// SPDX-License-Identifier: Apache-2.0
#include "goconf/host_secret.h"

#include <QRandomGenerator>

#include <array>

namespace coffer::goconf {

template<std::size_t words>
static QByteArray randomHex()
{
    std::array<quint32, words> bits{};
    QRandomGenerator::system()->fillRange(bits.data(), qsizetype(words));
    return QByteArray(reinterpret_cast<const char *>(bits.data()), sizeof(bits)).toHex();
}

QByteArray makeSecret() { return randomHex<8>(); }

QByteArray makeTicket() { return randomHex<4>(); }

bool isSecretOf(const config::Hash &hash, QByteArrayView secret)
{
    const QByteArray found = config::Hash::of(secret).bytes();
    const QByteArray &wanted = hash.bytes();
    if (wanted.size() != found.size())
        return false;
    unsigned different = 0;
    for (qsizetype i = 0; i < found.size(); ++i)
        different |= unsigned(quint8(wanted.at(i)) ^ quint8(found.at(i)));
    return different == 0;
}

} // namespace coffer::goconf
