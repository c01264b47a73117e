// SPDX-License-Identifier: Apache-2.0
#include "node/host.h"

#include <QAbstractEventDispatcher>

#include <utility>

namespace coffer::node {

void Host::Lanes::run(engine::Lane lane, Work work, Done done)
{
    m_host.m_parts.executor.run(lane, std::move(work),
                                [this, done = std::move(done)](const Result<void> &result) {
                                    done(result);
                                    m_host.m_hasWork = true;
                                });
}

Host::Host(HostOptions options, HostParts parts, Fatal fatal)
    : m_parts(parts)
    , m_fatal(std::move(fatal))
    , m_machine(options.store, options.watches)
    , m_engine(std::move(options.engine),
               {parts.clock, parts.random, parts.link, parts.journal, parts.checkpoint, m_lanes,
                m_machine},
               [this](const Error &error) { fail(error); })
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &Host::onTimer);
    connectLoop();
}

Host::~Host() = default;

/// A turn ends when the loop is about to wait. Where it never waits, because there is always
/// something posted, it ends with every second round at the latest.
void Host::connectLoop()
{
    QAbstractEventDispatcher *loop = QAbstractEventDispatcher::instance();
    if (loop == nullptr)
        return;
    connect(loop, &QAbstractEventDispatcher::aboutToBlock, this, &Host::endTurn);
    connect(loop, &QAbstractEventDispatcher::awake, this, &Host::onAwake);
}

void Host::onAwake()
{
    if (m_isOverdue)
        endTurn();
    else
        m_isOverdue = m_hasWork;
}

Result<void> Host::start()
{
    Result<void> started = m_engine.start();
    if (!started)
        return started;
    m_isStarted = true;
    m_hasWork = true;
    endTurn();
    return {};
}

void Host::receive(const QByteArray &frame)
{
    if (!m_isStarted || m_isFailed)
        return;
    m_engine.receive(frame);
    m_hasWork = true;
}

void Host::peerLost(NodeId peer)
{
    if (!m_isStarted || m_isFailed)
        return;
    m_engine.peerLost(peer);
    m_hasWork = true;
}

void Host::endTurn()
{
    m_isOverdue = false;
    if (!m_hasWork || !m_isStarted || m_isFailed || m_isEnding)
        return;
    m_isEnding = true;
    m_hasWork = false; // before the callbacks, which may ask for more
    m_engine.flush();
    if (!m_isFailed) {
        callHooks();
        m_parts.link.flush();
        planWake();
    }
    m_isEnding = false;
    // What the callbacks asked for is the next turn's; nothing else would wake the loop for it.
    if (m_hasWork && !m_isFailed)
        QAbstractEventDispatcher::instance()->wakeUp();
}

void Host::callHooks()
{
    const Slot applied = m_machine.applied();
    if (applied == m_toldApplied)
        return;
    m_toldApplied = applied;
    for (auto hook = m_hooks.begin(); hook != m_hooks.end();) {
        if (hook->context == nullptr) {
            hook = m_hooks.erase(hook);
            continue;
        }
        hook->call();
        ++hook;
    }
}

void Host::addAppliedHook(QObject *context, std::function<void()> hook)
{
    m_hooks.push_back({context, std::move(hook)});
}

// ---- time

void Host::onTimer()
{
    m_plannedAt = Monotonic::max();
    if (!m_isStarted || m_isFailed)
        return;
    if (m_parts.clock.monotonic() >= m_engine.nextWake()) {
        m_engine.tick();
        m_hasWork = true;
    } else {
        planWake();
    }
}

/// The timer may fire early, never late: under load the next wake moves on with every turn, and
/// to start the timer anew each time would cost more than an idle call now and then.
void Host::planWake()
{
    const Monotonic wake = m_engine.nextWake();
    if (wake >= m_plannedAt)
        return;
    m_plannedAt = wake;
    const Monotonic left = std::max(Monotonic(0), wake - m_parts.clock.monotonic());
    m_timer.start(std::chrono::ceil<std::chrono::milliseconds>(left));
}

// ---- the end

void Host::fail(const Error &error)
{
    if (std::exchange(m_isFailed, true))
        return;
    m_timer.stop();
    m_fatal(error);
}

} // namespace coffer::node
