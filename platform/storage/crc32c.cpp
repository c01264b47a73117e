// SPDX-License-Identifier: Apache-2.0
#include "storage/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace coffer::storage {

std::uint32_t crc32c(QByteArrayView bytes, std::uint32_t before)
{
    constexpr qsizetype pieceBytesMax = qsizetype(1) << 30; // ISA-L takes an int
    std::uint32_t crc = ~before;
    while (!bytes.isEmpty()) {
        const QByteArrayView piece = bytes.first(std::min(bytes.size(), pieceBytesMax));
        // ISA-L only reads, though its parameter is not const.
        auto *data = const_cast<unsigned char *>( // NOLINT
            reinterpret_cast<const unsigned char *>(piece.data()));
        crc = crc32_iscsi(data, int(piece.size()), crc);
        bytes = bytes.sliced(piece.size());
    }
    return ~crc;
}

} // namespace coffer::storage
