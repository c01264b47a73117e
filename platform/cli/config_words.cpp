// SPDX-License-Identifier: Apache-2.0
#include "cli/config_words.h"

#include "config/name.h"

#include <QDateTime>
#include <QRandomGenerator>

using namespace Qt::StringLiterals;

namespace coffer::cli {

Result<ConfigTarget> configTarget(const std::string &text)
{
    const QString whole = QString::fromStdString(text);
    const qsizetype at = whole.indexOf(u'@');
    ConfigTarget target{at < 0 ? whole : whole.first(at), at < 0 ? u"_all"_s : whole.mid(at + 1)};
    if (Result<void> checked = config::checkName(target.service.toUtf8(), "service"); !checked)
        return checked.error();
    if (at >= 0) {
        if (Result<void> checked = config::checkName(target.scope.toUtf8(), "IDC"); !checked)
            return checked.error();
    }
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

Task<rpc::Outcome> askSafely(Console &console, QString method, QCborMap params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::safe;
    const rpc::Outcome outcome = co_await console.client().call(method, params, options);
    co_return outcome;
}

static QString sideText(const QCborValue &side)
{
    const QCborMap map = side.toMap();
    if (map.contains("value"_L1))
        return map.value("value"_L1).toString();
    return map.isEmpty() ? u"(nothing)"_s : u"(changed)"_s;
}

int failConfig(Console &console, const rpc::Failure &failure)
{
    const int code = console.fail(failure);
    if (console.isJson())
        return code;
    for (const QCborValue value : failure.details.value("faults"_L1).toArray()) {
        const QCborMap fault = value.toMap();
        const QString idc = fault.value("idc"_L1).toString();
        console.aside(u"  %1%2: %3"_s.arg(fault.value("place"_L1).toString(),
                                          idc.isEmpty() ? idc : u" in "_s + idc,
                                          fault.value("message"_L1).toString()));
    }
    for (const QCborValue value : failure.details.value("conflicts"_L1).toArray()) {
        const QCborMap conflict = value.toMap();
        console.aside(u"  %1: it was %2, you want %3, others made it %4"_s.arg(
            conflict.value("place"_L1).toString(), sideText(conflict.value("base"_L1)),
            sideText(conflict.value("yours"_L1)), sideText(conflict.value("theirs"_L1))));
    }
    return code;
}

void showDiff(Console &console, const QString &diff)
{
    if (!diff.isEmpty())
        console.raw(diff.toUtf8());
}

void showDifferences(Console &console, const QCborMap &diff)
{
    const QCborArray differences = diff.value("differences"_L1).toArray();
    for (const QCborValue value : differences) {
        const QCborMap difference = value.toMap();
        const QString place = difference.value("place"_L1).toString();
        if (difference.value("kind"_L1).toString() != "key"_L1) {
            console.line(place + u": changed"_s);
            continue;
        }
        const QString comment = difference.value("comment"_L1).toString();
        console.line(u"%1: %2 -> %3%4"_s.arg(place, sideText(difference.value("before"_L1)),
                                             sideText(difference.value("after"_L1)),
                                             comment.isEmpty() ? comment : u"  # "_s + comment));
    }
    for (const QCborValue value : diff.value("text"_L1).toArray())
        showDiff(console, value.toMap().value("diff"_L1).toString());
    if (differences.isEmpty())
        console.line(u"no differences"_s);
}

QString timeText(const QCborValue &milliseconds)
{
    return QDateTime::fromMSecsSinceEpoch(milliseconds.toInteger())
        .toString(u"yyyy-MM-dd hh:mm:ss"_s);
}

} // namespace coffer::cli
