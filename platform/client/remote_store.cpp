// SPDX-License-Identifier: Apache-2.0
#include "client/remote_store.h"

#include "client/remote_watch_p.h"
#include "net/spawn.h"
#include "pluginapi/store_cbor.h"

#include <QPointer>
#include <QRandomGenerator>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::client {

using namespace pluginapi;
template<class T>
using Task = QCoro::Task<T>;

static constexpr CallOptions safely{Repeat::safe, {}};
static constexpr CallOptions toRead{Repeat::read, {}};

/// The session of the store's own commits.
struct RemoteStore::Own
{
    explicit Own(SessionId session) : sequences(session) {}

    Sequences sequences;
    std::deque<Eventual<bool>::Setter> waiting; ///< Commits that wait for room.

    void end(Sequence sequence)
    {
        sequences.end(sequence);
        if (waiting.empty() || !sequences.hasRoom())
            return;
        const auto set = waiting.front();
        waiting.pop_front();
        set(true);
    }
};

struct RemoteStore::Sent
{
    Result<store::Answer> answer;
    bool isRepeated = false;
};

static Error ended() { return {ErrorCode::unavailable, u"the store was closed"_s}; }

RemoteStore::RemoteStore(Client &client) : m_client(client)
{
    m_keepAlive.setInterval(client.options().sessionTimeToLive / 3);
    QObject::connect(&m_keepAlive, &QTimer::timeout, &m_context,
                     [this] { spawn(keepOwnAlive(), "keepAlive"); });
}

RemoteStore::~RemoteStore() = default;

// ---- reads

ReadOptions RemoteStore::fresh(ReadOptions options) const
{
    if (options.mode == ReadMode::session)
        options.seen = std::max(options.seen, m_seen);
    return options;
}

Task<Result<store::Reply>> RemoteStore::read(store::Question question, ReadOptions options)
{
    const QPointer<QObject> self(&m_context);
    QByteArray params = writeCbor(question, fresh(options));
    const rpc::Outcome outcome =
        co_await m_client.callEncoded(QString::fromLatin1(methodOf(question)), params, toRead);
    // What can be expected of a revision is no error here: its reply stands in the details.
    const bool isReply = outcome || outcome.error().details.contains("status"_L1);
    if (!isReply)
        co_return errorOf(outcome.error());
    Result<store::Reply> reply =
        outcome ? replyFromCbor(rpc::itemOf(*outcome)) : replyFromCbor(outcome.error().details);
    if (reply && self)
        note(reply->revision);
    co_return reply;
}

Task<Result<store::WatchAnswer>> RemoteStore::history(HistoryRequest request, ReadOptions options)
{
    QByteArray params = writeCbor(request, fresh(options));
    const rpc::Outcome outcome = co_await m_client.callEncoded(u"store.history"_s, params, toRead);
    if (!outcome)
        co_return errorOf(outcome.error());
    co_return watchAnswerFromCbor(rpc::itemOf(*outcome));
}

std::unique_ptr<Watch> RemoteStore::watch(store::WatchRequest request)
{
    return makeRemoteWatch(m_client, std::move(request),
                           [this, self = QPointer<QObject>(&m_context)](Revision shown) {
                               if (self)
                                   note(shown);
                           });
}

// ---- writes

Task<RemoteStore::Sent> RemoteStore::send(store::Transaction transaction, CommitOptions options)
{
    const QPointer<QObject> self(&m_context);
    QByteArray params = writeCbor(transaction, options);
    CallOptions call;
    call.repeat = options.origin ? Repeat::safe : Repeat::never;
    const Called called = co_await m_client.callCounted(u"store.commit"_s, params, call);
    if (!called.outcome)
        co_return Sent{errorOf(called.outcome.error()), called.isRepeated};
    Result<store::Answer> answer = answerFromCbor(rpc::itemOf(*called.outcome));
    if (answer && self)
        note(answer->revision);
    if (answer && answer->status == store::Status::sessionGone && called.isRepeated) {
        answer = Error{ErrorCode::unknown,
                       u"the session ended while the command was repeated; its first try may have "
                       "been done or not"_s};
    }
    co_return Sent{std::move(answer), called.isRepeated};
}

Task<Result<store::Answer>> RemoteStore::commit(store::Transaction transaction,
                                                CommitOptions options)
{
    const QPointer<QObject> self(&m_context);
    if (options.origin) {
        Sent sent = co_await send(std::move(transaction), options);
        co_return std::move(sent.answer);
    }
    for (bool isLast = false;; isLast = true) {
        const Result<std::shared_ptr<Own>> got = co_await ownSession();
        if (!got)
            co_return got.error();
        const std::shared_ptr<Own> &own = *got;
        while (!own->sequences.hasRoom()) {
            Eventual<bool> room(ended());
            own->waiting.push_back(room.setter());
            const Result<bool> waited = co_await room;
            if (!waited)
                co_return waited.error();
        }
        if (!self)
            co_return ended();
        options.origin = own->sequences.begin();
        Sent sent = co_await send(transaction, options);
        own->end(options.origin->sequence);
        const bool isGone = sent.answer && sent.answer->status == store::Status::sessionGone;
        if (isGone && self && m_own == own)
            m_own.reset();
        // Said at the first try, it was certainly not done, and is another command from now on.
        if (!isGone || sent.isRepeated || isLast || !self)
            co_return std::move(sent.answer);
    }
}

