// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_node.h"

#include "engine/store_machine.h"
#include "sim/finding.h"
#include "sim/sim_executor.h"

#include <utility>

namespace coffer::sim {

static constexpr std::size_t inboxMax = 20'000;
/// Turns in a row, each with nothing to handle, after which an engine counts as spinning.
static constexpr int idleTurnsMax = 5'000;

namespace {

class NodeTransport final : public engine::Transport
{
public:
    NodeTransport(SimNode &node, Surroundings &surroundings)
        : m_node(node), m_surroundings(surroundings)
    {}
    void send(NodeId to, const QByteArray &frame) override
    {
        m_surroundings.frameSent(m_node, to, frame);
    }
    void sendToAddress(const QString &address, const QByteArray &frame) override
    {
        m_surroundings.frameSent(m_node, address, frame);
    }

private:
    SimNode &m_node;
    Surroundings &m_surroundings;
};

/// A store whose hash can go wrong; its answers stay right, so that histories can be judged. The
/// watches of the process lie beside it, and hear of each slot.
class FragileMachine final : public engine::StoreMachine
{
public:
    explicit FragileMachine(const Options &options)
        : StoreMachine(options), m_watches(store().changes())
    {}

    void corrupt() { m_isWrong = true; }
    /// Null while a checkpoint is being read.
    [[nodiscard]] store::Watches *watches() { return m_isWhole ? &m_watches : nullptr; }

    [[nodiscard]] std::vector<QByteArray> apply(Slot slot, WallMs stamp,
                                                const std::vector<QByteArray> &commands) override
    {
        std::vector<QByteArray> answers = StoreMachine::apply(slot, stamp, commands);
        noteSlot();
        return answers;
    }
    void applyLeaderStart(Slot slot) override
    {
        StoreMachine::applyLeaderStart(slot);
        noteSlot();
    }
    void applyNothing(Slot slot) override
    {
        StoreMachine::applyNothing(slot);
        noteSlot();
    }
    [[nodiscard]] Hash128 hash() const override
    {
        Hash128 hash = StoreMachine::hash();
        hash.low ^= m_isWrong ? 1 : 0;
        return hash;
    }
    void reset() override
    {
        m_isWhole = false;
        StoreMachine::reset();
    }
    Result<void> finishRestore(Slot applied, Hash128 hash) override
    {
        Result<void> restored = StoreMachine::finishRestore(applied, hash);
        if (restored)
            becomeWhole();
        return restored;
    }
    void swapState(engine::StateMachine &other) override
    {
        StoreMachine::swapState(other);
        m_isWrong = false;
        becomeWhole();
    }

private:
    void becomeWhole()
    {
        m_isWhole = true;
        m_watches.replaceSource(store().changes());
    }
    void noteSlot()
    {
        m_isWhole = true;
        m_watches.noteChanges();
    }

    store::Watches m_watches;
    bool m_isWhole = true;
    bool m_isWrong = false;
};

} // namespace

/// One process: what is gone when it ends.
struct SimNode::Run
{
    Run(SimNode &node, const engine::Options &options, SimExecutor::Post post,
        SimExecutor::Down down, engine::Engine::Fatal fatal)
        : transport(node, node.m_surroundings)
        , journal(node.m_disk->openJournal())
        , checkpoint(node.m_disk->openCheckpoint())
        , machine(node.m_settings.store)
        , executor(node.m_world, node.m_draw, *node.m_disk, std::move(post), std::move(down))
        , engine(options,
                 {node.m_clock, node.m_random, transport, *journal, *checkpoint, executor, machine},
                 std::move(fatal))
    {}

