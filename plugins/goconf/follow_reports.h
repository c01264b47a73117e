// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/fleet_presence.h"
#include "goconf/fleet_view.h"
#include "goconf/report_writer.h"

#include "base/eventual.h"

#include <functional>

namespace coffer::goconf {

/// What an agent says of one service. Value; checked by report().
struct HostReport
{
    QByteArray service;
    QByteArray version;
    config::Hash root;
    QByteArray state;
    QByteArray error;
    QByteArray tried;   ///< The version that the state speaks of; empty: the host does not say.
    QByteArray release; ///< The id of the release that offered it; the same.
};
/// Version and root that a host has of a service.
struct HostHas
{
    QByteArray version;
    config::Hash root;
};

/// Who is connected where, and what hosts report: in the files
/// /config/<service>/<idc>/agent/<host>, which belong to one follow in the whole cluster.
///
/// A follow claims the files of its host. The guard of that write is what keeps two installations
/// of one name apart, whichever nodes they came to; that of each later one is what keeps an old
/// follow from writing over a newer one. `via` names the node while the host is connected, and
/// becomes empty some time after its connection went. Node thread.
class FollowReports
{
public:
    static constexpr std::chrono::seconds offlineAfter{30};

    struct Parts
    {
        pluginapi::PluginContext &context;
        const FleetView &view;
        const FollowTable &table;
        const FleetPresence &presence;
    };
    /// \a id is no longer the one that follows for its host.
    using Lost = std::function<void(FollowId id, const Error &why)>;

    /// All of \a parts must outlive this.
    FollowReports(Parts parts, Lost lost);
    FollowReports(const FollowReports &) = delete;
    FollowReports &operator=(const FollowReports &) = delete;
    ~FollowReports() = default;

    /// Makes \a id, which is in the table, the follow of its host; comes back when the cluster
    /// knows it. `conflict` that names both addresses if another installation is connected.
    [[nodiscard]] Task<Result<void>> claim(FollowId id, std::map<QByteArray, HostHas> has);
    /// The services of \a id are others now, or its data centre is. What is known of a service that
    /// it had before goes with it. True: of others nothing is known, and the host is to say again
    /// what it has.
    [[nodiscard]] bool regrant(FollowId id);
    /// All of \a reports or none; written within a moment. `invalid` says what is wrong.
    [[nodiscard]] Result<void> report(FollowId id, const std::vector<HostReport> &reports);
    /// What \a id said last of a service, or was said of it before.
    [[nodiscard]] std::optional<ReportRecord> newest(FollowId id, const QByteArray &service) const;

    enum class Leave {
        perhaps, ///< It may come back within offlineAfter.
        forGood
    };
    /// The connection of \a id is gone. To be called while it is in the table; the first time
    /// counts.
    void gone(FollowId id, Leave leave = Leave::perhaps);
    /// \a id's host is no longer known: its files are nobody's.
    void forget(FollowId id);
    /// Says of hosts that have been gone for long that they are.
    void sweep();
    /// A report was changed by somebody; an empty path: any may have been. One that was removed
    /// while its host is there is written again.
    void look(const QByteArray &path);
    /// That \a other is connected, to an agent of \a mine.
    [[nodiscard]] static Error rivalry(const Follow &mine, const ReportRecord &other);

private:
    struct Claim
    {
        Follow follow;
        std::map<QByteArray, HostHas> has;
        std::optional<Eventual<bool>::Setter> done;
        std::optional<Error> refusal;
    };
    struct Gone
    {
        Monotonic at{0};
        bool isSaid = false;
    };
    using Paths = std::map<QByteArray, QByteArray>; ///< To the service; empty: not followed.

    [[nodiscard]] bool isOurs(const QByteArray &path, const ReportWriter::Found &found);
    void abandon(FollowId id);
    void onSettled();
    void settleGone();
    void write(FollowId id, const QByteArray &path, const ReportRecord &record);
    [[nodiscard]] ReportRecord claimed(const Claim &claim, const QByteArray &service,
                                       const std::optional<ReportRecord> &before) const;
    [[nodiscard]] std::optional<ReportRecord> known(const QByteArray &path) const;
    [[nodiscard]] QByteArray pathOf(FollowId id, const QByteArray &service) const;
    [[nodiscard]] bool isConnected(const ReportRecord &record) const;

    Parts m_parts;
    Lost m_lost;
    ReportWriter m_writer;
    std::map<FollowId, Paths> m_paths;
    std::map<FollowId, Claim> m_claims; ///< Those that the cluster does not know yet.
    std::map<FollowId, Gone> m_gone;
    std::map<QByteArray, pluginapi::Counter *> m_counted; ///< Reports, by state.
};

} // namespace coffer::goconf
