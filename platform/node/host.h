// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"
#include "node/link.h"
#include "node/watched_machine.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <list>
#include <optional>

namespace coffer::node {

/// What a host borrows; all must outlive it. An executor has to be stopped before the host ends.
struct HostParts
{
    Clock &clock;
    Random &random;
    Link &link;
    storage::Journal &journal;
    storage::Checkpoint &checkpoint;
    engine::Executor &executor;
};

struct HostOptions
{
    engine::Options engine; ///< With self and run.
    engine::StoreMachine::Options store = {};
    store::WatchesOptions watches = {};
};

/// One replica in an event loop: the engine, its state machine and the watches, driven in turns.
///
/// A turn is one round of the loop: all that sockets, timers and threads brought is handled, then
/// the host ends the turn once: Engine::flush(), one write a peer, and if slots were applied the
/// hooks. Nothing here orders anything; that is the engine's. docs/ARCHITECTURE.md, "A turn of the
/// node".
///
/// Who submits or reads through engine() calls requestFlush() in the same turn; without it the
/// request waits until something else happens. Callbacks of the engine run within the end of a
/// turn, or within a call that an executor's work finished; they may submit and read, and must
/// not destroy the host.
///
/// Resource; node thread, the one that made it, which needs a QCoreApplication. Any call
/// after Fatal does nothing.
class Host final : public QObject
{
    Q_DISABLE_COPY_MOVE(Host)

public:
    using Fatal = engine::Engine::Fatal;

    /// \a fatal is called once when this process has to end, from deep inside; it has to return
    /// or to end the process. Nothing is said or served afterwards.
    Host(HostOptions options, HostParts parts, Fatal fatal);
    ~Host() override;

    /// Reads the disk (blocking) and begins to take part. Errors: `corrupt`, `io`, `refused`.
    Result<void> start();

    [[nodiscard]] engine::Engine &engine() { return m_engine; }
    [[nodiscard]] engine::Status status() const { return m_engine.status(); }
    /// What this node has applied. Views into it are valid until the end of this turn.
    [[nodiscard]] const store::Store &store() const { return m_machine.store(); }
    /// Null while a checkpoint is being read. To be asked anew in each turn.
    [[nodiscard]] store::Watches *watches() { return m_machine.watches(); }
    [[nodiscard]] Clock &clock() { return m_parts.clock; }
    [[nodiscard]] Random &random() { return m_parts.random; }
    [[nodiscard]] bool isFailed() const { return m_isFailed; }

    /// Something was asked of the engine: flush at the end of this turn. Costs next to nothing.
    void requestFlush() { m_hasWork = true; }

    /// Calls \a hook at the end of each turn in which slots were applied or a checkpoint was
    /// installed, until \a context is destroyed. Order: as added. A hook may submit and add hooks.
    void addAppliedHook(QObject *context, std::function<void()> hook);

    /// A frame from a peer, and the loss of one. Called by the link.
    void receive(const QByteArray &frame);
    void peerLost(NodeId peer);

    /// Ends the turn now. The event loop does it by itself; for tests without one.
    void endTurn();

private:
    /// Wraps the executor: what is done belongs to a turn.
    class Lanes final : public engine::Executor
    {
    public:
        explicit Lanes(Host &host) : m_host(host) {}
        void run(engine::Lane lane, Work work, Done done) override;

    private:
        Host &m_host;
    };
    struct Hook
    {
        QPointer<QObject> context;
        std::function<void()> call;
    };

    void connectLoop();
    void onAwake();
    void onTimer();
    void planWake();
    void callHooks();
    void fail(const Error &error);

    HostParts m_parts;
    Fatal m_fatal;
    WatchedMachine m_machine;
    Lanes m_lanes{*this};
    engine::Engine m_engine;
    QTimer m_timer;
    Monotonic m_plannedAt = Monotonic::max(); ///< When the timer fires.
    std::list<Hook> m_hooks;
    Slot m_toldApplied; ///< As the hooks were last called.
    bool m_hasWork = false;
    bool m_isOverdue = false; ///< The loop began a round while a turn was open.
    bool m_isEnding = false;  ///< Stands within endTurn().
    bool m_isStarted = false;
    bool m_isFailed = false;
};

} // namespace coffer::node
