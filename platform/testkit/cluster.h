// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "pluginapi/plugin.h"
#include "pluginapi/store.h"
#include "rpc/call.h"
#include "rpc/error.h"
#include "rpc/spawn.h"

#include <QByteArray>
#include <QCborMap>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

/// Tests of plugins and of what uses a store: whole clusters in one process and in virtual time.
namespace coffer::testkit {

/// What the environment says as COFFER_SEED, so that any test can be run with another; else 1.
[[nodiscard]] std::uint64_t defaultSeed();

struct ClusterOptions
{
    int nodes = 3;                      ///< 1 to 7; they are called 1, 2, 3, ...
    std::uint64_t seed = defaultSeed(); ///< Of all chance: the same seed gives the same run.
};

/// A response of a REST route.
struct HttpAnswer
{
    int status = 0;
    QByteArray body;
    std::map<QByteArray, QByteArray> headers = {}; ///< By name, in small letters.
};

/// A subscription of a test's connection to one node.
struct Subscription
{
    int node = 0;
    std::uint64_t id = 0;
};

/// A cluster of whole nodes in one process: the real engine, store, registry and plugin host, with
/// a network and disks in memory, on a virtual clock.
///
/// Nothing happens but within start(), advance(), runUntil(), settle(), await(), call() and the
/// like: these let virtual time pass, as much as they need and not more, and take no real time
/// beyond the work itself. A test so never sleeps and never races; the same seed does the same.
///
/// \code
/// testkit::Cluster cluster;
/// QVERIFY(cluster.start());
/// QVERIFY(cluster.await(cluster.store(1).put("/a", "1")));
/// cluster.kill(*cluster.leader());
/// QVERIFY(cluster.runUntil([&] { return cluster.leader().has_value(); }));
/// \endcode
///
/// The program's main() is COFFER_TEST_MAIN (testkit/main.h). One cluster at a time, one thread.
class Cluster
{
public:
    explicit Cluster(ClusterOptions options = {});
    ~Cluster();
    Cluster(const Cluster &) = delete;
    Cluster &operator=(const Cluster &) = delete;

    using MakePlugin = std::function<std::unique_ptr<pluginapi::Plugin>()>;

    /// Before start(): every node runs a copy of the plugin. \a json is the file in which
    /// coffer_add_plugin() wrote what the plugin says of itself; coffer_add_plugin_test() defines
    /// it as COFFER_PLUGIN_JSON. \a settings are those that each node has in its file.
    void addPlugin(const QString &json, MakePlugin make, const QCborMap &settings = {});
    template<class Plugin>
    void addPlugin(const QString &json, const QCborMap &settings = {})
    {
        addPlugin(
            json, [] { return std::make_unique<Plugin>(); }, settings);
    }

    /// Starts all nodes and runs until one leads and all plugins have started on all nodes. Says
    /// which plugin has not, and why.
    [[nodiscard]] Result<void> start();

    // ---- what befalls nodes; numbers of nodes that there are not end the process

    /// The process ends as by SIGTERM: its plugins stop first.
    [[nodiscard]] Result<void> stop(int node);
    /// The process ends as by kill -9: what it had not synced is lost, nobody hears a goodbye, and
    /// its sessions live on until their time is over.
    void kill(int node);
    /// Starts a node that was stopped or killed, from its disk. Its plugins start once there is a
    /// leader, and it may take a moment to catch up: wait for what you need by runUntil().
    [[nodiscard]] Result<void> restart(int node);
    /// The node goes on, but no frame reaches it or leaves it, until rejoin().
    void isolate(int node);
    void rejoin(int node);
    [[nodiscard]] bool isRunning(int node) const;
    /// Whether node \a node runs and its copy of \a plugin has started.
    [[nodiscard]] bool hasStarted(int node, const QString &plugin) const;
    /// The node that leads and is within reach of others; none while there is none.
    [[nodiscard]] std::optional<int> leader() const;

    // ---- time

    /// The clock of all nodes.
    [[nodiscard]] const Clock &clock() const;
    /// Lets \a time pass, with everything that becomes due.
    void advance(std::chrono::milliseconds time);
    /// Lets time pass until \a isTrue; false if it is not so within \a limit.
    [[nodiscard]] bool runUntil(const std::function<bool()> &isTrue,
                                std::chrono::milliseconds limit = std::chrono::seconds(60));
    /// Runs until nothing is under way: no frame, no work of a disk, no posted event. Who waits for
    /// a time to come goes on waiting.
    void settle();

    // ---- what clients do

    /// The store as node \a node has it; `unavailable` while that is down. Lives as long as this.
    [[nodiscard]] pluginapi::Store &store(int node);
    /// Lets time pass until \a task is done; `unavailable` if it is not within a minute.
    template<class T>
    [[nodiscard]] Result<T> await(pluginapi::Task<Result<T>> task)
    {
        const auto done = std::make_shared<std::optional<Result<T>>>(); // may outlive this call
        spawn(keep(std::move(task), done), "testkit");
        if (!runUntil([&done] { return done->has_value(); }))
            return Error{ErrorCode::unavailable, QStringLiteral("not done within a minute")};
        return std::move(**done);
    }

    /// Calls a method of node \a node, as a client that is called "test" would.
    [[nodiscard]] rpc::Outcome call(int node, const QString &method, const QCborMap &params = {});
    /// The same on behalf of another \a caller, straight at the node's registry.
    [[nodiscard]] rpc::Outcome callAs(int node, const rpc::Caller &caller, const QString &method,
                                      const QCborMap &params = {});
    /// Calls a method that opens a subscription. Its events gather until they are taken.
    [[nodiscard]] rpc::Answer<Subscription> subscribe(int node, const QString &method,
                                                      const QCborMap &params = {});
    /// What has come since the last call; does not let time pass.
    [[nodiscard]] std::deque<QCborValue> takeEvents(const Subscription &subscription);
    /// Why the subscription ended, if it did.
    [[nodiscard]] std::optional<rpc::Failure> endOf(const Subscription &subscription) const;
    /// A request to the front door of node \a node; \a target is path and query.
    [[nodiscard]] HttpAnswer request(int node, const QByteArray &verb, const QByteArray &target,
                                     const QByteArray &body = {},
                                     const std::map<QByteArray, QByteArray> &headers = {});
    /// What the plugins of node \a node count, in the text format of Prometheus.
    [[nodiscard]] QByteArray metrics(int node) const;
    /// The value of one line of metrics(), "coffer_plugin_example_known"; 0 if it is not there.
    [[nodiscard]] double metric(int node, const QByteArray &line) const;

private:
    struct Parts;

    template<class T>
    [[nodiscard]] static pluginapi::Task<void> keep(pluginapi::Task<Result<T>> task,
                                                    std::shared_ptr<std::optional<Result<T>>> done)
    {
        done->emplace(co_await task);
    }

    std::unique_ptr<Parts> m_parts;
};

} // namespace coffer::testkit
