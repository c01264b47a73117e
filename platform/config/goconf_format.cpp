// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"

#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

std::optional<QString> goconfValueFault(QByteArrayView value)
{
    if (value.isEmpty())
        return u"goconf cannot hold an empty value"_s;
    if (value.contains('\n'))
        return u"goconf cannot hold a value of several lines"_s;
    if (trimmed(value).size() != value.size())
        return u"goconf cannot hold a value that begins or ends with white space"_s;
    return {};
}

std::optional<QString> goconfFault(const Section & /*section*/, const Key &key)
{
    return goconfValueFault(key.value.text);
}

QByteArray writeGoconf(const Sections &sections)
{
    QByteArray text;
    for (const Section &section : sections) {
        text += text.isEmpty() ? "" : "\n";
        writeComment(text, {}, section.comment);
        text += '[' + section.name + "]\n";
        for (const Key &key : section.keys) {
            writeComment(text, {}, key.comment);
            text += key.name + ' ' + key.value.text + '\n';
        }
    }
    return text;
}

namespace {

class GoconfScanner
{
public:
    explicit GoconfScanner(QByteArrayView text) : m_text(text) {}

    Result<std::vector<GoconfEntry>> run()
    {
        qsizetype at = m_text.size() - withoutMark(m_text).size();
        while (at < m_text.size()) {
            const qsizetype found = m_text.indexOf('\n', at);
            const qsizetype end = found < 0 ? m_text.size() : found;
            ++m_line;
            if (const auto taken = take(trimmed(m_text.sliced(at, end - at))); !taken)
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
        if (line.isEmpty())
            m_comments.addBlank();
        else if (line.startsWith('#'))
            m_comments.add(line);
        else if (line.startsWith('['))
            return section(line);
        else
            return key(line);
        return {};
    }

    Result<void> section(QByteArrayView line)
    {
        if (!line.endsWith(']'))
            return atLine(m_line, u"'%1': expected [section]"_s.arg(shown(line)));
        const QByteArrayView name = line.sliced(1, line.size() - 2);
        if (!m_sections.insert(name.toByteArray()).second)
            return atLine(m_line, u"section '%1' is there twice"_s.arg(shown(name)));
        m_keys.clear();
        m_entries.push_back({.isSection = true,
                             .name = name.toByteArray(),
                             .comment = m_comments.take(),
                             .line = m_line});
        return {};
    }

    Result<void> key(QByteArrayView line)
    {
        const qsizetype cut = line.indexOf(' ');
        if (cut < 0) {
            return atLine(m_line, u"'%1': expected a key, a blank and a value"_s.arg(shown(line)));
        }
        const QByteArrayView name = line.first(cut);
        if (m_sections.empty()) {
            return atLine(m_line, u"key '%1' stands before any [section]"_s.arg(shown(name)));
        }
        if (!m_keys.insert(name.toByteArray()).second)
            return atLine(m_line, u"key '%1' is there twice"_s.arg(shown(name)));
        const QByteArrayView value = trimmed(line.sliced(cut + 1));
        m_entries.push_back({.isSection = false,
                             .name = name.toByteArray(),
                             .value = value.toByteArray(),
                             .comment = m_comments.take(),
                             .begin = offset(value),
                             .end = offset(value) + value.size(),
                             .line = m_line});
        return {};
    }

    QByteArrayView m_text;
    int m_line = 0;
    Comments m_comments;
    std::set<QByteArray> m_sections;
    std::set<QByteArray> m_keys; ///< Of the section.
    std::vector<GoconfEntry> m_entries;
};

} // namespace

Result<std::vector<GoconfEntry>> scanGoconf(const QByteArray &text)
{
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    return GoconfScanner(text).run();
}

Result<Sections> parseGoconf(const QByteArray &text, const KeyIndex &like)
{
    auto entries = scanGoconf(text);
    if (!entries)
        return entries.error();
    Sections sections;
    std::size_t keys = 0;
    for (GoconfEntry &entry : *entries) {
        const auto checked = checkName(entry.name, entry.isSection ? "section" : "key");
        if (!checked)
            return atLine(entry.line, checked.error().message);
        if (entry.isSection) {
            sections.push_back({std::move(entry.name), std::move(entry.comment), {}});
            continue;
        }
        Section &section = sections.back();
        auto value = valueOfText(entry.value, like.key(section.name, entry.name));
        if (!value) {
            return atLine(
                entry.line,
                value.error().in(QString::fromUtf8(section.name + '/' + entry.name)).message);
        }
        if (++keys > limits::keysMax)
            return atLine(entry.line, u"more than %1 keys"_s.arg(limits::keysMax));
        section.keys.push_back(
            {std::move(entry.name), *std::move(value), std::move(entry.comment)});
    }
    return sections;
}

} // namespace coffer::config
