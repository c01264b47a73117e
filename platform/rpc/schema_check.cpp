// SPDX-License-Identifier: Apache-2.0
#include "rpc/limits.h"
#include "rpc/schema_node_p.h"

#include <QCborMap>

#include <algorithm>
#include <compare>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

using Node = Schema::Node;

constexpr int stepsMax = 1'000'000;

unsigned typeOf(const QCborValue &value)
{
    switch (value.type()) {
    case QCborValue::Null: return Node::null;
    case QCborValue::True:
    case QCborValue::False: return Node::boolean;
    case QCborValue::Integer: return Node::integer;
    case QCborValue::Double: return Node::number & ~unsigned(Node::integer);
    case QCborValue::String: return Node::text;
    case QCborValue::ByteArray: return Node::bytes;
    case QCborValue::Array: return Node::array;
    case QCborValue::Map: return Node::object;
    default: return 0;
    }
}

QString describeTypes(unsigned types)
{
    QStringList words;
    const std::pair<unsigned, QString> names[]{
        {Node::null, u"null"_s},           {Node::boolean, u"true or false"_s},
        {Node::number, u"a number"_s},     {Node::text, u"a text"_s},
        {Node::bytes, u"a byte string"_s}, {Node::array, u"a list"_s},
        {Node::object, u"an object"_s}};
    for (const auto &[type, name] : names) {
        if (type == Node::number && (types & type) == Node::integer)
            words += u"an integer"_s;
        else if (types & type)
            words += name;
    }
    return words.isEmpty() ? u"something that JSON has not"_s : words.join(u" or "_s);
}

std::partial_ordering compareNumbers(const QCborValue &a, const QCborValue &b)
{
    if (a.isInteger() && b.isInteger())
        return a.toInteger() <=> b.toInteger();
    return a.toDouble() <=> b.toDouble();
}

/// A number as its bound was written.
QString show(const QCborValue &number)
{
    return number.isInteger() ? QString::number(number.toInteger())
                              : QString::number(number.toDouble());
}

/// One check of one value. The first fault is kept with its place.
class Check
{
public:
    /// False when \a value at \a place is not what \a node describes; why() says how.
    bool accepts(const Node &node, const QCborValue &value, const QString &place);
    [[nodiscard]] QString why() const { return m_why; }

private:
    bool refuse(const QString &place, const QString &expected);
    bool acceptsScalar(const Node &node, const QCborValue &value, const QString &place);
    bool acceptsNumber(const Node &node, const QCborValue &value, const QString &place);
    bool acceptsLength(const Node &node, const QCborValue &value, const QString &place);
    bool acceptsArray(const Node &node, const QCborArray &array, const QString &place);
    bool acceptsObject(const Node &node, const QCborMap &map, const QString &place);
    bool acceptsMember(const Node &node, const QString &name, const QCborValue &value,
                       const QString &place);
    bool acceptsAlternatives(const Node &node, const QCborValue &value, const QString &place);
    int countAccepting(const std::vector<const Node *> &nodes, const QCborValue &value,
                       const QString &place);

    int m_steps = 0;
    QString m_why;
};

bool Check::refuse(const QString &place, const QString &expected)
{
    m_why = (place.isEmpty() ? u"params"_s : place) + ": "_L1 + expected;
    return false;
}

bool Check::accepts(const Node &node, const QCborValue &value, const QString &place)
{
    if (++m_steps > stepsMax)
        return refuse(place, u"too much to check; send it in smaller calls"_s);
    if (node.isNever)
        return refuse(place, u"not allowed here"_s);
    const unsigned type = typeOf(value);
    if (type == 0 || (node.types != 0 && (node.types & type) == 0))
        return refuse(place,
                      u"expected %1, found %2"_s.arg(describeTypes(node.types ? node.types : 0xFFu),
                                                     describeTypes(type)));
    if (!acceptsScalar(node, value, place))
        return false;
    if (type == Node::array && !acceptsArray(node, value.toArray(), place))
        return false;
    if (type == Node::object && !acceptsObject(node, value.toMap(), place))
        return false;
    return acceptsAlternatives(node, value, place);
}

bool Check::acceptsScalar(const Node &node, const QCborValue &value, const QString &place)
{
    if (node.values && !node.values->contains(value)) {
        QStringList allowed;
        for (const QCborValue some : *node.values)
            allowed += some.toDiagnosticNotation();
        return refuse(place, u"expected one of "_s + allowed.join(u", "_s));
    }
    if (value.isInteger() || value.isDouble())
        return acceptsNumber(node, value, place);
    if (value.isString() || value.isByteArray())
        return acceptsLength(node, value, place);
    return true;
}

bool Check::acceptsNumber(const Node &node, const QCborValue &value, const QString &place)
{
    if (node.minimum && !(compareNumbers(value, *node.minimum) >= 0))
        return refuse(place, u"expected at least "_s + show(*node.minimum));
    if (node.maximum && !(compareNumbers(value, *node.maximum) <= 0))
        return refuse(place, u"expected at most "_s + show(*node.maximum));
    if (node.above && !(compareNumbers(value, *node.above) > 0))
        return refuse(place, u"expected more than "_s + show(*node.above));
    if (node.below && !(compareNumbers(value, *node.below) < 0))
        return refuse(place, u"expected less than "_s + show(*node.below));
    if (!node.multipleOf)
        return true;
    if (value.isInteger() && value.toInteger() % node.multipleOf->toInteger() == 0)
        return true;
    return refuse(place, u"expected a multiple of "_s + show(*node.multipleOf));
}

