// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"

#include <QList>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

std::optional<QString> propertiesFault(const Section &section, const Key & /*key*/)
{
    if (!section.name.contains('.'))
        return {};
    return u"properties cannot hold keys of section '%1': expected a name without . (the first . "
           "of a property parts section and key)"_s.arg(shown(section.name));
}

static QByteArray unitEscaped(char16_t unit)
{
    return "\\u" + QByteArray::number(uint(unit), 16).rightJustified(4, '0');
}

QByteArray propertiesEscaped(QByteArrayView value)
{
    static constexpr QByteArrayView from("\\\n\r\t\f");
    static constexpr QByteArrayView to("\\nrtf");
    const QString units = QString::fromUtf8(value);
    QByteArray escaped;
    for (qsizetype at = 0; at < units.size(); ++at) {
        const char16_t c = units[at].unicode();
        const qsizetype index = c != 0 && c < 0x80 ? from.indexOf(char(c)) : -1;
        const bool isFirst = at == 0 && (c == ' ' || c == '=' || c == ':');
        if (index >= 0) {
            escaped += '\\';
            escaped += to[index];
        } else if (c < 0x20 || c >= 0x7f || (c == ' ' && at == units.size() - 1)) {
            escaped += unitEscaped(c); // The last blank, so that no editor takes it away.
        } else {
            escaped += isFirst ? "\\" : "";
            escaped += char(c);
        }
    }
    return escaped;
}

QByteArray writeProperties(const Sections &sections)
{
    QByteArray text;
    for (const Section &section : sections) {
        text += text.isEmpty() ? "" : "\n";
        writeComment(text, {}, section.comment);
        text += section.comment.isEmpty() ? "" : "\n";
        for (const Key &key : section.keys) {
            writeComment(text, {}, key.comment);
            text += section.name + '.' + key.name + '=' + propertiesEscaped(key.value.text) + '\n';
        }
    }
    return text;
}

namespace {

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool isLineEnd(char c) { return c == '\n' || c == '\r'; }
bool isCommentMark(char c) { return c == '#' || c == '!'; }
bool isSeparator(char c) { return c == '=' || c == ':'; }

/// Reads as java.util.Properties does.
class PropertiesScanner
{
public:
    explicit PropertiesScanner(QByteArrayView text) : m_text(text), m_isUtf8(text.isValidUtf8()) {}

    Result<std::vector<PropertiesEntry>> run()
    {
        m_at = m_text.size() - withoutMark(m_text).size();
        while (m_at < m_text.size()) {
            skipBlanks();
            if (isAtEnd()) {
                m_comments.addBlank();
            } else if (isCommentMark(m_text[m_at])) {
                const qsizetype begin = m_at;
                skipLine();
                m_comments.add(trimmed(m_text.sliced(begin, m_at - begin)));
            } else if (const auto taken = property(); !taken) {
                return taken.error();
            }
            skipLineEnd();
        }
        return std::move(m_entries);
    }

private:
    [[nodiscard]] bool isAtEnd() const { return m_at >= m_text.size() || isLineEnd(m_text[m_at]); }
    void skipBlanks()
    {
        while (m_at < m_text.size() && isBlank(m_text[m_at]))
            ++m_at;
    }
    void skipLine()
    {
        while (!isAtEnd())
            ++m_at;
    }
    void skipLineEnd()
    {
        if (m_at < m_text.size())
            m_at += m_text.sliced(m_at).startsWith("\r\n") ? 2 : 1;
    }

    /// Counts lines on, rather than from the beginning each time.
    int lineOf()
    {
        m_line += int(std::count(m_text.begin() + m_counted, m_text.begin() + m_at, '\n'));
        m_counted = m_at;
        return m_line;
    }

    /// Puts together what backslashes at the ends of lines join.
    void readLogicalLine()
    {
        m_logical.clear();
        m_pieces.clear();
        for (;;) {
            const qsizetype begin = m_at;
            skipLine();
            QByteArrayView piece = m_text.sliced(begin, m_at - begin);
            qsizetype slashes = 0;
            while (slashes < piece.size() && piece[piece.size() - 1 - slashes] == '\\')
                ++slashes;
            const bool goesOn = slashes % 2 == 1;
            piece.chop(goesOn ? 1 : 0);
            m_pieces.push_back({m_logical.size(), begin});
            m_logical += piece;
            m_end = begin + piece.size();
            if (!goesOn || m_at >= m_text.size())
                return;
            skipLineEnd();
            skipBlanks();
            if (m_logical.isEmpty() && !isAtEnd() && isCommentMark(m_text[m_at]))
                return skipLine();
        }
    }

    /// Where a byte of the logical line stands in the text.
    [[nodiscard]] qsizetype offset(qsizetype index) const
    {
        if (index >= m_logical.size())
            return m_end;
        const auto next =
            std::upper_bound(m_pieces.begin(), m_pieces.end(), index,
                             [](qsizetype at, const Piece &piece) { return at < piece.index; });
        return (next - 1)->offset + index - (next - 1)->index;
    }

