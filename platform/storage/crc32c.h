// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

#include <cstdint>

namespace coffer::storage {

/// CRC-32C (Castagnoli, as in iSCSI) of \a bytes, continuing \a before: the checksum of "ab" is
/// crc32c("b", crc32c("a")). Computed by ISA-L with the processor's own instruction if there is
/// one. Pure; any thread.
[[nodiscard]] std::uint32_t crc32c(QByteArrayView bytes, std::uint32_t before = 0);

} // namespace coffer::storage
