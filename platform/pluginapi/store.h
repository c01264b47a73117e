// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/answer.h"
#include "store/command.h"
#include "store/query.h"
#include "store/watch.h"

#include <QCoroTask>

#include <memory>

/// The replicated store as services and clients see it: revisions, transactions, watches and
/// sessions. The same inside a node and from far away.
namespace coffer::pluginapi {

template<class T>
using Task = QCoro::Task<T>;

/// How fresh a read has to be.
enum class ReadMode {
    linearizable, ///< Everything that was acknowledged before the read began is seen.
    session,      ///< Not older than ReadOptions::seen; any replica.
    local         ///< Whatever the asked node has; the reply says its revision.
};

struct ReadOptions
{
    ReadMode mode = ReadMode::linearizable;
    /// session: the newest revision that the asker has seen. A client keeps it by itself.
    Revision seen = {};
};

struct CommitOptions
{
    /// Whose command it is: the owner of ephemeral files, and what makes a repetition harmless.
    /// Without one, a client uses its own session; inside a node the command is sent once.
    std::optional<store::Origin> origin = {};
};

/// Changes that were, in order.
struct HistoryRequest
{
    store::Glob glob;
    Revision from;               ///< The first revision to see, at least 1.
    Revision upTo = {};          ///< The last; none means the newest.
    std::uint32_t limit = 1'000; ///< Of events; a revision that is larger comes whole.
    bool withPrevious = false;
};

/// A stream of changes, pulled by its reader.
///
/// Nothing is buffered for a reader that does not ask. Destroy it to cancel: a next() that is
/// under way then ends with `unavailable`. Thread of its store, which has to outlive it.
class Watch
{
public:
    virtual ~Watch() = default;
    /// What comes next: at least one event, or progress alone if the watcher is far behind, or if
    /// compaction comes near what it was last told; whole revisions in order, each once.
    /// WatchCompacted ends the watch. One call at a time.
    ///
    /// A remote watch goes on by itself after the connection broke. Errors: `unavailable` if that
    /// cannot be, `denied`, `invalid`; a watch that ended with one stays ended.
    [[nodiscard]] virtual Task<Result<store::WatchAnswer>> next() = 0;
    /// Up to where everything was shown; watch from progress().next() to go on elsewhere.
    [[nodiscard]] virtual Revision progress() const = 0;
};

/// The store. Resource; one thread, that of the node or of the client's event loop.
///
/// Answers that can be expected are values: Reply::status says `compacted`, Answer::status
/// `guardFailed`. Errors: `unavailable` (certainly not done, try again), `unknown` (a write that
/// was done or not), `invalid` (a rule of the input), `denied`, `refused`.
class Store
{
public:
    virtual ~Store() = default;

    /// Get, list, range, match, entries, stat, sessions, figures: see store/query.h.
    [[nodiscard]] virtual Task<Result<store::Reply>> read(store::Question question,
                                                          ReadOptions options = {}) = 0;
    /// All of \a transaction or nothing, in one revision.
    [[nodiscard]] virtual Task<Result<store::Answer>> commit(store::Transaction transaction,
                                                             CommitOptions options = {}) = 0;
    /// Changes from HistoryRequest::from on: a batch whose progress tells where to go on, or that
    /// the beginning is compacted.
    [[nodiscard]] virtual Task<Result<store::WatchAnswer>> history(HistoryRequest request,
                                                                   ReadOptions options = {}) = 0;
    /// Every change from WatchRequest::from on; 0 there means from now on.
    [[nodiscard]] virtual std::unique_ptr<Watch> watch(store::WatchRequest request) = 0;

    /// Opens a session that ends by itself when it is not renewed for its time to live. The same
    /// nonce again finds the same session; 0 lets the store choose one.
    [[nodiscard]] virtual Task<Result<SessionId>> openSession(store::OpenSession open) = 0;
    /// Renews \a session; `notFound` if it has ended. Count its time from before the call.
    [[nodiscard]] virtual Task<Result<void>> keepAlive(SessionId session) = 0;
    /// Ends \a session; its ephemeral files go with it. Done too if it had ended.
    [[nodiscard]] virtual Task<Result<void>> closeSession(SessionId session) = 0;
    /// Gives up what was before \a revision. The answer says ok, floorNotRaised or revisionAhead.
    [[nodiscard]] virtual Task<Result<store::Answer>> compact(Revision revision) = 0;

    // What is wanted most often, made of the above.

    /// The file, if it is there.
    [[nodiscard]] Task<Result<std::optional<store::FileView>>> get(QByteArray path,
                                                                   ReadOptions options = {});
    /// Sets a file; the revision of the change. With \a expected only if the file's revision is
    /// that, or if it is missing where \a expected is 0; else `conflict`.
    [[nodiscard]] Task<Result<Revision>> put(QByteArray path, QByteArray value,
                                             std::optional<Revision> expected = {});
    /// Deletes a file; false if there was none. \a expected as with put().
    [[nodiscard]] Task<Result<bool>> remove(QByteArray path, std::optional<Revision> expected = {});
};

/// The guard that a file has this revision, or is missing if it is 0.
[[nodiscard]] store::Guard expectedRevision(const QByteArray &path, Revision revision);
/// What an answer that is not ok means to somebody who needed it to be; nothing if it is ok.
[[nodiscard]] std::optional<Error> errorOf(const store::Answer &answer);
/// The same for a reply: `compacted`, `notFound` for a revision that is to come, `invalid`.
[[nodiscard]] std::optional<Error> errorOf(const store::Reply &reply);

} // namespace coffer::pluginapi
