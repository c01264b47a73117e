// SPDX-License-Identifier: Apache-2.0
#include "unit/store/watch_world.h"

#include <QTest>

using namespace coffer::store::test;

class TestWatchesWorld : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void watchers_seeWhatHappened();
    void sameSeed_sameOutcome();
};

static std::uint64_t seed()
{
    const QByteArray given = qgetenv("COFFER_TEST_SEED");
    const std::uint64_t seed = given.isEmpty() ? 20'240'613 : given.toULongLong();
    qInfo("COFFER_TEST_SEED=%llu", static_cast<unsigned long long>(seed));
    return seed;
}

void TestWatchesWorld::watchers_seeWhatHappened()
{
    const std::uint64_t first = seed();
    WatchWorld::Outcome sum;
    for (std::uint64_t run = 0; run < 200; ++run) {
        const WatchWorld::Outcome outcome = WatchWorld(first + run).run(600);
        QVERIFY2(outcome.violations.isEmpty(),
                 qPrintable(QStringLiteral("seed %1: ").arg(first + run)
                            + outcome.violations.join('\n')));
        sum.events += outcome.events;
        sum.compacted += outcome.compacted;
        sum.installed += outcome.installed;
    }
    // Otherwise nothing was shown.
    QVERIFY2(sum.events > 20'000, QByteArray::number(qulonglong(sum.events)));
    QVERIFY2(sum.compacted > 500, QByteArray::number(qulonglong(sum.compacted)));
    QVERIFY2(sum.installed > 200, QByteArray::number(qulonglong(sum.installed)));
}

void TestWatchesWorld::sameSeed_sameOutcome()
{
    const WatchWorld::Outcome one = WatchWorld(seed()).run(2'000);
    const WatchWorld::Outcome two = WatchWorld(seed()).run(2'000);
    QCOMPARE(one.events, two.events);
    QCOMPARE(one.compacted, two.compacted);
}

QTEST_GUILESS_MAIN(TestWatchesWorld)

#include "tst_watches_world.moc"
