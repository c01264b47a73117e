// SPDX-License-Identifier: Apache-2.0
#include "rpc/limits.h"
#include "rpc/schema_node_p.h"

#include <QCborMap>

#include <algorithm>
#include <chrono>
#include <compare>
#include <set>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

using Node = Schema::Node;

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

/// A value for people, on one line.
QString brief(const QCborValue &value)
{
    constexpr qsizetype shownMax = 60;
    if (value.isMap() || value.isArray())
        return describeTypes(typeOf(value));
    if (!value.isString())
        return value.isDouble() ? show(value) : value.toDiagnosticNotation();
    const QString text = value.toString();
    return u'"' + text.left(shownMax) + (text.size() > shownMax ? u"...\""_s : u"\""_s);
}

/// Some of \a words; a list may be long, and is made for each fault.
QString someOf(const QStringList &words)
{
    constexpr qsizetype wordsMax = 12;
    const QString more = words.size() > wordsMax ? u", ..."_s : QString();
    return words.mid(0, wordsMax).join(u", "_s) + more;
}

/// A way into a member, or into an item of a list.
struct Step
{
    QString name = {};
    qsizetype index = -1; ///< None: it is a member.
};

struct Found
{
    std::vector<Step> place;
    QString what;
    QString about;
    QString missing = {}; ///< The member that should be there.
    bool isOfType = false;
};

/// "guards[3].revision".
QString dotted(const std::vector<Step> &place, std::size_t from = 0)
{
    QString text;
    for (std::size_t i = from; i < place.size(); ++i) {
        if (place[i].index >= 0)
            text += u"[%1]"_s.arg(place[i].index);
        else
            text += (text.isEmpty() ? QString() : u"."_s) + place[i].name;
    }
    return text;
}

/// One check of one value. Goes on until it has found so many faults, or it is too much.
class Check
{
public:
    struct Bounds
    {
        std::size_t faults;
        qint64 steps;
        std::chrono::steady_clock::time_point until;
    };
    explicit Check(const Bounds &bounds) : m_bounds(bounds) {}

    /// Whether \a value is as \a node describes it; else there is at least one of faults().
    bool accepts(const Node &node, const QCborValue &value);
    /// A search that gave up has not decided anything.
    [[nodiscard]] bool isTooMuch() const { return m_isTooMuch; }
    [[nodiscard]] const std::vector<Found> &faults() const { return m_faults; }

private:
    bool refuse(const Node &node, const QString &expected);
    bool refuseType(const Node &node, unsigned type);
    bool refuseMissing(const Node &node, const QString &name);
    /// False if the budget is spent.
    bool spend(qint64 steps);
    [[nodiscard]] bool isFull() const { return m_faults.size() >= m_bounds.faults; }
    bool acceptsInside(const Node &node, const QCborValue &value, unsigned type);
    bool acceptsScalar(const Node &node, const QCborValue &value);
    bool acceptsNumber(const Node &node, const QCborValue &value);
    bool acceptsText(const Node &node, const QString &text);
    bool acceptsBytes(const Node &node, const QByteArray &bytes);
    bool acceptsLength(const Node &node, qint64 length, const QString &unit);
    std::optional<bool> matches(const Node::Pattern &pattern, const QString &text);
    bool acceptsArray(const Node &node, const QCborArray &array);
    bool acceptsObject(const Node &node, const QCborMap &map);
    bool acceptsMember(const Node &node, const QString &name, const QCborValue &value);
    bool acceptsNamed(const Node &node, const QString &name, const QCborValue &value);
    bool acceptsAlternatives(const Node &node, const QCborValue &value);
    bool acceptsOneForm(const Node &node, const std::vector<const Node *> &forms,
                        const QCborValue &value, bool isOnly);
    /// The first fault of \a value, without noting it; none: it is accepted.
    std::optional<Found> tried(const Node &node, const QCborValue &value);

    Bounds m_bounds;
    qint64 m_steps = 0;
    int m_depth = 0;
    bool m_isTooMuch = false;
    std::vector<Step> m_place;
    std::vector<Found> m_faults;
};

bool Check::refuse(const Node &node, const QString &expected)
{
    if (!isFull())
        m_faults.push_back({m_place, expected, node.about});
    return false;
}

bool Check::refuseType(const Node &node, unsigned type)
{
    const bool isFirst = !isFull();
    refuse(node, u"expected %1, found %2"_s.arg(describeTypes(node.types ? node.types : 0xFFu),
                                                describeTypes(type)));
    if (isFirst)
        m_faults.back().isOfType = true;
    return false;
}

