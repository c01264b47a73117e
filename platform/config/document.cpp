// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"

#include "config/formats_p.h"

#include <QStringDecoder>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Kind = DocumentNode::Kind;

int lineAt(QByteArrayView text, qsizetype at)
{
    const QByteArrayView before = text.first(std::clamp<qsizetype>(at, 0, text.size()));
    return 1 + int(std::count(before.begin(), before.end(), '\n'));
}

QByteArrayView withoutMark(QByteArrayView text)
{
    return text.startsWith(byteOrderMark) ? text.sliced(byteOrderMark.size()) : text;
}

Error atLine(int line, const QString &message)
{
    return {ErrorCode::invalid, u"line %1: %2"_s.arg(line).arg(message)};
}

QString shown(QByteArrayView text)
{
    constexpr qsizetype bytesMax = 80;
    const QString start = QString::fromUtf8(text.first(std::min(text.size(), bytesMax)));
    return text.size() > bytesMax ? start + u"..."_s : start;
}

QByteArray jsonQuoted(QByteArrayView text)
{
    static constexpr QByteArrayView from("\"\\\b\f\n\r\t");
    static constexpr QByteArrayView to("\"\\bfnrt");
    QByteArray quoted;
    quoted.reserve(text.size() + 2);
    quoted += '"';
    for (const char c : text) {
        const qsizetype index = c == '\0' ? -1 : from.indexOf(c);
        if (index >= 0) {
            quoted += '\\';
            quoted += to[index];
        } else if (std::uint8_t(c) < 0x20) {
            quoted += "\\u00" + QByteArray::number(int(c), 16).rightJustified(2, '0');
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

static qsizetype digitsAt(QByteArrayView text, qsizetype at)
{
    qsizetype end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9')
        ++end;
    return end - at;
}

bool isJsonNumber(QByteArrayView text)
{
    qsizetype at = text.startsWith('-') ? 1 : 0;
    const qsizetype whole = digitsAt(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0'))
        return false;
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const qsizetype fraction = digitsAt(text, at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-'))
            ++at;
        const qsizetype exponent = digitsAt(text, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == text.size();
}

LineComments::LineComments(QByteArrayView text) : m_text(text)
{
    qsizetype at = text.size() - withoutMark(text).size();
    while (at >= 0 && at <= text.size()) {
        m_starts.push_back(at);
        const qsizetype end = at < text.size() ? text.indexOf('\n', at) : -1;
        at = end < 0 ? -1 : end + 1;
    }
}

QByteArrayView LineComments::line(std::size_t index) const
{
    const qsizetype end = index + 1 < m_starts.size() ? m_starts[index + 1] - 1 : m_text.size();
    return m_text.sliced(m_starts[index], end - m_starts[index]);
}

static bool isCommentOrBlank(QByteArrayView line, qsizetype column)
{
    const QByteArrayView text = line.trimmed();
    return text.isEmpty() || (text.startsWith('#') && line.indexOf('#') <= column);
}

QByteArray LineComments::above(qsizetype nameAt) const
{
    const auto next = std::upper_bound(m_starts.begin(), m_starts.end(), nameAt);
    if (next == m_starts.begin())
        return {};
    const auto own = std::size_t(next - m_starts.begin()) - 1;
    const qsizetype column = nameAt - m_starts[own];
    if (!line(own).first(column).trimmed().isEmpty())
        return {};
    std::size_t first = own;
    while (first > 0 && isCommentOrBlank(line(first - 1), column))
        --first;
    Comments comments;
    for (std::size_t index = first; index < own; ++index) {
        const QByteArrayView text = trimmed(line(index));
        if (text.isEmpty())
            comments.addBlank();
        else
            comments.add(text);
    }
    return comments.take();
}

std::optional<QByteArray> LineComments::behind(qsizetype end) const
{
    const qsizetype found = m_text.indexOf('\n', end);
    const QByteArrayView rest = m_text.sliced(end, (found < 0 ? m_text.size() : found) - end);
    if (!rest.trimmed().startsWith('#') || rest.startsWith('#'))
        return {};
    return commentText(trimmed(rest));
}

static QByteArray joined(const DocumentNode &node) // NOLINT(misc-no-recursion): bounded depth
{
    QByteArray json;
    for (const DocumentNode &child : node.children) {
        if (!json.isEmpty())
            json += ',';
        if (node.kind == Kind::map)
            json += jsonQuoted(child.name) + ':';
        json += jsonOf(child);
    }
    return json;
}

QByteArray jsonOf(const DocumentNode &node) // NOLINT(misc-no-recursion): bounded depth
{
    switch (node.kind) {
    case Kind::null: return "null";
    case Kind::boolean:
    case Kind::number: return node.text;
    case Kind::string: return jsonQuoted(node.text);
    case Kind::list: return '[' + joined(node) + ']';
    case Kind::map: return '{' + joined(node) + '}';
    }
    return {};
}

static Result<Value> naturalValue(const DocumentNode &node)
{
    switch (node.kind) {
    case Kind::boolean: return Value::parse(Type::boolean, node.text);
    case Kind::string: return Value::parse(Type::string, node.text);
    case Kind::number: {
        const bool isWhole = !node.text.contains('.') && !node.text.toLower().contains('e');
        auto value = Value::parse(isWhole ? Type::integer : Type::floating, node.text);
        // Too large for 64 bits or a double: nothing is rounded, the text stays.
        return value ? value : Value::parse(Type::json, node.text);
    }
    case Kind::list: {
        const bool isTexts =
            std::all_of(node.children.begin(), node.children.end(),
                        [](const auto &part) { return part.kind == Kind::string; });
        return Value::parse(isTexts ? Type::list : Type::json, jsonOf(node));
    }
    case Kind::null:
    case Kind::map: break;
    }
    return Value::parse(Type::json, jsonOf(node));
}

Result<Value> valueOf(const DocumentNode &node, const Key *like)
{
    if (!node.tag.isEmpty()) {
        return Error{
            ErrorCode::invalid,
            u"the tag '%1' is not known: write the value without it"_s.arg(shown(node.tag))};
    }
    if (like == nullptr)
        return naturalValue(node);
    const Type type = like->value.type;
    const bool isCompound = node.kind == Kind::list || node.kind == Kind::map;
    if (type == Type::json || (type == Type::list && isCompound))
        return Value::parse(type, jsonOf(node));
    if (isCompound || node.kind == Kind::null) {
        return Error{ErrorCode::invalid,
                     u"%1: expected a value of type %2"_s.arg(shown(jsonOf(node)),
                                                              QString::fromLatin1(nameOf(type)))};
    }
    return Value::parse(type, node.text, like->value.choices);
}

} // namespace coffer::config
