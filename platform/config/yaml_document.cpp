// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"

#include "config/limits.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

using Kind = DocumentNode::Kind;
using Style = DocumentNode::Style;

/// Thrown through yaml-cpp, which knows no other way to be stopped; never leaves this file.
struct Refusal
{
    int line;
    QString message;
};

/// Builds the tree from the events of yaml-cpp and stops it before it gets too deep or too large:
/// yaml-cpp goes down by recursion, but tells of each level before it enters it.
class TreeBuilder final : public YAML::EventHandler
{
public:
    explicit TreeBuilder(QByteArrayView text)
        : m_text(text), m_shift(text.size() - withoutMark(text).size())
    {}

    [[nodiscard]] DocumentNode takeRoot() { return std::move(m_root); }

    void OnDocumentStart(const YAML::Mark & /*mark*/) override
    {
        m_root = {};
        m_scalars.clear();
        m_compounds.clear();
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark &mark, YAML::anchor_t anchor) override
    {
        DocumentNode node;
        node.begin = node.end = offset(mark);
        for (const QByteArrayView word : {"~", "null", "Null", "NULL"}) {
            if (anchor == YAML::NullAnchor && isNullWordAt(node.begin, word)) {
                node.style = Style::plain;
                node.text = word.toByteArray();
                node.end = node.begin + word.size();
            }
        }
        scalar(std::move(node), mark, anchor);
    }

    void OnAlias(const YAML::Mark &mark, YAML::anchor_t anchor) override
    {
        if (isNameExpected())
            refuse(mark, u"an alias is no name of a member here: write the name"_s);
        DocumentNode copy = anchored(mark, anchor);
        count(copy, mark);
        markAlias(copy);
        attach(std::move(copy));
    }

    void OnScalar(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor,
                  const std::string &value) override
    {
        DocumentNode node;
        node.text = QByteArray::fromStdString(value);
        node.begin = node.end = offset(mark);
        if (tag == "?") {
            const PlainKind kind = plainKindOf(node.text);
            node.kind = kind == PlainKind::boolean
                            ? Kind::boolean
                            : (kind == PlainKind::number ? Kind::number : Kind::string);
            if (kind == PlainKind::boolean)
                node.text = node.text.toLower();
            node.style = Style::plain;
        } else {
            node.kind = Kind::string;
            if (tag != "!" && tag != "tag:yaml.org,2002:str")
                node.tag = QByteArray::fromStdString(tag);
        }
        const bool hasProperties = anchor != YAML::NullAnchor || (tag != "?" && tag != "!");
        if (!hasProperties)
            measure(node, QByteArrayView(value.data(), qsizetype(value.size())));
        scalar(std::move(node), mark, anchor);
    }

