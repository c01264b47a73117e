// SPDX-License-Identifier: Apache-2.0
#include "net/epoll_loop.h"

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTimerEvent>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace coffer::net {

/// So many sockets a round; the others are as ready in the next one.
static constexpr int socketsMax = 512;

EpollLoop::EpollLoop()
    : m_epoll(::epoll_create1(EPOLL_CLOEXEC)), m_wakeUp(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (m_epoll < 0 || m_wakeUp < 0)
        qFatal("no event loop can be made; raise the limit of open files");
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = std::uint32_t(m_wakeUp);
    ::epoll_ctl(m_epoll, EPOLL_CTL_ADD, m_wakeUp, &event);
}

EpollLoop::~EpollLoop()
{
    ::close(m_wakeUp);
    ::close(m_epoll);
}

bool EpollLoop::processEvents(QEventLoop::ProcessEventsFlags flags)
{
    m_isInterrupted = false;
    Q_EMIT awake();
    QCoreApplication::sendPostedEvents();
    if (m_isInterrupted)
        return false;
    // Who posts an event wakes the loop, so what was posted meanwhile is not waited past.
    const bool mayWait = flags.testFlag(QEventLoop::WaitForMoreEvents) && !m_isWoken;
    if (mayWait)
        Q_EMIT aboutToBlock();
    if (m_isInterrupted)
        return false;
    const int timeoutMs = waitMs(mayWait);
    bool isAnything = flags.testFlag(QEventLoop::ExcludeSocketNotifiers)
                          ? waitForWakeUp(timeoutMs)
                          : waitForSockets(timeoutMs);
    isAnything = fireTimers() || isAnything;
    return isAnything;
}

/// How long the wait may be; -1: until something is ready.
int EpollLoop::waitMs(bool mayWait) const
{
    if (!mayWait)
        return 0;
    if (m_due.empty())
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        m_due.begin()->first - std::chrono::steady_clock::now());
    return int(std::clamp<qint64>(left.count(), 0, 3'600'000));
}

// ---- sockets

std::uint32_t EpollLoop::Watched::wanted() const
{
    return (notifiers[QSocketNotifier::Read] != nullptr ? std::uint32_t(EPOLLIN) : 0)
           | (notifiers[QSocketNotifier::Write] != nullptr ? std::uint32_t(EPOLLOUT) : 0)
           | (notifiers[QSocketNotifier::Exception] != nullptr ? std::uint32_t(EPOLLPRI) : 0);
}

void EpollLoop::registerSocketNotifier(QSocketNotifier *notifier)
{
    const auto descriptor = std::size_t(notifier->socket());
    if (descriptor >= m_watched.size())
        m_watched.resize(descriptor + 1);
    Watched &watched = m_watched[descriptor];
    watched.notifiers[notifier->type()] = notifier;
    if (!std::exchange(watched.isDirty, true))
        m_dirty.push_back(int(descriptor));
}

/// Wishes are told to the kernel before the next wait, since sockets change theirs often. Not so
/// the last one: the descriptor may be closed and its number used again before that.
void EpollLoop::unregisterSocketNotifier(QSocketNotifier *notifier)
{
    const auto descriptor = std::size_t(notifier->socket());
    if (descriptor >= m_watched.size()
        || m_watched[descriptor].notifiers[notifier->type()] != notifier)
        return;
    Watched &watched = m_watched[descriptor];
    watched.notifiers[notifier->type()] = nullptr;
    if (watched.wanted() == 0)
        ask(int(descriptor), watched);
    else if (!std::exchange(watched.isDirty, true))
        m_dirty.push_back(int(descriptor));
}

/// Only those of now: handlers may wish for more, which is asked of epoll.
bool EpollLoop::tryWrites()
{
    bool isAnything = false;
    for (std::size_t i = 0, end = m_dirty.size(); i < end; ++i) {
        const int descriptor = m_dirty[i];
        const Watched &watched = m_watched[std::size_t(descriptor)];
        if ((watched.wanted() & ~watched.asked & EPOLLOUT) != 0)
            isAnything = notify(descriptor, watched.generation, EPOLLOUT) || isAnything;
    }
    return isAnything;
}

void EpollLoop::askForDirty()
{
    for (const int descriptor : m_dirty) {
        m_watched[std::size_t(descriptor)].isDirty = false;
        ask(descriptor, m_watched[std::size_t(descriptor)]);
    }
    m_dirty.clear();
}

void EpollLoop::ask(int descriptor, Watched &watched)
{
    const std::uint32_t wanted = watched.wanted();
    if (wanted == watched.asked)
        return;
    const int operation = wanted == 0          ? EPOLL_CTL_DEL
                          : watched.asked == 0 ? EPOLL_CTL_ADD
                                               : EPOLL_CTL_MOD;
    watched.generation += operation == EPOLL_CTL_DEL ? 1 : 0;
    watched.asked = wanted;
    epoll_event event = {};
    event.events = wanted;
    event.data.u64 = std::uint64_t(watched.generation) << 32 | std::uint32_t(descriptor);
    const bool isDone = ::epoll_ctl(m_epoll, operation, descriptor, &event) == 0;
    if (!isDone && operation != EPOLL_CTL_DEL)
        qWarning("descriptor %d cannot be waited for: %s", descriptor,
                 qPrintable(qt_error_string()));
}

