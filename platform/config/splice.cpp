// SPDX-License-Identifier: Apache-2.0
#include "config/splice.h"

#include "config/document_p.h"
#include "config/format.h"
#include "config/formats_p.h"
#include "config/limits.h"

#include <QList>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

using Kind = DocumentNode::Kind;
using Style = DocumentNode::Style;

Error refused(const QString &why) { return {ErrorCode::invalid, why}; }
Error missing(const QString &what) { return {ErrorCode::notFound, what}; }

/// The names of a JSON pointer (RFC 6901).
Result<std::vector<QByteArray>> namesOf(const QByteArray &pointer)
{
    if (!pointer.startsWith('/'))
        return refused(u"expected a pointer such as /server/port"_s);
    std::vector<QByteArray> names;
    for (const QByteArray &part : pointer.sliced(1).split('/')) {
        for (qsizetype at = part.indexOf('~'); at >= 0; at = part.indexOf('~', at + 1)) {
            if (at + 1 == part.size() || (part[at + 1] != '0' && part[at + 1] != '1'))
                return refused(u"expected ~0 for ~ and ~1 for / in a pointer"_s);
        }
        names.push_back(QByteArray(part).replace("~1", "/").replace("~0", "~"));
    }
    return names;
}

Result<DocumentNode> readTree(Format format, const QByteArray &text)
{
    if (format == Format::toml)
        return readToml(text);
    return format == Format::json ? readJson(text) : readYaml(text);
}

DocumentNode *childOf(DocumentNode &node, const QByteArray &name)
{
    if (node.kind == Kind::map) {
        const auto found = std::find_if(node.children.begin(), node.children.end(),
                                        [&name](const auto &child) { return child.name == name; });
        return found == node.children.end() ? nullptr : &*found;
    }
    bool isNumber = false;
    const auto index = name.toULongLong(&isNumber);
    if (node.kind != Kind::list || !isNumber || QByteArray::number(index) != name
        || index >= node.children.size())
        return nullptr;
    return &node.children[index];
}

Result<DocumentNode *> scalarAt(DocumentNode &root, const QByteArray &pointer)
{
    const auto names = namesOf(pointer);
    if (!names)
        return names.error();
    DocumentNode *node = &root;
    for (const QByteArray &name : *names) {
        node = childOf(*node, name);
        if (node == nullptr)
            return missing(u"there is no '%1'"_s.arg(shown(name)));
    }
    if (node->kind == Kind::list || node->kind == Kind::map)
        return refused(u"a list or map is there: expected a single value"_s);
    return node;
}

/// Why the bytes of a scalar cannot be replaced; nothing if they can.
std::optional<QString> holdOf(const DocumentNode &node)
{
    if (node.isAlias)
        return u"this value is that of an anchor: change it where the anchor (&) stands"_s;
    if (node.isAnchored)
        return u"this value has an anchor (&), others may take it: edit the file"_s;
    if (!node.tag.isEmpty())
        return u"this value has a tag (!): edit the file"_s;
    if (node.style == Style::block)
        return u"this value is a block (| or >): edit the file"_s;
    if (node.end > node.begin)
        return {};
    if (node.style == Style::plain)
        return u"this value takes several lines: edit the file"_s;
    return u"nothing is written there that could be replaced: edit the file"_s;
}

struct Written
{
    QByteArray bytes;
    Kind kind = Kind::string;
};

Written writtenInJson(const DocumentNode &node, const QByteArray &value)
{
    const bool isBoolean = value == "true" || value == "false";
    const Kind kind = isJsonNumber(value) ? Kind::number
                      : isBoolean         ? Kind::boolean
                      : value == "null"   ? Kind::null
                                          : Kind::string;
    if (kind == Kind::string || (node.kind != kind && node.kind != Kind::null))
        return {jsonQuoted(value)};
    return {value, kind};
}