bool Check::refuseMissing(const Node &node, const QString &name)
{
    const auto found = node.properties.find(name);
    const bool isFirst = !isFull();
    refuse(found == node.properties.end() ? node : *found->second,
           u"expected the member "_s + name);
    if (isFirst)
        m_faults.back().missing = name;
    return false;
}

bool Check::spend(qint64 steps)
{
    m_steps += steps;
    m_isTooMuch = m_isTooMuch || m_steps > m_bounds.steps;
    return !m_isTooMuch;
}

bool Check::accepts(const Node &node, const QCborValue &value)
{
    if (!spend(1))
        return false;
    if (m_depth >= limits::checkDepthMax) {
        m_isTooMuch = true;
        return false;
    }
    if (node.isNever)
        return refuse(node, u"not allowed here"_s);
    const unsigned type = typeOf(value);
    if (type == 0 || (node.types != 0 && (node.types & type) == 0))
        return refuseType(node, type);
    ++m_depth;
    const bool isFine = acceptsInside(node, value, type);
    --m_depth;
    return isFine;
}

bool Check::acceptsInside(const Node &node, const QCborValue &value, unsigned type)
{
    bool isFine = acceptsScalar(node, value);
    if (type == Node::array)
        isFine = acceptsArray(node, value.toArray()) && isFine;
    else if (type == Node::object)
        isFine = acceptsObject(node, value.toMap()) && isFine;
    if (isFull())
        return isFine;
    return acceptsAlternatives(node, value) && isFine;
}

bool Check::acceptsScalar(const Node &node, const QCborValue &value)
{
    if (node.values && (!spend(node.values->size()) || !node.values->contains(value))) {
        QStringList allowed;
        for (qsizetype i = 0; i < std::min<qsizetype>(node.values->size(), 20); ++i)
            allowed += brief(node.values->at(i));
        return refuse(node, (allowed.size() == 1 ? u"expected "_s : u"expected one of "_s)
                                + someOf(allowed) + u", found "_s + brief(value));
    }
    if (value.isInteger() || value.isDouble())
        return acceptsNumber(node, value);
    if (value.isString())
        return acceptsText(node, value.toString());
    return !value.isByteArray() || acceptsBytes(node, value.toByteArray());
}

bool Check::acceptsNumber(const Node &node, const QCborValue &value)
{
    const auto refuseBound = [&](const QString &expected, const QCborValue &bound) {
        return refuse(node, u"expected %1 %2, found %3"_s.arg(expected, show(bound), show(value)));
    };
    if (node.minimum && !(compareNumbers(value, *node.minimum) >= 0))
        return refuseBound(u"at least"_s, *node.minimum);
    if (node.maximum && !(compareNumbers(value, *node.maximum) <= 0))
        return refuseBound(u"at most"_s, *node.maximum);
    if (node.above && !(compareNumbers(value, *node.above) > 0))
        return refuseBound(u"more than"_s, *node.above);
    if (node.below && !(compareNumbers(value, *node.below) < 0))
        return refuseBound(u"less than"_s, *node.below);
    if (!node.multipleOf)
        return true;
    if (value.isInteger() && value.toInteger() % node.multipleOf->toInteger() == 0)
        return true;
    return refuseBound(u"a multiple of"_s, *node.multipleOf);
}

bool Check::acceptsLength(const Node &node, qint64 length, const QString &unit)
{
    if (node.lengthMin && length < *node.lengthMin)
        return refuse(
            node,
            u"expected at least %1 %2, found %3"_s.arg(*node.lengthMin).arg(unit).arg(length));
    if (node.lengthMax && length > *node.lengthMax)
        return refuse(
            node, u"expected at most %1 %2, found %3"_s.arg(*node.lengthMax).arg(unit).arg(length));
    return true;
}

bool Check::acceptsBytes(const Node &node, const QByteArray &bytes)
{
    return acceptsLength(node, bytes.size(), u"bytes"_s);
}

