// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayList>

#include <chrono>
#include <cstdint>

namespace coffer::agent {

/// A program to run. Value.
struct Command
{
    QByteArrayList argv = {}; ///< Empty: there is no command.
    bool isShell = false;     ///< argv is one line for /bin/sh -c.
    std::chrono::milliseconds timeout{30'000};

    [[nodiscard]] bool isEmpty() const { return argv.isEmpty(); }
    bool operator==(const Command &) const = default;
};

/// How the application hears that its files are others.
struct Reload
{
    enum class Kind { none, command, signal, systemd };
    Kind kind = Kind::none;
    Command command = {};    ///< command
    int signalNumber = 1;    ///< signal; 1 is SIGHUP
    QByteArray pidFile = {}; ///< signal. Without it nobody runs: that is no failure.
    QByteArray unit = {};    ///< systemd: systemctl reload-or-restart UNIT
    bool operator==(const Reload &) const = default;
};

/// When the application counts as healthy: when the command has succeeded \a passes times in a row
/// within \a window. Without a command it is at once.
struct Health
{
    Command command = {};
    std::chrono::milliseconds window{30'000};
    std::chrono::milliseconds interval{1'000};
    int passes = 3;
    bool operator==(const Health &) const = default;
};

/// Where the files of one service go on this host, and what is done about it: one file of
/// targets.d. Value.
struct Target
{
    enum class Style {
        directory, ///< DEST/<root12>/... and DEST/current, a link that is switched.
        files      ///< DEST/<path>, each replaced in place.
    };
    enum class Drift { report, repair };

    QByteArray service;
    Style style = Style::directory;
    QByteArray destination;        ///< Absolute, an existing directory.
    QByteArray owner = {};         ///< Of files whose bundle names none; "": the agent's user.
    QByteArray group = {};         ///< The same.
    bool isShared = false;         ///< Others may write there although the agent is root.
    std::uint16_t modeMask = 0777; ///< A bundle cannot give a file more than this.
    Command check = {};            ///< Run on the staged copy; COFFER_STAGED names it.
    Reload reload = {};
    Health health = {};
    Drift drift = Drift::report;
    std::chrono::milliseconds splay{0};       ///< A random wait up to this before a switch.
    std::chrono::milliseconds minInterval{0}; ///< At least this from switch to switch.
    int keep = 5;                             ///< Generations, the applied one included.
    bool operator==(const Target &) const = default;
};

/// Whether the values make sense. `invalid` names the field, what was expected, and what to do.
[[nodiscard]] Result<void> checkTarget(const Target &target);

} // namespace coffer::agent
