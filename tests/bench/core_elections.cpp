// SPDX-License-Identifier: Apache-2.0
#include "bench/core_benches.h"
#include "bench/trio.h"
#include "store/answer.h"
#include "store/command.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

namespace coffer::bench {

namespace {

/// Virtual milliseconds since the leader's crash.
struct Outage
{
    double untilLeader = 0;
    double untilWrite = 0;
};

} // namespace

static const QString group = QStringLiteral("election");
static constexpr Monotonic linkMax{500};
static constexpr Monotonic diskMax{2'000};

static double milliseconds(Monotonic time) { return double(time.count()) / 1000; }

static store::Answer ask(Trio &trio, std::size_t node, const store::Command &command,
                         const std::function<void()> &during)
{
    std::optional<store::Answer> answer;
    trio.engine(node).submit(store::encode(command),
                             [&answer](const Result<engine::Answer> &result) {
                                 if (result)
                                     answer = *store::decodeAnswer(result->bytes);
                                 else
                                     answer = store::Answer{};
                             });
    trio.wake(node);
    trio.runUntil(
        [&] {
            during();
            return answer.has_value();
        },
        "an answer");
    if (answer->status != store::Status::ok) {
        std::fprintf(stderr, "bench_core: a command of the election was not done\n");
        std::exit(1);
    }
    return *answer;
}

static Outage crashLeader(std::uint64_t seed, bool isNoticed)
{
    Trio::Settings settings;
    settings.round = Monotonic(10);
    settings.linkMax = linkMax;
    settings.diskMax = diskMax;
    settings.seed = seed;
    Trio trio(settings);
    trio.form();
    const std::size_t leader = trio.leader();
    const std::size_t survivor = trio.follower();
    const std::size_t other = (survivor + 1) % trioSize;
    const store::OpenSession open{.nonce = seed, .timeToLive = std::chrono::hours(1)};
    const SessionId session = ask(trio, survivor, store::Command{{}, open}, [] {}).session;

    SeededRandom random(seed);
    const Monotonic crashAt = trio.now() + Monotonic(std::int64_t(random.below(200'000)));
    trio.runUntil([&] { return trio.now() >= crashAt; }, "the crash");
    const Monotonic begin = trio.now();
    trio.crash(leader, isNoticed);

    store::Transaction put;
    put.operations = {store::Put{.path = "/after", .value = "the crash"}};
    Outage outage;
    const store::Command command{store::Origin{session, Sequence(1), Sequence(0)}, put};
    ask(trio, survivor, command, [&] {
        const bool isLed =
            trio.engine(survivor).status().isLeading || trio.engine(other).status().isLeading;
        if (isLed && outage.untilLeader == 0)
            outage.untilLeader = milliseconds(trio.now() - begin);
    });
    outage.untilWrite = milliseconds(trio.now() - begin);
    return outage;
}

static void add(Case &measured, const QString &what, const Figure &figure)
{
    measured.add(what + QStringLiteral(": ms, p50"), figure.quantile(0.5));
    measured.add(what + QStringLiteral(": ms, p99"), figure.quantile(0.99));
    measured.add(what + QStringLiteral(": ms, max"), figure.most());
}

void benchElections(const Options &options, Report &report)
{
    bool isFirst = true;
    for (const bool isNoticed : {false, true}) {
        const QString name = isNoticed ? QStringLiteral("the process dies, connections break")
                                       : QStringLiteral("the machine falls silent");
        if (!options.isWanted(group, name))
            continue;
        if (std::exchange(isFirst, false)) {
            report.begin(group,
                         QStringLiteral("Virtual time from the leader's crash, the same on every "
                                        "machine: %1 seeds, default settings,\nlinks up to 0.5 ms, "
                                        "journal writes up to 2 ms, no time for computing. The "
                                        "write is a\nrepeatable put, submitted at a survivor at "
                                        "the moment of the crash.")
                             .arg(options.seeds));
        }
        Figure leader;
        Figure write;
        for (int seed = 1; seed <= options.seeds; ++seed) {
            const Outage outage = crashLeader(std::uint64_t(seed), isNoticed);
            leader.samples.push_back(outage.untilLeader);
            write.samples.push_back(outage.untilWrite);
        }
        Case measured(group, name);
        add(measured, QStringLiteral("until a leader serves"), leader);
        add(measured, QStringLiteral("until the write is done"), write);
        report.add(std::move(measured));
    }
}

} // namespace coffer::bench
