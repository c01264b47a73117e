// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/reading.h"

#include <optional>
#include <vector>

namespace coffer::goconf {

/// A release, without its record.
struct ReleaseKey
{
    QByteArray id;
    Revision created; ///< It is shown as r<created>.
};

/// Walks through all releases of one revision of the store, from the newest backwards: by the time
/// that their ids begin with, those of one millisecond by revision.
///
/// The store has no range from the end. So it is asked for spans of time, which grow where little
/// is found and shrink where too much is: some reads of a thousand keys, however many releases
/// there are. Node thread; one call at a time.
class ReleaseLog
{
public:
    /// Begins behind \a before, if it is given. \a store must outlive this.
    ReleaseLog(pluginapi::Store &store, Revision at, WallMs now,
               const std::optional<ReleaseKey> &before = {});

    /// Some more, at least one; none if there are no older ones.
    [[nodiscard]] Task<Result<std::vector<ReleaseKey>>> next();

    /// "r1234" or an id as a place to begin behind; nothing if there is no such release.
    [[nodiscard]] static Task<Result<std::optional<ReleaseKey>>>
    find(pluginapi::Store &store, QByteArray name, Revision at, WallMs now);

private:
    [[nodiscard]] Task<Result<std::vector<ReleaseKey>>> span(std::uint64_t from, bool isWhole);

    pluginapi::Store &m_store;
    Revision m_at;
    std::optional<ReleaseKey> m_before;
    std::optional<std::uint64_t> m_upper = {}; ///< Milliseconds; none: there is no bound yet.
    std::uint64_t m_now;
    std::uint64_t m_width;
    bool m_hasMore = false; ///< The last span had more than one page.
};

} // namespace coffer::goconf