bool isNumber(PlainKind kind)
{
    return kind == PlainKind::number || kind == PlainKind::otherNumber;
}
bool isBoolean(PlainKind kind)
{
    return kind == PlainKind::boolean || kind == PlainKind::otherBoolean;
}

/// Whether \a value may stand without quotes where \a node does.
bool staysPlain(const DocumentNode &node, PlainKind kind, const QByteArray &value)
{
    if (node.style != Style::plain || !isPlainSafe(value))
        return false;
    const PlainKind before = plainKindOf(node.text);
    return kind == PlainKind::text || (isNumber(kind) && isNumber(before))
           || (isBoolean(kind) && isBoolean(before)) || before == PlainKind::null;
}

Written writtenInYaml(const DocumentNode &node, const QByteArray &value)
{
    const PlainKind kind = plainKindOf(value);
    if (staysPlain(node, kind, value)) {
        switch (kind) {
        case PlainKind::null: return {value, Kind::null};
        case PlainKind::boolean: return {value, Kind::boolean};
        case PlainKind::number: return {value, Kind::number};
        case PlainKind::otherBoolean:
        case PlainKind::otherNumber:
        case PlainKind::text: return {value};
        }
    }
    // What needs no escapes in double quotes needs none in single ones.
    const QByteArray quoted = yamlQuoted(value);
    const bool needsEscapes =
        quoted.size() - 2 != value.size() + value.count('"') + value.count('\\');
    if (node.style == Style::singleQuoted && !needsEscapes)
        return {'\'' + QByteArray(value).replace("'", "''") + '\''};
    return {quoted};
}

/// Numbers, bools and dates stay what they were, if the value is one.
Written writtenInToml(const DocumentNode &node, const QByteArray &value)
{
    if (node.style == Style::plain) {
        const auto alone = readToml("x = " + value);
        const bool isOne = alone && alone->children.size() == 1;
        const DocumentNode found = isOne ? alone->children.front() : DocumentNode();
        if (found.style == Style::plain && found.text == value && found.kind == node.kind)
            return {value, found.kind};
    }
    const QByteArray quoted = tomlQuoted(value);
    const bool needsEscapes =
        quoted.size() - 2 != value.size() + value.count('"') + value.count('\\');
    if (node.style == Style::singleQuoted && !needsEscapes && !value.contains('\''))
        return {'\'' + value + '\''};
    return {quoted};
}

Written writtenIn(Format format, const DocumentNode &node, const QByteArray &value)
{
    if (format == Format::toml)
        return writtenInToml(node, value);
    return format == Format::json ? writtenInJson(node, value) : writtenInYaml(node, value);
}

bool isSame(const DocumentNode &a, const DocumentNode &b) // NOLINT(misc-no-recursion): bounded
{
    return a.kind == b.kind && a.text == b.text && a.name == b.name && a.tag == b.tag
           && a.isAlias == b.isAlias && a.isAnchored == b.isAnchored
           && std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(),
                         isSame);
}

QByteArray replaced(const QByteArray &text, qsizetype begin, qsizetype end, const QByteArray &by)
{
    return text.first(begin) + by + text.sliced(end);
}

Error notAlone(const QString &why = {})
{
    return refused(u"written here, the value would change more than itself%1: edit the file"_s.arg(
        why.isEmpty() ? QString() : u" (%1)"_s.arg(why)));
}

Result<QByteArray> withTreeScalar(Format format, const QByteArray &text, const QByteArray &pointer,
                                  const QByteArray &value)
{
    auto root = readTree(format, text);
    if (!root)
        return root.error();
    const auto found = scalarAt(*root, pointer);
    if (!found)
        return found.error();
    DocumentNode &node = **found;
    if (const auto hold = holdOf(node))
        return refused(*hold);
    const Written written = writtenIn(format, node, value);
    QByteArray result = replaced(text, node.begin, node.end, written.bytes);
    // What is expected: the same tree with this value alone being another.
    node.kind = written.kind;
    node.text = written.kind == Kind::boolean ? value.toLower() : value;
    const auto after = readTree(format, result);
    if (!after)
        return notAlone(after.error().message);
    if (!isSame(*root, *after))
        return notAlone();
    return result;
}

