// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"

#include "config/json_text_p.h"

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

using Kind = DocumentNode::Kind;
using Style = DocumentNode::Style;

/// Walks through a text that compactJson() has read already: it is JSON, and not too deep.
class JsonWalker
{
public:
    JsonWalker(QByteArrayView text, qsizetype at) : m_text(text), m_at(at) {}

    DocumentNode value() // NOLINT(misc-no-recursion): the depth is known to be bounded
    {
        skipBlanks();
        DocumentNode node;
        node.begin = m_at;
        const char c = m_text[m_at];
        if (c == '{' || c == '[') {
            node.kind = c == '{' ? Kind::map : Kind::list;
            node.style = Style::compound;
            children(node);
        } else if (c == '"') {
            node.kind = Kind::string;
            node.style = Style::doubleQuoted;
            node.text = string();
        } else {
            word(node);
        }
        node.end = m_at;
        return node;
    }

private:
    void skipBlanks()
    {
        while (QByteArrayView(" \t\r\n,:").contains(m_text[m_at]))
            ++m_at;
    }

    void children(DocumentNode &node) // NOLINT(misc-no-recursion)
    {
        ++m_at;
        for (skipBlanks(); m_text[m_at] != '}' && m_text[m_at] != ']'; skipBlanks()) {
            const qsizetype nameAt = m_at;
            const QByteArray name = node.kind == Kind::map ? string() : QByteArray();
            DocumentNode child = value();
            child.name = name;
            child.nameAt = nameAt;
            node.children.push_back(std::move(child));
        }
        ++m_at;
    }

    void word(DocumentNode &node)
    {
        const qsizetype begin = m_at;
        while (m_at < m_text.size() && !QByteArrayView(" \t\r\n,]}").contains(m_text[m_at]))
            ++m_at;
        node.text = m_text.sliced(begin, m_at - begin).toByteArray();
        node.style = Style::plain;
        const char first = node.text.front();
        node.kind = first == 'n' ? Kind::null
                                 : (first == 't' || first == 'f' ? Kind::boolean : Kind::number);
    }

    QByteArray string()
    {
        QByteArray text;
        for (++m_at; m_text[m_at] != '"';) {
            if (m_text[m_at] != '\\') {
                text += m_text[m_at++];
                continue;
            }
            const char c = m_text[m_at + 1];
            const qsizetype index = QByteArrayView("\"\\/bfnrt").indexOf(c);
            m_at += 2;
            if (index >= 0)
                text += "\"\\/\b\f\n\r\t"[index];
            else
                text += character();
        }
        ++m_at;
        return text;
    }

    QByteArray character()
    {
        char16_t units[2] = {unit(), 0};
        const bool isPair = QChar::isHighSurrogate(units[0]);
        if (isPair) {
            m_at += 2; // "\u"
            units[1] = unit();
        }
        return QStringView(units, isPair ? 2 : 1).toUtf8();
    }

    char16_t unit()
    {
        const auto number = m_text.sliced(m_at, 4).toByteArray().toUShort(nullptr, 16);
        m_at += 4;
        return number;
    }

    QByteArrayView m_text;
    qsizetype m_at = 0;
};

} // namespace

Result<DocumentNode> readJson(const QByteArray &text)
{
    const QByteArrayView body = withoutMark(text);
    const auto compact = compactJson(body);
    if (!compact)
        return compact.error();
    return JsonWalker(text, text.size() - body.size()).value();
}

} // namespace coffer::config
