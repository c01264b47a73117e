// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/bundle_store.h"
#include "goconf/fleet_view.h"
#include "goconf/follow_table.h"

#include <functional>

namespace coffer::goconf {

/// Finds out what the classes that are followed here are to have, root included, and tells the
/// FollowTable. A class is rendered once, for all its hosts. Node thread.
class FollowOffers
{
public:
    /// Those who have news.
    using Wake = std::function<void(const std::vector<FollowId> &)>;

    struct Parts
    {
        pluginapi::PluginContext &context;
        const FleetView &view;
        FollowTable &table;
        BundleStore &bundles;
    };
    /// All of \a parts must outlive this.
    FollowOffers(Parts parts, Wake wake) : m_parts(parts), m_wake(std::move(wake)) {}
    FollowOffers(const FollowOffers &) = delete;
    FollowOffers &operator=(const FollowOffers &) = delete;
    ~FollowOffers() = default;

    /// Somebody follows \a of, or what is wanted of it may have changed.
    void look(const HostClass &of);
    /// The pointers of \a service may have changed; empty, or _global: those of any.
    void lookAgain(const QByteArray &service);
    /// Forgets classes that nobody follows any more.
    void tidy();

private:
    struct Target
    {
        std::optional<FleetView::Wanted> wanted;
        bool isKnown = false;
        bool isBusy = false;
    };
    struct Release
    {
        QByteArray name; ///< "r123"; the id where the record is gone.
        QByteArray message;
    };
    [[nodiscard]] Task<Result<void>> find(HostClass of);
    [[nodiscard]] Task<Result<Offer>> offerOf(FleetView::Wanted wanted);
    [[nodiscard]] Task<Result<Release>> release(QByteArray id);
    [[nodiscard]] std::optional<FleetView::Wanted> wanted(const HostClass &of) const;

    Parts m_parts;
    Wake m_wake;
    std::map<HostClass, Target> m_targets;
    std::map<QByteArray, Release> m_releases;
};

} // namespace coffer::goconf
