// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QString>

namespace coffer::node {

/// What a program shows to be known: `coffer_ID_SECRET`. The id is 1 to 32 of a-z and 0-9, the
/// secret 64 hexadecimal digits. Value.
struct Token
{
    QString id;
    QByteArray secret;

    /// A new one, from the random numbers of the system. \a id empty: a random one.
    [[nodiscard]] static Token make(const QString &id = {});
    /// `invalid` says what a token looks like, and repeats nothing of it.
    [[nodiscard]] static Result<Token> parse(const QByteArray &text);
    [[nodiscard]] QByteArray text() const;
};

/// Argon2id of a secret, with 8 MiB and two passes: some 10 ms of a processor. A secret has 256
/// random bits, so the hash need not be dearer. `unavailable` if there is no memory. Any thread.
[[nodiscard]] Result<QByteArray> hashSecret(const QByteArray &secret);
/// False too for a hash that is not of hashSecret(), whatever it would cost. Any thread.
[[nodiscard]] bool isSecretOf(const QByteArray &hash, const QByteArray &secret);

/// Reads a token from a file that nobody but its owner may read. `refused` if others may, `invalid`
/// if there is no token in it, `notFound`.
[[nodiscard]] Result<Token> readTokenFile(const QString &path);

} // namespace coffer::node
