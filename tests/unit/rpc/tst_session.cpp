// SPDX-License-Identifier: Apache-2.0
#include "rpc/limits.h"
#include "unit/rpc/stage.h"

#include <QCborArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace coffer;
using namespace coffer::rpc;
using namespace Qt::StringLiterals;

namespace {

QJsonObject object(const QByteArray &json) { return QJsonDocument::fromJson(json).object(); }

QString codeIn(const QByteArray &json)
{
    return object(json)["error"_L1]["data"_L1]["code"_L1].toString();
}

QByteArray call(const QByteArray &method, const QByteArray &params = "{}",
                const QByteArray &id = "1")
{
    return R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params + R"(,"id":)" + id
           + "}";
}

} // namespace

class TestSession : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void call_isAnsweredWithItsId_data();
    void call_isAnsweredWithItsId();
    void errors_areThoseOfTheSpecification_data();
    void errors_areThoseOfTheSpecification();
    void notification_isNeverAnswered_data();
    void notification_isNeverAnswered();
    void batch_isAnsweredTogether();
    void batch_withoutIdsIsNotAnswered();
    void batch_waitsForItsSlowest();
    void cbor_isAnsweredInCbor();
    void bytes_comeAsTextOrBase64();
    void integers_stayExact();
    void handler_thatThrowsIsInternal();
    void failure_ofAWriteSaysItsOutcome_data();
    void failure_ofAWriteSaysItsOutcome();
    void deadline_isAnsweredAtOnceAndTheLateAnswerDropped();
    void deadline_ofTheCallerIsShorter();
    void hangUp_beforeTheAnswerIsHarmless();
    void inFlight_isBounded();
    void backlog_isRefusedThenCut();
    void registration_takesTheMethodBack();
    void subscription_sendsAfterItsAnswer();
    void subscription_stopsWithoutRoom();
    void subscription_isCancelledByNumber();
    void subscription_endsWithTheConnection();
    void subscription_ofAFailedCallEnds();
    void subscription_ofADeadCallEnds();
    void discover_listsMethods();
    void authorize_isAsked();
    void observer_hearsOfEachCall();
    void largeAnswers_areMadeAsTheyAreFetched();
    void largeAnswers_whoseReaderIsGoneAreNotMade();
    void batch_isBoundedInBytes();
    void answers_leaveAtOnceWhereTheyAreTheLast();
    void handler_mayOutliveEverythingElse();
};

void TestSession::call_isAnsweredWithItsId_data()
{
    QTest::addColumn<QByteArray>("id");
    QTest::newRow("integer") << QByteArray("7");
    QTest::newRow("large integer") << QByteArray("9223372036854775807");
    QTest::newRow("text") << QByteArray(R"("a-1")");
    QTest::newRow("null") << QByteArray("null");
}

void TestSession::call_isAnsweredWithItsId()
{
    QFETCH(QByteArray, id);
    Stage stage;
    const QByteArray answer = stage.say(call("test.add", R"({"a":1,"b":2})", id));
    QCOMPARE(answer, R"({"id":)" + id + R"(,"jsonrpc":"2.0","result":{"sum":3}})");
}

void TestSession::errors_areThoseOfTheSpecification_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<int>("number");
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, const QByteArray &message, int number, const char *code) {
        QTest::newRow(name) << message << number << QString::fromLatin1(code);
    };
    row("not JSON", R"({"jsonrpc": "2.0", "method": "foobar, "params")", -32700, "PARSE_ERROR");
    row("empty", "", -32700, "PARSE_ERROR");
    row("bad UTF-8", "{\"jsonrpc\":\"\xff\"}", -32700, "PARSE_ERROR");
    row("method is a number", R"({"jsonrpc":"2.0","method":1,"id":1})", -32600, "INVALID_REQUEST");
    row("other version", R"({"jsonrpc":"1.0","method":"test.echo","id":1})", -32600,
        "INVALID_REQUEST");
    row("no version", R"({"method":"test.echo","id":1})", -32600, "INVALID_REQUEST");
    row("id is an object", R"({"jsonrpc":"2.0","method":"test.echo","id":{}})", -32600,
        "INVALID_REQUEST");
    row("id is a fraction", R"({"jsonrpc":"2.0","method":"test.echo","id":1.5})", -32600,
        "INVALID_REQUEST");
    row("deadline is a text", R"({"jsonrpc":"2.0","method":"test.echo","id":1,"deadlineMs":"x"})",
        -32600, "INVALID_REQUEST");
    row("empty batch", "[]", -32600, "INVALID_REQUEST");
    row("no such method", call("test.nothing"), -32601, "METHOD_NOT_FOUND");
    row("by position", call("test.add", "[1,2]"), -32602, "INVALID_ARGUMENT");
    row("params are a text", call("test.add", R"("a")"), -32602, "INVALID_ARGUMENT");
    row("missing parameter", call("test.add", R"({"a":1})"), -32602, "INVALID_ARGUMENT");
    row("unknown parameter", call("test.add", R"({"a":1,"b":2,"c":3})"), -32602,
        "INVALID_ARGUMENT");
    row("too deep", QByteArray(65, '[') + QByteArray(65, ']'), -32010, "LIMIT");
    row("too many", '[' + QByteArray("0,").repeated(limits::messageItemsMax) + "0]", -32010,
        "LIMIT");
    row("too large", ' ' + QByteArray(qsizetype(limits::messageBytesMax), ' '), -32010, "LIMIT");
    row("batch too large", '[' + QByteArray("1,").repeated(limits::batchCallsMax) + "1]", -32010,
        "LIMIT");
}

