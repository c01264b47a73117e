// SPDX-License-Identifier: Apache-2.0
#include "sim/durable_image.h"

#include "engine/codec.h"
#include "sim/finding.h"

#include <algorithm>

namespace coffer::sim {

using storage::RecordKind;

/// The record as consensus sees it; empty for the engine's own kinds.
static std::optional<consensus::Record> decoded(const storage::JournalRecord &record)
{
    switch (record.kind) {
    case RecordKind::promise:
    case RecordKind::vote:
    case RecordKind::chosen: break;
    default: return std::nullopt;
    }
    Result<consensus::Record> result = engine::codec::fromJournal(record);
    if (!result)
        report("P6", QStringLiteral("a durable record cannot be read: ") + result.error().message);
    return *result;
}

DurableImage::Held &DurableImage::at(Slot slot)
{
    if (slot.value() > m_slots.size())
        m_slots.resize(slot.value());
    return m_slots[slot.value() - 1];
}

void DurableImage::raise(const Ballot &ballot)
{
    if (ballot < m_promised)
        report("P3", QStringLiteral("node %1 made ballot %2 durable below its promise %3")
                         .arg(toText(m_node), toText(ballot), toText(m_promised)));
    m_promised = ballot;
}

void DurableImage::addRecord(const consensus::Record &record, Slot slot)
{
    if (const auto *promise = std::get_if<consensus::PromiseRecord>(&record)) {
        raise(promise->ballot);
    } else if (const auto *vote = std::get_if<consensus::VoteRecord>(&record)) {
        raise(vote->ballot);
        Held &held = at(slot);
        held.hash = entryHash(vote->entry);
        const std::pair known(vote->ballot, held.hash);
        if (std::find(held.votes.begin(), held.votes.end(), known) == held.votes.end())
            held.votes.push_back(known);
    } else if (const auto *chosen = std::get_if<consensus::ChosenRecord>(&record)) {
        at(slot).hash = entryHash(chosen->entry);
    }
}

void DurableImage::add(const storage::JournalRecord &record, Ledger &ledger)
{
    if (record.kind == RecordKind::founding) {
        const Result<engine::Founding> founding = engine::codec::decodeFounding(record);
        if (!founding)
            report("P6", QStringLiteral("a founding record cannot be read"));
        ledger.founded(m_disk, *founding);
    }
    if (record.kind == RecordKind::install)
        m_installed = std::max(m_installed, record.slot);
    if (record.kind == RecordKind::fenced) {
        m_isFenced = true;
        if (!mayBeFenced)
            report("P20",
                   QStringLiteral("%1 fenced itself though it lost nothing").arg(toText(m_node)));
    }
    const std::optional<consensus::Record> known = decoded(record);
    if (!known)
        return;
    addRecord(*known, record.slot);
    if (const auto *vote = std::get_if<consensus::VoteRecord>(&*known))
        ledger.voted(m_node, vote->ballot, vote->slot, vote->entry);
}

void DurableImage::rebuild(const SimDisk &disk, const Told &heard, const Ledger &ledger)
{
    m_promised = {};
    m_slots.clear();
    m_isFenced = false;
    m_goodTo = {};
    m_checkedTo = {};
    m_checkedBallot = {};
    m_installed = disk.checkpointed();
    const Result<void> read = disk.visitDurable([this](const storage::JournalRecord &record) {
        if (record.kind == RecordKind::install)
            m_installed = std::max(m_installed, record.slot);
        if (const std::optional<consensus::Record> known = decoded(record))
            addRecord(*known, record.slot);
    });
    if (!read)
        report("P6", QStringLiteral("the durable journal of %1 cannot be read: %2")
                         .arg(toText(m_node), read.error().message));
    isAmputated |= hasLost(heard, ledger);
    mayBeFenced |= isAmputated || hasLost(told, ledger);
}

void DurableImage::checkKept(const SimDisk &disk, const Ledger &ledger) const
{
    if (isAmputated || mayBeFenced || disk.isEmpty())
        return;
    DurableImage read(m_disk, m_node);
    read.rebuild(disk, {}, ledger);
    // Of an epoch that this disk knows to be over, nothing need be kept.
    const consensus::Configuration *next = ledger.configuration(told.promised.epoch.next());
    if (next != nullptr && read.firstMissing({}, next->firstSlot.previous(), ledger).isNone())
        return;
    if (read.m_promised < told.promised)
        report("P3", QStringLiteral("the disk of %1 promises %2, though %3 was promised to others")
                         .arg(toText(m_node), toText(read.m_promised), toText(told.promised)));
    const Slot missing = read.firstMissing(told.ballot, told.durableTo, ledger);
    if (!missing.isNone())
        report("P6", QStringLiteral("%1 told that it voted up to slot %2 at ballot %3; its disk "
                                    "has forgotten it: %4")
                         .arg(toText(m_node))
                         .arg(told.durableTo.value())
                         .arg(toText(told.ballot), read.describe(missing, ledger)));
}

bool DurableImage::hasLost(const Told &word, const Ledger &ledger)
{
    return m_promised < word.promised
           || !firstMissing(word.ballot, word.durableTo, ledger).isNone();
}

QString DurableImage::describe(Slot slot, const Ledger &ledger) const
{
    QString text = QStringLiteral("promise %1, installed %2, slot %3:")
                       .arg(toText(m_promised))
                       .arg(m_installed.value())
                       .arg(slot.value());
    if (slot.isNone() || slot.value() > m_slots.size() || m_slots[slot.value() - 1].hash == 0)
        return text + QStringLiteral(" nothing");
    const Held &held = m_slots[slot.value() - 1];
    for (const auto &[ballot, hash] : held.votes)
        text += QStringLiteral(" vote %1").arg(toText(ballot));
    const std::optional<std::uint64_t> chosen = ledger.chosenHash(slot);
    if (!chosen)
        return text + QStringLiteral(", nothing chosen");
    return text
           + (*chosen == held.hash ? QStringLiteral(", the chosen value")
                                   : QStringLiteral(", not the chosen value"));
}

bool DurableImage::hasVote(Slot slot, const Ballot &ballot, std::uint64_t hash) const
{
    if (slot.isNone() || slot.value() > m_slots.size())
        return false;
    const auto &votes = m_slots[slot.value() - 1].votes;
    return std::find(votes.begin(), votes.end(), std::pair(ballot, hash)) != votes.end();
}

Slot DurableImage::firstMissing(const Ballot &ballot, Slot upTo, const Ledger &ledger)
{
    m_goodTo = std::max(m_goodTo, m_installed);
    const auto hasChosen = [this, &ledger](Slot slot) {
        return slot.value() <= m_slots.size() && m_slots[slot.value() - 1].hash != 0
               && m_slots[slot.value() - 1].hash == ledger.chosenHash(slot);
    };
    while (m_goodTo < upTo && hasChosen(m_goodTo.next()))
        m_goodTo = m_goodTo.next();
    if (m_checkedBallot != ballot)
        m_checkedTo = Slot();
    m_checkedBallot = ballot;
    m_checkedTo = std::max(m_checkedTo, m_goodTo);
    while (m_checkedTo < upTo) {
        const Slot slot = m_checkedTo.next();
        const bool isVoted = slot.value() <= m_slots.size()
                             && std::any_of(m_slots[slot.value() - 1].votes.begin(),
                                            m_slots[slot.value() - 1].votes.end(),
                                            [&ballot](const auto &v) { return v.first == ballot; });
        if (!isVoted && !hasChosen(slot))
            return slot;
        m_checkedTo = slot;
    }
    return Slot();
}

} // namespace coffer::sim
