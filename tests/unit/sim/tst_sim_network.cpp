// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_network.h"

#include <QTest>

using namespace coffer::sim;
using namespace std::chrono_literals;

namespace {

/// Three machines, and what arrived at machine 1.
struct World
{
    Scheduler time;
    Draw draw{1, 1};
    std::vector<QByteArray> got;
    std::vector<SimTime> when;
    int lost = 0;
    SimNetwork network{time, draw, 3,
                       [this](std::size_t machine, const QByteArray &frame) {
                           if (machine != 1)
                               return;
                           got.push_back(frame);
                           when.push_back(time.now());
                       },
                       [this](std::size_t, std::size_t) { ++lost; }};

    void sendMany(int count)
    {
        for (int i = 0; i < count; ++i)
            network.send(0, 1, QByteArray::number(i).rightJustified(4, '0'));
    }
    void run()
    {
        while (time.runNext()) {}
    }
};

} // namespace

class TestSimNetwork : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void send_keepsToTheDelay()
    {
        World world;
        world.network.setPolicy({.delayMin = 100us, .delayMax = 200us});
        world.sendMany(100);
        world.run();
        QCOMPARE(world.got.size(), std::size_t(100));
        QVERIFY(world.when.front() >= 100us);
        QVERIFY(world.when.back() <= 200us);
    }

    void ordered_noFrameOvertakes()
    {
        World world;
        world.network.setPolicy({.delayMin = 1us, .delayMax = 5ms, .isOrdered = true});
        world.sendMany(200);
        world.run();
        QVERIFY(std::is_sorted(world.got.begin(), world.got.end()));
    }

    void unordered_framesOvertake()
    {
        World world;
        world.network.setPolicy({.delayMin = 1us, .delayMax = 5ms, .isOrdered = false});
        world.sendMany(200);
        world.run();
        QCOMPARE(world.got.size(), std::size_t(200));
        QVERIFY(!std::is_sorted(world.got.begin(), world.got.end()));
    }

    void loss_losesTheShare()
    {
        World world;
        world.network.setPolicy({.lossPermille = 500});
        world.sendMany(1000);
        world.run();
        QVERIFY(world.got.size() > 400 && world.got.size() < 600);
        QCOMPARE(world.network.counts().lost, std::uint64_t(1000 - world.got.size()));
    }

    void duplication_deliversTwice()
    {
        World world;
        world.network.setPolicy({.duplicatePermille = 1000});
        world.sendMany(10);
        world.run();
        QCOMPARE(world.got.size(), std::size_t(20));
    }

    void tail_delaysSome()
    {
        World world;
        world.network.setPolicy(
            {.delayMin = 1us, .delayMax = 2us, .tailMax = 1s, .tailPermille = 500});
        world.sendMany(100);
        world.run();
        QVERIFY(world.network.counts().late > 20);
        QVERIFY(world.when.back() > 10ms);
    }

    void cut_losesOneDirection()
    {
        World world;
        world.network.cut(0, 1);
        world.network.send(0, 1, "lost");
        world.network.send(2, 1, "other");
        world.run();
        QCOMPARE(world.got, std::vector<QByteArray>{"other"});
        QVERIFY(world.network.isCut(0, 1));
        QVERIFY(!world.network.isCut(1, 0));
    }

    void cut_framesOnTheirWayAreMostlyLost()
    {
        int arrived = 0;
        World world;
        for (int i = 0; i < 100; ++i) {
            world.got.clear();
            world.network.send(0, 1, "on its way");
            world.network.cut(0, 1);
            world.run();
            world.network.heal();
            arrived += int(world.got.size());
        }
        QVERIFY(arrived > 10 && arrived < 60);
    }

    void clog_framesWait()
    {
        World world;
        world.network.clog(1);
        world.network.send(0, 1, "waits");
        world.run();
        QVERIFY(world.got.empty());
        QVERIFY(!world.network.isHealthy());
        world.network.unclog(1);
        world.run();
        QCOMPARE(world.got, std::vector<QByteArray>{"waits"});
    }

    void lag_delaysOneDirection()
    {
        World world;
        world.network.setLag(0, 1, 1s);
        world.network.send(0, 1, "late");
        world.network.send(2, 1, "soon");
        world.run();
        QCOMPARE(world.got, (std::vector<QByteArray>{"soon", "late"}));
        QVERIFY(world.when.back() >= 1s);
    }

    void heal_endsEverything()
    {
        World world;
        world.network.cutBoth(0, 1);
        world.network.clog(1);
        world.network.setLag(2, 1, 1h);
        world.network.heal();
        QVERIFY(world.network.isHealthy());
        world.network.send(0, 1, "a");
        world.network.send(2, 1, "b");
        world.run();
        QCOMPARE(world.got.size(), std::size_t(2));
        QVERIFY(world.when.back() < 1s);
    }

    void machineDied_peersAreMostlyTold()
    {
        World world;
        for (int i = 0; i < 100; ++i)
            world.network.machineDied(0);
        world.run();
        QVERIFY(world.lost > 150 && world.lost <= 200);
    }
};

QTEST_APPLESS_MAIN(TestSimNetwork)
#include "tst_sim_network.moc"
