// SPDX-License-Identifier: Apache-2.0
#include "node/access_rules.h"

#include "pluginapi/cbor_fields.h"
#include "rpc/json.h"
#include "store/glob_cover.h"
#include "store/path.h"

#include <QCborArray>
#include <QCborMap>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::node {

using pluginapi::CborFields;
using Kind = rpc::Access::Kind;

// ---- rules

bool Rule::isFor(Kind action) const
{
    switch (action) {
    case Kind::open: return true;
    case Kind::read: return isRead;
    case Kind::write: return isWrite;
    case Kind::admin: break;
    }
    return isAdmin;
}

bool Rule::isForMethod(const QString &method) const
{
    return methods.endsWith('*'_L1) ? method.startsWith(QStringView(methods).chopped(1))
                                    : method == methods;
}

/// The path before "/**" where a pattern has that at its end, which belongs to the tree.
static std::optional<store::Glob> headOf(const store::Glob &tree)
{
    const QByteArray &pattern = tree.pattern();
    if (!pattern.endsWith("/**") || pattern.size() == 3)
        return {};
    const Result<store::Glob> head = store::Glob::parse(pattern.chopped(3));
    return head ? std::optional(*head) : std::nullopt;
}

bool Rule::covers(const store::Glob &asked) const
{
    const std::optional<store::Glob> head = headOf(path);
    return store::covers(path, asked) || (head && store::covers(*head, asked));
}

bool Rule::meets(const store::Glob &asked) const
{
    const std::optional<store::Glob> head = headOf(path);
    return store::intersects(path, asked) || (head && store::intersects(*head, asked));
}

static QString actionsOf(const Rule &rule)
{
    QStringList actions;
    for (const auto &[isSet, name] :
         {std::pair(rule.isRead, u"read"_s), std::pair(rule.isWrite, u"write"_s),
          std::pair(rule.isAdmin, u"admin"_s)}) {
        if (isSet)
            actions.append(name);
    }
    return actions.join(','_L1);
}

QString Rule::text() const
{
    return u"%1 %2 %3 %4"_s.arg(isAllow ? u"allow"_s : u"deny"_s, actionsOf(*this),
                                QString::fromUtf8(path.pattern()), methods);
}

Result<void> setActions(Rule &rule, const QString &actions)
{
    const Error wrong{ErrorCode::invalid,
                      u"actions: '%1': expected read, write, admin, several of them with commas, "
                      "or all"_s.arg(actions.left(64))};
    for (const QString &action : actions.split(','_L1)) {
        const bool isAll = action == "all"_L1;
        if (!isAll && action != "read"_L1 && action != "write"_L1 && action != "admin"_L1)
            return wrong;
        rule.isRead = rule.isRead || isAll || action == "read"_L1;
        rule.isWrite = rule.isWrite || isAll || action == "write"_L1;
        rule.isAdmin = rule.isAdmin || isAll || action == "admin"_L1;
    }
    return {};
}

/// Letters, digits and dots, and a star at the end.
static bool isMethodPattern(const QString &methods)
{
    const QStringView name = methods.endsWith('*'_L1) ? QStringView(methods).chopped(1) : methods;
    const auto isFit = [](QChar letter) {
        return (letter.unicode() < 128 && letter.isLetterOrNumber()) || letter == '.'_L1;
    };
    return !methods.isEmpty() && std::size_t(methods.size()) <= limits::accessPatternBytesMax
           && std::all_of(name.begin(), name.end(), isFit);
}

Result<Rule> makeRule(bool isAllow, const QString &actions, const QByteArray &path,
                      const QString &methods)
{
    if (std::size_t(path.size()) > limits::accessPatternBytesMax) {
        return Error{ErrorCode::invalid, u"path: has %1 bytes, %2 are allowed"_s.arg(path.size())
                                             .arg(limits::accessPatternBytesMax)};
    }
    Result<store::Glob> glob = store::Glob::parse(path);
    if (!glob)
        return glob.error().in(u"path"_s);
    if (!isMethodPattern(methods)) {
        return Error{ErrorCode::invalid,
                     u"methods: '%1': expected the name of a method, or its beginning and a star, "
                     "as store.*"_s.arg(methods.left(64))};
    }
    Rule rule{.isAllow = isAllow, .path = std::move(*glob), .methods = methods};
    if (const Result<void> set = setActions(rule, actions); !set)
        return set.error();
    return rule;
}

bool isRoleName(const QString &name)
{
    const QByteArray bytes = name.toUtf8();
    return !bytes.isEmpty() && std::size_t(bytes.size()) <= limits::accessNameBytesMax
           && std::all_of(bytes.begin(), bytes.end(), &store::isSegmentByte);
}

// ---- records