Result<std::size_t> envEntryOf(const std::vector<EnvEntry> &entries, const QByteArray &pointer)
{
    const auto names = namesOf(pointer);
    if (!names)
        return names.error();
    std::optional<std::size_t> found;
    for (std::size_t index = 0; index < entries.size(); ++index) {
        if (names->size() != 1 || entries[index].name != names->front())
            continue;
        if (found)
            return refused(u"it is there twice: edit the file"_s);
        found = index;
    }
    if (!found)
        return missing(u"there is no such variable"_s);
    if (entries[*found].style == EnvEntry::Style::mixed)
        return refused(u"sh would put this value together: edit the file"_s);
    return *found;
}

QByteArray writtenInEnv(const EnvEntry &entry, const QByteArray &value)
{
    using EnvStyle = EnvEntry::Style;
    if (entry.style == EnvStyle::plain && isEnvPlain(value))
        return value;
    // What sh would replace in double quotes is safest in single ones.
    const bool isPlainInDouble = std::none_of(
        value.begin(), value.end(), [](char c) { return QByteArrayView("\\\"$`").contains(c); });
    const bool wantsSingle = entry.style == EnvStyle::singleQuoted
                             || (entry.style == EnvStyle::plain && !isPlainInDouble);
    return wantsSingle && !value.contains('\'') ? '\'' + value + '\'' : envQuoted(value);
}

bool isSameVariable(const EnvEntry &a, const EnvEntry &b)
{
    const bool isMixed = a.style == EnvEntry::Style::mixed;
    return a.name == b.name && a.value == b.value && a.comment == b.comment
           && a.headComment == b.headComment && isMixed == (b.style == EnvEntry::Style::mixed);
}

Result<QByteArray> withEnvScalar(const QByteArray &text, const QByteArray &pointer,
                                 const QByteArray &value)
{
    auto entries = scanEnv(text);
    if (!entries)
        return entries.error();
    const auto found = envEntryOf(*entries, pointer);
    if (!found)
        return found.error();
    EnvEntry &entry = (*entries)[*found];
    QByteArray result = replaced(text, entry.begin, entry.end, writtenInEnv(entry, value));
    entry.value = value;
    const auto after = scanEnv(result);
    if (!after)
        return notAlone(after.error().message);
    if (!std::equal(entries->begin(), entries->end(), after->begin(), after->end(), isSameVariable))
        return notAlone();
    return result;
}

Result<std::size_t> goconfEntryOf(const std::vector<GoconfEntry> &entries,
                                  const QByteArray &pointer)
{
    const auto names = namesOf(pointer);
    if (!names)
        return names.error();
    if (names->size() != 2)
        return refused(u"expected a pointer /section/key"_s);
    bool isInSection = false;
    for (std::size_t index = 0; index < entries.size(); ++index) {
        const GoconfEntry &entry = entries[index];
        if (entry.isSection)
            isInSection = entry.name == names->front();
        else if (isInSection && entry.name == names->back())
            return index;
    }
    return missing(u"there is no such key"_s);
}

bool isSameEntry(const GoconfEntry &a, const GoconfEntry &b)
{
    return a.isSection == b.isSection && a.name == b.name && a.value == b.value
           && a.comment == b.comment && a.line == b.line;
}

Result<QByteArray> withGoconfScalar(const QByteArray &text, const QByteArray &pointer,
                                    const QByteArray &value)
{
    auto entries = scanGoconf(text);
    if (!entries)
        return entries.error();
    const auto found = goconfEntryOf(*entries, pointer);
    if (!found)
        return found.error();
    if (const auto fault = goconfValueFault(value))
        return refused(*fault);
    GoconfEntry &entry = (*entries)[*found];
    QByteArray result = replaced(text, entry.begin, entry.end, value);
    entry.value = value;
    const auto after = scanGoconf(result);
    if (!after)
        return notAlone(after.error().message);
    if (!std::equal(entries->begin(), entries->end(), after->begin(), after->end(), isSameEntry))
        return notAlone();
    return result;
}

