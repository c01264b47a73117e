// SPDX-License-Identifier: Apache-2.0
#include "config/formats_p.h"

#include "config/document_p.h"
#include "config/limits.h"
#include "config/name.h"
#include "config/render.h"

#include <QList>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

KeyIndex::KeyIndex(const Sections &sections)
{
    for (const Section &section : sections) {
        m_sections.emplace(section.name, &section);
        for (const Key &key : section.keys)
            m_keys.emplace(std::pair(section.name, key.name), &key);
    }
}

const Section *KeyIndex::section(QByteArrayView name) const
{
    const auto found = m_sections.find(name.toByteArray());
    return found == m_sections.end() ? nullptr : found->second;
}

const Key *KeyIndex::key(QByteArrayView section, QByteArrayView name) const
{
    if (m_keys.empty())
        return nullptr;
    const auto found = m_keys.find(std::pair(section.toByteArray(), name.toByteArray()));
    return found == m_keys.end() ? nullptr : found->second;
}

Result<Value> valueOfText(const QByteArray &text, const Key *like)
{
    if (like == nullptr)
        return Value::parse(Type::string, text);
    return Value::parse(like->value.type, text, like->value.choices);
}

QByteArray commentText(QByteArrayView line)
{
    const QByteArrayView text = line.sliced(1);
    return (text.startsWith(' ') ? text.sliced(1) : text).toByteArray();
}

void Comments::add(QByteArrayView line)
{
    if (m_isAttached)
        m_blocks.back() += '\n' + commentText(line);
    else
        m_blocks.push_back(commentText(line));
    m_isAttached = true;
}

QByteArray Comments::take()
{
    QByteArray all;
    for (const QByteArray &block : m_blocks)
        all += (all.isEmpty() ? "" : "\n\n") + block;
    m_blocks.clear();
    m_isAttached = false;
    return all;
}

QByteArray Comments::takeAttached()
{
    if (!m_isAttached)
        return {};
    QByteArray last = std::move(m_blocks.back());
    m_blocks.pop_back();
    m_isAttached = false;
    return last;
}

void writeComment(QByteArray &text, const QByteArray &indent, const QByteArray &comment)
{
    if (comment.isEmpty())
        return;
    for (const QByteArray &line : comment.split('\n'))
        text += indent + (line.isEmpty() ? "#" : "# ") + line + '\n';
}

Result<void> FlatSections::add(const QByteArray &section, Key key, const QByteArray &headComment)
{
    if (!m_names.emplace(section, key.name).second)
        return Error{ErrorCode::invalid, u"it is there twice"_s};
    if (m_names.size() > limits::keysMax)
        return Error{ErrorCode::invalid, u"more than %1 keys"_s.arg(limits::keysMax)};
    const auto [place, isNew] = m_places.emplace(section, m_sections.size());
    if (isNew) {
        m_sections.push_back({section, headComment, {}});
    } else if (!headComment.isEmpty()) {
        key.comment = headComment + (key.comment.isEmpty() ? "" : "\n\n") + key.comment;
    }
    m_sections[place->second].keys.push_back(std::move(key));
    return {};
}

static bool isBlank(char32_t c) { return QChar::isSpace(c); }

QByteArrayView trimmed(QByteArrayView text)
{
    const auto isPlain = [](char c) { return std::uint8_t(c) < 0x80; };
    const QByteArrayView plain = text.trimmed();
    if (plain.isEmpty() || (isPlain(plain.front()) && isPlain(plain.back())))
        return plain;
    const QList<uint> characters = QString::fromUtf8(text).toUcs4();
    const auto bytes = [](uint c) {
        return c < 0x80 ? 1 : (c < 0x800 ? 2 : (c < 0x10000 ? 3 : 4));
    };
    const bool hasMark = text.startsWith(byteOrderMark); // which is no blank, and was passed over
    qsizetype first = 0;
    qsizetype last = text.size();
    auto begin = characters.begin();
    auto end = characters.end();
    for (; !hasMark && begin != end && isBlank(*begin); ++begin)
        first += bytes(*begin);
    for (; end != begin && isBlank(*(end - 1)); --end)
        last -= bytes(*(end - 1));
    return text.sliced(first, last - first);
}

std::optional<QString> commentFault(const QByteArray &comment)
{
    if (!comment.isValidUtf8())
        return u"its comment is no UTF-8"_s;
    if (std::size_t(comment.size()) > limits::commentBytesMax)
        return u"its comment has more than %1 bytes"_s.arg(limits::commentBytesMax);
    for (const uint c : QString::fromUtf8(comment).toUcs4()) {
        const bool isControl = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0)
                               || c == 0x2028 || c == 0x2029 || c == 0xfeff
                               || QChar::isNonCharacter(c);
        if (isControl)
            return u"its comment has a control character"_s;
    }
    for (const QByteArray &line : comment.split('\n')) {
        if (!line.isEmpty() && trimmed('#' + line).size() != line.size() + 1)
            return u"a line of its comment ends with white space: remove that"_s;
    }
    return {};
}