    void OnSequenceStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override
    {
        enter(Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { leave(); }
    void OnMapStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override
    {
        enter(Kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { leave(); }

private:
    using Path = std::vector<std::size_t>;
    struct Level
    {
        DocumentNode node;
        YAML::anchor_t anchor = YAML::NullAnchor;
        bool hasName = false; ///< Of the next member of a map.
        QByteArray name;
        qsizetype nameAt = 0;
        std::set<QByteArray> names;
    };

    [[noreturn]] static void refuse(const YAML::Mark &mark, const QString &why)
    {
        throw Refusal{mark.line + 1, why};
    }

    [[nodiscard]] qsizetype offset(const YAML::Mark &mark) const
    {
        return std::clamp<qsizetype>(mark.pos + m_shift, 0, m_text.size());
    }

    [[nodiscard]] bool isNameExpected() const
    {
        return !m_levels.empty() && m_levels.back().node.kind == Kind::map
               && !m_levels.back().hasName;
    }

    [[nodiscard]] bool isNullWordAt(qsizetype at, QByteArrayView word) const
    {
        if (!m_text.sliced(at).startsWith(word))
            return false;
        const qsizetype end = at + word.size();
        const char next = end < m_text.size() ? m_text[end] : '\n';
        return QByteArrayView(" \t\r\n,]}").contains(next);
    }

    /// Finds the bytes of a scalar that has neither anchor nor tag.
    void measure(DocumentNode &node, QByteArrayView value) const
    {
        const QByteArrayView rest = m_text.sliced(node.begin);
        if (node.style == Style::plain) {
            if (rest.startsWith(value))
                node.end = node.begin + value.size();
            return;
        }
        const char first = rest.isEmpty() ? '\0' : rest.front();
        if (first != '"' && first != '\'') {
            node.style = Style::block;
            return;
        }
        node.style = first == '"' ? Style::doubleQuoted : Style::singleQuoted;
        qsizetype at = 1;
        for (; at < rest.size(); ++at) {
            const bool isDoubled =
                first == '\'' && rest[at] == '\'' && at + 1 < rest.size() && rest[at + 1] == '\'';
            if (isDoubled || (first == '"' && rest[at] == '\\'))
                ++at;
            else if (rest[at] == first)
                break;
        }
        node.end = std::min(node.begin + at + 1, m_text.size());
    }

    void count(const DocumentNode &node, const YAML::Mark &mark) // NOLINT(misc-no-recursion)
    {
        m_bytes += std::size_t(node.text.size());
        if (++m_nodes > limits::nodesMax || m_bytes > limits::fileBytesMax) {
            refuse(mark, u"more than %1 values or %2 bytes of them, aliases expanded"_s
                             .arg(limits::nodesMax)
                             .arg(limits::fileBytesMax));
        }
        if (m_levels.size() + 1 > std::size_t(limits::depthMax))
            refuse(mark, u"more than %1 levels"_s.arg(limits::depthMax));
        for (const DocumentNode &child : node.children) {
            m_bytes += std::size_t(child.name.size());
            count(child, mark);
        }
    }

    static int depthOf(const DocumentNode &node) // NOLINT(misc-no-recursion): bounded
    {
        int deepest = 0;
        for (const DocumentNode &child : node.children)
            deepest = std::max(deepest, depthOf(child));
        return deepest + 1;
    }

    static void markAlias(DocumentNode &node) // NOLINT(misc-no-recursion): bounded
    {
        node.isAlias = true;
        for (DocumentNode &child : node.children)
            markAlias(child);
    }

    [[nodiscard]] DocumentNode anchored(const YAML::Mark &mark, YAML::anchor_t anchor) const
    {
        if (const auto found = m_scalars.find(anchor); found != m_scalars.end())
            return found->second;
        const auto found = m_compounds.find(anchor);
        if (found == m_compounds.end())
            refuse(mark, u"an alias within what it names"_s);
        // The first levels of the path are still being built.
        std::size_t level = 0;
        const DocumentNode *node = &m_levels.front().node;
        for (const std::size_t index : found->second) {
            if (index < node->children.size())
                node = &node->children[index];
            else
                node = &m_levels[++level].node;
        }
        if (int(m_levels.size()) + depthOf(*node) > limits::depthMax)
            refuse(mark, u"more than %1 levels"_s.arg(limits::depthMax));
        return *node;
    }

    void scalar(DocumentNode node, const YAML::Mark &mark, YAML::anchor_t anchor)
    {
        node.isAnchored = anchor != YAML::NullAnchor;
        if (node.isAnchored)
            m_scalars.insert_or_assign(anchor, node);
        if (!isNameExpected()) {
            count(node, mark);
            attach(std::move(node));
            return;
        }
        Level &level = m_levels.back();
        if (node.kind == Kind::null)
            refuse(mark, u"expected the name of a member"_s);
        if (!level.names.insert(node.text).second)
            refuse(mark, u"'%1' is there twice"_s.arg(shown(node.text)));
        level.hasName = true;
        level.name = node.text;
        level.nameAt = node.begin;
    }

    void enter(Kind kind, const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor)
    {
        if (isNameExpected())
            refuse(mark, u"the name of a member is a list or a map: expected a text"_s);
        Level level;
        level.node.kind = kind;
        level.node.style = Style::compound;
        level.node.begin = level.node.end = offset(mark);
        level.node.isAnchored = anchor != YAML::NullAnchor;
        if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:map"
            && tag != "tag:yaml.org,2002:seq")
            level.node.tag = QByteArray::fromStdString(tag);
        level.anchor = anchor;
        count(level.node, mark);
        m_levels.push_back(std::move(level));
    }

    void leave()
    {
        Level level = std::move(m_levels.back());
        m_levels.pop_back();
        if (level.anchor != YAML::NullAnchor && !m_levels.empty()) {
            Path path;
            for (const Level &above : m_levels)
                path.push_back(above.node.children.size());
            m_compounds.insert_or_assign(level.anchor, std::move(path));
        }
        attach(std::move(level.node));
    }

    void attach(DocumentNode node)
    {
        if (m_levels.empty()) {
            m_root = std::move(node);
            return;
        }
        Level &level = m_levels.back();
        if (level.node.kind == Kind::map) {
            node.name = std::exchange(level.name, {});
            node.nameAt = level.nameAt;
            level.hasName = false;
        }
        level.node.children.push_back(std::move(node));
    }

    QByteArrayView m_text;
    qsizetype m_shift = 0; ///< yaml-cpp does not count a byte order mark.
    DocumentNode m_root;
    std::vector<Level> m_levels;
    std::map<YAML::anchor_t, DocumentNode> m_scalars;
    std::map<YAML::anchor_t, Path> m_compounds;
    std::size_t m_nodes = 0;
    std::size_t m_bytes = 0;
};

/// What yaml-cpp would read wrongly, or with more memory than the text is worth: it keeps all
/// tokens of a list or map with brackets until that ends.
Result<void> checkBytes(QByteArrayView text)
{
    constexpr std::size_t indicatorsMax = 5 * limits::nodesMax;
    if (std::size_t(text.size()) > limits::fileBytesMax)
        return Error{ErrorCode::invalid, u"more than %1 bytes"_s.arg(limits::fileBytesMax)};
    if (!text.isValidUtf8())
        return Error{ErrorCode::invalid, u"the text is no UTF-8"_s};
    std::size_t indicators = 0;
    for (qsizetype at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if ((std::uint8_t(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return atLine(lineAt(text, at), u"a control character, which YAML does not know"_s);
        indicators += QByteArrayView("[]{},:?&*!\"'").contains(c) ? 1 : 0;
    }
    if (indicators > indicatorsMax) {
        return Error{ErrorCode::invalid,
                     u"more than %1 brackets, commas, colons and quotes: too large to be read as "
                     "YAML"_s.arg(indicatorsMax)};
    }
    return {};
}

Result<DocumentNode> readDocuments(const QByteArray &text, int documentsMax)
{
    if (const auto checked = checkBytes(text); !checked)
        return checked.error();
    try {
        std::istringstream stream(text.toStdString());
        YAML::Parser parser(stream);
        TreeBuilder builder(text);
        int documents = 0;
        while (parser.HandleNextDocument(builder)) {
            if (++documents > documentsMax) {
                return Error{ErrorCode::invalid,
                             u"more than one document (---) in a text: expected one"_s};
            }
        }
        return builder.takeRoot();
    } catch (const Refusal &refusal) {
        return atLine(refusal.line, refusal.message);
    } catch (const YAML::Exception &fault) {
        return atLine(fault.mark.line + 1, QString::fromStdString(fault.msg));
    } catch (const std::exception &fault) {
        return Error{ErrorCode::invalid, u"no YAML: %1"_s.arg(QString::fromUtf8(fault.what()))};
    }
}

} // namespace

Result<DocumentNode> readYaml(const QByteArray &text) { return readDocuments(text, 1); }

Result<void> checkYaml(const QByteArray &text)
{
    const auto read = readDocuments(text, std::numeric_limits<int>::max());
    return read ? Result<void>() : read.error();
}

} // namespace coffer::config