bool Check::acceptsLength(const Node &node, const QCborValue &value, const QString &place)
{
    const bool isText = value.isString();
    if (node.lengthMin || node.lengthMax) {
        // Characters, as the schema means them, not UTF-16 units.
        const qint64 length =
            isText ? value.toString().toUcs4().size() : value.toByteArray().size();
        const QString unit = isText ? u"characters"_s : u"bytes"_s;
        if (node.lengthMin && length < *node.lengthMin)
            return refuse(place, u"expected at least %1 %2"_s.arg(*node.lengthMin).arg(unit));
        if (node.lengthMax && length > *node.lengthMax)
            return refuse(
                place,
                u"expected at most %1 %2, found %3"_s.arg(*node.lengthMax).arg(unit).arg(length));
    }
    if (!isText || !node.pattern)
        return true;
    const QString text = value.toString();
    if (text.size() > limits::patternBytesMax)
        return refuse(place, u"expected at most %1 characters"_s.arg(limits::patternBytesMax));
    if (!node.pattern->match(text).hasMatch())
        return refuse(place, u"expected a text like "_s + node.pattern->pattern());
    return true;
}

bool Check::acceptsArray(const Node &node, const QCborArray &array, const QString &place)
{
    if (node.itemsMin && array.size() < *node.itemsMin)
        return refuse(place, u"expected at least %1 items"_s.arg(*node.itemsMin));
    if (node.itemsMax && array.size() > *node.itemsMax)
        return refuse(
            place, u"expected at most %1 items, found %2"_s.arg(*node.itemsMax).arg(array.size()));
    if (node.isUnique) {
        std::vector<QCborValue> sorted(array.begin(), array.end());
        const auto isLess = [](const QCborValue &a, const QCborValue &b) {
            return a.compare(b) < 0;
        };
        std::sort(sorted.begin(), sorted.end(), isLess);
        if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
            return refuse(place, u"expected no item twice"_s);
    }
    for (qsizetype i = 0; node.items && i < array.size(); ++i) {
        if (!accepts(*node.items, array.at(i), u"%1[%2]"_s.arg(place).arg(i)))
            return false;
    }
    return true;
}

bool Check::acceptsObject(const Node &node, const QCborMap &map, const QString &place)
{
    if (node.membersMin && map.size() < *node.membersMin)
        return refuse(place, u"expected at least %1 members"_s.arg(*node.membersMin));
    if (node.membersMax && map.size() > *node.membersMax)
        return refuse(place, u"expected at most %1 members"_s.arg(*node.membersMax));
    QStringList seen;
    for (const auto &[key, value] : map) {
        if (!key.isString())
            return refuse(place, u"expected texts as names of members"_s);
        const QString name = key.toString();
        const bool isNamed = node.properties.contains(name);
        if (isNamed && seen.contains(name))
            return refuse(place, u"%1 is there twice"_s.arg(name));
        if (isNamed || node.required.contains(name))
            seen += name;
        if (!acceptsMember(node, name, value, place))
            return false;
    }
    for (const QString &name : node.required) {
        if (!seen.contains(name))
            return refuse(place, u"expected the member "_s + name);
    }
    return true;
}

bool Check::acceptsMember(const Node &node, const QString &name, const QCborValue &value,
                          const QString &place)
{
    const auto found = node.properties.find(name);
    const QString where = place.isEmpty() ? name : place + u'.' + name;
    if (node.names && !accepts(*node.names, name, where))
        return false;
    if (found != node.properties.end())
        return accepts(*found->second, value, where);
    if (!node.additional)
        return typeOf(value) != 0 || refuse(where, u"expected a value that JSON has"_s);
    if (!node.additional->isNever)
        return accepts(*node.additional, value, where);
    QStringList known;
    for (const auto &[some, unused] : node.properties)
        known += some;
    return refuse(where, known.isEmpty() ? u"not known; there are no members here"_s
                                         : u"not known; known are "_s + known.join(u", "_s));
}

int Check::countAccepting(const std::vector<const Node *> &nodes, const QCborValue &value,
                          const QString &place)
{
    return int(std::count_if(nodes.begin(), nodes.end(),
                             [&](const Node *node) { return accepts(*node, value, place); }));
}

bool Check::acceptsAlternatives(const Node &node, const QCborValue &value, const QString &place)
{
    for (const Node *part : node.allOf) {
        if (!accepts(*part, value, place))
            return false;
    }
    // The fault of the last alternative stays as the reason when there is but one.
    if (!node.anyOf.empty() && countAccepting(node.anyOf, value, place) == 0)
        return node.anyOf.size() == 1
               || refuse(place,
                         u"fits none of the %1 forms; the last one: %2"_s.arg(node.anyOf.size())
                             .arg(m_why));
    if (!node.oneOf.empty()) {
        const int fitting = countAccepting(node.oneOf, value, place);
        if (fitting > 1)
            return refuse(place, u"fits %1 of the forms, expected exactly one"_s.arg(fitting));
        if (fitting == 0)
            return refuse(
                place,
                u"fits none of the %1 forms; the last one: %2"_s.arg(node.oneOf.size()).arg(m_why));
    }
    if (node.isNot && accepts(*node.isNot, value, place))
        return refuse(place, u"has the one form that it must not have"_s);
    // A search that gave up has not decided anything.
    return m_steps <= stepsMax || refuse(place, u"too much to check; send it in smaller calls"_s);
}

} // namespace

std::optional<QString> Schema::refute(const QCborValue &value) const
{
    Check check;
    if (check.accepts(*m_body->root, value, {}))
        return {};
    return check.why();
}

} // namespace coffer::rpc
