// SPDX-License-Identifier: Apache-2.0
#include "rpc/schema_node_p.h"

#include <QCborMap>
#include <QJsonArray>
#include <QJsonObject>
#include <QSet>

#include <cmath>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

using Node = Schema::Node;

/// Thrown and caught inside this file.
struct Unreadable
{
    QString why;
};

constexpr double exactMax = 9007199254740992.0; // 2^53

/// All forms that a value may have: \a node itself, and what it is made of.
void collect(const Node *node, std::vector<const Node *> &forms)
{
    if (!node)
        return;
    forms.push_back(node);
    for (const auto *list : {&node->allOf, &node->anyOf, &node->oneOf}) {
        for (const Node *part : *list)
            collect(part, forms);
    }
}

using Forms = std::vector<const Node *>;

Forms memberForms(const Forms &forms, const QString &name)
{
    Forms found;
    for (const Node *form : forms) {
        const auto property = form->properties.find(name);
        collect(property != form->properties.end() ? property->second : form->additional, found);
        for (const auto &[pattern, node] : form->likeNamed)
            collect(node, found);
    }
    return found;
}

Forms itemForms(const Forms &forms)
{
    Forms found;
    for (const Node *form : forms)
        collect(form->items, found);
    return found;
}

bool has(const Forms &forms, unsigned type)
{
    return std::any_of(forms.begin(), forms.end(),
                       [type](const Node *form) { return form->types & type; });
}

QByteArray decode(const QString &name, const QJsonValue &value)
{
    const auto decoded = QByteArray::fromBase64Encoding(value.toString().toLatin1(),
                                                        QByteArray::AbortOnBase64DecodingErrors);
    if (!value.isString() || !decoded)
        throw Unreadable{u"%1: expected base64 (RFC 4648, with + and /)"_s.arg(name)};
    return *decoded;
}

QCborValue convert(const QJsonValue &json, const Forms &forms);

QCborMap convertObject(const QJsonObject &object, const Forms &forms)
{
    const QString suffix = u"Base64"_s;
    QCborMap map;
    for (auto member = object.begin(); member != object.end(); ++member) {
        const QString name = member.key();
        const QString stem = name.chopped(name.endsWith(suffix) ? suffix.size() : 0);
        const Forms own = memberForms(forms, name);
        if (stem.size() == name.size() || has(own, Node::bytes)
            || !has(memberForms(forms, stem), Node::bytes)) {
            map.insert(name, convert(member.value(), own));
            continue;
        }
        if (object.contains(stem))
            throw Unreadable{u"%1: expected either %2 or %1, found both"_s.arg(name, stem)};
        map.insert(stem, decode(name, member.value()));
    }
    return map;
}

QCborValue convert(const QJsonValue &json, const Forms &forms)
{
    if (json.isString() && has(forms, Node::bytes) && !has(forms, Node::text))
        return json.toString().toUtf8();
    if (json.isObject())
        return convertObject(json.toObject(), forms);
    if (json.isArray()) {
        const Forms items = itemForms(forms);
        QCborArray array;
        const QJsonArray from = json.toArray();
        for (const QJsonValue item : from)
            array.append(convert(item, items));
        return array;
    }
    if (!json.isDouble())
        return QCborValue::fromJsonValue(json);
    if (json.toVariant().typeId() == QMetaType::LongLong)
        return json.toInteger();
    // 1.0 and 1e3 are integers in JSON Schema; larger ones have lost their last digits already.
    const double number = json.toDouble();
    const bool isWhole = std::abs(number) <= exactMax && number == std::floor(number);
    return isWhole ? QCborValue(qint64(number)) : QCborValue(number);
}

} // namespace

Answer<QCborValue> Schema::fromJson(const QJsonValue &json) const
{
    Forms forms;
    collect(m_body->root, forms);
    try {
        return convert(json, forms);
    } catch (const Unreadable &unreadable) {
        return Failure::of(Code::invalidArgument, unreadable.why);
    }
}

} // namespace coffer::rpc
