// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/journal.h"

#include <QByteArrayView>

#include <optional>

/// The bytes of the journal's segments: constants, and between values and bytes. The document is
/// docs/formats/journal.md. On disk; nothing here ever changes its meaning. Pure; any thread.
/// Readers are total: any bytes give a value or say what is wrong with them.
namespace coffer::storage::format {

inline constexpr char segmentMagic[8] = {'C', 'O', 'F', 'F', 'E', 'R', 'J', '\n'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint64_t segmentHeaderBytes = 64;
/// Where the first block of a segment begins: the header is never written again with it.
inline constexpr std::uint64_t firstBlockOffset = 4096;
inline constexpr std::uint64_t blockHeaderBytes = 48;
inline constexpr std::uint64_t recordHeaderBytes = 40;
/// Blocks begin at multiples of it, so that no later write touches a sector with durable records.
inline constexpr std::uint64_t sectorBytes = 512;
inline constexpr std::uint64_t recordAlignment = 8;
inline constexpr std::uint64_t payloadBytesMax = std::uint64_t(16) << 20;
inline constexpr std::uint64_t groupBytesMax = std::uint64_t(256) << 20;
inline constexpr std::uint64_t segmentBytesMax = groupBytesMax + (std::uint64_t(1) << 20);
/// Numbers of segments and records stay below; larger ones are damage, so that none ever wraps.
inline constexpr std::uint64_t numberMax = std::uint64_t(1) << 62;

/// The first bytes of a segment.
struct SegmentHeader
{
    std::uint64_t number = 0;   ///< The first segment ever is 1.
    NodeId node;                ///< Whose journal it is.
    ClusterId cluster;          ///< None: not known when the segment was made.
    std::uint64_t firstLsn = 0; ///< Of the first record in it.
    std::uint64_t capacity = 0; ///< Size of the file; a multiple of sectorBytes.
    std::uint32_t chain = 0;    ///< Checksum of the group before, in the segment before; else 0.

    bool operator==(const SegmentHeader &) const = default;
};

[[nodiscard]] QByteArray encode(const SegmentHeader &header);
/// Errors: `refused` for a newer version, else `corrupt`; without the name of the file.
[[nodiscard]] Result<SegmentHeader> decodeSegmentHeader(QByteArrayView bytes);
/// The checksum that a header's bytes carry: what the blocks of the segment are bound to.
[[nodiscard]] std::uint32_t checksumOf(QByteArrayView segmentHeader);

enum class BlockKind : std::uint32_t {
    group = 0x47464f43, ///< "COFG": records that were appended together.
    mark = 0x4d464f43,  ///< "COFM": everything before it is durable; the next group replaces it.
    seal = 0x53464f43   ///< "COFS": as a mark, and there is a next segment.
};

/// Stands before each group, and is all there is of a mark or a seal.
struct BlockHeader
{
    BlockKind kind = BlockKind::mark;
    std::uint32_t bodyBytes = 0;
    std::uint32_t bodyChecksum = 0;
    std::uint32_t count = 0;         ///< Records in the body.
    std::uint64_t firstLsn = 0;      ///< Of the first record; of the next one in a mark or seal.
    std::uint64_t syncedUpTo = 0;    ///< Records up to this lsn were durable when this was written.
    std::uint64_t oldestSegment = 0; ///< The journal begins there; those before may be gone.
    std::uint32_t chain = 0;         ///< Checksum of the group before; at first, of the segment.

    bool operator==(const BlockHeader &) const = default;
};

/// A place in the journal: where a block stands binds its checksum, so that the same bytes mean
/// nothing at any other place.
struct Place
{
    std::uint32_t segment = 0; ///< checksumOf() its header.
    std::uint64_t offset = 0;
};

/// Writes the header and its checksum to \a out, which has blockHeaderBytes. Gives the checksum.
std::uint32_t encode(const BlockHeader &header, const Place &place, char *out);

struct PlacedBlock
{
    BlockHeader header;
    std::uint32_t checksum = 0;
};
/// The block header at the beginning of \a bytes; nothing if there is none that belongs there.
[[nodiscard]] std::optional<PlacedBlock> decodeBlockHeader(QByteArrayView bytes,
                                                           const Place &place);

/// The next multiple of \a unit.
[[nodiscard]] constexpr std::uint64_t aligned(std::uint64_t bytes, std::uint64_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/// Bytes of a record with its padding.
[[nodiscard]] std::uint64_t sizeOf(const JournalRecord &record);
/// Adds \a record to \a out.
void append(const JournalRecord &record, QByteArray &out);
/// Takes the first record off \a body. Errors: `corrupt`, with the field at fault.
[[nodiscard]] Result<JournalRecord> takeRecord(QByteArrayView &body);

/// "segment-0000000000000001".
[[nodiscard]] QString segmentName(std::uint64_t number);
/// The number in such a name; nothing if it is another kind of file.
[[nodiscard]] std::optional<std::uint64_t> segmentNumber(const QString &name);
/// A segment that is being made; it gets its name when it is whole and durable.
inline constexpr const char *newSegmentName = "segment.new";
inline constexpr const char *lockName = "lock";

} // namespace coffer::storage::format
