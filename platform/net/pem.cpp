// SPDX-License-Identifier: Apache-2.0
#include "net/pem.h"

#include <QFile>

namespace coffer::net {

static constexpr qint64 fileBytesMax = 1 << 20;

static Result<QByteArray> contentOf(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::invalid,
                     QStringLiteral("%1 cannot be read: %2").arg(path, file.errorString())};
    return file.read(fileBytesMax);
}

Result<QList<QSslCertificate>> readCertificates(const QString &path)
{
    const auto content = contentOf(path);
    if (!content)
        return content.error();
    QList<QSslCertificate> certificates = QSslCertificate::fromData(*content, QSsl::Pem);
    if (certificates.isEmpty())
        return Error{ErrorCode::invalid, QStringLiteral("%1 has no PEM certificate").arg(path)};
    return certificates;
}

Result<QSslKey> readKey(const QString &path)
{
    const auto content = contentOf(path);
    if (!content)
        return content.error();
    for (const QSsl::KeyAlgorithm algorithm : {QSsl::Rsa, QSsl::Ec}) {
        const QSslKey key(*content, algorithm, QSsl::Pem);
        if (!key.isNull())
            return key;
    }
    return Error{ErrorCode::invalid,
                 QStringLiteral("%1 has no PEM key without a pass phrase, RSA or EC").arg(path)};
}

} // namespace coffer::net
