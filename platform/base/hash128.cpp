// SPDX-License-Identifier: Apache-2.0
#include "base/hash128.h"

#include <QtEndian>

namespace coffer {

static std::uint64_t mix(std::uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/// Reads up to 8 bytes as a little-endian number, so that the hash is the same on every machine.
static std::uint64_t loadLittle(const char *data, qsizetype count)
{
    std::uint64_t word = 0;
    for (qsizetype i = 0; i < count; ++i)
        word |= std::uint64_t(static_cast<unsigned char>(data[i])) << (8 * i);
    return word;
}

static void absorbWord(Hash128 &state, std::uint64_t word)
{
    state.low = mix(state.low ^ word) + 0x9e3779b97f4a7c15ULL;
    state.high = mix(state.high + word * 0xd6e8feb86659fd93ULL) ^ (state.high >> 7);
}

static void absorb(Hash128 &state, QByteArrayView bytes)
{
    const char *data = bytes.data();
    qsizetype left = bytes.size();
    for (; left >= 8; left -= 8, data += 8)
        absorbWord(state, qFromLittleEndian<quint64>(data));
    if (left > 0)
        absorbWord(state, loadLittle(data, left));
    state.low = mix(state.low ^ std::uint64_t(bytes.size()));
    state.high = mix(state.high + std::uint64_t(bytes.size()) + 0xa0761d6478bd642fULL);
}

Hash128 rowHash(std::uint8_t table, QByteArrayView key, QByteArrayView value)
{
    Hash128 state{mix(table + 0x243f6a8885a308d3ULL), mix(table + 0x13198a2e03707344ULL)};
    absorb(state, key);
    absorb(state, value);
    return state;
}

} // namespace coffer
