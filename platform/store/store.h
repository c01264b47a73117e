// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/hash128.h"
#include "store/answer.h"
#include "store/command.h"
#include "store/limits.h"
#include "store/query.h"
#include "store/row.h"
#include "store/sessions.h"
#include "store/tree.h"
#include "store/upkeep.h"

#include <vector>

namespace coffer::store {

/// What apply() depends on besides the log. All members have to have the same quota.
struct StoreOptions
{
    std::uint64_t bytesMax = limits::storeBytesMax; ///< Of the paths and values of all files.
    std::uint32_t applyVersionMax = applyVersionNewest;
};

/// The replicated state: files with their history, sessions and the outcomes of their commands.
///
/// Pure; it moves, but is not copied. The same calls give the same answers, rows and hash on every
/// machine. Total: any bytes have an answer. Slots are applied in order, each by one of the three
/// calls; anything else is a bug and fails a COFFER_CHECK.
class Store
{
public:
    explicit Store(const StoreOptions &options = {}) : m_options(options) {}

    /// Applies the commands of \a slot, in order; one answer each. \a stamp is the leader's clock.
    [[nodiscard]] std::vector<Answer> apply(Slot slot, WallMs stamp,
                                            const std::vector<QByteArray> &commands);
    /// Notes that the tenure of a leader begins at \a slot.
    void applyLeaderStart(Slot slot);
    /// Notes a slot that does not concern the store.
    void applyNothing(Slot slot);
    /// True if the slot after applied() needs a later build. apply() has done nothing then, and
    /// does nothing any more; its answers mean nothing. The node has to stop.
    [[nodiscard]] bool needsNewerBuild() const { return m_needsNewerBuild; }

    [[nodiscard]] Reply query(QByteArrayView question) const;
    /// The changes, for watches. Valid as long as this store; not after it was moved.
    [[nodiscard]] const ChangeSource &changes() const { return m_tree; }
    /// The command that \a policy asks for now, if any. For the leader to propose.
    [[nodiscard]] std::optional<QByteArray> upkeepCommand(const UpkeepPolicy &policy) const;

    [[nodiscard]] Slot applied() const { return m_applied; }
    [[nodiscard]] Revision revision() const { return m_tree.revision(); }
    /// Earlier revisions cannot be read any more.
    [[nodiscard]] Revision floor() const { return m_tree.compacted(); }
    /// The latest stamp that was applied; never goes back.
    [[nodiscard]] WallMs appliedTime() const { return m_time; }
    [[nodiscard]] std::uint32_t applyVersion() const { return m_applyVersion; }
    [[nodiscard]] const Sessions &sessions() const { return m_sessions; }
    [[nodiscard]] const Tree &tree() const { return m_tree; }

    /// Of the state, as docs/formats/commands.md describes.
    [[nodiscard]] Hash128 hash() const;
    /// The same, slowly, from the whole state. For tests.
    [[nodiscard]] Hash128 auditHash() const;
    /// The rows that changed since the last call (or since a restore), ordered by table, each once
    /// with its newest value. The first call of a new store includes the meta row. What was not
    /// taken stays in memory although it was compacted.
    [[nodiscard]] std::vector<Row> takeChanges();

    /// Adds one row of a checkpoint to a new store, table by table in rising order. `corrupt` if
    /// it makes no sense; the store is of no use then.
    Result<void> restoreRow(const Row &row);
    /// Ends the restore: this is the state after \a applied. `corrupt` if the rows contradict each
    /// other or \a hash.
    Result<void> finishRestore(Slot applied, const Hash128 &hash);
    /// Makes this the first state of another cluster, at the same slot. Sessions have expired, the
    /// revision and the newest session id are `limits::anewRevisions` higher, all before is
    /// compacted, and the applied time is `limits::anewAhead` after what it was and after \a now.
    /// So no revision, token, session, watch or time that anybody had of the cluster before is met
    /// again. `refused`: the numbers have no room for that.
    Result<void> beginAnew(WallMs now);

private:
    /// What a guard found instead of what it expects.
    using Found = std::optional<std::uint64_t>;

    [[nodiscard]] bool canApply(const std::vector<QByteArray> &commands) const;
    void moveTo(Slot slot);
    void removeReleased();
    [[nodiscard]] Answer applyOne(QByteArrayView bytes);
    [[nodiscard]] Answer answer(Status status) const;
    [[nodiscard]] Answer answer(Status status, std::uint64_t found) const;

    // store_restore.cpp
    [[nodiscard]] QByteArray metaRow() const;
    Result<void> restoreMeta(const Row &row);
    [[nodiscard]] Result<void> checkRestored() const;

    // transaction.cpp: what commands do. A command's session, if any, is known to be alive.
    [[nodiscard]] Answer execute(const Command &command);
    [[nodiscard]] Answer run(const Transaction &transaction, SessionId session);
    [[nodiscard]] std::optional<Answer> change(const std::vector<Operation> &operations,
                                               SessionId session);
    [[nodiscard]] Answer endSession(SessionId session, bool isExpired);
    [[nodiscard]] Answer compact(Revision floor);
    [[nodiscard]] Answer raise(std::uint32_t version);
    [[nodiscard]] Found refute(const Guard &guard) const;
    [[nodiscard]] Found refuteFile(const Guard &guard) const;
    [[nodiscard]] bool fits(const std::vector<Operation> &operations, SessionId session) const;

    StoreOptions m_options;
    Tree m_tree;
    Sessions m_sessions;
    Slot m_tenure;
    WallMs m_time{0};
    Slot m_applied;
    std::uint32_t m_applyVersion = 1;
    bool m_needsNewerBuild = false;
    Tree::Totals m_restored; ///< As the meta row said.
    QByteArray m_metaTaken;  ///< The meta row as takeChanges() last gave it.
};

} // namespace coffer::store
