// SPDX-License-Identifier: Apache-2.0
#include "bench/config_centre.h"

#include <QCborArray>
#include <QCoreApplication>
#include <QFile>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::bench {

static constexpr int editsOfOneCall = 500;

std::vector<double> sorted(std::vector<double> samples)
{
    std::sort(samples.begin(), samples.end());
    return samples;
}

double quantile(const std::vector<double> &sorted, double share)
{
    return sorted.empty() ? 0 : sorted[std::size_t(std::lround(share * double(sorted.size() - 1)))];
}

void await(const char *what, const std::function<bool()> &condition)
{
    // Not QTest::qWaitFor(): it sleeps, and what is timed by an event comes 10 ms late.
    QTimer tick;
    tick.start(std::chrono::milliseconds(10));
    const Stopwatch watch;
    while (!condition()) {
        if (watch.milliseconds() > 120'000) {
            std::fprintf(stderr, "bench: waited two minutes for %s\n", what);
            std::exit(1);
        }
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }
}

void pass(std::chrono::milliseconds time)
{
    const Stopwatch watch;
    await("the time to pass", [&] { return watch.milliseconds() >= double(time.count()); });
}

void raiseFileLimit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

static QByteArray fileOf(qint64 process, const char *name)
{
    QFile file(u"/proc/%1/%2"_s.arg(process).arg(QLatin1StringView(name)));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

double residentMiB(qint64 process)
{
    const QByteArray text = fileOf(process, "status");
    const qsizetype at = text.indexOf("VmRSS:");
    return at < 0 ? 0 : text.mid(at + 6, 20).simplified().split(' ').first().toDouble() / 1024;
}

double processorSeconds(qint64 process)
{
    const QByteArray text = fileOf(process, "stat");
    const QByteArrayList fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    if (fields.size() < 13)
        return 0;
    return (fields[11].toDouble() + fields[12].toDouble()) / double(::sysconf(_SC_CLK_TCK));
}

static client::Options optionsOf(const test::ProcessCluster &cluster)
{
    client::Options options;
    options.nodes = cluster.clientNodes();
    options.timeout = std::chrono::seconds(60);
    return options;
}

Centre::Centre() : m_cluster(3), m_client(optionsOf(m_cluster)), m_store(m_client)
{
    m_cluster.startAll();
    await("the nodes", [this] { return m_cluster.areReady() && m_cluster.isAgreed(); });
    call(u"goconf.idc.create"_s, {{u"idc"_s, u"here"_s}});
    call(u"goconf.service.create"_s, {{u"service"_s, u"shop"_s}});
}

QCborMap Centre::call(const QString &method, const QCborMap &params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::safe;
    const rpc::Outcome outcome = QCoro::waitFor(m_client.call(method, params, options));
    if (!outcome) {
        std::fprintf(stderr, "bench: %s: %s\n", qUtf8Printable(method),
                     qUtf8Printable(outcome.error().message));
        std::exit(1);
    }
    return outcome->toMap();
}

void Centre::makeService(int keys)
{
    QCborArray edits{
        QCborMap{{u"op"_s, u"output"_s}, {u"path"_s, u"shop.conf"_s}, {u"format"_s, u"goconf"_s}}};
    for (int n = 0; n < keys; ++n) {
        edits.append(QCborMap{{u"op"_s, u"set"_s},
                              {u"section"_s, u"part%1"_s.arg(n / 100)},
                              {u"key"_s, u"key%1"_s.arg(n, 6, 10, QLatin1Char('0'))},
                              {u"value"_s, u"value %1 of a shop"_s.arg(n * 7919)}});
        if (edits.size() < editsOfOneCall && n + 1 < keys)
            continue;
        call(u"goconf.draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, edits}});
        edits = QCborArray();
    }
    publish();
}

void Centre::setKey(int value)
{
    const QCborMap edit{{u"op"_s, u"set"_s},
                        {u"section"_s, u"part0"_s},
                        {u"key"_s, u"key000007"_s},
                        {u"value"_s, u"edit %1 is %2"_s.arg(++m_edits).arg(value)}};
    call(u"goconf.draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{edit}}});
}

void Centre::publish()
{
    const QCborMap target{{u"service"_s, u"shop"_s}};
    // A call that is sent again, as its node was left, is done once.
    const QString key = u"%1"_s.arg(++m_publishes, 8, 16, QLatin1Char('0'));
    call(u"goconf.publish"_s, {{u"targets"_s, QCborArray{target}},
                               {u"message"_s, u"bench"_s},
                               {u"key"_s, key},
                               {u"yes"_s, m_hosts}});
}

QString Centre::enroll(const QString &host)
{
    ++m_hosts;
    return call(u"goconf.host.enroll"_s,
                {{u"host"_s, host}, {u"idc"_s, u"here"_s}, {u"services"_s, QCborArray{u"shop"_s}}})
        .value("token"_L1)
        .toString();
}

std::vector<double> Centre::writeFor(std::chrono::milliseconds time)
{
    std::vector<double> samples;
    for (const Stopwatch all; all.milliseconds() < double(time.count());) {
        const Stopwatch watch;
        const Result<Revision> put =
            QCoro::waitFor(m_store.put("/bench/write", QByteArray(256, 'x')));
        if (put)
            samples.push_back(watch.milliseconds());
    }
    return samples;
}

double Centre::nodeMiB(std::size_t node) { return residentMiB(m_cluster.node(node).processId()); }

double Centre::largestNodeMiB()
{
    double largest = 0;
    for (std::size_t node = 0; node < m_cluster.size(); ++node)
        largest = std::max(largest, nodeMiB(node));
    return largest;
}

} // namespace coffer::bench
