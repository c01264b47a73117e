// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include <QDateTime>

#include <array>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

static QString nameOf(Standing::State state)
{
    switch (state) {
    case Standing::State::connecting: return u"connecting"_s;
    case Standing::State::following: return u"following"_s;
    case Standing::State::refused: break;
    }
    return u"refused"_s;
}

static QString nameOf(FileDiff::Kind kind)
{
    switch (kind) {
    case FileDiff::Kind::added: return u"added"_s;
    case FileDiff::Kind::removed: return u"removed"_s;
    case FileDiff::Kind::changed: return u"changed"_s;
    case FileDiff::Kind::rights: break;
    }
    return u"rights"_s;
}

QJsonObject toJson(const Generation &generation)
{
    return {{u"version"_s, QString::fromUtf8(generation.version)},
            {u"root"_s, QString::fromLatin1(generation.root.hex())},
            {u"release"_s, QString::fromUtf8(generation.release)}};
}

QJsonArray toJson(const std::vector<FileDiff> &files)
{
    QJsonArray array;
    for (const FileDiff &file : files)
        array.append(QJsonObject{{u"path"_s, QString::fromUtf8(file.path)},
                                 {u"kind"_s, nameOf(file.kind)},
                                 {u"diff"_s, QString::fromUtf8(file.text)}});
    return array;
}

QJsonObject toJson(const ServiceStatus &status)
{
    QJsonObject object{{u"service"_s, status.report.service},
                       {u"state"_s, status.report.state},
                       {u"busy"_s, status.isBusy}};
    if (status.applied)
        object[u"applied"_s] = toJson(*status.applied);
    if (status.wanted)
        object[u"wanted"_s] = QJsonObject{{u"version"_s, status.wanted->version},
                                          {u"root"_s, QString::fromLatin1(status.wanted->root)},
                                          {u"release"_s, status.wanted->release},
                                          {u"message"_s, status.wanted->message}};
    if (!status.report.error.isEmpty())
        object[u"error"_s] = status.report.error;
    if (!status.report.output.isEmpty())
        object[u"output"_s] = QString::fromUtf8(status.report.output);
    if (status.heldUntil)
        object[u"heldUntil"_s] =
            QDateTime::fromMSecsSinceEpoch(status.heldUntil->count()).toUTC().toString(Qt::ISODate);
    if (status.tries > 0)
        object[u"tries"_s] = status.tries;
    if (status.isGivenUp)
        object[u"givenUp"_s] = true;
    return object;
}

QJsonObject toJson(const AgentStatus &status)
{
    QJsonArray services;
    for (const ServiceStatus &service : status.services)
        services.append(toJson(service));
    QJsonObject object{{u"agent"_s, status.version},
                       {u"host"_s, status.host},
                       {u"running"_s, status.isRunning},
                       {u"cluster"_s, nameOf(status.standing.state)},
                       {u"services"_s, services}};
    if (status.isRunning)
        object[u"upSeconds"_s] = qint64(status.upTime.count());
    if (!status.standing.node.isEmpty())
        object[u"node"_s] = status.standing.node;
    if (!status.standing.trouble.isEmpty())
        object[u"trouble"_s] = status.standing.trouble;
    if (status.standing.revision > 0)
        object[u"revision"_s] = status.standing.revision;
    if (status.heardAgo)
        object[u"heardSecondsAgo"_s] = qint64(status.heardAgo->count());
    return object;
}

static QString describeService(const QJsonObject &service)
{
    const QJsonObject applied = service[u"applied"_s].toObject();
    const QJsonObject wanted = service[u"wanted"_s].toObject();
    QString text =
        u"%1: %2, "_s.arg(service[u"service"_s].toString(), service[u"state"_s].toString());
    text += applied.isEmpty() ? u"nothing applied yet"_s
                              : u"%1 (root %2)"_s.arg(applied[u"version"_s].toString(),
                                                      applied[u"root"_s].toString().left(12));
    if (!wanted.isEmpty() && wanted[u"root"_s] != applied[u"root"_s])
        text += u", wanted %1 (root %2)"_s.arg(wanted[u"version"_s].toString(),
                                               wanted[u"root"_s].toString().left(12));
    if (service.contains(u"heldUntil"_s)) {
        const QString until = service[u"heldUntil"_s].toString();
        const QDateTime far = QDateTime::currentDateTimeUtc().addYears(50); // asked for without end
        text += QDateTime::fromString(until, Qt::ISODate) > far ? u", held until it is released"_s
                                                                : u", held until %1"_s.arg(until);
    }
    if (service[u"givenUp"_s].toBool())
        text += u", tried %1 times and given up until there is a newer one"_s.arg(
            service[u"tries"_s].toInt());
    if (service.contains(u"error"_s))
        text += u"\n    "_s + service[u"error"_s].toString();
    return text + u'\n';
}

