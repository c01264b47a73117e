// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/follower.h"

#include "config/origin_list.h"

namespace coffer::agent {

/// Bytes that a node may have as well, so that only what differs need be sent. Value.
struct FetchBase
{
    QByteArray root; ///< Hex; empty: none.
    QByteArray bytes;
};

/// Fetches the bundle of \a wanted in pieces, compressed against \a base if the node has it too,
/// and proves that it has the wanted root. Without the base once more if that did not fit.
///
/// `unavailable`: another try may succeed; `corrupt`: what arrived is not what was wanted; `denied`
/// and `notFound` as the node said them. \a client outlives the task.
[[nodiscard]] Task<Result<QByteArray>> fetchBundle(client::Client &client, QByteArray ticket,
                                                   Wanted wanted, FetchBase base);

/// Fetches where what is in the bundle of \a wanted comes from. Errors as above; `invalid` too if
/// the node does not know such lists yet. \a client outlives the task.
[[nodiscard]] Task<Result<config::OriginList>> fetchOrigins(client::Client &client,
                                                            QByteArray ticket, Wanted wanted);

} // namespace coffer::agent
