// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QList>
#include <QSslCertificate>
#include <QSslKey>

/// PEM files that settings name. Errors: `invalid`, also of a file that is not there: it is the
/// setting that is wrong. The sentence names the file.
namespace coffer::net {

/// At least one.
[[nodiscard]] Result<QList<QSslCertificate>> readCertificates(const QString &path);
/// RSA or EC, without a pass phrase.
[[nodiscard]] Result<QSslKey> readKey(const QString &path);

} // namespace coffer::net
