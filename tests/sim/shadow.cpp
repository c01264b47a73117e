// SPDX-License-Identifier: Apache-2.0
#include "sim/shadow.h"

#include "engine/codec.h"
#include "sim/finding.h"
#include "store/query.h"

#include <algorithm>
#include <utility>

namespace coffer::sim {

using consensus::EntryKind;

Shadow::Shadow(const Ledger &ledger, SessionEnded ended)
    : m_ledger(ledger), m_ended(std::move(ended))
{}

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
    state.revision = m_machine.store().revision();
    state.time = m_machine.store().appliedTime();
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
    noteFiles(slot);
    noteSessions(slot, batch->commands);
}

void Shadow::checkProposed(const QByteArray &command) const
{
    if (m_submitted.contains(command))
        return;
    const Result<store::Command> decoded = store::decodeCommand(command);
    if (!decoded || !std::holds_alternative<store::EndSession>(decoded->body))
        report("P2", QStringLiteral("a command was applied that nobody submitted"));
}

void Shadow::noteFiles(Slot slot)
{
    std::set<QByteArray> paths;
    for (const storage::Row &row : m_machine.takeChanges()) {
        if (row.table == std::uint8_t(store::Table::files) && row.value)
            paths.insert(row.key.first(row.key.indexOf('\0')));
    }
    for (const QByteArray &path : paths) {
        const QByteArray question = store::encode(store::Question(store::Get{path}));
        const Result<store::Reply> reply = store::decodeReply(m_machine.query(question));
        if (!reply || !reply->isValid())
            report("P11", QStringLiteral("the store cannot find a file that it changed"));
        Version version{slot, {}};
        if (!reply->files.empty())
            version.file = reply->files.front();
        if (version.file) {
            const store::FileView &file = *version.file;
            const auto [place, isNew] = m_revisionOfValue.emplace(file.value, file.revision);
            if (!isNew && place->second != file.revision)
                report("P12", QStringLiteral("the write of \"%1\" took effect at revision %2 and "
                                             "at %3")
                                  .arg(QString::fromUtf8(file.value))
                                  .arg(place->second.value())
                                  .arg(file.revision.value()));
        }
        m_files[path].push_back(std::move(version));
    }
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
    for (const auto &[path, versions] : m_files) {
        if (versions.back().file && versions.back().file->owner == session)
            report("P15", QStringLiteral("slot %1: session %2 ended, but its file %3 is left")
                              .arg(slot.value())
                              .arg(session.value())
                              .arg(QString::fromUtf8(path)));
    }
    m_ended(session, isExpired);
}

std::optional<store::FileView> Shadow::fileAt(const QByteArray &path, Slot slot) const
{
    const auto found = m_files.find(path);
    if (found == m_files.end())
        return std::nullopt;
    const std::vector<Version> &versions = found->second;
    const auto after =
        std::upper_bound(versions.begin(), versions.end(), slot,
                         [](Slot wanted, const Version &version) { return wanted < version.slot; });
    return after == versions.begin() ? std::nullopt : std::prev(after)->file;
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