    NodeTransport transport;
    std::unique_ptr<storage::Journal> journal;
    std::unique_ptr<storage::Checkpoint> checkpoint;
    FragileMachine machine;
    SimExecutor executor;
    engine::Engine engine;
};

SimNode::SimNode(Scheduler &world, Draw &draw, Surroundings &surroundings, std::size_t machine,
                 Settings settings)
    : m_world(world)
    , m_draw(draw)
    , m_surroundings(surroundings)
    , m_machine(machine)
    , m_settings(std::move(settings))
    , m_turnMin(m_settings.turnMin)
    , m_turnMax(m_settings.turnMax)
    , m_clock(world, Monotonic(draw.between(1'000'000, 1'000'000'000)))
    , m_random(draw.bits())
{}

SimNode::~SimNode() = default;

void SimNode::insertDisk(std::unique_ptr<SimDisk> disk) { m_disk = std::move(disk); }

std::unique_ptr<SimDisk> SimNode::takeDisk() { return std::exchange(m_disk, nullptr); }

void SimNode::setTurnTime(SimTime turnMin, SimTime turnMax)
{
    m_turnMin = turnMin;
    m_turnMax = turnMax;
}

void SimNode::start()
{
    if (m_run || !m_disk)
        return;
    ++m_runs;
    m_isEnding = false;
    m_disk->clearErrors();
    engine::Options options = m_settings.options;
    options.self = m_disk->node();
    options.run = RunId(m_draw.bits() | 1);
    m_run = std::make_unique<Run>(
        *this, options,
        [this](std::function<void()> call) {
            add({{}, [call = std::move(call)](engine::Engine &) { call(); }});
        },
        [this] { endSoon(std::nullopt); }, [this](const Error &error) { endSoon(error); });
    m_run->engine.setAppliedHook(
        [this](Slot slot, const consensus::Entry &entry, const Hash128 &hash) {
            m_surroundings.entryApplied(*this, slot, entry, hash);
        });
    m_tickAt = m_clock.monotonic();
    if (startEngine())
        wakeAt(m_world.now());
}

/// Reads the disk. False if the process did not get that far.
bool SimNode::startEngine()
{
    try {
        const Result<void> started = m_run->engine.start();
        if (started)
            return true;
        endSoon(started.error());
    } catch (const MachineDown &) {
        endSoon(std::nullopt);
    }
    return false;
}

/// The process is told nothing more, and is gone as soon as nobody stands inside it.
void SimNode::endSoon(const std::optional<Error> &error)
{
    if (m_isEnding)
        return;
    m_isEnding = true;
    m_world.after(SimTime(0), [this, error, run = m_runs] {
        if (!m_run || m_runs != run)
            return;
        const bool isExpected =
            !error || (m_disk->hadErrors() && error->code != ErrorCode::corrupt);
        stop(!error);
        m_surroundings.processEnded(*this, isExpected ? std::nullopt : error);
    });
}

void SimNode::stop(bool isPowerLoss)
{
    if (!m_run)
        return;
    m_run->executor.stop();
    m_disk->processEnds();
    m_run.reset();
    m_inbox.clear();
    m_disk->processEnded(isPowerLoss, m_draw);
    m_isPaused = false;
    m_isEnding = false;
    m_wakeTime.reset();
    ++m_wakeNumber;
}

void SimNode::pause() { m_isPaused = m_run != nullptr; }

void SimNode::resume()
{
    if (!m_isPaused)
        return;
    m_isPaused = false;
    wakeAt(m_world.now());
}

void SimNode::corruptState()
{
    if (m_run)
        m_run->machine.corrupt();
}

void SimNode::receive(const QByteArray &frame) { add({frame, nullptr}); }

void SimNode::peerLost(NodeId peer)
{
    post([peer](engine::Engine &engine) { engine.peerLost(peer); });
}

void SimNode::post(std::function<void(engine::Engine &)> request) { add({{}, std::move(request)}); }

const engine::Engine *SimNode::engine() const { return m_run ? &m_run->engine : nullptr; }

store::Watches *SimNode::watches() const
{
    return isServing() ? m_run->machine.watches() : nullptr;
}

const store::Store &SimNode::store() const { return m_run->machine.store(); }

void SimNode::add(Item item)
{
    if (!m_run || m_isEnding || (!item.call && m_inbox.size() >= inboxMax))
        return;
    m_inbox.push_back(std::move(item));
    wakeAt(m_world.now() + SimTime(m_draw.between(m_turnMin.count(), m_turnMax.count())));
}

void SimNode::wakeAt(SimTime time)
{
    if (m_wakeTime && *m_wakeTime <= time)
        return;
    m_wakeTime = time;
    m_world.at(time, [this, number = ++m_wakeNumber] {
        if (number != m_wakeNumber)
            return;
        m_wakeTime.reset();
        if (m_run && !m_isPaused && !m_isEnding)
            takeTurn();
    });
}

void SimNode::takeTurn()
{
    m_idleTurns = m_inbox.empty() ? m_idleTurns + 1 : 0;
    if (m_idleTurns > idleTurnsMax)
        report("P19", QStringLiteral("the engine wants to be woken without end"));
    handleItems();
    if (m_isEnding)
        return;
    if (m_clock.monotonic() >= m_tickAt) {
        m_run->engine.tick();
        m_tickAt = Monotonic::max();
    }
    m_run->engine.flush();
    if (!m_isEnding)
        planWake();
}

void SimNode::handleItems()
{
    std::deque<Item> items = std::exchange(m_inbox, {});
    while (!items.empty() && !m_isEnding) {
        const Item item = std::move(items.front());
        items.pop_front();
        if (item.call) {
            item.call(m_run->engine);
        } else {
            m_surroundings.frameReceived(*this, item.frame);
            m_run->engine.receive(item.frame);
        }
    }
}

void SimNode::planWake()
{
    // What the engine once asked for stands, however often it is asked again before.
    m_tickAt = std::min(m_tickAt, m_run->engine.nextWake());
    if (!m_inbox.empty()) {
        wakeAt(m_world.now() + m_turnMin);
        return;
    }
    wakeAt(std::max(m_clock.trueTime(m_tickAt), m_world.now() + m_turnMin));
}

} // namespace coffer::sim
