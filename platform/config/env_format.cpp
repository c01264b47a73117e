// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"
#include "config/render.h"

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Style = EnvEntry::Style;

static bool isLower(char c) { return c >= 'a' && c <= 'z'; }
static bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// The name of the variable; the first '_' parts section and key.
static QByteArray variableOf(const Section &section, const Key &key)
{
    return (section.name + '_' + key.name).toUpper();
}

std::optional<QString> envFault(const Section &section, const Key &key)
{
    const bool isSectionGood = isLower(section.name.isEmpty() ? '\0' : section.name.front())
                               && std::all_of(section.name.begin(), section.name.end(),
                                              [](char c) { return isLower(c) || isDigit(c); });
    if (!isSectionGood) {
        return u"env cannot hold keys of section '%1': expected a-z and 0-9, beginning with a "
               "letter (the first _ of a variable parts section and key)"_s.arg(
                   shown(section.name));
    }
    if (!std::all_of(key.name.begin(), key.name.end(),
                     [](char c) { return isLower(c) || isDigit(c) || c == '_'; }))
        return u"env cannot hold this name: expected a-z, 0-9 and _"_s;
    if (key.value.text.contains('\0'))
        return u"env cannot hold a value with a zero byte"_s;
    return {};
}

QByteArray envQuoted(QByteArrayView value)
{
    QByteArray quoted = "\"";
    for (const char c : value) {
        if (QByteArrayView("\\\"$`").contains(c))
            quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

bool isEnvPlain(QByteArrayView value)
{
    return std::all_of(value.begin(), value.end(), [](char c) {
        return isLower(c) || isDigit(c) || (c >= 'A' && c <= 'Z')
               || QByteArrayView("_./:@%+,=-").contains(c);
    });
}

QByteArray writeEnv(const Sections &sections)
{
    QByteArray text;
    for (const Section &section : sections) {
        text += text.isEmpty() ? "" : "\n";
        writeComment(text, {}, section.comment);
        text += section.comment.isEmpty() ? "" : "\n";
        for (const Key &key : section.keys) {
            writeComment(text, {}, key.comment);
            text += variableOf(section, key) + '=' + envQuoted(key.value.text) + '\n';
        }
    }
    return text;
}

namespace {

class EnvScanner
{
public:
    explicit EnvScanner(QByteArrayView text) : m_text(text) {}

    Result<std::vector<EnvEntry>> run()
    {
        m_at = m_text.size() - withoutMark(m_text).size();
        while (m_at < m_text.size()) {
            skipBlanks();
            if (isLineEnd()) {
                m_comments.addBlank();
            } else if (m_text[m_at] == '#') {
                m_comments.add(trimmed(m_text.sliced(m_at, lineEnd() - m_at)));
            } else if (const auto taken = variable(); !taken) {
                return taken.error();
            }
            m_at = lineEnd() + 1;
        }
        return std::move(m_entries);
    }

private:
    [[nodiscard]] Error here(const QString &message) const
    {
        return atLine(lineAt(m_text, m_at), message);
    }
    [[nodiscard]] qsizetype lineEnd() const
    {
        const qsizetype end = m_at < m_text.size() ? m_text.indexOf('\n', m_at) : -1;
        return end < 0 ? m_text.size() : end;
    }
    [[nodiscard]] bool isLineEnd() const
    {
        return m_at >= m_text.size() || m_text[m_at] == '\n'
               || m_text.sliced(m_at, lineEnd() - m_at) == QByteArrayView("\r");
    }
    void skipBlanks()
    {
        while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\t'))
            ++m_at;
    }
    [[nodiscard]] bool isNameCharacter() const
    {
        const char c = m_at < m_text.size() ? m_text[m_at] : '\0';
        return isLower(c) || isDigit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '.'
               || c == '-';
    }
    QByteArrayView word()
    {
        const qsizetype begin = m_at;
        while (isNameCharacter())
            ++m_at;
        return m_text.sliced(begin, m_at - begin);
    }

    Result<void> variable()
    {
        EnvEntry entry;
        entry.line = lineOf();
        QByteArrayView name = word();
        skipBlanks();
        if (name == QByteArrayView("export") && isNameCharacter()) {
            name = word();
            skipBlanks();
        }
        if (name.isEmpty() || m_at >= m_text.size() || m_text[m_at] != '=')
            return here(u"expected NAME=value"_s);
        const qsizetype behind = ++m_at;
        skipBlanks();
        entry.name = name.toByteArray();
        entry.comment = m_comments.takeAttached();
        entry.headComment = m_comments.take();
        entry.begin = m_at;
        const char first = m_at < m_text.size() ? m_text[m_at] : '\n';
        if (first == '"' || first == '\'') {
            if (const auto taken = quoted(entry, first); !taken)
                return taken.error();
        } else {
            plain(entry);
            if (entry.value.isEmpty()) // Not next to a comment.
                entry.begin = entry.end = behind;
        }
        m_entries.push_back(std::move(entry));
        return {};
    }

    /// Counts lines on, rather than from the beginning each time.
    int lineOf()
    {
        m_line += int(std::count(m_text.begin() + m_counted, m_text.begin() + m_at, '\n'));
        m_counted = m_at;
        return m_line;
    }

    Result<void> quoted(EnvEntry &entry, char quote)
    {
        entry.style = quote == '"' ? Style::doubleQuoted : Style::singleQuoted;
        bool isExpanded = false;
        for (++m_at; m_at < m_text.size() && m_text[m_at] != quote; ++m_at) {
            const char c = m_text[m_at];
            const char next = m_at + 1 < m_text.size() ? m_text[m_at + 1] : '\0';
            if (quote == '"' && c == '\\' && next != '\0'
                && QByteArrayView("\\\"$`\n").contains(next)) {
                ++m_at;
                if (next != '\n') // A line that goes on.
                    entry.value += next;
                continue;
            }
            isExpanded = isExpanded || (quote == '"' && (c == '$' || c == '`'));
            entry.value += c;
        }
        if (m_at >= m_text.size())
            return atLine(entry.line, u"the quote of '%1' has no end"_s.arg(shown(entry.name)));
        ++m_at;
        entry.end = m_at;
        const qsizetype behind = m_at;
        skipBlanks();
        const bool isComment = m_at > behind && m_at < m_text.size() && m_text[m_at] == '#';
        if (isComment)
            addTrailing(entry, m_text.sliced(m_at, lineEnd() - m_at));
        else if (!isLineEnd())
            entry.end = m_at + trimmed(m_text.sliced(m_at, lineEnd() - m_at)).size();
        if (isExpanded || (!isComment && !isLineEnd())) {
            entry.style = Style::mixed;
            entry.value = m_text.sliced(entry.begin, entry.end - entry.begin).toByteArray();
        }
        return {};
    }

    void plain(EnvEntry &entry)
    {
        const QByteArrayView line = m_text.sliced(m_at, lineEnd() - m_at);
        qsizetype cut = 0;
        while (
            cut < line.size()
            && !(line[cut] == '#' && (cut == 0 || line[cut - 1] == ' ' || line[cut - 1] == '\t')))
            ++cut;
        if (cut < line.size())
            addTrailing(entry, line.sliced(cut));
        QByteArrayView value = line.first(cut);
        while (!value.isEmpty() && QByteArrayView(" \t\r").contains(value.back()))
            value.chop(1);
        entry.value = value.toByteArray();
        entry.end = entry.begin + value.size();
        const bool isMixed = std::any_of(value.begin(), value.end(), [](char c) {
            return QByteArrayView("\\\"'$`;&|<>()").contains(c);
        });
        entry.style = isMixed ? Style::mixed : Style::plain;
    }

    static void addTrailing(EnvEntry &entry, QByteArrayView comment)
    {
        entry.comment += (entry.comment.isEmpty() ? "" : "\n") + commentText(trimmed(comment));
    }

    QByteArrayView m_text;
    qsizetype m_at = 0;
    qsizetype m_counted = 0;
    int m_line = 1;
    Comments m_comments;
    std::vector<EnvEntry> m_entries;
};

/// Puts variables into sections.
class EnvSections
{
public:
    explicit EnvSections(const KeyIndex &like) : m_like(like) {}

    Result<void> add(EnvEntry entry)
    {
        const qsizetype cut = entry.name.indexOf('_');
        const QByteArray sectionName = entry.name.first(std::max<qsizetype>(cut, 0)).toLower();
        Key key;
        key.name = entry.name.sliced(cut + 1).toLower();
        const Section named{sectionName, {}, {}};
        if (entry.style == Style::mixed) {
            return Error{ErrorCode::invalid,
                         u"sh would put this value together: write it in single quotes"_s};
        }
        if (!isName(key.name) || envFault(named, key) || variableOf(named, key) != entry.name) {
            return Error{ErrorCode::invalid,
                         u"expected SECTION_KEY of A-Z, 0-9 and _: a section without _ that begins "
                         "with a letter, and a key"_s};
        }
        auto value = valueOfText(entry.value, m_like.key(sectionName, key.name));
        if (!value)
            return value.error().in(QString::fromUtf8(sectionName + '/' + key.name));
        key.value = *std::move(value);
        key.comment = entry.comment;
        return m_sections.add(sectionName, std::move(key), entry.headComment);
    }

    [[nodiscard]] Sections take() { return m_sections.take(); }

private:
    const KeyIndex &m_like;
    FlatSections m_sections;
};

} // namespace

Result<std::vector<EnvEntry>> scanEnv(const QByteArray &text)
{
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    if (const qsizetype zero = text.indexOf('\0'); zero >= 0)
        return atLine(lineAt(text, zero), u"a zero byte"_s);
    return EnvScanner(text).run();
}

Result<Sections> parseEnv(const QByteArray &text, const KeyIndex &like)
{
    auto entries = scanEnv(text);
    if (!entries)
        return entries.error();
    EnvSections sections(like);
    for (EnvEntry &entry : *entries) {
        const int line = entry.line;
        const QString name = shown(entry.name);
        if (const auto added = sections.add(std::move(entry)); !added)
            return atLine(line, added.error().in(u"'%1'"_s.arg(name)).message);
    }
    return sections.take();
}

static bool isVariableName(const QByteArray &name)
{
    const auto isLetter = [](char c) { return isLower(c) || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.isEmpty() && isLetter(name.front())
           && std::all_of(name.begin(), name.end(),
                          [&isLetter](char c) { return isLetter(c) || isDigit(c); });
}

Result<std::vector<Variable>> parseVariables(const QByteArray &text)
{
    if (std::size_t(text.size()) > limits::fileBytesMax)
        return Error{ErrorCode::invalid, u"more than %1 bytes"_s.arg(limits::fileBytesMax)};
    auto entries = scanEnv(text);
    if (!entries)
        return entries.error();
    std::vector<Variable> variables;
    std::set<QByteArray> names;
    for (EnvEntry &entry : *entries) {
        const QString name = shown(entry.name);
        if (entry.style == Style::mixed) {
            return atLine(entry.line, u"'%1': sh would put this value together: write it in single "
                                      "quotes"_s.arg(name));
        }
        if (!isVariableName(entry.name)) {
            return atLine(entry.line, u"'%1': expected a name of letters, digits and _, that does "
                                      "not begin with a digit"_s.arg(name));
        }
        if (!names.insert(entry.name).second)
            return atLine(entry.line, u"'%1' is there twice"_s.arg(name));
        if (names.size() > limits::keysMax)
            return atLine(entry.line, u"more than %1 variables"_s.arg(limits::keysMax));
        variables.push_back({std::move(entry.name), std::move(entry.value)});
    }
    return variables;
}

} // namespace coffer::config