void TestSession::errors_areThoseOfTheSpecification()
{
    QFETCH(QByteArray, message);
    QFETCH(int, number);
    QFETCH(QString, code);
    Stage stage;
    const QByteArray answer = stage.say(message);
    QCOMPARE(object(answer)["error"_L1]["code"_L1].toInt(), number);
    QCOMPARE(codeIn(answer), code);
    QVERIFY(!object(answer)["error"_L1]["message"_L1].toString().isEmpty());
    QVERIFY(object(answer).contains("id"_L1));
}

void TestSession::notification_isNeverAnswered_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::newRow("good") << QByteArray(R"({"jsonrpc":"2.0","method":"test.echo"})");
    QTest::newRow("unknown") << QByteArray(R"({"jsonrpc":"2.0","method":"test.nothing"})");
    QTest::newRow("throws") << QByteArray(R"({"jsonrpc":"2.0","method":"test.throw"})");
    QTest::newRow("bad parameters") << QByteArray(R"({"jsonrpc":"2.0","method":"test.add"})");
}

void TestSession::notification_isNeverAnswered()
{
    QFETCH(QByteArray, message);
    Stage stage;
    QCOMPARE(stage.say(message), QByteArray());
}

void TestSession::batch_isAnsweredTogether()
{
    Stage stage;
    const QByteArray answer =
        stage.say('[' + call("test.add", R"({"a":1,"b":2})", "1") + ','
                  + R"({"jsonrpc":"2.0","method":"test.echo"})" + ",1," + R"({"foo":"boo"})" + ','
                  + call("no.method", "{}", "5") + ']');
    const QJsonArray answers = QJsonDocument::fromJson(answer).array();
    QCOMPARE(answers.size(), 4);
    QCOMPARE(answers.at(0)["result"_L1]["sum"_L1].toInt(), 3);
    QCOMPARE(answers.at(1)["error"_L1]["code"_L1].toInt(), -32600);
    QVERIFY(answers.at(1)["id"_L1].isNull());
    QCOMPARE(answers.at(2)["error"_L1]["code"_L1].toInt(), -32600);
    QCOMPARE(answers.at(3)["error"_L1]["code"_L1].toInt(), -32601);
    QCOMPARE(answers.at(3)["id"_L1].toInt(), 5);
}

void TestSession::batch_withoutIdsIsNotAnswered()
{
    Stage stage;
    QCOMPARE(stage.say(R"([{"jsonrpc":"2.0","method":"test.echo"},
                           {"jsonrpc":"2.0","method":"no.method"}])"),
             QByteArray());
}

void TestSession::batch_waitsForItsSlowest()
{
    Stage stage;
    QCOMPARE(
        stage.say('[' + call("test.wait", "{}", "1") + ',' + call("test.echo", "{}", "2") + ']'),
        QByteArray());
    stage.release();
    QCOMPARE(stage.pipe.sent.size(), 1);
    QCOMPARE(QJsonDocument::fromJson(stage.pipe.sent.first()).array().size(), 2);
}

