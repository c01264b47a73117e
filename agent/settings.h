// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "net/log.h"

#include <QString>
#include <QUrl>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace CLI {
class App;
}

namespace coffer::agent {

/// What an operator can say to an agent. Value.
struct Settings
{
    std::vector<QUrl> nodes; ///< Empty: those that it joined.
    bool isInOrder = false;  ///< The first node is preferred; else any.
    QString host;            ///< Empty: the name under which it joined.
    QString state;           ///< The state directory.
    QString socket;          ///< Where local programs and commands ask.
    QString targets;         ///< The folder of targets; empty: targets.d beside the file.
    QString secretFile;      ///< Empty: in the state directory.
    QString authority;       ///< PEM; empty: what join pinned, else what the machine trusts.
    QString certificate;     ///< PEM, for nodes that want one; with the key.
    QString key;
    std::chrono::milliseconds poll{0};  ///< How often everything is compared anew.
    std::chrono::milliseconds scrub{0}; ///< How often files are compared with what was applied.
    net::LogLevel logLevel = net::LogLevel::info;
    net::LogFormat logFormat = net::LogFormat::text;
};

/// What an environment variable says; nothing if it is not set.
using ReadVariable = std::function<std::optional<QString>(const QString &name)>;

/// Reads the settings: of rising weight the defaults, agent.toml, the environment
/// (COFFER_AGENT_*) and flags.
///
/// Flags are added to a command line when this is made; they are read after that was parsed.
class SettingsReader
{
public:
    /// \a app outlives this.
    explicit SettingsReader(CLI::App &app);
    ~SettingsReader();
    SettingsReader(const SettingsReader &) = delete;
    SettingsReader &operator=(const SettingsReader &) = delete;

    /// `invalid` names the place (file and line, variable, flag), the value and what was expected.
    /// A missing agent.toml is no fault unless it was named.
    [[nodiscard]] Result<Settings> read(const ReadVariable &environment) const;

private:
    CLI::App &m_app;
    std::map<QString, std::string> m_texts; ///< Where the command line is parsed to.
    std::string m_config;
};

} // namespace coffer::agent
