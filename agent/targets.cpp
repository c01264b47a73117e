// SPDX-License-Identifier: Apache-2.0
#include "agent/targets.h"

#include "agent/toml_table.h"

#include <QDir>
#include <QFile>

#include <csignal>
#include <map>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

static constexpr std::chrono::milliseconds timeMax = 24h;
static constexpr qint64 fileBytesMax = 1 << 20;
static constexpr std::size_t targetsMax = 256; ///< As many as a node lets one host follow.

/// A command is a list of words, or with shell = true one line.
static Command takeCommand(TomlTable &table)
{
    Command command;
    command.isShell = table.flag(u"shell"_s, false);
    command.timeout = table.duration(u"timeout"_s, command.timeout, timeMax);
    if (command.isShell) {
        const QString line = table.text(u"command"_s);
        if (!line.isEmpty())
            command.argv.append(line.toUtf8());
        return command;
    }
    for (const QString &word : table.list(u"command"_s))
        command.argv.append(word.toUtf8());
    return command;
}

static void requireCommand(TomlTable &table, const Command &command)
{
    if (command.isEmpty())
        table.fail(u"command"_s,
                   u"give the program and its arguments: [\"/usr/bin/test\", \"-f\"]; "
                   u"or one line with shell = true"_s);
}

static int takeSignal(TomlTable &table)
{
    static const std::vector<std::pair<QString, int>> signals{
        {u"HUP"_s, SIGHUP},   {u"INT"_s, SIGINT},   {u"QUIT"_s, SIGQUIT},  {u"USR1"_s, SIGUSR1},
        {u"USR2"_s, SIGUSR2}, {u"TERM"_s, SIGTERM}, {u"WINCH"_s, SIGWINCH}};
    const QString given = table.text(u"signal"_s);
    const QString name = given.startsWith(u"SIG") ? given.mid(3) : given;
    QStringList names;
    for (const auto &[known, number] : signals) {
        if (name == known)
            return number;
        names.append(known);
    }
    table.fail(u"signal"_s, u"\"%1\" is not one of %2"_s.arg(given, names.join(u", "_s)));
    return SIGHUP;
}

static Reload takeReload(TomlTable &target)
{
    Reload reload;
    std::optional<TomlTable> table = target.table(u"reload"_s);
    if (!table)
        return reload;
    const int ways = int(table->has(u"command"_s)) + int(table->has(u"signal"_s))
                     + int(table->has(u"systemd"_s));
    if (ways != 1) {
        target.fail(u"reload"_s, u"give one of command, signal (with pidfile) and systemd"_s);
        return reload;
    }
    if (table->has(u"command"_s)) {
        reload.kind = Reload::Kind::command;
        reload.command = takeCommand(*table);
        requireCommand(*table, reload.command);
    } else if (table->has(u"signal"_s)) {
        reload.kind = Reload::Kind::signal;
        reload.signalNumber = takeSignal(*table);
        reload.pidFile = table->text(u"pidfile"_s).toUtf8();
    } else {
        reload.kind = Reload::Kind::systemd;
        reload.unit = table->text(u"systemd"_s).toUtf8();
    }
    table->close();
    return reload;
}

static Health takeHealth(TomlTable &target)
{
    Health health;
    std::optional<TomlTable> table = target.table(u"health"_s);
    if (!table)
        return health;
    health.command = takeCommand(*table);
    requireCommand(*table, health.command);
    health.window = table->duration(u"window"_s, health.window, timeMax);
    health.interval = table->duration(u"interval"_s, health.interval, timeMax);
    health.passes = int(table->number(u"passes"_s, health.passes, 1, 1000));
    table->close();
    return health;
}

static Command takeCheck(TomlTable &target)
{
    std::optional<TomlTable> table = target.table(u"check"_s);
    if (!table)
        return {};
    Command check = takeCommand(*table);
    requireCommand(*table, check);
    table->close();
    return check;
}

static std::uint16_t takeMode(TomlTable &target, std::uint16_t otherwise)
{
    if (!target.has(u"mode"_s))
        return otherwise;
    bool isNumber = false;
    const uint mode = target.text(u"mode"_s).toUInt(&isNumber, 8);
    if (isNumber && mode <= 0777)
        return std::uint16_t(mode);
    target.fail(u"mode"_s, u"write permission bits in octal, as a text: \"0640\""_s);
    return otherwise;
}

