// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"

#include "config/limits.h"

#include <toml.hpp>

#include <algorithm>
#include <map>
#include <sstream>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Kind = DocumentNode::Kind;
using Style = DocumentNode::Style;

static bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-';
}

namespace {

/// Looks at a text before toml11 does, which goes down by recursion, and copies the whole line for
/// each thing that it finds there. Up to the first fault it sees the same strings and brackets.
class TomlGuard
{
public:
    explicit TomlGuard(QByteArrayView text) : m_text(text) {}

    Result<void> run()
    {
        for (; m_at < m_text.size(); ++m_at) {
            const char c = m_text[m_at];
            const bool isLineEnd = c == '\n' || (c == '\r' && at(m_at + 1) == '\n');
            if (((std::uint8_t(c) < 0x20 && c != '\t') || c == 0x7f) && !isLineEnd)
                return here(u"a control character, which TOML does not know"_s);
            if (c == '\n')
                endLine();
            if (m_quote == 0)
                outside(c);
            else
                inside(c);
            if (m_depth + m_dots > limits::depthMax)
                return here(u"more than %1 levels"_s.arg(limits::depthMax));
        }
        endLine();
        if (m_work > workMax)
            return Error{ErrorCode::invalid,
                         u"too much on one line to be read as TOML: part it into several"_s};
        return {};
    }

private:
    static constexpr std::uint64_t workMax = 200'000'000; ///< Bytes copied, about a second.

    [[nodiscard]] Error here(const QString &why) const { return atLine(lineAt(m_text, m_at), why); }
    [[nodiscard]] char at(qsizetype index) const
    {
        return index < m_text.size() ? m_text[index] : '\0';
    }
    [[nodiscard]] bool isTripleAt(qsizetype index, char quote) const
    {
        return at(index) == quote && at(index + 1) == quote && at(index + 2) == quote;
    }

    void endLine()
    {
        m_work += m_found * std::uint64_t(m_at - m_lineAt);
        m_found = 0;
        m_lineAt = m_at;
        m_isComment = false;
    }

    void outside(char c)
    {
        if (m_isComment)
            return;
        m_found += QByteArrayView("[]{}=,.\"'\n").contains(c) ? 1 : 0;
        if (c == '"' || c == '\'') {
            m_isTriple = isTripleAt(m_at, c);
            m_quote = c;
            m_at += m_isTriple ? 2 : 0;
        } else if (c == '.') {
            ++m_dots; // Of a name with parts, or of a number: each may be a level.
        } else if (c == '[' || c == '{') {
            m_opened.push_back(1 + m_nameDots);
            m_depth += 1 + m_nameDots;
            m_nameDots = m_dots = 0;
        } else if (!isNameCharacter(c) && c != ' ' && c != '\t') {
            m_nameDots = c == '=' ? m_dots : 0;
            m_dots = 0;
            m_isComment = c == '#';
            if ((c == ']' || c == '}') && !m_opened.empty()) {
                m_depth -= m_opened.back();
                m_opened.pop_back();
            }
        }
    }

    void inside(char c)
    {
        if (c == '\\' && m_quote == '"') {
            if (at(m_at + 1) != '\n' && at(m_at + 1) != '\r')
                ++m_at;
        } else if (c == '\n' && !m_isTriple) {
            m_quote = 0; // A fault, and toml11 stops there.
        } else if (c == m_quote && (!m_isTriple || isTripleAt(m_at, c))) {
            m_at += m_isTriple ? 2 : 0;
            for (int more = 0; m_isTriple && more < 2 && at(m_at + 1) == c; ++more)
                ++m_at; // Two quotes may stand right before the end.
            m_quote = 0;
        }
    }

    QByteArrayView m_text;
    qsizetype m_at = 0;
    qsizetype m_lineAt = 0;
    char m_quote = 0; ///< Of the string that this is in; 0 outside of strings.
    bool m_isTriple = false;
    bool m_isComment = false;
    int m_dots = 0;     ///< Of the name that is being read.
    int m_nameDots = 0; ///< Of the name that the next value belongs to.
    int m_depth = 0;
    std::vector<int> m_opened; ///< How many levels each open bracket took.
    std::uint64_t m_found = 0; ///< In this line.
    std::uint64_t m_work = 0;
};

/// Thrown to stop the recursion over a tree; never leaves this file.
struct Refusal
{
    qsizetype at;
    QString message;
};

/// Makes nodes of what toml11 has read.
class TomlTree
{
public:
    using Source = toml::basic_value<toml::discard_comments, std::map, std::vector>;

    explicit TomlTree(QByteArrayView text) : m_text(text) {}

