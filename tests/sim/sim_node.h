// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"
#include "engine/store_machine.h"
#include "sim/draw.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "store/store.h"
#include "store/watches.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::sim {

class SimNode;

/// What surrounds a machine: where its frames go and who watches.
class Surroundings
{
public:
    virtual ~Surroundings() = default;
    /// A frame leaves \a node; the receiver is a NodeId or an address.
    virtual void frameSent(SimNode &node, NodeId to, const QByteArray &frame) = 0;
    virtual void frameSent(SimNode &node, const QString &address, const QByteArray &frame) = 0;
    /// A frame is about to be handled.
    virtual void frameReceived(SimNode &node, const QByteArray &frame) = 0;
    virtual void entryApplied(SimNode &node, Slot slot, const consensus::Entry &entry,
                              const Hash128 &hash) = 0;
    /// The process ended by itself (\a error) or because its machine went down (no error).
    virtual void processEnded(SimNode &node, const std::optional<Error> &error) = 0;
};

/// One machine: clocks, a disk that can be taken out, and perhaps a running node process.
///
/// The process handles what has arrived in turns, as an event loop does: several frames and
/// answers, then one flush. Resource; one thread.
class SimNode
{
public:
    struct Settings
    {
        engine::Options options; ///< self and run are filled in here.
        engine::StoreMachine::Options store;
        SimTime turnMin{5};
        SimTime turnMax{20};
    };

    SimNode(Scheduler &world, Draw &draw, Surroundings &surroundings, std::size_t machine,
            Settings settings);
    ~SimNode();

    [[nodiscard]] std::size_t machine() const { return m_machine; }
    [[nodiscard]] const QString &address() const { return m_settings.options.address; }
    [[nodiscard]] SimClock &clock() { return m_clock; }
    [[nodiscard]] SimDisk *disk() const { return m_disk.get(); }
    /// The identity on the disk that is in; none without a disk.
    [[nodiscard]] NodeId id() const { return m_disk ? m_disk->node() : NodeId(); }

    /// Only while no process runs.
    void insertDisk(std::unique_ptr<SimDisk> disk);
    [[nodiscard]] std::unique_ptr<SimDisk> takeDisk();

    /// Starts a process with the command line of this machine.
    void start();
    /// Ends the process: killed, or with the machine's power.
    void stop(bool isPowerLoss);
    void pause();
    void resume();
    [[nodiscard]] bool isRunning() const { return m_run != nullptr; }
    [[nodiscard]] bool isPaused() const { return m_isPaused; }
    /// Runs and can be talked to.
    [[nodiscard]] bool isServing() const { return m_run && !m_isPaused && !m_isEnding; }
    /// Time and number of the process that runs, or ran last.
    [[nodiscard]] std::uint64_t runs() const { return m_runs; }

    /// Slows the processor down, or back to normal with the default.
    void setTurnTime(SimTime turnMin, SimTime turnMax);
    [[nodiscard]] bool isSlow() const { return m_turnMax > m_settings.turnMax; }

    /// A bit flips in the state of the running process; it says another state hash from now on.
    void corruptState();

    void receive(const QByteArray &frame);
    void peerLost(NodeId peer);
    /// Has \a request carried out in the process's next turn; lost if it ends before.
    void post(std::function<void(engine::Engine &)> request);
    /// Null unless a process runs. Only for looking; requests go through post().
    [[nodiscard]] const engine::Engine *engine() const;
    /// The watches of the process; null unless one serves and has a state to look at.
    [[nodiscard]] store::Watches *watches() const;
    /// What its process has applied. Only where watches() is not null.
    [[nodiscard]] const store::Store &store() const;

private:
    struct Run;
    struct Item
    {
        QByteArray frame;
        std::function<void(engine::Engine &)> call; ///< Empty: it is a frame.
    };

    void add(Item item);
    void wakeAt(SimTime time);
    void takeTurn();
    void handleItems();
    void planWake();
    void endSoon(const std::optional<Error> &error);
    [[nodiscard]] bool startEngine();

    Scheduler &m_world;
    Draw &m_draw;
    Surroundings &m_surroundings;
    std::size_t m_machine;
    Settings m_settings;
    SimTime m_turnMin;
    SimTime m_turnMax;
    SimClock m_clock;
    SeededRandom m_random;
    std::unique_ptr<SimDisk> m_disk;
    std::unique_ptr<Run> m_run;
    std::deque<Item> m_inbox;
    std::uint64_t m_runs = 0;
    std::uint64_t m_wakeNumber = 0; ///< Of the newest planned turn; earlier ones are void.
    std::optional<SimTime> m_wakeTime;
    Monotonic m_tickAt{0};
    int m_idleTurns = 0;
    bool m_isPaused = false;
    bool m_isEnding = false;
};

} // namespace coffer::sim
