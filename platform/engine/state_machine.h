// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/hash128.h"
#include "base/ids.h"
#include "storage/checkpoint.h"

#include <QByteArray>

#include <memory>
#include <optional>
#include <vector>

namespace coffer::engine {

/// A session as the leader's clock needs it.
struct SessionView
{
    SessionId session;
    std::chrono::milliseconds timeToLive{0};
};

/// What is replicated: a deterministic function from the chosen log to state and answers.
///
/// Pure, engine thread. The same calls give the same answers and the same hash on every node.
/// Total: any command bytes have an answer.
class StateMachine
{
public:
    virtual ~StateMachine() = default;

    /// Applies one batch of \a slot. \a stamp is the leader's wall clock; applied time is the
    /// maximum of all stamps so far. Returns one encoded answer a command, in order.
    [[nodiscard]] virtual std::vector<QByteArray>
    apply(Slot slot, WallMs stamp, const std::vector<QByteArray> &commands) = 0;
    /// Notes that the leader whose LeaderStart stands at \a slot began: its tenure.
    virtual void applyLeaderStart(Slot slot) = 0;
    /// Notes any other entry (no-op, reconfigure): only the applied slot moves.
    virtual void applyNothing(Slot slot) = 0;
    [[nodiscard]] virtual Slot applied() const = 0;

    /// Answers a read from the current state. Any bytes give an answer.
    [[nodiscard]] virtual QByteArray query(const QByteArray &question) const = 0;

    /// Another value whenever the set of live sessions is another one than at an earlier state.
    struct SessionsMark
    {
        SessionId newest; ///< The highest id ever given; they are never given again.
        std::size_t live = 0;
        bool operator==(const SessionsMark &) const = default;
    };
    [[nodiscard]] virtual SessionsMark sessionsMark() const = 0;
    /// Live sessions, ordered by id.
    [[nodiscard]] virtual std::vector<SessionView> sessions() const = 0;
    /// The time to live of \a session; nothing if it is not open.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds>
    timeToLiveOf(SessionId session) const = 0;
    /// The command that ends \a session because its time ran out, as measured by the leader whose
    /// LeaderStart stands at \a tenure. It does nothing when a later LeaderStart was applied.
    [[nodiscard]] virtual QByteArray endSessionCommand(SessionId session, Slot tenure) const = 0;
    /// True when \a command carries a session and sequence, so that it may be sent again.
    [[nodiscard]] virtual bool isRepeatable(const QByteArray &command) const = 0;

    /// A command that keeps the state within its bounds, if one is due; the leader proposes it.
    [[nodiscard]] virtual std::optional<QByteArray> upkeepCommand() const = 0;
    /// The newest version of the meaning of commands that this build can apply.
    [[nodiscard]] virtual std::uint32_t versionMax() const = 0;
    /// The version that \a command raises the meaning of commands to; nothing for any other. It
    /// may be chosen only when every member can apply that version.
    [[nodiscard]] virtual std::optional<std::uint32_t>
    raisedVersion(const QByteArray &command) const = 0;
    /// True if the last apply() met a version above versionMax() and did nothing: the process has
    /// to end without a word of its answers.
    [[nodiscard]] virtual bool needsNewerBuild() const = 0;

    /// Of the whole state right after applied(), order independent.
    [[nodiscard]] virtual Hash128 hash() const = 0;

    /// All rows that changed since the last call (or since reset or restore), each once with its
    /// newest value. Applying them to the rows before gives exactly the state now.
    [[nodiscard]] virtual std::vector<storage::Row> takeChanges() = 0;
    /// Back to the empty state before slot 1.
    virtual void reset() = 0;
    /// Adds one row of a checkpoint, after reset(). A row that makes no sense is `corrupt`.
    virtual Result<void> restoreRow(const storage::Row &row) = 0;
    /// Ends a restore: the state is that after \a applied. The hash must equal \a hash, else
    /// `corrupt`.
    virtual Result<void> finishRestore(Slot applied, Hash128 hash) = 0;

    /// Another machine that can be restored, on any thread, and then exchange its state with this
    /// one.
    [[nodiscard]] virtual std::unique_ptr<StateMachine> makeEmpty() const = 0;
    /// Exchanges the states. \a other was made by makeEmpty() of this machine. Fast.
    virtual void swapState(StateMachine &other) = 0;
};

} // namespace coffer::engine
