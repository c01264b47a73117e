// SPDX-License-Identifier: Apache-2.0
#include "net/peer_tls.h"

#include "net/pem.h"

namespace coffer::net {

Result<QSslConfiguration> readPeerTls(const PeerTlsFiles &files)
{
    const auto chain = readCertificates(files.certificate);
    if (!chain)
        return chain.error().in(QStringLiteral("--peer-cert"));
    const auto key = readKey(files.key);
    if (!key)
        return key.error().in(QStringLiteral("--peer-key"));
    const auto authority = readCertificates(files.authority);
    if (!authority)
        return authority.error().in(QStringLiteral("--peer-ca"));
    QSslConfiguration configuration;
    configuration.setLocalCertificateChain(*chain);
    configuration.setPrivateKey(*key);
    configuration.setCaCertificates(*authority);
    configuration.setPeerVerifyMode(QSslSocket::VerifyPeer);
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    return configuration;
}

} // namespace coffer::net
