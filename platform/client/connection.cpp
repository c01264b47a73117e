// SPDX-License-Identifier: Apache-2.0
#include "client/connection.h"

#include "base/cbor.h"
#include "rpc/json.h"

#include <QPointer>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::client {

using Clock = std::chrono::steady_clock;

/// An answer may be under way when the server's own deadline ends; it is better than ours.
static constexpr std::chrono::milliseconds grace{250};
/// In the first of these without a word a node is pinged, after the last it is doubted.
static constexpr int doubtTurns = 3;

Connection::Connection(std::unique_ptr<Link> link, const Patience &patience)
    : m_link(std::move(link)), m_patience(patience)
{
    m_link->opened = [this] {
        m_isOpen = true;
        Q_EMIT opened();
    };
    m_link->received = [this](const QByteArray &message) { onReceived(message); };
    m_link->alive = [this] { noteHeard(); };
    m_link->closed = [this](const QString &why) { onClosed(why); };
    connect(&m_beat, &QTimer::timeout, this, &Connection::onBeat);
    m_beat.start(patience.pingEvery);
    connect(&m_doubt, &QTimer::timeout, this, &Connection::onDoubt);
    m_doubt.setInterval(patience.doubtAfter / doubtTurns);
}

Connection::~Connection() = default;

static cbor::MapWriter requestOf(const QString &method, const QByteArray &params)
{
    cbor::MapWriter request(params.size() + 128);
    request.text("jsonrpc", "2.0");
    request.text("method", method.toUtf8());
    request.item("params", params);
    return request;
}

Eventual<rpc::Outcome> Connection::call(const QString &method, const QByteArray &params,
                                        std::chrono::milliseconds deadline, Repeat repeat)
{
    Eventual<rpc::Outcome> answer({ErrorCode::unknown, u"the connection was closed"_s});
    const auto set = answer.setter();
    if (!m_isOpen) {
        set(rpc::Outcome(rpc::Failure::of(rpc::Code::unavailable, u"there is no connection"_s)));
        return answer;
    }
    cbor::MapWriter request = requestOf(method, params);
    request.number("id", ++m_lastId);
    Clock::time_point until = Clock::time_point::max();
    if (deadline.count() > 0) {
        request.number("deadlineMs", deadline.count());
        until = Clock::now() + deadline + grace;
    }
    m_pending.emplace(m_lastId, Pending{set, Clock::now(), until, repeat});
    m_link->send(request.take());
    if (m_patience.doubtAfter.count() > 0 && !m_doubt.isActive()) {
        m_quietTurns = 0;
        m_doubt.start();
    }
    if (m_pending.size() == 1) // Of many calls those of one turn leave together.
        m_link->flush();
    return answer;
}

void Connection::tell(const QString &method, const QCborMap &params)
{
    if (m_isOpen)
        m_link->send(requestOf(method, params.toCborValue().toCbor()).take());
}

void Connection::listen(qint64 subscription, EventSink event, EndSink end)
{
    m_sinks.insert_or_assign(subscription, Sinks{std::move(event), std::move(end)});
}

static QCborValue valueOf(QByteArrayView item)
{
    return item.isEmpty() ? QCborValue() : QCborValue::fromCbor(item.data(), item.size());
}

void Connection::onReceived(const QByteArray &bytes)
{
    noteHeard();
    // Qt's own reader gives maps that must not be touched where the bytes are not well-formed.
    if (const auto why = rpc::refuteCbor(bytes)) {
        m_link->abort();
        onClosed(u"the node said something that is no CBOR: "_s + *why);
        return;
    }
    const auto message = cbor::MapReader::of(bytes);
    if (!message)
        return;
    if (const auto method = cbor::textOf(message->value("method"))) {
        onNotification(*method, message->value("params"));
        return;
    }
    const auto found = m_pending.find(cbor::numberOf(message->value("id")).value_or(-1));
    if (found == m_pending.end())
        return; // Given up before.
    const Pending call = std::move(found->second);
    m_pending.erase(found);
    const QByteArrayView error = message->value("error");
    if (cbor::isMap(error))
        onAnswered(call, rpc::failureFromCbor(valueOf(error).toMap()));
    else
        onAnswered(call, rpc::encoded(message->value("result").toByteArray()));
}

