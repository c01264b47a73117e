// SPDX-License-Identifier: Apache-2.0
#include "storage/journal_reader.h"

#include "base/mutant.h"
#include "storage/crc32c.h"
#include "wire/records.pb.h"

#include <algorithm>

namespace coffer::storage {

using namespace format;

std::optional<ClusterId> clusterOf(const JournalRecord &record)
{
    wire::Founding founding;
    if (record.kind != RecordKind::founding
        || !founding.ParseFromArray(record.payload.constData(), int(record.payload.size())))
        return std::nullopt;
    return ClusterId(founding.cluster());
}

JournalReader::JournalReader(FileSystem &files, JournalOwner expected)
    : m_files(files), m_expected(expected)
{}

Error JournalReader::damaged(const QString &name, const QString &what) const
{
    return {ErrorCode::corrupt,
            QStringLiteral("%1: %2. The node may not vote with this journal. Keep a copy of it, "
                           "take the node out of its cluster and add an empty one in its place")
                .arg(m_files.describe(name), what)};
}

Result<JournalEnd> JournalReader::read(const Visit &visit)
{
    m_end = {};
    m_isSealed = false;
    const auto found = numbers();
    if (!found)
        return found.error();
    for (const std::uint64_t number : *found) {
        const auto segment = load(number);
        if (!segment)
            return segment.error();
        if (Result<void> entered = enter(*segment); !entered)
            return entered.error();
        if (Result<void> read = readBlocks(*segment, visit); !read)
            return read.error();
        if (number != found->back())
            continue;
        if (Result<void> checked = checkTail(*segment); !checked)
            return checked.error();
    }
    if (Result<void> checked = checkEnds(); !checked)
        return checked.error();
    return m_end;
}

Result<std::vector<std::uint64_t>> JournalReader::numbers()
{
    const auto names = m_files.names();
    if (!names)
        return names.error();
    std::vector<std::uint64_t> numbers;
    for (const QString &name : *names) {
        if (const auto number = segmentNumber(name))
            numbers.push_back(*number);
    }
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 1; i < numbers.size(); ++i) {
        if (numbers[i] != numbers[i - 1] + 1)
            return damaged(segmentName(numbers[i - 1] + 1),
                           QStringLiteral("this segment of the journal is missing"));
    }
    return numbers;
}

Result<JournalReader::Segment> JournalReader::load(std::uint64_t number)
{
    Segment segment;
    segment.name = segmentName(number);
    const auto file = m_files.open(segment.name, FileSystem::Open::read);
    if (!file)
        return file.error();
    const auto head = (*file)->read(0, segmentHeaderBytes);
    if (!head)
        return head.error();
    const auto header = decodeSegmentHeader(*head);
    if (!header && header.error().code == ErrorCode::refused)
        return header.error().in(m_files.describe(segment.name));
    if (!header)
        return damaged(segment.name, header.error().message);
    segment.header = *header;
    segment.checksum = checksumOf(*head);
    if (header->number != number)
        return damaged(segment.name,
                       QStringLiteral("its header says that it is segment %1; was it renamed?")
                           .arg(header->number));
    auto bytes = (*file)->read(0, header->capacity);
    if (!bytes)
        return bytes.error();
    if (std::uint64_t(bytes->size()) < header->capacity)
        return damaged(segment.name,
                       QStringLiteral("it has %1 bytes, its header says %2; it was cut")
                           .arg(bytes->size())
                           .arg(header->capacity));
    segment.bytes = std::move(*bytes);
    return segment;
}

