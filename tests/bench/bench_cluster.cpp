// SPDX-License-Identifier: Apache-2.0
#include "cluster/process_cluster.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStorageInfo>
#include <QTest>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <unistd.h>

using namespace coffer::test;
using namespace Qt::StringLiterals;

// What clients get out of real processes on real disks: `coffer bench` against clusters of one and
// of three, and what that costs the servers. Clients and servers share this machine.

struct Wish
{
    std::vector<int> nodes{1, 3};
    std::vector<int> clients{1, 16, 64, 256};
    std::vector<int> watchers{256, 1000};
    int bytes = 256;
    double seconds = 5;
    bool isJson = false;
};

/// One run of `coffer bench`.
struct Row
{
    int nodes = 0;
    QString what;
    int clients = 0;
    QJsonObject result;      ///< As `coffer --json bench` says it.
    double serverMicros = 0; ///< Processor time of all nodes together, an operation.
};

/// User and system time of a process so far, in microseconds.
static double processorMicros(qint64 process)
{
    QFile file(u"/proc/%1/stat"_s.arg(process));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    const QByteArray text = file.readAll();
    const QByteArrayList fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    if (fields.size() < 13)
        return 0;
    return (fields[11].toDouble() + fields[12].toDouble()) * 1e6 / double(::sysconf(_SC_CLK_TCK));
}

static double processorMicros(ProcessCluster &cluster)
{
    double all = 0;
    for (std::size_t index = 0; index < cluster.size(); ++index)
        all += processorMicros(cluster.node(index).processId());
    return all;
}

[[noreturn]] static void fail(const QString &why)
{
    std::fprintf(stderr, "bench: %s\n", qPrintable(why));
    std::exit(1);
}

static QJsonObject runCoffer(const ProcessCluster &cluster, const QStringList &arguments)
{
    QStringList endpoints;
    for (const QUrl &node : cluster.clientNodes())
        endpoints.append(node.authority());
    QProcess coffer;
    coffer.start(QStringLiteral(COFFER),
                 QStringList{u"--json"_s, u"--endpoints"_s, endpoints.join(u',')} + arguments);
    const bool isDone = coffer.waitForFinished(600'000);
    if (!isDone || coffer.exitStatus() != QProcess::NormalExit || coffer.exitCode() != 0)
        fail(u"coffer %1: %2"_s.arg(arguments.join(u' '),
                                    QString::fromUtf8(coffer.readAllStandardError())));
    return QJsonDocument::fromJson(coffer.readAllStandardOutput()).object();
}

/// The processor time is that of all of `coffer bench`, with what it writes before and deletes
/// after; the operations are those that it counted. So few keys, and long enough.
static Row measure(ProcessCluster &cluster, const Wish &wish, const QStringList &what, int clients)
{
    Row row;
    row.nodes = int(cluster.size());
    row.what = what.join(u' ');
    row.clients = clients;
    const double before = processorMicros(cluster);
    row.result = runCoffer(
        cluster, QStringList{u"bench"_s} + what
                     + QStringList{u"--quiet"_s, u"--clients"_s, QString::number(clients),
                                   u"--size"_s, QString::number(wish.bytes), u"--keys"_s, u"1000"_s,
                                   u"--duration"_s, QString::number(wish.seconds)});
    const double operations =
        row.result.value("latency"_L1).toObject().value("count"_L1).toDouble();
    row.serverMicros = operations > 0 ? (processorMicros(cluster) - before) / operations : 0;
    return row;
}

static double millis(const Row &row, QLatin1String name)
{
    return row.result.value("latency"_L1).toObject().value(name).toDouble() / 1000;
}

static void print(const Row &row)
{
    std::printf("%5d  %-26s %7d %10.0f %9.2f %9.2f %9.2f %9.2f %11.1f\n", row.nodes,
                qPrintable(row.what), row.clients, row.result.value("perSecond"_L1).toDouble(),
                millis(row, "p50Us"_L1), millis(row, "p99Us"_L1), millis(row, "p999Us"_L1),
                millis(row, "maxUs"_L1), row.serverMicros);
    std::fflush(stdout);
}

static QJsonObject toJson(const Row &row)
{
    return {{u"nodes"_s, row.nodes},
            {u"what"_s, row.what},
            {u"clients"_s, row.clients},
            {u"serverMicros"_s, row.serverMicros},
            {u"result"_s, row.result}};
}

/// Everything that is to be measured, with its arguments to `coffer bench`.
static std::vector<std::pair<QStringList, int>> casesOf(const Wish &wish)
{
    std::vector<std::pair<QStringList, int>> cases;
    const std::vector<QStringList> loads{{u"write"_s},
                                         {u"read"_s, u"--mode"_s, u"linearizable"_s},
                                         {u"read"_s, u"--mode"_s, u"session"_s},
                                         {u"read"_s, u"--mode"_s, u"local"_s}};
    for (const QStringList &load : loads) {
        for (const int clients : wish.clients)
            cases.emplace_back(load, clients);
    }
    for (const int watchers : wish.watchers)
        cases.emplace_back(QStringList{u"watch"_s, u"--rate"_s, u"20"_s}, watchers);
    return cases;
}

static void run(const Wish &wish)
{
    QJsonArray all;
    if (!wish.isJson) {
        std::printf("Values of %d bytes, %g s each; latency in ms; server CPU in µs an operation, "
                    "all nodes together\n",
                    wish.bytes, wish.seconds);
        std::printf("%5s  %-26s %7s %10s %9s %9s %9s %9s %11s\n", "nodes", "", "clients",
                    "per second", "p50", "p99", "p99.9", "max", "server CPU");
    }
    for (const int nodes : wish.nodes) {
        ProcessCluster cluster{std::size_t(nodes)};
        cluster.startAll();
        if (!QTest::qWaitFor([&] { return cluster.areReady() && cluster.isAgreed(); }, 60'000))
            fail(u"the nodes are not ready after a minute"_s);
        for (const auto &[what, clients] : casesOf(wish)) {
            const Row row = measure(cluster, wish, what, clients);
            all.append(toJson(row));
            if (!wish.isJson)
                print(row);
        }
    }
    if (wish.isJson)
        std::printf("%s\n", QJsonDocument(all).toJson().constData());
}

int main(int argc, char **argv)
{
    Wish wish;
    CLI::App options("coffer bench against clusters of real processes on this machine");
    options.add_option("--nodes", wish.nodes, "Sizes of the clusters")
        ->check(CLI::Range(1, 9))
        ->capture_default_str();
    options.add_option("--clients", wish.clients, "Of writes and reads")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    options.add_option("--watchers", wish.watchers, "Of watches")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    options.add_option("--size", wish.bytes, "Bytes of a value")
        ->check(CLI::Range(0, 1 << 20))
        ->capture_default_str();
    options.add_option("--seconds", wish.seconds, "Of each case")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    options.add_flag("--json", wish.isJson, "Everything that coffer bench said, as JSON");
    CLI11_PARSE(options, argc, argv)
    const QCoreApplication application(argc, argv);
    if (QStorageInfo(QDir::tempPath()).fileSystemType() == "tmpfs") {
        std::fprintf(stderr,
                     "bench: %s is memory, where a sync costs nothing; set TMPDIR to a "
                     "folder on a disk\n",
                     qPrintable(QDir::tempPath()));
    }
    run(wish);
    return 0;
}
