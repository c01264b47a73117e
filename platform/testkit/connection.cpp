// SPDX-License-Identifier: Apache-2.0
#include "testkit/connection.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::testkit {

Connection::Connection(rpc::Flights &flights)
    : m_session(flights, *this, {u"test"_s, {}, u"testkit"_s})
{}

Connection::~Connection() = default;

qint64 Connection::call(const QString &method, const QCborMap &params)
{
    const qint64 number = ++m_lastNumber;
    const QCborMap message{
        {u"jsonrpc"_s, u"2.0"_s}, {u"id"_s, number}, {u"method"_s, method}, {u"params"_s, params}};
    m_session.receive(QCborValue(message).toCbor(), rpc::Form::cbor);
    return number;
}

void Connection::send(const QByteArray &bytes, rpc::Form)
{
    const QCborMap message = QCborValue::fromCbor(bytes).toMap();
    if (const qint64 number = message.value(u"id"_s).toInteger(); number != 0) {
        const QCborValue error = message.value(u"error"_s);
        const rpc::Outcome outcome = error.isMap()
                                         ? rpc::Outcome(rpc::failureFromCbor(error.toMap()))
                                         : rpc::Outcome(message.value(u"result"_s));
        m_answers.emplace(number, outcome);
        return;
    }
    const QCborMap params = message.value(u"params"_s).toMap();
    const auto subscription = std::uint64_t(params.value(u"subscription"_s).toInteger());
    if (message.value(u"method"_s).toString() == "rpc.ended"_L1)
        m_ends.emplace(subscription, rpc::failureFromCbor(params.value(u"error"_s).toMap()));
    else
        m_events[subscription].push_back(params.value(u"event"_s));
}

void Connection::cut(const QString &why)
{
    qFatal("testkit: the connection broke a bound: %s", qUtf8Printable(why));
}

std::optional<rpc::Outcome> Connection::takeAnswer(qint64 number)
{
    const auto found = m_answers.find(number);
    if (found == m_answers.end())
        return std::nullopt;
    rpc::Outcome outcome = std::move(found->second);
    m_answers.erase(found);
    return outcome;
}

std::deque<QCborValue> Connection::takeEvents(std::uint64_t subscription)
{
    return std::exchange(m_events[subscription], {});
}

std::optional<rpc::Failure> Connection::endOf(std::uint64_t subscription) const
{
    const auto found = m_ends.find(subscription);
    return found == m_ends.end() ? std::nullopt : std::optional(found->second);
}

} // namespace coffer::testkit
