// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include "base/result.h"

#include <QByteArray>

#include <optional>
#include <vector>

namespace coffer::config {

/// One value of a JSON, YAML or TOML text, and where it stands there. Aliases of YAML are expanded:
/// they are copies of what they name. Value.
struct DocumentNode
{
    enum class Kind : std::uint8_t { null, boolean, number, string, list, map };
    /// How it is written. `none`: it is not (an empty value of YAML).
    enum class Style : std::uint8_t { none, plain, singleQuoted, doubleQuoted, block, compound };

    Kind kind = Kind::null;
    Style style = Style::none;
    bool isAlias = false;    ///< It, or what it is in, comes from an alias.
    bool isAnchored = false; ///< It has an anchor.
    QByteArray tag = {};     ///< Of YAML, if it is written.
    QByteArray text = {};    ///< Of a scalar, decoded.
    qsizetype begin = 0;     ///< Of a scalar: its bytes in the text, quotes included.
    qsizetype end = 0;       ///< Equal to begin if the scalar takes more than the reader can tell.
    QByteArray name = {};    ///< Of a member of a map.
    qsizetype nameAt = 0;
    std::vector<DocumentNode> children = {};
};

/// The only document of \a text; a byte order mark is passed over. `invalid` if it is none, is no
/// UTF-8, has a name twice in a map, names that are no scalars, or is beyond limits::depthMax or
/// limits::nodesMax (aliases expanded).
[[nodiscard]] Result<DocumentNode> readJson(const QByteArray &text);
[[nodiscard]] Result<DocumentNode> readYaml(const QByteArray &text);
/// Of TOML: members in the order in which they come first; numbers, and dates (which are strings
/// of style `plain`) as they are written; `begin` and `end` of a table are those of its header.
/// At most limits::tomlBytesMax.
[[nodiscard]] Result<DocumentNode> readToml(const QByteArray &text);
/// As readYaml(), but there may be any number of documents.
[[nodiscard]] Result<void> checkYaml(const QByteArray &text);

/// What a scalar of YAML without quotes is: for readers of YAML 1.2 (core schema), and what other
/// readers take it for (yes, 0o17, 1_000, 12:30:45, 2001-12-14).
enum class PlainKind : std::uint8_t { null, boolean, number, otherBoolean, otherNumber, text };
[[nodiscard]] PlainKind plainKindOf(QByteArrayView text);
/// Whether \a text can stand without quotes, also in lists and maps with brackets. Not whether it
/// is taken for text then.
[[nodiscard]] bool isPlainSafe(QByteArrayView text);
[[nodiscard]] QByteArray yamlQuoted(QByteArrayView text);
[[nodiscard]] QByteArray jsonQuoted(QByteArrayView text);
[[nodiscard]] QByteArray tomlQuoted(QByteArrayView text);
/// Whether every format may show \a c as it is: no control character, no end of a line.
[[nodiscard]] bool isPrintable(char32_t c);
/// A number of TOML as JSON writes it: 0xFF, 1_000, +5; nothing if it is not finite, or whole and
/// beyond 64 bits.
[[nodiscard]] std::optional<QByteArray> tomlNumber(const QByteArray &text);
/// Whether \a text is a number as JSON writes them.
[[nodiscard]] bool isJsonNumber(QByteArrayView text);

/// \a node as JSON without blanks.
[[nodiscard]] QByteArray jsonOf(const DocumentNode &node);
/// The value that a node stands for; with \a like its type is tried, without it the node's own.
[[nodiscard]] Result<Value> valueOf(const DocumentNode &node, const Key *like);

/// Comments of a text that its reader passes over: '#' up to the end of the line. The text has to
/// outlive it.
class LineComments
{
public:
    explicit LineComments(QByteArrayView text);
    /// On lines of their own above the name at \a nameAt, no further in than it.
    [[nodiscard]] QByteArray above(qsizetype nameAt) const;
    /// Behind what ends at \a end, in the same line.
    [[nodiscard]] std::optional<QByteArray> behind(qsizetype end) const;

private:
    [[nodiscard]] QByteArrayView line(std::size_t index) const;

    QByteArrayView m_text;
    std::vector<qsizetype> m_starts;
};

/// Number of the line, from 1, that \a at is in.
[[nodiscard]] int lineAt(QByteArrayView text, qsizetype at);
/// The text without a byte order mark.
[[nodiscard]] QByteArrayView withoutMark(QByteArrayView text);
inline constexpr QByteArrayView byteOrderMark("\xef\xbb\xbf", 3);
/// "line 4: \a message", invalid.
[[nodiscard]] Error atLine(int line, const QString &message);
/// \a text for a message: at most 80 bytes of it.
[[nodiscard]] QString shown(QByteArrayView text);

} // namespace coffer::config
