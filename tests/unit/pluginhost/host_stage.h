// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/local_store.h"
#include "pluginhost/plugin_host.h"
#include "pluginhost/qt_ports.h"
#include "support/solo_node.h"

namespace coffer::pluginhost {

/// Time for one host, moved by the test; what becomes due is called within.
class HandTimers final : public Clock, public Timers
{
public:
    [[nodiscard]] Monotonic monotonic() const override { return now; }
    [[nodiscard]] WallMs wall() const override { return WallMs(0); }
    void after(std::chrono::milliseconds time, std::function<void()> call) override;
    void advance(std::chrono::milliseconds time);

    Monotonic now{0};

private:
    std::multimap<Monotonic, std::function<void()>> m_calls;
};

/// A node in the test's event loop, on whose store hosts of plugins live.
class StoreStage
{
public:
    test::SoloNode node;
    node::LocalStore store{node.host()};
    node::SystemClock clock;
    LoopTimers timers{clock};
    PoolWorkers workers{1};
};

/// One host of plugins, as a node of its own would have it. Time is that of the event loop, unless
/// the test moves it.
class HostStage
{
public:
    explicit HostStage(StoreStage &of, PluginHostOptions options = {}, bool isByHand = false);
    ~HostStage();
    Q_DISABLE_COPY_MOVE(HostStage)

    /// Resolves and starts; waits until all is settled.
    [[nodiscard]] bool start();
    [[nodiscard]] bool stop();
    /// Runs the loop, and time if it is moved by hand, until \a isTrue; false after ten seconds.
    [[nodiscard]] bool waitFor(const std::function<bool()> &isTrue);
    [[nodiscard]] PluginReport report(const QString &plugin) const;
    [[nodiscard]] PluginState state(const QString &plugin) const { return report(plugin).state; }
    /// The result, or nothing while there is none.
    using Pending = std::shared_ptr<std::optional<rpc::Outcome>>; // shared with the call
    [[nodiscard]] Pending begin(const QString &method, const QCborMap &params = {});
    [[nodiscard]] rpc::Outcome call(const QString &method, const QCborMap &params = {});

    HandTimers hand;
    rpc::Registry registry;
    net::HttpRouter router;
    std::unique_ptr<PluginHost> host;

private:
    [[nodiscard]] static QCoro::Task<void> invoke(rpc::Registry *registry,
                                                  std::shared_ptr<rpc::Call> call, Pending pending);

    bool m_isByHand;
};

} // namespace coffer::pluginhost
