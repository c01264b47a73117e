// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"
#include "goconf/fleet_sweep.h"
#include "testkit/cluster.h"

#include <QCborArray>

#include <map>
#include <set>

namespace coffer::goconf {

/// A cluster of three nodes with the plugin, one service "shop" in two IDCs, and releases that are
/// written as a publish would.
class FleetStage
{
public:
    /// With \a sweep, a plugin that sweeps at these times runs in place of its own job.
    /// \a settings are those of the plugin.
    explicit FleetStage(std::optional<FleetSweep::Times> sweep = {}, const QCborMap &settings = {});

    [[nodiscard]] Result<void> start();
    [[nodiscard]] testkit::Cluster &cluster() { return m_cluster; }
    [[nodiscard]] bool runUntil(const std::function<bool()> &isTrue)
    {
        return m_cluster.runUntil(isTrue);
    }

    /// One key per item in section "core", and an output shop.conf.
    [[nodiscard]] static config::Layer layer(const std::map<QByteArray, QByteArray> &keys);
    /// A new version of \a service, live in all IDCs.
    [[nodiscard]] bool publish(const QByteArray &version, const config::Layer &layer,
                               const QByteArray &service = "shop");
    /// Moves the pointers back (or on) to \a version.
    [[nodiscard]] bool roll(const QByteArray &version, const QByteArray &service = "shop");
    [[nodiscard]] bool put(const QByteArray &path, const QByteArray &value);
    [[nodiscard]] bool isThere(const QByteArray &path);

    /// The token of a host that was enrolled just now; empty if it could not be.
    [[nodiscard]] QByteArray enroll(const QByteArray &host, const QByteArray &idc = "sh001",
                                    const QByteArray &service = "shop");
    /// The host's row of goconf.fleet, as \a node shows it.
    [[nodiscard]] QCborMap row(int node, const QByteArray &host);
    [[nodiscard]] QString state(int node, const QByteArray &host);

private:
    [[nodiscard]] bool release(const QByteArray &service, const QByteArray &version,
                               store::Transaction change);

    testkit::Cluster m_cluster;
    std::map<QByteArray, QByteArray> m_current; ///< By service.
    std::map<QByteArray, QByteArray> m_last;
    int m_releases = 0;
};

/// A coffer-agent, played by the test.
class FleetAgent
{
public:
    FleetAgent(FleetStage &stage, QByteArray host, QByteArray instance = "installation-1")
        : m_stage(&stage), m_host(std::move(host)), m_instance(std::move(instance))
    {}

    [[nodiscard]] rpc::Outcome join(int node, const QByteArray &token);
    /// Enrolled, joined and following at \a node.
    [[nodiscard]] bool begin(int node);
    /// Follows, with what it has; false if that was refused: see why().
    [[nodiscard]] bool follow(int node);
    /// Its connection ends.
    void leave();
    /// What came since; remembers the newest offer of each service.
    void listen();
    /// Waits for an offer of \a version.
    [[nodiscard]] bool isOffered(const QByteArray &version, const QByteArray &service = "shop");
    /// Fetches what was offered, checks it by its root, and has it then. The bytes on the wire; -1
    /// if something is wrong.
    [[nodiscard]] qint64 fetch(const QByteArray &service = "shop");
    /// \a tried: what the state speaks of, by the offer of it; none: it does not say.
    [[nodiscard]] rpc::Outcome report(const QByteArray &state, const QByteArray &error = {},
                                      const QCborMap &tried = {});
    /// Offered, fetched, healthy.
    [[nodiscard]] bool apply(const QByteArray &version);
    [[nodiscard]] std::optional<rpc::Failure> why() const;

    QByteArray secret;
    QByteArray address = "192.0.2.1:1";
    QString ticket;
    std::map<QByteArray, QCborMap> offers; ///< The newest of each service.
    QStringList heard;                     ///< Kinds, in order: "welcome", "offer v2".
    QByteArray version;                    ///< Of shop, as it has it.
    QByteArray bundle;                     ///< The same, its bytes.

private:
    FleetStage *m_stage; ///< Outlives this.
    QByteArray m_host;
    QByteArray m_instance;
    int m_node = 0;
    int m_runs = 0;
    testkit::Subscription m_subscription;
};

} // namespace coffer::goconf