std::vector<std::size_t> keysIn(const std::vector<IniEntry> &entries, const QByteArray &section,
                                const QByteArray &name)
{
    std::vector<std::size_t> found;
    QByteArray current;
    for (std::size_t index = 0; index < entries.size(); ++index) {
        const IniEntry &entry = entries[index];
        if (entry.style == IniEntry::Style::section)
            current = entry.name;
        else if (current == section && entry.name == name)
            found.push_back(index);
    }
    return found;
}

/// Keys may be there several times: /Service/Environment/1 is the second. Keys before the first
/// section have no section's name before them.
Result<std::size_t> iniEntryOf(const std::vector<IniEntry> &entries, const QByteArray &pointer)
{
    const auto names = namesOf(pointer);
    if (!names)
        return names.error();
    auto found =
        names->size() > 1 ? keysIn(entries, (*names)[0], (*names)[1]) : std::vector<std::size_t>();
    std::size_t used = 2;
    if (found.empty()) {
        found = keysIn(entries, {}, names->front());
        used = 1;
    }
    if (found.empty() || names->size() > used + 1)
        return missing(u"there is no such key"_s);
    std::size_t chosen = 0;
    if (names->size() > used) {
        bool isNumber = false;
        chosen = names->back().toULongLong(&isNumber);
        if (!isNumber || QByteArray::number(qulonglong(chosen)) != names->back()
            || chosen >= found.size())
            return missing(u"there is no '%1' of this key"_s.arg(shown(names->back())));
    } else if (found.size() > 1) {
        return refused(u"it is there %1 times: name one, %2/0 to %2/%3"_s.arg(
            QString::number(found.size()), shown(pointer), QString::number(found.size() - 1)));
    }
    if (const auto fault = faultOfStyle(entries[found[chosen]].style))
        return refused(*fault + u": edit the file"_s);
    return found[chosen];
}

bool isSameIniEntry(const IniEntry &a, const IniEntry &b)
{
    return a.style == b.style && a.name == b.name && a.value == b.value && a.comment == b.comment
           && a.line == b.line;
}

Result<QByteArray> withIniScalar(const QByteArray &text, const QByteArray &pointer,
                                 const QByteArray &value)
{
    auto entries = scanIni(text);
    if (!entries)
        return entries.error();
    const auto found = iniEntryOf(*entries, pointer);
    if (!found)
        return found.error();
    IniEntry &entry = (*entries)[*found];
    const bool isQuoted = entry.style == IniEntry::Style::quoted;
    if (const auto fault = isQuoted ? std::nullopt : iniValueFault(value))
        return refused(*fault);
    QByteArray result = replaced(text, entry.begin, entry.end, value);
    entry.value = value;
    const auto after = scanIni(result);
    if (!after)
        return notAlone(after.error().message);
    if (!std::equal(entries->begin(), entries->end(), after->begin(), after->end(), isSameIniEntry))
        return notAlone();
    return result;
}

Result<std::size_t> propertyOf(const std::vector<PropertiesEntry> &entries,
                               const QByteArray &pointer)
{
    const auto names = namesOf(pointer);
    if (!names)
        return names.error();
    std::optional<std::size_t> found;
    for (std::size_t index = 0; index < entries.size(); ++index) {
        if (names->size() != 1 || entries[index].name != names->front())
            continue;
        if (found)
            return refused(u"it is there twice: edit the file"_s);
        found = index;
    }
    return found ? Result<std::size_t>(*found) : missing(u"there is no such property"_s);
}

bool isSameProperty(const PropertiesEntry &a, const PropertiesEntry &b)
{
    return a.name == b.name && a.value == b.value && a.comment == b.comment
           && a.headComment == b.headComment;
}

