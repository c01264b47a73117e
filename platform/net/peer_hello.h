// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "net/peer_limits.h"

#include <QByteArray>
#include <QStringList>

#include <optional>

namespace coffer::net {

/// What a node says of itself when a connection begins. Value.
struct PeerHello
{
    std::uint32_t versionMin = peerVersion; ///< Of the peer protocol.
    std::uint32_t versionMax = peerVersion;
    ClusterId cluster; ///< None: it belongs to none yet.
    NodeId node;
    RunId run;
    QString address;     ///< Where it can be dialled; empty: nowhere.
    QString build;       ///< Its version, for people.
    QString clusterName; ///< Empty: it has none, and compares none.

    bool operator==(const PeerHello &) const = default;
};

[[nodiscard]] QByteArray encodeHello(const PeerHello &hello);
/// `invalid` with the name of the field at fault.
[[nodiscard]] Result<PeerHello> decodeHello(const QByteArray &bytes);

[[nodiscard]] QByteArray encodeRefusal(const QString &message);
[[nodiscard]] Result<QString> decodeRefusal(const QByteArray &bytes);

/// Where others can be dialled, as PeerAddress::text().
[[nodiscard]] QByteArray encodeAddresses(const QStringList &addresses);
/// `invalid` if there are too many, or one is no address.
[[nodiscard]] Result<QStringList> decodeAddresses(const QByteArray &bytes);

/// Why \a own does not talk to \a other, as a sentence for the operators of both; nothing if it
/// does. Both sides come to the same judgement.
[[nodiscard]] std::optional<QString> whyRefused(const PeerHello &own, const PeerHello &other);

} // namespace coffer::net
