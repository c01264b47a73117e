// SPDX-License-Identifier: Apache-2.0
#include "node/auth_methods.h"

#include "node/store_schemas.h"
#include "rpc/entry.h"
#include "store/path.h"

#include <QCborArray>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using Kind = rpc::Access::Kind;

namespace {

const QByteArray textSchema = R"({"type":"string","minLength":1,"maxLength":512})";
const QByteArray nameSchema = R"({"type":"string","minLength":1,"maxLength":255})";
const QByteArray rolesSchema =
    R"({"type":"array","maxItems":64,"items":{"type":"string","minLength":1,"maxLength":64}})";

QByteArray member(const char *name, const QByteArray &schema)
{
    return '"' + QByteArray(name) + "\":" + schema;
}

rpc::Method method(const char *name, const char *summary, QByteArray params)
{
    rpc::Method of;
    of.name = QString::fromLatin1(name);
    of.summary = QString::fromLatin1(summary);
    of.params = std::move(params);
    of.result = R"({"type":"object"})";
    of.access.kind = Kind::admin;
    return of;
}

rpc::Failure invalid(const QString &why)
{
    return rpc::Failure::of(rpc::Code::invalidArgument, why);
}

rpc::Failure notFound(const QString &what)
{
    return rpc::Failure::of(rpc::Code::notFound, u"there is no "_s + what);
}

QString textIn(const rpc::Call &call, const char *name)
{
    return call.params.value(QLatin1StringView(name)).toString();
}

QCborArray arrayOf(const QStringList &texts) { return QCborArray::fromStringList(texts); }

/// "roles": names of roles, each once.
rpc::Answer<QStringList> rolesIn(const rpc::Call &call)
{
    QStringList roles;
    for (const QCborValue value : call.params.value("roles"_L1).toArray()) {
        if (!isRoleName(value.toString())) {
            return invalid(
                u"roles: '%1' cannot be the name of a role"_s.arg(value.toString().left(64)));
        }
        if (!roles.contains(value.toString()))
            roles.append(value.toString());
    }
    return roles;
}

/// "role": one that can be stored.
rpc::Answer<QString> roleIn(const rpc::Call &call)
{
    const QString role = textIn(call, "role");
    if (!isRoleName(role)) {
        return invalid(u"role: expected at most %1 of A-Z a-z 0-9 . - _ ~ @ % + = :"_s.arg(
            limits::accessNameBytesMax));
    }
    if (role == QLatin1StringView(access::rootRole))
        return invalid(u"role: root is there always, and cannot be changed"_s);
    return role;
}

QByteArray fileOfRole(const QString &role) { return access::roles + role.toUtf8(); }

rpc::Outcome done(const Result<Revision> &revision)
{
    if (!revision)
        return revision.error();
    return QCborValue(QCborMap{{u"revision"_s, qint64(revision->value())}});
}

} // namespace

// ---- the table

MethodTable<AuthMethods> AuthMethods::methods() const
{
    const QByteArray none = schemas::object({});
    rpc::Method status = method("auth.status", "Whether access control is on, and who asks.", none);
    status.access.kind = Kind::open;
    rpc::Method explain =
        method("auth.explain", "Whether somebody may make a call, and by which rule.",
               schemas::object(member("method", textSchema) + ','
                                   + member("path", R"({"type":"string","maxLength":4096})") + ','
                                   + member("token", nameSchema) + ',' + member("role", nameSchema)
                                   + ',' + member("certificate", nameSchema),
                               R"("method")"));
    return {
        {std::move(status), &AuthMethods::status},
        {method("auth.enable", "Turns access control on. Answers with the root token.",
                schemas::object(member("token", textSchema))),
         &AuthMethods::enable},
        {method("auth.disable", "Turns access control off: everybody may do everything.", none),
         &AuthMethods::disable},
        {std::move(explain), &AuthMethods::explain},
    };
}

