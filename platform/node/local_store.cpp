// SPDX-License-Identifier: Apache-2.0
#include "node/local_store.h"

#include "base/limits.h"

#include <QPointer>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace coffer::node {

using namespace pluginapi;

/// How many pieces of the history one call looks through; each is limits::watchScanMax changes.
static constexpr int historyPiecesMax = 16;

LocalStore::LocalStore(Host &host, const Options &options)
    : m_host(host), m_options(options), m_watches(host)
{
    host.addAppliedHook(&m_context, [this] { onApplied(); });
}

LocalStore::~LocalStore()
{
    for (const auto &[revision, set] : std::exchange(m_reaching, {}))
        set(Error{ErrorCode::unavailable, QStringLiteral("the node ended")});
}

void LocalStore::onApplied()
{
    const Revision now = m_host.store().revision();
    while (!m_reaching.empty() && m_reaching.begin()->first <= now) {
        const auto set = m_reaching.begin()->second;
        m_reaching.erase(m_reaching.begin());
        set(true);
    }
}

// ---- reads

Task<Result<bool>> LocalStore::reach(Revision revision)
{
    if (m_host.store().revision() >= revision)
        co_return true;
    if (m_reaching.size() >= limits::pendingReadsMax) {
        co_return Error{ErrorCode::unavailable,
                        QStringLiteral("too many reads wait for this node; ask another")};
    }
    Eventual<bool> reached({ErrorCode::unavailable, QStringLiteral("the node ended")});
    const auto set = reached.setter();
    const auto place = m_reaching.emplace(revision, set);
    QTimer::singleShot(m_options.reachTimeout, &m_context, [this, place, set] {
        if (set.isSet())
            return; // It was reached, and its place is gone.
        m_reaching.erase(place);
        set(Error{ErrorCode::unavailable,
                  QStringLiteral("this node has not caught up in time; ask another")});
    });
    const Result<bool> result = co_await reached;
    co_return result;
}

Task<Result<store::Reply>> LocalStore::read(store::Question question, ReadOptions options)
{
    const QPointer<Host> host(&m_host);
    if (options.mode == ReadMode::session) {
        const Result<bool> reached = co_await reach(options.seen);
        if (!reached)
            co_return reached.error();
    }
    if (!host)
        co_return Error{ErrorCode::unavailable, QStringLiteral("the node ended")};
    const engine::ReadMode mode = options.mode == ReadMode::linearizable
                                      ? engine::ReadMode::linearizable
                                      : engine::ReadMode::local;
    Eventual<engine::Answer> answer(
        {ErrorCode::unavailable, QStringLiteral("the node ended before it answered")});
    host->engine().read(mode, Slot(), encode(question), answer.setter());
    host->requestFlush();
    const Result<engine::Answer> result = co_await answer;
    if (!result)
        co_return result.error();
    co_return store::decodeReply(result->bytes);
}

Task<Result<bool>> LocalStore::ready(ReadOptions options)
{
    const QPointer<QObject> self(&m_context);
    store::Question fresh = store::Get{QByteArrayLiteral("/-"), {}};
    const Result<store::Reply> now = co_await read(std::move(fresh), options);
    if (!now)
        co_return now.error();
    if (!self)
        co_return Error{ErrorCode::unavailable, QStringLiteral("the node ended")};
    co_return true;
}

store::Reply LocalStore::look(const store::Question &question) const
{
    return m_host.store().query(encode(question));
}

Task<Result<store::WatchAnswer>> LocalStore::history(HistoryRequest request, ReadOptions options)
{
    const Result<bool> isReady = co_await ready(options);
    if (!isReady)
        co_return isReady.error();
    co_return look(request);
}

/// Keeps of \a batch what is wanted; true if that is the end.
static bool cut(store::WatchBatch &batch, const HistoryRequest &request)
{
    const auto isLater = [&](const store::WatchEvent &event) {
        return event.revision > request.upTo;
    };
    if (request.upTo.isNone() || batch.progress < request.upTo)
        return false;
    std::erase_if(batch.events, isLater);
    batch.progress = request.upTo;
    batch.hasMore = false;
    return true;
}

