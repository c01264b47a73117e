// SPDX-License-Identifier: Apache-2.0
#include "support/engine_cluster.h"

#include <utility>

namespace coffer::test {

using namespace engine;

static constexpr Monotonic turn{5'000};

class EngineCluster::Loopback final : public Transport
{
public:
    Loopback(EngineCluster &cluster, std::uint64_t self) : m_cluster(cluster), m_self(self) {}
    void send(NodeId to, const QByteArray &frame) override
    {
        m_cluster.m_flying.push_back({m_self, to.value(), frame});
    }
    void sendToAddress(const QString &address, const QByteArray &frame) override
    {
        const auto found = m_cluster.m_addresses.find(address);
        if (found != m_cluster.m_addresses.end())
            m_cluster.m_flying.push_back({m_self, found->second, frame});
    }

private:
    EngineCluster &m_cluster;
    std::uint64_t m_self;
};

/// One machine; what belongs to a process run is made anew by start().
struct EngineCluster::Node
{
    explicit Node(EngineCluster &cluster, std::uint64_t id) : transport(cluster, id), random(id) {}

    Options options;
    storage::MemoryDisk disk;
    Loopback transport;
    SeededRandom random;
    std::uint64_t runs = 0;
    std::unique_ptr<RowMachine> machine;
    std::unique_ptr<storage::MemoryJournal> journal;
    std::unique_ptr<storage::MemoryCheckpoint> checkpoint;
    std::unique_ptr<ManualExecutor> executor;
    std::unique_ptr<Engine> engine; ///< Null: down.
};

EngineCluster::EngineCluster() = default;
EngineCluster::~EngineCluster() = default;

void EngineCluster::add(std::uint64_t id, const std::vector<QString> &peers)
{
    auto &node = m_nodes[id];
    node = std::make_unique<Node>(*this, id);
    node->options = options;
    node->options.self = NodeId(id);
    node->options.peers = peers;
    node->options.address = QStringLiteral("n%1").arg(id);
    m_addresses[node->options.address] = id;
    start(*node);
}

void EngineCluster::addAll(std::initializer_list<std::uint64_t> ids)
{
    std::vector<QString> peers;
    for (std::uint64_t id : ids)
        peers.push_back(QStringLiteral("n%1").arg(id));
    for (std::uint64_t id : ids)
        add(id, peers);
}

void EngineCluster::start(Node &node)
{
    node.options.run = RunId(node.options.self.value() * 1000 + ++node.runs);
    node.machine = std::make_unique<RowMachine>();
    node.journal = std::make_unique<storage::MemoryJournal>(node.disk);
    node.checkpoint = std::make_unique<storage::MemoryCheckpoint>(node.disk);
    node.executor = std::make_unique<ManualExecutor>();
    const Parts parts{m_clock,          node.random,    node.transport, *node.journal,
                      *node.checkpoint, *node.executor, *node.machine};
    node.engine = std::make_unique<Engine>(
        node.options, parts, [this](const Error &error) { m_failures.push_back(error); });
    if (const Result<void> started = node.engine->start(); !started)
        m_failures.push_back(started.error());
}

void EngineCluster::crash(std::uint64_t id)
{
    Node &node = *m_nodes.at(id);
    node.executor->clear();
    node.engine.reset();
    node.disk.crash(0);
    for (auto &[other, peer] : m_nodes) {
        if (peer->engine)
            peer->engine->peerLost(NodeId(id));
    }
}

void EngineCluster::restart(std::uint64_t id) { start(*m_nodes.at(id)); }

void EngineCluster::wipe(std::uint64_t id, std::uint64_t next)
{
    const Options former = m_nodes.at(id)->options;
    crash(id);
    m_nodes.erase(id);
    auto &node = m_nodes[next];
    node = std::make_unique<Node>(*this, next);
    node->options = former;
    node->options.self = NodeId(next);
    m_addresses[former.address] = next;
    start(*node);
}

void EngineCluster::setCut(std::uint64_t id, bool isCut)
{
    if (isCut)
        m_cut.insert(id);
    else
        m_cut.erase(id);
}

/// One step of everybody; false when nothing happened.
bool EngineCluster::settleOnce()
{
    bool isBusy = false;
    for (auto &[id, node] : m_nodes) {
        if (!node->engine)
            continue;
        isBusy |= node->executor->runOne();
        node->engine->flush();
    }
    for (Flying &flying : std::exchange(m_flying, {})) {
        const auto found = m_nodes.find(flying.to);
        const bool isLost = m_cut.contains(flying.from) || m_cut.contains(flying.to)
                            || found == m_nodes.end() || !found->second->engine;
        if (isLost)
            continue;
        isBusy = true;
        found->second->engine->receive(flying.frame);
    }
    return isBusy;
}

void EngineCluster::run(std::chrono::milliseconds time)
{
    for (Monotonic passed{0}; passed < Monotonic(time); passed += turn) {
        m_clock.advance(turn);
        for (auto &[id, node] : m_nodes) {
            if (node->engine && m_clock.monotonic() >= node->engine->nextWake())
                node->engine->tick();
        }
        for (int i = 0; i < 1000 && settleOnce(); ++i) {}
    }
}

bool EngineCluster::waitFor(const std::function<bool()> &isTrue)
{
    for (int i = 0; i < 2000 && !isTrue(); ++i)
        run(std::chrono::milliseconds(5));
    return isTrue();
}

NodeId EngineCluster::waitForLeader()
{
    NodeId leader;
    const auto find = [&] {
        leader = NodeId();
        for (auto &[id, node] : m_nodes) {
            if (node->engine && !m_cut.contains(id) && node->engine->status().isLeading)
                leader = NodeId(id);
        }
        return !leader.isNone();
    };
    (void)waitFor(find);
    return leader;
}

Engine &EngineCluster::engine(std::uint64_t id) { return *m_nodes.at(id)->engine; }

RowMachine &EngineCluster::machine(std::uint64_t id) { return *m_nodes.at(id)->machine; }

storage::MemoryDisk &EngineCluster::disk(std::uint64_t id) { return m_nodes.at(id)->disk; }

Result<Answer> EngineCluster::await(const std::function<void(Engine::Done)> &ask)
{
    // Shared: an answer may come after nobody waits for it any more.
    auto answer = std::make_shared<std::optional<Result<Answer>>>();
    ask([answer](Result<Answer> result) { *answer = std::move(result); });
    (void)waitFor([&] { return answer->has_value(); });
    if (!*answer)
        return Error{ErrorCode::invalid, QStringLiteral("no answer at all")};
    return **answer;
}

Result<Answer> EngineCluster::submit(std::uint64_t id, const QByteArray &command)
{
    return await([&](Engine::Done done) { engine(id).submit(command, std::move(done)); });
}

Result<Answer> EngineCluster::read(std::uint64_t id, ReadMode mode, const QByteArray &question,
                                   Slot seen)
{
    return await(
        [&](Engine::Done done) { engine(id).read(mode, seen, question, std::move(done)); });
}

Result<Answer> EngineCluster::reconfigure(std::uint64_t id, const consensus::MemberSet &members,
                                          Epoch ifEpoch)
{
    return await(
        [&](Engine::Done done) { engine(id).reconfigure(members, ifEpoch, std::move(done)); });
}

} // namespace coffer::test
