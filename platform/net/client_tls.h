// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QSslConfiguration>

namespace coffer::net {

/// Where the PEM files for TLS between clients and a node lie; an empty path: there is none.
struct ClientTlsFiles
{
    QString certificate;
    QString key;
    QString authority; ///< Who signs the certificates of the other side.

    /// What people call the three where they set them.
    struct Settings
    {
        QString certificate = QStringLiteral("--tls-cert");
        QString key = QStringLiteral("--tls-key");
        QString authority = QStringLiteral("--tls-ca");
    };
    Settings settings = {};
};

/// The side of the node, TLS 1.2 or later: shows the certificate. With an authority every client
/// has to show one that it signed. Errors: `invalid`; the sentence names the setting and the file.
[[nodiscard]] Result<QSslConfiguration> readServerTls(const ClientTlsFiles &files);
/// The side of the client: the node has to show a certificate for the host that was named, signed
/// by the authority or, without one, by whom this machine trusts.
[[nodiscard]] Result<QSslConfiguration> readClientTls(const ClientTlsFiles &files);

} // namespace coffer::net
