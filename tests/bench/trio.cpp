// SPDX-License-Identifier: Apache-2.0
#include "bench/trio.h"

#include "bench/allocations.h"
#include "bench/null_storage.h"
#include "engine/codec.h"
#include "engine/store_machine.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <utility>

namespace coffer::bench {

static constexpr Monotonic patience = std::chrono::minutes(1);
/// Large enough that the twin of the disk is not busy with its segments.
static constexpr std::uint64_t segmentBytes = std::uint64_t(8) << 20;

[[noreturn]] static void die(const QString &why)
{
    std::fprintf(stderr, "bench_core: %s\n", qUtf8Printable(why));
    std::exit(1);
}

static QString addressOf(std::size_t node) { return QStringLiteral("node%1:7000").arg(node + 1); }

static NodeId idOf(std::size_t node) { return NodeId(0x1000 + node); }

/// One process: the engine and its surroundings.
class Trio::Node final : public engine::Transport, public engine::Executor
{
public:
    Node(Trio &trio, std::size_t number)
        : m_trio(trio)
        , m_number(number)
        , m_random(trio.m_random.next())
        , m_journal(m_disk)
        , m_checkpoint(m_disk)
        , m_isKeeping(trio.m_settings.storage == Storage::memory)
        , m_engine(options(),
                   {trio.m_clock, m_random, *this,
                    m_isKeeping ? static_cast<storage::Journal &>(m_journal) : m_noJournal,
                    m_isKeeping ? static_cast<storage::Checkpoint &>(m_checkpoint) : m_noCheckpoint,
                    *this, m_machine},
                   [](const Error &error) { die(error.message); })
    {
        m_disk.setSegmentBytes(segmentBytes);
    }

    void send(NodeId to, const QByteArray &frame) override
    {
        m_trio.carry(m_number, std::size_t(to.value() - idOf(0).value()), frame);
    }
    void sendToAddress(const QString &address, const QByteArray &frame) override
    {
        for (std::size_t node = 0; node < trioSize; ++node) {
            if (addressOf(node) == address)
                m_trio.carry(m_number, node, frame);
        }
    }
    void run(engine::Lane lane, Work work, Done done) override
    {
        std::deque<Job> &jobs = m_jobs[std::size_t(lane)];
        const Monotonic begin = jobs.empty() ? m_trio.now() : jobs.back().at;
        jobs.push_back({begin + m_trio.randomTime(m_trio.m_settings.diskMax), std::move(work),
                        std::move(done)});
    }

    void start()
    {
        if (const Result<void> started = m_engine.start(); !started)
            die(started.error().message);
    }
    void arrive(std::size_t from, Monotonic at, const QByteArray &frame)
    {
        std::deque<Arrival> &link = m_links[from];
        link.push_back({link.empty() ? at : std::max(at, link.back().at), frame});
    }
    void lost(std::size_t peer) { m_lost.push_back(peer); }
    void wake() { m_isAwake = true; }
    void crash() { m_isGone = true; }
    [[nodiscard]] bool isGone() const { return m_isGone; }

    /// When there is something to do; the past if there is already.
    [[nodiscard]] Monotonic due() const
    {
        if (m_isGone)
            return Monotonic::max();
        if (m_isAwake || !m_lost.empty())
            return Monotonic(0);
        Monotonic due = m_tickAt;
        for (const std::deque<Arrival> &link : m_links)
            due = link.empty() ? due : std::min(due, link.front().at);
        for (const std::deque<Job> &jobs : m_jobs)
            due = jobs.empty() ? due : std::min(due, jobs.front().at);
        return due;
    }

    void takeTurn()
    {
        const std::uint64_t before = allocationsSoFar().count;
        m_isAwake = false;
        for (std::deque<Job> &jobs : m_jobs)
            doWork(jobs);
        for (std::deque<Arrival> &link : m_links)
            handleFrames(link);
        for (std::size_t peer : std::exchange(m_lost, {}))
            m_engine.peerLost(idOf(peer));
        if (m_trio.now() >= m_tickAt) {
            m_engine.tick();
            m_tickAt = Monotonic::max();
        }
        m_engine.flush();
        m_tickAt = std::min(m_tickAt, m_engine.nextWake());
        m_allocations += allocationsSoFar().count - before;
    }

    [[nodiscard]] engine::Engine &engine() { return m_engine; }
    [[nodiscard]] const engine::StoreMachine &machine() const { return m_machine; }
    [[nodiscard]] std::uint64_t allocations() const { return m_allocations; }

private:
    struct Arrival
    {
        Monotonic at;
        QByteArray frame;
    };
    struct Job
    {
        Monotonic at;
        Work work;
        Done done;
    };

    [[nodiscard]] engine::Options options()
    {
        engine::Options options = m_trio.m_settings.engine;
        options.self = idOf(m_number);
        options.run = RunId(m_random.next() | 1);
        options.address = addressOf(m_number);
        for (std::size_t node = 0; node < trioSize; ++node)
            options.peers.push_back(addressOf(node));
        return options;
    }

    void doWork(std::deque<Job> &jobs)
    {
        // What the answers ask for is work of a later turn.
        for (std::size_t left = jobs.size(); left > 0 && jobs.front().at <= m_trio.now(); --left) {
            const Job job = std::move(jobs.front());
            jobs.pop_front();
            job.done(job.work());
        }
    }

