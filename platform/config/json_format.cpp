// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/limits.h"
#include "config/name.h"

using namespace Qt::StringLiterals;

namespace coffer::config {

static QByteArray jsonValue(const Value &value)
{
    switch (value.type) {
    case Type::integer:
    case Type::floating:
    case Type::boolean:
    case Type::list:
    case Type::json: return value.text; // Canonical texts of these are JSON.
    case Type::string:
    case Type::duration:
    case Type::size:
    case Type::enumeration: break;
    }
    return jsonQuoted(value.text);
}

QByteArray writeJson(const Sections &sections)
{
    QByteArray text = "{";
    for (const Section &section : sections) {
        text += text.size() == 1 ? "\n  " : ",\n  ";
        text += jsonQuoted(section.name) + ": {";
        for (const Key &key : section.keys) {
            text += &key == &section.keys.front() ? "\n    " : ",\n    ";
            text += jsonQuoted(key.name) + ": " + jsonValue(key.value);
        }
        text += section.keys.empty() ? "}" : "\n  }";
    }
    return text + (sections.empty() ? "}\n" : "\n}\n");
}

Result<Sections> parseJson(const QByteArray &text, const KeyIndex &like)
{
    const auto root = readJson(text);
    if (!root)
        return root.error();
    if (root->kind != DocumentNode::Kind::map)
        return Error{ErrorCode::invalid, u"expected {\"section\": {\"key\": value}}"_s};
    Sections sections;
    std::size_t keys = 0;
    for (const DocumentNode &child : root->children) {
        const auto fail = [&text](const DocumentNode &node, const QString &message) {
            return atLine(lineAt(text, node.nameAt), message);
        };
        if (const auto checked = checkName(child.name, "section"); !checked)
            return fail(child, checked.error().message);
        if (child.kind != DocumentNode::Kind::map)
            return fail(child, u"section '%1': expected {\"key\": value}"_s.arg(shown(child.name)));
        // JSON has no comments: those that are known stay.
        const Section *known = like.section(child.name);
        Section section{child.name, known != nullptr ? known->comment : QByteArray(), {}};
        for (const DocumentNode &member : child.children) {
            if (const auto checked = checkName(member.name, "key"); !checked)
                return fail(member, checked.error().message);
            const Key *key = like.key(child.name, member.name);
            auto value = valueOf(member, key);
            if (!value) {
                const QByteArray place = child.name + '/' + member.name;
                return fail(member, value.error().in(QString::fromUtf8(place)).message);
            }
            if (++keys > limits::keysMax)
                return fail(member, u"more than %1 keys"_s.arg(limits::keysMax));
            section.keys.push_back(
                {member.name, *std::move(value), key != nullptr ? key->comment : QByteArray()});
        }
        sections.push_back(std::move(section));
    }
    return sections;
}

} // namespace coffer::config