bool Check::acceptsText(const Node &node, const QString &text)
{
    constexpr int charactersAStep = 64;
    if (!node.lengthMin && !node.lengthMax && !node.pattern)
        return true;
    if (!spend(text.size() / charactersAStep))
        return false;
    // Characters, as the schema means them, not UTF-16 units.
    const qint64 length = node.lengthMin || node.lengthMax ? text.toUcs4().size() : 0;
    if (!acceptsLength(node, length, u"characters"_s))
        return false;
    if (!node.pattern)
        return true;
    if (text.size() > limits::patternBytesMax)
        return refuse(node, u"expected at most %1 characters"_s.arg(limits::patternBytesMax));
    const std::optional<bool> fits = matches(*node.pattern, text);
    if (!fits)
        return refuse(node, u"its pattern, %1, takes too long on %2: make it simpler"_s.arg(
                                node.pattern->text, brief(text)));
    return *fits
           || refuse(node,
                     u"expected a text like %1, found %2"_s.arg(node.pattern->text, brief(text)));
}

/// Nothing if the expression gave up.
std::optional<bool> Check::matches(const Node::Pattern &pattern, const QString &text)
{
    constexpr int stepsOfMatch = 10;
    if (!spend(stepsOfMatch))
        return std::nullopt;
    const QRegularExpressionMatch match = pattern.expression.match(text);
    if (std::chrono::steady_clock::now() > m_bounds.until)
        m_isTooMuch = true;
    if (!match.isValid())
        return std::nullopt;
    return match.hasMatch();
}

bool Check::acceptsArray(const Node &node, const QCborArray &array)
{
    if (!spend(array.size()))
        return false;
    bool isFine = true;
    if (node.itemsMin && array.size() < *node.itemsMin)
        isFine = refuse(
            node, u"expected at least %1 items, found %2"_s.arg(*node.itemsMin).arg(array.size()));
    if (node.itemsMax && array.size() > *node.itemsMax)
        isFine = refuse(
            node, u"expected at most %1 items, found %2"_s.arg(*node.itemsMax).arg(array.size()));
    constexpr int stepsOfSorting = 16; // for each
    if (node.isUnique && spend(array.size() * stepsOfSorting)) {
        std::vector<QCborValue> sorted(array.begin(), array.end());
        const auto isLess = [](const QCborValue &a, const QCborValue &b) {
            return a.compare(b) < 0;
        };
        std::sort(sorted.begin(), sorted.end(), isLess);
        const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
        if (twice != sorted.end())
            isFine = refuse(node, u"expected no item twice, found "_s + brief(*twice));
    }
    for (qsizetype i = 0; node.items && i < array.size() && !isFull(); ++i) {
        m_place.push_back({{}, i});
        isFine = accepts(*node.items, array.at(i)) && isFine;
        m_place.pop_back();
    }
    return isFine;
}

bool Check::acceptsObject(const Node &node, const QCborMap &map)
{
    if (!spend(map.size()))
        return false;
    bool isFine = true;
    if (node.membersMin && map.size() < *node.membersMin)
        isFine = refuse(node, u"expected at least %1 members"_s.arg(*node.membersMin));
    if (node.membersMax && map.size() > *node.membersMax)
        isFine = refuse(node, u"expected at most %1 members"_s.arg(*node.membersMax));
    std::set<QString> seen;
    for (const auto &[key, value] : map) {
        if (isFull())
            return false;
        if (!key.isString())
            return refuse(node, u"expected texts as names of members"_s);
        const QString name = key.toString();
        const bool isNamed = node.properties.contains(name);
        const bool isNeeded = std::binary_search(node.required.begin(), node.required.end(), name);
        if ((isNamed || isNeeded) && !seen.insert(name).second && isNamed)
            return refuse(node, u"%1 is there twice"_s.arg(name));
        isFine = acceptsMember(node, name, value) && isFine;
    }
    for (const QString &name : node.required) {
        if (!seen.contains(name))
            isFine = refuseMissing(node, name);
    }
    return isFine;
}

bool Check::acceptsMember(const Node &node, const QString &name, const QCborValue &value)
{
    m_place.push_back({name});
    const bool isFine =
        (!node.names || accepts(*node.names, name)) && acceptsNamed(node, name, value);
    m_place.pop_back();
    return isFine;
}

