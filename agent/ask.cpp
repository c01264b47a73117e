// SPDX-License-Identifier: Apache-2.0
#include "agent/ask.h"

#include "config/limits.h"

#include <QJsonDocument>

#include <array>
#include <optional>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

static constexpr qint64 secondsMax = qint64(366) * 24 * 3600;
static constexpr qsizetype keyLengthMax = 2 * qsizetype(config::limits::nameBytesMax) + 1;

static const std::array<std::pair<Verb, QLatin1StringView>, 15> verbs{{
    {Verb::status, "status"_L1},
    {Verb::metrics, "metrics"_L1},
    {Verb::history, "history"_L1},
    {Verb::diff, "diff"_L1},
    {Verb::plan, "plan"_L1},
    {Verb::rollback, "rollback"_L1},
    {Verb::hold, "hold"_L1},
    {Verb::release, "release"_L1},
    {Verb::file, "file"_L1},
    {Verb::get, "get"_L1},
    {Verb::list, "list"_L1},
    {Verb::version, "version"_L1},
    {Verb::env, "env"_L1},
    {Verb::why, "why"_L1},
    {Verb::watch, "watch"_L1},
}};

static const std::array<std::pair<ErrorCode, QLatin1StringView>, 7> codes{{
    {ErrorCode::invalid, "invalid"_L1},
    {ErrorCode::notFound, "notFound"_L1},
    {ErrorCode::denied, "denied"_L1},
    {ErrorCode::refused, "refused"_L1},
    {ErrorCode::unavailable, "unavailable"_L1},
    {ErrorCode::noSpace, "noSpace"_L1},
    {ErrorCode::io, "io"_L1},
}};

static Error invalid(const QString &why) { return {ErrorCode::invalid, why}; }

static std::optional<Verb> verbNamed(const QString &name)
{
    for (const auto &[verb, text] : verbs) {
        if (name == text)
            return verb;
    }
    return std::nullopt;
}

bool changesHost(Verb verb)
{
    return verb == Verb::rollback || verb == Verb::hold || verb == Verb::release;
}

static bool needsService(Verb verb)
{
    switch (verb) {
    case Verb::rollback:
    case Verb::hold:
    case Verb::release:
    case Verb::file:
    case Verb::get:
    case Verb::version:
    case Verb::why:
    case Verb::env: return true;
    default: return false;
    }
}

static Result<Ask> check(Ask ask)
{
    if (needsService(ask.verb) && ask.service.isEmpty())
        return invalid(u"service: say which one"_s);
    if (ask.verb == Verb::file && ask.path.isEmpty())
        return invalid(u"path: say which file"_s);
    if (!ask.key.isEmpty() && ask.verb != Verb::get && ask.verb != Verb::why)
        return invalid(u"key: only \"get\" and \"why\" have one"_s);
    const qsizetype slash = ask.key.indexOf(u'/');
    const bool isKey = slash > 0 && slash == ask.key.lastIndexOf(u'/') && slash + 1 < ask.key.size()
                       && ask.key.size() <= keyLengthMax;
    if (!ask.key.isEmpty() && !isKey)
        return invalid(u"key: expected section/key, as core/timeout"_s);
    return ask;
}

Result<Ask> parseAsk(const QByteArray &line)
{
    if (line.size() > askBytesMax)
        return invalid(u"a question has at most %1 bytes"_s.arg(askBytesMax));
    QJsonParseError fault;
    const QJsonDocument document = QJsonDocument::fromJson(line, &fault);
    if (!document.isObject())
        return invalid(
            u"a question is a JSON object on one line, like {\"ask\":\"status\"}: %1"_s.arg(
                fault.errorString()));
    Ask ask;
    bool hasVerb = false;
    const QJsonObject object = document.object();
    for (auto member = object.begin(); member != object.end(); ++member) {
        const QString name = member.key();
        const QJsonValue value = member.value();
        if (name == u"seconds") {
            ask.seconds = value.toInteger(-1);
            if (ask.seconds < 0 || ask.seconds > secondsMax)
                return invalid(u"seconds: a whole number from 0 to %1"_s.arg(secondsMax));
            continue;
        }
        if (!value.isString())
            return invalid(u"%1: expected a text"_s.arg(name.left(100)));
        if (name == u"ask") {
            const auto verb = verbNamed(value.toString());
            if (!verb)
                return invalid(u"ask: \"%1\" cannot be asked"_s.arg(value.toString().left(100)));
            ask.verb = *verb;
            hasVerb = true;
        } else if (name == u"service") {
            ask.service = value.toString();
        } else if (name == u"root") {
            ask.root = value.toString();
        } else if (name == u"path") {
            ask.path = value.toString();
        } else if (name == u"key") {
            ask.key = value.toString();
        } else {
            return invalid(u"%1: a question has no such member"_s.arg(name.left(100)));
        }
    }
    if (!hasVerb)
        return invalid(u"ask: say what is asked, like {\"ask\":\"status\"}"_s);
    return check(std::move(ask));
}

QByteArray write(const Ask &ask)
{
    QJsonObject object;
    for (const auto &[verb, text] : verbs) {
        if (verb == ask.verb)
            object[u"ask"_s] = text;
    }
    if (!ask.service.isEmpty())
        object[u"service"_s] = ask.service;
    if (!ask.root.isEmpty())
        object[u"root"_s] = ask.root;
    if (!ask.path.isEmpty())
        object[u"path"_s] = ask.path;
    if (!ask.key.isEmpty())
        object[u"key"_s] = ask.key;
    if (ask.seconds > 0)
        object[u"seconds"_s] = ask.seconds;
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

QByteArray writeAnswer(const Result<QJsonObject> &answer)
{
    if (answer)
        return QJsonDocument(QJsonObject{{u"ok"_s, *answer}}).toJson(QJsonDocument::Compact);
    QString code = u"failed"_s;
    for (const auto &[known, text] : codes) {
        if (known == answer.error().code)
            code = text;
    }
    const QJsonObject error{{u"code"_s, code}, {u"message"_s, answer.error().message}};
    return QJsonDocument(QJsonObject{{u"error"_s, error}}).toJson(QJsonDocument::Compact);
}

Result<QJsonObject> parseAnswer(const QByteArray &line)
{
    const QJsonObject object = QJsonDocument::fromJson(line).object();
    if (object[u"ok"_s].isObject())
        return object[u"ok"_s].toObject();
    const QJsonObject error = object[u"error"_s].toObject();
    ErrorCode code = ErrorCode::corrupt;
    for (const auto &[known, text] : codes) {
        if (error[u"code"_s].toString() == text)
            code = known;
    }
    const QString message = error[u"message"_s].toString();
    return Error{code, message.isEmpty() ? u"the agent's answer cannot be read"_s : message};
}

} // namespace coffer::agent
