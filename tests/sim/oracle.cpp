// SPDX-License-Identifier: Apache-2.0
#include "sim/oracle.h"

#include "engine/codec.h"
#include "sim/finding.h"

namespace coffer::sim {

Oracle::Oracle(const Scheduler &world, const store::StoreOptions &options)
    : m_world(world)
    , m_statements(m_ledger)
    , m_shadow(m_ledger, options,
               [this](SessionId session, bool isExpired) {
                   if (!isExpired)
                       return;
                   ++m_sessionsExpired;
                   m_answers.sessionExpired(session, m_world.now());
               })
    , m_answers(m_shadow)
{}

void Oracle::watch(SimDisk &disk)
{
    auto &image = m_images[disk.number()];
    image = std::make_unique<DurableImage>(disk.number(), disk.node());
    disk.setDurableHook([this, &image](const storage::JournalRecord &record) {
        if (record.kind == storage::RecordKind::install)
            ++m_installs;
        image->add(record, m_ledger);
    });
}

void Oracle::started(const SimDisk &disk) const
{
    m_images.at(disk.number())->checkKept(disk, m_ledger);
}

void Oracle::forget(SimDisk &disk)
{
    disk.setDurableHook(nullptr);
    m_ledger.forgetDisk(disk.number());
}

void Oracle::rolledBack(SimDisk &disk, const DurableImage::Told &heard)
{
    DurableImage &image = *m_images.at(disk.number());
    image.rebuild(disk, heard, m_ledger);
}

void Oracle::diverged(SimDisk &disk)
{
    DurableImage &image = *m_images.at(disk.number());
    image.isDiverged = true;
    image.mayBeFenced = true;
}

void Oracle::rotted(SimDisk &disk, bool isFound)
{
    DurableImage &image = *m_images.at(disk.number());
    image.isAmputated = true;
    image.isRotten = isFound;
}

void Oracle::frameSent(const SimDisk &disk, const QByteArray &frame)
{
    const Result<engine::PeerFrame> decoded = engine::codec::decodeFrame(frame);
    if (!decoded)
        report("P2", QStringLiteral("a node sends a frame that cannot be read: ")
                         + decoded.error().message);
    DurableImage &image = *m_images.at(disk.number());
    image.setCheckpointed(disk.checkpointed());
    m_statements.check(image, *decoded, frame.size());
}

void Oracle::entryApplied(const SimDisk &disk, Slot slot, const consensus::Entry &entry,
                          const Hash128 &hash, Slot before)
{
    const std::optional<Hash128> judged =
        image(disk).isDiverged ? std::nullopt : std::optional(hash);
    m_shadow.applied(slot, entry, judged, before, disk.checkpointed());
}

const DurableImage &Oracle::image(const SimDisk &disk) const { return *m_images.at(disk.number()); }

} // namespace coffer::sim
