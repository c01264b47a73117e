// SPDX-License-Identifier: Apache-2.0
#include "net/epoll_loop.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QSocketNotifier>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>
#include <QTimer>

#include <memory>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace coffer::net;

/// Two ends of a stream.
struct Pair
{
    Pair() { isMade = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0; }
    ~Pair()
    {
        closeEnd(0);
        closeEnd(1);
    }
    void closeEnd(int end)
    {
        if (ends[end] >= 0)
            ::close(ends[end]);
        ends[end] = -1;
    }
    void say() const { QVERIFY(::write(ends[1], "x", 1) == 1); }
    void hear() const
    {
        char byte = 0;
        QVERIFY(::read(ends[0], &byte, 1) == 1);
    }
    int ends[2] = {-1, -1};
    bool isMade = false;
};

/// One round without waiting.
static void goRound() { QCoreApplication::processEvents(); }

class TestEpollLoop : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void itIsTheLoopOfThisTest()
    {
        QVERIFY(dynamic_cast<EpollLoop *>(QAbstractEventDispatcher::instance()) != nullptr);
    }

    void notifier_speaksAsLongAsThereIsSomething()
    {
        const Pair pair;
        QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
        int count = 0;
        connect(&notifier, &QSocketNotifier::activated, this, [&] { ++count; });
        goRound();
        QCOMPARE(count, 0);
        pair.say();
        goRound();
        goRound();
        QVERIFY(count >= 2); // nobody read it
        pair.hear();
        const int before = count;
        goRound();
        QCOMPARE(count, before);
    }

    void notifier_canBeSwitchedOffAndOn()
    {
        const Pair pair;
        QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
        QSocketNotifier writer(pair.ends[0], QSocketNotifier::Write);
        int reads = 0;
        int writes = 0;
        connect(&notifier, &QSocketNotifier::activated, this, [&] { ++reads; });
        connect(&writer, &QSocketNotifier::activated, this, [&] { ++writes; });
        pair.say();
        notifier.setEnabled(false);
        goRound();
        QCOMPARE(reads, 0);
        QVERIFY(writes > 0);
        writer.setEnabled(false);
        notifier.setEnabled(true);
        const int before = writes;
        goRound();
        QVERIFY(reads > 0);
        QCOMPARE(writes, before);
    }

    /// It is told before anybody asked the kernel, and after that only when there is room.
    void writer_isToldAtOnceAndThenWaits()
    {
        const Pair pair;
        const QByteArray much(1 << 20, 'x');
        while (::write(pair.ends[0], much.constData(), std::size_t(much.size())) > 0) {}
        QSocketNotifier writer(pair.ends[0], QSocketNotifier::Write);
        int writes = 0;
        connect(&writer, &QSocketNotifier::activated, this, [&] { ++writes; });
        goRound();
        QCOMPARE(writes, 1);
        goRound();
        QCOMPARE(writes, 1);
        QByteArray taken(much.size(), Qt::Uninitialized);
        while (::read(pair.ends[1], taken.data(), std::size_t(taken.size())) > 0) {}
        QTRY_VERIFY(writes > 1);
    }

    void writer_mayEndItselfWhenItIsTold()
    {
        Pair pair;
        QSocketNotifier other(pair.ends[1], QSocketNotifier::Write);
        QSocketNotifier writer(pair.ends[0], QSocketNotifier::Write);
        int writes = 0;
        connect(&writer, &QSocketNotifier::activated, this, [&] {
            ++writes;
            other.setEnabled(false);
            writer.setEnabled(false);
            pair.closeEnd(0);
        });
        connect(&other, &QSocketNotifier::activated, this, [&] { other.setEnabled(false); });
        goRound();
        goRound();
        QCOMPARE(writes, 1);
    }

    /// The kernel forgets a closed descriptor by itself, and gives its number to the next.
    void closedNumber_isUsedAgain()
    {
        for (int round = 0; round < 3; ++round) {
            const Pair pair;
            QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
            int count = 0;
            connect(&notifier, &QSocketNotifier::activated, this, [&] { ++count; });
            goRound();
            pair.say();
            goRound();
            QVERIFY(count > 0);
        }
    }

    /// Both are ready in one round; the first one that is called ends the other.
    void endedInTheSameRound_isNotCalled()
    {
        const Pair one;
        const Pair two;
        auto first = std::make_unique<QSocketNotifier>(one.ends[0], QSocketNotifier::Read);
        auto second = std::make_unique<QSocketNotifier>(two.ends[0], QSocketNotifier::Read);
        int count = 0;
        connect(first.get(), &QSocketNotifier::activated, this, [&] {
            ++count;
            second.reset();
        });
        connect(second.get(), &QSocketNotifier::activated, this, [&] {
            ++count;
            first.reset();
        });
        one.say();
        two.say();
        goRound();
        QCOMPARE(count, 1);
    }

    void hangUp_isToldToTheReader()
    {
        Pair pair;
        QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
        int count = 0;
        connect(&notifier, &QSocketNotifier::activated, this, [&] { ++count; });
        pair.closeEnd(1);
        goRound();
        QVERIFY(count > 0);
    }

    void timers_fireInOrderAndRepeat()
    {
        QStringList fired;
        QTimer late;
        QTimer early;
        connect(&late, &QTimer::timeout, this, [&] { fired.append("late"); });
        connect(&early, &QTimer::timeout, this, [&] { fired.append("early"); });
        late.setSingleShot(true);
        late.start(40);
        early.start(5);
        QVERIFY(late.remainingTime() > 0 && late.remainingTime() <= 40);
        QTRY_VERIFY(fired.contains("late"));
        QCOMPARE(fired.front(), "early");
        QVERIFY(fired.count("early") >= 2);
        QCOMPARE(fired.count("late"), 1);
        QVERIFY(!late.isActive());
    }

    void timer_neverFiresEarly()
    {
        for (const int ms : {1, 3, 20}) {
            QElapsedTimer clock;
            QEventLoop loop;
            clock.start();
            QTimer::singleShot(ms, Qt::PreciseTimer, &loop, &QEventLoop::quit);
            loop.exec();
            QVERIFY(clock.nsecsElapsed() >= qint64(ms) * 1'000'000);
        }
    }

    void timer_mayStopItselfAndOthers()
    {
        QTimer first;
        auto second = std::make_unique<QTimer>();
        int count = 0;
        connect(&first, &QTimer::timeout, this, [&] {
            ++count;
            first.stop();
            second.reset();
        });
        connect(second.get(), &QTimer::timeout, this, [&] { ++count; });
        first.start(0);
        second->start(1);
        QElapsedTimer clock;
        clock.start();
        while (clock.elapsed() < 10)
            goRound();
        QCOMPARE(count, 1);
    }

    /// A timer of no interval lets sockets and posted events through.
    void busyTimer_doesNotStarveOthers()
    {
        QTimer busy;
        busy.start(0);
        const Pair pair;
        QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
        bool isHeard = false;
        bool isPosted = false;
        connect(&notifier, &QSocketNotifier::activated, this, [&] { isHeard = true; });
        QMetaObject::invokeMethod(
            this, [&] { isPosted = true; }, Qt::QueuedConnection);
        pair.say();
        goRound();
        QVERIFY(isHeard && isPosted);
    }

    void nestedLoop_insideATimerWorks()
    {
        bool isInner = false;
        QEventLoop outer;
        QTimer::singleShot(0, this, [&] {
            QEventLoop inner;
            QTimer::singleShot(1, this, [&] {
                isInner = true;
                inner.quit();
            });
            inner.exec();
            outer.quit();
        });
        outer.exec();
        QVERIFY(isInner);
    }

    void otherThreads_wakeTheLoop()
    {
        for (int round = 0; round < 200; ++round) {
            QEventLoop loop;
            std::thread thread([&loop] {
                QMetaObject::invokeMethod(
                    &loop, [&loop] { loop.quit(); }, Qt::QueuedConnection);
            });
            loop.exec(); // for ever, if the call were missed
            thread.join();
        }
    }

    void aboutToBlock_comesBeforeEachWait()
    {
        int count = 0;
        QObject context;
        connect(QAbstractEventDispatcher::instance(), &QAbstractEventDispatcher::aboutToBlock,
                &context, [&] { ++count; });
        goRound();
        QCOMPARE(count, 0); // it does not wait
        QEventLoop loop;
        QTimer::singleShot(5, &loop, &QEventLoop::quit);
        loop.exec();
        QVERIFY(count >= 1);
    }

    void tcp_carriesMuchBothWays()
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        QTcpSocket client;
        client.connectToHost(QHostAddress::LocalHost, server.serverPort());
        QTRY_VERIFY(server.hasPendingConnections());
        const std::unique_ptr<QTcpSocket> accepted(server.nextPendingConnection());
        connect(accepted.get(), &QTcpSocket::readyRead, this,
                [&] { accepted->write(accepted->readAll()); });
        QByteArray received;
        connect(&client, &QTcpSocket::readyRead, this, [&] { received += client.readAll(); });
        const QByteArray sent(10 << 20, 'x');
        client.write(sent);
        QTRY_COMPARE(received.size(), sent.size());
        accepted->close();
        QTRY_COMPARE(client.state(), QAbstractSocket::UnconnectedState);
    }
};

int main(int count, char **arguments)
{
    QCoreApplication::setEventDispatcher(new EpollLoop); // the application owns it
    QCoreApplication application(count, arguments);
    TestEpollLoop test;
    return QTest::qExec(&test, count, arguments);
}

#include "tst_epoll_loop.moc"
