// SPDX-License-Identifier: Apache-2.0
#include "node/lane_threads.h"

#include <QCoreApplication>
#include <QTest>

#include <atomic>
#include <future>

using namespace coffer;
using namespace coffer::node;
using engine::Lane;

class TestLaneThreads : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void work_runsElsewhereAndDoneHere()
    {
        LaneThreads threads;
        std::thread::id worked;
        std::thread::id done;
        threads.run(
            Lane::journal,
            [&]() -> Result<void> {
                worked = std::this_thread::get_id();
                return Error{ErrorCode::io, "no"};
            },
            [&](const Result<void> &result) {
                QCOMPARE(result.error().message, "no");
                done = std::this_thread::get_id();
            });
        QTRY_COMPARE(done, std::this_thread::get_id());
        QVERIFY(worked != done);
    }

    void oneLane_keepsItsOrder()
    {
        LaneThreads threads;
        std::vector<int> worked;
        std::vector<int> done;
        for (int number = 0; number < 500; ++number)
            threads.run(
                Lane::checkpoint,
                [&worked, number]() -> Result<void> {
                    worked.push_back(number);
                    return {};
                },
                [&done, number](const Result<void> &) { done.push_back(number); });
        QTRY_COMPARE(done.size(), 500U);
        QVERIFY(std::is_sorted(worked.begin(), worked.end()));
        QVERIFY(std::is_sorted(done.begin(), done.end()));
    }

    void lanes_doNotWaitForEachOther()
    {
        LaneThreads threads;
        std::promise<void> journalWorked;
        bool isDone = false;
        threads.run(
            Lane::checkpoint,
            [&]() -> Result<void> {
                journalWorked.get_future().wait(); // for ever, if there were one thread
                return {};
            },
            [&](const Result<void> &) { isDone = true; });
        threads.run(
            Lane::journal,
            [&]() -> Result<void> {
                journalWorked.set_value();
                return {};
            },
            [](const Result<void> &) {});
        QTRY_VERIFY(isDone);
    }

    void done_mayQueueMore()
    {
        LaneThreads threads;
        int count = 0;
        std::function<void()> next = [&] {
            threads.run(
                Lane::journal, []() -> Result<void> { return {}; },
                [&](const Result<void> &) {
                    if (++count < 200)
                        next();
                });
        };
        next();
        QTRY_COMPARE(count, 200);
    }

    void stop_waitsForWorkAndForgetsTheRest()
    {
        std::atomic<int> worked = 0;
        int done = 0;
        std::promise<void> began;
        LaneThreads threads;
        for (int number = 0; number < 3; ++number)
            threads.run(
                Lane::journal,
                [&worked, &began]() -> Result<void> {
                    if (worked++ == 0)
                        began.set_value();
                    return {};
                },
                [&done](const Result<void> &) { ++done; });
        began.get_future().wait();
        threads.stop();
        const int before = worked;
        QCoreApplication::processEvents();
        QCOMPARE(done, 0);
        threads.run(
            Lane::journal,
            [&]() -> Result<void> {
                ++worked;
                return {};
            },
            [&](const Result<void> &) { ++done; });
        QCoreApplication::processEvents();
        QCOMPARE(int(worked), before);
        QCOMPARE(done, 0);
    }
};

QTEST_GUILESS_MAIN(TestLaneThreads)
#include "tst_lane_threads.moc"
