// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink.h"

#include <QTest>

using namespace coffer::sim;

class TestShrink : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runSimulation_isTheSameTwice()
    {
        RunOptions options;
        options.seed = 3;
        options.duration = std::chrono::seconds(3);
        QCOMPARE(runSimulation(options).hash, runSimulation(options).hash);
    }

    void shrunk_keepsARunThatNothingSmallerReproduces()
    {
        RunOptions options;
        options.seed = 3;
        options.duration = std::chrono::seconds(1);
        options.off.set();
        RunResult failed = runSimulation(options);
        QVERIFY(!failed.finding);
        failed.finding = Finding{QStringLiteral("P0"), QStringLiteral("made up")};
        const RunOptions same = shrunk(options, failed);
        QCOMPARE(same.seed, options.seed);
        QCOMPARE(same.duration, options.duration);
        QCOMPARE(same.off, options.off);
    }

    void makePlan_switchingOffChangesNothingElse()
    {
        const std::bitset<faultKinds> all = std::bitset<faultKinds>().set();
        for (std::uint64_t seed = 1; seed < 50; ++seed) {
            const Plan with = makePlan(seed, {}, {}, {});
            const Plan without = makePlan(seed, all, {}, {});
            QVERIFY(without.faults.none());
            QCOMPARE(without.founders, with.founders);
            QCOMPARE(without.duration, with.duration);
            QVERIFY(without.emphasis == with.emphasis);
        }
    }

    void makePlan_drawsEveryEmphasis()
    {
        std::bitset<std::size_t(Emphasis::count)> seen;
        for (std::uint64_t seed = 1; seed < 200; ++seed)
            seen.set(std::size_t(makePlan(seed, {}, {}, {}).emphasis));
        QVERIFY(seen.all());
    }
};

QTEST_APPLESS_MAIN(TestShrink)
#include "tst_shrink.moc"
