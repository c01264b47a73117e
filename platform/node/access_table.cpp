// SPDX-License-Identifier: Apache-2.0
#include "node/access_table.h"

#include "store/glob_cover.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using Kind = rpc::Access::Kind;
using Rules = std::vector<Rule>;

static QString nameOf(Kind action)
{
    switch (action) {
    case Kind::open: return u"call"_s;
    case Kind::read: return u"read"_s;
    case Kind::write: return u"write"_s;
    case Kind::admin: break;
    }
    return u"administer"_s;
}

/// One pattern of what is asked, and the action on it.
struct AccessTable::Part
{
    const QString &method;
    Kind action;
    store::Glob pattern;

    [[nodiscard]] QString text() const
    {
        return u"%1 %2 by %3"_s.arg(nameOf(action), QString::fromUtf8(pattern.pattern().left(200)),
                                    method);
    }
};

// ---- reading

AccessTable AccessTable::read(const std::vector<store::FileView> &files, QStringList *faults)
{
    AccessTable table;
    for (const store::FileView &file : files)
        table.readFile(file, faults);
    return table;
}

void AccessTable::readFile(const store::FileView &file, QStringList *faults)
{
    const auto fault = [&](const Error &error) {
        if (faults)
            faults->append(error.in(QString::fromUtf8(file.path)).message);
    };
    const auto nameBehind = [&](const char *directory) {
        return file.path.startsWith(directory)
                   ? QString::fromUtf8(file.path.mid(qsizetype(qstrlen(directory))))
                   : QString();
    };
    if (file.path == access::enabled) {
        m_isEnabled = true;
    } else if (const QString id = nameBehind(access::tokens); !id.isEmpty()) {
        Result<TokenRecord> token = decodeToken(file.value);
        if (token)
            m_tokens.emplace(id, std::move(*token));
        else
            fault(token.error()); // nobody has it
    } else if (const QString role = nameBehind(access::roles); !role.isEmpty()) {
        Result<Rules> rules = decodeRules(file.value);
        if (!rules)
            fault(rules.error());
        m_roles.emplace(role, rules ? std::optional(std::move(*rules)) : std::nullopt);
    } else if (const QString name = nameBehind(access::names); !name.isEmpty()) {
        Result<QStringList> roles = decodeRoleNames(file.value);
        if (roles)
            m_names.emplace(name, std::move(*roles));
        else
            fault(roles.error());
    } else {
        fault({ErrorCode::invalid, u"is no record of access control; delete it"_s});
    }
}

// ---- callers

QString AccessTable::callerOfToken(const QString &id) { return u"token "_s + id; }

QString AccessTable::callerOfName(const QString &name) { return u"certificate "_s + name; }

rpc::Answer<QStringList> AccessTable::rolesOf(const rpc::Caller &caller, WallMs now) const
{
    const auto nobody = [](const QString &why) {
        return rpc::Failure::of(rpc::Code::unauthenticated, why);
    };
    if (!caller.trouble.isEmpty())
        return nobody(caller.trouble);
    if (caller.name.startsWith("certificate "_L1)) {
        const auto found = m_names.find(caller.name.mid(12));
        if (found != m_names.end())
            return found->second;
        return nobody(u"The name of this certificate has no roles; an administrator gives it some "
                      "with `coffer auth name set`."_s);
    }
    if (caller.name.startsWith("plugin "_L1)) // no name of a token or certificate begins so
        return QStringList{u"plugin"_s, u"plugin-"_s + caller.name.mid(7)};
    const auto found =
        caller.name.startsWith("token "_L1) ? m_tokens.find(caller.name.mid(6)) : m_tokens.end();
    if (found == m_tokens.end() || found->second.hash != caller.proof)
        return nobody(caller.proof.isEmpty()
                          ? u"This needs a token: --token or COFFER_TOKEN, in HTTP the header "
                            "Authorization: Bearer."_s
                          : u"This token was revoked, or has a new secret."_s);
    if (found->second.expiresMs != 0 && now.count() >= found->second.expiresMs)
        return nobody(u"This token has expired."_s);
    return found->second.roles;
}

