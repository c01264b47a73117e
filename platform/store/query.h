// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

#include <QByteArray>

#include <optional>
#include <variant>
#include <vector>

/// Reads of the state now or at an earlier revision. Values; the bytes are described in
/// docs/formats/commands.md.
///
/// All files of a tree as they were at one revision, page by page:
/// \code
/// List list{.path = "/a"};
/// Result<Reply> reply = decodeReply(machine.query(encode(Question(list))));
/// while (reply && reply->status == ReplyStatus::ok && reply->hasMore) {
///     list.at = reply->at;
///     list.page.after = reply->resume;
///     ...
/// \endcode
namespace coffer::store {

/// What is told of each file that is found.
enum class Detail : std::uint8_t {
    values = 1, ///< Everything.
    keys = 2,   ///< Everything but the value.
    count = 3   ///< Only how many there are.
};

/// Which part of a long answer.
struct Page
{
    QByteArray after; ///< Reply::resume of the page before, or a path; empty for the first page.
    std::uint32_t limit =
        0; ///< Of files or entries; 0, and more than limits::listFilesMax, mean that.
    Detail detail = Detail::values;
    bool operator==(const Page &) const = default;
};

/// One file, if it is there. In all questions, \c at is the revision to read; 0 means now.
struct Get
{
    QByteArray path;
    Revision at = {};
    bool operator==(const Get &) const = default;
};
/// The file \c path and those below it, depth first by name; "/" for all.
struct List
{
    QByteArray path;
    Page page = {};
    Revision at = {};
    bool operator==(const List &) const = default;
};
/// The files from \c from on and before \c to, in the order of List; empty for no bound.
struct Range
{
    QByteArray from;
    QByteArray to;
    Page page = {};
    Revision at = {};
    bool operator==(const Range &) const = default;
};
/// The files that match a glob (glob.h), in the order of List.
struct Match
{
    QByteArray pattern;
    Page page = {};
    Revision at = {};
    bool operator==(const Match &) const = default;
};
/// The entries of one directory, by name. The detail is of no meaning, but for the count.
struct Entries
{
    QByteArray path;
    Page page = {};
    Revision at = {};
    bool operator==(const Entries &) const = default;
};
/// What a path is: a file, a directory with so many entries, or nothing.
struct Stat
{
    QByteArray path;
    Revision at = {};
    bool operator==(const Stat &) const = default;
};
/// Whether a session is open.
struct SessionState
{
    SessionId session;
    bool operator==(const SessionState &) const = default;
};
/// The open sessions after \c after, by id; at most \c limit, with the meaning of Page::limit.
struct SessionList
{
    SessionId after = {};
    std::uint32_t limit = 0;
    bool operator==(const SessionList &) const = default;
};
/// Figures of the whole store.
struct StoreState
{
    bool operator==(const StoreState &) const = default;
};
using Question =
    std::variant<Get, List, SessionState, StoreState, Range, Match, Entries, Stat, SessionList>;

struct FileView
{
    QByteArray path;
    QByteArray value; ///< Empty if it was not asked for.
    Revision revision;
    Revision created;
    SessionId owner = {}; ///< None unless the file is ephemeral.
    WallMs time{0};       ///< The applied time of the newest change.
    std::uint32_t valueBytes = 0;
    std::optional<WallMs> heldUntil = {}; ///< Its owner expired and it lingers.
    bool operator==(const FileView &) const = default;
};
struct EntryView
{
    QByteArray name;
    bool isDirectory = false;
    bool operator==(const EntryView &) const = default;
};
struct SessionInfo
{
    SessionId session;
    std::chrono::milliseconds timeToLive{0};
    std::uint32_t ephemerals = 0; ///< Files that it owns.
    std::uint32_t outcomes = 0;   ///< Kept for repeats.
    bool operator==(const SessionInfo &) const = default;
};
struct StoreFigures
{
    std::uint64_t files = 0;
    std::uint64_t versions = 0; ///< Of files; deleted ones and those not yet dropped included.
    std::uint64_t liveBytes = 0;
    std::uint64_t bytesMax = 0; ///< Above it, transactions that grow are refused.
    std::uint64_t sessions = 0;
    std::uint32_t applyVersion = 0;
    bool operator==(const StoreFigures &) const = default;
};

enum class ReplyStatus : std::uint8_t {
    ok = 1,
    invalid = 2,  ///< The bytes were no question.
    notYet = 3,   ///< The revision is to come: ask again when the store has it.
    compacted = 4 ///< The revision is below the floor.
};

/// What was found. Revision, floor and time are those of the store, whatever was asked.
struct Reply
{
    ReplyStatus status = ReplyStatus::invalid;
    Revision revision;
    Revision floor;
    WallMs appliedTime{0};
    Revision at = {};                    ///< What is shown; none unless ok, and of sessions.
    std::vector<FileView> files = {};    ///< Get, Stat: none or one. Else one page.
    std::vector<EntryView> entries = {}; ///< Entries: one page.
    std::vector<SessionInfo> sessions = {};
    /// Detail::count: how many files or entries this page has. Stat: entries of the directory,
    /// with hasMore those among the first limits::scanNodesMax files.
    std::uint64_t count = 0;
    /// There may be more behind resume. A page that found little may have none.
    bool hasMore = false;
    QByteArray resume = {};      ///< For Page::after; only with hasMore, and not of Stat.
    bool isSessionAlive = false; ///< SessionState.
    std::optional<StoreFigures> figures = {}; ///< StoreState.
    [[nodiscard]] bool isValid() const { return status != ReplyStatus::invalid; }
    bool operator==(const Reply &) const = default;
};

/// Never fails: what breaks a limit becomes bytes that decodeQuestion() refuses.
[[nodiscard]] QByteArray encode(const Question &question);
/// `invalid` if the bytes are not exactly one question with valid paths and patterns.
[[nodiscard]] Result<Question> decodeQuestion(QByteArrayView bytes);

[[nodiscard]] QByteArray encode(const Reply &reply);
/// `invalid` if the bytes are not exactly one reply. The result owns its bytes.
[[nodiscard]] Result<Reply> decodeReply(QByteArrayView bytes);

} // namespace coffer::store
