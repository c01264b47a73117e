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
/// Holds if there is no such file, or a held one whose time is over.
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
/// Holds if the file's newest change is older than this revision, or if there is no file.
struct RevisionBelow
{
    QByteArray path;
    Revision revision; ///< At least 1.
    bool operator==(const RevisionBelow &) const = default;
};
/// Holds if the applied time is at most \c distance before \c time, or later.
struct TimeWithin
{
    WallMs time{0};                        ///< Not negative.
    std::chrono::milliseconds distance{0}; ///< Not negative.
    bool operator==(const TimeWithin &) const = default;
};
using Guard = std::variant<RevisionEquals, Missing, CreatedEquals, ValueEquals, SessionAlive,
                           TimeReached, RevisionBelow, TimeWithin>;

/// Sets a file, which is created if it is missing.
struct Put
{
    QByteArray path;
    QByteArray value;
    /// The file goes away with the origin's session; needs an origin. A later put decides anew.
    bool isEphemeral = false;
    /// Ephemeral only, at most limits::lingerMax: when the session expires, but not when it is
    /// closed, the file stays without an owner, held for so long, before it is deleted.
    std::chrono::milliseconds linger{0};
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

/// Raises the floor: the values of earlier revisions, and the changes up to this one, are given up.
/// At this revision the state can still be read.
struct Compact
{
    Revision revision; ///< At least 1.
    bool operator==(const Compact &) const = default;
};
/// Makes the kinds of a later build known. It has no origin. A store whose build does not know this
/// version applies nothing further.
struct RaiseApplyVersion
{
    std::uint32_t to = 0; ///< At least 2; one more than the version now.
    bool operator==(const RaiseApplyVersion &) const = default;
};
/// The newest apply version that this build knows.
inline constexpr std::uint32_t applyVersionNewest = 1;

struct Command
{
    std::optional<Origin> origin = {};
    std::variant<Transaction, OpenSession, CloseSession, EndSession, Compact, RaiseApplyVersion>
        body;
    bool operator==(const Command &) const = default;
};

/// Never fails: a command that breaks a limit becomes bytes that decodeCommand() refuses.
[[nodiscard]] QByteArray encode(const Command &command);
/// The same of a transaction, which is not copied.
[[nodiscard]] QByteArray encode(const std::optional<Origin> &origin,
                                const Transaction &transaction);
/// Checks everything that can be checked without the state; `invalid` names the rule that is
/// broken. The byte arrays of the result point into \a bytes: neither they nor copies of them
/// may outlive it. Kinds that came after \a applyVersion are unknown.
[[nodiscard]] Result<Command> decodeCommand(QByteArrayView bytes,
                                            std::uint32_t applyVersion = applyVersionNewest);
/// The version of a RaiseApplyVersion; nothing if \a bytes are anything else. Fast if they are.
[[nodiscard]] std::optional<std::uint32_t> raisedVersion(QByteArrayView bytes);
/// True if the command can be sent again without being done twice: it has an origin, opens or
/// closes a session, compacts or raises the apply version. Looks at the first bytes only.
[[nodiscard]] bool isRepeatable(QByteArrayView bytes);

} // namespace coffer::store