MethodTable<AuthMethods> AuthMethods::roleMethods() const
{
    const QByteArray none = schemas::object({});
    const QByteArray role = member("role", nameSchema);
    const QByteArray name = member("name", nameSchema);
    return {
        {method("auth.role.list", "The roles and their rules.", none), &AuthMethods::listRoles},
        {method("auth.role.add", "Makes a role without rules.", schemas::object(role, R"("role")")),
         &AuthMethods::addRole},
        {method("auth.role.remove", "Deletes a role.", schemas::object(role, R"("role")")),
         &AuthMethods::removeRole},
        {method("auth.role.grant", "Adds a rule to a role.",
                schemas::object(role + ',' + member("effect", R"({"enum":["allow","deny"]})") + ','
                                    + member("actions", textSchema) + ','
                                    + member("path", textSchema) + ','
                                    + member("methods", textSchema),
                                R"("role","actions","path")")),
         &AuthMethods::grant},
        {method("auth.role.withdraw", "Takes a rule from a role, by its number from 1.",
                schemas::object(role + ',' + member("rule", R"({"type":"integer","minimum":1})"),
                                R"("role","rule")")),
         &AuthMethods::withdraw},
        {method("auth.name.list", "The names of certificates that have roles.", none),
         &AuthMethods::listNames},
        {method("auth.name.set", "Gives roles to a name of certificates.",
                schemas::object(name + ',' + member("roles", rolesSchema), R"("name","roles")")),
         &AuthMethods::setName},
        {method("auth.name.remove", "Takes all roles from a name of certificates.",
                schemas::object(name, R"("name")")),
         &AuthMethods::removeName},
    };
}

MethodTable<AuthMethods> AuthMethods::tokenMethods() const
{
    const QByteArray id = schemas::object(member("id", nameSchema), R"("id")");
    return {
        {method("auth.token.list", "The tokens, without their secrets.", schemas::object({})),
         &AuthMethods::listTokens},
        {method(
             "auth.token.create", "Makes a token. Its secret is in this answer and nowhere else.",
             schemas::object(member("roles", rolesSchema) + ','
                                 + member("note", R"({"type":"string","maxLength":128})") + ','
                                 + member("timeToLiveMs", R"({"type":"integer","minimum":1000})"),
                             R"("roles")")),
         &AuthMethods::createToken},
        {method("auth.token.rotate", "Gives a token a new secret; the old one is void at once.",
                id),
         &AuthMethods::rotateToken},
        {method("auth.token.revoke", "Deletes a token.", id), &AuthMethods::revokeToken},
    };
}

Result<void> AuthMethods::addMethods()
{
    for (const auto &table : {methods(), roleMethods(), tokenMethods()}) {
        if (const auto added = registerAll(m_registry, *this, table, m_registrations); !added)
            return added.error();
    }
    return {};
}

// ---- on and off

AuthMethods::Task AuthMethods::status(rpc::Call &call)
{
    const AccessTable &table = m_access.table();
    QCborMap map{{u"enabled"_s, table.isEnabled()},
                 {u"required"_s, m_access.mode() == AuthMode::required},
                 {u"caller"_s, call.caller.name}};
    const rpc::Answer<QStringList> roles = table.rolesOf(call.caller, m_access.now());
    if (roles)
        map.insert(u"roles"_s, arrayOf(*roles));
    else
        map.insert(u"trouble"_s, roles.error().message);
    co_return QCborValue(map);
}

AuthMethods::Task AuthMethods::enable(rpc::Call &call)
{
    Token token = Token::make(QString::fromLatin1(access::rootToken));
    if (const QString given = textIn(call, "token"); !given.isEmpty()) {
        const Result<Token> parsed = Token::parse(given.toLatin1());
        if (!parsed)
            co_return parsed.error().in(u"token"_s);
        if (parsed->id != token.id)
            co_return invalid(u"token: its id has to be root"_s);
        token = *parsed;
    }
    const Result<void> done = co_await m_access.setRoot(token, false);
    if (!done)
        co_return done.error();
    co_return QCborValue(QCborMap{{u"token"_s, QString::fromLatin1(token.text())}});
}

