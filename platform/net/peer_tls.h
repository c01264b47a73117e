// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QSslConfiguration>

namespace coffer::net {

/// Where the certificates for peers lie; PEM.
struct PeerTlsFiles
{
    QString certificate; ///< Of this node; may be followed by those between it and the authority.
    QString key;
    QString authority; ///< Whoever it signed is a peer.
};

/// Mutual TLS, 1.2 or later: either side shows a certificate that the authority signed. Its name
/// is not compared with the address, since a member may move to another one; who the authority
/// signed for this cluster is a peer. Errors: `invalid`; the sentence names the setting and the
/// file.
[[nodiscard]] Result<QSslConfiguration> readPeerTls(const PeerTlsFiles &files);

} // namespace coffer::net
