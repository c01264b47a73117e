// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "cli/latencies.h"

#include <QTest>

#include <algorithm>
#include <vector>

using namespace coffer;
using namespace coffer::cli;
using Time = Latencies::Time;

class TestLatencies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothing_isZero()
    {
        const Latencies latencies;
        QCOMPARE(latencies.count(), 0u);
        QCOMPARE(latencies.quantile(500), Time(0));
    }
    void one_isEveryQuantile()
    {
        Latencies latencies;
        latencies.add(Time(12'345));
        for (const unsigned share : {1u, 500u, 999u, 1000u})
            QCOMPARE(latencies.quantile(share), Time(12'345));
    }
    void quantiles_areCloseToTheSortedValues()
    {
        SeededRandom random(7);
        Latencies latencies;
        std::vector<std::int64_t> all;
        for (int n = 0; n < 100'000; ++n) {
            const auto value = std::int64_t(1 + random.below(std::uint64_t(1) << random.below(30)));
            all.push_back(value);
            latencies.add(Time(value));
        }
        std::sort(all.begin(), all.end());
        QCOMPARE(latencies.max(), Time(all.back()));
        for (const unsigned share : {10u, 500u, 900u, 990u, 999u}) {
            const std::int64_t exact = all[all.size() * share / 1000 - 1];
            const std::int64_t found = latencies.quantile(share).count();
            QVERIFY2(
                found >= exact && found <= exact + exact / 50 + 1,
                qPrintable(QStringLiteral("%1: %2, exactly %3").arg(share).arg(found).arg(exact)));
        }
    }
    void hugeAndNegative_areKept()
    {
        Latencies latencies;
        latencies.add(Time(-5));
        latencies.add(Time(INT64_MAX));
        QCOMPARE(latencies.count(), 2u);
        QCOMPARE(latencies.quantile(1), Time(0));
        QCOMPARE(latencies.max(), Time(INT64_MAX));
    }
};

QTEST_APPLESS_MAIN(TestLatencies)
#include "tst_latencies.moc"
