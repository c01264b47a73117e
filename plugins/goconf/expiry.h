// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/fleet_view.h"
#include "goconf/publisher.h"

namespace coffer::goconf {

/// Ends layers of hosts whose time is over, on one node at a time: by a release, as people do it.
///
/// The applied time alone decides, for the transaction guards that it is reached. When to try is a
/// guess, from what the applied time was last and how long ago that is. Node thread.
class Expiry
{
public:
    static constexpr std::chrono::seconds lookEvery{1};
    /// Where nobody writes the applied time stands: then one entry says what it is.
    static constexpr std::chrono::seconds askEvery{10};

    /// All must outlive this.
    Expiry(pluginapi::PluginContext &context, const FleetView &view, Publisher &publisher)
        : m_context(context), m_view(view), m_publisher(publisher)
    {}
    Expiry(const Expiry &) = delete;
    Expiry &operator=(const Expiry &) = delete;
    ~Expiry() = default;

    [[nodiscard]] Result<void> start();

private:
    using DutyPointer = std::shared_ptr<pluginapi::Duty>; // shared with the host, which ends it

    [[nodiscard]] Task<Result<void>> run(DutyPointer duty);
    [[nodiscard]] Task<Result<void>> endThose(std::vector<FleetView::Ending> endings);
    [[nodiscard]] Task<Result<WallMs>> guessedTime();

    pluginapi::PluginContext &m_context;
    const FleetView &m_view;
    Publisher &m_publisher;
    WallMs m_time{0};  ///< The applied time, as it was last,
    Monotonic m_at{0}; ///< then; 0: never.
};

} // namespace coffer::goconf
