// SPDX-License-Identifier: Apache-2.0
#include "client/remote_watch_p.h"
#include "pluginapi/store_cbor.h"

#include <QPointer>

#include <deque>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::client {

using pluginapi::Watch;

/// Of batches that wait to be read; the newest may be larger.
static constexpr std::size_t waitingBytesMax = std::size_t(8) << 20;
static constexpr std::size_t waitingMax = 256;
static constexpr std::chrono::seconds connectWait{30};
/// Before a subscription that a node ended is begun again.
static constexpr std::chrono::milliseconds againAfter{50};

namespace {

/// What a watch, its frames and the sinks of the connection share.
struct Stream : std::enable_shared_from_this<Stream>
{
    Stream(Client &of, store::WatchRequest what, Shown then)
        : client(&of), request(std::move(what)), shown(std::move(then))
    {}

    QPointer<Client> client;
    store::WatchRequest request; ///< `from` moves with what has arrived.
    Shown shown;
    Revision progress; ///< Of what was read.
    std::deque<Result<store::WatchAnswer>> waiting;
    std::size_t waitingBytes = 0;
    QPointer<Connection> connection; ///< Where the subscription is open.
    qint64 subscription = 0;
    std::optional<Eventual<bool>::Setter> reader;
    bool isEnded = false; ///< Nothing more will be asked for.

    void wake()
    {
        if (const auto set = std::exchange(reader, {}))
            (*set)(true);
    }
    void cancel();
    void onEvent(QByteArrayView event);
    void noteProgress(Revision upTo);
    void onEnd(const std::optional<rpc::Failure> &why);
    void add(Result<store::WatchAnswer> answer, std::size_t bytes);
    void listen(Connection &on, qint64 id);
};

void Stream::cancel()
{
    if (connection) {
        connection->forget(subscription);
        connection->tell(u"rpc.unsubscribe"_s, {{u"subscription"_s, subscription}});
    }
    connection.clear();
}

void Stream::add(Result<store::WatchAnswer> answer, std::size_t bytes)
{
    waitingBytes += bytes;
    waiting.push_back(std::move(answer));
    if (waiting.size() >= waitingMax || waitingBytes > waitingBytesMax)
        cancel();
    wake();
}

void Stream::onEvent(QByteArrayView event)
{
    Result<store::WatchAnswer> answer = pluginapi::watchAnswerFromCbor(event);
    std::size_t bytes = 0;
    if (!answer) {
        cancel();
        isEnded = true;
    } else if (const auto *batch = std::get_if<store::WatchBatch>(&*answer)) {
        request.from = batch->progress.next();
        if (batch->events.empty() && !batch->hasMore) {
            noteProgress(batch->progress);
            return;
        }
        for (const store::WatchEvent &one : batch->events)
            bytes += store::weight(one);
    }
    add(std::move(answer), bytes);
}

/// Nothing happened up to there. Whoever reads need not be woken for that.
void Stream::noteProgress(Revision upTo)
{
    if (waiting.empty())
        progress = upTo;
    else if (auto *last =
                 waiting.back() ? std::get_if<store::WatchBatch>(&*waiting.back()) : nullptr)
        last->progress = upTo;
}

void Stream::onEnd(const std::optional<rpc::Failure> &why)
{
    connection.clear();
    if (!why || why->isRetryable || why->code == rpc::Code::unavailable) {
        wake(); // The next round subscribes again.
        return;
    }
    isEnded = true;
    const QCborValue floor = why->details.value("floor"_L1);
    if (why->code == rpc::Code::compacted && floor.isInteger())
        add(store::WatchAnswer(store::WatchCompacted{Revision(std::uint64_t(floor.toInteger()))}),
            0);
    else
        add(errorOf(*why), 0);
}

void Stream::listen(Connection &on, qint64 id)
{
    connection = &on;
    subscription = id;
    on.listen(
        id,
        [weak = weak_from_this()](QByteArrayView event) {
            if (const auto stream = weak.lock())
                stream->onEvent(event);
        },
        [weak = weak_from_this()](const std::optional<rpc::Failure> &why) {
            if (const auto stream = weak.lock())
                stream->onEnd(why);
        });
}

Eventual<bool> sleep(QObject *context)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the client ended"_s});
    QTimer::singleShot(againAfter, context, [set = over.setter()] { set(true); });
    return over;
}

