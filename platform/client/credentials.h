// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QSslConfiguration>
#include <QString>

#include <optional>

namespace coffer::client {

/// What a client shows of itself, and whom it trusts. Value.
struct Credentials
{
    QByteArray token{};                     ///< Shown to every node; empty: none.
    std::optional<QSslConfiguration> tls{}; ///< For https; without: what this machine trusts.
};

/// Where credentials lie. What is empty is not used.
struct CredentialFiles
{
    QString token{};       ///< Has to be readable for its owner alone.
    QString authority{};   ///< PEM: who signs the certificates of nodes.
    QString certificate{}; ///< PEM: what nodes are shown.
    QString key{};
};

/// Reads them. `refused` if others may read the token, `notFound` if it is not there; `invalid`
/// names the file, and of TLS the setting too, which has the name that programs of Coffer give it.
[[nodiscard]] Result<Credentials> readCredentials(const CredentialFiles &files);

} // namespace coffer::client
