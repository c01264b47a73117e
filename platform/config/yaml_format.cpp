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

/// Finds the comments that yaml-cpp passes over.
class YamlComments
{
public:
    explicit YamlComments(QByteArrayView text) : m_text(text)
    {
        qsizetype at = text.size() - withoutMark(text).size();
        while (at >= 0 && at <= text.size()) {
            m_starts.push_back(at);
            const qsizetype end = at < text.size() ? text.indexOf('\n', at) : -1;
            at = end < 0 ? -1 : end + 1;
        }
    }

    /// What stands on lines of its own above a member, no further in than it, and behind its value.
    [[nodiscard]] QByteArray of(const DocumentNode &member) const
    {
        QByteArray comment = above(member.nameAt);
        if (member.end <= member.begin || member.style == Style::compound)
            return comment;
        const qsizetype found = m_text.indexOf('\n', member.end);
        const qsizetype end = found < 0 ? m_text.size() : found;
        const QByteArrayView behind = m_text.sliced(member.end, end - member.end);
        if (behind.trimmed().startsWith('#') && !behind.startsWith('#'))
            comment += (comment.isEmpty() ? "" : "\n") + commentText(trimmed(behind));
        return comment;
    }

private:
    [[nodiscard]] QByteArrayView line(std::size_t index) const
    {
        const qsizetype end = index + 1 < m_starts.size() ? m_starts[index + 1] - 1 : m_text.size();
        return m_text.sliced(m_starts[index], end - m_starts[index]);
    }

    [[nodiscard]] QByteArray above(qsizetype nameAt) const
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

    static bool isCommentOrBlank(QByteArrayView line, qsizetype column)
    {
        const QByteArrayView text = line.trimmed();
        return text.isEmpty() || (text.startsWith('#') && line.indexOf('#') <= column);
    }

    QByteArrayView m_text;
    std::vector<qsizetype> m_starts;
};

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
        Section section{node.name, m_comments.of(node), {}};
        for (const DocumentNode &member : node.children) {
            if (const auto name = checked(member, "key"); !name)
                return name.error();
            auto value = valueOf(member, m_like.key(node.name, member.name));
            if (!value) {
                const QByteArray place = node.name + '/' + member.name;
                return at(member, value.error().in(QString::fromUtf8(place)).message);
            }
            section.keys.push_back({member.name, *std::move(value), m_comments.of(member)});
        }
        return section;
    }

    const QByteArray &m_text;
    const KeyIndex &m_like;
    YamlComments m_comments;
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
