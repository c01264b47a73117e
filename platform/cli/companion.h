// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QStringList>

/// Work on backups and data directories without a cluster is done by a program of the node,
/// `cofferd-data`: `coffer` knows nodes only from outside. This room's verbs run it.
namespace coffer::cli {

/// Where `cofferd-data` is: beside this program, else on PATH. `notFound` says what to do.
[[nodiscard]] Result<QString> findCompanion();
/// Becomes `cofferd-data` with \a arguments; says why, and returns an exit code, only if that is
/// impossible.
[[nodiscard]] int becomeCompanion(const QStringList &arguments, bool isJson);
/// `coffer foo` where this program has no such verb: becomes `coffer-foo` of PATH with the other
/// \a arguments, if there is one; else nothing happens.
void becomeExtension(const QString &verb, const QStringList &arguments);
/// Runs it and waits; the JSON that it said on standard output, or `corrupt` with its error.
/// Blocks.
[[nodiscard]] Result<QByteArray> askCompanion(const QStringList &arguments);

} // namespace coffer::cli
