// SPDX-License-Identifier: Apache-2.0
#include "config/json_text_p.h"

#include "config/limits.h"

#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

class JsonCompactor
{
public:
    explicit JsonCompactor(QByteArrayView text) : m_text(text) { m_out.reserve(text.size()); }

    Result<QByteArray> run()
    {
        bool isGood = value(1);
        skipBlanks();
        if (isGood && m_at < m_text.size())
            isGood = fail("expected nothing behind the value");
        if (isGood)
            return m_out;
        return Error{ErrorCode::invalid, u"%1 at byte %2"_s.arg(QLatin1String(m_why)).arg(m_at)};
    }

private:
    bool fail(const char *why)
    {
        m_why = why;
        return false;
    }
    [[nodiscard]] char peek() const { return m_at < m_text.size() ? m_text[m_at] : '\0'; }
    void skipBlanks()
    {
        while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')
            ++m_at;
    }
    bool take(char c)
    {
        if (m_at >= m_text.size() || m_text[m_at] != c)
            return false;
        ++m_at;
        return true;
    }

    bool value(int depth) // NOLINT(misc-no-recursion): depth is bounded
    {
        skipBlanks();
        if (depth > limits::depthMax)
            return fail("nested too deep");
        if (++m_nodes > limits::nodesMax)
            return fail("too many values");
        if (peek() == '{')
            return object(depth);
        if (peek() == '[')
            return array(depth);
        if (peek() == '"')
            return string();
        for (const QByteArrayView word : {"true", "false", "null"}) {
            if (m_text.sliced(m_at).startsWith(word)) {
                m_out += word;
                m_at += word.size();
                return true;
            }
        }
        return number();
    }

    bool object(int depth) // NOLINT(misc-no-recursion)
    {
        std::set<QByteArray> names;
        m_out += m_text[m_at++];
        skipBlanks();
        while (peek() != '}') {
            if (!names.empty() && !comma())
                return false;
            const qsizetype begin = m_out.size();
            if (peek() != '"' || !string())
                return m_why != nullptr ? false : fail("expected a name in quotes");
            if (!names.insert(m_out.sliced(begin)).second)
                return fail("a name is there twice");
            skipBlanks();
            if (!take(':'))
                return fail("expected ':'");
            m_out += ':';
            if (!value(depth + 1))
                return false;
            skipBlanks();
        }
        m_out += m_text[m_at++];
        return true;
    }

    bool array(int depth) // NOLINT(misc-no-recursion)
    {
        bool isFirst = true;
        m_out += m_text[m_at++];
        skipBlanks();
        while (peek() != ']') {
            if ((!isFirst && !comma()) || !value(depth + 1))
                return false;
            isFirst = false;
            skipBlanks();
        }
        m_out += m_text[m_at++];
        return true;
    }

    bool comma()
    {
        if (!take(','))
            return fail("expected ',' or the end");
        m_out += ',';
        skipBlanks();
        return true;
    }

    bool digits()
    {
        const qsizetype begin = m_at;
        while (isDigit(peek()))
            ++m_at;
        return m_at > begin;
    }

    bool number()
    {
        const qsizetype begin = m_at;
        take('-');
        const bool isZero = peek() == '0';
        if (!digits())
            return fail("expected a value");
        const qsizetype whole = m_at - begin - (m_text[begin] == '-' ? 1 : 0);
        if (isZero && whole > 1)
            return fail("a number begins with 0");
        if (take('.') && !digits())
            return fail("expected digits behind the point");
        if (take('e') || take('E')) {
            static_cast<void>(take('+') || take('-'));
            if (!digits())
                return fail("expected digits of the exponent");
        }
        m_out += m_text.sliced(begin, m_at - begin);
        return true;
    }

    bool string()
    {
        m_out += m_text[m_at++];
        while (m_at < m_text.size() && peek() != '"') {
            const char c = m_text[m_at];
            if (std::uint8_t(c) < 0x20)
                return fail("a control character in a string");
            if (c == '\\') {
                if (!escape())
                    return false;
            } else {
                m_out += c;
                ++m_at;
            }
        }
        if (!take('"'))
            return fail("a string without an end");
        m_out += '"';
        return true;
    }

    bool escape()
    {
        ++m_at;
        const char c = peek();
        const QByteArrayView plain("\"\\bfnrt");
        if (c != '\0' && plain.contains(c)) {
            m_out += '\\';
            m_out += c;
            ++m_at;
            return true;
        }
        if (take('/')) {
            m_out += '/';
            return true;
        }
        const int unit = hexUnit();
        if (unit < 0)
            return fail("an escape that JSON does not know");
        if (!QChar::isSurrogate(char32_t(unit))) {
            character(char32_t(unit));
            return true;
        }
        const int low = QChar::isHighSurrogate(char32_t(unit)) && take('\\') ? hexUnit() : -1;
        if (low < 0 || !QChar::isLowSurrogate(char32_t(low)))
            return fail("half a surrogate pair");
        character(QChar::surrogateToUcs4(char16_t(unit), char16_t(low)));
        return true;
    }

    /// Steps over "uXXXX".
    int hexUnit()
    {
        if (!take('u') || m_text.size() - m_at < 4)
            return -1;
        bool isHex = false;
        const QByteArray hex = m_text.sliced(m_at, 4).toByteArray();
        const int unit = hex.toInt(&isHex, 16);
        if (!isHex || hex.contains('+') || hex.contains('-') || hex.contains(' '))
            return -1;
        m_at += 4;
        return unit;
    }

    void character(char32_t code)
    {
        static constexpr QByteArrayView shortFrom("\"\\\b\f\n\r\t");
        static constexpr QByteArrayView shortTo("\"\\bfnrt");
        const qsizetype index = code < 0x80 && code != 0 ? shortFrom.indexOf(char(code)) : -1;
        if (index >= 0) {
            m_out += '\\';
            m_out += shortTo[index];
        } else if (code < 0x20) {
            m_out += "\\u00" + QByteArray::number(code, 16).rightJustified(2, '0');
        } else {
            m_out += QString::fromUcs4(&code, 1).toUtf8();
        }
    }

    QByteArrayView m_text;
    qsizetype m_at = 0;
    QByteArray m_out;
    std::size_t m_nodes = 0;
    const char *m_why = nullptr;
};

} // namespace

Result<QByteArray> compactJson(QByteArrayView text)
{
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    return JsonCompactor(text).run();
}

} // namespace coffer::config
