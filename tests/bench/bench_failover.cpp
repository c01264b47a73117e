// SPDX-License-Identifier: Apache-2.0
#include "client/remote_store.h"
#include "cluster/process_cluster.h"
#include "net/spawn.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QTest>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <unistd.h>

using namespace coffer;
using namespace coffer::test;
using namespace Qt::StringLiterals;
using Time = std::chrono::steady_clock;

// How long a client cannot write when the leader of three real processes dies or stands still: from
// the signal to the acknowledgement of the first write that was begun afterwards.

/// A condition that nothing but a defect keeps from becoming true.
static void await(const char *what, const std::function<bool()> &condition)
{
    if (QTest::qWaitFor(condition, 60'000))
        return;
    std::fprintf(stderr, "bench: waited a minute for %s\n", what);
    std::exit(1);
}

static void pass(std::chrono::milliseconds time)
{
    const QDeadlineTimer over(time);
    await("the time to pass", [&over] { return over.hasExpired(); });
}

/// One client that writes all the time, one write after the other.
class Writer
{
public:
    explicit Writer(client::Options options) : m_client(std::move(options)), m_store(m_client) {}

    [[nodiscard]] client::Task<void> run()
    {
        m_isRunning = true;
        while (!m_isStopping) {
            const Time::time_point begun = Time::now();
            const Result<Revision> put = co_await m_store.put("/failover", QByteArray(256, 'x'));
            if (!put)
                continue;
            ++m_written;
            if (m_since && begun >= *m_since && !m_first)
                m_first = Time::now();
        }
        m_isRunning = false;
    }
    void stop()
    {
        m_isStopping = true;
        await("the last write", [this] { return !m_isRunning; });
        (void)QCoro::waitFor(m_store.finish());
    }
    [[nodiscard]] std::size_t written() const { return m_written; }
    void mark() { m_since = Time::now(); }
    /// From mark() on; nothing until it is known.
    [[nodiscard]] std::optional<double> milliseconds() const
    {
        if (!m_first)
            return std::nullopt;
        return std::chrono::duration<double, std::milli>(*m_first - *m_since).count();
    }

private:
    client::Client m_client;
    client::RemoteStore m_store;
    std::optional<Time::time_point> m_since;
    std::optional<Time::time_point> m_first;
    std::size_t m_written = 0;
    bool m_isRunning = false;
    bool m_isStopping = false;
};

/// What was measured under the same circumstances.
struct Samples
{
    const char *name;
    std::vector<double> ms;

    [[nodiscard]] double quantile(double share) const
    {
        const auto rank = std::size_t(share * double(ms.size() - 1) + 0.5);
        return ms[rank];
    }
};

/// The client begins at the leader, or at a follower. The leader is killed and restarted, or paused
/// until the client has written.
static double measure(ProcessCluster &cluster, int signal, bool isAtLeader)
{
    await("a leader", [&] { return cluster.areReady() && cluster.isAgreed(); });
    const std::size_t leader = *cluster.leader();
    client::Options options;
    options.nodes = cluster.clientNodes();
    options.isShuffled = false;
    const std::size_t first = (leader + (isAtLeader ? 0 : 1)) % cluster.size();
    std::rotate(options.nodes.begin(), options.nodes.begin() + std::ptrdiff_t(first),
                options.nodes.end());
    Writer writer(std::move(options));
    spawn(writer.run(), "run");
    await("writes", [&] { return writer.written() >= 20; });
    pass(std::chrono::milliseconds(QRandomGenerator::global()->bounded(50)));
    writer.mark();
    cluster.node(leader).signal(signal);
    await("a write", [&] { return writer.milliseconds().has_value(); });
    if (signal == SIGKILL) {
        cluster.node(leader).kill();
        cluster.node(leader).start();
    } else {
        cluster.node(leader).signal(SIGCONT);
    }
    await("the old leader", [&] { return cluster.areReady() && cluster.isAgreed(); });
    writer.stop();
    return *writer.milliseconds();
}

static void print(const Samples &samples)
{
    std::printf("%-36s %5zu %8.0f %8.0f %8.0f %8.0f %8.0f\n", samples.name, samples.ms.size(),
                samples.quantile(0), samples.quantile(0.5), samples.quantile(0.9),
                samples.quantile(0.99), samples.quantile(1));
}

static QJsonObject toJson(const Samples &samples)
{
    QJsonArray all;
    for (const double each : samples.ms)
        all.append(each);
    return {{u"case"_s, QString::fromLatin1(samples.name)},
            {u"minMs"_s, samples.quantile(0)},
            {u"medianMs"_s, samples.quantile(0.5)},
            {u"p90Ms"_s, samples.quantile(0.9)},
            {u"p99Ms"_s, samples.quantile(0.99)},
            {u"maxMs"_s, samples.quantile(1)},
            {u"samplesMs"_s, all}};
}

/// \a count times, half of them with the client at the leader.
static std::vector<Samples> measureAll(ProcessCluster &cluster, int count, int signal)
{
    const bool isKill = signal == SIGKILL;
    std::vector<Samples> all{{isKill ? "leader killed" : "leader paused", {}},
                             {"  the client was connected to it", {}},
                             {"  the client was connected elsewhere", {}}};
    for (int n = 0; n < count; ++n) {
        const bool isAtLeader = n % 2 == 0;
        const double time = measure(cluster, signal, isAtLeader);
        all[0].ms.push_back(time);
        all[isAtLeader ? 1 : 2].ms.push_back(time);
        if (::isatty(2) != 0)
            std::fprintf(stderr, "%s %d of %d%s", all[0].name, n + 1, count,
                         n + 1 < count ? "\r" : "\n");
    }
    std::erase_if(all, [](const Samples &samples) { return samples.ms.empty(); });
    for (Samples &samples : all)
        std::sort(samples.ms.begin(), samples.ms.end());
    return all;
}

int main(int argc, char **argv)
{
    int kills = 50;
    int pauses = 50;
    bool isJson = false;
    CLI::App options("How long nobody can write when the leader of three processes fails");
    options.add_option("--kills", kills, "How often it is killed")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    options.add_option("--pauses", pauses, "How often it is stopped")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    options.add_flag("--json", isJson, "All samples, as JSON");
    CLI11_PARSE(options, argc, argv)

    const QCoreApplication application(argc, argv);
    ProcessCluster cluster(3);
    cluster.startAll();
    std::vector<Samples> all = measureAll(cluster, kills, SIGKILL);
    for (Samples &samples : measureAll(cluster, pauses, SIGSTOP))
        all.push_back(std::move(samples));
    if (isJson) {
        QJsonArray array;
        for (const Samples &samples : all)
            array.append(toJson(samples));
        std::printf("%s\n", QJsonDocument(array).toJson().constData());
        return 0;
    }
    std::printf("From the signal to the acknowledgement of the first write begun afterwards, ms\n");
    std::printf("%-36s %5s %8s %8s %8s %8s %8s\n", "", "n", "min", "median", "p90", "p99", "max");
    for (const Samples &samples : all)
        print(samples);
    return 0;
}
