// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"

#include <QList>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Kind = DocumentNode::Kind;

QByteArray tomlQuoted(QByteArrayView text)
{
    static constexpr QByteArrayView from("\"\\\b\f\n\r\t");
    static constexpr QByteArrayView to("\"\\bfnrt");
    QByteArray quoted = "\"";
    for (const char32_t c : QString::fromUtf8(text).toUcs4()) {
        const qsizetype index = c != 0 && c < 0x80 ? from.indexOf(char(c)) : -1;
        if (index >= 0) {
            quoted += '\\';
            quoted += to[index];
        } else if (isPrintable(c)) {
            quoted += QString::fromUcs4(&c, 1).toUtf8();
        } else {
            const int digits = c <= 0xffff ? 4 : 8;
            quoted += c <= 0xffff ? "\\u" : "\\U";
            quoted += QByteArray::number(c, 16).rightJustified(digits, '0');
        }
    }
    return quoted + '"';
}

static QByteArray tomlName(QByteArrayView name)
{
    const bool isBare = !name.isEmpty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || c == '_' || c == '-';
    });
    return isBare ? name.toByteArray() : tomlQuoted(name);
}

static QByteArray tomlJson(const DocumentNode &node) // NOLINT(misc-no-recursion): bounded depth
{
    if (node.kind == Kind::string)
        return tomlQuoted(node.text);
    if (node.kind != Kind::list && node.kind != Kind::map)
        return node.text;
    QByteArray text;
    for (const DocumentNode &child : node.children) {
        text += text.isEmpty() ? "" : ", ";
        text += node.kind == Kind::map ? tomlName(child.name) + " = " : QByteArray();
        text += tomlJson(child);
    }
    if (node.kind == Kind::list)
        return '[' + text + ']';
    return text.isEmpty() ? "{}" : "{ " + text + " }";
}

/// In one line if that is short, else a part a line.
static QByteArray tomlList(const Value &value)
{
    constexpr qsizetype lineBytesMax = 80;
    QByteArrayList parts;
    qsizetype bytes = 0;
    for (const QByteArray &part : value.parts()) {
        parts << tomlQuoted(part);
        bytes += parts.back().size() + 2;
    }
    return bytes <= lineBytesMax ? '[' + parts.join(", ") + ']'
                                 : "[\n  " + parts.join(",\n  ") + ",\n]";
}

static QByteArray tomlValue(const Value &value)
{
    switch (value.type) {
    case Type::integer:
    case Type::floating:
    case Type::boolean: return value.text;
    case Type::list: return tomlList(value);
    case Type::json:
        if (const auto node = readJson(value.text))
            return tomlJson(*node);
        break; // Not canonical: it does not come back, and is refused.
    case Type::string:
    case Type::duration:
    case Type::size:
    case Type::enumeration: break;
    }
    return tomlQuoted(value.text);
}

static std::optional<QString> faultOf(const DocumentNode &node) // NOLINT(misc-no-recursion)
{
    if (node.kind == Kind::null)
        return u"toml cannot hold null"_s;
    if (node.kind == Kind::number) {
        bool isHeld = true;
        if (node.text.contains('.') || node.text.toLower().contains('e'))
            node.text.toDouble(&isHeld);
        else
            node.text.toLongLong(&isHeld);
        if (!isHeld)
            return u"toml cannot hold the number %1: it has more than 64 bits"_s.arg(
                shown(node.text));
    }
    for (const DocumentNode &child : node.children) {
        if (auto fault = faultOf(child))
            return fault;
    }
    return {};
}

std::optional<QString> tomlFault(const Section & /*section*/, const Key &key)
{
    if (key.value.type != Type::json)
        return {};
    const auto node = readJson(key.value.text);
    return node ? faultOf(*node) : std::nullopt;
}

QByteArray writeToml(const Sections &sections)
{
    QByteArray text;
    for (const Section &section : sections) {
        text += text.isEmpty() ? "" : "\n";
        writeComment(text, {}, section.comment);
        text += '[' + tomlName(section.name) + "]\n";
        for (const Key &key : section.keys) {
            writeComment(text, {}, key.comment);
            text += tomlName(key.name) + " = " + tomlValue(key.value) + '\n';
        }
    }
    return text;
}

namespace {

/// Numbers as JSON writes them; what is none to it is refused.
std::optional<QString> normalize(DocumentNode &node) // NOLINT(misc-no-recursion): bounded depth
{
    if (node.kind == Kind::number && !isJsonNumber(node.text)) {
        const auto number = tomlNumber(node.text);
        if (!number)
            return u"%1: expected a finite number"_s.arg(shown(node.text));
        node.text = *number;
    }
    for (DocumentNode &child : node.children) {
        if (auto fault = normalize(child))
            return fault;
    }
    return {};
}

class TomlSections
{
public:
    TomlSections(const QByteArray &text, const KeyIndex &like)
        : m_text(text), m_like(like), m_comments(text)
    {}

    Result<Sections> read(DocumentNode root) const
    {
        Sections sections;
        for (DocumentNode &child : root.children) {
            if (child.kind != Kind::map) {
                return at(child, u"'%1': expected a [section] with keys below it"_s.arg(
                                     shown(child.name)));
            }
            if (const auto name = checkName(child.name, "section"); !name)
                return at(child, name.error().message);
            Section section{child.name, headerComment(child), {}};
            for (DocumentNode &member : child.children) {
                auto key = this->key(section, member);
                if (!key)
                    return at(member, key.error().message);
                section.keys.push_back(*std::move(key));
            }
            sections.push_back(std::move(section));
        }
        return sections;
    }

private:
    [[nodiscard]] Error at(const DocumentNode &node, const QString &message) const
    {
        return atLine(lineAt(m_text, node.begin), message);
    }

    [[nodiscard]] Result<Key> key(const Section &section, DocumentNode &member) const
    {
        if (const auto name = checkName(member.name, "key"); !name)
            return name.error();
        const QString place = QString::fromUtf8(section.name + '/' + member.name);
        if (const auto fault = normalize(member))
            return Error{ErrorCode::invalid, *fault}.in(place);
        auto value = valueOf(member, m_like.key(section.name, member.name));
        if (!value)
            return value.error().in(place);
        return Key{member.name, *std::move(value), commentOf(member)};
    }

    [[nodiscard]] QByteArray commentOf(const DocumentNode &node) const
    {
        QByteArray comment = m_comments.above(node.nameAt);
        if (const auto behind = m_comments.behind(node.end))
            comment += (comment.isEmpty() ? "" : "\n") + *behind;
        return comment;
    }

    /// Of [section] itself, not of [section.key] or section.key = value.
    [[nodiscard]] QByteArray headerComment(const DocumentNode &node) const
    {
        const QByteArray written = m_text.sliced(node.nameAt, node.end - node.nameAt).trimmed();
        if (!written.startsWith('[') || !written.endsWith(']'))
            return {};
        QByteArray name = written.sliced(1, written.size() - 2).trimmed();
        if (name.startsWith('"') || name.startsWith('\''))
            name = name.sliced(1, name.size() - 2);
        return name == node.name ? commentOf(node) : QByteArray();
    }

    const QByteArray &m_text;
    const KeyIndex &m_like;
    LineComments m_comments;
};

} // namespace

Result<Sections> parseToml(const QByteArray &text, const KeyIndex &like)
{
    auto root = readToml(text);
    if (!root)
        return root.error();
    return TomlSections(text, like).read(*std::move(root));
}

} // namespace coffer::config