AuthMethods::Task AuthMethods::disable(rpc::Call &)
{
    const Result<bool> removed = co_await m_store.remove(access::enabled);
    if (!removed)
        co_return removed.error();
    co_return QCborValue(QCborMap{{u"changed"_s, *removed}});
}

AuthMethods::Task AuthMethods::explain(rpc::Call &call)
{
    const QString name = textIn(call, "method");
    const std::shared_ptr<const rpc::Entry> entry = m_registry.find(name);
    if (!entry)
        co_return notFound(u"method %1; `coffer call` lists them"_s.arg(name));
    const int subjects = int(call.params.contains("token"_L1))
                         + int(call.params.contains("role"_L1))
                         + int(call.params.contains("certificate"_L1));
    if (subjects != 1)
        co_return invalid(u"expected one of token, role and certificate"_s);
    rpc::Caller caller;
    QStringList roles{textIn(call, "role")};
    if (const QString id = textIn(call, "token"); !id.isEmpty()) {
        const std::map<QString, TokenRecord> &tokens = m_access.table().tokens();
        const auto found = tokens.find(id);
        if (found == tokens.end()) {
            co_return notFound(
                u"token %1: it was never made, or it was revoked; `coffer auth token "
                "list` shows those that there are"_s.arg(id));
        }
        caller = {.name = AccessTable::callerOfToken(id), .proof = found->second.hash};
    } else if (const QString cn = textIn(call, "certificate"); !cn.isEmpty()) {
        caller.name = AccessTable::callerOfName(cn);
    } else {
        const std::optional<rpc::Failure> unknown = co_await unknownRole(roles);
        if (unknown)
            co_return *unknown;
    }
    const AccessTable &table = m_access.table();
    Decision decision;
    rpc::Answer<QStringList> known = roles;
    if (!caller.name.isEmpty())
        known = table.rolesOf(caller, m_access.now());
    if (known) {
        Asked asked{name, entry->method().access, {}};
        const QByteArray path = textIn(call, "path").toUtf8();
        if (!path.isEmpty())
            asked.touches = {{asked.access.kind, path, false}};
        decision = table.decide(*known, asked);
    } else {
        decision.reason = known.error().message;
    }
    co_return QCborValue(
        QCborMap{{u"allowed"_s, decision.isAllowed}, {u"reason"_s, decision.reason}});
}

// ---- roles

AuthMethods::Task AuthMethods::listRoles(rpc::Call &)
{
    QCborArray roles;
    for (const auto &[name, rules] : m_access.table().roles()) {
        QCborArray texts;
        for (const Rule &rule : rules.value_or(std::vector<Rule>()))
            texts.append(rule.text());
        QCborMap role{{u"role"_s, name}, {u"rules"_s, texts}};
        if (!rules)
            role.insert(u"trouble"_s, u"cannot be read: whoever has it is denied everything"_s);
        roles.append(role);
    }
    co_return QCborValue(QCborMap{{u"roles"_s, roles}});
}

AuthMethods::Task AuthMethods::addRole(rpc::Call &call)
{
    const rpc::Answer<QString> role = roleIn(call);
    if (!role)
        co_return role.error();
    const QByteArray none = encodeRules({});
    const Result<Revision> put = co_await m_store.put(fileOfRole(*role), none, Revision());
    if (!put && put.error().code == ErrorCode::conflict)
        co_return rpc::Failure::of(rpc::Code::conflict, u"role %1 is there already"_s.arg(*role));
    co_return done(put);
}

AuthMethods::Task AuthMethods::removeRole(rpc::Call &call)
{
    const rpc::Answer<QString> role = roleIn(call);
    if (!role)
        co_return role.error();
    co_return co_await removeFile(fileOfRole(*role), u"role "_s + *role);
}

AuthMethods::Task AuthMethods::removeFile(QByteArray path, QString what)
{
    const Result<bool> removed = co_await m_store.remove(path);
    if (!removed)
        co_return removed.error();
    if (!*removed)
        co_return notFound(what);
    co_return QCborValue(QCborMap());
}

