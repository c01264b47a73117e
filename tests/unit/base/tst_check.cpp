// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <QtTest>

#include <stdexcept>
#include <thread>

using namespace coffer;

[[noreturn]] static void throwIt(std::string_view file, int line, std::string_view what)
{
    throw std::logic_error(std::string(file) + ':' + std::to_string(line) + ' '
                           + std::string(what));
}

class TestCheck : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { setCheckHandler(nullptr); }
    void holding_callsNobody();
    void broken_tellsPlaceAndReason();
    void condition_isEvaluatedOnce();
    void handler_isOfOneThread();
    void setCheckHandler_returnsTheOneBefore();
};

void TestCheck::holding_callsNobody()
{
    setCheckHandler(throwIt);
    COFFER_CHECK(1 + 1 == 2, "arithmetic");
}

void TestCheck::broken_tellsPlaceAndReason()
{
    setCheckHandler(throwIt);
    try {
        COFFER_CHECK(false, "the reason");
        QFAIL("a broken invariant was passed");
    } catch (const std::logic_error &error) {
        const QByteArray message(error.what());
        QVERIFY(message.contains("tst_check.cpp:"));
        QVERIFY(message.endsWith("the reason"));
    }
}

void TestCheck::condition_isEvaluatedOnce()
{
    setCheckHandler(throwIt);
    int count = 0;
    COFFER_CHECK(++count == 1, "it must not be evaluated again");
    QCOMPARE(count, 1);
}

void TestCheck::handler_isOfOneThread()
{
    setCheckHandler(throwIt);
    CheckHandler other = throwIt;
    std::thread([&other] { other = setCheckHandler(nullptr); }).join();
    QVERIFY(other == nullptr);
    QVERIFY(setCheckHandler(nullptr) == throwIt);
}

void TestCheck::setCheckHandler_returnsTheOneBefore()
{
    QVERIFY(setCheckHandler(throwIt) == nullptr);
    QVERIFY(setCheckHandler(nullptr) == throwIt);
}

QTEST_APPLESS_MAIN(TestCheck)
#include "tst_check.moc"
