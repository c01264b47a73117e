// SPDX-License-Identifier: Apache-2.0
#include "node/slow_log.h"
#include "support/hand_clock.h"

#include <QRegularExpression>
#include <QTest>

using namespace coffer;
using namespace Qt::StringLiterals;
using std::chrono::milliseconds;

class TestSlowLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_clock.now = std::chrono::seconds(5);
        m_call.method = u"store.put"_s;
        m_call.caller = {.name = u"ann"_s, .roles = {}, .address = u"192.0.2.1:5"_s};
        m_call.traceparent = "00-1-2-03";
        QTest::failOnWarning(QRegularExpression(u"^slow:"_s));
    }

    void call_isLoggedFromTheThresholdOn()
    {
        node::SlowLog log(m_clock, milliseconds(100), [] { return u"no leader"_s; });
        log.note(m_call, QCborValue(), milliseconds(99));
        expect(u"^slow: store.put took 100 ms, ok, by ann from 192.0.2.1:5; trace 00-1-2-03; "
               "no leader$"_s);
        log.note(m_call, QCborValue(), milliseconds(100));
        expect(u"took 7000 ms, UNAVAILABLE, by"_s);
        log.note(m_call, rpc::Failure::of(rpc::Code::unavailable, u"x"_s), milliseconds(7'000));
    }
    void threshold_zeroIsOff()
    {
        node::SlowLog log(m_clock, milliseconds(0), [] { return QString(); });
        log.note(m_call, QCborValue(), std::chrono::hours(1));
    }
    void many_areCountedAndNotLogged()
    {
        node::SlowLog log(m_clock, milliseconds(1), [] { return QString(); });
        for (int n = 0; n < node::SlowLog::linesMax; ++n)
            expect(u"^slow: store.put took 2 ms"_s);
        for (int n = 0; n < node::SlowLog::linesMax + 7; ++n)
            log.note(m_call, QCborValue(), milliseconds(2));
        m_clock.now += node::SlowLog::window;
        expect(u"; 7 slow calls before it were not logged$"_s);
        log.note(m_call, QCborValue(), milliseconds(2));
        expect(u"trace 00-1-2-03$"_s);
        log.note(m_call, QCborValue(), milliseconds(2));
    }

private:
    static void expect(const QString &pattern)
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(pattern));
    }

    HandClock m_clock;
    rpc::Call m_call;
};

QTEST_GUILESS_MAIN(TestSlowLog)
#include "tst_slow_log.moc"
