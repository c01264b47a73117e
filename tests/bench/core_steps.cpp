// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"
#include "bench/core_benches.h"
#include "bench/stopwatch.h"
#include "consensus/replica.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>

namespace coffer::bench {

using consensus::Effects;
using consensus::Event;
using consensus::Replica;

static const QString group = QStringLiteral("steps");
static constexpr std::size_t lot = 32;
static constexpr qsizetype bodyBytes = 18'000; ///< A batch of 64 puts.

namespace {

/// Three replicas of consensus alone: messages are values, every write is
/// durable at once. The first one leads.
class Replicas
{
public:
    Replicas()
    {
        for (std::size_t i = 0; i < 3; ++i) {
            const consensus::MemberSet members{{idOf(0), idOf(1), idOf(2)}, {}};
            Replica::Origin origin;
            origin.self = idOf(i);
            origin.configuration = {Epoch(1), Slot(1), members};
            origin.seed = i;
            m_replicas.emplace_back(std::move(origin));
            carryOut(i, m_replicas.back().start(m_now, false));
        }
        passTime(std::chrono::seconds(1));
        carryOut(0, step(0, consensus::Tick{}));
        deliver();
        if (!m_replicas[0].isServing()) {
            std::fprintf(stderr, "bench_core: the first replica does not lead\n");
            std::exit(1);
        }
    }

    /// One lot of slots, from the proposals to chosen everywhere. Adds
    /// nanoseconds by event.
    void runLot(std::map<QString, Figure> &times, std::map<QString, Figure> &allocations)
    {
        m_times = &times;
        m_allocations = &allocations;
        passTime(std::chrono::milliseconds(1));
        const consensus::Entry entry{
            consensus::EntryKind::commands, QByteArray(bodyBytes, 'b'), {}};
        const auto proposed = time(QStringLiteral("Propose, leader"), 0,
                                   std::vector<Event>(lot, consensus::Propose{entry}));
        handOver(0, proposed);
        const auto accepted = time(QStringLiteral("Accept, follower"), 1, take(1));
        handOver(1, accepted);
        const auto chosen = time(QStringLiteral("Accepted, leader"), 0, take(0));
        handOver(0, chosen);
        deliver();

        passTime(std::chrono::milliseconds(20));
        carryOut(0, step(0, consensus::Tick{}));
        const std::vector<Event> heartbeat = take(1);
        const auto answered = time(QStringLiteral("Heartbeat, follower"), 1,
                                   std::vector<Event>(lot, heartbeat.back()));
        handOver(1, answered);
        const auto counted = time(QStringLiteral("HeartbeatAck, leader"), 0, take(0));
        handOver(0, counted);
        deliver();
        for (std::size_t i = 0; i < 3; ++i)
            carryOut(i, step(i, consensus::Forget{m_replicas[i].chosenUpTo()}));
    }

private:
    static NodeId idOf(std::size_t node) { return NodeId(node + 1); }

    void passTime(Monotonic time) { m_now.monotonic += time; }
    [[nodiscard]] Effects step(std::size_t node, const Event &event)
    {
        return m_replicas[node].step(event, m_now);
    }

    void carryOut(std::size_t node, const Effects &effects)
    {
        for (const consensus::Outgoing &outgoing : effects.now)
            send(node, outgoing);
        if (effects.mark != 0)
            carryOut(node, step(node, consensus::Written{effects.mark}));
        for (const consensus::Outgoing &outgoing : effects.afterWrites)
            send(node, outgoing);
    }
    void handOver(std::size_t node, const std::vector<Effects> &all)
    {
        for (const Effects &effects : all)
            carryOut(node, effects);
    }
    void send(std::size_t from, const consensus::Outgoing &outgoing)
    {
        consensus::PeerMessage event;
        event.from = idOf(from);
        event.message = outgoing.message;
        m_inboxes[outgoing.to.value() - 1].push_back(std::move(event));
    }
    [[nodiscard]] std::vector<Event> take(std::size_t node)
    {
        std::vector<Event> events(m_inboxes[node].begin(), m_inboxes[node].end());
        m_inboxes[node].clear();
        return events;
    }
    void deliver()
    {
        bool isQuiet = false;
        while (!isQuiet) {
            isQuiet = true;
            for (std::size_t node = 0; node < 3; ++node) {
                for (const Event &event : take(node)) {
                    carryOut(node, step(node, event));
                    isQuiet = false;
                }
            }
        }
    }

    [[nodiscard]] std::vector<Effects> time(const QString &name, std::size_t node,
                                            const std::vector<Event> &events)
    {
        std::vector<Effects> effects(events.size());
        const std::uint64_t before = allocationsSoFar().count;
        const double nanoseconds = nanosecondsPerCall(
            events.size(), [&](std::size_t i) { effects[i] = step(node, events[i]); });
        const auto allocations = double(allocationsSoFar().count - before);
        (*m_times)[name].samples.push_back(nanoseconds);
        (*m_allocations)[name].samples.push_back(allocations / double(events.size()));
        return effects;
    }

    consensus::Moment m_now{Monotonic(1'000'000), WallMs(1'700'000'000'000)};
    std::deque<Replica> m_replicas;
    std::array<std::deque<consensus::PeerMessage>, 3> m_inboxes;
    std::map<QString, Figure> *m_times = nullptr;
    std::map<QString, Figure> *m_allocations = nullptr;
};

} // namespace

void benchSteps(const Options &options, Report &report)
{
    static constexpr int lots = 500;
    if (!options.isWanted(group))
        return;
    report.begin(group, QStringLiteral("Replica::step alone, nanoseconds an event, median of 500 "
                                       "lots of 32 events a run.\nThe making and the destruction "
                                       "of messages are not included."));
    std::map<QString, Case> cases;
    for (int run = 0; run < options.runs; ++run) {
        Replicas replicas;
        std::map<QString, Figure> times;
        std::map<QString, Figure> allocations;
        for (int i = 0; i < lots; ++i)
            replicas.runLot(times, allocations);
        for (const auto &[name, figure] : times) {
            Case &measured = cases.try_emplace(name, group, name).first->second;
            measured.add(QStringLiteral("ns"), figure.median());
            measured.add(QStringLiteral("allocations"), allocations[name].median());
        }
    }
    for (auto &[name, measured] : cases)
        report.add(std::move(measured));
}

} // namespace coffer::bench