QString describeStatus(const QJsonObject &status)
{
    const QString host = status[u"host"_s].toString();
    QString text = host.isEmpty() ? u"This host has not joined.\n"_s : u"Host %1\n"_s.arg(host);
    if (!status[u"running"_s].toBool()) {
        text +=
            u"No agent runs: this is what lies in the state directory; `coffer-agent diff` looks "
            "at the files.\n"_s;
    } else if (status.contains(u"node"_s)) {
        text += u"Follows %1, heard %2 s ago, revision %3\n"_s.arg(status[u"node"_s].toString())
                    .arg(status[u"heardSecondsAgo"_s].toInteger())
                    .arg(status[u"revision"_s].toInteger());
    } else {
        const QString trouble = status[u"trouble"_s].toString();
        text += u"Follows no node%1: %2\n"_s.arg(
            status.contains(u"heardSecondsAgo"_s)
                ? u", the last word was %1 s ago"_s.arg(status[u"heardSecondsAgo"_s].toInteger())
                : QString(),
            trouble.isEmpty() ? u"it looks for one"_s : trouble);
    }
    const QJsonArray services = status[u"services"_s].toArray();
    if (services.isEmpty())
        text += u"There are no targets: write one for each service (docs/agent.md).\n"_s;
    for (const QJsonValue service : services)
        text += describeService(service.toObject());
    return text;
}

QString describeHistory(const QJsonObject &history)
{
    QString text;
    for (const QJsonValue value : history[u"services"_s].toArray()) {
        const QJsonObject service = value.toObject();
        text += service[u"service"_s].toString() + u'\n';
        bool isFirst = true;
        for (const QJsonValue kept : service[u"generations"_s].toArray()) {
            const QJsonObject generation = kept.toObject();
            text += u"  %1 %2 root %3 release %4\n"_s.arg(
                isFirst ? u"*"_s : u" "_s, generation[u"version"_s].toString(),
                generation[u"root"_s].toString().left(12), generation[u"release"_s].toString());
            isFirst = false;
        }
    }
    return text;
}

QString describeDiffs(const QJsonObject &diffs)
{
    QString text;
    for (const QJsonValue value : diffs[u"services"_s].toArray()) {
        const QJsonObject service = value.toObject();
        const QString name = service[u"service"_s].toString();
        if (service.contains(u"error"_s))
            text += u"%1: %2\n"_s.arg(name, service[u"error"_s].toString());
        for (const QJsonValue file : service[u"files"_s].toArray()) {
            const QJsonObject entry = file.toObject();
            text += u"%1: %2 %3\n"_s.arg(name, entry[u"path"_s].toString(),
                                         entry[u"kind"_s].toString());
            text += entry[u"diff"_s].toString();
        }
        if (service[u"repaired"_s].toBool())
            text += u"%1: repaired\n"_s.arg(name);
    }
    return text;
}

namespace {

/// Lines of one metric behind each other, as Prometheus wants them.
class Metric
{
public:
    Metric(const QByteArray &name, const char *help) : m_name("coffer_agent_" + name)
    {
        m_text = "# HELP " + m_name + ' ' + help + "\n# TYPE " + m_name + " gauge\n";
    }
    void add(const QByteArray &labels, qint64 value)
    {
        m_text += m_name + (labels.isEmpty() ? QByteArray() : '{' + labels + '}') + ' '
                  + QByteArray::number(value) + '\n';
    }
    [[nodiscard]] const QByteArray &text() const { return m_text; }

private:
    QByteArray m_name;
    QByteArray m_text;
};

} // namespace

QByteArray metricsOf(const QJsonObject &status)
{
    Metric following("following", "1 while a node is followed.");
    following.add({}, status.contains(u"node"_s) ? 1 : 0);
    Metric heard("heard_seconds_ago", "Since a node last said anything; absent if it never did.");
    if (status.contains(u"heardSecondsAgo"_s))
        heard.add({}, status[u"heardSecondsAgo"_s].toInteger());
    Metric up("up_seconds", "Since the agent was started.");
    up.add({}, status[u"upSeconds"_s].toInteger());
    Metric state("service_state", "1 for the state that a service is in.");
    Metric converged("service_converged", "1 if what is applied is what is wanted.");
    Metric tries("service_failed_tries", "Failed tries of what is wanted.");
    static const std::array states{u"healthy"_s, u"failed"_s, u"rolledBack"_s, u"drifted"_s,
                                   u"held"_s};
    for (const QJsonValue value : status[u"services"_s].toArray()) {
        const QJsonObject service = value.toObject(); // its name has no character to be escaped
        const QByteArray label = "service=\"" + service[u"service"_s].toString().toUtf8() + '"';
        for (const QString &name : states)
            state.add(label + ",state=\"" + name.toUtf8() + '"', service[u"state"_s] == name);
        converged.add(label,
                      service.contains(u"wanted"_s)
                          && service[u"wanted"_s][u"root"_s] == service[u"applied"_s][u"root"_s]);
        tries.add(label, service[u"tries"_s].toInt());
    }
    return following.text() + heard.text() + up.text() + state.text() + converged.text()
           + tries.text();
}

} // namespace coffer::agent
