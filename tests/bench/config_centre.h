// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/remote_store.h"
#include "cluster/process_cluster.h"

#include <QCborMap>

#include <chrono>
#include <vector>

namespace coffer::bench {

using Time = std::chrono::steady_clock;

/// Time since it was made.
class Stopwatch
{
public:
    [[nodiscard]] Time::time_point begin() const { return m_begin; }
    [[nodiscard]] double milliseconds() const
    {
        return std::chrono::duration<double, std::milli>(Time::now() - m_begin).count();
    }

private:
    Time::time_point m_begin = Time::now();
};

[[nodiscard]] std::vector<double> sorted(std::vector<double> samples);
[[nodiscard]] double quantile(const std::vector<double> &sorted, double share);

/// Lets events come until \a condition is true; ends the program after two minutes.
void await(const char *what, const std::function<bool()> &condition);
/// Runs the event loop for so long.
void pass(std::chrono::milliseconds time);
/// Thousands of sockets need it.
void raiseFileLimit();
/// What a process has in memory now.
[[nodiscard]] double residentMiB(qint64 process);
/// Its processor time so far, in seconds.
[[nodiscard]] double processorSeconds(qint64 process);

/// Three nodes, an editor, and one service "shop" in one data centre. Errors end the program.
class Centre
{
public:
    Centre();

    [[nodiscard]] client::Client &client() { return m_client; }
    [[nodiscard]] test::ProcessCluster &cluster() { return m_cluster; }
    /// Calls a method; its result.
    QCborMap call(const QString &method, const QCborMap &params);

    /// Makes the service with \a keys keys and one output of them, and publishes it.
    void makeService(int keys);
    /// Gives one key another value, in the draft.
    void setKey(int value);
    void publish();
    /// Admits a host; its join token.
    [[nodiscard]] QString enroll(const QString &host);

    /// The latencies of one client that writes for so long, ms.
    [[nodiscard]] std::vector<double> writeFor(std::chrono::milliseconds time);
    [[nodiscard]] double nodeMiB(std::size_t node);
    [[nodiscard]] double largestNodeMiB();

private:
    test::ProcessCluster m_cluster;
    client::Client m_client;
    client::RemoteStore m_store;
    int m_edits = 0;
    int m_publishes = 0;
    int m_hosts = 0;
};

} // namespace coffer::bench
