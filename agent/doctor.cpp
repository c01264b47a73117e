// SPDX-License-Identifier: Apache-2.0
#include "agent/commands.h"
#include "agent/disk_files.h"
#include "agent/socket.h"
#include "agent/targets.h"

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
struct Finding
{
    QString what;
    QString advice; ///< What is wrong, and what to do; empty: it is right.
};
using Findings = std::vector<Finding>;

} // namespace

static QString user() { return QString::number(::geteuid()); }

static void lookAtState(const Settings &settings, Findings &findings)
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
    findings.push_back({u"state directory "_s + settings.state, advice});

    const auto running = askAgent(settings.socket, {}, 5s);
    const QFileInfo folder(QFileInfo(settings.socket).absolutePath());
    if (!running)
        advice = running.error().message;
    else if (*running || folder.isWritable())
        advice.clear();
    else
        advice = u"no agent answers there, and user %1 cannot make it; make the folder %2 for "
                 u"the agent's user"_s.arg(user(), folder.filePath());
    findings.push_back({u"socket "_s + settings.socket, advice});
}

static void lookAtCluster(const Settings &settings, Findings &findings)
{
    const Result<Identity> identity = readIdentity(settings);
    findings.push_back({u"identity"_s, identity ? QString() : identity.error().message});
    if (!identity)
        return;
    const Result<client::Options> options = clientOptions(settings, identity->nodes);
    if (!options) {
        findings.push_back({u"TLS"_s, options.error().message});
        return;
    }
    for (const QUrl &node : identity->nodes) {
        client::Options one = *options;
        one.nodes = {node};
        client::Client client(one);
        const auto connected = QCoro::waitFor(client.connected(5s));
        findings.push_back(
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

static void lookAtTarget(const Target &target, Findings &findings)
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
    advice.append(adviceOnOwner(target));
    for (const Command &command : {target.check, target.reload.command, target.health.command})
        advice.append(adviceOnCommand(command));
    const QFileInfo pidFile(QString::fromUtf8(target.reload.pidFile));
    if (target.reload.kind == Reload::Kind::signal && pidFile.exists() && !pidFile.isReadable())
        advice.append(u"user %1 may not read %2"_s.arg(user(), pidFile.filePath()));
    advice.removeAll(QString());
    findings.push_back({name, advice.join(u"; "_s)});
}

int runDoctor(const Settings &settings, bool isJson)
{
    Findings findings;
    lookAtState(settings, findings);
    lookAtCluster(settings, findings);
    const Result<std::vector<Target>> targets = readTargets(settings.targets);
    if (!targets)
        findings.push_back({u"targets"_s, targets.error().message});
    else if (targets->empty())
        findings.push_back({u"targets"_s, u"there are none: write one for each service in %1 "
                                          u"(docs/agent.md)"_s.arg(settings.targets)});
    else
        for (const Target &target : *targets)
            lookAtTarget(target, findings);
    bool isWell = true;
    for (const Finding &finding : findings) {
        isWell = isWell && finding.advice.isEmpty();
        const QJsonObject object{{u"what"_s, finding.what},
                                 {u"ok"_s, finding.advice.isEmpty()},
                                 {u"advice"_s, finding.advice}};
        const QString line = finding.advice.isEmpty()
                                 ? u"ok   "_s + finding.what
                                 : u"bad  %1: %2"_s.arg(finding.what, finding.advice);
        const QByteArray text =
            isJson ? QJsonDocument(object).toJson(QJsonDocument::Compact) : line.toUtf8();
        std::printf("%s\n", text.constData());
    }
    return isWell ? ok : failure;
}

} // namespace coffer::agent
