// SPDX-License-Identifier: Apache-2.0
#include "sim/shadow.h"

#include "engine/codec.h"
#include "sim/finding.h"
#include "store/query.h"

#include <algorithm>
#include <utility>

namespace coffer::sim {

using consensus::EntryKind;

Shadow::Shadow(const Ledger &ledger, const store::StoreOptions &options, SessionEnded ended)
    : m_ledger(ledger), m_ended(std::move(ended)), m_machine({options, {}})
{
    m_model.keepsAll = true;
    m_model.bytesMax = options.bytesMax;
}

void Shadow::applied(Slot slot, const consensus::Entry &entry, const std::optional<Hash128> &hash,
                     Slot before, Slot checkpointed)
{
    const bool isNext = !before.isNone() && slot == before.next();
    if (!isNext && (slot <= before || checkpointed.next() < slot))
        report("P8", QStringLiteral("slot %1 was applied after slot %2")
                         .arg(slot.value())
                         .arg(before.value()));
    if (m_ledger.chosenHash(slot) != entryHash(entry))
        report(
            "P1",
            QStringLiteral("the value applied at slot %1 is not the chosen one").arg(slot.value()));
    if (slot.value() > m_slots.size() + 1)
        report("P8", QStringLiteral("slot %1 is the first one applied after slot %2")
                         .arg(slot.value())
                         .arg(m_slots.size()));
    if (slot.value() == m_slots.size() + 1)
        replay(slot, entry);
    if (hash && hashAt(slot) != *hash)
        report("P9", QStringLiteral("a node has another state than the rest after slot %1")
                         .arg(slot.value()));
}

void Shadow::replay(Slot slot, const consensus::Entry &entry)
{
    m_slots.emplace_back();
    switch (entry.kind) {
    case EntryKind::commands: replayCommands(slot, entry); break;
    case EntryKind::leaderStart:
        m_tenure = slot;
        m_model.tenure = slot.value();
        m_machine.applyLeaderStart(slot);
        break;
    case EntryKind::reconfigure:
        if (std::find(m_requested.begin(), m_requested.end(), entry.members) == m_requested.end())
            report(
                "P2",
                QStringLiteral("nobody asked for the configuration at slot %1").arg(slot.value()));
        m_machine.applyNothing(slot);
        break;
    case EntryKind::noOp: m_machine.applyNothing(slot); break;
    }
    State &state = m_slots.back();
    state.hash = m_machine.hash();
    const store::Store &store = m_machine.store();
    state.figures = figuresOf(store);
    state.moment = {store.revision(), store.floor(), store.appliedTime()};
    if (store.revision().value() != m_model.revision || store.floor().value() != m_model.floor
        || store.appliedTime().count() != m_model.timeMs
        || store.tree().liveBytes() != m_model.liveBytes())
        report("P11",
               QStringLiteral("slot %1: the store is not where the model is").arg(slot.value()));
}

void Shadow::checkFigures(Slot slot, const Figures &figures) const
{
    if (figures != state(slot).figures)
        report("P9",
               QStringLiteral("a store with the right hash has other figures after slot %1: %2")
                   .arg(slot.value())
                   .arg(differenceOf(figures, state(slot).figures)));
}

void Shadow::replayCommands(Slot slot, const consensus::Entry &entry)
{
    const Result<engine::codec::Batch> batch = engine::codec::decodeBatch(entry.body);
    if (!batch)
        report("P2", QStringLiteral("the batch at slot %1 cannot be read").arg(slot.value()));
    for (const QByteArray &command : batch->commands)
        checkProposed(command);
    State &state = m_slots.back();
    state.commands = batch->commands;
    state.answers = m_machine.apply(slot, batch->stamp, batch->commands);
    static_cast<void>(m_machine.takeChanges()); // so that what was compacted goes away
    noteSessions(slot, batch->commands);
    m_model.beginSlot(batch->stamp.count());
    modelCommands(batch->commands, slot);
    noteChanges(slot);
}

void Shadow::modelCommands(const std::vector<QByteArray> &commands, Slot slot)
{
    for (std::size_t i = 0; i < commands.size(); ++i) {
        const Result<store::Command> command = store::decodeCommand(commands[i]);
        const store::Answer expected =
            command ? m_model.apply(*command) : m_model.answer(store::Status::invalid);
        const Result<store::Answer> given = store::decodeAnswer(m_slots.back().answers[i]);
        if (!given || *given != expected)
            report("P11", QStringLiteral("slot %1, command %2: the store answered status %3, the "
                                         "model %4")
                              .arg(slot.value())
                              .arg(i)
                              .arg(given ? int(given->status) : 0)
                              .arg(int(expected.status)));
    }
}

void Shadow::checkProposed(const QByteArray &command) const
{
    if (m_submitted.contains(command))
        return;
    const Result<store::Command> decoded = store::decodeCommand(command);
    const bool isLeaders = decoded
                           && (std::holds_alternative<store::EndSession>(decoded->body)
                               || std::holds_alternative<store::Compact>(decoded->body));
    if (!isLeaders)
        report("P2", QStringLiteral("a command was applied that nobody submitted"));
}

static std::optional<store::FileVersion> versionAt(const test::StoreModel &model,
                                                   std::uint64_t revision, const std::string &key)
{
    const test::StoreModel::Files &files = model.filesAt(revision);
    const auto found = files.find(key);
    if (found == files.end())
        return std::nullopt;
    const test::StoreModel::File &file = found->second;
    return store::FileVersion{Revision(file.revision), Revision(file.created),
                              SessionId(file.owner), WallMs(file.timeMs), file.value};
}

/// Records what the model changed, and looks whether the store changed the same.
void Shadow::noteChanges(Slot slot)
{
    std::size_t next = m_changes.size();
    for (std::size_t i = next; i < m_model.changes.size(); ++i) {
        const auto &[revision, key] = m_model.changes[i];
        m_changes.push_back({Revision(revision), test::StoreModel::pathOf(key),
                             versionAt(m_model, revision, key),
                             versionAt(m_model, revision - 1, key)});
        if (m_changes.back().now)
            noteValue(m_model.filesAt(revision).at(key));
    }
    const store::ChangeSource &source = m_machine.store().changes();
    while (next < m_changes.size() && m_changes[next].revision <= source.compacted())
        ++next;
    if (next == m_changes.size())
        return;
    source.visitChanges(m_changes[next].revision, [&](const store::ChangeView &change) {
        const test::RecordedChange seen = test::RecordedChange::of(change);
        const bool isSame = next < m_changes.size() && seen.path == m_changes[next].path
                            && seen.revision == m_changes[next].revision
                            && seen.now == m_changes[next].now
                            && seen.before == m_changes[next].before;
        if (!isSame)
            report("P11", QStringLiteral("slot %1: the store's change of %2 is not the model's")
                              .arg(slot.value())
                              .arg(QString::fromUtf8(seen.path)));
        ++next;
        return true;
    });
    if (next != m_changes.size())
        report("P11", QStringLiteral("slot %1: the store lacks a change").arg(slot.value()));
}

/// A value is written once, for each write has its own; held files are not written.
void Shadow::noteValue(const test::StoreModel::File &file)
{
    if (file.heldUntilMs >= 0)
        return;
    const Revision revision(file.revision);
    const auto [place, isNew] = m_revisionOfValue.emplace(file.value, revision);
    if (!isNew && place->second != revision)
        report("P12", QStringLiteral("the write of \"%1\" took effect at revision %2 and at %3")
                          .arg(QString::fromUtf8(file.value))
                          .arg(place->second.value())
                          .arg(revision.value()));
}

void Shadow::noteSessions(Slot slot, const std::vector<QByteArray> &commands)
{
    std::set<SessionId> alive;
    for (const engine::SessionView &view : m_machine.sessions())
        alive.insert(view.session);
    if (alive == m_sessions)
        return;
    const std::set<SessionId> before = std::exchange(m_sessions, alive);
    for (const SessionId session : before) {
        if (!alive.contains(session))
            checkEnd(slot, session, commands);
    }
}

void Shadow::checkEnd(Slot slot, SessionId session, const std::vector<QByteArray> &commands)
{
    bool isExpired = false;
    bool isCurrent = false;
    for (const QByteArray &command : commands) {
        const Result<store::Command> decoded = store::decodeCommand(command);
        if (!decoded)
            continue;
        const auto *end = std::get_if<store::EndSession>(&decoded->body);
        isExpired |= end != nullptr && end->session == session;
        isCurrent |= end != nullptr && end->session == session && end->tenure == m_tenure;
    }
    if (isExpired && !isCurrent)
        report("P15", QStringLiteral("slot %1: session %2 was ended by a leader of the past")
                          .arg(slot.value())
                          .arg(session.value()));
    if (m_machine.store().tree().ownedCount(session) > 0)
        report("P15", QStringLiteral("slot %1: session %2 ended, but files of it are left")
                          .arg(slot.value())
                          .arg(session.value()));
    m_ended(session, isExpired);
}

bool Shadow::wasAnswered(Slot slot, const QByteArray &command, const QByteArray &answer) const
{
    if (slot.isNone() || slot > appliedTo())
        return false;
    const State &known = state(slot);
    for (std::size_t i = 0; i < known.commands.size(); ++i) {
        if (known.commands[i] == command && known.answers[i] == answer)
            return true;
    }
    return false;
}

} // namespace coffer::sim
