// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <QByteArray>

#include <optional>
#include <variant>
#include <vector>

/// What the log carries to the store. Values; the bytes are described in docs/formats/commands.md.
///
/// A put that is done exactly once, and its answer:
/// \code
/// Command open{.body = OpenSession{.nonce = random.next(), .timeToLive = 10s}};
/// const SessionId session = decodeAnswer(machine.apply(..., {encode(open)})[0])->session;
///
/// Transaction put;
/// put.guards = {RevisionEquals{"/lock", Revision(7)}};
/// put.operations = {Put{.path = "/lock", .value = "mine"}};
/// const Command command{Origin{session, Sequence(1), Sequence(0)}, put};
/// const QByteArray bytes = encode(command);    // the same bytes for every repeat
///
/// const Result<Answer> answer = decodeAnswer(bytesOfTheAnswer);
/// // answer->status: ok, guardFailed (failedGuard, found), sessionGone, ...; answer->revision
/// \endcode
namespace coffer::store {

/// Who sends a command, so that repeats of it are done once.
struct Origin
{
    SessionId session;         ///< As answered by OpenSession.
    Sequence sequence;         ///< From 1; the same in each repeat.
    Sequence acknowledgedUpTo; ///< The client knows the outcomes up to here; below sequence.

    bool operator==(const Origin &) const = default;
};

/// Holds if the file's newest change has this revision.
struct RevisionEquals
{
    QByteArray path;
    Revision revision; ///< At least 1; use Missing for a file that is not there.
    bool operator==(const RevisionEquals &) const = default;
};
/// Holds if there is no such file.
struct Missing
{
    QByteArray path;
    bool operator==(const Missing &) const = default;
};
/// Holds if the file was created by this revision and not deleted since.
struct CreatedEquals
{
    QByteArray path;
    Revision revision; ///< At least 1.
    bool operator==(const CreatedEquals &) const = default;
};
/// Holds if the file is there with exactly this value.
struct ValueEquals
{
    QByteArray path;
    QByteArray value;
    bool operator==(const ValueEquals &) const = default;
};
/// Holds if the session is open.
struct SessionAlive
{
    SessionId session;
    bool operator==(const SessionAlive &) const = default;
};
/// Holds if the applied time is this one or later.
struct TimeReached
{
    WallMs time{0}; ///< Not negative.
    bool operator==(const TimeReached &) const = default;
};
using Guard =
    std::variant<RevisionEquals, Missing, CreatedEquals, ValueEquals, SessionAlive, TimeReached>;

/// Sets a file, which is created if it is missing.
struct Put
{
    QByteArray path;
    QByteArray value;
    /// The file goes away with the origin's session; needs an origin. A later put decides anew.
    bool isEphemeral = false;
    bool operator==(const Put &) const = default;
};
/// Deletes a file, if it is there.
struct Delete
{
    QByteArray path;
    bool operator==(const Delete &) const = default;
};
/// Deletes the file of this path and all below it; "/" means all files.
struct DeleteTree
{
    QByteArray path;
    bool operator==(const DeleteTree &) const = default;
};
using Operation = std::variant<Put, Delete, DeleteTree>;

/// All of it or nothing, in one revision. The operations are done in order, if all guards hold
/// beforehand; otherwise the else-operations are.
struct Transaction
{
    std::vector<Guard> guards;
    std::vector<Operation> operations;
    std::vector<Operation> otherwise;
    bool operator==(const Transaction &) const = default;
};

/// Opens a session; its id is in the answer. The nonce is random, chosen by the client: the same
/// command again finds the session that it opened, as long as that lives.
struct OpenSession
{
    std::uint64_t nonce = 0;
    std::chrono::milliseconds timeToLive{0};
    bool operator==(const OpenSession &) const = default;
};
/// Ends a session: its ephemeral files and outcomes go with it.
struct CloseSession
{
    SessionId session;
    bool operator==(const CloseSession &) const = default;
};
/// As CloseSession, on behalf of the leader whose LeaderStart stands at \c tenure and who measured
/// that the time is over. Void if the tenure has passed.
struct EndSession
{
    SessionId session;
    Slot tenure;
    bool operator==(const EndSession &) const = default;
};

struct Command
{
    std::optional<Origin> origin = {};
    std::variant<Transaction, OpenSession, CloseSession, EndSession> body;
    bool operator==(const Command &) const = default;
};

/// Never fails: a command that breaks a limit becomes bytes that decodeCommand() refuses.
[[nodiscard]] QByteArray encode(const Command &command);
/// Checks everything that can be checked without the state; `invalid` names the rule that is
/// broken. The byte arrays of the result point into \a bytes: neither they nor copies of them
/// may outlive it.
[[nodiscard]] Result<Command> decodeCommand(QByteArrayView bytes);
/// True if the command can be sent again without being done twice: it has an origin, or opens or
/// closes a session. Looks at the first bytes only.
[[nodiscard]] bool isRepeatable(QByteArrayView bytes);

} // namespace coffer::store
