// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/identity.h"

namespace coffer::agent {

/// What `coffer-agent join` was given. Value.
struct JoinRequest
{
    std::vector<QUrl> nodes;
    QString host = {};
    QByteArray token; ///< Of one use, from `coffer fleet enroll`.
    QByteArray authority =
        {}; ///< SHA-256 of the authority's certificate (DER), hex; empty: not pinned.
};

/// Makes this machine a host of the fleet: changes the token into a secret of its own, and writes
/// it to the state directory. With an authority, the certificate with that hash is taken from what
/// the first node shows, kept, and everything else is said only to nodes that it signed.
///
/// Says on success what was joined, for people. `denied`, `unavailable` and so on as the node says;
/// after `unknown` the token may be used up.
[[nodiscard]] QCoro::Task<Result<QString>> join(Settings settings, JoinRequest request);

} // namespace coffer::agent
