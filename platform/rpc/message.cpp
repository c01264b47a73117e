// SPDX-License-Identifier: Apache-2.0
#include "rpc/message.h"

#include "base/cbor.h"
#include "rpc/json.h"
#include "rpc/limits.h"

#include <QCborArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

using Item = std::variant<Request, BadRequest>;

BadRequest invalid(const QCborValue &id, const QString &why)
{
    return {.id = id, .failure = Failure::of(Code::invalidRequest, why)};
}

Message unreadable(Code code, const QString &why)
{
    return {.calls = {BadRequest{.failure = Failure::of(code, why)}}};
}

/// The members of a request, whichever form they came in.
struct Members
{
    QCborValue version, id, method, deadline, trace;
    bool hasId = false;
    bool hasParams = false;
    bool isByName = true;
};

bool isId(const QCborValue &id)
{
    return id.isNull() || id.isInteger()
           || (id.isString() && id.toString().size() <= limits::idBytesMax);
}

Item judge(const Members &members, std::variant<Params, QJsonObject> params)
{
    const QCborValue id = members.hasId && isId(members.id) ? members.id : QCborValue(nullptr);
    if (members.version != QCborValue(u"2.0"_s))
        return invalid(id, u"expected \"jsonrpc\": \"2.0\""_s);
    if (members.hasId && !isId(members.id))
        return invalid(id,
                       u"id: expected a text of at most %1 characters, an integer or null"_s.arg(
                           limits::idBytesMax));
    if (!members.method.isString())
        return invalid(id, u"method: expected a text"_s);
    if (!members.isByName)
        return BadRequest{.id = id,
                          .failure = Failure::of(Code::invalidArgument,
                                                 u"params: expected an object; parameters have "
                                                 "names here"_s)};
    if (!members.deadline.isUndefined()
        && (!members.deadline.isInteger() || members.deadline.toInteger() < 1))
        return invalid(id, u"deadlineMs: expected an integer of at least 1"_s);
    Request request{.id = {}, .method = members.method.toString(), .params = std::move(params)};
    if (members.hasId)
        request.id = members.id;
    if (members.deadline.isInteger())
        request.deadlineMs = members.deadline.toInteger();
    // A trace id that cannot be read is none: tracing must not make calls fail.
    if (isTraceparent(members.trace.toString()))
        request.traceparent = members.trace.toString().toLatin1();
    return request;
}

Item readCall(const QCborValue &value)
{
    if (!value.isMap())
        return invalid(nullptr, u"expected a map with jsonrpc, method, params and id"_s);
    const QCborMap map = value.toMap();
    const QCborValue params = map.value(u"params"_s);
    const Members members{.version = map.value(u"jsonrpc"_s),
                          .id = map.value(u"id"_s),
                          .method = map.value(u"method"_s),
                          .deadline = map.value(u"deadlineMs"_s),
                          .trace = map.value(u"traceparent"_s),
                          .hasId = map.contains(u"id"_s),
                          .hasParams = !params.isUndefined(),
                          .isByName = params.isUndefined() || params.isMap()};
    return judge(members, params.toMap());
}

QCborValue scalar(const QJsonValue &json)
{
    if (json.isUndefined())
        return {};
    if (json.isString())
        return json.toString();
    if (json.isDouble() && json.toVariant().typeId() == QMetaType::LongLong)
        return json.toInteger();
    return json.isNull() ? QCborValue(nullptr) : QCborValue(false);
}

Item readCall(const QJsonValue &value)
{
    if (!value.isObject())
        return invalid(nullptr, u"expected an object with jsonrpc, method, params and id"_s);
    const QJsonObject object = value.toObject();
    const QJsonValue params = object.value("params"_L1);
    const Members members{.version = scalar(object.value("jsonrpc"_L1)),
                          .id = scalar(object.value("id"_L1)),
                          .method = scalar(object.value("method"_L1)),
                          .deadline = scalar(object.value("deadlineMs"_L1)),
                          .trace = scalar(object.value("traceparent"_L1)),
                          .hasId = object.contains("id"_L1),
                          .hasParams = !params.isUndefined(),
                          .isByName = params.isUndefined() || params.isObject()};
    return judge(members, params.toObject());
}

template<class Array>
Message readBatch(const Array &array)
{
    if (array.isEmpty())
        return unreadable(Code::invalidRequest, u"a batch has at least one call"_s);
    if (array.size() > limits::batchCallsMax)
        return unreadable(
            Code::limit,
            u"%1 calls in a batch, at most %2"_s.arg(array.size()).arg(limits::batchCallsMax));
    Message message{.isBatch = true};
    for (qsizetype i = 0; i < array.size(); ++i)
        message.calls.push_back(readCall(array.at(i)));
    return message;
}

