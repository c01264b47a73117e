// SPDX-License-Identifier: Apache-2.0
#include "testkit/main.h"
#include "testkit/virtual_loop.h"

#include <QPointer>
#include <QTimer>

using namespace coffer;
using namespace coffer::testkit;
using namespace std::chrono_literals;

class tst_virtual_loop : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void time_standsStillUnlessItIsMoved();
    void timers_fireInOrderOfTheirTimes();
    void timers_ofOneMomentFireInTheOrderOfTheirStart();
    void timer_thatAnotherStopsDoesNotFire();
    void timer_thatRepeatsKeepsItsInterval();
    void work_isDoneInOrderAndNeverFromWithin();
    void round_doesWhatIsPosted();
    void wait_movesTimeToWhatIsDueNext();
};

void tst_virtual_loop::time_standsStillUnlessItIsMoved()
{
    VirtualLoop &loop = VirtualLoop::instance();
    const Monotonic before = loop.monotonic();
    const WallMs wall = loop.wall();
    while (loop.round()) {}
    QCOMPARE(loop.monotonic(), before);
    loop.advanceTo(before + 1500ms);
    loop.advanceTo(before); // never back
    QCOMPARE(loop.monotonic(), before + 1500ms);
    QCOMPARE(loop.wall(), wall + 1500ms);
}

void tst_virtual_loop::timers_fireInOrderOfTheirTimes()
{
    QStringList fired;
    QObject context;
    QTimer::singleShot(30h, &context, [&] { fired += QStringLiteral("30 h"); });
    QTimer::singleShot(20min, &context, [&] { fired += QStringLiteral("20 min"); });
    QTimer::singleShot(10ms, &context, [&] { fired += QStringLiteral("10 ms"); });
    VirtualLoop::instance().runFor(25min);
    QCOMPARE(fired, QStringList({QStringLiteral("10 ms"), QStringLiteral("20 min")}));
    VirtualLoop::instance().runFor(30h);
    QCOMPARE(fired.last(), QStringLiteral("30 h"));
}

void tst_virtual_loop::timers_ofOneMomentFireInTheOrderOfTheirStart()
{
    QString fired;
    std::vector<std::unique_ptr<QTimer>> timers;
    for (const QChar name : QStringLiteral("dacb")) {
        auto &timer = timers.emplace_back(std::make_unique<QTimer>());
        timer->setSingleShot(true);
        connect(timer.get(), &QTimer::timeout, this, [&fired, name] { fired += name; });
        timer->start(5);
    }
    timers.front()->start(5); // anew: behind the others
    VirtualLoop::instance().runFor(5ms);
    QCOMPARE(fired, QStringLiteral("acbd"));
}

void tst_virtual_loop::timer_thatAnotherStopsDoesNotFire()
{
    QTimer first;
    QTimer second;
    int fired = 0;
    connect(&first, &QTimer::timeout, this, [&] {
        ++fired;
        first.stop();
        second.stop();
    });
    connect(&second, &QTimer::timeout, this, [&] { fired += 100; });
    first.start(5);
    second.start(5);
    VirtualLoop::instance().runFor(20ms);
    QCOMPARE(fired, 1);
}

void tst_virtual_loop::timer_thatRepeatsKeepsItsInterval()
{
    QTimer timer;
    int fired = 0;
    connect(&timer, &QTimer::timeout, this, [&] { ++fired; });
    timer.start(10);
    QCOMPARE(timer.remainingTime(), 10);
    VirtualLoop::instance().runFor(105ms);
    QCOMPARE(fired, 10);
    QCOMPARE(timer.remainingTime(), 5);
}

void tst_virtual_loop::work_isDoneInOrderAndNeverFromWithin()
{
    VirtualLoop &loop = VirtualLoop::instance();
    QString done;
    loop.after(300us, [&] { done += u'c'; });
    loop.after(0us, [&] {
        done += u'a';
        loop.after(0us, [&] { done += u'b'; });
    });
    QCOMPARE(done, QString());
    QVERIFY(loop.round());
    QCOMPARE(done, QStringLiteral("a"));
    QVERIFY(loop.round());
    QCOMPARE(done, QStringLiteral("ab"));
    QVERIFY(!loop.round());
    VirtualLoop::instance().runFor(1ms);
    QCOMPARE(done, QStringLiteral("abc"));
}

void tst_virtual_loop::round_doesWhatIsPosted()
{
    bool isDone = false;
    QMetaObject::invokeMethod(
        this, [&] { isDone = true; }, Qt::QueuedConnection);
    auto *object = new QObject;
    const QPointer<QObject> guard(object);
    object->deleteLater();
    QVERIFY(VirtualLoop::instance().round());
    QVERIFY(isDone);
    QVERIFY(!guard);
}

void tst_virtual_loop::wait_movesTimeToWhatIsDueNext()
{
    QEventLoop inner;
    QTimer::singleShot(24h, &inner, &QEventLoop::quit);
    const Monotonic before = VirtualLoop::instance().monotonic();
    inner.exec();
    QCOMPARE(VirtualLoop::instance().monotonic() - before, Monotonic(24h));
}

COFFER_TEST_MAIN(tst_virtual_loop)
#include "tst_virtual_loop.moc"
