// SPDX-License-Identifier: Apache-2.0
#include "config/document_json.h"

#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/render.h"

#include <cmath>

using namespace Qt::StringLiterals;

namespace coffer::config {

using Kind = DocumentNode::Kind;

QByteArray jsonOfSections(const std::vector<Section> &sections) { return writeJson(sections); }

/// Numbers as JSON has them; those that it has not are texts. False if one is too large.
static bool makeNumbersPlain(DocumentNode &node) // NOLINT(misc-no-recursion): bounded depth
{
    for (DocumentNode &child : node.children) {
        if (!makeNumbersPlain(child))
            return false;
    }
    if (node.kind != Kind::number)
        return true;
    if (const auto plain = tomlNumber(node.text); plain && isJsonNumber(*plain))
        node.text = *plain;
    else if (!isJsonNumber(node.text))
        node.kind = Kind::string;
    return node.kind == Kind::string || std::isfinite(node.text.toDouble());
}

static Result<QByteArray> jsonOfRoot(Result<DocumentNode> root)
{
    if (!root)
        return root.error();
    if (!makeNumbersPlain(*root))
        return Error{ErrorCode::invalid, u"a number that is too large to be looked at"_s};
    return jsonOf(*root);
}

namespace {

/// Names and what they have, each once, in the order in which they come.
class TextMembers
{
public:
    void add(const QByteArray &name, const QByteArray &text)
    {
        const auto [place, isNew] = m_places.emplace(name, m_members.size());
        if (isNew)
            m_members.emplace_back(name, std::vector<QByteArray>());
        m_members[place->second].second.push_back(text);
    }

    [[nodiscard]] QByteArray json() const
    {
        QByteArray json;
        for (const auto &[name, texts] : m_members)
            json += (json.isEmpty() ? "" : ",") + jsonQuoted(name) + ':' + valueOf(texts);
        return json;
    }

private:
    static QByteArray valueOf(const std::vector<QByteArray> &texts)
    {
        if (texts.size() == 1)
            return jsonQuoted(texts.front());
        QByteArray list;
        for (const QByteArray &text : texts)
            list += (list.isEmpty() ? "" : ",") + jsonQuoted(text);
        return '[' + list + ']';
    }

    std::vector<std::pair<QByteArray, std::vector<QByteArray>>> m_members;
    std::map<QByteArray, std::size_t> m_places;
};

/// Sections of a text that has them, by name: they may be there again.
class TextSections
{
public:
    void begin(const QByteArray &name)
    {
        m_section = name;
        m_sections[name]; // an empty one is one
    }
    void add(const QByteArray &name, const QByteArray &text)
    {
        (m_section ? m_sections[*m_section] : m_head).add(name, text);
    }
    [[nodiscard]] QByteArray json() const
    {
        QByteArray json = m_head.json();
        for (const auto &[name, members] : m_sections)
            json += (json.isEmpty() ? "" : ",") + jsonQuoted(name) + ":{" + members.json() + '}';
        return '{' + json + '}';
    }

private:
    std::optional<QByteArray> m_section;
    TextMembers m_head;
    std::map<QByteArray, TextMembers> m_sections;
};

} // namespace

static Result<QByteArray> jsonOfGoconf(const QByteArray &text)
{
    const auto entries = scanGoconf(text);
    if (!entries)
        return entries.error();
    TextSections sections;
    for (const GoconfEntry &entry : *entries) {
        if (entry.isSection)
            sections.begin(entry.name);
        else
            sections.add(entry.name, entry.value);
    }
    return sections.json();
}

static Result<QByteArray> jsonOfIni(const QByteArray &text)
{
    const auto entries = scanIni(text);
    if (!entries)
        return entries.error();
    TextSections sections;
    for (const IniEntry &entry : *entries) {
        if (entry.style == IniEntry::Style::section)
            sections.begin(entry.name);
        else
            sections.add(entry.name, entry.value);
    }
    return sections.json();
}

/// As Java does: what is there twice has its last value.
static Result<QByteArray> jsonOfProperties(const QByteArray &text)
{
    const auto entries = scanProperties(text);
    if (!entries)
        return entries.error();
    std::map<QByteArray, QByteArray> last;
    for (const PropertiesEntry &entry : *entries)
        last[entry.name] = entry.value;
    TextMembers members;
    for (const auto &[name, value] : last)
        members.add(name, value);
    return '{' + members.json() + '}';
}

static Result<QByteArray> jsonOfEnv(const QByteArray &text)
{
    const auto variables = parseVariables(text);
    if (!variables)
        return variables.error();
    TextMembers members;
    for (const Variable &variable : *variables)
        members.add(variable.name, variable.value);
    return '{' + members.json() + '}';
}

Result<QByteArray> jsonOfText(Format format, const QByteArray &text)
{
    if (!text.isValidUtf8() && format != Format::properties)
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    switch (format) {
    case Format::goconf: return jsonOfGoconf(text);
    case Format::env: return jsonOfEnv(text);
    case Format::json: return jsonOfRoot(readJson(text));
    case Format::yaml: return jsonOfRoot(readYaml(text));
    case Format::ini: return jsonOfIni(text);
    case Format::properties: return jsonOfProperties(text);
    case Format::toml: break;
    }
    return jsonOfRoot(readToml(text));
}

} // namespace coffer::config
