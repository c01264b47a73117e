// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QJsonObject>

namespace coffer::agent {

/// What local programs and commands may ask of a running agent (docs/agent.md).
enum class Verb {
    status,   ///< All services and how the agent and its cluster stand.
    metrics,  ///< The same as text for Prometheus.
    history,  ///< Versions that are kept here.
    diff,     ///< Files that are not as they were applied.
    plan,     ///< What would change if what is wanted were applied.
    rollback, ///< Another version that is kept here, and held.
    hold,     ///< Nothing new until `until`, or for ever.
    release,  ///< The end of a hold.
    file,     ///< The bytes of one file as they were applied.
    get,      ///< One value of what is applied, or all.
    list,     ///< What is applied of all services; of one with its files and keys.
    version,  ///< Which version of a service is applied.
    why,      ///< Which layers what is applied comes from.
    env,      ///< The variables of the env files that are applied.
    watch     ///< A line for each change, until the asker leaves; of a service: for each version.
};

/// Whether it is no question alone: something of the host becomes another.
[[nodiscard]] bool changesHost(Verb verb);

/// One question. Value.
struct Ask
{
    Verb verb = Verb::status;
    QString service = {}; ///< Empty: all.
    /// For rollback: of a kept version, at least 4 digits; empty: the one before. For watch: the
    /// root or version that the asker has seen.
    QString root = {};
    QString path = {};  ///< For file; for get: the only file to look into; for why: a file.
    QString key = {};   ///< For get, why: "section/key"; empty: all.
    qint64 seconds = 0; ///< For hold; 0: until it is released.
    bool operator==(const Ask &) const = default;
};

inline constexpr qint64 askBytesMax = 65'536; ///< One line.

/// Reads one line: a JSON object with "ask" and what belongs to it. `invalid` names the member.
[[nodiscard]] Result<Ask> parseAsk(const QByteArray &line);
/// The line for \a ask, without its line feed.
[[nodiscard]] QByteArray write(const Ask &ask);

/// An answer as a line: {"ok":{...}} or {"error":{"code":"...","message":"..."}}.
[[nodiscard]] QByteArray writeAnswer(const Result<QJsonObject> &answer);
/// The way back.
[[nodiscard]] Result<QJsonObject> parseAnswer(const QByteArray &line);

} // namespace coffer::agent
