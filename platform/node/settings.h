// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "net/log.h"

#include <QCborMap>
#include <QString>
#include <QStringList>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <variant>

namespace coffer::node {

using net::LogFormat;
using net::LogLevel;

/// When writes and denials are noted down (audit_log.h).
enum class AuditMode {
    never,
    auth, ///< While access control is on.
    always
};

/// What an operator can say to a node. Value.
struct Settings
{
    QString data;        ///< The data directory; always given.
    QString clusterName; ///< Empty: not compared with that of peers.
    QStringList peers;   ///< Seeds, own address included; empty: a cluster of one.
    QString listen;      ///< For clients.
    /// That clients are served beyond this machine although each of them may do everything.
    bool isOpenToAll = false;
    QStringList hostNames;       ///< By which browsers may reach it, besides those that are safe.
    bool isAuthRequired = false; ///< Nothing is served before access control is on.
    QString rootTokenFile;
    bool isRootReset = false;
    AuditMode audit = AuditMode::auth;
    QString clientCertificate; ///< What clients are shown; with it they speak TLS.
    QString clientKey;
    QString clientAuthority; ///< Who signs the certificates that clients have to show, if any.
    QString listenPeers;     ///< For peers; not used by a cluster of one.
    QString advertisePeers;  ///< The own entry of `peers`; empty: found by itself.
    QString plugins;         ///< The folder of plugins; empty: found beside the program.
    QStringList gateway;     ///< Nodes of the cluster whose store this process hosts plugins on.
    std::map<QString, QCborMap> pluginSettings = {}; ///< [plugins.NAME] of the file.
    QString peerCertificate;
    QString peerKey;
    QString peerAuthority;
    LogLevel logLevel = LogLevel::info;
    LogFormat logFormat = LogFormat::text;
    std::chrono::milliseconds heartbeat{20};
    std::chrono::milliseconds electionMin{120};
    std::chrono::milliseconds electionMax{240};
    /// How long a request waits for a leader, if its caller waits as long.
    std::chrono::milliseconds requestTimeout{4000};
    std::chrono::milliseconds stopTimeout{5000};
    std::chrono::milliseconds slowRequest{1000}; ///< Longer calls of clients are logged; 0: none.
};

/// The program has nothing to run: help was asked for, or a setting is wrong.
struct Leave
{
    int code = 0; ///< 0: asked for; 2: a setting is wrong.
    QString text; ///< For standard output (0) or standard error (2).
    bool isHelp = false;
};

/// What an environment variable says; nothing if it is not set.
using Environment = std::function<std::optional<QString>(const QString &name)>;

/// Reads the settings: of rising weight the defaults, the file, the environment (COFFER_*) and
/// \a arguments, which begin behind the name of the program. A wrong one is named with its place
/// (file and line, variable, flag), its value and what was expected.
[[nodiscard]] std::variant<Settings, Leave> readSettings(const QStringList &arguments,
                                                         const Environment &environment);

} // namespace coffer::node
