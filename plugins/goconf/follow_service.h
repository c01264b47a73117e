// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/fleet_watch.h"
#include "goconf/follow_offers.h"
#include "goconf/follow_reports.h"
#include "goconf/origin_store.h"

#include <deque>

namespace coffer::goconf {

/// What agents use: goconf.follow, goconf.fetch, goconf.report. They show the host's own secret; a
/// ticket stands for a follow while that lasts, on this node. Node thread.
class FollowService
{
public:
    static constexpr std::chrono::seconds heartbeatEvery{10};
    static constexpr std::size_t pieceBytesMax = std::size_t(1) << 20; ///< Of one fetch.
    static constexpr std::size_t servicesMax = 256;                    ///< Of one host.

    struct Parts
    {
        pluginapi::PluginContext &context;
        const FleetView &view;
        const FleetWatch &watch;
        const FleetPresence &presence;
        BundleStore &bundles;
        OriginStore &origins;
    };
    /// All of \a parts must outlive this.
    explicit FollowService(Parts parts);
    FollowService(const FollowService &) = delete;
    FollowService &operator=(const FollowService &) = delete;
    ~FollowService() = default;

    /// Registers the methods and begins the sweep, the only timer for all that follow.
    [[nodiscard]] Result<void> start();
    /// What FleetWatch says.
    void look(FleetView::Kind kind, const QByteArray &path);

private:
    struct Request
    {
        Follow follow;
        QByteArray secret;
        FollowTable::Services asked;
        std::map<QByteArray, HostHas> has;
    };
    [[nodiscard]] Result<void> addMethods();
    [[nodiscard]] Task<Result<void>> follow(pluginapi::FeedCall call);
    [[nodiscard]] Task<rpc::Outcome> fetch(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> pieceOf(rpc::Call &call, BundleStore::Packed packed,
                                             QByteArray base);
    [[nodiscard]] Task<rpc::Outcome> report(rpc::Call &call);
    [[nodiscard]] Task<Result<void>> sweep();

    [[nodiscard]] static Request requestOf(const pluginapi::FeedCall &call);
    [[nodiscard]] Task<Result<FollowId>> begin(pluginapi::FeedCall call);
    [[nodiscard]] Task<Result<FollowId>> admit(Request request);
    [[nodiscard]] Result<FollowId> enter(Request request, const HostRecord &record,
                                         Revision recorded);
    [[nodiscard]] Task<Result<void>> serve(FollowId id,
                                           std::shared_ptr<rpc::Subscription> subscription);
    [[nodiscard]] FollowTable::Classes granted(const QByteArray &host, const HostRecord &record,
                                               const FollowTable::Services &asked) const;
    [[nodiscard]] std::optional<Editions> editionsOf(const Follow &follow,
                                                     const QByteArray &service,
                                                     const config::Hash &root,
                                                     const QByteArray &version) const;
    [[nodiscard]] QCborMap welcome(FollowId id) const;
    [[nodiscard]] QCborMap eventOf(const FollowNews &news);

    void lookAtPointer(const QByteArray &path);
    /// Those that try something of \a service in \a idc, and those that did.
    void lookAtTrial(const QByteArray &service, const QByteArray &idc);
    void lookAtServices();
    void lookAtHost(const QByteArray &host);
    void lookAtHosts();
    /// In turns: what thousands of hosts are told must not hold up the node.
    void wake(const std::vector<FollowId> &ids);
    [[nodiscard]] Task<Result<void>> wakeInTurns();
    /// Ends a follow; its reader is told \a why.
    void end(FollowId id, const Error &why);

    Parts m_parts;
    FollowTable m_table;
    FollowOffers m_offers;
    FollowReports m_reports;
    std::map<FollowId, Eventual<bool>::Setter> m_waiting; ///< Those that wait for news.
    std::deque<FollowId> m_woken;                         ///< Not told yet that there are news.
    bool m_isWaking = false;
    std::map<FollowId, Error> m_ends;
    std::map<FollowId, FollowTable::Services> m_asked; ///< By hosts that may have everything.
    FollowTable::Services m_services;                  ///< Those that there are.
    std::set<FollowId> m_welcomes; ///< Those to be welcomed next, for the first time or again.
    pluginapi::Gauge &m_followers;
    pluginapi::Counter &m_offered;
    pluginapi::Counter &m_fetched;
};

} // namespace coffer::goconf
