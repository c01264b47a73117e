// SPDX-License-Identifier: Apache-2.0
#include "sim/scheduler.h"

#include "sim/draw.h"

#include <QTest>

using namespace coffer::sim;
using namespace std::chrono_literals;

class TestScheduler : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runNext_followsTheTime()
    {
        Scheduler world;
        std::vector<int> order;
        world.at(30us, [&order] { order.push_back(3); });
        world.at(10us, [&order] { order.push_back(1); });
        world.at(20us, [&order] { order.push_back(2); });
        while (world.runNext()) {}
        QCOMPARE(order, (std::vector<int>{1, 2, 3}));
        QCOMPARE(world.now(), SimTime(30));
        QCOMPARE(world.steps(), std::uint64_t(3));
    }

    void runNext_keepsTheOrderOfOneMoment()
    {
        Scheduler world;
        std::vector<int> order;
        for (int i = 0; i < 100; ++i)
            world.at(5us, [&order, i] { order.push_back(i); });
        while (world.runNext()) {}
        QVERIFY(std::is_sorted(order.begin(), order.end()));
    }

    void at_pastTimesHappenNow()
    {
        Scheduler world;
        SimTime seen{0};
        world.at(50us,
                 [&world, &seen] { world.at(10us, [&world, &seen] { seen = world.now(); }); });
        while (world.runNext()) {}
        QCOMPARE(seen, SimTime(50));
    }

    void after_countsFromTheMomentOfTheCall()
    {
        Scheduler world;
        SimTime seen{0};
        world.at(50us,
                 [&world, &seen] { world.after(10us, [&world, &seen] { seen = world.now(); }); });
        while (world.runNext()) {}
        QCOMPARE(seen, SimTime(60));
    }

    void runNext_saysWhenNothingIsLeft()
    {
        Scheduler world;
        QVERIFY(!world.runNext());
        world.after(1us, [] {});
        QCOMPARE(world.pending(), std::size_t(1));
        QVERIFY(world.runNext());
        QVERIFY(!world.runNext());
    }

    void runNext_sameSeedSameOrder()
    {
        QCOMPARE(drawnOrder(7), drawnOrder(7));
        QVERIFY(drawnOrder(7) != drawnOrder(8));
    }

private:
    static std::vector<int> drawnOrder(std::uint64_t seed)
    {
        Scheduler world;
        Draw draw(seed, 1);
        std::vector<int> order;
        for (int i = 0; i < 200; ++i)
            world.at(SimTime(draw.between(0, 50)), [&order, i] { order.push_back(i); });
        while (world.runNext()) {}
        return order;
    }
};

QTEST_APPLESS_MAIN(TestScheduler)
#include "tst_scheduler.moc"
