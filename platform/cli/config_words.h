// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"

#include <QCborArray>
#include <QCborMap>

#include <optional>
#include <string>
#include <vector>

/// What the verbs of `coffer config` have in common.
namespace coffer::cli {

/// A layer as people write it: "shop" is the service's base layer, "shop@sh001" that of one IDC,
/// "shop@host:web-1" that of one host. "_global" and "_global@sh001" lie below all services.
struct ConfigTarget
{
    QString service;
    QString scope; ///< "_all", an IDC, or "_host@" and a host.
    /// Whether it is the layer of a host; its name.
    [[nodiscard]] std::optional<QString> host() const;
    /// The parameters service and scope.
    [[nodiscard]] QCborMap params() const
    {
        return {{QStringLiteral("service"), service}, {QStringLiteral("scope"), scope}};
    }
};
[[nodiscard]] Result<ConfigTarget> configTarget(const std::string &text);
/// What a target may be, for help.
inline constexpr char targetHelp[] = "SERVICE, SERVICE@IDC or SERVICE@host:HOST; _global or "
                                     "_global@IDC for what lies below all services";
/// The way back: a layer as people write it.
[[nodiscard]] QString targetText(const QString &service, const QString &scope);

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

/// An array of texts as "sh001, sh002".
[[nodiscard]] QString namesText(const QCborValue &array);

/// A call that only reads.
[[nodiscard]] Task<rpc::Outcome> askToRead(Console &console, QString method, QCborMap params);
/// A change that may be sent twice without harm.
[[nodiscard]] Task<rpc::Outcome> askSafely(Console &console, QString method, QCborMap params);

/// The bytes of a file or output, by goconf.file, piece by piece.
[[nodiscard]] Task<rpc::Outcome> fileContent(Console &console, QCborMap params);
/// Stores content for an edit that names its hash. Bytes that the cluster has stay as they are.
[[nodiscard]] Task<rpc::Outcome> uploadContent(Console &console, QByteArray bytes);

/// The faults in details or an answer, one a line, for people.
void showFaults(Console &console, const QCborMap &details);
/// Faults, conflicts: what the details of a failure list, for people; then as Console::fail().
[[nodiscard]] int failConfig(Console &console, const rpc::Failure &failure);
/// Lines of a unified diff.
void showDiff(Console &console, const QString &diff);
/// {differences, text} as goconf.diff answers; says so if there are none.
void showDifferences(Console &console, const QCborMap &diff);
/// "2026-01-31 12:00:00" of milliseconds.
[[nodiscard]] QString timeText(const QCborValue &milliseconds);

} // namespace coffer::cli