template<class T>
static T takeChoice(TomlTable &table, const QString &key,
                    const std::vector<std::pair<QString, T>> &choices)
{
    const QString given = table.text(key, choices.front().first);
    QStringList names;
    for (const auto &[name, meaning] : choices) {
        if (name == given)
            return meaning;
        names.append(name);
    }
    table.fail(key, u"\"%1\" is not one of %2"_s.arg(given.left(200), names.join(u", "_s)));
    return choices.front().second;
}

static Target takeTarget(TomlTable &table)
{
    Target target;
    target.service = table.text(u"service"_s).toUtf8();
    target.style = takeChoice<Target::Style>(
        table, u"style"_s,
        {{u"directory"_s, Target::Style::directory}, {u"files"_s, Target::Style::files}});
    target.destination = table.text(u"destination"_s).toUtf8();
    target.owner = table.text(u"owner"_s).toUtf8();
    target.group = table.text(u"group"_s).toUtf8();
    target.isShared = table.flag(u"shared"_s, false);
    target.modeMask = takeMode(table, target.modeMask);
    target.check = takeCheck(table);
    target.reload = takeReload(table);
    target.health = takeHealth(table);
    target.drift = takeChoice<Target::Drift>(
        table, u"drift"_s,
        {{u"report"_s, Target::Drift::report}, {u"repair"_s, Target::Drift::repair}});
    target.splay = table.duration(u"splay"_s, target.splay, timeMax);
    target.minInterval = table.duration(u"min-interval"_s, target.minInterval, timeMax);
    target.keep = int(table.number(u"keep"_s, target.keep, 2, 100));
    return target;
}

Result<Target> parseTarget(const QByteArray &bytes, const QString &name)
{
    auto table = TomlTable::parse(bytes, name);
    if (!table)
        return table.error();
    Target target = takeTarget(*table);
    Result<void> whole = table->finish();
    if (!whole)
        return whole.error();
    Result<void> fit = checkTarget(target);
    if (!fit) { // "reload.pidfile: ...": the line is that of the member of this file.
        const QString member = fit.error().message.section(u':', 0, 0).section(u'.', 0, 0);
        const QString place = table->placeOf(member);
        return fit.error().in(place.left(place.lastIndexOf(u": "_s)));
    }
    return target;
}

Result<std::vector<Target>> readTargets(const QString &folder)
{
    std::vector<Target> targets;
    std::map<QByteArray, QString> files;  // by service
    std::map<QByteArray, QString> places; // by destination, of directories
    const QDir directory(folder);
    for (const QString &name : directory.entryList({u"*.toml"_s}, QDir::Files, QDir::Name)) {
        const QString path = directory.filePath(name);
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly))
            return Error{ErrorCode::io, u"%1: cannot be read: %2"_s.arg(path, file.errorString())};
        const QByteArray bytes = file.read(fileBytesMax + 1);
        if (bytes.size() > fileBytesMax || targets.size() >= targetsMax)
            return Error{
                ErrorCode::invalid,
                u"%1: is larger than 1 MiB, or there are more than %2 targets"_s.arg(path).arg(
                    targetsMax)};
        Result<Target> target = parseTarget(bytes, path);
        if (!target)
            return target.error();
        const auto [earlier, isNew] = files.emplace(target->service, path);
        if (!isNew)
            return Error{ErrorCode::invalid,
                         u"%1: service: \"%2\" has a target already, in %3"_s.arg(
                             path, QString::fromUtf8(target->service), earlier->second)};
        const bool isShared = target->style == Target::Style::directory
                              && !places.emplace(target->destination, path).second;
        if (isShared)
            return Error{ErrorCode::invalid,
                         u"%1: destination: %2 is that of another target, in %3: give each service "
                         "a directory of its own"_s.arg(path,
                                                        QString::fromUtf8(target->destination),
                                                        places.at(target->destination))};
        targets.push_back(std::move(*target));
    }
    return targets;
}

} // namespace coffer::agent