Result<void> JournalReader::checkOwner(const Segment &segment, ClusterId cluster)
{
    const NodeId node = segment.header.node;
    const QString name = m_files.describe(segment.name);
    const bool isForeign = !m_expected.node.isNone() && node != m_expected.node;
    if (isForeign || (!m_end.segments.empty() && node != m_end.node)) {
        const NodeId expected = isForeign ? m_expected.node : m_end.node;
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 belongs to the journal of node %2, not to that of node %3; "
                                    "is the data directory that of another node?")
                         .arg(name)
                         .arg(node.value(), 0, 16)
                         .arg(expected.value(), 0, 16)};
    }
    if (cluster.isNone())
        return {};
    const ClusterId expected = m_expected.cluster.value_or(m_end.cluster);
    if (!expected.isNone() && cluster != expected)
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 belongs to cluster %2, not to cluster %3; is the data "
                                    "directory that of another cluster?")
                         .arg(name)
                         .arg(cluster.value(), 0, 16)
                         .arg(expected.value(), 0, 16)};
    m_end.cluster = cluster;
    return {};
}

/// Checks that \a segment continues what was read so far, and begins it.
Result<void> JournalReader::enter(const Segment &segment)
{
    const SegmentHeader &header = segment.header;
    if (Result<void> checked = checkOwner(segment, header.cluster); !checked)
        return checked;
    if (m_end.segments.empty())
        m_end.nextLsn = header.firstLsn;
    else if (header.firstLsn != m_end.nextLsn || header.chain != m_end.chain)
        return damaged(m_lastName,
                       QStringLiteral("damage at offset %1: record %2 was expected there, and the "
                                      "next segment begins with record %3")
                           .arg(m_end.offset)
                           .arg(m_end.nextLsn)
                           .arg(header.firstLsn));
    m_end.segments.push_back({header.number, Slot()});
    m_end.node = header.node;
    // A segment is made only when everything before it is durable.
    m_end.syncedUpTo = header.firstLsn - 1;
    m_end.chain = segment.checksum;
    m_end.segmentChecksum = segment.checksum;
    m_end.capacity = header.capacity;
    m_end.offset = firstBlockOffset;
    m_end.unprovenFrom = firstBlockOffset;
    m_lastName = segment.name;
    m_isSealed = false;
    return {};
}

/// Reads on as long as there is a whole block in its place.
Result<void> JournalReader::readBlocks(const Segment &segment, const Visit &visit)
{
    m_end.tailFrom = m_end.offset;
    for (;;) {
        const auto isMore = readBlock(segment, visit);
        if (!isMore)
            return isMore.error();
        if (!*isMore)
            return {};
    }
}

/// False at the end: a mark, a seal, or nothing that can be read.
Result<bool> JournalReader::readBlock(const Segment &segment, const Visit &visit)
{
    const QByteArrayView rest = QByteArrayView(segment.bytes).sliced(qsizetype(m_end.offset));
    m_end.tailFrom = m_end.offset;
    const auto block = decodeBlockHeader(rest, {segment.checksum, m_end.offset});
    if (!block || block->header.firstLsn != m_end.nextLsn)
        return false;
    if (block->header.chain != m_end.chain && !mutantIsOn(Mutant::journalRecordNotChained))
        return false;
    const BlockHeader &header = block->header;
    const bool isPossible = header.syncedUpTo < header.firstLsn
                            && header.syncedUpTo >= m_end.syncedUpTo
                            && header.oldestSegment <= segment.header.number;
    if (!isPossible)
        return damaged(segment.name,
                       QStringLiteral("the block at offset %1 says that records up to %2 are "
                                      "durable and that the journal begins with segment %3, which "
                                      "makes no sense")
                           .arg(m_end.offset)
                           .arg(header.syncedUpTo)
                           .arg(header.oldestSegment));
    if (header.kind == BlockKind::group) {
        const QByteArrayView body = rest.sliced(qsizetype(blockHeaderBytes));
        if (header.bodyBytes > std::uint64_t(body.size())
            || (crc32c(body.first(header.bodyBytes)) != header.bodyChecksum
                && !mutantIsOn(Mutant::journalTailBelieved)))
            return false;
    }
    if (header.syncedUpTo > m_end.syncedUpTo)
        m_end.unprovenFrom = m_end.offset;
    m_end.syncedUpTo = header.syncedUpTo;
    m_end.oldestSegment = header.oldestSegment;
    if (header.kind == BlockKind::group) {
        if (Result<void> read = readGroup(segment, *block, visit); !read)
            return read.error();
        return true;
    }
    m_isSealed = header.kind == BlockKind::seal;
    m_end.tailFrom = m_end.offset + blockHeaderBytes;
    return false;
}