/// Opens the subscription anew; an error if that will never work.
Task<Result<bool>> subscribe(std::shared_ptr<Stream> stream)
{
    const auto connection = co_await stream->client->connected(connectWait);
    const bool isOver = !connection && connection.error().code == rpc::Code::cancelled;
    if (isOver || !stream->client)
        co_return Error{ErrorCode::unavailable, u"the client ended"_s};
    if (!connection || stream->isEnded)
        co_return true; // The next round tries again: a watch has no deadline.
    const QPointer<Connection> on(*connection);
    const QByteArray params = pluginapi::writeCbor(stream->request);
    Eventual<rpc::Outcome> answer =
        on->call(u"store.watch"_s, params, std::chrono::seconds(10), Repeat::read);
    const Result<rpc::Outcome> outcome = co_await answer;
    if (!stream->client)
        co_return Error{ErrorCode::unavailable, u"the client ended"_s};
    if (outcome && *outcome && on) {
        const QCborMap map = rpc::decoded(**outcome).toMap();
        const qint64 id = map.value("subscription"_L1).toInteger();
        const Revision begun(std::uint64_t(map.value("progress"_L1).toInteger()));
        if (stream->request.from.isNone())
            stream->request.from = begun.next();
        stream->progress = std::max(stream->progress, stream->request.from.previous());
        stream->listen(*on, id);
        if (stream->isEnded)
            stream->cancel();
        co_return true;
    }
    const bool isRefused = outcome && !*outcome && !outcome->error().isRetryable
                           && outcome->error().code != rpc::Code::unavailable
                           && outcome->error().code != rpc::Code::deadline;
    if (isRefused)
        co_return errorOf(outcome->error());
    Eventual<bool> pause = sleep(stream->client);
    const Result<bool> slept = co_await pause;
    co_return slept;
}

Task<Result<store::WatchAnswer>> nextOf(std::shared_ptr<Stream> stream)
{
    for (;;) {
        if (!stream->waiting.empty()) {
            Result<store::WatchAnswer> answer = std::move(stream->waiting.front());
            stream->waiting.pop_front();
            if (stream->waiting.empty())
                stream->waitingBytes = 0;
            if (const auto *batch = answer ? std::get_if<store::WatchBatch>(&*answer) : nullptr) {
                stream->progress = batch->progress;
                stream->shown(batch->progress);
            }
            co_return answer;
        }
        if (stream->isEnded || !stream->client) {
            co_return Error{ErrorCode::unavailable, u"the watch has ended; begin another one"_s};
        }
        if (!stream->connection) {
            const Result<bool> subscribed = co_await subscribe(stream);
            if (!subscribed) {
                stream->isEnded = true;
                co_return subscribed.error();
            }
            continue;
        }
        Eventual<bool> news({ErrorCode::unavailable, u"the client ended"_s});
        stream->reader = news.setter();
        const Result<bool> woken = co_await news;
        if (!woken)
            co_return woken.error();
    }
}

class RemoteWatch final : public Watch
{
public:
    RemoteWatch(Client &client, store::WatchRequest request, Shown shown)
        : m_stream(std::make_shared<Stream>(client, std::move(request), std::move(shown)))
    {
        m_stream->progress = m_stream->request.from.previous();
    }
    ~RemoteWatch() override
    {
        m_stream->isEnded = true;
        m_stream->cancel();
        m_stream->wake();
    }
    Q_DISABLE_COPY_MOVE(RemoteWatch)

    [[nodiscard]] Task<Result<store::WatchAnswer>> next() override { return nextOf(m_stream); }
    [[nodiscard]] Revision progress() const override { return m_stream->progress; }

private:
    std::shared_ptr<Stream> m_stream; // shared with frames and sinks
};

} // namespace

std::unique_ptr<Watch> makeRemoteWatch(Client &client, store::WatchRequest request, Shown shown)
{
    return std::make_unique<RemoteWatch>(client, std::move(request), std::move(shown));
}

} // namespace coffer::client
