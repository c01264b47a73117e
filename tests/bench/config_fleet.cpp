// SPDX-License-Identifier: Apache-2.0
#include "bench/config_fleet.h"

#include <QCborArray>
#include <QDir>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sys/inotify.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::bench {

// ---- real agents

Fleet::Fleet(Centre &centre, int count)
    : m_centre(centre)
    , m_inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
    , m_notifier(std::make_unique<QSocketNotifier>(m_inotify, QSocketNotifier::Read))
{
    QObject::connect(m_notifier.get(), &QSocketNotifier::activated, m_notifier.get(),
                     [this] { onChanged(); });
    QStringList nodes;
    for (const QUrl &node : centre.cluster().clientNodes())
        nodes.append(node.authority());
    for (int n = 0; n < count; ++n) {
        const QString host = u"host-%1"_s.arg(n);
        auto agent = std::make_unique<test::AgentProcess>(host, nodes.join(u','), u"60s"_s);
        agent->addTarget(u"shop"_s);
        if (agent->run({u"join"_s, nodes.join(u','), centre.enroll(host)}) != 0) {
            std::fprintf(stderr, "bench: %s cannot join: %s\n", qUtf8Printable(host),
                         agent->faults().constData());
            std::exit(1);
        }
        agent->start();
        m_agents.push_back(std::move(agent));
    }
    awaitHealthy();
    for (const auto &agent : m_agents) {
        const QByteArray folder = QFile::encodeName(agent->folder() + u"/state/services/shop"_s);
        // An agent closes the record when it has synced what it appended.
        if (::inotify_add_watch(m_inotify, folder.constData(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
            std::fprintf(stderr, "bench: %s cannot be watched\n", folder.constData());
            std::exit(1);
        }
        ++m_watched;
    }
}

Fleet::~Fleet()
{
    m_notifier.reset();
    ::close(m_inotify);
}

void Fleet::onChanged()
{
    const Time::time_point now = Time::now();
    alignas(inotify_event) std::array<char, 16'384> buffer{};
    for (;;) {
        const ssize_t got = ::read(m_inotify, buffer.data(), buffer.size());
        if (got <= 0)
            return;
        for (ssize_t at = 0; at < got;) {
            inotify_event event{};
            std::copy_n(buffer.data() + at, sizeof event, reinterpret_cast<char *>(&event));
            const QByteArray name(buffer.data() + at + sizeof event);
            if (event.len > 0 && name == "record")
                m_seen[event.wd] = now;
            at += ssize_t(sizeof event + event.len);
        }
    }
}

bool Fleet::isHealthy()
{
    const QCborArray rows =
        m_centre.call(u"goconf.fleet"_s, {{u"service"_s, u"shop"_s}}).value("hosts"_L1).toArray();
    std::size_t healthy = 0;
    for (const QCborValue value : rows) {
        const QCborMap row = value.toMap();
        if (row.value("host"_L1).toString().startsWith("host-"_L1)
            && row.value("state"_L1).toString() == "healthy"_L1
            && row.value("root"_L1) == row.value("wantedRoot"_L1))
            ++healthy;
    }
    return healthy == m_agents.size();
}

void Fleet::awaitHealthy()
{
    // Asking takes a node and this process some milliseconds, which the agents are to have.
    await("hosts that switch", [this] { return m_seen.size() >= m_watched; });
    Stopwatch sinceAsked;
    await("healthy hosts", [&] {
        if (sinceAsked.milliseconds() < 300)
            return false;
        sinceAsked = Stopwatch();
        return isHealthy();
    });
}

std::vector<double> Fleet::appliedAfter(const Stopwatch &watch) const
{
    std::vector<double> samples;
    for (const auto &[host, time] : m_seen)
        samples.push_back(std::chrono::duration<double, std::milli>(time - watch.begin()).count());
    return samples;
}

Footprint Fleet::idle(std::chrono::milliseconds time)
{
    const auto used = [this] {
        double sum = 0;
        for (const auto &agent : m_agents)
            sum += processorSeconds(agent->processId());
        return sum;
    };
    const double before = used();
    const Stopwatch watch;
    pass(time);
    Footprint footprint;
    for (const auto &agent : m_agents) {
        const double size = residentMiB(agent->processId());
        footprint.meanMiB += size / double(m_agents.size());
        footprint.largestMiB = std::max(footprint.largestMiB, size);
    }
    footprint.processorShare =
        (used() - before) * 1000 / watch.milliseconds() / double(m_agents.size());
    return footprint;
}

// ---- played hosts

static client::Options anyNode(Centre &centre)
{
    client::Options options;
    options.nodes = centre.cluster().clientNodes();
    options.pauseMax = std::chrono::seconds(15); // as agents have it
    return options;
}

PlayedHost::PlayedHost(Centre &centre, const QString &host)
    : PlayedHost(centre, host, anyNode(centre))
{}

PlayedHost::PlayedHost(Centre &centre, const QString &host, client::Options options)
    : m_centre(centre), m_client(std::move(options)), m_random(qHash(host))
{
    const QCborMap joined =
        centre.call(u"goconf.join"_s,
                    {{u"host"_s, host}, {u"token"_s, centre.enroll(host)}, {u"instance"_s, host}});
    agent::Follower::Options follow;
    follow.identity = {host, joined.value("secret"_L1).toString().toUtf8(), host, u"run"_s,
                       u"bench"_s};
    follow.services = {u"shop"_s};
    follow.has = [] { return std::map<QString, agent::Had>(); };
    m_follower = std::make_unique<agent::Follower>(m_client, std::move(follow), m_random);
    QObject::connect(m_follower.get(), &agent::Follower::offered, m_follower.get(),
                     [this](const agent::Wanted &wanted) { m_wanted = wanted; });
    m_follower->start();
}

Fetched PlayedHost::fetch(const QByteArray &base)
{
    await("an offer", [&] { return !m_wanted.root.isEmpty() && m_wanted.root != base; });
    Fetched fetched{m_wanted.root, 0, 0};
    for (bool isWhole = false; !isWhole;) {
        QCborMap params{{u"ticket"_s, QString::fromUtf8(m_follower->ticket())},
                        {u"service"_s, u"shop"_s},
                        {u"root"_s, QString::fromUtf8(fetched.root)},
                        {u"offset"_s, fetched.packed}};
        if (!base.isEmpty())
            params.insert(u"base"_s, QString::fromUtf8(base));
        const rpc::Outcome piece = QCoro::waitFor(m_client.call(u"goconf.fetch"_s, params));
        if (!piece) {
            std::fprintf(stderr, "bench: fetch: %s\n", qUtf8Printable(piece.error().message));
            std::exit(1);
        }
        const QCborMap map = piece->toMap();
        fetched.packed += map.value("packed"_L1).toByteArray().size();
        fetched.bytes = map.value("bytes"_L1).toInteger();
        isWhole = fetched.packed >= map.value("total"_L1).toInteger();
    }
    return fetched;
}

Crowd::Crowd(Centre &centre, int count)
    : m_centre(centre), m_node((*centre.cluster().leader() + 1) % centre.cluster().size())
{
    client::Options options = anyNode(centre);
    options.isShuffled = false;
    std::rotate(options.nodes.begin(), options.nodes.begin() + std::ptrdiff_t(m_node),
                options.nodes.end());
    for (int n = 0; n < count; ++n)
        m_hosts.push_back(std::make_unique<PlayedHost>(centre, u"crowd-%1"_s.arg(n), options));
    await("the crowd", [this] { return isFollowing(); });
}

bool Crowd::isFollowing() const
{
    return std::all_of(m_hosts.begin(), m_hosts.end(),
                       [](const auto &host) { return host->isFollowing(); });
}

} // namespace coffer::bench