Result<void> JournalReader::readGroup(const Segment &segment, const PlacedBlock &block,
                                      const Visit &visit)
{
    const std::uint64_t offset = m_end.offset;
    QByteArrayView body = QByteArrayView(segment.bytes)
                              .sliced(qsizetype(offset) + qsizetype(blockHeaderBytes),
                                      qsizetype(block.header.bodyBytes));
    for (std::uint32_t i = 0; i < block.header.count; ++i) {
        auto record = takeRecord(body);
        if (!record)
            return damaged(
                segment.name,
                QStringLiteral("group at offset %1: %2").arg(offset).arg(record.error().message));
        if (Result<void> noted = note(segment, *record); !noted)
            return noted;
        const Placed placed{m_end.nextLsn, segment.header.number, offset, std::move(*record)};
        ++m_end.nextLsn;
        if (Result<void> visited = visit(placed); !visited)
            return visited;
    }
    if (!body.isEmpty() || block.header.count == 0)
        return damaged(segment.name,
                       QStringLiteral("group at offset %1: its size and its number of records do "
                                      "not agree")
                           .arg(offset));
    m_end.chain = block.checksum;
    m_end.offset = offset + aligned(blockHeaderBytes + block.header.bodyBytes, sectorBytes);
    m_end.tailFrom = m_end.offset;
    return {};
}

/// What is remembered of a record besides handing it on.
Result<void> JournalReader::note(const Segment &segment, const JournalRecord &record)
{
    if (record.kind == RecordKind::vote || record.kind == RecordKind::chosen) {
        Slot &highest = m_end.segments.back().highest;
        highest = std::max(highest, record.slot);
    }
    if (const auto cluster = clusterOf(record))
        return checkOwner(segment, *cluster);
    return {};
}

/// Looks for anything behind the end of the last segment which proves that more was durable.
///
/// A block there that was written in the same stretch between two syncs proves nothing: the disk
/// may have kept its sectors and not those before. A block that was written after a later sync
/// says so, in syncedUpTo; its own checksum is enough to believe it.
Result<void> JournalReader::checkTail(const Segment &segment)
{
    const auto &bytes = segment.bytes;
    if (m_end.syncedUpTo + 1 < m_end.nextLsn)
        m_end.unproven =
            bytes.mid(qsizetype(m_end.unprovenFrom), qsizetype(m_end.offset - m_end.unprovenFrom));
    auto end = std::uint64_t(bytes.size());
    while (end > m_end.tailFrom && bytes.at(qsizetype(end - 1)) == '\0')
        --end;
    m_end.tailEnd = end;
    for (std::uint64_t at = m_end.offset; at < end; at += sectorBytes) {
        const auto block =
            decodeBlockHeader(QByteArrayView(bytes).sliced(qsizetype(at)), {segment.checksum, at});
        if (block && block->header.syncedUpTo >= m_end.nextLsn
            && !mutantIsOn(Mutant::damageTakenForTail))
            return damaged(segment.name,
                           QStringLiteral("damage at offset %1: record %2 was expected there; a "
                                          "block at offset %3 says that records up to %4 were "
                                          "durable")
                               .arg(m_end.offset)
                               .arg(m_end.nextLsn)
                               .arg(at)
                               .arg(block->header.syncedUpTo));
    }
    return {};
}

Result<void> JournalReader::checkEnds()
{
    if (m_end.segments.empty())
        return {};
    if (m_isSealed)
        return damaged(segmentName(m_end.segments.back().number + 1),
                       QStringLiteral("this segment of the journal is missing; the one before it "
                                      "says that there is one"));
    if (m_end.segments.front().number > m_end.oldestSegment)
        return damaged(segmentName(m_end.oldestSegment),
                       QStringLiteral("this segment of the journal is missing; a later one says "
                                      "that the journal begins with it"));
    return {};
}

} // namespace coffer::storage
