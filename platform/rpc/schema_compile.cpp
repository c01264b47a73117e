// SPDX-License-Identifier: Apache-2.0
#include "rpc/limits.h"
#include "rpc/schema_node_p.h"

#include <QCborMap>
#include <QJsonDocument>
#include <QJsonObject>

#include <functional>
#include <set>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

using Node = Schema::Node;

/// The first fault found. Thrown inside this file only, caught by Schema::parse().
struct Unusable
{
    QString place;
    QString what;
};

[[noreturn]] void fail(const QString &place, const QString &what) { throw Unusable{place, what}; }

/// Reads a document into nodes. The list of keywords is the table in reader().
class Compiler
{
public:
    Compiler(QCborMap document, std::deque<Node> &nodes, Schema::Of of)
        : m_document(document), m_nodes(nodes), m_of(of)
    {}

    const Node *compile(const QCborValue &schema, const QString &place);
    /// A schema that leads back to itself on the same value would be checked for ever.
    void refuseCycles() const;

private:
    using Reader = void (Compiler::*)(Node &, const QCborValue &, const QString &);

    [[nodiscard]] static const std::map<QString, Reader> &readers();
    void ignore(Node &, const QCborValue &, const QString &) {}
    void compileInto(Node &node, const QCborMap &map, const QString &place);
    [[nodiscard]] static Node::Pattern patternOf(const QString &text, const QString &place);
    void readAbout(Node &node, const QCborValue &value, const QString &place);
    void readType(Node &node, const QCborValue &value, const QString &place);
    void readEnum(Node &node, const QCborValue &value, const QString &place);
    void readConst(Node &node, const QCborValue &value, const QString &place);
    void readPattern(Node &node, const QCborValue &value, const QString &place);
    void readEncoding(Node &node, const QCborValue &value, const QString &place);
    void readProperties(Node &node, const QCborValue &value, const QString &place);
    void readLikeNamed(Node &node, const QCborValue &value, const QString &place);
    void readRequired(Node &node, const QCborValue &value, const QString &place);
    void readUnique(Node &node, const QCborValue &value, const QString &place);
    void readDefinitions(Node &node, const QCborValue &value, const QString &place);
    void readReference(Node &node, const QCborValue &value, const QString &place);
    template<std::optional<QCborValue> Node::*member>
    void readNumber(Node &node, const QCborValue &value, const QString &place);
    template<std::optional<qint64> Node::*member>
    void readCount(Node &node, const QCborValue &value, const QString &place);
    template<const Node *Node::*member>
    void readSchema(Node &node, const QCborValue &value, const QString &place);
    template<std::vector<const Node *> Node::*member>
    void readSchemas(Node &node, const QCborValue &value, const QString &place);

    QCborMap m_document;
    std::deque<Node> &m_nodes;
    Schema::Of m_of;
    int m_depth = 0;
    std::map<QString, const Node *> m_definitions; ///< Also those whose reading has just begun.
};