Result<store::WatchAnswer> LocalStore::look(const HistoryRequest &request)
{
    store::Watches *watches = m_host.watches();
    if (watches == nullptr)
        return Error{ErrorCode::unavailable,
                     QStringLiteral("this node is reading a checkpoint; try again in a moment")};
    const Revision from = std::max(request.from, Revision(1));
    auto added = watches->add({request.glob, from, request.withPrevious, store::WatchKinds::all});
    if (!added)
        return added.error();
    if (const auto *compacted = std::get_if<store::WatchCompacted>(&*added))
        return *compacted;
    const store::WatchId id = std::get<store::WatchId>(*added);
    store::WatchBatch found;
    found.progress = from.previous();
    store::WatchBounds bounds;
    bounds.eventsMax = std::clamp<std::size_t>(request.limit, 1, bounds.eventsMax);
    Result<store::WatchAnswer> answer = store::WatchAnswer(found);
    for (int piece = 0; piece < historyPiecesMax && found.events.empty(); ++piece) {
        answer = watches->next(id, bounds);
        if (!answer || std::holds_alternative<store::WatchCompacted>(*answer))
            return answer; // The watch is gone.
        found = std::move(std::get<store::WatchBatch>(*answer));
        if (cut(found, request) || !found.hasMore)
            break;
    }
    watches->remove(id);
    return store::WatchAnswer(std::move(found));
}

std::unique_ptr<Watch> LocalStore::watch(store::WatchRequest request)
{
    return m_watches.open(std::move(request));
}

// ---- writes

/// So that the answer that nothing was done is there before nobody waits for it any more.
static Monotonic shortlyBefore(Monotonic deadline, Monotonic now)
{
    static constexpr Monotonic margin = std::chrono::milliseconds(50);
    return deadline - std::clamp((deadline - now) / 4, Monotonic(0), margin);
}

Task<Result<store::Answer>> LocalStore::submit(QByteArray command, Deadline deadline)
{
    Eventual<engine::Answer> answer(
        {ErrorCode::unknown,
         QStringLiteral("the node ended before the answer came; it may have been done or not")});
    if (deadline)
        deadline = shortlyBefore(*deadline, m_host.clock().monotonic());
    m_host.engine().submit(command, answer.setter(), deadline);
    m_host.requestFlush();
    const Result<engine::Answer> result = co_await answer;
    if (!result)
        co_return result.error();
    const Result<store::Answer> decoded = store::decodeAnswer(result->bytes);
    if (decoded && decoded->status == store::Status::sessionGone && result->isRepeated) {
        co_return Error{ErrorCode::unknown,
                        QStringLiteral("the session ended while the command was repeated; its "
                                       "first try may have been done or not")};
    }
    co_return decoded;
}

Task<Result<store::Answer>> LocalStore::commit(store::Transaction transaction,
                                               CommitOptions options)
{
    return submit(store::encode(options.origin, transaction), {});
}

Task<Result<SessionId>> LocalStore::openSession(store::OpenSession open, Deadline deadline)
{
    if (open.nonce == 0)
        open.nonce = m_host.random().next();
    const QByteArray command = encode(store::Command{{}, open});
    if (const auto checked = store::decodeCommand(command); !checked)
        co_return checked.error();
    const Result<store::Answer> answer = co_await submit(command, deadline);
    if (!answer)
        co_return answer.error();
    if (std::optional<Error> error = errorOf(*answer))
        co_return *error;
    co_return answer->session;
}

Task<Result<void>> LocalStore::keepAlive(SessionId session)
{
    Eventual<engine::Answer> answer(
        {ErrorCode::unavailable, QStringLiteral("the node ended before it answered")});
    m_host.engine().keepAlive(session, answer.setter());
    m_host.requestFlush();
    const Result<engine::Answer> result = co_await answer;
    if (result)
        co_return Result<void>();
    // The leader refuses a renewal for one reason only.
    const bool isGone = result.error().code == ErrorCode::refused;
    co_return Error{isGone ? ErrorCode::notFound : ErrorCode::unavailable, result.error().message};
}

Task<Result<void>> LocalStore::closeSession(SessionId session, Deadline deadline)
{
    const QByteArray command = encode(store::Command{{}, store::CloseSession{session}});
    const Result<store::Answer> answer = co_await submit(command, deadline);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::sessionGone)
        co_return Result<void>();
    if (std::optional<Error> error = errorOf(*answer))
        co_return *error;
    co_return Result<void>();
}

Task<Result<store::Answer>> LocalStore::compact(Revision revision, Deadline deadline)
{
    return submit(encode(store::Command{{}, store::Compact{revision}}), deadline);
}

} // namespace coffer::node
