// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/fleet_retention.h"
#include "goconf/library.h"

#include "pluginapi/context.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace coffer::goconf {

/// Removes what nobody needs any more, on one node at a time: snapshots beyond Retention, and
/// objects that neither a snapshot nor a draft names and that are old. How much of that is kept say
/// the settings, as they are when it looks.
///
/// All that it decides by is read at one revision. It removes only with guards: that it still has
/// the job, that nobody published meanwhile, that an object was not written anew. A publish guards
/// that its objects are there, so that one that comes after a removal is refused, and uploads
/// again. If anything cannot be read, nothing is removed. Node thread.
class FleetSweep
{
public:
    static constexpr std::size_t removalsMax = 500; ///< Of one transaction.

    struct Times
    {
        std::optional<std::chrono::milliseconds> objectsKept = {}; ///< None: by the settings.
        std::chrono::milliseconds every = std::chrono::hours(1);
        std::chrono::milliseconds firstAfter = std::chrono::minutes(5);
        std::chrono::milliseconds againAfter = std::chrono::seconds(30); ///< Somebody published.
    };

    /// Both must outlive this.
    FleetSweep(pluginapi::PluginContext &context, Library &library, Times times);
    FleetSweep(const FleetSweep &) = delete;
    FleetSweep &operator=(const FleetSweep &) = delete;
    ~FleetSweep() = default;

    [[nodiscard]] Result<void> start();

private:
    using Hashes = std::set<config::Hash>;
    using DutyPointer = std::shared_ptr<pluginapi::Duty>; // shared with the host, which ends it

    [[nodiscard]] Task<Result<void>> run(DutyPointer duty);
    [[nodiscard]] Task<Result<void>> sweepOnce(DutyPointer duty);
    [[nodiscard]] RetentionLimits limits() const;
    /// What is left of a service's snapshots names these.
    [[nodiscard]] Task<Result<Hashes>> sweepService(DutyPointer duty, QByteArray service,
                                                    Revision at);
    [[nodiscard]] Task<Result<void>> dropSnapshots(DutyPointer duty,
                                                   std::vector<store::Guard> guards,
                                                   std::vector<store::FileView> snapshots);
    [[nodiscard]] Task<Result<void>> sweepObjects(DutyPointer duty, Hashes named,
                                                  std::vector<store::Guard> guards, Revision at);
    /// A manifest, its parts and the files of its layer.
    [[nodiscard]] Task<Result<Hashes>> namedBy(config::Hash manifest);
    [[nodiscard]] Task<Result<void>> removeAll(DutyPointer duty, std::vector<store::FileView> files,
                                               std::vector<store::Guard> guards);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Times m_times;
    std::map<config::Hash, Hashes> m_named; ///< By manifest; that never changes.
    pluginapi::Counter &m_objects;
    pluginapi::Counter &m_snapshots;
};

} // namespace coffer::goconf
