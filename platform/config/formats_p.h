// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"
#include "config/render.h"

#include "base/result.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace coffer::config {

using Sections = std::vector<Section>;

/// All keys that \a format cannot hold, by their names, values and comments.
[[nodiscard]] std::vector<Fault> faultsOf(Format format, const Sections &sections);

/// Finds keys by their names. What it was made of has to outlive it.
class KeyIndex
{
public:
    explicit KeyIndex(const Sections &sections);
    [[nodiscard]] const Section *section(QByteArrayView name) const;
    [[nodiscard]] const Key *key(QByteArrayView section, QByteArrayView name) const;

private:
    std::map<QByteArray, const Section *, std::less<>> m_sections;
    std::map<std::pair<QByteArray, QByteArray>, const Key *> m_keys;
};

/// The type of the key that \a like has is tried; without one the value is a string.
[[nodiscard]] Result<Value> valueOfText(const QByteArray &text, const Key *like);

/// Comments on lines of their own: what has been read and not yet been given to an item.
class Comments
{
public:
    /// \a line begins with '#'.
    void add(QByteArrayView line);
    void addBlank() { m_isAttached = false; }
    /// All of it; blocks that blank lines part are joined by an empty line.
    [[nodiscard]] QByteArray take();
    /// The block right above; empty if a blank line follows it.
    [[nodiscard]] QByteArray takeAttached();

private:
    std::vector<QByteArray> m_blocks;
    bool m_isAttached = false;
};
/// The text of a comment line: without '#' and the blank behind it.
[[nodiscard]] QByteArray commentText(QByteArrayView line);
void writeComment(QByteArray &text, const QByteArray &indent, const QByteArray &comment);
/// Why \a comment would not come back; nothing if it does.
[[nodiscard]] std::optional<QString> commentFault(const QByteArray &comment);
/// White space of Unicode counts, as for readers written in Go.
[[nodiscard]] QByteArrayView trimmed(QByteArrayView text);

/// Puts the keys of a text without sections into some, in the order in which they come.
class FlatSections
{
public:
    /// \a headComment is the section's if the key is its first, else the key's. `invalid` if the
    /// key is there already, or beyond limits::keysMax.
    [[nodiscard]] Result<void> add(const QByteArray &section, Key key,
                                   const QByteArray &headComment);
    [[nodiscard]] Sections take() { return std::move(m_sections); }

private:
    Sections m_sections;
    std::map<QByteArray, std::size_t> m_places;
    std::set<std::pair<QByteArray, QByteArray>> m_names;
};

// Of each format: why it cannot hold a key (nothing if it can), the writer and the reader.

[[nodiscard]] std::optional<QString> goconfFault(const Section &section, const Key &key);
[[nodiscard]] QByteArray writeGoconf(const Sections &sections);
[[nodiscard]] Result<Sections> parseGoconf(const QByteArray &text, const KeyIndex &like);

[[nodiscard]] std::optional<QString> envFault(const Section &section, const Key &key);
[[nodiscard]] QByteArray writeEnv(const Sections &sections);
[[nodiscard]] Result<Sections> parseEnv(const QByteArray &text, const KeyIndex &like);

[[nodiscard]] QByteArray writeJson(const Sections &sections);
[[nodiscard]] Result<Sections> parseJson(const QByteArray &text, const KeyIndex &like);

[[nodiscard]] QByteArray writeYaml(const Sections &sections);
[[nodiscard]] Result<Sections> parseYaml(const QByteArray &text, const KeyIndex &like);

[[nodiscard]] std::optional<QString> iniFault(const Section &section, const Key &key);
[[nodiscard]] std::optional<QString> iniFault(const Section &section);
[[nodiscard]] QByteArray writeIni(const Sections &sections);
[[nodiscard]] Result<Sections> parseIni(const QByteArray &text, const KeyIndex &like);

[[nodiscard]] std::optional<QString> propertiesFault(const Section &section, const Key &key);
[[nodiscard]] QByteArray writeProperties(const Sections &sections);
[[nodiscard]] Result<Sections> parseProperties(const QByteArray &text, const KeyIndex &like);

[[nodiscard]] std::optional<QString> tomlFault(const Section &section, const Key &key);
[[nodiscard]] QByteArray writeToml(const Sections &sections);
[[nodiscard]] Result<Sections> parseToml(const QByteArray &text, const KeyIndex &like);

/// A section or a key of a goconf text. Names are not checked, but differ.
struct GoconfEntry
{
    bool isSection = false;
    QByteArray name = {};
    QByteArray value = {};
    QByteArray comment = {};
    qsizetype begin = 0; ///< Of the value in the text.
    qsizetype end = 0;
    int line = 0;
};
[[nodiscard]] Result<std::vector<GoconfEntry>> scanGoconf(const QByteArray &text);
/// Why \a value cannot stand in a line of goconf.
[[nodiscard]] std::optional<QString> goconfValueFault(QByteArrayView value);

/// A variable of an env text. Names need not differ.
struct EnvEntry
{
    /// `mixed`: readers do not agree on what it means, or sh would put it together.
    enum class Style : std::uint8_t { plain, singleQuoted, doubleQuoted, mixed };
    QByteArray name = {};
    QByteArray value = {}; ///< As sh reads it; for `mixed` as it is written.
    Style style = Style::plain;
    QByteArray headComment = {}; ///< Apart from the variable.
    QByteArray comment = {};     ///< Right above it, and behind it.
    qsizetype begin = 0;         ///< Of the value in the text, quotes included.
    qsizetype end = 0;
    int line = 0;
};
[[nodiscard]] Result<std::vector<EnvEntry>> scanEnv(const QByteArray &text);
[[nodiscard]] QByteArray envQuoted(QByteArrayView value);
/// Whether \a value means the same without quotes to every reader.
[[nodiscard]] bool isEnvPlain(QByteArrayView value);

/// A section or a key of an ini text. Names need not differ; sections may be there again.
struct IniEntry
{
    /// `bare`: a name alone. `continued`: over several lines. `unclear`: readers do not agree.
    enum class Style : std::uint8_t { section, plain, quoted, bare, continued, unclear };
    Style style = Style::plain;
    QByteArray name = {};
    QByteArray value = {}; ///< Without the quotes if it is `quoted`.
    QByteArray comment = {};
    qsizetype begin = 0; ///< Of the value in the text, within the quotes.
    qsizetype end = 0;
    int line = 0;
};
[[nodiscard]] Result<std::vector<IniEntry>> scanIni(const QByteArray &text);
/// Why \a value cannot stand in a line of ini without quotes.
[[nodiscard]] std::optional<QString> iniValueFault(QByteArrayView value);
/// Why the value is not clear; nothing if it is.
[[nodiscard]] std::optional<QString> faultOfStyle(IniEntry::Style style);

/// A property. Names need not differ.
struct PropertiesEntry
{
    QByteArray name = {};
    QByteArray value = {};
    QByteArray headComment = {}; ///< Apart from the property.
    QByteArray comment = {};     ///< Right above it.
    bool hasSeparator = false;
    qsizetype begin = 0; ///< Of the value in the text, over all lines that it takes.
    qsizetype end = 0;
    int line = 0;
};
/// A text that is no UTF-8 is read as ISO-8859-1, as Java does.
[[nodiscard]] Result<std::vector<PropertiesEntry>> scanProperties(const QByteArray &text);
/// In ASCII: the same to readers of UTF-8 and of ISO-8859-1.
[[nodiscard]] QByteArray propertiesEscaped(QByteArrayView value);

} // namespace coffer::config
