// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <QByteArray>

#include <variant>
#include <vector>

/// Reads of the current state. Values; the bytes are described in docs/formats/commands.md.
///
/// \code
/// const Result<Reply> reply = decodeReply(machine.query(encode(Question(Get{"/a"}))));
/// if (reply && reply->isValid && !reply->files.empty())
///     use(reply->files[0].value, reply->files[0].revision);
/// \endcode
namespace coffer::store {

/// One file, if it is there.
struct Get
{
    QByteArray path;
    bool operator==(const Get &) const = default;
};
/// The file \c path and those below it, ordered by the bytes of their paths; "/" for all.
struct List
{
    QByteArray path;
    QByteArray after; ///< Only files behind this path; empty for the first page.
    bool operator==(const List &) const = default;
};
/// Whether a session is open.
struct SessionState
{
    SessionId session;
    bool operator==(const SessionState &) const = default;
};
/// Nothing but the revision and the applied time.
struct StoreState
{
    bool operator==(const StoreState &) const = default;
};
using Question = std::variant<Get, List, SessionState, StoreState>;

struct FileView
{
    QByteArray path;
    QByteArray value;
    Revision revision;
    Revision created;
    SessionId owner; ///< None unless the file is ephemeral.
    bool operator==(const FileView &) const = default;
};

/// The state found. Revision and time are those of the whole store, whatever was asked.
struct Reply
{
    bool isValid = false; ///< False if the question was none; only revision and time are set then.
    Revision revision;
    WallMs appliedTime{0};
    std::vector<FileView> files; ///< Get: none or one. List: one page.
    bool hasMore = false;        ///< List: there is a next page, after the last path.
    bool isSessionAlive = false; ///< SessionState.
    bool operator==(const Reply &) const = default;
};

[[nodiscard]] QByteArray encode(const Question &question);
/// `invalid` if the bytes are not exactly one question with valid paths.
[[nodiscard]] Result<Question> decodeQuestion(QByteArrayView bytes);

[[nodiscard]] QByteArray encode(const Reply &reply);
/// `invalid` if the bytes are not exactly one reply. The result owns its bytes.
[[nodiscard]] Result<Reply> decodeReply(QByteArrayView bytes);

} // namespace coffer::store