const std::map<QString, Compiler::Reader> &Compiler::readers()
{
    static const std::map<QString, Reader> all{
        {u"$schema"_s, &Compiler::ignore},
        {u"$comment"_s, &Compiler::ignore},
        {u"title"_s, &Compiler::readAbout},
        {u"description"_s, &Compiler::readAbout},
        {u"default"_s, &Compiler::ignore},
        {u"examples"_s, &Compiler::ignore},
        {u"type"_s, &Compiler::readType},
        {u"enum"_s, &Compiler::readEnum},
        {u"const"_s, &Compiler::readConst},
        {u"pattern"_s, &Compiler::readPattern},
        {u"contentEncoding"_s, &Compiler::readEncoding},
        {u"properties"_s, &Compiler::readProperties},
        {u"patternProperties"_s, &Compiler::readLikeNamed},
        {u"required"_s, &Compiler::readRequired},
        {u"uniqueItems"_s, &Compiler::readUnique},
        {u"definitions"_s, &Compiler::readDefinitions},
        {u"$ref"_s, &Compiler::readReference},
        {u"minimum"_s, &Compiler::readNumber<&Node::minimum>},
        {u"maximum"_s, &Compiler::readNumber<&Node::maximum>},
        {u"exclusiveMinimum"_s, &Compiler::readNumber<&Node::above>},
        {u"exclusiveMaximum"_s, &Compiler::readNumber<&Node::below>},
        {u"multipleOf"_s, &Compiler::readNumber<&Node::multipleOf>},
        {u"minLength"_s, &Compiler::readCount<&Node::lengthMin>},
        {u"maxLength"_s, &Compiler::readCount<&Node::lengthMax>},
        {u"minItems"_s, &Compiler::readCount<&Node::itemsMin>},
        {u"maxItems"_s, &Compiler::readCount<&Node::itemsMax>},
        {u"minProperties"_s, &Compiler::readCount<&Node::membersMin>},
        {u"maxProperties"_s, &Compiler::readCount<&Node::membersMax>},
        {u"items"_s, &Compiler::readSchema<&Node::items>},
        {u"additionalProperties"_s, &Compiler::readSchema<&Node::additional>},
        {u"propertyNames"_s, &Compiler::readSchema<&Node::names>},
        {u"not"_s, &Compiler::readSchema<&Node::isNot>},
        {u"allOf"_s, &Compiler::readSchemas<&Node::allOf>},
        {u"anyOf"_s, &Compiler::readSchemas<&Node::anyOf>},
        {u"oneOf"_s, &Compiler::readSchemas<&Node::oneOf>},
    };
    return all;
}

const Node *Compiler::compile(const QCborValue &schema, const QString &place)
{
    if (m_nodes.size() >= limits::schemaNodesMax)
        fail(place, u"more than %1 subschemas"_s.arg(limits::schemaNodesMax));
    Node &node = m_nodes.emplace_back();
    if (schema.isBool()) {
        node.isNever = schema.isFalse();
        return &node;
    }
    if (!schema.isMap())
        fail(place, u"a schema is an object, true or false"_s);
    if (++m_depth > limits::schemaDepthMax)
        fail(place, u"more than %1 subschemas within each other"_s.arg(limits::schemaDepthMax));
    compileInto(node, schema.toMap(), place);
    --m_depth;
    return &node;
}

void Compiler::compileInto(Node &node, const QCborMap &map, const QString &place)
{
    for (const auto &[key, value] : map) {
        const QString keyword = key.toString();
        const auto found = readers().find(keyword);
        const QString where = place + u'/' + keyword;
        if (found == readers().end()) {
            QStringList known;
            for (const auto &[name, read] : readers()) {
                if (m_of == Schema::Of::calls || name != "contentEncoding"_L1)
                    known += name;
            }
            fail(where, u"this keyword is not known; these are: "_s + known.join(u' '));
        }
        const bool isAlone = keyword != "$ref"_L1 || map.size() == 1;
        if (!isAlone)
            fail(where, u"stands alone; what stands beside $ref would not be obeyed"_s);
        (this->*found->second)(node, value, where);
    }
    // After all keywords, since their order in the document is arbitrary.
    if (map.contains(u"contentEncoding"_s)) {
        if (node.types != Node::text || node.pattern)
            fail(place + "/contentEncoding"_L1, u"goes with \"type\": \"string\" alone, and not "
                                                "with pattern"_s);
        node.types = Node::bytes;
    }
}

/// What a person is told besides: a description rather than a title.
void Compiler::readAbout(Node &node, const QCborValue &value, const QString &place)
{
    constexpr qsizetype aboutMax = 200;
    if (!value.isString())
        fail(place, u"a text"_s);
    if (node.about.isEmpty() || place.endsWith("/description"_L1))
        node.about = value.toString().left(aboutMax);
}