void TestSession::cbor_isAnsweredInCbor()
{
    Stage stage;
    const QCborMap request{
        {u"jsonrpc"_s, u"2.0"_s},
        {u"id"_s, 4},
        {u"method"_s, u"test.put"_s},
        {u"params"_s, QCborMap{{u"path"_s, u"/a"_s}, {u"value"_s, QByteArray("\xff\0b", 3)}}}};
    stage.session->receive(QCborValue(request).toCbor(), Form::cbor);
    QCOMPARE(stage.pipe.sent.size(), 1);
    const QCborMap answer = QCborValue::fromCbor(stage.pipe.sent.first()).toMap();
    QCOMPARE(answer["result"_L1]["value"_L1].toByteArray(), QByteArray("\xff\0b", 3));

    stage.pipe.sent.clear();
    QCborMap text = request;
    text[u"params"_s] = QCborMap{{u"path"_s, u"/a"_s}, {u"value"_s, u"text"_s}};
    stage.session->receive(QCborValue(text).toCbor(), Form::cbor);
    const QCborMap refused = QCborValue::fromCbor(stage.pipe.sent.first()).toMap();
    QCOMPARE(refused["error"_L1]["code"_L1].toInteger(), -32602);
    QCOMPARE(refused["error"_L1]["message"_L1].toString(),
             u"value: expected a byte string, found a text"_s);
}

void TestSession::bytes_comeAsTextOrBase64()
{
    Stage stage;
    const auto result = [&stage](const QByteArray &params) {
        return QJsonDocument(object(stage.say(call("test.put", params)))["result"_L1].toObject())
            .toJson(QJsonDocument::Compact);
    };
    QCOMPARE(result(R"({"path":"/a","value":"\u00e9"})"), "{\"value\":\"\xc3\xa9\"}");
    QCOMPARE(result(R"({"path":"/a","valueBase64":"/w=="})"), R"({"valueBase64":"/w=="})");
    QCOMPARE(result(R"({"path":"/a","valueBase64":"YQ=="})"), R"({"value":"a"})");
    QCOMPARE(codeIn(stage.say(call("test.put", R"({"path":"/a","valueBase64":"!"})"))),
             u"INVALID_ARGUMENT"_s);
    QCOMPARE(codeIn(stage.say(call("test.put", R"({"path":"/a","value":"a","valueBase64":""})"))),
             u"INVALID_ARGUMENT"_s);
}

void TestSession::integers_stayExact()
{
    Stage stage;
    const QByteArray answer = stage.say(
        call("test.echo", R"({"a":9007199254740993,"b":-9223372036854775808,"c":1.5,"d":1e3})"));
    QCOMPARE(answer, R"({"id":1,"jsonrpc":"2.0","result":{"a":9007199254740993,)"
                     R"("b":-9223372036854775808,"c":1.5,"d":1000}})");
    QCOMPARE(codeIn(stage.say(call("test.add", R"({"a":9223372036854775808,"b":1})"))),
             u"INVALID_ARGUMENT"_s);
}

void TestSession::handler_thatThrowsIsInternal()
{
    Stage stage;
    const QByteArray answer = stage.say(call("test.throw"));
    QCOMPARE(codeIn(answer), u"INTERNAL"_s);
    QVERIFY(!answer.contains("a bug"));
    QCOMPARE(stage.flights.inFlight(), 0);
}

void TestSession::failure_ofAWriteSaysItsOutcome_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<QString>("outcome");
    QTest::newRow("conflict") << call("test.failWrite", R"({"code":"CONFLICT"})") << u"failed"_s;
    QTest::newRow("unknown") << call("test.failWrite", R"({"code":"UNKNOWN_OUTCOME"})")
                             << u"unknown"_s;
    QTest::newRow("throws") << call("test.throwWrite") << u"unknown"_s;
    QTest::newRow("bad parameters") << call("test.put") << u"failed"_s;
    QTest::newRow("of a read") << call("test.fail", R"({"code":"CONFLICT"})") << QString();
}

void TestSession::failure_ofAWriteSaysItsOutcome()
{
    QFETCH(QByteArray, message);
    QFETCH(QString, outcome);
    Stage stage;
    const QJsonObject answer = object(stage.say(message));
    QCOMPARE(answer["error"_L1]["data"_L1]["outcome"_L1].toString(), outcome);
}

