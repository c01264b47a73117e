// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/entry.h"
#include "engine/store_machine.h"
#include "sim/figures.h"
#include "sim/ledger.h"
#include "sim/read_judge.h"
#include "sim/scheduler.h"
#include "support/memory_history.h"
#include "support/store_model.h"

#include <QHashFunctions>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <vector>

namespace coffer::sim {

/// One more replica of the store, fed with the log as soon as anybody applies it: what every
/// answer and every state hash is compared with. Beside it the naive model does the same, so that
/// the store's own mistakes are found too, and keeps the history that others may compact.
///
/// Reports P1, P2, P8, P9, P11 and P12, and of sessions P15. Resource.
class Shadow
{
public:
    /// Told when \a session is gone; \a isExpired: a leader ended it, not its client.
    using SessionEnded = std::function<void(SessionId session, bool isExpired)>;

    Shadow(const Ledger &ledger, const store::StoreOptions &options, SessionEnded ended);

    /// What clients and operators asked for; nothing else may be applied.
    void submitted(const QByteArray &command) { m_submitted.insert(command); }
    void requested(const consensus::MemberSet &members) { m_requested.push_back(members); }

    /// A node applied \a slot after \a before (of the same process; none: its first).
    /// \a checkpointed: the slot of the checkpoint that its state may have come from. Without
    /// \a hash the state is not judged.
    void applied(Slot slot, const consensus::Entry &entry, const std::optional<Hash128> &hash,
                 Slot before, Slot checkpointed);

    /// A node that applied \a slot, which was told of before, says this of its store.
    void checkFigures(Slot slot, const Figures &figures) const;

    [[nodiscard]] Slot appliedTo() const { return Slot(m_slots.size()); }
    [[nodiscard]] const Hash128 &hashAt(Slot slot) const { return state(slot).hash; }
    [[nodiscard]] const StoreMoment &momentAt(Slot slot) const { return state(slot).moment; }
    /// What is wrong with \a reply, which a node gave when it had applied \a slot.
    [[nodiscard]] QString whatIsWrong(const store::Reply &reply, const store::Question &question,
                                      Slot slot) const
    {
        return sim::whatIsWrong(reply, question, momentAt(slot), m_model);
    }
    /// Every change there ever was, in order.
    [[nodiscard]] const std::vector<test::RecordedChange> &changes() const { return m_changes; }
    [[nodiscard]] const test::StoreModel &model() const { return m_model; }
    /// True if \a command stands at \a slot and was answered there with \a answer.
    [[nodiscard]] bool wasAnswered(Slot slot, const QByteArray &command,
                                   const QByteArray &answer) const;

private:
    struct State
    {
        Hash128 hash;
        StoreMoment moment;
        Figures figures;
        std::vector<QByteArray> commands;
        std::vector<QByteArray> answers;
    };

    [[nodiscard]] const State &state(Slot slot) const { return m_slots[slot.value() - 1]; }
    void replay(Slot slot, const consensus::Entry &entry);
    void replayCommands(Slot slot, const consensus::Entry &entry);
    void checkProposed(const QByteArray &command) const;
    void modelCommands(const std::vector<QByteArray> &commands, Slot slot);
    void noteChanges(Slot slot);
    void noteValue(const test::StoreModel::File &file);
    void noteSessions(Slot slot, const std::vector<QByteArray> &commands);
    void checkEnd(Slot slot, SessionId session, const std::vector<QByteArray> &commands);

    const Ledger &m_ledger;
    SessionEnded m_ended;
    engine::StoreMachine m_machine;
    std::unordered_set<QByteArray> m_submitted;
    std::vector<consensus::MemberSet> m_requested;
    std::vector<State> m_slots; ///< Slot 1 first.
    test::StoreModel m_model;
    std::vector<test::RecordedChange> m_changes;
    std::map<QByteArray, Revision> m_revisionOfValue;
    std::set<SessionId> m_sessions; ///< Alive after the newest slot.
    Slot m_tenure;
};

} // namespace coffer::sim
