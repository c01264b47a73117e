// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/bundle_store.h"
#include "goconf/fleet_view.h"

namespace coffer::goconf {

/// What people see of the fleet: goconf.fleet, as this node knows it (milliseconds old), and
/// goconf.converge, which tells how a release reaches its hosts. Node thread.
class FleetMethods
{
public:
    /// Converge tells at most so often, and a ms less often for each 50 hosts.
    static constexpr std::chrono::milliseconds convergeEvery{10};
    static constexpr std::chrono::seconds seenWithin{10};
    static constexpr qint64 rowsMax = 2'000;     ///< Of one answer.
    static constexpr std::size_t namedMax = 200; ///< Hosts that one event of converge names.

    struct Parts
    {
        pluginapi::PluginContext &context;
        const FleetView &view;
        BundleStore &bundles;
    };
    /// All of \a parts must outlive this.
    explicit FleetMethods(Parts parts) : m_parts(parts) {}
    FleetMethods(const FleetMethods &) = delete;
    FleetMethods &operator=(const FleetMethods &) = delete;
    ~FleetMethods() = default;

    [[nodiscard]] Result<void> start();
    /// The view is another one.
    void look();

private:
    /// What has to be live for a release to have arrived: versions, by service and scope.
    using Targets = std::map<std::pair<QByteArray, QByteArray>, QByteArray>;
    using Roots = std::map<HostClass, config::Hash>; ///< Of what is wanted.

    [[nodiscard]] Task<rpc::Outcome> fleet(rpc::Call &call);
    [[nodiscard]] Task<Result<void>> converge(pluginapi::FeedCall call);

    [[nodiscard]] Task<Roots> rootsOf(std::vector<FleetRow> rows);
    [[nodiscard]] QCborMap shown(const FleetRow &row, const Roots &roots) const;
    struct Wish;
    [[nodiscard]] Task<Result<Wish>> wishOf(QCborMap params);
    [[nodiscard]] Task<Result<std::vector<ReleaseRecord>>> releases(QByteArray release,
                                                                    QByteArray change);
    [[nodiscard]] Task<Result<void>> awaitPointers(Wish wish);
    [[nodiscard]] bool isMeant(const FleetRow &row, const Targets &targets) const;
    [[nodiscard]] std::vector<FleetRow> rowsOf(const Wish &wish) const;
    [[nodiscard]] static QCborMap standOf(const std::vector<FleetRow> &rows, const Roots &roots);

    Parts m_parts;
    std::vector<Eventual<bool>::Setter> m_waiting; ///< Those that wait for another view.
};

} // namespace coffer::goconf