Result<QByteArray> withProperty(const QByteArray &text, const QByteArray &pointer,
                                const QByteArray &value)
{
    auto entries = scanProperties(text);
    if (!entries)
        return entries.error();
    const auto found = propertyOf(*entries, pointer);
    if (!found)
        return found.error();
    PropertiesEntry &entry = (*entries)[*found];
    QByteArray result = replaced(text, entry.begin, entry.end,
                                 (entry.hasSeparator ? "" : "=") + propertiesEscaped(value));
    entry.value = value;
    const auto after = scanProperties(result);
    if (!after)
        return notAlone(after.error().message);
    if (!std::equal(entries->begin(), entries->end(), after->begin(), after->end(), isSameProperty))
        return notAlone();
    return result;
}

/// The value of the entry that \a pointer names.
template<class Entry>
Result<QByteArray> valueIn(const Result<std::vector<Entry>> &entries, const QByteArray &pointer,
                           Result<std::size_t> (*find)(const std::vector<Entry> &,
                                                       const QByteArray &))
{
    if (!entries)
        return entries.error();
    const auto found = find(*entries, pointer);
    return found ? (*entries)[*found].value : Result<QByteArray>(found.error());
}

Result<QByteArray> readScalar(Format format, const QByteArray &text, const QByteArray &pointer)
{
    if (format == Format::goconf)
        return valueIn(scanGoconf(text), pointer, &goconfEntryOf);
    if (format == Format::env)
        return valueIn(scanEnv(text), pointer, &envEntryOf);
    if (format == Format::ini)
        return valueIn(scanIni(text), pointer, &iniEntryOf);
    if (format == Format::properties)
        return valueIn(scanProperties(text), pointer, &propertyOf);
    auto root = readTree(format, text);
    if (!root)
        return root.error();
    const auto found = scalarAt(*root, pointer);
    return found ? (*found)->text : Result<QByteArray>(found.error());
}

Result<QByteArray> writeScalar(Format format, const QByteArray &text, const QByteArray &pointer,
                               const QByteArray &value)
{
    if (std::size_t(value.size()) > limits::valueBytesMax)
        return refused(u"the value has more than %1 bytes"_s.arg(limits::valueBytesMax));
    if (!value.isValidUtf8())
        return refused(u"the value is no UTF-8"_s);
    if (format == Format::goconf)
        return withGoconfScalar(text, pointer, value);
    if (format == Format::env)
        return withEnvScalar(text, pointer, value);
    if (format == Format::ini)
        return withIniScalar(text, pointer, value);
    if (format == Format::properties)
        return withProperty(text, pointer, value);
    return withTreeScalar(format, text, pointer, value);
}

/// Runs \a read with the form of \a path; errors name the place.
template<class Read>
Result<QByteArray> atPlace(const QByteArray &path, const QByteArray &text,
                           const QByteArray &pointer, const Read &read)
{
    const Format format = formatOfPath(path).value_or(Format::goconf);
    const bool isTooLarge = std::size_t(text.size()) > limits::fileBytesMax;
    auto result = isTooLarge ? Result<QByteArray>(
                      refused(u"the file has more than %1 bytes"_s.arg(limits::fileBytesMax)))
                             : Result<QByteArray>(read(format));
    if (!result)
        return result.error().in(u"%1#%2"_s.arg(shown(path), shown(pointer)));
    return result;
}

} // namespace

Result<QByteArray> scalarIn(const QByteArray &path, const QByteArray &text,
                            const QByteArray &pointer)
{
    return atPlace(path, text, pointer,
                   [&](Format format) { return readScalar(format, text, pointer); });
}

Result<QByteArray> withScalar(const QByteArray &path, const QByteArray &text,
                              const QByteArray &pointer, const QByteArray &value)
{
    return atPlace(path, text, pointer,
                   [&](Format format) { return writeScalar(format, text, pointer, value); });
}

} // namespace coffer::config
