// SPDX-License-Identifier: Apache-2.0
#include "storage/journal_format.h"

#include "storage/crc32c.h"

#include <QtEndian>

#include <algorithm>
#include <cstring>

namespace coffer::storage::format {

// Offsets of the fields. All numbers are little endian.
static constexpr qsizetype segmentVersionAt = 8;
static constexpr qsizetype segmentChecksumAt = 12;
static constexpr qsizetype blockChecksumAt = 4;

template<class Number>
static void put(char *at, Number number)
{
    qToLittleEndian(number, at);
}

template<class Number>
static Number take(QByteArrayView bytes, qsizetype at)
{
    return qFromLittleEndian<Number>(bytes.data() + at);
}

static std::uint32_t segmentChecksum(QByteArrayView header)
{
    const std::uint32_t first = crc32c(header.first(segmentChecksumAt));
    return crc32c(header.sliced(segmentChecksumAt + 4), first);
}

QByteArray encode(const SegmentHeader &header)
{
    QByteArray bytes(qsizetype(segmentHeaderBytes), '\0');
    char *out = bytes.data();
    std::memcpy(out, segmentMagic, sizeof segmentMagic);
    put<std::uint32_t>(out + segmentVersionAt, version);
    put<std::uint64_t>(out + 16, header.number);
    put<std::uint64_t>(out + 24, header.node.value());
    put<std::uint64_t>(out + 32, header.cluster.value());
    put<std::uint64_t>(out + 40, header.firstLsn);
    put<std::uint64_t>(out + 48, header.capacity);
    put<std::uint32_t>(out + 56, header.chain);
    put<std::uint32_t>(out + segmentChecksumAt, segmentChecksum(bytes));
    return bytes;
}

std::uint32_t checksumOf(QByteArrayView segmentHeader)
{
    return take<std::uint32_t>(segmentHeader, segmentChecksumAt);
}

Result<SegmentHeader> decodeSegmentHeader(QByteArrayView bytes)
{
    const auto damaged = [](const char *what) {
        return Error{ErrorCode::corrupt, QStringLiteral("the header of the segment is damaged: ")
                                             + QLatin1String(what)};
    };
    if (bytes.size() < qsizetype(segmentHeaderBytes))
        return damaged("the file ends in it");
    bytes = bytes.first(qsizetype(segmentHeaderBytes));
    if (std::memcmp(bytes.data(), segmentMagic, sizeof segmentMagic) != 0)
        return damaged("it does not begin with COFFERJ");
    if (take<std::uint32_t>(bytes, segmentChecksumAt) != segmentChecksum(bytes))
        return damaged("its checksum is wrong");
    if (const auto found = take<std::uint32_t>(bytes, segmentVersionAt); found != version)
        return Error{ErrorCode::refused,
                     QStringLiteral("the journal has format %1, this program reads format %2; use "
                                    "the program that wrote it, or a newer one")
                         .arg(found)
                         .arg(version)};
    SegmentHeader header;
    header.number = take<std::uint64_t>(bytes, 16);
    header.node = NodeId(take<std::uint64_t>(bytes, 24));
    header.cluster = ClusterId(take<std::uint64_t>(bytes, 32));
    header.firstLsn = take<std::uint64_t>(bytes, 40);
    header.capacity = take<std::uint64_t>(bytes, 48);
    header.chain = take<std::uint32_t>(bytes, 56);
    if (header.number == 0 || header.number > numberMax)
        return damaged("its number is out of bounds");
    if (header.firstLsn == 0 || header.firstLsn > numberMax)
        return damaged("its first lsn is out of bounds");
    if (header.capacity < firstBlockOffset + sectorBytes || header.capacity > segmentBytesMax
        || header.capacity % sectorBytes != 0)
        return damaged("its capacity is out of bounds");
    return header;
}

static std::uint32_t blockChecksum(const char *header, const Place &place)
{
    char offset[8];
    put<std::uint64_t>(offset, place.offset);
    const std::uint32_t bound = crc32c(QByteArrayView(offset, sizeof offset), place.segment);
    const std::uint32_t kind = crc32c(QByteArrayView(header, blockChecksumAt), bound);
    constexpr qsizetype rest = blockChecksumAt + 4;
    return crc32c(QByteArrayView(header + rest, qsizetype(blockHeaderBytes) - rest), kind);
}

std::uint32_t encode(const BlockHeader &header, const Place &place, char *out)
{
    put<std::uint32_t>(out, static_cast<std::uint32_t>(header.kind));
    put<std::uint32_t>(out + 8, header.bodyChecksum);
    put<std::uint32_t>(out + 12, header.bodyBytes);
    put<std::uint64_t>(out + 16, header.firstLsn);
    put<std::uint64_t>(out + 24, header.syncedUpTo);
    put<std::uint64_t>(out + 32, header.oldestSegment);
    put<std::uint32_t>(out + 40, header.count);
    put<std::uint32_t>(out + 44, header.chain);
    const std::uint32_t checksum = blockChecksum(out, place);
    put<std::uint32_t>(out + blockChecksumAt, checksum);
    return checksum;
}

static bool isBlockKind(std::uint32_t magic)
{
    const auto kind = static_cast<BlockKind>(magic);
    return kind == BlockKind::group || kind == BlockKind::mark || kind == BlockKind::seal;
}

std::optional<PlacedBlock> decodeBlockHeader(QByteArrayView bytes, const Place &place)
{
    if (bytes.size() < qsizetype(blockHeaderBytes) || !isBlockKind(take<std::uint32_t>(bytes, 0)))
        return std::nullopt;
    PlacedBlock block;
    block.checksum = take<std::uint32_t>(bytes, blockChecksumAt);
    if (block.checksum != blockChecksum(bytes.data(), place))
        return std::nullopt;
    block.header.kind = static_cast<BlockKind>(take<std::uint32_t>(bytes, 0));
    block.header.bodyChecksum = take<std::uint32_t>(bytes, 8);
    block.header.bodyBytes = take<std::uint32_t>(bytes, 12);
    block.header.firstLsn = take<std::uint64_t>(bytes, 16);
    block.header.syncedUpTo = take<std::uint64_t>(bytes, 24);
    block.header.oldestSegment = take<std::uint64_t>(bytes, 32);
    block.header.count = take<std::uint32_t>(bytes, 40);
    block.header.chain = take<std::uint32_t>(bytes, 44);
    return block;
}

static std::uint64_t padded(std::uint64_t bytes) { return aligned(bytes, recordAlignment); }

std::uint64_t sizeOf(const JournalRecord &record)
{
    return recordHeaderBytes + padded(std::uint64_t(record.payload.size()));
}

void append(const JournalRecord &record, QByteArray &out)
{
    char header[recordHeaderBytes] = {};
    put<std::uint64_t>(header, record.slot.value());
    put<std::uint64_t>(header + 8, record.ballot.epoch.value());
    put<std::uint64_t>(header + 16, record.ballot.round);
    put<std::uint64_t>(header + 24, record.ballot.node.value());
    put<std::uint32_t>(header + 32, std::uint32_t(record.payload.size()));
    put<std::uint32_t>(header + 36, static_cast<std::uint32_t>(record.kind));
    out.append(header, sizeof header);
    out.append(record.payload);
    const std::uint64_t bytes = std::uint64_t(record.payload.size());
    out.append(qsizetype(padded(bytes) - bytes), '\0');
}

Result<JournalRecord> takeRecord(QByteArrayView &body)
{
    const auto wrong = [](const char *what) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("a record with a right checksum has ") + QLatin1String(what)};
    };
    if (body.size() < qsizetype(recordHeaderBytes))
        return wrong("no room for its header");
    const auto payloadBytes = take<std::uint32_t>(body, 32);
    const auto kind = take<std::uint32_t>(body, 36);
    if (payloadBytes > payloadBytesMax)
        return wrong("payload bytes above the limit of 16 MiB");
    if (kind < std::uint32_t(RecordKind::founding) || kind > std::uint32_t(RecordKind::fenced))
        return wrong("a kind that is not 1 to 7");
    const qsizetype whole = qsizetype(recordHeaderBytes) + qsizetype(padded(payloadBytes));
    if (body.size() < whole)
        return wrong("payload bytes beyond the end of its group");
    JournalRecord record;
    record.kind = static_cast<RecordKind>(kind);
    record.slot = Slot(take<std::uint64_t>(body, 0));
    record.ballot = {Epoch(take<std::uint64_t>(body, 8)), take<std::uint64_t>(body, 16),
                     NodeId(take<std::uint64_t>(body, 24))};
    record.payload = body.sliced(qsizetype(recordHeaderBytes), payloadBytes).toByteArray();
    body = body.sliced(whole);
    return record;
}

static constexpr const char *segmentPrefix = "segment-";

QString segmentName(std::uint64_t number)
{
    return QStringLiteral("%1%2")
        .arg(QLatin1String(segmentPrefix))
        .arg(number, 16, 16, QLatin1Char('0'));
}

std::optional<std::uint64_t> segmentNumber(const QString &name)
{
    if (!name.startsWith(QLatin1String(segmentPrefix)))
        return std::nullopt;
    bool isNumber = false;
    const std::uint64_t number = name.mid(8).toULongLong(&isNumber, 16);
    if (!isNumber || number == 0 || segmentName(number) != name)
        return std::nullopt;
    return number;
}

} // namespace coffer::storage::format
