// SPDX-License-Identifier: Apache-2.0
#include "cli/config_words.h"

#include "config/hash.h"
#include "config/name.h"
#include "config/snapshot.h"

#include <QDateTime>
#include <QRandomGenerator>

using namespace Qt::StringLiterals;

namespace coffer::cli {

static constexpr QLatin1StringView hostWord{"host:"};
static constexpr QLatin1StringView hostScopes{"_host@"};

std::optional<QString> ConfigTarget::host() const
{
    if (!scope.startsWith(hostScopes))
        return std::nullopt;
    return scope.sliced(hostScopes.size());
}

QString targetText(const QString &service, const QString &scope)
{
    if (scope == "_all"_L1)
        return service;
    const ConfigTarget target{service, scope};
    const std::optional<QString> host = target.host();
    return service + u'@' + (host ? hostWord + *host : scope);
}

Result<ConfigTarget> configTarget(const std::string &text)
{
    const QString whole = QString::fromStdString(text);
    const qsizetype at = whole.indexOf(u'@');
    ConfigTarget target{at < 0 ? whole : whole.first(at), at < 0 ? u"_all"_s : whole.mid(at + 1)};
    const bool isGlobal = target.service == "_global"_L1;
    if (Result<void> checked = config::checkName(target.service.toUtf8(), "service");
        !checked && !isGlobal)
        return checked.error();
    const bool isOfHost = target.scope.startsWith(hostWord);
    const QString place = isOfHost ? target.scope.sliced(hostWord.size()) : target.scope;
    if (at >= 0) {
        const char *what = isOfHost ? "host" : "IDC";
        if (Result<void> checked = config::checkName(place.toUtf8(), what); !checked)
            return checked.error();
    }
    if (isOfHost)
        target.scope = hostScopes + place;
    return target;
}

Result<ConfigPlace> configPlace(const QString &text)
{
    if (const qsizetype hash = text.indexOf(u'#'); hash >= 0) {
        ConfigPlace place{{}, {}, text.first(hash), text.mid(hash + 1)};
        if (Result<void> checked = config::checkFilePath(place.file.toUtf8()); !checked)
            return checked.error();
        return place;
    }
    const qsizetype slash = text.indexOf(u'/');
    ConfigPlace place{text.first(std::max<qsizetype>(slash, 0)), text.mid(slash + 1), {}, {}};
    if (slash < 0 || !config::isName(place.section.toUtf8())
        || !config::isName(place.key.toUtf8())) {
        return Error{
            ErrorCode::invalid,
            u"'%1': expected SECTION/KEY, or FILE#/POINTER for a value in a file"_s.arg(text)};
    }
    return place;
}

QString ownName()
{
    const QString name = qEnvironmentVariable("USER");
    return name.isEmpty() ? u"somebody"_s : name;
}

QString randomHex(int digits)
{
    QString text;
    while (text.size() < digits)
        text += u"%1"_s.arg(QRandomGenerator::system()->generate(), 8, 16, QLatin1Char('0'));
    return text.first(digits);
}

QCborArray textsOf(const std::vector<std::string> &texts)
{
    QCborArray array;
    for (const std::string &text : texts)
        array.append(QString::fromStdString(text));
    return array;
}

QString namesText(const QCborValue &array)
{
    QStringList names;
    for (const QCborValue name : array.toArray())
        names.append(name.toString());
    return names.join(u", "_s);
}

Task<rpc::Outcome> askToRead(Console &console, QString method, QCborMap params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::read;
    const rpc::Outcome outcome = co_await console.client().call(method, params, options);
    co_return outcome;
}

Task<rpc::Outcome> askSafely(Console &console, QString method, QCborMap params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::safe;
    const rpc::Outcome outcome = co_await console.client().call(method, params, options);
    co_return outcome;
}

Task<rpc::Outcome> fileContent(Console &console, QCborMap params)
{
    QByteArray bytes;
    for (;;) {
        params.insert(u"offset"_s, bytes.size());
        const rpc::Outcome outcome = co_await askToRead(console, u"goconf.file"_s, params);
        if (!outcome)
            co_return outcome;
        const QCborMap piece = outcome->toMap();
        const QByteArray part = piece.value("bytes"_L1).toByteArray();
        bytes += part;
        if (part.isEmpty() || bytes.size() >= piece.value("total"_L1).toInteger())
            break;
    }
    co_return QCborValue(bytes);
}

Task<rpc::Outcome> uploadContent(Console &console, QByteArray bytes)
{
    const QString hash = QString::fromLatin1(config::Hash::of(bytes).hex());
    const std::vector<QByteArray> pieces = config::piecesOf(bytes);
    for (std::size_t piece = 0; piece < pieces.size(); ++piece) {
        const QCborMap params{{u"hash"_s, hash},
                              {u"piece"_s, qint64(piece)},
                              {u"pieces"_s, qint64(pieces.size())},
                              {u"bytes"_s, pieces[piece]}};
        const rpc::Outcome stored = co_await askSafely(console, u"goconf.object.put"_s, params);
        if (!stored)
            co_return stored;
    }
    co_return QCborValue(hash);
}

static QString sideText(const QCborValue &side)
{
    const QCborMap map = side.toMap();
    const QString mark = map.value("final"_L1).toBool() ? u" (final)"_s : QString();
    if (map.contains("value"_L1))
        return map.value("value"_L1).toString() + mark;
    if (map.contains("tombstone"_L1))
        return u"(tombstone)"_s;
    return map.isEmpty() ? u"(nothing)"_s : u"(changed)"_s;
}

void showFaults(Console &console, const QCborMap &details)
{
    for (const QCborValue value : details.value("faults"_L1).toArray()) {
        const QCborMap fault = value.toMap();
        const QString host = fault.value("host"_L1).toString();
        const QString where =
            targetText(fault.value("service"_L1).toString(),
                       host.isEmpty() ? fault.value("idc"_L1).toString() : hostScopes + host);
        console.aside(u"  %1 in %2: %3"_s.arg(fault.value("place"_L1).toString(), where,
                                              fault.value("message"_L1).toString()));
    }
}

/// What a draft and others changed both.
static QStringList conflictTexts(const QCborMap &map)
{
    QStringList texts;
    for (const QCborValue value : map.value("conflicts"_L1).toArray()) {
        const QCborMap conflict = value.toMap();
        texts.append(u"%1: it was %2, you want %3, others made it %4"_s.arg(
            conflict.value("place"_L1).toString(), sideText(conflict.value("base"_L1)),
            sideText(conflict.value("yours"_L1)), sideText(conflict.value("theirs"_L1))));
    }
    return texts;
}

int failConfig(Console &console, const rpc::Failure &failure)
{
    const int code = console.fail(failure);
    if (console.isJson())
        return code;
    showFaults(console, failure.details);
    for (const QString &text : conflictTexts(failure.details))
        console.aside(u"  "_s + text);
    const QCborValue hosts = failure.details.value("hosts"_L1);
    if (failure.code == rpc::Code::refused && hosts.isInteger())
        console.aside(
            u"  --dry-run shows what would change, --yes %1 does it"_s.arg(hosts.toInteger()));
    return code;
}

void showDiff(Console &console, const QString &diff)
{
    if (!diff.isEmpty())
        console.line(diff.endsWith(u'\n') ? diff.chopped(1) : diff);
}

/// What became of a file, an output or the comment of a section.
static QString fateText(const QCborMap &difference)
{
    const QCborValue after = difference.value("after"_L1);
    if (after.isNull() || after.isUndefined())
        return u"removed"_s;
    const QCborValue before = difference.value("before"_L1);
    if (before.isNull() || before.isUndefined())
        return u"new"_s;
    const bool isFinal = after.toMap().value("final"_L1).toBool();
    if (isFinal == before.toMap().value("final"_L1).toBool())
        return u"changed"_s;
    return isFinal ? u"changed (final)"_s : u"changed (no longer final)"_s;
}

void showDifferences(Console &console, const QCborMap &diff)
{
    const QCborArray differences = diff.value("differences"_L1).toArray();
    for (const QCborValue value : differences) {
        const QCborMap difference = value.toMap();
        const QString place = difference.value("place"_L1).toString();
        const QCborMap before = difference.value("before"_L1).toMap();
        const QCborMap after = difference.value("after"_L1).toMap();
        const bool isAnyTombstone =
            before.contains("tombstone"_L1) || after.contains("tombstone"_L1);
        if (difference.value("kind"_L1).toString() != "key"_L1 && !isAnyTombstone) {
            console.line(place + u": "_s + fateText(difference));
            continue;
        }
        const QString comment = difference.value("comment"_L1).toString();
        const bool isOfAnotherType = !before.isEmpty() && !after.isEmpty()
                                     && before.value("type"_L1) != after.value("type"_L1);
        const auto typed = [isOfAnotherType](const QCborMap &side) {
            const QString type = side.value("type"_L1).toString(u"no type"_s);
            return sideText(side) + (isOfAnotherType ? u" (%1)"_s.arg(type) : QString());
        };
        console.line(u"%1: %2 -> %3%4"_s.arg(place, typed(before), typed(after),
                                             comment.isEmpty() ? comment : u"  # "_s + comment));
    }
    for (const QCborValue value : diff.value("text"_L1).toArray())
        showDiff(console, value.toMap().value("diff"_L1).toString());
    const QStringList conflicts = conflictTexts(diff);
    for (const QString &text : conflicts)
        console.line(u"conflict: "_s + text);
    if (differences.isEmpty() && conflicts.isEmpty())
        console.line(u"no differences"_s);
}

QString timeText(const QCborValue &milliseconds)
{
    return QDateTime::fromMSecsSinceEpoch(milliseconds.toInteger())
        .toString(u"yyyy-MM-dd hh:mm:ss"_s);
}

} // namespace coffer::cli
