// SPDX-License-Identifier: Apache-2.0
#include "bench/node_thread.h"
#include "store/command.h"
#include "store/query.h"

#include <QCoreApplication>
#include <QTemporaryDir>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>

using namespace coffer;
using namespace coffer::bench;
using Time = std::chrono::steady_clock;

// What a node can do behind its front door: hosts on real disks and real sockets, asked by
// callbacks in the loop of the leader. Each node has a thread; all share this machine.

struct Wish
{
    int nodes = 3;
    int clients = 64;
    int valueBytes = 256;
    double seconds = 5;
    bool isRead = false;
    int port = 14'400;
    std::string directory;
};

/// Closed loop: each client asks again when it is answered. Lives in the loop of one node.
class Load
{
public:
    Load(node::Host &host, const Wish &wish) : m_host(host), m_wish(wish) {}

    void start()
    {
        for (int client = 0; client < m_wish.clients; ++client)
            ask(client);
        m_host.requestFlush();
    }
    /// Nobody asks again; true when nobody waits for an answer either.
    [[nodiscard]] bool stop()
    {
        m_isStopping = true;
        return m_outstanding == 0;
    }
    [[nodiscard]] std::vector<double> takeTimes() { return std::exchange(m_times, {}); }

private:
    void ask(int client)
    {
        const auto done = [this, client,
                           begun = Time::now()](const Result<engine::Answer> &answer) {
            if (!answer) {
                std::fprintf(stderr, "bench: %s\n", qUtf8Printable(answer.error().message));
                std::_Exit(1);
            }
            m_times.push_back(
                std::chrono::duration<double, std::micro>(Time::now() - begun).count());
            --m_outstanding;
            if (!m_isStopping)
                ask(client);
            m_host.requestFlush();
        };
        ++m_outstanding;
        const QByteArray path = "/bench/" + QByteArray::number(m_next++ % 10'000);
        if (m_wish.isRead) {
            m_host.engine().read(engine::ReadMode::linearizable, Slot(),
                                 store::encode(store::Question(store::Get{path})), done);
            return;
        }
        store::Transaction put;
        put.operations = {store::Put{path, QByteArray(m_wish.valueBytes, 'v')}};
        m_host.engine().submit(store::encode(store::Command{{}, put}), done);
    }

    node::Host &m_host;
    const Wish &m_wish;
    std::vector<double> m_times;
    int m_next = 0;
    int m_outstanding = 0;
    bool m_isStopping = false;
};

static double cpuSeconds()
{
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval &time) {
        return double(time.tv_sec) + double(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static double quantile(std::vector<double> &times, double share)
{
    const auto place = times.begin() + std::ptrdiff_t(double(times.size() - 1) * share);
    std::nth_element(times.begin(), place, times.end());
    return *place;
}

static NodeThread &waitForLeader(const std::vector<std::unique_ptr<NodeThread>> &nodes)
{
    for (;;) {
        for (const auto &node : nodes) {
            bool isLeading = false;
            node->inLoop([&](node::Host &host) { isLeading = host.status().isLeading; });
            if (isLeading)
                return *node;
        }
        QThread::msleep(10);
    }
}

static void measure(NodeThread &leader, const Wish &wish)
{
    std::unique_ptr<Load> load;
    leader.inLoop([&](node::Host &host) {
        load = std::make_unique<Load>(host, wish);
        load->start();
    });
    QThread::msleep(1000); // until it runs evenly
    std::vector<double> times;
    leader.inLoop([&](node::Host &) { static_cast<void>(load->takeTimes()); });
    const double cpuBefore = cpuSeconds();
    const auto begun = Time::now();
    QThread::msleep(unsigned(wish.seconds * 1000));
    leader.inLoop([&](node::Host &) { times = load->takeTimes(); });
    const double seconds = std::chrono::duration<double>(Time::now() - begun).count();
    const double cpu = cpuSeconds() - cpuBefore;
    for (bool isOver = false; !isOver; QThread::msleep(10))
        leader.inLoop([&](node::Host &) { isOver = load->stop(); });
    if (times.empty()) {
        std::fprintf(stderr, "bench: nothing was answered\n");
        std::_Exit(1);
    }
    std::printf("%d nodes, %d clients, %s: %.0f/s, p50 %.0f us, p99 %.0f us, CPU %.1f us each\n",
                wish.nodes, wish.clients, wish.isRead ? "linearizable reads" : "durable writes",
                double(times.size()) / seconds, quantile(times, 0.5), quantile(times, 0.99),
                cpu * 1e6 / double(times.size()));
}

int main(int count, char **arguments)
{
    QCoreApplication application(count, arguments);
    Wish wish;
    CLI::App app("Durable writes or reads of nodes without a front door, on this machine.");
    app.add_option("--nodes", wish.nodes, "1 to 5")->check(CLI::Range(1, 5));
    app.add_option("--clients", wish.clients, "Each with one request at a time");
    app.add_option("--bytes", wish.valueBytes, "Of a value");
    app.add_option("--seconds", wish.seconds, "To measure, after one to begin");
    app.add_flag("--read", wish.isRead, "Linearizable reads instead of writes");
    app.add_option("--port", wish.port, "The first port for peers");
    app.add_option("--directory", wish.directory, "Where the disks lie; default: temporary");
    CLI11_PARSE(app, count, arguments);

    QTemporaryDir folder(
        QString::fromStdString(wish.directory.empty() ? "bench-node-XXXXXX" : wish.directory)
        + (wish.directory.empty() ? "" : "/bench-node-XXXXXX"));
    QStringList peers;
    for (int node = 0; wish.nodes > 1 && node < wish.nodes; ++node)
        peers.append(QStringLiteral("127.0.0.1:%1").arg(wish.port + node));
    std::vector<std::unique_ptr<NodeThread>> nodes;
    for (int node = 0; node < wish.nodes; ++node) {
        nodes.push_back(std::make_unique<NodeThread>(NodeThread::Settings{
            folder.filePath(QString::number(node)), peers, peers.value(node)}));
        nodes.back()->start();
    }
    measure(waitForLeader(nodes), wish);
    return 0;
}
