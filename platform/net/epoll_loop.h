// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractEventDispatcher>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <vector>

namespace coffer::net {

/// Qt's event loop on epoll, for programs with thousands of connections.
///
/// Qt's own asks poll() about every socket in every round (docs/ARCHITECTURE.md, Decisions). A
/// round of this one costs what is ready. Otherwise the rounds are the same: posted events,
/// aboutToBlock(), wait, every ready socket once, every due timer once.
///
/// Who begins to wait for room in a socket is told at once, before the wait, that there may be
/// some: there nearly always is, and epoll need not be asked. So a write notifier can speak
/// although a write would block; it then goes on waiting. QAbstractSocket does.
///
/// Timers are precise to a millisecond whatever their type. Notifiers of regular files are not
/// supported. Linux only. To be set with QCoreApplication::setEventDispatcher() before the
/// application is made. Lives in the thread of its loop; wakeUp() and interrupt() in any.
class EpollLoop final : public QAbstractEventDispatcher
{
    Q_DISABLE_COPY_MOVE(EpollLoop)

public:
    EpollLoop();
    ~EpollLoop() override;

    bool processEvents(QEventLoop::ProcessEventsFlags flags) override;

    void registerSocketNotifier(QSocketNotifier *notifier) override;
    void unregisterSocketNotifier(QSocketNotifier *notifier) override;

    void registerTimer(int timerId, qint64 interval, Qt::TimerType timerType,
                       QObject *object) override;
    bool unregisterTimer(int timerId) override;
    bool unregisterTimers(QObject *object) override;
    [[nodiscard]] QList<TimerInfo> registeredTimers(QObject *object) const override;
    [[nodiscard]] int remainingTime(int timerId) override;

    void wakeUp() override;
    void interrupt() override;

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Watched
    {
        std::array<QSocketNotifier *, 3> notifiers{}; ///< By QSocketNotifier::Type.
        std::uint32_t asked = 0;                      ///< What epoll was asked for.
        std::uint32_t generation = 0; ///< Of the descriptor: its number is used again.
        bool isDirty = false;
        [[nodiscard]] std::uint32_t wanted() const;
    };
    struct Timer
    {
        std::chrono::milliseconds interval{0};
        Qt::TimerType type = Qt::CoarseTimer;
        QObject *object = nullptr;
        Time due;
        bool isFiring = false;
    };

    [[nodiscard]] int waitMs(bool mayWait) const;
    bool tryWrites();
    void askForDirty();
    void ask(int descriptor, Watched &watched);
    bool waitForSockets(int timeoutMs);
    bool waitForWakeUp(int timeoutMs);
    void takeWakeUp();
    bool notify(int descriptor, std::uint32_t generation, std::uint32_t events);
    bool fireTimers();
    bool fire(int timerId, Time now);

    int m_epoll;
    int m_wakeUp; ///< An eventfd.
    std::atomic<bool> m_isWoken{false};
    std::atomic<bool> m_isInterrupted{false};
    std::vector<Watched> m_watched; ///< By descriptor.
    std::vector<int> m_dirty;       ///< Descriptors whose wishes have changed.
    std::map<int, Timer> m_timers;
    std::set<std::pair<Time, int>> m_due; ///< Every timer, by its time.
};

} // namespace coffer::net