bool EpollLoop::waitForSockets(int timeoutMs)
{
    // What that caused belongs to a round of its own before anything is waited for.
    bool isAnything = tryWrites();
    if (isAnything)
        timeoutMs = 0;
    askForDirty();
    std::array<epoll_event, socketsMax> ready;
    const int count = ::epoll_wait(m_epoll, ready.data(), socketsMax, timeoutMs);
    for (int number = 0; number < count; ++number) {
        const std::uint64_t data = ready[std::size_t(number)].data.u64;
        const auto descriptor = int(data & 0xffffffffU);
        if (descriptor == m_wakeUp)
            takeWakeUp();
        else
            isAnything =
                notify(descriptor, std::uint32_t(data >> 32), ready[std::size_t(number)].events)
                || isAnything;
    }
    return isAnything;
}

/// The handler of one socket may close others, this one, or open new ones with their numbers.
bool EpollLoop::notify(int descriptor, std::uint32_t generation, std::uint32_t events)
{
    static constexpr std::uint32_t troubles = EPOLLERR | EPOLLHUP;
    static constexpr std::pair<QSocketNotifier::Type, std::uint32_t> kinds[] = {
        {QSocketNotifier::Read, EPOLLIN | troubles},
        {QSocketNotifier::Write, EPOLLOUT | troubles},
        {QSocketNotifier::Exception, EPOLLPRI},
    };
    bool isAnything = false;
    for (const auto &[type, mask] : kinds) {
        const Watched &watched = m_watched[std::size_t(descriptor)];
        QSocketNotifier *notifier = watched.notifiers[type];
        if (watched.generation != generation || notifier == nullptr || (events & mask) == 0)
            continue;
        QEvent event(QEvent::SockAct);
        QCoreApplication::sendEvent(notifier, &event);
        isAnything = true;
    }
    return isAnything;
}

// ---- waking

void EpollLoop::wakeUp()
{
    if (m_isWoken.exchange(true))
        return;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(m_wakeUp, &one, sizeof one));
}

void EpollLoop::interrupt()
{
    m_isInterrupted = true;
    wakeUp();
}

/// In this order: a wish that comes in between is seen in the round that follows.
void EpollLoop::takeWakeUp()
{
    std::uint64_t count = 0;
    static_cast<void>(!::read(m_wakeUp, &count, sizeof count));
    m_isWoken = false;
}

bool EpollLoop::waitForWakeUp(int timeoutMs)
{
    pollfd wait = {m_wakeUp, POLLIN, 0};
    if (::poll(&wait, 1, timeoutMs) > 0)
        takeWakeUp();
    return false;
}

// ---- timers

void EpollLoop::registerTimer(int timerId, qint64 interval, Qt::TimerType timerType,
                              QObject *object)
{
    Timer timer;
    timer.interval = std::chrono::milliseconds(interval);
    timer.type = timerType;
    timer.object = object;
    timer.due = std::chrono::steady_clock::now() + timer.interval;
    m_due.emplace(timer.due, timerId);
    m_timers[timerId] = timer;
}

bool EpollLoop::unregisterTimer(int timerId)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end())
        return false;
    m_due.erase({found->second.due, timerId});
    m_timers.erase(found);
    return true;
}

bool EpollLoop::unregisterTimers(QObject *object)
{
    const std::size_t before = m_timers.size();
    for (auto timer = m_timers.begin(); timer != m_timers.end();) {
        const auto next = std::next(timer);
        if (timer->second.object == object)
            unregisterTimer(timer->first);
        timer = next;
    }
    return m_timers.size() != before;
}

QList<QAbstractEventDispatcher::TimerInfo> EpollLoop::registeredTimers(QObject *object) const
{
    QList<TimerInfo> timers;
    for (const auto &[id, timer] : m_timers) {
        if (timer.object == object)
            timers.append(TimerInfo(id, int(timer.interval.count()), timer.type));
    }
    return timers;
}

int EpollLoop::remainingTime(int timerId)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end())
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        found->second.due - std::chrono::steady_clock::now());
    return int(std::max<qint64>(left.count(), 0));
}

/// Each timer that is due now, once, however short its interval is.
bool EpollLoop::fireTimers()
{
    if (m_due.empty())
        return false;
    const Time now = std::chrono::steady_clock::now();
    std::vector<int> due;
    for (const auto &[time, timerId] : m_due) {
        if (time > now)
            break;
        due.push_back(timerId);
    }
    bool isAnything = false;
    for (const int timerId : due)
        isAnything = fire(timerId, now) || isAnything;
    return isAnything;
}

/// Those before it may have stopped it, or started another one under its id.
bool EpollLoop::fire(int timerId, Time now)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end() || found->second.due > now || found->second.isFiring)
        return false;
    Timer &timer = found->second;
    m_due.erase({timer.due, timerId});
    timer.due += timer.interval;
    if (timer.due <= now)
        timer.due = now + timer.interval; // rounds that were missed are not made up for
    m_due.emplace(timer.due, timerId);
    timer.isFiring = true;
    QObject *object = timer.object;
    QTimerEvent event(timerId);
    QCoreApplication::sendEvent(object, &event);
    const auto again = m_timers.find(timerId);
    if (again != m_timers.end())
        again->second.isFiring = false;
    return true;
}

} // namespace coffer::net