Message readJson(const QByteArray &bytes)
{
    if (const auto why = refuteJsonSize(bytes))
        return unreadable(Code::limit, *why);
    QJsonParseError fault;
    const QJsonDocument document = QJsonDocument::fromJson(bytes, &fault);
    if (fault.error != QJsonParseError::NoError)
        return unreadable(Code::parseError,
                          u"not JSON: %1 at byte %2"_s.arg(fault.errorString()).arg(fault.offset));
    if (document.isArray())
        return readBatch(document.array());
    return {.calls = {readCall(QJsonValue(document.object()))}};
}

/// The form that nearly all calls have, without a map of all of it; nothing for any other.
std::optional<Request> readPlainCall(const QByteArray &bytes)
{
    const auto call = cbor::MapReader::of(bytes);
    if (!call || cbor::textOf(call->value("jsonrpc")) != "2.0"_ba)
        return std::nullopt;
    const auto id = cbor::numberOf(call->value("id"));
    const auto method = cbor::textOf(call->value("method"));
    const QByteArrayView params = call->value("params");
    const QByteArrayView deadline = call->value("deadlineMs");
    const auto deadlineMs = cbor::numberOf(deadline);
    const bool isTimed = deadlineMs && *deadlineMs >= 1;
    if (!id || !method || !cbor::isMap(params) || (!deadline.isEmpty() && !isTimed)
        || !call->value("traceparent").isEmpty())
        return std::nullopt;
    return Request{.id = QCborValue(qint64(*id)),
                   .method = QString::fromUtf8(*method),
                   .params = Params::of(params.toByteArray()),
                   .deadlineMs = deadlineMs,
                   .takesEncoded = true};
}

Message readCbor(const QByteArray &bytes)
{
    if (const auto why = refuteCbor(bytes))
        return unreadable(Code::parseError, u"not CBOR: "_s + *why);
    if (auto call = readPlainCall(bytes))
        return {.calls = {std::move(*call)}};
    QCborParserError fault;
    const QCborValue value = QCborValue::fromCbor(bytes, &fault);
    if (fault.error != QCborError::NoError)
        return unreadable(Code::parseError, u"not CBOR: "_s + fault.errorString());
    return value.isArray() ? readBatch(value.toArray()) : Message{.calls = {readCall(value)}};
}

} // namespace

bool isTraceparent(const QString &text)
{
    static const QRegularExpression form(
        QStringLiteral("\\A00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\\z"));
    return text.size() == 55 && form.match(text).hasMatch();
}

Message readMessage(const QByteArray &bytes, Form form)
{
    if (std::size_t(bytes.size()) > limits::messageBytesMax)
        return unreadable(
            Code::limit,
            u"%1 bytes in a message, at most %2"_s.arg(bytes.size()).arg(limits::messageBytesMax));
    return form == Form::json ? readJson(bytes) : readCbor(bytes);
}

QByteArray writeAnswer(const QCborValue &id, const Outcome &outcome, Form form)
{
    if (form == Form::json) {
        QCborMap answer{{u"jsonrpc"_s, u"2.0"_s}, {u"id"_s, id}};
        if (outcome)
            answer.insert(u"result"_s, outcome->isUndefined() ? QCborValue(nullptr) : *outcome);
        else
            answer.insert(u"error"_s, toCbor(outcome.error()));
        return write(answer, form);
    }
    cbor::MapWriter answer;
    answer.text("jsonrpc", "2.0");
    if (id.isInteger())
        answer.number("id", id.toInteger());
    else
        answer.item("id", id.toCbor());
    if (!outcome)
        answer.item("error", toCbor(outcome.error()).toCborValue().toCbor());
    else
        answer.item("result", itemOf(outcome->isUndefined() ? QCborValue(nullptr) : *outcome));
    return answer.take();
}

QByteArray writeEvent(std::uint64_t id, const QCborValue &event, const QCborValue &resume,
                      Form form)
{
    if (form == Form::json) {
        QCborMap params{{u"subscription"_s, qint64(id)}, {u"event"_s, decoded(event)}};
        if (!resume.isUndefined())
            params.insert(u"resume"_s, resume);
        return write(notificationOf(u"rpc.event"_s, params), form);
    }
    const QByteArray item = itemOf(event);
    cbor::MapWriter notification(item.size() + 96);
    notification.text("jsonrpc", "2.0");
    notification.text("method", "rpc.event");
    notification.map("params", resume.isUndefined() ? 2 : 3);
    notification.number("subscription", qint64(id));
    notification.item("event", item);
    if (resume.isInteger())
        notification.number("resume", resume.toInteger());
    else if (!resume.isUndefined())
        notification.item("resume", resume.toCbor());
    return notification.take();
}

QCborMap notificationOf(const QString &method, const QCborMap &params)
{
    return {{u"jsonrpc"_s, u"2.0"_s}, {u"method"_s, method}, {u"params"_s, params}};
}

QByteArray write(const QCborValue &message, Form form)
{
    if (form == Form::cbor)
        return message.toCbor();
    const QJsonValue json = toJson(message);
    const QJsonDocument document =
        json.isArray() ? QJsonDocument(json.toArray()) : QJsonDocument(json.toObject());
    return document.toJson(QJsonDocument::Compact);
}

} // namespace coffer::rpc
