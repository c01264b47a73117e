// SPDX-License-Identifier: Apache-2.0
#include "rpc/session.h"

#include "rpc/limits.h"
#include "rpc/spawn.h"

#include <QCborArray>
#include <QPointer>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {

/// The answers of one message, while some are still to come.
struct Session::Batch
{
    Batch(bool isBatch, Form answersForm) : form(answersForm), answers(isBatch, answersForm) {}

    Form form;
    std::size_t left = 0;
    Answers answers;
    std::vector<std::shared_ptr<Channel>> opened;
};

Session::Session(Flights &flights, Pipe &pipe, Caller caller)
    : m_flights(flights)
    , m_pipe(pipe)
    , m_lane(std::make_shared<Lane>(std::move(caller), static_cast<Subscriber *>(this)))
{}

Session::~Session()
{
    const auto channels = std::exchange(m_channels, {});
    m_isCut = true;
    for (const auto &[id, channel] : channels)
        channel->close();
    m_lane.reset();
}

void Session::receive(const QByteArray &bytes, Form form)
{
    if (m_isCut)
        return;
    m_form = form;
    if (m_pipe.unsentBytes() > limits::backlogBytesCut) {
        m_isCut = true;
        m_pipe.cut(u"%1 bytes of answers were not fetched"_s.arg(m_pipe.unsentBytes()));
        return;
    }
    Message message = readMessage(bytes, form);
    const auto batch = std::make_shared<Batch>(message.isBatch, form);
    batch->left = message.calls.size();
    const QPointer<Session> self(this);
    m_isReceiving = true;
    for (auto &call : message.calls) {
        if (auto *bad = std::get_if<BadRequest>(&call))
            deliver(bad->id, bad->failure, *batch);
        else
            spawn(answer(std::move(std::get<Request>(call)), batch), "answer");
        if (!self)
            return; // a handler brought the connection down
    }
    m_isReceiving = false;
}

QCoro::Task<void> Session::answer(Request request, std::shared_ptr<Batch> batch)
{
    const std::optional<QCborValue> id = request.id;
    if (request.method == "rpc.unsubscribe"_L1) {
        deliver(id, unsubscribe(request), *batch);
        co_return;
    }
    if (m_pipe.unsentBytes() > limits::backlogBytesMax) {
        deliver(id,
                Failure::of(Code::unavailable, u"Answers wait to be fetched; read them first."_s),
                *batch);
        co_return;
    }
    const QPointer<Session> self(this);
    const Outcome outcome = co_await m_flights.run(m_lane, std::move(request));
    if (self)
        deliver(id, outcome, *batch);
}

Outcome Session::unsubscribe(const Request &request)
{
    const auto *json = std::get_if<QJsonObject>(&request.params);
    const QCborValue id = json ? QCborValue::fromJsonValue((*json)["subscription"_L1])
                               : std::get<Params>(request.params).value(u"subscription"_s);
    const auto found =
        id.isInteger() ? m_channels.find(std::uint64_t(id.toInteger())) : m_channels.end();
    if (found == m_channels.end())
        return Failure::of(Code::notFound,
                           u"subscription: expected the number of an open subscription of this "
                           "connection"_s);
    const std::shared_ptr<Channel> channel = found->second;
    m_channels.erase(found);
    channel->close();
    return QCborValue(QCborMap());
}

void Session::deliver(const std::optional<QCborValue> &id, const Outcome &outcome, Batch &batch)
{
    if (id)
        batch.answers.add(*id, outcome);
    if (outcome && outcome->isMap()) {
        const qint64 opened = outcome->toMap().value(u"subscription"_s).toInteger(-1);
        const auto channel = m_channels.find(std::uint64_t(opened));
        if (opened >= 0 && channel != m_channels.end())
            batch.opened.push_back(channel->second);
    }
    if (--batch.left == 0)
        finish(batch);
}

void Session::finish(Batch &batch)
{
    // Nothing is answered to notifications, not even an empty batch.
    const QPointer<Session> self(this);
    if (!batch.answers.isEmpty()) {
        post(batch.answers.message(), batch.form);
    }
    for (const std::shared_ptr<Channel> &channel : std::exchange(batch.opened, {})) {
        if (self)
            channel->setAnswered();
    }
}

/// Of several answers or events that are ready in one turn, only the last would gain by leaving at
/// once, and all by leaving together.
void Session::post(const QByteArray &message, Form form)
{
    if (m_isCut)
        return;
    if (!m_isReceiving && m_lane->inFlight() == 0 && m_channels.size() <= 1)
        m_pipe.sendNow(message, form);
    else
        m_pipe.send(message, form);
}

void Session::drained()
{
    const QPointer<Session> self(this);
    for (std::size_t left = m_awaitRoom.size(); left > 0 && self && hasRoom(); --left) {
        const Wake wake = std::move(m_awaitRoom.front());
        m_awaitRoom.pop_front();
        wake(true); // Who finds no room any more queues again.
    }
    if (!self || !hasRoom())
        return;
    std::vector<std::shared_ptr<Channel>> waiting; // producers may end theirs while they go on
    for (const auto &[id, channel] : m_channels) {
        if (channel->isWaiting())
            waiting.push_back(channel);
    }
    for (const std::shared_ptr<Channel> &channel : waiting)
        channel->drained();
}

void Session::endSubscriptions(const Failure &why)
{
    const auto channels = m_channels; // each leaves the list as it ends
    const QPointer<Session> self(this);
    for (const auto &[id, channel] : channels) {
        if (self)
            channel->end(why);
    }
}

Answer<Subscription> Session::subscribe()
{
    if (m_channels.size() >= std::size_t(limits::subscriptionsMax))
        return Failure::of(Code::limit,
                           u"%1 subscriptions are open on this connection; cancel some, or open "
                           "another connection."_s.arg(limits::subscriptionsMax));
    auto channel = std::make_shared<Channel>(++m_lastId, static_cast<Outlet *>(this));
    m_channels.emplace(m_lastId, channel);
    return Subscription(std::move(channel));
}

bool Session::hasRoom() const { return unsentBytes() < limits::unsentBytesMax; }

qint64 Session::unsentBytes() const { return m_pipe.unsentBytes(); }

void Session::notify(std::uint64_t id, const QCborValue &event, const QCborValue &resume)
{
    post(writeEvent(id, event, resume, m_form), m_form);
}

void Session::ended(std::uint64_t id, const Failure &why)
{
    m_channels.erase(id);
    const QCborMap params{{u"subscription"_s, qint64(id)}, {u"error"_s, toCbor(why)}};
    post(write(notificationOf(u"rpc.ended"_s, params), m_form), m_form);
}

} // namespace coffer::rpc