void TestSession::deadline_isAnsweredAtOnceAndTheLateAnswerDropped()
{
    Stage stage;
    QCOMPARE(stage.say(call("test.waitWrite")), QByteArray());
    stage.clock.now += std::chrono::milliseconds(4999);
    stage.flights.expire();
    QCOMPARE(stage.pipe.sent.size(), 0);
    stage.clock.now += std::chrono::milliseconds(1);
    stage.flights.expire();
    QCOMPARE(codeIn(stage.pipe.sent.value(0)), u"DEADLINE"_s);
    QCOMPARE(object(stage.pipe.sent.value(0))["error"_L1]["data"_L1]["outcome"_L1], u"unknown"_s);
    QCOMPARE(stage.cancelled, 1);
    QCOMPARE(stage.flights.inFlight(), 1); // its handler has not finished
    stage.release();
    QCOMPARE(stage.pipe.sent.size(), 1);
    QCOMPARE(stage.flights.inFlight(), 0);
}

void TestSession::deadline_ofTheCallerIsShorter()
{
    Stage stage;
    stage.say(R"({"jsonrpc":"2.0","method":"test.wait","id":1,"deadlineMs":10})");
    stage.clock.now += std::chrono::milliseconds(10);
    stage.flights.expire();
    QCOMPARE(codeIn(stage.pipe.sent.value(0)), u"DEADLINE"_s);
}

void TestSession::hangUp_beforeTheAnswerIsHarmless()
{
    Stage stage;
    stage.say(call("test.wait"));
    stage.hangUp();
    QCOMPARE(stage.cancelled, 1);
    stage.release();
    QCOMPARE(stage.pipe.sent.size(), 0);
    QCOMPARE(stage.flights.inFlight(), 0);
}

void TestSession::inFlight_isBounded()
{
    Stage stage;
    for (int i = 0; i < limits::callsInFlightMax; ++i)
        QCOMPARE(stage.say(call("test.wait")), QByteArray());
    const QJsonObject refused = object(stage.say(call("test.wait")));
    QCOMPARE(refused["error"_L1]["data"_L1]["code"_L1], u"UNAVAILABLE"_s);
    QVERIFY(refused["error"_L1]["data"_L1]["retryable"_L1].toBool());
    QVERIFY(refused["error"_L1]["data"_L1]["retryAfterMs"_L1].toInt() > 0);
    QCOMPARE(stage.waiting, limits::callsInFlightMax);
    stage.release();
    QCOMPARE(stage.pipe.sent.size(), 1 + limits::callsInFlightMax);
    QVERIFY(stage.say(call("test.echo")).contains("result"));
}

void TestSession::backlog_isRefusedThenCut()
{
    Stage stage;
    stage.pipe.unsent = limits::backlogBytesMax + 1;
    QCOMPARE(codeIn(stage.say(call("test.echo"))), u"UNAVAILABLE"_s);
    stage.pipe.unsent = limits::backlogBytesCut + 1;
    QCOMPARE(stage.say(call("test.echo")), QByteArray());
    QVERIFY(!stage.pipe.cutBecause.isEmpty());
}

void TestSession::registration_takesTheMethodBack()
{
    Stage stage;
    stage.say(call("test.wait"));
    const auto found = std::find_if(stage.registrations.begin(), stage.registrations.end(),
                                    [](const Registration &one) { return one.inFlight() == 1; });
    QVERIFY(found != stage.registrations.end());
    found->reset();
    QCOMPARE(codeIn(stage.say(call("test.wait"))), u"METHOD_NOT_FOUND"_s);
    stage.release(); // the call in flight goes on
    QVERIFY(stage.pipe.sent.value(1).contains("result"));
    QCOMPARE(found->inFlight(), 0);
}

void TestSession::subscription_sendsAfterItsAnswer()
{
    Stage stage;
    stage.say('[' + call("test.follow", R"({"count":2,"size":1})", "1") + ','
              + call("test.echo", "{}", "2") + ']');
    QCOMPARE(stage.pipe.sent.size(), 4);
    QVERIFY(stage.pipe.sent[0].startsWith('['));
    QCOMPARE(stage.pipe.sent[1], R"({"jsonrpc":"2.0","method":"rpc.event",)"
                                 R"("params":{"event":"x","resume":0,"subscription":1}})");
    const QJsonObject end = object(stage.pipe.sent[3]);
    QCOMPARE(end["method"_L1].toString(), u"rpc.ended"_s);
    QCOMPARE(end["params"_L1]["error"_L1]["data"_L1]["code"_L1].toString(), u"COMPACTED"_s);
    QCOMPARE(stage.session->subscriptionCount(), 0U);
}

