// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Style = IniEntry::Style;

static bool isMark(char c) { return c == ';' || c == '#'; }
static bool isBlank(char c) { return c == ' ' || c == '\t'; }

/// Where some readers see a comment begin: a mark that is the first character or behind a blank.
static qsizetype markAt(QByteArrayView text)
{
    for (qsizetype at = 0; at < text.size(); ++at) {
        if (isMark(text[at]) && (at == 0 || isBlank(text[at - 1])))
            return at;
    }
    return -1;
}

std::optional<QString> iniValueFault(QByteArrayView value)
{
    if (value.contains('\n') || value.contains('\r'))
        return u"ini cannot hold a value of several lines"_s;
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return (std::uint8_t(c) < 0x20 && c != '\t') || c == 0x7f; }))
        return u"ini cannot hold a value with a control character"_s;
    if (trimmed(value).size() != value.size())
        return u"ini cannot hold a value that begins or ends with white space"_s;
    if (value.startsWith('"') || value.startsWith('\''))
        return u"ini cannot hold a value that begins with a quote: some readers take it away"_s;
    if (markAt(value) >= 0) {
        return u"ini cannot hold a value with ; or # first or behind a blank: some readers take "
               "that for a comment"_s;
    }
    if (value.endsWith('\\')) {
        return u"ini cannot hold a value that ends with \\: some readers add the next line to "
               "it"_s;
    }
    return {};
}

std::optional<QString> iniFault(const Section & /*section*/, const Key &key)
{
    return iniValueFault(key.value.text);
}

std::optional<QString> iniFault(const Section &section)
{
    if (section.name.compare("default", Qt::CaseInsensitive) == 0) {
        return u"ini cannot hold this section: some readers add the keys of [DEFAULT] to all "
               "others"_s;
    }
    std::map<QByteArray, QByteArray> names;
    for (const Key &key : section.keys) {
        const auto [other, isNew] = names.emplace(key.name.toLower(), key.name);
        if (!isNew && other->second != key.name) {
            return u"ini cannot hold both '%1' and '%2': some readers do not tell cases apart"_s
                .arg(QString::fromUtf8(other->second), QString::fromUtf8(key.name));
        }
    }
    return {};
}

QByteArray writeIni(const Sections &sections)
{
    QByteArray text;
    for (const Section &section : sections) {
        text += text.isEmpty() ? "" : "\n";
        writeComment(text, {}, section.comment);
        text += '[' + section.name + "]\n";
        for (const Key &key : section.keys) {
            writeComment(text, {}, key.comment);
            text += key.name + (key.value.text.isEmpty() ? " =" : " = ") + key.value.text + '\n';
        }
    }
    return text;
}

namespace {

class IniScanner
{
public:
    explicit IniScanner(QByteArrayView text) : m_text(text) {}

    Result<std::vector<IniEntry>> run()
    {
        qsizetype at = m_text.size() - withoutMark(m_text).size();
        while (at < m_text.size()) {
            const qsizetype found = m_text.indexOf('\n', at);
            const qsizetype end = found < 0 ? m_text.size() : found;
            ++m_line;
            if (const auto taken = take(m_text.sliced(at, end - at)); !taken)
                return taken.error();
            at = end + 1;
        }
        return std::move(m_entries);
    }

private:
    [[nodiscard]] qsizetype offset(QByteArrayView part) const
    {
        return part.data() - m_text.data();
    }

    Result<void> take(QByteArrayView line)
    {
        const QByteArrayView text = trimmed(line);
        const bool goesOn = !m_entries.empty() && isKey(m_entries.back())
                            && (m_goesOn || offset(text) - offset(line) > m_indent);
        if (text.isEmpty()) {
            m_comments.addBlank();
            m_goesOn = false;
        } else if (isMark(text.front())) {
            m_comments.add(text);
        } else if (goesOn) {
            goOn(text);
        } else if (text.startsWith('[')) {
            return section(text);
        } else {
            m_indent = offset(text) - offset(line);
            return key(line, text);
        }
        return {};
    }

    static bool isKey(const IniEntry &entry) { return entry.style != Style::section; }

    /// A line that is further in than its key, or behind a line that ends with a backslash.
    void goOn(QByteArrayView text)
    {
        IniEntry &entry = m_entries.back();
        entry.style = Style::continued;
        entry.value += '\n' + text.toByteArray();
        entry.end = offset(text) + text.size();
        m_goesOn = text.endsWith('\\');
    }

    Result<void> section(QByteArrayView text)
    {
        const qsizetype close = text.indexOf(']');
        const QByteArrayView behind = close < 0 ? text : trimmed(text.sliced(close + 1));
        if (close < 0 || (!behind.isEmpty() && !isMark(behind.front())))
            return atLine(m_line, u"'%1': expected [section]"_s.arg(shown(text)));
        m_entries.push_back({.style = Style::section,
                             .name = text.sliced(1, close - 1).toByteArray(),
                             .comment = m_comments.take(),
                             .line = m_line});
        return {};
    }