void Compiler::readType(Node &node, const QCborValue &value, const QString &place)
{
    static const std::map<QString, unsigned> types{
        {u"null"_s, Node::null},     {u"boolean"_s, Node::boolean}, {u"integer"_s, Node::integer},
        {u"number"_s, Node::number}, {u"string"_s, Node::text},     {u"array"_s, Node::array},
        {u"object"_s, Node::object}};
    const QCborArray names = value.isArray() ? value.toArray() : QCborArray{value};
    for (const QCborValue name : names) {
        const auto type = types.find(name.toString());
        if (type == types.end())
            fail(place, u"not a type of JSON Schema"_s);
        node.types |= type->second;
    }
    if (names.isEmpty())
        fail(place, u"at least one type"_s);
}

void Compiler::readEnum(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isArray() || value.toArray().isEmpty())
        fail(place, u"a list of at least one value"_s);
    node.values = value.toArray();
}

void Compiler::readConst(Node &node, const QCborValue &value, const QString &place)
{
    if (node.values)
        fail(place, u"not beside enum"_s);
    node.values = QCborArray{value};
}

/// PCRE gives up a match that takes too many steps, rather than trying every way there is.
Node::Pattern Compiler::patternOf(const QString &text, const QString &place)
{
    if (text.size() > limits::patternLengthMax)
        fail(place, u"%1 characters, a regular expression may have %2"_s.arg(text.size())
                        .arg(limits::patternLengthMax));
    if (text.startsWith("(*"_L1))
        fail(place, u"a regular expression does not begin with a verb, \"(*...\", here"_s);
    const QString bound = u"(*LIMIT_MATCH=%1)"_s.arg(limits::patternStepsMax);
    Node::Pattern pattern{text, QRegularExpression(bound + text)};
    if (!pattern.expression.isValid())
        fail(place, u"not a regular expression: "_s + pattern.expression.errorString());
    pattern.expression.optimize();
    return pattern;
}

void Compiler::readPattern(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isString())
        fail(place, u"not a regular expression, which is a text"_s);
    node.pattern = patternOf(value.toString(), place);
}

void Compiler::readEncoding(Node &, const QCborValue &value, const QString &place)
{
    if (m_of == Schema::Of::documents)
        fail(place, u"only calls have byte strings; a document has none"_s);
    if (value != QCborValue(u"base64"_s))
        fail(place, u"only \"base64\" is known"_s);
}

void Compiler::readProperties(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isMap())
        fail(place, u"an object of schemas"_s);
    const QCborMap map = value.toMap();
    for (const auto &[name, schema] : map)
        node.properties[name.toString()] = compile(schema, place + u'/' + name.toString());
}

void Compiler::readLikeNamed(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isMap())
        fail(place, u"an object of schemas, by regular expressions"_s);
    const QCborMap map = value.toMap();
    for (const auto &[name, schema] : map) {
        const QString where = place + u'/' + name.toString();
        node.likeNamed.emplace_back(patternOf(name.toString(), where), compile(schema, where));
    }
}

void Compiler::readRequired(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isArray())
        fail(place, u"a list of names"_s);
    const QCborArray names = value.toArray();
    for (const QCborValue name : names) {
        if (!name.isString())
            fail(place, u"a list of names"_s);
        node.required.append(name.toString());
    }
    node.required.sort(); // they are looked for
}

void Compiler::readUnique(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isBool())
        fail(place, u"true or false"_s);
    node.isUnique = value.isTrue();
}

void Compiler::readDefinitions(Node &, const QCborValue &value, const QString &place)
{
    if (place != "/definitions"_L1 || !value.isMap())
        fail(place, u"an object of schemas, at the top of the document"_s);
    const QCborMap map = value.toMap();
    for (const auto &[name, schema] : map) // those that nobody refers to are checked too
        compile(schema, place + u'/' + name.toString());
}

