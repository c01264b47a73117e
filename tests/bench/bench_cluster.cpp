// SPDX-License-Identifier: Apache-2.0
#include "bench/machine_floor.h"
#include "cluster/process_cluster.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStorageInfo>
#include <QTemporaryDir>
#include <QTest>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <unistd.h>

using namespace coffer::test;
using namespace Qt::StringLiterals;

// What clients get out of real processes on real disks: `coffer bench` against clusters of one and
// of three, and what that costs the servers. Clients and servers share this machine. On etcd, if it
// is wanted, etcd_load.cpp does the same.

struct Wish
{
    std::vector<int> nodes{1, 3};
    std::vector<int> clients{1, 16, 64, 256};
    std::vector<int> watchers{256, 1000};
    int bytes = 256;
    double seconds = 5;
    bool isJson = false;
    bool hasEtcd = false;
};

/// What is measured: processes, and the program that loads them.
struct Servers
{
    QString system;
    QStringList endpoints;
    std::vector<qint64> processes;
};

/// One run of `coffer bench`, or of etcd_load.
struct Row
{
    QString system;
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

static double processorMicros(const Servers &servers)
{
    double all = 0;
    for (const qint64 process : servers.processes)
        all += processorMicros(process);
    return all;
}

[[noreturn]] static void fail(const QString &why)
{
    std::fprintf(stderr, "bench: %s\n", qPrintable(why));
    std::exit(1);
}

static QJsonObject runProgram(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.start(program, arguments);
    const bool isDone = process.waitForFinished(600'000);
    if (!isDone || process.exitStatus() != QProcess::NormalExit || process.exitCode() != 0)
        fail(u"%1 %2: %3"_s.arg(program, arguments.join(u' '),
                                QString::fromUtf8(process.readAllStandardError())));
    return QJsonDocument::fromJson(process.readAllStandardOutput()).object();
}

/// A load, as both programs take it.
struct Case
{
    QStringList coffer;
    QStringList etcd; ///< Empty: etcd_load does not have it.
    int clients = 0;
};

static QJsonObject runLoad(const Servers &servers, const Wish &wish, const Case &of)
{
    const QStringList common{u"--clients"_s,  QString::number(of.clients),
                             u"--size"_s,     QString::number(wish.bytes),
                             u"--keys"_s,     u"1000"_s,
                             u"--duration"_s, QString::number(wish.seconds)};
#ifdef ETCD_LOAD
    if (servers.system == u"etcd")
        return runProgram(QStringLiteral(ETCD_LOAD),
                          of.etcd + common + QStringList{u"--endpoints"_s} + servers.endpoints);
#endif
    const QStringList first{u"--json"_s, u"--endpoints"_s, servers.endpoints.join(u','),
                            u"bench"_s};
    return runProgram(QStringLiteral(COFFER),
                      first + of.coffer + QStringList{u"--quiet"_s} + common);
}

/// The processor time is that of the whole load, with what it writes before and deletes after; the
/// operations are those that it counted. So few keys, and long enough.
static Row measure(const Servers &servers, const Wish &wish, const Case &of)
{
    Row row;
    row.system = servers.system;
    row.nodes = int(servers.endpoints.size());
    row.what = of.coffer.join(u' ');
    row.clients = of.clients;
    const double before = processorMicros(servers);
    row.result = runLoad(servers, wish, of);
    const double operations =
        row.result.value("latency"_L1).toObject().value("count"_L1).toDouble();
    row.serverMicros = operations > 0 ? (processorMicros(servers) - before) / operations : 0;
    return row;
}

/// Of watches: until the last watcher is told.
static double millis(const Row &row, QLatin1String name)
{
    const QJsonValue last = row.result.value("lastWatcher"_L1);
    const QJsonValue latency = last.isObject() ? last : row.result.value("latency"_L1);
    return latency.toObject().value(name).toDouble() / 1000;
}

static void print(const Row &row)
{
    std::printf("%-6s %5d  %-26s %7d %10.0f %9.2f %9.2f %9.2f %9.2f %11.1f\n",
                qPrintable(row.system), row.nodes, qPrintable(row.what), row.clients,
                row.result.value("perSecond"_L1).toDouble(), millis(row, "p50Us"_L1),
                millis(row, "p99Us"_L1), millis(row, "p999Us"_L1), millis(row, "maxUs"_L1),
                row.serverMicros);
    std::fflush(stdout);
}

static QJsonObject toJson(const Row &row)
{
    return {{u"system"_s, row.system},
            {u"nodes"_s, row.nodes},
            {u"what"_s, row.what},
            {u"clients"_s, row.clients},
            {u"serverMicros"_s, row.serverMicros},
            {u"result"_s, row.result}};
}

/// Everything that is to be measured.
static std::vector<Case> casesOf(const Wish &wish)
{
    const std::vector<Case> loads{
        {{u"write"_s}, {u"write"_s}},
        {{u"read"_s, u"--mode"_s, u"linearizable"_s}, {u"read"_s}},
        {{u"read"_s, u"--mode"_s, u"session"_s}, {}},
        {{u"read"_s, u"--mode"_s, u"local"_s}, {u"read"_s, u"--serializable"_s}}};
    std::vector<Case> cases;
    for (const Case &load : loads) {
        for (const int clients : wish.clients)
            cases.push_back({load.coffer, load.etcd, clients});
    }
    for (const int watchers : wish.watchers)
        cases.push_back(
            {{u"watch"_s, u"--rate"_s, u"20"_s}, {u"watch"_s, u"--rate"_s, u"20"_s}, watchers});
    return cases;
}

static void head(const Wish &wish)
{
    std::printf(
        "Values of %d bytes, %g s each; latency in ms, of watches until the last watcher is "
        "told; server CPU in µs an operation or event, all nodes together\n",
        wish.bytes, wish.seconds);
    std::printf("%-6s %5s  %-26s %7s %10s %9s %9s %9s %9s %11s\n", "", "nodes", "", "clients",
                "per second", "p50", "p99", "p99.9", "max", "server CPU");
}

static std::vector<Row> measureAll(const Servers &servers, const Wish &wish)
{
    std::vector<Row> rows;
    for (const Case &of : casesOf(wish)) {
        if (servers.system == u"etcd" && of.etcd.isEmpty())
            continue;
        rows.push_back(measure(servers, wish, of));
        if (!wish.isJson)
            print(rows.back());
    }
    return rows;
}

static std::vector<Row> measureCoffer(int nodes, const Wish &wish)
{
    ProcessCluster cluster{std::size_t(nodes)};
    cluster.startAll();
    if (!QTest::qWaitFor([&] { return cluster.areReady() && cluster.isAgreed(); }, 60'000))
        fail(u"the nodes are not ready after a minute"_s);
    Servers servers{u"coffer"_s, {}, {}};
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        servers.endpoints.append(cluster.clientNodes()[index].authority());
        servers.processes.push_back(cluster.node(index).processId());
    }
    return measureAll(servers, wish);
}

/// etcd with its default settings, in folders beside those of Coffer's nodes.
static std::vector<Row> measureEtcd(int nodes, const Wish &wish)
{
    const QTemporaryDir folder;
    const std::vector<quint16> ports = freePorts(2 * std::size_t(nodes));
    const auto place = [&ports](int port) {
        return u"127.0.0.1:%1"_s.arg(ports[std::size_t(port)]);
    };
    QStringList members;
    for (int index = 0; index < nodes; ++index)
        members.append(u"n%1=http://%2"_s.arg(index).arg(place(2 * index)));
    Servers servers{u"etcd"_s, {}, {}};
    std::vector<std::unique_ptr<QProcess>> all;
    for (int index = 0; index < nodes; ++index) {
        const QString peer = u"http://"_s + place(2 * index);
        const QString client = u"http://"_s + place(2 * index + 1);
        all.push_back(std::make_unique<QProcess>());
        all.back()->setProcessChannelMode(QProcess::MergedChannels);
        all.back()->start(u"etcd"_s,
                          {u"--name"_s, u"n%1"_s.arg(index), u"--data-dir"_s,
                           folder.filePath(QString::number(index)), u"--listen-peer-urls"_s, peer,
                           u"--initial-advertise-peer-urls"_s, peer, u"--listen-client-urls"_s,
                           client, u"--advertise-client-urls"_s, client, u"--initial-cluster"_s,
                           members.join(u','), u"--initial-cluster-state"_s, u"new"_s});
        if (!all.back()->waitForStarted())
            fail(u"etcd cannot be started: "_s + all.back()->errorString());
        servers.endpoints.append(place(2 * index + 1));
        servers.processes.push_back(all.back()->processId());
    }
    for (const auto &each : all) {
        QByteArray said;
        if (!QTest::qWaitFor(
                [&] {
                    said += each->readAll();
                    return said.contains("ready to serve client requests");
                },
                60'000))
            fail(u"etcd is not ready after a minute: "_s + QString::fromUtf8(said.right(2000)));
    }
    std::vector<Row> rows = measureAll(servers, wish);
    for (const auto &each : all) {
        each->kill();
        each->waitForFinished();
    }
    return rows;
}

/// Above 1, Coffer is better.
static void compare(const std::vector<Row> &coffer, const std::vector<Row> &etcd)
{
    std::printf(
        "\nCoffer by etcd: operations a second; median latency and server CPU the other way "
        "round. Above 1, Coffer is better.\n");
    for (const Row &other : etcd) {
        for (const Row &own : coffer) {
            if (own.what != other.what || own.clients != other.clients)
                continue;
            const auto rate = [](const Row &row) {
                return row.result.value("perSecond"_L1).toDouble();
            };
            std::printf("%12d  %-26s %7d %10.2f %9.2f %29s %11.2f\n", own.nodes,
                        qPrintable(own.what), own.clients, rate(own) / rate(other),
                        millis(other, "p50Us"_L1) / millis(own, "p50Us"_L1), "",
                        other.serverMicros / own.serverMicros);
        }
    }
    std::printf("\n");
}

/// What one write at a time is to be compared with.
static void sayFloor(int nodes)
{
    const coffer::bench::WriteFloor floor = coffer::bench::measureWriteFloor(nodes);
    std::printf("this machine, plain system calls: a sync beside those of %d nodes %.2f ms, a "
                "round trip over loopback %.2f ms; one writer needs %.2f ms at least\n",
                nodes, floor.syncMs, floor.roundTripMs, floor.of(nodes));
    std::fflush(stdout);
}

static void run(const Wish &wish)
{
    QJsonArray all;
    if (!wish.isJson)
        head(wish);
    for (const int nodes : wish.nodes) {
        if (!wish.isJson)
            sayFloor(nodes);
        const std::vector<Row> coffer = measureCoffer(nodes, wish);
        const std::vector<Row> etcd = wish.hasEtcd ? measureEtcd(nodes, wish) : std::vector<Row>();
        for (const std::vector<Row> &rows : {coffer, etcd}) {
            for (const Row &row : rows)
                all.append(toJson(row));
        }
        if (wish.hasEtcd && !wish.isJson)
            compare(coffer, etcd);
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
#ifdef ETCD_LOAD
    options.add_flag("--with-etcd", wish.hasEtcd,
                     "The same on etcd, in turn, and how the two compare");
#endif
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
