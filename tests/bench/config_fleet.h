// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/follower.h"
#include "base/random.h"
#include "bench/config_centre.h"
#include "cluster/agent_process.h"

#include <QSocketNotifier>

#include <map>

namespace coffer::bench {

struct Footprint
{
    double meanMiB = 0;
    double largestMiB = 0;
    double processorShare = 0; ///< Of a core, the mean of all.
};

/// Real agents, each with its directory. Joined, started and healthy once made.
class Fleet
{
public:
    Fleet(Centre &centre, int count);
    ~Fleet();
    Fleet(const Fleet &) = delete;
    Fleet &operator=(const Fleet &) = delete;

    /// After a switch agents ask within so long where values come from, and clear up.
    static constexpr std::chrono::milliseconds calm{2'500};

    /// Forgets what was seen of the hosts' directories.
    void mark() { m_seen.clear(); }
    /// All have switched since mark(), and have what they are wanted to have.
    void awaitHealthy();
    /// When each host last renewed the record of what is applied, from \a watch on, ms.
    [[nodiscard]] std::vector<double> appliedAfter(const Stopwatch &watch) const;
    /// Of the agents, while nothing happens for so long.
    [[nodiscard]] Footprint idle(std::chrono::milliseconds time);

private:
    void onChanged();
    [[nodiscard]] bool isHealthy();

    Centre &m_centre;
    std::vector<std::unique_ptr<test::AgentProcess>> m_agents;
    int m_inotify;
    std::unique_ptr<QSocketNotifier> m_notifier;
    std::size_t m_watched = 0;
    std::map<int, Time::time_point> m_seen; ///< By watch.
};

struct Fetched
{
    QByteArray root;
    qint64 bytes = 0;  ///< Of the bundle.
    qint64 packed = 0; ///< On the wire.
};

/// The protocol of a host, without files.
class PlayedHost
{
public:
    PlayedHost(Centre &centre, const QString &host);
    PlayedHost(Centre &centre, const QString &host, client::Options options);
    PlayedHost(const PlayedHost &) = delete;
    PlayedHost &operator=(const PlayedHost &) = delete;
    ~PlayedHost() = default;

    /// Waits for an offer that is not \a base, and fetches it.
    [[nodiscard]] Fetched fetch(const QByteArray &base);
    [[nodiscard]] bool isFollowing() const
    {
        return m_follower->standing().state == agent::Standing::State::following;
    }

private:
    Centre &m_centre;
    client::Client m_client;
    SeededRandom m_random;
    std::unique_ptr<agent::Follower> m_follower;
    agent::Wanted m_wanted;
};

/// Many played hosts that prefer one node.
class Crowd
{
public:
    Crowd(Centre &centre, int count);

    [[nodiscard]] std::size_t node() const { return m_node; }
    void killNode() { m_centre.cluster().node(m_node).kill(); }
    [[nodiscard]] bool isFollowing() const;

private:
    Centre &m_centre;
    std::size_t m_node;
    std::vector<std::unique_ptr<PlayedHost>> m_hosts;
};

} // namespace coffer::bench
