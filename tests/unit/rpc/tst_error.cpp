// SPDX-License-Identifier: Apache-2.0
#include "rpc/error.h"

#include <QSet>
#include <QTest>

using namespace coffer;
using namespace coffer::rpc;
using namespace Qt::StringLiterals;

class TestError : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void codes_haveNamesAndNumbersOfTheirOwn();
    void failure_survivesTheWire();
    void failure_ofGarbageIsInternal();
    void failure_ofARoomBelow_data();
    void failure_ofARoomBelow();
};

void TestError::codes_haveNamesAndNumbersOfTheirOwn()
{
    QSet<QString> names;
    QSet<int> numbers;
    for (int i = 0; i <= int(Code::internal); ++i) {
        const Code code = Code(i);
        names.insert(QString(nameOf(code)));
        numbers.insert(numberOf(code));
        QCOMPARE(codeNamed(QString(nameOf(code))), code);
        QVERIFY(httpStatusOf(code) >= 400);
    }
    QCOMPARE(names.size(), int(Code::internal) + 1);
    QCOMPARE(numbers.size(), int(Code::internal) + 1);
    QCOMPARE(nameOf(Code::invalidArgument), "INVALID_ARGUMENT"_L1);
    QCOMPARE(nameOf(Code::internal), "INTERNAL"_L1);
    QVERIFY(!codeNamed(u"NONE"));
}

void TestError::failure_survivesTheWire()
{
    Failure failure = Failure::of(Code::compacted, u"Too old."_s);
    failure.details.insert(u"floor"_s, 17);
    failure.retryAfter = std::chrono::milliseconds(5);
    failure.outcome = WriteOutcome::failed;
    QCOMPARE(failureFromCbor(toCbor(failure)), failure);
    const Failure unavailable = Failure::of(Code::unavailable, u"No leader."_s);
    QVERIFY(unavailable.isRetryable);
    QCOMPARE(failureFromCbor(toCbor(unavailable)), unavailable);
}

void TestError::failure_ofGarbageIsInternal()
{
    QCOMPARE(failureFromCbor({}).code, Code::internal);
    const QCborMap data{{u"code"_s, 1}, {u"retryAfterMs"_s, -5}, {u"outcome"_s, u"?"_s}};
    const Failure failure = failureFromCbor({{u"message"_s, 3}, {u"data"_s, data}});
    QCOMPARE(failure, Failure());
}

void TestError::failure_ofARoomBelow_data()
{
    QTest::addColumn<int>("from");
    QTest::addColumn<int>("code");
    const auto row = [](const char *name, ErrorCode from, Code code) {
        QTest::newRow(name) << int(from) << int(code);
    };
    row("invalid", ErrorCode::invalid, Code::invalidArgument);
    row("unavailable", ErrorCode::unavailable, Code::unavailable);
    row("no space", ErrorCode::noSpace, Code::unavailable);
    row("unknown", ErrorCode::unknown, Code::unknownOutcome);
    row("sync failed", ErrorCode::syncFailed, Code::unknownOutcome);
    row("refused", ErrorCode::refused, Code::refused);
    row("not found", ErrorCode::notFound, Code::notFound);
    row("corrupt", ErrorCode::corrupt, Code::internal);
}

void TestError::failure_ofARoomBelow()
{
    QFETCH(int, from);
    QFETCH(int, code);
    const Outcome outcome = Error{ErrorCode(from), u"why"_s};
    QCOMPARE(int(outcome.error().code), code);
    QCOMPARE(outcome.error().message, u"why"_s);
    QCOMPARE(outcome.error().outcome == WriteOutcome::unknown,
             outcome.error().code == Code::unknownOutcome);
}

QTEST_GUILESS_MAIN(TestError)
#include "tst_error.moc"