QCoro::Task<std::optional<rpc::Failure>> AuthMethods::unknownRole(QStringList roles)
{
    for (const QString &role : roles) {
        if (role == QLatin1StringView(access::rootRole) || m_access.table().roles().contains(role))
            continue;
        const auto file = co_await m_store.get(fileOfRole(role)); // of another node, just now
        if (!file)
            co_return rpc::Failure::of(file.error());
        if (*file)
            continue;
        QStringList there{QString::fromLatin1(access::rootRole)};
        for (const auto &[name, rules] : m_access.table().roles())
            there.append(name);
        co_return notFound(u"role %1; there are %2, and `coffer auth role add` makes more"_s.arg(
            role, there.join(u", "_s)));
    }
    co_return std::nullopt;
}

QCoro::Task<Result<AuthMethods::Found>> AuthMethods::rulesOf(QString role)
{
    const auto file = co_await m_store.get(fileOfRole(role));
    if (!file)
        co_return file.error();
    if (!*file)
        co_return Error{ErrorCode::notFound,
                        u"there is no role %1; `coffer auth role add` makes it"_s.arg(role)};
    const Result<std::vector<Rule>> rules = decodeRules((*file)->value);
    if (!rules)
        co_return rules.error().in(u"role "_s + role);
    co_return Found{*rules, (*file)->revision};
}

AuthMethods::Task AuthMethods::grant(rpc::Call &call)
{
    const rpc::Answer<QString> role = roleIn(call);
    if (!role)
        co_return role.error();
    const QString methods = textIn(call, "methods");
    const Result<Rule> rule =
        makeRule(textIn(call, "effect") != "deny"_L1, textIn(call, "actions"),
                 textIn(call, "path").toUtf8(), methods.isEmpty() ? u"*"_s : methods);
    if (!rule)
        co_return rule.error();
    Result<Found> found = co_await rulesOf(*role);
    if (!found)
        co_return found.error();
    if (found->rules.size() >= limits::accessRulesMax) {
        co_return rpc::Failure::of(rpc::Code::limit,
                                   u"a role has at most %1 rules"_s.arg(limits::accessRulesMax));
    }
    found->rules.push_back(*rule);
    const Result<Revision> put =
        co_await m_store.put(fileOfRole(*role), encodeRules(found->rules), found->revision);
    if (!put)
        co_return put.error();
    co_return QCborValue(
        QCborMap{{u"rule"_s, qint64(found->rules.size())}, {u"text"_s, rule->text()}});
}

AuthMethods::Task AuthMethods::withdraw(rpc::Call &call)
{
    const rpc::Answer<QString> role = roleIn(call);
    if (!role)
        co_return role.error();
    const auto number = std::size_t(call.params.value("rule"_L1).toInteger());
    Result<Found> found = co_await rulesOf(*role);
    if (!found)
        co_return found.error();
    if (number > found->rules.size())
        co_return notFound(u"rule %1 of role %2"_s.arg(number).arg(*role));
    found->rules.erase(found->rules.begin() + std::ptrdiff_t(number - 1));
    co_return done(
        co_await m_store.put(fileOfRole(*role), encodeRules(found->rules), found->revision));
}

// ---- names of certificates

AuthMethods::Task AuthMethods::listNames(rpc::Call &)
{
    QCborArray names;
    for (const auto &[name, roles] : m_access.table().names())
        names.append(QCborMap{{u"name"_s, name}, {u"roles"_s, arrayOf(roles)}});
    co_return QCborValue(QCborMap{{u"names"_s, names}});
}

AuthMethods::Task AuthMethods::setName(rpc::Call &call)
{
    const QByteArray path = access::names + textIn(call, "name").toUtf8();
    const rpc::Answer<QStringList> roles = rolesIn(call);
    if (!roles)
        co_return roles.error();
    if (!store::isFilePath(path) || path.count('/') != 4)
        co_return invalid(u"name: expected letters, digits and . - _ ~ @ % + = :"_s);
    const std::optional<rpc::Failure> unknown = co_await unknownRole(*roles);
    if (unknown)
        co_return *unknown;
    co_return done(co_await m_store.put(path, encodeRoleNames(*roles)));
}

