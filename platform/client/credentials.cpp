// SPDX-License-Identifier: Apache-2.0
#include "client/credentials.h"

#include "net/client_tls.h"

#include <QFile>

namespace coffer::client {

static constexpr qint64 tokenBytesMax = 1024;

static Result<QByteArray> readToken(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return Error{ErrorCode::notFound,
                     QStringLiteral("%1 cannot be read: %2").arg(path, file.errorString())};
    }
    const auto others = QFileDevice::ReadGroup | QFileDevice::WriteGroup | QFileDevice::ReadOther
                        | QFileDevice::WriteOther;
    if (file.permissions() & others) {
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 can be read or written by others; chmod 600 it").arg(path)};
    }
    QByteArray token = file.read(tokenBytesMax).trimmed();
    if (token.isEmpty() || token.contains('\n')) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("%1: expected a token on one line").arg(path)};
    }
    return token;
}

Result<Credentials> readCredentials(const CredentialFiles &files)
{
    Credentials credentials;
    if (!files.token.isEmpty()) {
        Result<QByteArray> token = readToken(files.token);
        if (!token)
            return token.error();
        credentials.token = std::move(*token);
    }
    if (files.authority.isEmpty() && files.certificate.isEmpty() && files.key.isEmpty())
        return credentials;
    Result<QSslConfiguration> tls =
        net::readClientTls({files.certificate, files.key, files.authority});
    if (!tls)
        return tls.error();
    credentials.tls = std::move(*tls);
    return credentials;
}

} // namespace coffer::client
