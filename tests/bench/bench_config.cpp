// SPDX-License-Identifier: Apache-2.0
#include "bench/config_centre.h"
#include "bench/config_fleet.h"
#include "bench/machine_floor.h"

#include <QCoreApplication>
#include <QFile>
#include <QLoggingCategory>
#include <QTemporaryDir>

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace coffer;
using namespace coffer::bench;
using namespace Qt::StringLiterals;

// Configuration on its way to hosts: three nodes of real processes, real agents, on this machine.

static void print(const char *what, const std::vector<double> &sorted)
{
    if (sorted.empty()) {
        std::printf("  %-44s %7d\n", what, 0);
        return;
    }
    std::printf("  %-44s %7zu %9.1f %9.1f %9.1f\n", what, sorted.size(), quantile(sorted, 0.5),
                quantile(sorted, 0.99), sorted.back());
}

static void heading(const QString &text) { std::printf("\n%s\n", qUtf8Printable(text)); }

/// From the call of publish to the record that says "applied", synced, on each of \a count hosts.
static void followPublishes(int count, int publishes)
{
    heading(u"%1 agents, %2 publishes; ms"_s.arg(count).arg(publishes));
    Centre centre;
    centre.makeService(50);
    Fleet fleet(centre, count);
    std::vector<double> published;
    std::vector<double> applied;
    for (int n = 0; n < publishes; ++n) {
        pass(Fleet::calm);
        fleet.mark();
        centre.setKey(n);
        const Stopwatch watch;
        centre.publish();
        published.push_back(watch.milliseconds());
        fleet.awaitHealthy();
        for (const double time : fleet.appliedAfter(watch))
            applied.push_back(time);
    }
    std::printf("  %-44s %7s %9s %9s %9s\n", "", "n", "median", "p99", "max");
    print("publish, until it is answered", sorted(published));
    print("publish, until it is applied and synced", sorted(applied));
    print("plain system calls, to replace one file", replaceFilesAtOnce(count, publishes));
    print("plain system calls, all those of a switch", switchAtOnce(count, publishes));
    const Footprint idle = fleet.idle(std::chrono::seconds(5));
    std::printf("  an idle agent: %.1f MiB (largest %.1f), %.2f %% of a core\n", idle.meanMiB,
                idle.largestMiB, idle.processorShare * 100);
}

static void publishAlone(int publishes)
{
    heading(u"no agents, one editor: an edit and its publish, again and again"_s);
    Centre centre;
    centre.makeService(50);
    const Stopwatch all;
    for (int n = 0; n < publishes; ++n) {
        centre.setKey(n);
        centre.publish();
    }
    std::printf("  %.0f publishes a second\n", publishes * 1000.0 / all.milliseconds());
}

/// What one changed key costs on the wire, and how long a large service takes.
static void largeService(int keys)
{
    heading(u"a service of %1 keys"_s.arg(keys));
    Centre centre;
    Stopwatch watch;
    centre.makeService(keys);
    std::printf("  keys set and published for the first time   %9.0f ms\n", watch.milliseconds());
    PlayedHost host(centre, u"played"_s);
    const Fetched whole = host.fetch({});
    centre.setKey(1);
    watch = Stopwatch();
    centre.publish();
    std::printf("  one key changed, publish answered           %9.0f ms\n", watch.milliseconds());
    const Fetched delta = host.fetch(whole.root);
    std::printf("  bundle %lld bytes; on the wire %lld, with the version before %lld\n",
                static_cast<long long>(whole.bytes), static_cast<long long>(whole.packed),
                static_cast<long long>(delta.packed));
    Fleet fleet(centre, 1);
    fleet.mark();
    centre.setKey(2);
    watch = Stopwatch();
    centre.publish();
    fleet.awaitHealthy();
    std::printf("  one key changed, applied on a host          %9.0f ms\n",
                fleet.appliedAfter(watch).front());
    std::printf("  memory: largest node %.0f MiB, agent %.1f MiB\n", centre.largestNodeMiB(),
                fleet.idle(std::chrono::seconds(1)).largestMiB);
}

/// All hosts follow at one node; it dies, while somebody writes.
static void reconnect(int count)
{
    heading(u"%1 hosts at one node, which dies; writes of one client, ms"_s.arg(count));
    Centre centre;
    centre.makeService(50);
    Crowd crowd(centre, count);
    const std::vector<double> before = centre.writeFor(std::chrono::seconds(3));
    const double nodeMiB = centre.nodeMiB(crowd.node());
    crowd.killNode();
    const Stopwatch watch;
    await("hosts that notice", [&crowd] { return !crowd.isFollowing(); });
    std::vector<double> during;
    while (!crowd.isFollowing() && watch.milliseconds() < 120'000) {
        for (const double time : centre.writeFor(std::chrono::milliseconds(200)))
            during.push_back(time);
    }
    std::printf("  all follow again after %.1f s; their node had %.0f MiB\n",
                watch.milliseconds() / 1000, nodeMiB);
    std::printf("  %-44s %7s %9s %9s %9s\n", "", "n", "median", "p99", "max");
    print("before", sorted(before));
    print("while they come back", sorted(during));
}

int main(int argc, char **argv)
{
    std::vector<int> agents{1, 50, 200};
    int publishes = 20;
    std::vector<int> keys{50'000, 100'000};
    int hosts = 5'000;
    CLI::App options("Configuration on its way to hosts, with real processes on this machine");
    options.add_option("--agents", agents, "Sizes of fleets of real agents; 0: none")
        ->check(CLI::Range(0, 1'000))
        ->delimiter(',')
        ->capture_default_str();
    options.add_option("--publishes", publishes, "For each")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    options.add_option("--keys", keys, "Sizes of large services; 0: none")
        ->check(CLI::Range(0, 200'000))
        ->delimiter(',')
        ->capture_default_str();
    options.add_option("--hosts", hosts, "How many come back at once; 0: not measured")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    CLI11_PARSE(options, argc, argv)

    const QCoreApplication application(argc, argv);
    QLoggingCategory::setFilterRules(u"coffer.*.info=false"_s); // of thousands of played hosts
    raiseFileLimit();
    const QTemporaryDir hostFolders;
    spread(hostFolders.path());
    qputenv("TMPDIR", QFile::encodeName(hostFolders.path()));
    publishAlone(publishes);
    for (const int count : agents) {
        if (count > 0)
            followPublishes(count, publishes);
    }
    for (const int count : keys) {
        if (count > 0)
            largeService(count);
    }
    if (hosts > 0)
        reconnect(hosts);
    return 0;
}
