// SPDX-License-Identifier: Apache-2.0
#include "agent/commands.h"
#include "agent/disk_files.h"
#include "agent/publisher.h"
#include "agent/socket.h"
#include "agent/targets.h"
#include "agent/trust.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QStorageInfo>

#include <cstdio>
#include <unistd.h>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

static constexpr qint64 freeBytesMin = qint64(128) << 20; ///< Two of the largest bundles.

namespace {

/// One thing that was looked at.
struct Remark
{
    QString what;
    QString advice; ///< What is wrong, and what to do; empty: it is right.
};
using Remarks = std::vector<Remark>;

} // namespace

static QString user() { return QString::number(::geteuid()); }

static void lookAtState(const Settings &settings, Remarks &remarks)
{
    const QFileInfo state(settings.state);
    QString advice;
    if (!state.isDir())
        advice = u"does not exist; make it for user %1: mkdir -m 700 -p %2"_s.arg(user(),
                                                                                  settings.state);
    else if (!state.isWritable())
        advice =
            u"user %1 may not write there; run this as the agent's user, or chown it"_s.arg(user());
    else if (QStorageInfo(settings.state).bytesAvailable() < freeBytesMin)
        advice = u"less than 128 MiB are free there; make room"_s;
    remarks.push_back({u"state directory "_s + settings.state, advice});

    const auto running = askAgent(settings.socket, {}, 5s);
    const QFileInfo folder(QFileInfo(settings.socket).absolutePath());
    if (!running)
        advice = running.error().message;
    else if (*running || folder.isWritable())
        advice.clear();
    else
        advice = u"no agent answers there, and user %1 cannot make it; make the folder %2 for "
                 u"the agent's user"_s.arg(user(), folder.filePath());
    remarks.push_back({u"socket "_s + settings.socket, advice});
}

static void lookAtCluster(const Settings &settings, Remarks &remarks)
{
    const Result<Identity> identity = readIdentity(settings);
    remarks.push_back({u"identity"_s, identity ? QString() : identity.error().message});
    if (!identity)
        return;
    const Result<client::Options> options = clientOptions(settings, identity->nodes);
    if (!options) {
        remarks.push_back({u"TLS"_s, options.error().message});
        return;
    }
    for (const QUrl &node : identity->nodes) {
        client::Options one = *options;
        one.nodes = {node};
        client::Client client(one);
        const auto connected = QCoro::waitFor(client.connected(5s));
        remarks.push_back(
            {u"node "_s + node.authority(),
             connected ? QString()
                       : connected.error().message + u"; is it up, and may this host reach it?"_s});
    }
}

static QString adviceOnCommand(const Command &command)
{
    if (command.isEmpty() || command.isShell)
        return {};
    const QFileInfo program(QString::fromUtf8(command.argv.front()));
    if (!program.exists())
        return u"%1 does not exist; install it, or correct the target"_s.arg(program.filePath());
    if (!program.isExecutable())
        return u"user %1 may not run %2"_s.arg(user(), program.filePath());
    return {};
}

/// Whether this user can give files to another one.
static QString adviceOnOwner(const Target &target)
{
    DiskFiles files;
    if (!target.owner.isEmpty()) {
        const auto owner = files.userId(target.owner);
        if (!owner)
            return owner.error().message;
        if (::geteuid() != 0 && ::geteuid() != *owner)
            return u"owner: only root can give files to %1; run the agent as %1"_s.arg(
                QString::fromUtf8(target.owner));
    }
    if (target.group.isEmpty())
        return {};
    const auto group = files.groupId(target.group);
    if (!group)
        return group.error().message;
    std::vector<gid_t> groups(std::size_t(std::max(0, ::getgroups(0, nullptr))));
    (void)!::getgroups(int(groups.size()), groups.data());
    const bool isMember =
        ::getegid() == *group || std::find(groups.begin(), groups.end(), *group) != groups.end();
    if (::geteuid() != 0 && !isMember)
        return u"group: user %1 is not in %2; add it to that group"_s.arg(
            user(), QString::fromUtf8(target.group));
    return {};
}

static void lookAtTarget(const Target &target, Remarks &remarks)
{
    const QString name = u"target of "_s + QString::fromUtf8(target.service);
    const QFileInfo destination(QString::fromUtf8(target.destination));
    QStringList advice;
    if (!destination.isDir())
        advice.append(
            u"%1 is no directory; make it for user %2"_s.arg(destination.filePath(), user()));
    else if (!destination.isWritable())
        advice.append(u"user %1 may not write in %2; chown it, or run the agent as its owner"_s.arg(
            user(), destination.filePath()));
    DiskFiles files;
    const auto usable = Publisher::make(target, files)->checkDestination();
    if (destination.isDir() && !usable)
        advice.append(usable.error().message);
    advice.append(adviceOnOwner(target));
    for (const Command &command : {target.check, target.reload.command, target.health.command})
        advice.append(adviceOnCommand(command));
    const QFileInfo pidFile(QString::fromUtf8(target.reload.pidFile));
    if (target.reload.kind == Reload::Kind::signal && pidFile.exists() && !pidFile.isReadable())
        advice.append(u"user %1 may not read %2"_s.arg(user(), pidFile.filePath()));
    if (target.reload.kind == Reload::Kind::signal) {
        if (const auto trusted = checkPidFile(files, target.reload.pidFile); !trusted)
            advice.append(trusted.error().message);
    }
    advice.removeAll(QString());
    remarks.push_back({name, advice.join(u"; "_s)});
}

int runDoctor(const Settings &settings, bool isJson)
{
    Remarks remarks;
    lookAtState(settings, remarks);
    lookAtCluster(settings, remarks);
    const Result<std::vector<Target>> targets = readTargets(settings.targets);
    if (!targets)
        remarks.push_back({u"targets"_s, targets.error().message});
    else if (targets->empty())
        remarks.push_back({u"targets"_s, u"there are none: write one for each service in %1 "
                                         u"(docs/agent.md)"_s.arg(settings.targets)});
    else
        for (const Target &target : *targets)
            lookAtTarget(target, remarks);
    bool isWell = true;
    for (const Remark &remark : remarks) {
        isWell = isWell && remark.advice.isEmpty();
        const QJsonObject object{{u"what"_s, remark.what},
                                 {u"ok"_s, remark.advice.isEmpty()},
                                 {u"advice"_s, remark.advice}};
        const QString line = remark.advice.isEmpty()
                                 ? u"ok   "_s + remark.what
                                 : u"bad  %1: %2"_s.arg(remark.what, remark.advice);
        const QByteArray text =
            isJson ? QJsonDocument(object).toJson(QJsonDocument::Compact) : line.toUtf8();
        std::printf("%s\n", text.constData());
    }
    return isWell ? ok : failure;
}

} // namespace coffer::agent