// ---- the own session

Task<Result<std::shared_ptr<RemoteStore::Own>>> RemoteStore::ownSession()
{
    const QPointer<QObject> self(&m_context);
    while (!m_own) {
        Eventual<bool> opened(ended());
        m_awaitOwn.push_back(opened.setter());
        if (!std::exchange(m_isOpening, true)) {
            const Result<bool> result = co_await openOwn();
            if (!self)
                co_return ended();
            m_isOpening = false;
            for (const auto &set : std::exchange(m_awaitOwn, {}))
                set(result);
        }
        const Result<bool> result = co_await opened;
        if (!self)
            co_return ended();
        if (!result)
            co_return result.error();
    }
    // A copy by name: QCoro 0.8 moves out of whatever is not const behind co_return.
    const std::shared_ptr<Own> own = m_own;
    co_return own;
}

Task<Result<bool>> RemoteStore::openOwn()
{
    const QPointer<QObject> self(&m_context);
    store::OpenSession open;
    open.timeToLive = m_client.options().sessionTimeToLive;
    const Result<SessionId> session = co_await openSession(open);
    // Whether the session is there or not: what it was to be opened for was not sent.
    if (!session && session.error().code == ErrorCode::unknown)
        co_return Error{ErrorCode::unavailable,
                        u"nothing was written: no session could be opened for it in time"_s};
    if (!session)
        co_return session.error();
    if (!self)
        co_return ended();
    m_own = std::make_shared<Own>(*session);
    m_keepAlive.start();
    co_return true;
}

Task<Result<void>> RemoteStore::keepOwnAlive()
{
    const QPointer<QObject> self(&m_context);
    const std::shared_ptr<Own> own = m_own;
    if (!own)
        co_return Result<void>();
    const Result<void> kept = co_await keepAlive(own->sequences.session());
    const bool isGone = !kept && kept.error().code == ErrorCode::notFound;
    if (isGone && self && m_own == own)
        m_own.reset();
    co_return Result<void>(); // Anything else is tried again with the next beat.
}

Task<Result<void>> RemoteStore::finish()
{
    const std::shared_ptr<Own> own = std::exchange(m_own, nullptr);
    m_keepAlive.stop();
    if (!own)
        co_return Result<void>();
    const Result<void> closed = co_await closeSession(own->sequences.session());
    co_return closed;
}

// ---- sessions

Task<Result<SessionId>> RemoteStore::openSession(store::OpenSession open)
{
    if (open.nonce == 0)
        open.nonce = (QRandomGenerator::global()->generate64() >> 1) | 1;
    QCborMap params{{u"timeToLiveMs"_s, qint64(open.timeToLive.count())},
                    {u"nonce"_s, qint64(open.nonce)}};
    const rpc::Outcome outcome = co_await m_client.call(u"session.open"_s, params, safely);
    if (!outcome)
        co_return errorOf(outcome.error());
    const qint64 session = outcome->toMap().value("session"_L1).toInteger();
    if (session <= 0)
        co_return Error{ErrorCode::unavailable, u"the node opened a session without a number"_s};
    co_return SessionId(std::uint64_t(session));
}

Task<Result<void>> RemoteStore::keepAlive(SessionId session)
{
    QCborMap params{{u"session"_s, qint64(session.value())}};
    const rpc::Outcome outcome = co_await m_client.call(u"session.keepAlive"_s, params, safely);
    if (!outcome)
        co_return errorOf(outcome.error());
    co_return Result<void>();
}

Task<Result<void>> RemoteStore::closeSession(SessionId session)
{
    QCborMap params{{u"session"_s, qint64(session.value())}};
    const rpc::Outcome outcome = co_await m_client.call(u"session.close"_s, params, safely);
    if (!outcome)
        co_return errorOf(outcome.error());
    co_return Result<void>();
}

Task<Result<store::Answer>> RemoteStore::compact(Revision revision)
{
    QCborMap params{{u"revision"_s, qint64(revision.value())}};
    const rpc::Outcome outcome = co_await m_client.call(u"store.compact"_s, params, safely);
    const bool isAnswer = outcome || outcome.error().details.contains("status"_L1);
    if (!isAnswer)
        co_return errorOf(outcome.error());
    co_return answerFromCbor(outcome ? outcome->toMap() : outcome.error().details);
}

} // namespace coffer::client