    void handleFrames(std::deque<Arrival> &link)
    {
        while (!link.empty() && link.front().at <= m_trio.now()) {
            const Arrival arrival = std::move(link.front());
            link.pop_front();
            m_engine.receive(arrival.frame);
        }
    }

    Trio &m_trio;
    std::size_t m_number;
    SeededRandom m_random;
    storage::MemoryDisk m_disk;
    storage::MemoryJournal m_journal;
    storage::MemoryCheckpoint m_checkpoint;
    NullJournal m_noJournal;
    NullCheckpoint m_noCheckpoint;
    bool m_isKeeping;
    engine::StoreMachine m_machine;
    engine::Engine m_engine;

    std::array<std::deque<Arrival>, trioSize> m_links; ///< By the sender; in order, like TCP.
    std::array<std::deque<Job>, 2> m_jobs;             ///< By lane.
    std::vector<std::size_t> m_lost;
    Monotonic m_tickAt{0};
    bool m_isAwake = true;
    bool m_isGone = false;
    std::uint64_t m_allocations = 0;
};

Trio::Trio(const Settings &settings) : m_settings(settings), m_random(settings.seed)
{
    for (std::size_t node = 0; node < trioSize; ++node)
        m_nodes[node] = std::make_unique<Node>(*this, node);
}

Trio::~Trio() = default;

Monotonic Trio::randomTime(Monotonic most)
{
    if (most == Monotonic(0))
        return most;
    return Monotonic(std::int64_t(m_random.below(std::uint64_t(most.count()))) + 1);
}

template<class Kind>
static std::string kindOf(const Kind &body)
{
    static const char *const consensus[] = {
        "PreVote", "PreVoteReply", "Prepare",   "Promise",      "Refusal",
        "Accept",  "Accepted",     "Heartbeat", "HeartbeatAck", "Fetch",
        "Chosen",  "Reconfigured", "Transfer",  "Standing",     "StandingAck"};
    static const char *const engine[] = {"Request", "Reply"};
    if (const auto *message = std::get_if<consensus::Message>(&body))
        return consensus[message->index()];
    const std::size_t index = std::get<engine::EngineMessage>(body).index();
    return index < std::size(engine) ? engine[index] : "other";
}

void Trio::carry(std::size_t from, std::size_t to, const QByteArray &frame)
{
    if (to >= trioSize || m_nodes[to]->isGone())
        return;
    ++m_traffic.frames;
    m_traffic.bytes += std::uint64_t(frame.size());
    if (m_settings.isNamingFrames)
        ++m_traffic.kinds[kindOf(engine::codec::decodeFrame(frame)->body)];
    m_nodes[to]->arrive(from, now() + randomTime(m_settings.linkMax), frame);
}

void Trio::round()
{
    for (const auto &node : m_nodes) {
        if (node->due() <= now())
            node->takeTurn();
    }
    Monotonic next = Monotonic::max();
    for (const auto &node : m_nodes)
        next = std::min(next, node->due());
    m_clock.set(std::max(now() + m_settings.round, next));
}

void Trio::runUntil(const std::function<bool()> &isDone, const char *what)
{
    const Monotonic end = now() + patience;
    while (!isDone()) {
        if (now() > end)
            die(QStringLiteral("no end of waiting for %1").arg(QString::fromUtf8(what)));
        round();
    }
}

void Trio::form()
{
    for (const auto &node : m_nodes)
        node->start();
    runUntil(
        [this] {
            std::size_t serving = 0;
            NodeId leader = m_nodes[0]->engine().status().leader;
            bool isKnown = !leader.isNone();
            for (const auto &node : m_nodes) {
                const engine::Status status = node->engine().status();
                serving += status.isLeading ? 1 : 0;
                isKnown = isKnown && status.leader == leader && status.applied >= Slot(1);
            }
            return serving == 1 && isKnown;
        },
        "a leader");
}

std::size_t Trio::leader() const
{
    for (std::size_t node = 0; node < trioSize; ++node) {
        if (!m_nodes[node]->isGone() && m_nodes[node]->engine().status().isLeading)
            return node;
    }
    die(QStringLiteral("there is no leader"));
}

engine::Engine &Trio::engine(std::size_t node) { return m_nodes[node]->engine(); }

void Trio::wake(std::size_t node) { m_nodes[node]->wake(); }

void Trio::crash(std::size_t node, bool isNoticed)
{
    m_nodes[node]->crash();
    for (std::size_t peer = 0; peer < trioSize; ++peer) {
        if (peer != node && isNoticed)
            m_nodes[peer]->lost(node);
    }
}

std::uint64_t Trio::allocations(std::size_t node) const { return m_nodes[node]->allocations(); }

void Trio::checkAgreement()
{
    const auto isEven = [this] {
        const Slot applied = m_nodes[0]->machine().applied();
        return std::all_of(m_nodes.begin(), m_nodes.end(), [applied](const auto &node) {
            return node->machine().applied() == applied;
        });
    };
    runUntil(isEven, "the nodes to be even");
    for (const auto &node : m_nodes) {
        if (node->machine().hash() != m_nodes[0]->machine().hash())
            die(QStringLiteral("the nodes have different states"));
    }
}

} // namespace coffer::bench
