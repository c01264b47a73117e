// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/answers.h"
#include "sim/durable_image.h"
#include "sim/ledger.h"
#include "sim/shadow.h"
#include "sim/sim_disk.h"
#include "sim/statements.h"

#include <map>
#include <memory>

namespace coffer::sim {

/// Sees everything and judges it as it happens: joins the ledger, the disks' images, the
/// statements, the shadow store and the answers. Any broken property is thrown as a Finding.
/// Resource; one thread.
class Oracle
{
public:
    /// \a world gives the time; it must outlive the oracle. \a options are those of every node.
    explicit Oracle(const Scheduler &world, const store::StoreOptions &options = {});

    /// From now on every record that becomes durable on \a disk is judged.
    void watch(SimDisk &disk);
    /// A process begins on \a disk.
    void started(const SimDisk &disk) const;
    /// The disk was thrown away, with whatever it held.
    void forget(SimDisk &disk);
    /// \a disk went back to an earlier state; others have surely heard \a heard before.
    void rolledBack(SimDisk &disk, const DurableImage::Told &heard);

    /// The state of the node on \a disk was made wrong: it has to fence itself.
    void diverged(SimDisk &disk);

    /// The journal of \a disk is damaged; nothing is expected of it. \a isFound: its node has to
    /// notice.
    void rotted(SimDisk &disk, bool isFound);

    /// The node of \a disk sends \a frame.
    void frameSent(const SimDisk &disk, const QByteArray &frame);
    /// \a before: the slot that the same process applied last; none: its first.
    void entryApplied(const SimDisk &disk, Slot slot, const consensus::Entry &entry,
                      const Hash128 &hash, Slot before);

    [[nodiscard]] const DurableImage &image(const SimDisk &disk) const;
    [[nodiscard]] const Ledger &ledger() const { return m_ledger; }
    [[nodiscard]] Shadow &shadow() { return m_shadow; }
    [[nodiscard]] Answers &answers() { return m_answers; }
    [[nodiscard]] bool hasCluster(const SimDisk &disk) const
    {
        return m_ledger.holdsCluster(disk.number());
    }
    [[nodiscard]] std::uint64_t sessionsExpired() const { return m_sessionsExpired; }
    [[nodiscard]] std::uint64_t installs() const { return m_installs; }

private:
    const Scheduler &m_world;
    Ledger m_ledger;
    Statements m_statements;
    Shadow m_shadow;
    Answers m_answers;
    std::map<std::size_t, std::unique_ptr<DurableImage>> m_images; ///< By number of the disk.
    std::uint64_t m_sessionsExpired = 0;
    std::uint64_t m_installs = 0;
};

} // namespace coffer::sim
