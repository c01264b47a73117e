// SPDX-License-Identifier: Apache-2.0
#include "testkit/virtual_loop.h"

#include <QCoreApplication>
#include <QThread>
#include <QTimerEvent>

#include <utility>

namespace coffer::testkit {

/// Where the clocks begin: a machine that is up for an hour, at 2024-01-01 00:00 UTC.
static constexpr Monotonic bornAt = std::chrono::hours(1);
static constexpr WallMs bornAtWall{1'704'067'200'000};
static constexpr int roundsMax = 100'000;

VirtualLoop::VirtualLoop() : m_now(bornAt) {}

VirtualLoop::~VirtualLoop() = default;

VirtualLoop &VirtualLoop::instance()
{
    auto *loop = dynamic_cast<VirtualLoop *>(QAbstractEventDispatcher::instance());
    if (loop == nullptr)
        qFatal("testkit: this program runs in real time; write COFFER_TEST_MAIN(YourTest) in place "
               "of QTEST_MAIN(YourTest), or make a testkit::Application");
    return *loop;
}

WallMs VirtualLoop::wall() const
{
    return bornAtWall + std::chrono::duration_cast<WallMs>(m_now - bornAt);
}

// ---- rounds

void VirtualLoop::after(Monotonic delay, std::function<void()> work)
{
    m_work.emplace(dueAfter(delay), std::move(work));
}

bool VirtualLoop::round()
{
    const bool wasWoken = m_isWoken.exchange(false);
    Q_EMIT awake();
    QCoreApplication::sendPostedEvents();
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    const bool hasWorked = doDueWork();
    const bool hasFired = fireTimers();
    Q_EMIT aboutToBlock();
    const bool isBusy = wasWoken || hasWorked || hasFired || m_isWoken;
    if (isBusy && ++m_roundsNow > roundsMax)
        qFatal("testkit: %d rounds without a moment passing: something posts events or starts "
               "timers of 0 ms for ever",
               roundsMax);
    return isBusy;
}

bool VirtualLoop::doDueWork()
{
    bool isAnything = false;
    const std::uint64_t before = m_asked; // what is asked meanwhile is of the next round
    while (!m_work.empty()) {
        const auto first = m_work.begin();
        if (first->first.first > m_now || first->first.second >= before)
            break;
        const std::function<void()> work = std::move(first->second);
        m_work.erase(first);
        work();
        isAnything = true;
    }
    return isAnything;
}

/// Each timer that is due, once. Those before it may have stopped it.
bool VirtualLoop::fireTimers()
{
    std::vector<std::pair<Due, int>> ready;
    for (const auto &[due, timerId] : m_due) {
        if (due.first > m_now)
            break;
        ready.emplace_back(due, timerId);
    }
    bool isAnything = false;
    for (const auto &[due, timerId] : ready) {
        const auto found = m_timers.find(timerId);
        if (found == m_timers.end() || found->second.due != due || found->second.isFiring)
            continue;
        Timer &timer = found->second;
        m_due.erase(due);
        timer.due = dueAfter(timer.interval);
        m_due.emplace(timer.due, timerId);
        timer.isFiring = true;
        QTimerEvent event(timerId);
        QCoreApplication::sendEvent(timer.object, &event);
        if (const auto again = m_timers.find(timerId); again != m_timers.end())
            again->second.isFiring = false;
        isAnything = true;
    }
    return isAnything;
}

Monotonic VirtualLoop::nextDue() const
{
    const Monotonic work = m_work.empty() ? Monotonic::max() : m_work.begin()->first.first;
    return m_due.empty() ? work : std::min(work, m_due.begin()->first.first);
}

void VirtualLoop::advanceTo(Monotonic time)
{
    if (time <= m_now)
        return;
    m_now = time;
    m_roundsNow = 0;
}

void VirtualLoop::runFor(Monotonic time)
{
    const Monotonic end = m_now + time;
    for (;;) {
        while (round()) {}
        if (nextDue() > end)
            break;
        advanceTo(nextDue());
    }
    advanceTo(end);
}

bool VirtualLoop::processEvents(QEventLoop::ProcessEventsFlags flags)
{
    if (round())
        return true;
    const Monotonic next = nextDue();
    if (!flags.testFlag(QEventLoop::WaitForMoreEvents) || next == Monotonic::max())
        return false;
    advanceTo(next);
    return round();
}

// ---- sockets: none

void VirtualLoop::registerSocketNotifier(QSocketNotifier *)
{
    qFatal("testkit: there are no sockets in virtual time; test what is behind the socket");
}

void VirtualLoop::unregisterSocketNotifier(QSocketNotifier *) {}

// ---- timers

void VirtualLoop::registerTimer(int timerId, qint64 interval, Qt::TimerType timerType,
                                QObject *object)
{
    Timer timer;
    timer.interval = std::chrono::milliseconds(interval);
    timer.type = timerType;
    timer.object = object;
    timer.due = dueAfter(timer.interval);
    m_due.emplace(timer.due, timerId);
    m_timers[timerId] = timer;
}

bool VirtualLoop::unregisterTimer(int timerId)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end())
        return false;
    m_due.erase(found->second.due);
    m_timers.erase(found);
    return true;
}

bool VirtualLoop::unregisterTimers(QObject *object)
{
    const std::size_t before = m_timers.size();
    for (const TimerInfo &timer : registeredTimers(object))
        unregisterTimer(timer.timerId);
    return m_timers.size() != before;
}

QList<QAbstractEventDispatcher::TimerInfo> VirtualLoop::registeredTimers(QObject *object) const
{
    QList<TimerInfo> timers;
    for (const auto &[id, timer] : m_timers) {
        if (timer.object == object)
            timers.append(TimerInfo(id, int(timer.interval.count()), timer.type));
    }
    return timers;
}

int VirtualLoop::remainingTime(int timerId)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end())
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(found->second.due.first - m_now);
    return int(std::max<qint64>(left.count(), 0));
}

} // namespace coffer::testkit