bool Check::acceptsNamed(const Node &node, const QString &name, const QCborValue &value)
{
    const auto found = node.properties.find(name);
    bool isDescribed = found != node.properties.end();
    bool isFine = !isDescribed || accepts(*found->second, value);
    for (const auto &[pattern, like] : node.likeNamed) {
        const bool isShort = name.size() <= limits::patternBytesMax;
        const std::optional<bool> fits = isShort ? matches(pattern, name) : std::nullopt;
        if (!fits)
            return refuse(node, u"this name is too long for the pattern "_s + pattern.text);
        if (*fits)
            isFine = accepts(*like, value) && isFine;
        isDescribed = isDescribed || *fits;
    }
    if (isDescribed)
        return isFine;
    if (!node.additional)
        return typeOf(value) != 0 || refuse(node, u"expected a value that JSON has"_s);
    if (!node.additional->isNever)
        return accepts(*node.additional, value);
    QStringList known;
    for (auto some = node.properties.begin(); some != node.properties.end() && known.size() < 20;
         ++some)
        known += some->first;
    for (const auto &[pattern, like] : node.likeNamed)
        known += pattern.text;
    return refuse(node, known.isEmpty() ? u"not known; there are no members here"_s
                                        : u"not known; known are "_s + someOf(known));
}

std::optional<Found> Check::tried(const Node &node, const QCborValue &value)
{
    std::vector<Found> noted;
    noted.swap(m_faults);
    const std::size_t most = std::exchange(m_bounds.faults, 1);
    const bool isFine = accepts(node, value);
    std::optional<Found> first;
    if (!isFine)
        first = m_faults.empty() ? Found{m_place, u"too much to check"_s, {}} : m_faults.front();
    m_bounds.faults = most;
    m_faults.swap(noted);
    return first;
}

/// anyOf and, if it \a isOnly one that may fit, oneOf.
bool Check::acceptsOneForm(const Node &node, const std::vector<const Node *> &forms,
                           const QCborValue &value, bool isOnly)
{
    constexpr std::size_t shownMax = 3;
    int fitting = 0;
    QStringList faults;
    for (const Node *form : forms) {
        const std::optional<Found> fault = tried(*form, value);
        fitting += fault ? 0 : 1;
        if (!fault && !isOnly)
            return true;
        if (!fault || std::size_t(faults.size()) >= shownMax)
            continue;
        if (forms.size() == 1) {
            if (!isFull())
                m_faults.push_back(*fault); // nothing else was possible
            return false;
        }
        const QString inside = dotted(fault->place, m_place.size());
        faults += inside.isEmpty() ? fault->what : inside + ": "_L1 + fault->what;
    }
    if (fitting == 1)
        return true;
    if (fitting > 1)
        return refuse(node, u"fits %1 of the forms, expected exactly one"_s.arg(fitting));
    return refuse(
        node, u"fits none of the %1 forms: %2"_s.arg(forms.size()).arg(faults.join(u"; or "_s)));
}

bool Check::acceptsAlternatives(const Node &node, const QCborValue &value)
{
    bool isFine = true;
    for (const Node *part : node.allOf) {
        isFine = accepts(*part, value) && isFine;
        if (isFull())
            return isFine;
    }
    if (!node.anyOf.empty())
        isFine = acceptsOneForm(node, node.anyOf, value, false) && isFine;
    if (!node.oneOf.empty())
        isFine = acceptsOneForm(node, node.oneOf, value, true) && isFine;
    if (node.isNot && !tried(*node.isNot, value))
        isFine = refuse(node, u"has the one form that it must not have"_s);
    return isFine;
}

} // namespace

std::optional<QString> Schema::refute(const QCborValue &value) const
{
    Check check({1, limits::checkStepsMax, std::chrono::steady_clock::time_point::max()});
    const bool isFine = check.accepts(*m_body->root, value);
    if (check.isTooMuch())
        return u"params: too much to check; send it in smaller calls"_s;
    if (isFine)
        return {};
    const Found &fault = check.faults().front();
    return (fault.place.empty() ? u"params"_s : dotted(fault.place)) + ": "_L1 + fault.what;
}

std::vector<Schema::Fault> Schema::faults(const QCborValue &value, std::size_t max) const
{
    const auto until = std::chrono::steady_clock::now() + limits::documentTimeMax;
    Check check({std::max<std::size_t>(max, 1), limits::documentStepsMax, until});
    check.accepts(*m_body->root, value);
    std::vector<Fault> faults;
    for (const Found &found : check.faults()) {
        Fault fault{{}, found.what, found.about, found.isOfType};
        for (const Step &step : found.place)
            fault.place += step.index < 0 ? step.name : QString::number(step.index);
        if (!found.missing.isEmpty()) {
            fault.place += found.missing;
            fault.message = u"expected, but it is missing"_s;
        }
        faults.push_back(fault);
    }
    if (check.isTooMuch())
        faults.push_back({{}, u"too much to check: make the schema simpler"_s, {}, false});
    return faults;
}

} // namespace coffer::rpc
