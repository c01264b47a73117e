// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_disk.h"

#include "sim/finding.h"
#include "sim/sim_journal.h"

#include <algorithm>
#include <utility>

namespace coffer::sim {

using storage::DiskCall;
using storage::FileCall;

/// The step of the journal that a call on its files belongs to.
static DiskCall stepOf(FileCall call)
{
    switch (call) {
    case FileCall::sync:
    case FileCall::syncDirectory: return DiskCall::sync;
    case FileCall::create:
    case FileCall::write:
    case FileCall::preallocate:
    case FileCall::resize:
    case FileCall::rename: return DiskCall::append;
    case FileCall::remove: return DiskCall::removeSegment;
    case FileCall::open:
    case FileCall::size:
    case FileCall::read:
    case FileCall::names:
    case FileCall::lock: break;
    }
    return DiskCall::replay;
}

SimDisk::SimDisk(std::size_t number, NodeId node, const Settings &settings)
    : m_number(number), m_node(node), m_settings(settings), m_bound(settings.segmentBytes)
{
    m_files.setFaultHook([this](FileCall call, const QString &) { return check(stepOf(call)); });
    const auto hook = [this](DiskCall call) { return check(call); };
    m_checkpoint = settings.sqliteSeed ? makeSqliteCheckpointDisk(hook, *settings.sqliteSeed)
                                       : makeMemoryCheckpointDisk(hook);
}

storage::FileJournal::Options SimDisk::journalOptions() const
{
    storage::FileJournal::Options options;
    options.owner.node = m_node;
    options.segmentBytes = m_settings.segmentBytes;
    options.fillBytes = m_settings.fillBytes;
    return options;
}

std::unique_ptr<storage::Journal> SimDisk::openJournal()
{
    return std::make_unique<SimJournal>(*this);
}

std::unique_ptr<storage::Checkpoint> SimDisk::openCheckpoint() { return m_checkpoint->open(); }

void SimDisk::tell(std::uint64_t lsn, const storage::JournalRecord &record)
{
    if (lsn <= m_toldLsn)
        return;
    m_toldLsn = lsn;
    if (m_durableHook)
        m_durableHook(record);
}

Result<std::vector<storage::JournalReader::Placed>> SimDisk::durableRecords() const
{
    storage::MemoryFileSystem left;
    left.restore(m_files.image());
    storage::JournalReader reader(left, {m_node, std::nullopt});
    std::vector<storage::JournalReader::Placed> records;
    const auto read = reader.read([&records](const storage::JournalReader::Placed &placed) {
        records.push_back(placed);
        return Result<void>();
    });
    if (!read)
        return read.error();
    return records;
}

Result<void> SimDisk::visitDurable(const Visit &visit) const
{
    const auto records = durableRecords();
    if (!records)
        return records.error();
    for (const storage::JournalReader::Placed &placed : *records)
        visit(placed.record);
    return {};
}

bool SimDisk::isEmpty() const
{
    bool isAny = !checkpointed().isNone();
    const Result<void> read =
        visitDurable([&isAny](const storage::JournalRecord &) { isAny = true; });
    return read && !isAny;
}

SimDisk::Image SimDisk::image() const { return {m_files.image(), m_checkpoint->image()}; }

void SimDisk::restore(const Image &image)
{
    m_files.restore(image.journal);
    m_checkpoint->restore(image.checkpoint);
    storage::MemoryFileSystem left;
    left.restore(image.journal);
    storage::JournalReader reader(left, {m_node, std::nullopt});
    m_toldLsn = 0;
    Slot highest;
    const auto read = reader.read([this, &highest](const storage::JournalReader::Placed &placed) {
        m_toldLsn = placed.lsn;
        highest = std::max(highest, placed.record.slot);
        return Result<void>();
    });
    static_cast<void>(read); // damage is found by the next start
    m_bound.replaced(m_files.usedBytes(), highest);
}

bool SimDisk::rot(Draw &draw)
{
    const storage::MemoryFileSystem::Image files = m_files.image();
    std::vector<QString> names;
    for (const auto &[name, bytes] : files) {
        if (!bytes.isEmpty())
            names.push_back(name);
    }
    if (names.empty())
        return false;
    const QString name = draw.of(names);
    const std::uint64_t offset = draw.index(std::size_t(files.at(name).size()));
    return m_files.flip(name, offset, std::uint8_t(1u << draw.index(8)));
}

std::optional<Error> SimDisk::check(DiskCall call)
{
    if (!m_trap || (m_trap->call && *m_trap->call != call))
        return std::nullopt;
    if (m_trap->skip > 0) {
        --m_trap->skip;
        return std::nullopt;
    }
    const Trap trap = *m_trap;
    if (!trap.isPersistent)
        m_trap.reset();
    ++m_sprung;
    m_isKilled = !trap.error && trap.isKill;
    if (!trap.error)
        throw MachineDown();
    m_hadErrors = true;
    return Error{*trap.error, QStringLiteral("injected")};
}

void SimDisk::processEnds() { m_checkpoint->processEnds(); }

void SimDisk::processEnded(bool isPowerLoss, Draw &draw)
{
    const bool isKilled = std::exchange(m_isKilled, false);
    const bool isLost = (isPowerLoss && !isKilled) || (m_hadErrors && draw.chance(400));
    if (isLost && draw.chance(200))
        m_files.crash([](std::size_t) { return std::size_t(0); });
    else if (isLost)
        m_files.crash([&draw](std::size_t most) { return draw.index(most + 1); });
    m_checkpoint->processEnded(isLost);
}

} // namespace coffer::sim
