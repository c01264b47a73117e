// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/worker.h"

#include <QJsonArray>
#include <QJsonObject>

namespace coffer::agent {

/// How an agent stands, with all its services. Value.
struct AgentStatus
{
    QString version;
    QString host; ///< Empty: not joined.
    Standing standing;
    std::chrono::seconds upTime{0};
    std::optional<std::chrono::seconds> heardAgo; ///< Nothing: never, since it was started.
    bool isRunning = true; ///< False: nobody keeps this host right; this is what lies there.
    std::vector<ServiceStatus> services;
};

/// As the socket says it (docs/agent.md).
[[nodiscard]] QJsonObject toJson(const AgentStatus &status);
/// One service of it.
[[nodiscard]] QJsonObject toJson(const ServiceStatus &status);
/// Files that differ: [{"path","kind","diff"}].
[[nodiscard]] QJsonArray toJson(const std::vector<FileDiff> &files);
[[nodiscard]] QJsonObject toJson(const Generation &generation);

// The way to people, from what the socket says.

[[nodiscard]] QString describeStatus(const QJsonObject &status);
[[nodiscard]] QString describeHistory(const QJsonObject &history);
/// The answers of Verb::diff and Verb::plan.
[[nodiscard]] QString describeDiffs(const QJsonObject &diffs);
/// Prometheus' text format.
[[nodiscard]] QByteArray metricsOf(const QJsonObject &status);

} // namespace coffer::agent
