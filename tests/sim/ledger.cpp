// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger.h"

#include "base/hash128.h"
#include "sim/finding.h"

#include <algorithm>

namespace coffer::sim {

using consensus::Configuration;
using consensus::Entry;
using consensus::EntryKind;
using consensus::MemberSet;

std::uint64_t entryHash(const Entry &entry)
{
    QByteArray members;
    for (const std::vector<NodeId> *list : {&entry.members.voters, &entry.members.observers}) {
        for (const NodeId node : *list)
            members += QByteArray::number(qulonglong(node.value())) + ' ';
        if (!list->empty())
            members += ';';
    }
    return rowHash(std::uint8_t(entry.kind), members, entry.body).low;
}

QString toText(NodeId node)
{
    return node.isNone() ? QStringLiteral("none")
                         : QStringLiteral("%1").arg(node.value() & 0xffff, 4, 16, QLatin1Char('0'));
}

QString toText(const Ballot &ballot)
{
    return QStringLiteral("%1.%2.%3")
        .arg(ballot.epoch.value())
        .arg(ballot.round)
        .arg(toText(ballot.node));
}

void Ledger::founded(std::size_t disk, const engine::Founding &founding)
{
    for (const auto &[other, cluster] : m_clusterOfDisk) {
        if (other != disk && cluster != founding.cluster)
            report("P16", QStringLiteral("a second cluster was founded while disk %1 holds the "
                                         "first one")
                              .arg(other));
    }
    m_clusterOfDisk[disk] = founding.cluster;
    if (!m_configurations.empty()) {
        if (m_configurations.front().members != founding.members)
            report("P16", QStringLiteral("two founding records name different members"));
        return;
    }
    m_cluster = founding.cluster;
    m_configurations.push_back({Epoch(1), Slot(1), founding.members});
}

void Ledger::forgetDisk(std::size_t disk) { m_clusterOfDisk.erase(disk); }

const Configuration *Ledger::configuration(Epoch epoch) const
{
    const std::uint64_t number = epoch.value();
    return number == 0 || number > m_configurations.size() ? nullptr
                                                           : &m_configurations[number - 1];
}

const Configuration &Ledger::newest() const { return m_configurations.back(); }

Ledger::SlotState &Ledger::at(Slot slot)
{
    if (slot.isNone() || slot.value() > m_slots.size() + 100'000)
        report("P2", QStringLiteral("slot %1 makes no sense").arg(slot.value()));
    if (slot.value() > m_slots.size())
        m_slots.resize(slot.value());
    return m_slots[slot.value() - 1];
}

Ledger::Value &Ledger::valueOf(const Ballot &ballot, Slot slot, const Entry &entry)
{
    SlotState &state = at(slot);
    const std::uint64_t hash = entryHash(entry);
    for (Value &value : state.values) {
        if (value.ballot != ballot)
            continue;
        if (value.hash != hash)
            report("P4", QStringLiteral("ballot %1 carries two values for slot %2")
                             .arg(toText(ballot))
                             .arg(slot.value()));
        return value;
    }
    state.values.push_back({ballot, hash, entry, {}, false});
    checkAgainstChosen(state, state.values.back(), slot);
    return state.values.back();
}

void Ledger::checkAgainstChosen(const SlotState &state, const Value &value, Slot slot) const
{
    if (!state.chosen)
        return;
    const Value &chosen = state.values[*state.chosen];
    if (value.ballot > chosen.ballot && value.hash != chosen.hash)
        report("P5", QStringLiteral("slot %1: a value was chosen at ballot %2, yet ballot %3 "
                                    "carries another one")
                         .arg(slot.value())
                         .arg(toText(chosen.ballot), toText(value.ballot)));
}

void Ledger::proposed(RunId run, const Ballot &ballot, Slot slot, const Entry &entry)
{
    const auto [place, isNew] = m_runOfBallot.emplace(ballot, run);
    if (!isNew && place->second != run)
        report("P4",
               QStringLiteral("ballot %1 is used by a second process run").arg(toText(ballot)));
    valueOf(ballot, slot, entry);
}

void Ledger::voted(NodeId node, const Ballot &ballot, Slot slot, const Entry &entry)
{
    Value &value = valueOf(ballot, slot, entry);
    const Configuration *configuration = this->configuration(ballot.epoch);
    if (configuration == nullptr)
        report("P16", QStringLiteral("a vote in epoch %1, which no chosen entry began")
                          .arg(ballot.epoch.value()));
    if (slot < configuration->firstSlot)
        report("P16", QStringLiteral("a vote of epoch %1 for slot %2, which an earlier epoch "
                                     "decided")
                          .arg(ballot.epoch.value())
                          .arg(slot.value()));
    const std::vector<NodeId> &members = configuration->members.voters;
    if (value.isChosen || std::find(members.begin(), members.end(), node) == members.end()
        || std::find(value.voters.begin(), value.voters.end(), node) != value.voters.end())
        return;
    value.voters.push_back(node);
    SlotState &state = at(slot);
    if (value.voters.size() >= members.size() / 2 + 1)
        setChosen(state, std::size_t(&value - state.values.data()), slot);
}

void Ledger::setChosen(SlotState &state, std::size_t index, Slot slot)
{
    Value &value = state.values[index];
    value.isChosen = true;
    if (state.chosen) {
        Value &before = state.values[*state.chosen];
        if (before.hash != value.hash)
            report("P1", QStringLiteral("slot %1: one value was chosen at ballot %2, another one "
                                        "at ballot %3")
                             .arg(slot.value())
                             .arg(toText(before.ballot), toText(value.ballot)));
        if (before.ballot < value.ballot)
            return;
    }
    state.chosen = index;
    for (const Value &other : state.values)
        checkAgainstChosen(state, other, slot);
    const Configuration *next = configuration(value.ballot.epoch.next());
    if (next != nullptr && slot >= next->firstSlot)
        report("P16", QStringLiteral("slot %1 was chosen in epoch %2, above its stop-sign")
                          .arg(slot.value())
                          .arg(value.ballot.epoch.value()));
    if (value.entry.kind == EntryKind::reconfigure)
        beginEpoch(value, slot);
    while (m_chosenTo.value() < m_slots.size() && m_slots[m_chosenTo.value()].chosen)
        m_chosenTo = m_chosenTo.next();
}

void Ledger::beginEpoch(const Value &stop, Slot slot)
{
    const Epoch epoch = stop.ballot.epoch.next();
    const Configuration begun{epoch, slot.next(), stop.entry.members};
    if (const Configuration *known = configuration(epoch)) {
        if (*known != begun)
            report("P16", QStringLiteral("epoch %1 has two configurations").arg(epoch.value()));
        return;
    }
    for (std::uint64_t above = slot.value(); above < m_slots.size(); ++above) {
        const SlotState &state = m_slots[above];
        if (state.chosen && state.values[*state.chosen].ballot.epoch == stop.ballot.epoch)
            report("P16", QStringLiteral("slot %1 was chosen in epoch %2, above its stop-sign at "
                                         "%3")
                              .arg(above + 1)
                              .arg(stop.ballot.epoch.value())
                              .arg(slot.value()));
    }
    m_configurations.push_back(begun);
}

std::optional<std::uint64_t> Ledger::chosenHash(Slot slot) const
{
    if (slot.isNone() || slot.value() > m_slots.size() || !m_slots[slot.value() - 1].chosen)
        return std::nullopt;
    const SlotState &state = m_slots[slot.value() - 1];
    return state.values[*state.chosen].hash;
}

const Entry *Ledger::chosenEntry(Slot slot) const
{
    if (!chosenHash(slot))
        return nullptr;
    const SlotState &state = m_slots[slot.value() - 1];
    return &state.values[*state.chosen].entry;
}

std::vector<MemberSet> Ledger::pendingMembers() const
{
    std::vector<MemberSet> pending;
    for (std::uint64_t index = m_chosenTo.value(); index < m_slots.size(); ++index) {
        for (const Value &value : m_slots[index].values) {
            if (value.entry.kind == EntryKind::reconfigure && value.ballot.epoch == newest().epoch)
                pending.push_back(value.entry.members);
        }
    }
    return pending;
}

bool Ledger::isNewestStarted() const
{
    for (Slot slot = newest().firstSlot; slot <= m_chosenTo; slot = slot.next()) {
        if (chosenEntry(slot)->kind == EntryKind::leaderStart)
            return true;
    }
    return false;
}

} // namespace coffer::sim