    DocumentNode node(const Source &source, int depth) // NOLINT(misc-no-recursion): bounded
    {
        DocumentNode node;
        const auto *region =
            dynamic_cast<const toml::detail::region *>(toml::detail::get_region(source));
        if (region != nullptr) {
            node.begin = region->first() - region->begin();
            node.end = std::min<qsizetype>(region->last() - region->begin(), m_text.size());
        }
        if (++m_nodes > limits::nodesMax)
            throw Refusal{node.begin, u"more than %1 values"_s.arg(limits::nodesMax)};
        if (depth > limits::depthMax)
            throw Refusal{node.begin, u"more than %1 levels"_s.arg(limits::depthMax)};
        node.nameAt = nameAt(node.begin);
        if (source.is_table())
            addMembers(node, source, depth);
        else if (source.is_array())
            addParts(node, source, depth);
        else
            setScalar(node, source);
        return node;
    }

private:
    /// Where the line begins that a value is in, without blanks.
    [[nodiscard]] qsizetype nameAt(qsizetype at) const
    {
        qsizetype begin = at > 0 ? m_text.first(at).lastIndexOf('\n') + 1 : 0;
        if (begin == 0)
            begin = m_text.size() - withoutMark(m_text).size();
        while (begin < at && (m_text[begin] == ' ' || m_text[begin] == '\t'))
            ++begin;
        return begin;
    }

    void addMembers(DocumentNode &node, const Source &source,
                    int depth) // NOLINT(misc-no-recursion)
    {
        node.kind = Kind::map;
        node.style = Style::compound;
        for (const auto &[name, value] : source.as_table()) {
            DocumentNode child = this->node(value, depth + 1);
            child.name = QByteArray::fromStdString(name);
            node.children.push_back(std::move(child));
        }
        std::stable_sort(node.children.begin(), node.children.end(),
                         [](const auto &a, const auto &b) { return a.begin < b.begin; });
        // [a.b] may stand above [a].
        if (!node.children.empty() && depth > 0 && m_text[node.begin] == '[')
            node.begin = std::min(node.begin, node.children.front().begin);
    }

    void addParts(DocumentNode &node, const Source &source, int depth) // NOLINT(misc-no-recursion)
    {
        node.kind = Kind::list;
        node.style = Style::compound;
        for (const Source &part : source.as_array())
            node.children.push_back(this->node(part, depth + 1));
    }

    void setScalar(DocumentNode &node, const Source &source) const
    {
        const QByteArrayView written = m_text.sliced(node.begin, node.end - node.begin);
        node.kind = source.is_boolean()                           ? Kind::boolean
                    : source.is_integer() || source.is_floating() ? Kind::number
                                                                  : Kind::string;
        node.style = written.startsWith('"')    ? Style::doubleQuoted
                     : written.startsWith('\'') ? Style::singleQuoted
                                                : Style::plain;
        // Numbers and dates are what is written; toml11 would round them.
        node.text = source.is_string() ? QByteArray::fromStdString(source.as_string().str)
                                       : written.toByteArray();
        if (source.is_integer() && !tomlNumber(node.text))
            throw Refusal{node.begin, u"%1: expected a number of 64 bits"_s.arg(shown(node.text))};
    }

    QByteArrayView m_text;
    std::size_t m_nodes = 0;
};

} // namespace

std::optional<QByteArray> tomlNumber(const QByteArray &text)
{
    QByteArray plain = QByteArray(text).replace("_", "");
    if (plain.startsWith('+'))
        plain.remove(0, 1);
    if (plain.endsWith("inf") || plain.endsWith("nan"))
        return {};
    const char kind = plain.startsWith('0') && plain.size() > 2 ? plain[1] : '\0';
    const int base = kind == 'x' ? 16 : (kind == 'o' ? 8 : (kind == 'b' ? 2 : 10));
    const bool isWhole = base != 10 || std::none_of(plain.begin(), plain.end(), [](char c) {
                             return c == '.' || c == 'e' || c == 'E';
                         });
    if (!isWhole)
        return plain;
    bool isNumber = false;
    const qint64 number = plain.sliced(base == 10 ? 0 : 2).toLongLong(&isNumber, base);
    if (!isNumber)
        return {};
    return base == 10 ? plain : QByteArray::number(number);
}

Result<DocumentNode> readToml(const QByteArray &text)
{
    if (std::size_t(text.size()) > limits::tomlBytesMax)
        return Error{ErrorCode::invalid, u"more than %1 bytes: too large to be read as TOML"_s.arg(
                                             limits::tomlBytesMax)};
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    if (const auto checked = TomlGuard(withoutMark(text)).run(); !checked)
        return checked.error();
    if (withoutMark(text).trimmed().isEmpty()) { // toml11 wants something.
        DocumentNode root;
        root.kind = Kind::map;
        root.style = Style::compound;
        return root;
    }
    try {
        std::istringstream stream(text.toStdString());
        const auto source = toml::parse<toml::discard_comments, std::map, std::vector>(stream);
        return TomlTree(text).node(source, 0);
    } catch (const Refusal &refusal) {
        return atLine(lineAt(text, refusal.at), refusal.message);
    } catch (const toml::exception &fault) {
        // Its first line has the reason; what follows is a picture for terminals.
        QString why = QString::fromUtf8(fault.what()).section(u'\n', 0, 0);
        why.remove(u"[error] "_s).remove(u"toml::"_s);
        return atLine(int(fault.location().line()), u"no TOML: %1"_s.arg(why.trimmed()));
    } catch (const std::exception &fault) {
        return Error{ErrorCode::invalid, u"no TOML: %1"_s.arg(QString::fromUtf8(fault.what()))};
    }
}

} // namespace coffer::config
