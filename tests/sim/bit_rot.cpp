// SPDX-License-Identifier: Apache-2.0
#include "sim/finding.h"
#include "sim/nemesis.h"

#include <algorithm>

namespace coffer::sim {

using namespace std::chrono_literals;

using Records = std::vector<storage::JournalReader::Placed>;

static bool isPrefix(const Records &part, const Records &whole)
{
    return part.size() <= whole.size()
           && std::equal(part.begin(), part.end(), whole.begin(),
                         [](const auto &left, const auto &right) {
                             return left.lsn == right.lsn && left.record == right.record;
                         });
}

/// True if what \a whole has and \a part lacks was appended at once.
static bool lacksOneGroup(const Records &part, const Records &whole)
{
    const auto &first = whole[part.size()];
    const auto &last = whole.back();
    return first.segment == last.segment && first.offset == last.offset;
}

/// Flips a bit of a journal whose loss the cluster survives. What is then read is all that was
/// there, or it is refused. Only the newest group may go unnoticed, as one that was never finished;
/// that a mark behind it tells the two apart is best effort.
void Nemesis::rotDisk()
{
    const std::size_t machine = anyMachine();
    if (!m_cluster.node(machine).isRunning() || !mayWipe(machine))
        return;
    m_cluster.stop(machine, true);
    SimDisk &disk = *m_cluster.node(machine).disk();
    const Result<Records> before = disk.durableRecords();
    if (!before)
        report("P6", QStringLiteral("m%1 lost power, and its journal cannot be read: ").arg(machine)
                         + before.error().message);
    const bool isFlipped = disk.rot(m_draw);
    const Result<Records> after = disk.durableRecords();
    const bool isSame = after && isPrefix(*after, *before) && after->size() == before->size();
    m_cluster.startLater(machine, m_draw.time(1ms, 100ms));
    if (!isFlipped)
        return;
    note(FaultKind::bitRot, QStringLiteral("m%1, %2").arg(machine).arg(
                                isSame  ? QStringLiteral("nothing is lost")
                                : after ? QStringLiteral("the newest group is lost")
                                        : after.error().message));
    if (isSame)
        return;
    if (after && (!isPrefix(*after, *before) || !lacksOneGroup(*after, *before)))
        report("P6", QStringLiteral("a bit of the journal of m%1 flipped: %2 of %3 records are "
                                    "read, and nobody notices")
                         .arg(machine)
                         .arg(after->size())
                         .arg(before->size()));
    const bool isFound = !after.has_value();
    if (isFound && after.error().code != ErrorCode::corrupt
        && after.error().code != ErrorCode::refused)
        report(
            "P6",
            QStringLiteral("damage of the journal of m%1 is called something else: ").arg(machine)
                + after.error().message);
    m_cluster.oracle().rotted(disk, isFound);
    judgeRot(machine, m_cluster.node(machine).id());
}

/// The operator replaces the disk once the node has had its chance to start.
void Nemesis::judgeRot(std::size_t machine, NodeId id)
{
    if (!m_cluster.oracle().image(*m_cluster.node(machine).disk()).isRotten) {
        m_cluster.wipe(machine); // what it lost may have been told
        return;
    }
    m_cluster.world().after(200ms, [this, id] {
        const std::optional<std::size_t> place = m_cluster.machineOf(id);
        if (!place)
            return;
        if (m_cluster.node(*place).isServing())
            report("P6", QStringLiteral("m%1 serves with a damaged journal").arg(*place));
        if (m_isResting || !m_isSurvivable || !m_cluster.isRememberedWithout(*place))
            return;
        m_cluster.wipe(*place);
        m_cluster.startLater(*place, m_draw.time(5ms, 2s));
    });
}

} // namespace coffer::sim