void Compiler::readReference(Node &node, const QCborValue &value, const QString &place)
{
    const QString target = value.toString();
    if (target == "#"_L1) {
        node.allOf = {&m_nodes.front()};
        return;
    }
    const QString prefix = u"#/definitions/"_s;
    const QString name = target.mid(prefix.size());
    const QCborMap definitions = m_document.value(u"definitions"_s).toMap();
    if (!target.startsWith(prefix) || !definitions.contains(name))
        fail(place, u"only \"#\" and \"#/definitions/NAME\" of this document can be referred to"_s);
    const auto known = m_definitions.find(name);
    if (known != m_definitions.end()) {
        node.allOf = {known->second};
        return;
    }
    // Noted before it is read, so that a definition may refer to itself.
    Node &shared = m_nodes.emplace_back();
    m_definitions[name] = &shared;
    node.allOf = {&shared};
    shared.allOf = {compile(definitions.value(name), "/definitions/"_L1 + name)};
}

template<std::optional<QCborValue> Node::*member>
void Compiler::readNumber(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isInteger() && !value.isDouble())
        fail(place, u"a number"_s);
    if (member == &Node::multipleOf && (!value.isInteger() || value.toInteger() < 1))
        fail(place, u"an integer of at least 1"_s);
    node.*member = value;
}

template<std::optional<qint64> Node::*member>
void Compiler::readCount(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isInteger() || value.toInteger() < 0)
        fail(place, u"an integer of at least 0"_s);
    node.*member = value.toInteger();
}

template<const Node *Node::*member>
void Compiler::readSchema(Node &node, const QCborValue &value, const QString &place)
{
    node.*member = compile(value, place);
}

template<std::vector<const Node *> Node::*member>
void Compiler::readSchemas(Node &node, const QCborValue &value, const QString &place)
{
    if (!value.isArray() || value.toArray().isEmpty())
        fail(place, u"a list of at least one schema"_s);
    const QCborArray schemas = value.toArray();
    for (qsizetype i = 0; i < schemas.size(); ++i)
        (node.*member).push_back(compile(schemas.at(i), place + u'/' + QString::number(i)));
}

void Compiler::refuseCycles() const
{
    std::set<const Node *> done;
    std::set<const Node *> open;
    const std::function<void(const Node *)> visit = [&](const Node *node) {
        if (!node || done.contains(node))
            return;
        if (!open.insert(node).second)
            fail(u"/"_s, u"a $ref leads back to itself without going into a member"_s);
        for (const auto *list : {&node->allOf, &node->anyOf, &node->oneOf}) {
            for (const Node *next : *list)
                visit(next);
        }
        visit(node->isNot);
        open.erase(node);
        done.insert(node);
    };
    for (const Node &node : m_nodes)
        visit(&node);
}

} // namespace

Schema::Schema(std::shared_ptr<const Body> body) : m_body(std::move(body)) {}

QCborValue Schema::document() const { return m_body->document; }

Result<Schema> Schema::parse(const QByteArray &json, Of of)
{
    if (json.size() > limits::schemaBytesMax)
        return Error{
            ErrorCode::invalid,
            u"%1 bytes, a schema has at most %2"_s.arg(json.size()).arg(limits::schemaBytesMax)};
    QJsonParseError fault;
    const QJsonDocument document = QJsonDocument::fromJson(json, &fault);
    if (!document.isObject())
        return Error{
            ErrorCode::invalid,
            u"not a JSON object: %1 at byte %2"_s.arg(fault.errorString()).arg(fault.offset)};
    const QCborMap map = QCborMap::fromJsonObject(document.object());
    auto body = std::make_shared<Body>();
    body->document = map;
    try {
        Compiler compiler(map, body->nodes, of);
        body->root = compiler.compile(map, {});
        compiler.refuseCycles();
    } catch (const Unusable &found) {
        return Error{ErrorCode::invalid, found.place + ": "_L1 + found.what};
    }
    return Schema(std::move(body));
}

} // namespace coffer::rpc