    Result<void> key(QByteArrayView line, QByteArrayView text)
    {
        IniEntry entry;
        entry.line = m_line;
        const auto cut =
            std::find_if(text.begin(), text.end(), [](char c) { return c == '=' || c == ':'; });
        const QByteArrayView name = trimmed(text.first(cut - text.begin()));
        if (name.isEmpty())
            return atLine(m_line, u"'%1': expected key = value"_s.arg(shown(text)));
        entry.name = name.toByteArray();
        entry.comment = m_comments.take();
        if (cut == text.end()) {
            entry.style = Style::bare;
            entry.begin = entry.end = offset(text) + text.size();
        } else {
            const qsizetype behind = offset(text) + (cut - text.begin()) + 1;
            value(entry, m_text.sliced(behind, offset(line) + line.size() - behind));
        }
        m_goesOn = entry.style != Style::bare && text.endsWith('\\');
        if (m_goesOn)
            entry.style = Style::continued;
        m_entries.push_back(std::move(entry));
        return {};
    }

    /// \a rest is what stands behind the separator.
    void value(IniEntry &entry, QByteArrayView rest) const
    {
        QByteArrayView text = trimmed(rest);
        if (text.isEmpty()) // Behind one blank, if there is one.
            text = rest.sliced(rest.startsWith(' ') ? 1 : 0).first(0);
        entry.style = markAt(text) >= 0 ? Style::unclear : Style::plain;
        if (text.startsWith('"') || text.startsWith('\'')) {
            const qsizetype close = text.indexOf(text.front(), 1);
            const QByteArrayView behind = close < 0 ? text : text.sliced(close + 1);
            const bool isWhole = trimmed(behind).isEmpty() || markAt(behind.trimmed()) == 0;
            const QByteArrayView inside = close < 0 ? text : text.sliced(1, close - 1);
            const bool isQuoted = close > 0 && isWhole && !inside.contains('\\')
                                  && (behind.isEmpty() || isBlank(behind.front()));
            entry.style = isQuoted ? Style::quoted : Style::unclear;
            text = isQuoted ? inside : text;
        }
        entry.value = text.toByteArray();
        entry.begin = offset(text);
        entry.end = entry.begin + text.size();
    }

    QByteArrayView m_text;
    int m_line = 0;
    qsizetype m_indent = 0; ///< Of the last key.
    bool m_goesOn = false;  ///< The line before ended with a backslash.
    Comments m_comments;
    std::vector<IniEntry> m_entries;
};

/// Puts entries into sections; what readers do not agree on is refused.
class IniSections
{
public:
    explicit IniSections(const KeyIndex &like) : m_like(like) {}

    Result<void> add(IniEntry entry)
    {
        const bool isSection = entry.style == Style::section;
        const auto checked = checkName(entry.name, isSection ? "section" : "key");
        if (!checked)
            return checked.error();
        return isSection ? section(std::move(entry)) : key(std::move(entry));
    }

    [[nodiscard]] Sections take() { return std::move(m_sections); }

private:
    Result<void> section(IniEntry entry)
    {
        if (!m_names.insert(entry.name).second)
            return refused(u"section '%1' is there twice"_s.arg(shown(entry.name)));
        m_sections.push_back({std::move(entry.name), std::move(entry.comment), {}});
        m_keys.clear();
        return {};
    }

    Result<void> key(IniEntry entry)
    {
        if (m_sections.empty())
            return refused(u"key '%1' stands before any [section]"_s.arg(shown(entry.name)));
        Section &section = m_sections.back();
        const QString place = QString::fromUtf8(section.name + '/' + entry.name);
        if (const auto fault = faultOfStyle(entry.style))
            return refused(*fault).in(place);
        if (!m_keys.insert(entry.name).second)
            return refused(u"key '%1' is there twice"_s.arg(shown(entry.name)));
        auto value = valueOfText(entry.value, m_like.key(section.name, entry.name));
        if (!value)
            return value.error().in(place);
        if (++m_count > limits::keysMax)
            return refused(u"more than %1 keys"_s.arg(limits::keysMax));
        section.keys.push_back(
            {std::move(entry.name), *std::move(value), std::move(entry.comment)});
        return {};
    }

    static Error refused(const QString &why) { return {ErrorCode::invalid, why}; }

    const KeyIndex &m_like;
    Sections m_sections;
    std::set<QByteArray> m_names;
    std::set<QByteArray> m_keys; ///< Of the last section.
    std::size_t m_count = 0;
};

} // namespace

std::optional<QString> faultOfStyle(IniEntry::Style style)
{
    switch (style) {
    case Style::section:
    case Style::plain:
    case Style::quoted: break;
    case Style::bare: return u"expected key = value"_s;
    case Style::continued: return u"this value takes several lines, or ends with \\"_s;
    case Style::unclear:
        return u"readers do not agree on what the quotes, ; or # within this value mean"_s;
    }
    return {};
}

Result<std::vector<IniEntry>> scanIni(const QByteArray &text)
{
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    return IniScanner(text).run();
}

Result<Sections> parseIni(const QByteArray &text, const KeyIndex &like)
{
    auto entries = scanIni(text);
    if (!entries)
        return entries.error();
    IniSections sections(like);
    for (IniEntry &entry : *entries) {
        const int line = entry.line;
        if (const auto added = sections.add(std::move(entry)); !added)
            return atLine(line, added.error().message);
    }
    return sections.take();
}

} // namespace coffer::config
