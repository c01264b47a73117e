// SPDX-License-Identifier: Apache-2.0
#include "net/client_tls.h"

#include "net/pem.h"

namespace coffer::net {

/// Certificate and key, where they are given.
static Result<void> addIdentity(QSslConfiguration &configuration, const ClientTlsFiles &files)
{
    configuration.setProtocol(QSsl::TlsV1_2OrLater);
    if (files.certificate.isEmpty() && files.key.isEmpty())
        return {};
    const ClientTlsFiles::Settings &settings = files.settings;
    if (files.certificate.isEmpty() || files.key.isEmpty()) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("%1 and %2 are given together or not at all")
                         .arg(settings.certificate, settings.key)};
    }
    const auto chain = readCertificates(files.certificate);
    if (!chain)
        return chain.error().in(settings.certificate);
    const auto key = readKey(files.key);
    if (!key)
        return key.error().in(settings.key);
    configuration.setLocalCertificateChain(*chain);
    configuration.setPrivateKey(*key);
    return {};
}

/// Who signs for the other side, where that is said.
static Result<void> addAuthority(QSslConfiguration &configuration, const ClientTlsFiles &files)
{
    if (files.authority.isEmpty())
        return {};
    const auto authority = readCertificates(files.authority);
    if (!authority)
        return authority.error().in(files.settings.authority);
    configuration.setCaCertificates(*authority);
    return {};
}

Result<QSslConfiguration> readServerTls(const ClientTlsFiles &files)
{
    QSslConfiguration configuration;
    if (const Result<void> added = addIdentity(configuration, files); !added)
        return added.error();
    if (const Result<void> added = addAuthority(configuration, files); !added)
        return added.error();
    configuration.setPeerVerifyMode(files.authority.isEmpty() ? QSslSocket::VerifyNone
                                                              : QSslSocket::VerifyPeer);
    return configuration;
}

Result<QSslConfiguration> readClientTls(const ClientTlsFiles &files)
{
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    if (const Result<void> added = addIdentity(configuration, files); !added)
        return added.error();
    if (const Result<void> added = addAuthority(configuration, files); !added)
        return added.error();
    configuration.setPeerVerifyMode(QSslSocket::VerifyPeer);
    return configuration;
}

} // namespace coffer::net
