// SPDX-License-Identifier: Apache-2.0
#include "node/own_address.h"

#include "net/peer_address.h"

#include <QHostInfo>
#include <QNetworkInterface>

namespace coffer::node {

bool isThisMachine(const QString &host)
{
    const QList<QHostAddress> own = QNetworkInterface::allAddresses();
    QHostAddress literal;
    const QList<QHostAddress> named = literal.setAddress(host)
                                          ? QList<QHostAddress>{literal}
                                          : QHostInfo::fromName(host).addresses();
    for (const QHostAddress &address : named) {
        for (const QHostAddress &each : own) {
            if (address.isEqual(each, QHostAddress::TolerantConversion))
                return true;
        }
    }
    return false;
}

Result<QString> findOwnAddress(const Settings &settings, const IsThisMachine &isLocal)
{
    if (!settings.advertisePeers.isEmpty())
        return settings.advertisePeers;
    if (settings.peers.contains(settings.listenPeers))
        return settings.listenPeers;
    const auto listen = net::PeerAddress::parse(settings.listenPeers);
    QStringList own;
    for (const QString &peer : settings.peers) {
        const auto address = net::PeerAddress::parse(peer);
        if (listen && address && address->port == listen->port && isLocal(address->host))
            own.append(peer);
    }
    if (own.size() == 1)
        return own.front();
    return Error{ErrorCode::invalid,
                 QStringLiteral("--peers: %1 of its addresses mean this machine and port %2 "
                                "(--listen-peers); name the own one with --advertise-peers, or "
                                "where peers reach this node if it is to join them")
                     .arg(own.isEmpty() ? QStringLiteral("none") : own.join(QLatin1String(" and ")))
                     .arg(listen ? listen->port : 0)};
}

} // namespace coffer::node