void TestSession::subscription_stopsWithoutRoom()
{
    Stage stage;
    stage.pipe.isStuck = true;
    stage.say(call("test.follow", R"({"count":1000,"size":100000})"));
    const qint64 first = stage.sentEvents;
    QVERIFY(first >= limits::unsentBytesMax / 100'100);
    QVERIFY(first <= limits::unsentBytesMax / 100'000 + 1);
    stage.session->drained();
    QCOMPARE(stage.sentEvents, first); // nothing has left
    stage.pipe.unsent -= 100'000;
    stage.session->drained();
    QCOMPARE(stage.sentEvents, first + 1);
}

void TestSession::subscription_isCancelledByNumber()
{
    Stage stage;
    stage.pipe.isStuck = true;
    stage.say(call("test.follow", R"({"count":1000,"size":2000000})"));
    QCOMPARE(stage.sentEvents, 1);
    for (const char *number : {"2", "-1", "3e91", "\"1\"", "null"}) {
        const QByteArray params = R"({"subscription":)" + QByteArray(number) + '}';
        QCOMPARE(codeIn(stage.say(call("rpc.unsubscribe", params))), u"NOT_FOUND"_s);
    }
    QVERIFY(stage.say(call("rpc.unsubscribe", R"({"subscription":1})")).contains("result"));
    QCOMPARE(stage.closedProducers, 1);
    QCOMPARE(stage.session->subscriptionCount(), 0U);
}

void TestSession::subscription_endsWithTheConnection()
{
    Stage stage;
    stage.pipe.isStuck = true;
    stage.say(call("test.follow", R"({"count":1000,"size":2000000})"));
    stage.hangUp();
    QCOMPARE(stage.closedProducers, 1);
}

void TestSession::subscription_ofAFailedCallEnds()
{
    Stage stage;
    const QByteArray said = stage.say(call("test.follow", R"({"count":1,"size":1,"fail":true})"));
    QVERIFY(said.contains("NOT_FOUND"));
    QCOMPARE(stage.closedProducers, 1);
    QCOMPARE(stage.sentEvents, 0);
    QCOMPARE(stage.session->subscriptionCount(), 0U);
}

void TestSession::subscription_ofADeadCallEnds()
{
    Stage stage;
    stage.say('[' + call("test.follow", R"({"count":1,"size":1})", "1") + ','
              + call("test.wait", "{}", "2") + ']');
    QCOMPARE(stage.sentEvents, 0); // its answer waits for the other one
    stage.hangUp();
    QCOMPARE(stage.closedProducers, 1);
}

void TestSession::discover_listsMethods()
{
    Stage stage;
    const QJsonObject document = object(stage.say(call("rpc.discover")))["result"_L1].toObject();
    QCOMPARE(document["openrpc"_L1].toString(), u"1.2.6"_s);
    const QJsonArray methods = document["methods"_L1].toArray();
    QCOMPARE(methods.size(), qsizetype(stage.registrations.size() + 1));
    for (const QJsonValue method : methods) {
        const bool isFollow = method["name"_L1].toString() == "test.follow"_L1;
        QCOMPARE(method["x-subscription"_L1].toBool(), isFollow);
    }
}

void TestSession::authorize_isAsked()
{
    Stage stage;
    stage.registry.setAuthorize([](const Method &method, const Call &call) {
        return method.name == "test.put"_L1 && call.caller.name == "tester"_L1
                   ? std::optional(Failure::of(Code::denied, u"Rule 3 forbids it."_s))
                   : std::nullopt;
    });
    QCOMPARE(codeIn(stage.say(call("test.put", R"({"path":"/a","value":""})"))), u"DENIED"_s);
    QVERIFY(stage.say(call("test.echo")).contains("result"));
}

void TestSession::observer_hearsOfEachCall()
{
    Stage stage;
    QStringList heard;
    int alsoHeard = 0;
    stage.flights.addObserver(
        [&alsoHeard](const Method &, const Call &, const Outcome &, Monotonic) { ++alsoHeard; });
    stage.flights.addObserver(
        [&heard](const Method &method, const Call &call, const Outcome &outcome, Monotonic took) {
            heard += u"%1 %2 %3 %4"_s.arg(method.name, call.caller.name)
                         .arg(outcome ? u"ok"_s : QString(nameOf(outcome.error().code)))
                         .arg(took.count());
        });
    stage.say(call("test.echo"));
    stage.say(call("test.add", "{}"));
    stage.say(call("test.wait"));
    stage.clock.now += std::chrono::seconds(6);
    stage.flights.expire(); // answered, but not finished
    QCOMPARE(heard.size(), 2);
    stage.release();
    QCOMPARE(heard,
             (QStringList{u"test.echo tester ok 0"_s, u"test.add tester INVALID_ARGUMENT 0"_s,
                          u"test.wait tester ok 6000000"_s}));
    QCOMPARE(alsoHeard, 3);
}

void TestSession::largeAnswers_areMadeAsTheyAreFetched()
{
    Stage stage;
    for (int n = 0; n < limits::callsInFlightMax; ++n)
        stage.session->receive(call("test.large", R"({"size":500000})"), Form::json);
    stage.pipe.isStuck = true;
    stage.release();              // All of them could be answered in this turn.
    QCOMPARE(stage.madeLarge, 3); // The third found a little room.
    for (int made = 3; made < limits::callsInFlightMax;) {
        QVERIFY(stage.pipe.unsent < 2 * limits::unsentBytesMax);
        stage.pipe.unsent = limits::unsentBytesMax - 1;
        stage.session->drained();
        QCOMPARE(stage.madeLarge, ++made);
    }
    QCOMPARE(stage.pipe.sent.size(), limits::callsInFlightMax);
}

void TestSession::largeAnswers_whoseReaderIsGoneAreNotMade()
{
    Stage stage;
    stage.pipe.unsent = limits::unsentBytesMax;
    for (int n = 0; n < 3; ++n)
        stage.session->receive(call("test.large", R"({"size":9})"), Form::json);
    stage.release();
    stage.clock.now += std::chrono::seconds(6);
    stage.flights.expire();
    QCOMPARE(stage.flights.inFlight(), 0); // None of them waits for ever.
    QCOMPARE(stage.pipe.sent.size(), 3);
    stage.pipe.sent.clear();
    stage.session->receive(call("test.large", R"({"size":9})"), Form::json);
    stage.release();
    stage.hangUp();
    QCOMPARE(stage.flights.inFlight(), 0);
    QCOMPARE(stage.madeLarge, 0);
}

void TestSession::batch_isBoundedInBytes()
{
    Stage stage;
    QByteArrayList calls;
    for (int n = 0; n < 12; ++n)
        calls += call("test.large", R"({"size":1000000})", QByteArray::number(n));
    calls += call("test.put", R"({"path":"/a","value":"eA=="})", "12");
    stage.session->receive("[" + calls.join(',') + "]", Form::json);
    stage.release();
    QCOMPARE(stage.pipe.sent.size(), 1);
    const QJsonArray answers = QJsonDocument::fromJson(stage.pipe.sent[0]).array();
    QCOMPARE(answers.size(), 13);
    int given = 0;
    for (const auto &answer : answers) {
        const QJsonObject one = answer.toObject();
        given += int(one.contains("result"_L1));
        if (one.contains("error"_L1))
            QCOMPARE(one["error"_L1]["data"_L1]["code"_L1].toString(), u"LIMIT"_s);
        if (one["id"_L1].toInt() == 12)
            QVERIFY(one.contains("result"_L1)); // A write's is never lost.
    }
    QCOMPARE(given, 9);
}

/// What is answered while more calls may be read leaves with the turn of the loop.
void TestSession::answers_leaveAtOnceWhereTheyAreTheLast()
{
    Stage stage;
    stage.say(call("test.echo"));
    QVERIFY(stage.pipe.hurriedAt.isEmpty());
    stage.say(call("test.wait", "{}", "1"));
    stage.say(call("test.wait", "{}", "2"));
    QVERIFY(stage.pipe.hurriedAt.isEmpty());
    stage.release();
    QCOMPARE(stage.pipe.sent.size(), 2);
    QCOMPARE(stage.pipe.hurriedAt, QList<qsizetype>{2});
}

void TestSession::handler_mayOutliveEverythingElse()
{
    Stage stage;
    ListPipe pipe;
    auto flights = std::make_unique<Flights>(stage.registry, stage.clock);
    auto session = std::make_unique<Session>(*flights, pipe, Caller());
    session->receive(call("test.wait"), Form::json);
    QCOMPARE(stage.waiting, 1);
    session.reset();
    flights.reset();
    stage.release();
    QCOMPARE(stage.waiting, 0);
    QCOMPARE(pipe.sent.size(), 0);
}

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
