// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/hash.h"

#include <QByteArray>

/// What hosts prove themselves with. The store has only hashes of it.
namespace coffer::goconf {

/// 256 bits from the system's generator, as 64 hex digits: a join token, or a host's own secret.
[[nodiscard]] QByteArray makeSecret();
/// 128 bits, as 32 hex digits: names one follow on one node.
[[nodiscard]] QByteArray makeTicket();
/// Whether \a secret is the one with \a hash, which is all that a record keeps of it: with 256
/// random bits nothing slower is needed. Takes the same time for all that are not. Never true for
/// the null hash.
[[nodiscard]] bool isSecretOf(const config::Hash &hash, QByteArrayView secret);

} // namespace coffer::goconf
