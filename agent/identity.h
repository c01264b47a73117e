// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/settings.h"
#include "client/client.h"

namespace coffer::agent {

/// Who this host is in the fleet. Value.
struct Identity
{
    QString host;
    QByteArray secret;
    QString instance; ///< Of this state directory on this machine; empty: makeInstance().
    std::vector<QUrl> nodes;
    bool operator==(const Identity &) const = default;
};

/// What join leaves behind in the state directory, besides the secret. Value.
struct Joined
{
    QString host;
    std::vector<QUrl> nodes;
};

/// Reads who this host is: the settings, and for what they do not say, what join left behind.
/// `notFound` if it has not joined, with what to do; `refused` if others may read the secret.
/// Changes nothing.
[[nodiscard]] Result<Identity> readIdentity(const Settings &settings);

/// The name of this state directory on this machine: the same after a restart, another one where
/// the directory was copied to another machine. Made if there is none yet.
[[nodiscard]] Result<QString> makeInstance(const QString &state);

/// Writes the secret (mode 0600), then who joined; each replaced atomically and synced.
[[nodiscard]] Result<void> writeIdentity(const Settings &settings, const Joined &joined,
                                         const QByteArray &secret);

/// Where join keeps the authority that it pinned.
[[nodiscard]] QString pinnedAuthority(const Settings &settings);

/// How to reach \a nodes: TLS as the settings say, or as it was pinned. `notFound`, `invalid` name
/// the file.
[[nodiscard]] Result<client::Options> clientOptions(const Settings &settings,
                                                    std::vector<QUrl> nodes);

/// Writes a file for its owner alone, atomically.
[[nodiscard]] Result<void> writePrivate(const QString &path, const QByteArray &bytes);

} // namespace coffer::agent