    Result<void> property()
    {
        PropertiesEntry entry;
        entry.line = lineOf();
        readLogicalLine();
        if (m_logical.isEmpty())
            return {};
        qsizetype at = 0;
        for (; at < m_logical.size(); ++at) {
            if (isBlank(m_logical[at]) || isSeparator(m_logical[at]))
                break;
            at += m_logical[at] == '\\' ? 1 : 0;
        }
        at = std::min(at, m_logical.size());
        const qsizetype nameEnd = at;
        bool hasSign = false;
        for (; at < m_logical.size(); ++at) {
            const bool isSign = !hasSign && isSeparator(m_logical[at]);
            if (!isBlank(m_logical[at]) && !isSign)
                break;
            hasSign = hasSign || isSign;
        }
        auto name = decoded(QByteArrayView(m_logical).first(nameEnd));
        auto value = decoded(QByteArrayView(m_logical).sliced(at));
        if (!name || !value)
            return atLine(entry.line, (name ? value : name).error().message);
        entry.name = *std::move(name);
        entry.value = *std::move(value);
        entry.hasSeparator = at > nameEnd;
        entry.begin = offset(at);
        entry.end = m_end;
        entry.comment = m_comments.takeAttached();
        entry.headComment = m_comments.take();
        m_entries.push_back(std::move(entry));
        return {};
    }

    [[nodiscard]] Result<QByteArray> decoded(QByteArrayView text) const
    {
        const QByteArray bytes = m_isUtf8 ? text.toByteArray() : QString::fromLatin1(text).toUtf8();
        QByteArray plain;
        QString units; // That are not in plain yet.
        for (qsizetype at = 0; at < bytes.size(); ++at) {
            const char c = bytes[at];
            const char next = at + 1 < bytes.size() ? bytes[at + 1] : '\0';
            const bool isUnit = c == '\\' && next == 'u';
            if (!isUnit && !flush(units, plain))
                return halfOfPair();
            if (isUnit) {
                const auto unit = unitOf(QByteArrayView(bytes).sliced(at + 2));
                if (!unit)
                    return Error{ErrorCode::invalid, u"\\u: expected four hex digits behind it"_s};
                units += QChar(*unit);
                at += 5;
            } else if (c != '\\') {
                plain += c;
            } else if (at + 1 < bytes.size()) {
                const qsizetype index = next == '\0' ? -1 : QByteArrayView("nrtf").indexOf(next);
                plain += index < 0 ? next : "\n\r\t\f"[index];
                ++at;
            }
        }
        return flush(units, plain) ? Result<QByteArray>(std::move(plain)) : halfOfPair();
    }

    static Error halfOfPair() { return {ErrorCode::invalid, u"\\u: half of a surrogate pair"_s}; }
    [[nodiscard]] static bool flush(QString &units, QByteArray &plain)
    {
        if (!units.isValidUtf16())
            return false;
        plain += units.toUtf8();
        units.clear();
        return true;
    }
    static std::optional<char16_t> unitOf(QByteArrayView text)
    {
        const QByteArray digits = text.first(std::min<qsizetype>(text.size(), 4)).toByteArray();
        const bool isHex =
            digits.size() == 4 && std::all_of(digits.begin(), digits.end(), [](char c) {
                return std::isxdigit(static_cast<unsigned char>(c)) != 0;
            });
        return isHex ? std::optional(char16_t(digits.toUShort(nullptr, 16))) : std::nullopt;
    }

    struct Piece
    {
        qsizetype index;  ///< In the logical line.
        qsizetype offset; ///< In the text.
    };

    QByteArrayView m_text;
    bool m_isUtf8; ///< Otherwise each byte is a character, as in Java before 9.
    qsizetype m_at = 0;
    qsizetype m_counted = 0;
    int m_line = 1;
    QByteArray m_logical;
    std::vector<Piece> m_pieces;
    qsizetype m_end = 0; ///< Of the logical line, in the text.
    Comments m_comments;
    std::vector<PropertiesEntry> m_entries;
};

} // namespace

Result<std::vector<PropertiesEntry>> scanProperties(const QByteArray &text)
{
    return PropertiesScanner(text).run();
}

Result<Sections> parseProperties(const QByteArray &text, const KeyIndex &like)
{
    auto entries = scanProperties(text);
    if (!entries)
        return entries.error();
    FlatSections sections;
    for (PropertiesEntry &entry : *entries) {
        const auto fail = [&entry](const QString &message) {
            return atLine(entry.line, u"'%1': %2"_s.arg(shown(entry.name), message));
        };
        const qsizetype cut = entry.name.indexOf('.');
        const QByteArray section = entry.name.first(std::max<qsizetype>(cut, 0));
        Key key;
        key.name = entry.name.sliced(cut + 1);
        if (!isName(section) || !isName(key.name))
            return fail(u"expected section.key, names of A-Z a-z 0-9 _ - (and . in the key)"_s);
        auto value = valueOfText(entry.value, like.key(section, key.name));
        if (!value)
            return fail(value.error().message);
        key.value = *std::move(value);
        key.comment = entry.comment;
        if (const auto added = sections.add(section, std::move(key), entry.headComment); !added)
            return fail(added.error().message);
    }
    return sections.take();
}

} // namespace coffer::config
