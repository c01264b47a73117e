// SPDX-License-Identifier: Apache-2.0
#include "fuzz/rpc_input.h"

#include "base/check.h"
#include "rpc/session.h"
#include "support/hand_clock.h"

#include <QByteArrayList>
#include <QCborArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace coffer::fuzz {

using namespace rpc;
using namespace Qt::StringLiterals;

namespace {

class ListPipe final : public Pipe
{
public:
    void send(const QByteArray &message, Form) override { sent += message; }
    [[nodiscard]] qint64 unsentBytes() const override { return 0; }
    void cut(const QString &) override {}

    QByteArrayList sent;
};

[[nodiscard]] QCoro::Task<Outcome> echo(Call &call) { co_return QCborValue(call.params); }

/// A session whose methods have many forms of parameters.
class World
{
public:
    World()
    {
        add("a.b", R"({"type":"object"})");
        add("a.c", R"({"type":"object","required":["p"],"additionalProperties":false,"properties":{
            "p":{"type":"string","minLength":1,"maxLength":8,"pattern":"^/"},
            "v":{"type":"string","contentEncoding":"base64","maxLength":4},
            "n":{"type":"integer","minimum":0},
            "l":{"type":"array","items":{"oneOf":[{"type":"null"},{"$ref":"#"}]}},
            "e":{"enum":[1,"x",null]}}})");
    }

    HandClock clock;
    Registry registry;
    Flights flights{registry, clock};
    ListPipe pipe;
    Session session{flights, pipe, Caller()};

private:
    void add(const char *name, const QByteArray &params)
    {
        Method method{.name = QString::fromLatin1(name), .params = params};
        Result<Registration> added = registry.add(std::move(method), echo);
        COFFER_CHECK(added.has_value(), "a method was refused");
        m_registrations.push_back(std::move(*added));
    }

    std::vector<Registration> m_registrations;
};

QCborValue parse(const QByteArray &bytes, Form form)
{
    if (form == Form::cbor)
        return QCborValue::fromCbor(bytes);
    const QJsonDocument document = QJsonDocument::fromJson(bytes);
    return document.isArray() ? QCborValue(QCborArray::fromJsonArray(document.array()))
                              : QCborValue(QCborMap::fromJsonObject(document.object()));
}

void checkAnswer(const QCborValue &value)
{
    const QCborMap answer = value.toMap();
    COFFER_CHECK(answer.value(u"jsonrpc"_s).toString() == "2.0"_L1,
                 "an answer without its version");
    COFFER_CHECK(answer.contains(u"id"_s), "an answer without its id");
    COFFER_CHECK(answer.contains(u"result"_s) != answer.contains(u"error"_s), "both, or neither");
    const QCborMap error = answer.value(u"error"_s).toMap();
    COFFER_CHECK(error.isEmpty() || error.value(u"code"_s).isInteger(),
                 "an error without a number");
}

} // namespace

void feedSession(QByteArrayView input, Form form)
{
    World world;
    const QByteArray bytes = input.toByteArray();
    const Message message = readMessage(bytes, form);
    COFFER_CHECK(!message.calls.empty(), "a message without a call");
    std::size_t wanted = 0;
    for (const auto &call : message.calls) {
        const auto *request = std::get_if<Request>(&call);
        wanted += !request || request->id ? 1 : 0;
    }
    world.session.receive(bytes, form);
    COFFER_CHECK(world.flights.inFlight() == 0, "a call does not end");
    COFFER_CHECK(world.pipe.sent.size() == (wanted == 0 ? 0 : 1), "more or less than one answer");
    if (wanted == 0)
        return;
    const QCborValue answer = parse(world.pipe.sent.first(), form);
    COFFER_CHECK(answer.isArray() == message.isBatch, "a batch is answered by one");
    if (!message.isBatch)
        return checkAnswer(answer);
    COFFER_CHECK(std::size_t(answer.toArray().size()) == wanted, "answers are missing");
    for (const QCborValue &one : answer.toArray())
        checkAnswer(one);
}

} // namespace coffer::fuzz