void Connection::onAnswered(const Pending &call, const rpc::Outcome &outcome)
{
    const QPointer<Connection> self(this);
    call.set(outcome);
    if (!self)
        return;
    if (outcome)
        noteServed();
    else if (outcome.error().code == rpc::Code::unavailable)
        noteUnserved(call.sentAt, outcome.error().message);
    else if (outcome.error().code != rpc::Code::deadline) // which says neither
        noteServed();
}

void Connection::noteServed()
{
    m_hasServed = true;
    m_servedAt = Clock::now();
    m_unservedFrom.reset();
}

/// A node may take seconds to say that it can do nothing. They count.
void Connection::noteUnserved(Time sentAt, const QString &why)
{
    if (!m_unservedFrom)
        m_unservedFrom = std::max(sentAt, m_servedAt);
    const auto age = Clock::now() - *m_unservedFrom;
    if (m_patience.leaveAfter.count() == 0 || age < m_patience.leaveAfter)
        return;
    m_link->abort();
    onClosed(u"the node can do nothing (%1)"_s.arg(why));
}

void Connection::onNotification(QByteArrayView method, QByteArrayView params)
{
    const auto members = cbor::MapReader::of(params);
    if (!members)
        return;
    const auto found = m_sinks.find(cbor::numberOf(members->value("subscription")).value_or(-1));
    if (found == m_sinks.end())
        return; // Of a subscription that was cancelled.
    if (method == "rpc.event"_ba) {
        noteServed();
        const EventSink event = found->second.event;
        event(members->value("event"));
    } else if (method == "rpc.ended"_ba) {
        const EndSink end = found->second.end;
        m_sinks.erase(found);
        end(rpc::failureFromCbor(valueOf(members->value("error")).toMap()));
    }
}

void Connection::onClosed(const QString &why)
{
    if (std::exchange(m_isClosed, true))
        return;
    m_isOpen = false;
    m_beat.stop();
    m_doubt.stop();
    const QPointer<Connection> self(this);
    Q_EMIT closed(why);
    if (!self)
        return;
    const auto pending = std::exchange(m_pending, {});
    const auto sinks = std::exchange(m_sinks, {});
    for (const auto &[id, call] : pending)
        call.set(Error{ErrorCode::unknown, u"the connection was lost: "_s + why});
    for (const auto &[id, sink] : sinks)
        sink.end({});
}

void Connection::noteHeard()
{
    m_wasHeard = true;
    m_quietTurns = -1; // What is left of this turn counts for nothing.
}

bool Connection::isSilent() const
{
    const auto isRepeatable = [](const auto &call) { return call.second.repeat != Repeat::never; };
    return m_isOpen && m_quietTurns >= doubtTurns && !m_pending.empty()
           && std::all_of(m_pending.begin(), m_pending.end(), isRepeatable);
}

void Connection::onDoubt()
{
    if (m_pending.empty()) {
        m_doubt.stop();
        return;
    }
    ++m_quietTurns;
    if (m_quietTurns == 1)
        m_link->ping();
    if (isSilent() && m_link->isQuiet())
        Q_EMIT silent();
}

void Connection::giveUp(const QString &why)
{
    m_link->abort();
    onClosed(why);
}

void Connection::onBeat()
{
    const Clock::time_point now = Clock::now();
    std::vector<Eventual<rpc::Outcome>::Setter> overdue;
    std::erase_if(m_pending, [&](const auto &call) {
        if (call.second.deadline > now)
            return false;
        overdue.push_back(call.second.set);
        return true;
    });
    const QPointer<Connection> self(this);
    rpc::Failure late =
        rpc::Failure::of(rpc::Code::deadline, u"there was no answer within the deadline"_s);
    late.outcome = rpc::WriteOutcome::unknown; // If it is a write.
    for (const auto &set : overdue)
        set(rpc::Outcome(late));
    if (!self)
        return;
    const bool isMoving = m_link->isMoving(); // asked with every beat
    if (!m_isOpen || std::exchange(m_wasHeard, false) || isMoving) {
        m_isAsked = false;
        return;
    }
    if (std::exchange(m_isAsked, true))
        onClosed(u"the node says nothing any more"_s);
    else
        m_link->ping();
}

} // namespace coffer::client