QByteArray AccessTable::standingOf(const rpc::Caller &caller, WallMs now) const
{
    if (!m_isEnabled)
        return "off";
    const rpc::Answer<QStringList> roles = rolesOf(caller, now);
    if (!roles)
        return "nobody";
    QByteArray standing;
    for (const QString &role : *roles) {
        const auto *rules = rulesOf(role);
        standing += role.toUtf8() + '='
                    + (!rules   ? QByteArray("none")
                       : *rules ? encodeRules(**rules)
                                : QByteArray("unreadable"))
                    + '\n';
    }
    return standing;
}

// ---- decisions

const std::optional<Rules> *AccessTable::rulesOf(const QString &role) const
{
    static const std::optional<Rules> root = [] {
        const Result<Rule> rule = makeRule(true, u"all"_s, "/**", u"*"_s);
        return rule ? std::optional(Rules{*rule}) : std::nullopt;
    }();
    if (role == QLatin1StringView(access::rootRole))
        return &root;
    const auto found = m_roles.find(role);
    return found == m_roles.end() ? nullptr : &found->second;
}

Decision AccessTable::decidePart(const QStringList &roles, const Part &part) const
{
    std::optional<QString> allowing;
    for (const QString &role : roles) {
        const std::optional<Rules> *rules = rulesOf(role);
        if (!rules)
            continue;
        if (!*rules)
            return {false,
                    u"role \"%1\" cannot be read, so it denies to %2"_s.arg(role, part.text())};
        for (std::size_t at = 0; at < (*rules)->size(); ++at) {
            const Rule &rule = (**rules)[at];
            if (!rule.isFor(part.action) || !rule.isForMethod(part.method))
                continue;
            const QString text =
                u"role \"%1\" rule %2: %3"_s.arg(role).arg(at + 1).arg(rule.text());
            if (!rule.isAllow && rule.meets(part.pattern))
                return {false, u"%1, denies to %2"_s.arg(text, part.text())};
            if (rule.isAllow && !allowing && rule.covers(part.pattern))
                allowing = text;
        }
    }
    if (allowing)
        return {true, *allowing};
    return {false, u"no rule of %1 allows to %2, and what no rule allows is denied"_s.arg(
                       roles.isEmpty() ? u"any role (there is none)"_s
                                       : u"role \""_s + roles.join(u"\", \""_s) + '"'_L1,
                       part.text())};
}

/// The patterns that a touch has; `invalid` if its bytes are none.
static Result<std::vector<store::Glob>> patternsOf(const rpc::Touch &touch)
{
    std::vector<store::Glob> patterns;
    const bool isWhole = touch.isTree && touch.pattern == "/";
    Result<store::Glob> self = store::Glob::parse(isWhole ? QByteArray("/**") : touch.pattern);
    if (!self)
        return self.error();
    patterns.push_back(std::move(*self));
    if (!touch.isTree || isWhole)
        return patterns;
    Result<store::Glob> below = store::Glob::parse(touch.pattern + "/**");
    if (!below)
        return below.error();
    patterns.push_back(std::move(*below));
    return patterns;
}

/// Whoever looks into the rules, or changes them, is an administrator.
static bool isReserved(const store::Glob &pattern)
{
    static const Result<Rule> reserved =
        makeRule(true, u"all"_s, QByteArray(access::tree) + "/**", u"*"_s);
    return !reserved || reserved->meets(pattern);
}

Decision AccessTable::decide(const QStringList &roles, const Asked &asked) const
{
    if (asked.access.kind == Kind::open)
        return {true, u"%1 is open to everybody"_s.arg(asked.method)};
    if (asked.access.isForAll)
        return {true, u"%1 is open to every caller that is known"_s.arg(asked.method)};
    std::vector<rpc::Touch> touches = asked.touches;
    if (touches.empty())
        touches.push_back({asked.access.kind, "/", false});
    Decision decision;
    for (const rpc::Touch &touch : touches) {
        const Result<std::vector<store::Glob>> patterns = patternsOf(touch);
        if (!patterns)
            return {false, u"a path of the call cannot be judged: "_s + patterns.error().message};
        for (const store::Glob &pattern : *patterns) {
            const bool isRaised = touch.action != Kind::admin && isReserved(pattern);
            decision =
                decidePart(roles, {asked.method, isRaised ? Kind::admin : touch.action, pattern});
            if (!decision.isAllowed && isRaised)
                decision.reason += u" ("_s + QLatin1StringView(access::tree)
                                   + u", which that meets, is for administrators)"_s;
            if (!decision.isAllowed)
                return decision;
        }
    }
    return decision;
}

} // namespace coffer::node
