// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"

#include <QList>
#include <QRegularExpression>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

static bool isOneOf(QByteArrayView text, std::initializer_list<QByteArrayView> words)
{
    return std::find(words.begin(), words.end(), text) != words.end();
}

/// A word as YAML knows it: "true", "True" and "TRUE", but not "tRue".
static bool isWordOf(QByteArrayView text, std::initializer_list<QByteArrayView> words)
{
    if (text.isEmpty() || text.size() > 5)
        return false;
    const QByteArray lower = text.toByteArray().toLower();
    const QByteArray capital = lower.first(1).toUpper() + lower.sliced(1);
    return isOneOf(lower, words) && (text == lower || text == lower.toUpper() || text == capital);
}

static PlainKind numberKindOf(QByteArrayView text)
{
    // Numbers and dates of YAML 1.1 and 1.2, and what is near enough to be taken for one.
    static const QRegularExpression others(
        uR"(^[-+]?(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|\.inf|\.Inf|\.INF)"
        uR"(|(\.[0-9]|[0-9])[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9_]+)?)"
        uR"(|[0-9][0-9_]*(:[0-9]{1,2})+(\.[0-9_]*)?)$)"
        uR"(|^\.(nan|NaN|NAN)$|^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$)"_s);
    constexpr qsizetype matchedBytesMax = 256;
    if (isJsonNumber(text))
        return PlainKind::number;
    const bool isNumberLike =
        text.size() > matchedBytesMax
            ? std::all_of(text.begin(), text.end(),
                          [](char c) { return QByteArrayView("0123456789_.:+-").contains(c); })
            : others.match(QString::fromUtf8(text)).hasMatch();
    return isNumberLike ? PlainKind::otherNumber : PlainKind::text;
}

PlainKind plainKindOf(QByteArrayView text)
{
    if (text.isEmpty() || text == "~" || isWordOf(text, {"null"}))
        return PlainKind::null;
    if (isWordOf(text, {"true", "false"}))
        return PlainKind::boolean;
    if (isWordOf(text, {"yes", "no", "on", "off", "y", "n"}))
        return PlainKind::otherBoolean;
    if (isOneOf(text, {"=", "<<"})) // Types of YAML 1.1.
        return PlainKind::otherNumber;
    const char first = text.front();
    const bool canBeNumber =
        (first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.';
    return canBeNumber ? numberKindOf(text) : PlainKind::text;
}

bool isPrintable(char32_t c)
{
    return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c != 0x2028 && c != 0x2029
           && c != 0xfeff && !QChar::isNonCharacter(c);
}

bool isPlainSafe(QByteArrayView text)
{
    if (text.isEmpty() || text.front() == ' ' || text.back() == ' ' || text.startsWith("..."))
        return false;
    if (QByteArrayView("-?:,[]{}#&*!|>'\"%@`").contains(text.front())
        && !(text.front() == '-' && plainKindOf(text) == PlainKind::number))
        return false;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const char next = at + 1 < text.size() ? text[at + 1] : ' ';
        if (QByteArrayView(",[]{}").contains(c) || (c == ':' && next == ' ')
            || (c == ' ' && next == '#'))
            return false;
    }
    const QList<uint> characters = QString::fromUtf8(text).toUcs4();
    return std::all_of(characters.begin(), characters.end(), isPrintable);
}

static QByteArray yamlEscaped(char32_t c)
{
    const int digits = c <= 0xff ? 2 : (c <= 0xffff ? 4 : 8);
    const char *kind = c <= 0xff ? "\\x" : (c <= 0xffff ? "\\u" : "\\U");
    return kind + QByteArray::number(c, 16).rightJustified(digits, '0');
}

QByteArray yamlQuoted(QByteArrayView text)
{
    static constexpr QByteArrayView from("\"\\\n\r\t");
    static constexpr QByteArrayView to("\"\\nrt");
    QByteArray quoted = "\"";
    for (const char32_t c : QString::fromUtf8(text).toUcs4()) {
        const qsizetype index = c != 0 && c < 0x80 ? from.indexOf(char(c)) : -1;
        if (index >= 0) {
            quoted += '\\';
            quoted += to[index];
        } else if (c >= 0x20 && c < 0x7f) {
            quoted += char(c);
        } else {
            quoted += isPrintable(c) ? QString::fromUcs4(&c, 1).toUtf8() : yamlEscaped(c);
        }
    }
    return quoted + '"';
}

} // namespace coffer::config
