// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Kind = DocumentNode::Kind;
using Style = DocumentNode::Style;

/// A text that every reader of YAML takes for this text.
static QByteArray yamlText(QByteArrayView text)
{
    const bool isAscii =
        std::all_of(text.begin(), text.end(), [](char c) { return std::uint8_t(c) < 0x80; });
    const bool isPlain = isAscii && isPlainSafe(text) && plainKindOf(text) == PlainKind::text;
    return isPlain ? text.toByteArray() : yamlQuoted(text);
}

static QByteArray yamlJson(const DocumentNode &node) // NOLINT(misc-no-recursion): bounded depth
{
    if (node.kind == Kind::string)
        return yamlQuoted(node.text);
    if (node.kind != Kind::list && node.kind != Kind::map)
        return node.text;
    QByteArray text(1, node.kind == Kind::map ? '{' : '[');
    for (const DocumentNode &child : node.children) {
        text += text.size() == 1 ? "" : ", ";
        if (node.kind == Kind::map)
            text += yamlQuoted(child.name) + ": ";
        text += yamlJson(child);
    }
    return text + (node.kind == Kind::map ? '}' : ']');
}

static QByteArray yamlValue(const Value &value)
{
    switch (value.type) {
    case Type::integer:
    case Type::floating:
    case Type::boolean: return value.text;
    case Type::list:
    case Type::json:
        if (const auto node = readJson(value.text))
            return yamlJson(*node);
        break; // Not canonical: it does not come back, and is refused.
    case Type::string:
    case Type::duration:
    case Type::size:
    case Type::enumeration: break;
    }
    return yamlText(value.text);
}

QByteArray writeYaml(const Sections &sections)
{
    QByteArray text;
    for (const Section &section : sections) {
        text += text.isEmpty() ? "" : "\n";
        writeComment(text, {}, section.comment);
        text += yamlText(section.name) + (section.keys.empty() ? ": {}\n" : ":\n");
        for (const Key &key : section.keys) {
            writeComment(text, "  ", key.comment);
            text += "  " + yamlText(key.name) + ": " + yamlValue(key.value) + '\n';
        }
    }
    return text.isEmpty() ? "{}\n" : text;
}

namespace {

class YamlSections
{
public:
    YamlSections(const QByteArray &text, const KeyIndex &like)
        : m_text(text), m_like(like), m_comments(text)
    {}

    Result<Sections> read(const DocumentNode &root) const
    {
        Sections sections;
        if (root.kind == Kind::null && root.style == Style::none)
            return sections; // Nothing, or nothing but comments.
        if (root.kind != Kind::map)
            return Error{ErrorCode::invalid, u"expected sections with keys below them"_s};
        for (const DocumentNode &child : root.children) {
            auto section = this->section(child);
            if (!section)
                return section.error();
            sections.push_back(*std::move(section));
        }
        return sections;
    }

private:
    /// What stands on lines of its own above a member, no further in than it, and behind its value.
    [[nodiscard]] QByteArray commentOf(const DocumentNode &member) const
    {
        QByteArray comment = m_comments.above(member.nameAt);
        if (member.end <= member.begin || member.style == Style::compound)
            return comment;
        if (const auto behind = m_comments.behind(member.end))
            comment += (comment.isEmpty() ? "" : "\n") + *behind;
        return comment;
    }

    [[nodiscard]] Error at(const DocumentNode &node, const QString &message) const
    {
        return atLine(lineAt(m_text, node.nameAt), message);
    }

    [[nodiscard]] Result<void> checked(const DocumentNode &node, const char *what) const
    {
        if (node.name == "<<")
            return at(node, u"merge keys (<<) are not read: write the keys out"_s);
        const auto name = checkName(node.name, what);
        return name ? Result<void>() : at(node, name.error().message);
    }

    [[nodiscard]] Result<Section> section(const DocumentNode &node) const
    {
        if (const auto name = checked(node, "section"); !name)
            return name.error();
        if (node.kind != Kind::map || !node.tag.isEmpty()) {
            return at(node,
                      u"section '%1': expected keys with values below it"_s.arg(shown(node.name)));
        }
        Section section{node.name, commentOf(node), {}};
        for (const DocumentNode &member : node.children) {
            if (const auto name = checked(member, "key"); !name)
                return name.error();
            auto value = valueOf(member, m_like.key(node.name, member.name));
            if (!value) {
                const QByteArray place = node.name + '/' + member.name;
                return at(member, value.error().in(QString::fromUtf8(place)).message);
            }
            section.keys.push_back({member.name, *std::move(value), commentOf(member)});
        }
        return section;
    }

    const QByteArray &m_text;
    const KeyIndex &m_like;
    LineComments m_comments;
};

} // namespace

Result<Sections> parseYaml(const QByteArray &text, const KeyIndex &like)
{
    const auto root = readYaml(text);
    if (!root)
        return root.error();
    return YamlSections(text, like).read(*root);
}

} // namespace coffer::config
