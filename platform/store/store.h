// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/hash128.h"
#include "store/answer.h"
#include "store/command.h"
#include "store/query.h"
#include "store/row.h"
#include "store/sessions.h"
#include "store/tree.h"

#include <vector>

namespace coffer::store {

/// The replicated state: files, sessions and the outcomes of their commands.
///
/// Value, pure: the same calls give the same answers, rows and hash on every machine. Total: any
/// bytes have an answer. Slots are applied in order, each by one of the three calls; anything else
/// is a bug and fails a COFFER_CHECK.
class Store
{
public:
    /// Applies the commands of \a slot, in order; one answer each. \a stamp is the leader's clock.
    [[nodiscard]] std::vector<Answer> apply(Slot slot, WallMs stamp,
                                            const std::vector<QByteArray> &commands);
    /// Notes that the tenure of a leader begins at \a slot.
    void applyLeaderStart(Slot slot);
    /// Notes a slot that does not concern the store.
    void applyNothing(Slot slot);

    [[nodiscard]] Reply query(QByteArrayView question) const;

    [[nodiscard]] Slot applied() const { return m_applied; }
    [[nodiscard]] Revision revision() const { return m_revision; }
    /// The latest stamp that was applied; never goes back.
    [[nodiscard]] WallMs appliedTime() const { return m_time; }
    [[nodiscard]] const Sessions &sessions() const { return m_sessions; }
    [[nodiscard]] const Tree &tree() const { return m_tree; }

    /// The sum of the hashes of all rows.
    [[nodiscard]] Hash128 hash() const;
    /// The rows that changed since the last call (or since a restore), ordered by table and key,
    /// each once with its newest value. The first call of a new store includes the meta row.
    [[nodiscard]] std::vector<Row> takeChanges();

    /// Adds one row of a checkpoint to a new store, table by table in rising order. `corrupt` if
    /// it makes no sense; the store is of no use then.
    Result<void> restoreRow(const Row &row);
    /// Ends the restore: this is the state after \a applied. `corrupt` if the rows contradict each
    /// other or \a hash.
    Result<void> finishRestore(Slot applied, const Hash128 &hash);

private:
    /// What a guard found instead of what it expects.
    using Found = std::optional<std::uint64_t>;

    void moveTo(Slot slot);
    [[nodiscard]] Answer applyOne(QByteArrayView bytes);
    [[nodiscard]] Answer answer(Status status) const;
    [[nodiscard]] Result<void> checkRestored() const;
    [[nodiscard]] QByteArray metaRow() const;
    Result<void> restoreMeta(const Row &row);

    // transaction.cpp: what commands do. A command's session, if any, is known to be alive.
    [[nodiscard]] Answer execute(const Command &command);
    [[nodiscard]] Answer run(const Transaction &transaction, SessionId session);
    [[nodiscard]] Answer endSession(SessionId session);
    [[nodiscard]] Found refute(const Guard &guard) const;
    [[nodiscard]] bool fits(const std::vector<Operation> &operations, SessionId session) const;
    [[nodiscard]] bool change(const Operation &operation, const Tree::Change &change);

    Tree m_tree;
    Sessions m_sessions;
    Revision m_revision;
    Slot m_tenure;
    WallMs m_time{0};
    Slot m_applied;
    QByteArray m_metaTaken; ///< The meta row as takeChanges() last gave it.
};

} // namespace coffer::store