static std::optional<QString> faultOf(Format format, const Section &section, const Key &key)
{
    if (const auto checked = checkName(key.name, "key"); !checked)
        return checked.error().message;
    if (format != Format::json) {
        if (auto fault = commentFault(key.comment))
            return fault;
    }
    switch (format) {
    case Format::goconf: return goconfFault(section, key);
    case Format::env: return envFault(section, key);
    case Format::ini: return iniFault(section, key);
    case Format::properties: return propertiesFault(section, key);
    case Format::toml: return tomlFault(section, key);
    case Format::json:
    case Format::yaml: break;
    }
    return {};
}

static std::optional<QString> faultOf(Format format, const Section &section)
{
    if (const auto checked = checkName(section.name, "section"); !checked)
        return checked.error().message;
    const bool isFlat = format == Format::env || format == Format::properties;
    if (isFlat && section.keys.empty()) {
        return u"%1 cannot hold a section without keys"_s.arg(QString::fromLatin1(nameOf(format)));
    }
    if (format == Format::ini) {
        if (auto fault = iniFault(section))
            return fault;
    }
    return format == Format::json ? std::nullopt : commentFault(section.comment);
}

static QByteArray write(Format format, const Sections &sections)
{
    switch (format) {
    case Format::goconf: return writeGoconf(sections);
    case Format::env: return writeEnv(sections);
    case Format::json: return writeJson(sections);
    case Format::yaml: return writeYaml(sections);
    case Format::ini: return writeIni(sections);
    case Format::properties: return writeProperties(sections);
    case Format::toml: return writeToml(sections);
    }
    return {};
}

/// The first key that does not come back if it stands alone.
static std::optional<QByteArray> keyThatIsLost(Format format, const Sections &sections)
{
    for (const Section &section : sections) {
        Section alone{section.name, section.comment, {}};
        for (const Key &key : section.keys) {
            alone.keys = {key};
            const Sections before{alone};
            const auto after = parseSections(format, write(format, before), before);
            if (!after || *after != before)
                return section.name + '/' + key.name;
        }
    }
    return {};
}

std::vector<Fault> faultsOf(Format format, const Sections &sections)
{
    std::vector<Fault> faults;
    for (const Section &section : sections) {
        if (auto fault = faultOf(format, section))
            faults.push_back({section.name, *std::move(fault)});
        for (const Key &key : section.keys) {
            if (auto fault = faultOf(format, section, key))
                faults.push_back({section.name + '/' + key.name, *std::move(fault)});
        }
    }
    return faults;
}

/// What is final is not shown by any format, and so does not come back.
static bool hasMarks(const Sections &sections)
{
    return std::any_of(sections.begin(), sections.end(), [](const Section &section) {
        return std::any_of(section.keys.begin(), section.keys.end(),
                           [](const Key &key) { return key.isFinal; });
    });
}

static Sections withoutMarks(Sections sections)
{
    for (Section &section : sections) {
        for (Key &key : section.keys)
            key.isFinal = false;
    }
    return sections;
}

Result<QByteArray> renderSections(Format format, const Sections &sections)
{
    if (hasMarks(sections))
        return renderSections(format, withoutMarks(sections));
    if (const auto faults = faultsOf(format, sections); !faults.empty()) {
        return Error{ErrorCode::invalid, faults.front().message}.in(
            QString::fromUtf8(faults.front().place));
    }
    QByteArray text = write(format, sections);
    const auto back = parseSections(format, text, sections);
    if (back && *back == sections)
        return text;
    const QString name = QString::fromLatin1(nameOf(format));
    if (const auto place = keyThatIsLost(format, sections)) {
        return Error{ErrorCode::invalid, u"%1 cannot hold this value: choose another format or "
                                         "value"_s.arg(name)}
            .in(QString::fromUtf8(*place));
    }
    return Error{ErrorCode::invalid,
                 u"%1 cannot hold these sections: %2"_s.arg(
                     name, back ? u"they come back as others"_s : back.error().message)};
}

Result<Sections> parseSections(Format format, const QByteArray &text, const Sections &like)
{
    if (std::size_t(text.size()) > limits::fileBytesMax)
        return Error{ErrorCode::invalid, u"more than %1 bytes"_s.arg(limits::fileBytesMax)};
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    const KeyIndex index(like);
    switch (format) {
    case Format::goconf: return parseGoconf(text, index);
    case Format::env: return parseEnv(text, index);
    case Format::json: return parseJson(text, index);
    case Format::yaml: return parseYaml(text, index);
    case Format::ini: return parseIni(text, index);
    case Format::properties: return parseProperties(text, index);
    case Format::toml: return parseToml(text, index);
    }
    return Error{ErrorCode::invalid, u"format: expected "_s + QString::fromLatin1(formatNames())};
}

} // namespace coffer::config