static Result<QCborMap> readRecord(const QByteArray &record)
{
    if (std::size_t(record.size()) > limits::accessRecordBytesMax) {
        return Error{ErrorCode::invalid,
                     u"the record has %1 bytes, %2 are allowed"_s.arg(record.size())
                         .arg(limits::accessRecordBytesMax)};
    }
    if (const std::optional<QString> why = rpc::refuteJsonSize(record))
        return Error{ErrorCode::invalid, *why};
    QJsonParseError fault;
    const QJsonDocument document = QJsonDocument::fromJson(record, &fault);
    if (!document.isObject()) {
        return Error{ErrorCode::invalid, u"the record is no JSON object: "_s + fault.errorString()};
    }
    return QCborMap::fromJsonObject(document.object());
}

static QByteArray record(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

static void readRule(const QCborValue &value, const QString &where, std::vector<Rule> &rules,
                     CborFields &of)
{
    const QCborMap map = value.toMap();
    CborFields fields(map, where);
    const QString effect = QString::fromUtf8(fields.text("effect", 16));
    if (effect != "allow"_L1 && effect != "deny"_L1)
        fields.fail("effect", u"has to be allow or deny"_s);
    const QString actions = QString::fromUtf8(fields.text("actions", 64));
    const QByteArray path = fields.text("path", limits::accessPatternBytesMax);
    const QString methods =
        QString::fromUtf8(fields.text("methods", limits::accessPatternBytesMax));
    if (std::optional<Error> fault = fields.finish()) {
        of.fail(std::move(*fault));
        return;
    }
    Result<Rule> rule = makeRule(effect == "allow"_L1, actions, path, methods);
    if (rule)
        rules.push_back(std::move(*rule));
    else
        of.fail(rule.error().in(where));
}

QByteArray encodeRules(const std::vector<Rule> &rules)
{
    QJsonArray array;
    for (const Rule &rule : rules) {
        array.append(QJsonObject{{u"effect"_s, rule.isAllow ? u"allow"_s : u"deny"_s},
                                 {u"actions"_s, actionsOf(rule)},
                                 {u"path"_s, QString::fromUtf8(rule.path.pattern())},
                                 {u"methods"_s, rule.methods}});
    }
    return record({{u"rules"_s, array}});
}

Result<std::vector<Rule>> decodeRules(const QByteArray &record)
{
    const Result<QCborMap> map = readRecord(record);
    if (!map)
        return map.error();
    CborFields fields(*map);
    fields.require("rules");
    std::vector<Rule> rules;
    const QCborArray array = fields.array("rules", limits::accessRulesMax);
    for (qsizetype at = 0; at < array.size(); ++at)
        readRule(array.at(at), u"rules[%1]"_s.arg(at), rules, fields);
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return rules;
}

static QStringList readRoles(CborFields &fields)
{
    fields.require("roles");
    QStringList roles;
    for (const QCborValue value : fields.array("roles", limits::accessRolesMax)) {
        if (!value.isString() || !isRoleName(value.toString()))
            fields.fail("roles", u"has to be a list of names of roles"_s);
        else
            roles.append(value.toString());
    }
    return roles;
}

QByteArray encodeToken(const TokenRecord &token)
{
    return record({{u"hash"_s, QString::fromLatin1(token.hash)},
                   {u"createdMs"_s, token.createdMs},
                   {u"expiresMs"_s, token.expiresMs},
                   {u"roles"_s, QJsonArray::fromStringList(token.roles)},
                   {u"note"_s, token.note}});
}

Result<TokenRecord> decodeToken(const QByteArray &record)
{
    const Result<QCborMap> map = readRecord(record);
    if (!map)
        return map.error();
    CborFields fields(*map);
    for (const char *name : {"hash", "createdMs"})
        fields.require(name);
    TokenRecord token;
    token.hash = fields.text("hash", 128);
    if (!std::all_of(token.hash.begin(), token.hash.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; }))
        fields.fail("hash", u"has to be ASCII, as libsodium writes it"_s);
    token.createdMs = qint64(fields.number("createdMs"));
    token.expiresMs = qint64(fields.number("expiresMs"));
    token.roles = readRoles(fields);
    token.note = QString::fromUtf8(fields.text("note", limits::accessNoteBytesMax));
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return token;
}

QByteArray encodeRoleNames(const QStringList &roles)
{
    return record({{u"roles"_s, QJsonArray::fromStringList(roles)}});
}

Result<QStringList> decodeRoleNames(const QByteArray &record)
{
    const Result<QCborMap> map = readRecord(record);
    if (!map)
        return map.error();
    CborFields fields(*map);
    QStringList roles = readRoles(fields);
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return roles;
}

} // namespace coffer::node
