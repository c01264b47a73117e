// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <QAbstractEventDispatcher>

#include <atomic>
#include <functional>
#include <map>

namespace coffer::testkit {

/// Qt's event loop in virtual time: the clock stands still while anything can be done, and jumps to
/// the next timer when it is told to. Every QTimer of its thread so runs on that clock, those of
/// the node's rooms too, and a run depends on nothing outside the process.
///
/// What is due at the same moment happens in the order in which it was asked for. There are no
/// sockets: to register one ends the process. To be set with QCoreApplication::setEventDispatcher()
/// before the application is made (testkit/main.h). Lives in the thread of its loop.
class VirtualLoop final : public QAbstractEventDispatcher, public Clock
{
    Q_DISABLE_COPY_MOVE(VirtualLoop)

public:
    VirtualLoop();
    ~VirtualLoop() override;

    /// The loop of this thread. Ends the process, with what to do, if it is another one.
    [[nodiscard]] static VirtualLoop &instance();

    [[nodiscard]] Monotonic monotonic() const override { return m_now; }
    [[nodiscard]] WallMs wall() const override;

    /// Calls \a work when \a delay has passed; never from within.
    void after(Monotonic delay, std::function<void()> work);
    /// Work of after() that is still to be done.
    [[nodiscard]] std::size_t pendingWork() const { return m_work.size(); }

    /// One round of what can be done now; false if there was nothing. Time stands still. A hundred
    /// thousand rounds with work and without time end the process: something never waits.
    bool round();
    /// When something becomes due next; Monotonic::max() if nothing ever does.
    [[nodiscard]] Monotonic nextDue() const;
    /// Moves the clock; never back.
    void advanceTo(Monotonic time);
    /// Does all that is due within \a time, each thing at its moment, and ends at its end.
    void runFor(Monotonic time);

    /// For Qt: one round; where it may wait, time moves on to what is due next.
    bool processEvents(QEventLoop::ProcessEventsFlags flags) override;
    void registerSocketNotifier(QSocketNotifier *notifier) override;
    void unregisterSocketNotifier(QSocketNotifier *notifier) override;
    void registerTimer(int timerId, qint64 interval, Qt::TimerType timerType,
                       QObject *object) override;
    bool unregisterTimer(int timerId) override;
    bool unregisterTimers(QObject *object) override;
    [[nodiscard]] QList<TimerInfo> registeredTimers(QObject *object) const override;
    [[nodiscard]] int remainingTime(int timerId) override;
    void wakeUp() override { m_isWoken = true; }
    void interrupt() override { m_isWoken = true; }

private:
    /// Who is asked first is served first.
    using Due = std::pair<Monotonic, std::uint64_t>;
    struct Timer
    {
        std::chrono::milliseconds interval{0};
        Qt::TimerType type = Qt::CoarseTimer;
        QObject *object = nullptr;
        Due due;
        bool isFiring = false;
    };

    bool doDueWork();
    bool fireTimers();
    [[nodiscard]] Due dueAfter(Monotonic delay) { return {m_now + delay, m_asked++}; }

    Monotonic m_now;
    std::uint64_t m_asked = 0;
    int m_roundsNow = 0; ///< Since the clock moved.
    std::map<Due, std::function<void()>> m_work;
    std::map<int, Timer> m_timers;
    std::map<Due, int> m_due;           ///< Every timer, by its time.
    std::atomic<bool> m_isWoken{false}; ///< wakeUp() may come from any thread.
};

} // namespace coffer::testkit