AuthMethods::Task AuthMethods::removeName(rpc::Call &call)
{
    const QString name = textIn(call, "name");
    if (!m_access.table().names().contains(name))
        co_return notFound(u"name "_s + name);
    co_return co_await removeFile(access::names + name.toUtf8(), u"name "_s + name);
}

// ---- tokens

AuthMethods::Task AuthMethods::listTokens(rpc::Call &)
{
    QCborArray tokens;
    for (const auto &[id, token] : m_access.table().tokens()) {
        QCborMap map{{u"id"_s, id},
                     {u"roles"_s, arrayOf(token.roles)},
                     {u"createdMs"_s, token.createdMs},
                     {u"note"_s, token.note}};
        if (token.expiresMs != 0)
            map.insert(u"expiresMs"_s, token.expiresMs);
        tokens.append(map);
    }
    co_return QCborValue(QCborMap{{u"tokens"_s, tokens}});
}

QCoro::Task<Result<QByteArray>> AuthMethods::hashOf(Token token)
{
    Eventual<QByteArray> hash =
        m_access.checker().run<QByteArray>([secret = token.secret] { return hashSecret(secret); });
    Result<QByteArray> made = co_await hash;
    co_return made;
}

AuthMethods::Task AuthMethods::createToken(rpc::Call &call)
{
    const rpc::Answer<QStringList> roles = rolesIn(call);
    if (!roles)
        co_return roles.error();
    const std::optional<rpc::Failure> unknown = co_await unknownRole(*roles);
    if (unknown)
        co_return *unknown;
    const qint64 life = call.params.value("timeToLiveMs"_L1).toInteger();
    const Token token = Token::make();
    TokenRecord record{.hash = {},
                       .createdMs = m_access.now().count(),
                       .roles = *roles,
                       .note = textIn(call, "note")};
    record.expiresMs = life == 0 ? 0 : record.createdMs + life;
    const Result<QByteArray> hash = co_await hashOf(token);
    if (!hash)
        co_return hash.error();
    record.hash = *hash;
    const Result<Revision> put =
        co_await m_store.put(access::tokens + token.id.toUtf8(), encodeToken(record), Revision());
    if (!put)
        co_return put.error();
    co_return QCborValue(
        QCborMap{{u"id"_s, token.id}, {u"token"_s, QString::fromLatin1(token.text())}});
}

AuthMethods::Task AuthMethods::rotateToken(rpc::Call &call)
{
    const QString id = textIn(call, "id");
    if (!m_access.table().tokens().contains(id))
        co_return notFound(u"token "_s + id);
    const QByteArray path = access::tokens + id.toUtf8();
    const auto file = co_await m_store.get(path);
    if (!file)
        co_return file.error();
    if (!*file)
        co_return notFound(u"token "_s + id);
    Result<TokenRecord> record = decodeToken((*file)->value);
    if (!record)
        co_return record.error();
    const Token token = Token::make(id);
    const Result<QByteArray> hash = co_await hashOf(token);
    if (!hash)
        co_return hash.error();
    record->hash = *hash;
    const Result<Revision> put =
        co_await m_store.put(path, encodeToken(*record), (*file)->revision);
    if (!put)
        co_return put.error();
    co_return QCborValue(
        QCborMap{{u"id"_s, token.id}, {u"token"_s, QString::fromLatin1(token.text())}});
}

AuthMethods::Task AuthMethods::revokeToken(rpc::Call &call)
{
    const QString id = textIn(call, "id");
    if (id == QLatin1StringView(access::rootToken)) {
        co_return rpc::Failure::of(rpc::Code::refused,
                                   u"the root token cannot be revoked; rotate it"_s);
    }
    if (!m_access.table().tokens().contains(id))
        co_return notFound(u"token "_s + id);
    co_return co_await removeFile(access::tokens + id.toUtf8(), u"token "_s + id);
}

} // namespace coffer::node
