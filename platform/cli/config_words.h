// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"

#include <QCborArray>
#include <QCborMap>

#include <string>
#include <vector>

/// What the verbs of `coffer config` have in common.
namespace coffer::cli {

/// A layer as people write it: "shop" is the service's base layer, "shop@sh001" that of one IDC.
struct ConfigTarget
{
    QString service;
    QString scope; ///< "_all", or an IDC.
    /// The parameters service and scope.
    [[nodiscard]] QCborMap params() const
    {
        return {{QStringLiteral("service"), service}, {QStringLiteral("scope"), scope}};
    }
};
[[nodiscard]] Result<ConfigTarget> configTarget(const std::string &text);

/// What is edited: "core/timeout", or a scalar in a file, "app.yaml#/server/port".
struct ConfigPlace
{
    QString section; ///< Empty for a scalar in a file.
    QString key;
    QString file;
    QString pointer;
};
[[nodiscard]] Result<ConfigPlace> configPlace(const QString &text);

/// Who does it, where nobody has to show a token: the name of the user of this machine.
[[nodiscard]] QString ownName();
/// Random, for what has to be recognised when it is sent twice.
[[nodiscard]] QString randomHex(int digits);
/// "sh001,sh002" as an array of texts.
[[nodiscard]] QCborArray textsOf(const std::vector<std::string> &texts);

/// A call that may be sent twice without harm.
[[nodiscard]] Task<rpc::Outcome> askSafely(Console &console, QString method, QCborMap params);

/// Faults, conflicts: what the details of a failure list, for people; then as Console::fail().
[[nodiscard]] int failConfig(Console &console, const rpc::Failure &failure);
/// Lines of a unified diff.
void showDiff(Console &console, const QString &diff);
/// {differences, text} as goconf.diff answers; says so if there are none.
void showDifferences(Console &console, const QCborMap &diff);
/// "2026-01-31 12:00:00" of milliseconds.
[[nodiscard]] QString timeText(const QCborValue &milliseconds);

} // namespace coffer::cli
