// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/crc32c.h"
#include "storage/journal_format.h"
#include "storage/memory_file_system.h"

#include <QtEndian>

#include <algorithm>

/// The input of fuzz_journal: one byte says how many segments there are (1 to 4) and whether
/// checksums are made right (otherwise they would stop all but a few inputs). The rest is shared
/// out in equal parts: the first 64 bytes of each are the header, the others the blocks.
namespace coffer::fuzz {

/// Number, size, and checksums of header and blocks, as they stand one behind the other.
inline void makeRight(QByteArray &segment, std::uint64_t number)
{
    namespace format = storage::format;
    using storage::crc32c;
    qToLittleEndian<quint64>(number, segment.data() + 16);
    qToLittleEndian<quint64>(quint64(segment.size()), segment.data() + 48);
    const auto put = [&segment](qsizetype at, std::uint32_t value) {
        qToLittleEndian<quint32>(value, segment.data() + at);
    };
    const QByteArrayView all(segment);
    put(12, crc32c(all.sliced(16, 48), crc32c(all.first(12))));
    const std::uint32_t checksum = format::checksumOf(segment);
    std::uint32_t chain = checksum;
    auto at = qsizetype(format::firstBlockOffset);
    constexpr auto headerBytes = qsizetype(format::blockHeaderBytes);
    while (at + headerBytes <= segment.size()) {
        const auto left = segment.size() - at - headerBytes;
        const qsizetype body =
            std::min<qsizetype>(qFromLittleEndian<quint32>(segment.constData() + at + 12), left);
        put(at + 8, crc32c(QByteArrayView(segment).sliced(at + headerBytes, body)));
        put(at + 44, chain);
        char offset[8];
        qToLittleEndian<quint64>(quint64(at), offset);
        const QByteArrayView header = QByteArrayView(segment).sliced(at, headerBytes);
        const std::uint32_t place = crc32c(QByteArrayView(offset, 8), checksum);
        chain = crc32c(header.sliced(8), crc32c(header.first(4), place));
        put(at + 4, chain);
        at += qsizetype(format::aligned(std::uint64_t(headerBytes + body), format::sectorBytes));
    }
}

[[nodiscard]] inline storage::MemoryFileSystem::Image journalFilesOf(const QByteArray &input)
{
    storage::MemoryFileSystem::Image files;
    const auto how = input.isEmpty() ? std::uint8_t(0) : std::uint8_t(input.at(0));
    const qsizetype count = 1 + how % 4;
    const qsizetype share = std::max<qsizetype>(input.size() - 1, 0) / count;
    for (qsizetype i = 0; i < count; ++i) {
        const QByteArray part = input.mid(1 + i * share, share);
        QByteArray bytes =
            part.left(64).leftJustified(qsizetype(storage::format::firstBlockOffset), '\0')
            + part.mid(64);
        bytes.resize(qsizetype(storage::format::aligned(std::uint64_t(bytes.size()), 512)), '\0');
        if ((how & 4) != 0)
            makeRight(bytes, std::uint64_t(i) + 1);
        files[storage::format::segmentName(std::uint64_t(i) + 1)] = bytes;
    }
    return files;
}

/// The input that gives \a files, which are segments of one size.
[[nodiscard]] inline QByteArray inputOf(const storage::MemoryFileSystem::Image &files)
{
    QByteArray input(1, char(files.size() - 1));
    for (const auto &[name, bytes] : files)
        input += bytes.left(64) + bytes.mid(qsizetype(storage::format::firstBlockOffset));
    return input;
}

} // namespace coffer::fuzz
