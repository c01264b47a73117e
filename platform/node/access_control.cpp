// SPDX-License-Identifier: Apache-2.0
#include "node/access_control.h"

#include "node/log.h"
#include "rpc/spawn.h"

#include <QCryptographicHash>
#include <QPointer>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using Kind = rpc::Access::Kind;

static constexpr std::chrono::milliseconds againAfter{200};
static constexpr int ownerBits = 24;
static constexpr int ownNonceBits = 64 - ownerBits;

AccessControl::AccessControl(Host &host, pluginapi::Store &store, AuthMode mode)
    : m_host(host), m_store(store), m_mode(mode), m_checker(host.clock())
{
    m_expiry.setInterval(std::chrono::seconds(1));
    connect(&m_expiry, &QTimer::timeout, this, &AccessControl::lookAtExpiry);
}

AccessControl::~AccessControl() = default;

void AccessControl::start(Changed changed)
{
    m_changed = std::move(changed);
    m_lookedAt = now();
    reload();
    spawn(follow(), "access rules");
    spawn(confirm(), "access rules");
}

// ---- the rules

static Eventual<bool> pause(QObject *context)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the node ended"_s});
    QTimer::singleShot(againAfter, context, [set = over.setter()] { set(true); });
    return over;
}

/// Reads the rules again whenever one has changed.
QCoro::Task<void> AccessControl::follow()
{
    const QPointer<AccessControl> self(this);
    const Result<store::Glob> glob = store::Glob::parse(QByteArray(access::tree) + "/**");
    while (glob && self) {
        const std::unique_ptr<pluginapi::Watch> watch =
            m_store.watch({*glob, m_host.store().revision().next()});
        reload();
        for (;;) {
            const Result<store::WatchAnswer> answer = co_await watch->next();
            if (!self)
                co_return;
            reload();
            if (!answer || std::holds_alternative<store::WatchCompacted>(*answer))
                break;
        }
        Eventual<bool> over = pause(this);
        (void)co_await over;
    }
}

/// Waits until this node is known to have what the cluster had after its start.
QCoro::Task<void> AccessControl::confirm()
{
    const QPointer<AccessControl> self(this);
    while (self) {
        const auto read = co_await m_store.get(access::enabled);
        if (!self)
            co_return;
        if (read) {
            reload();
            m_isConfirmed = true;
            co_return;
        }
        Eventual<bool> over = pause(this);
        (void)co_await over;
    }
}

void AccessControl::reload()
{
    if (m_host.watches() == nullptr)
        return; // A checkpoint is being read; the watch tells when there is a state again.
    std::vector<store::FileView> files;
    store::List list{.path = access::tree};
    for (;;) {
        store::Reply reply = m_host.store().query(encode(store::Question(list)));
        for (store::FileView &file : reply.files) {
            file.path.detach(); // what the store shows ends with this turn
            file.value.detach();
            files.push_back(std::move(file));
        }
        if (!reply.hasMore)
            break;
        list.page.after = reply.resume;
    }
    QStringList faults;
    const AccessTable before = std::exchange(m_table, AccessTable::read(files, &faults));
    for (const QString &fault : faults)
        qCWarning(logNode).noquote() << fault;
    if (before.isEnabled() != m_table.isEnabled())
        qCInfo(logNode) << "access control is" << (m_table.isEnabled() ? "on" : "off");
    bool isExpiring = false;
    for (const auto &[id, token] : m_table.tokens())
        isExpiring = isExpiring || token.expiresMs > m_lookedAt.count();
    if (isExpiring)
        m_expiry.start();
    tell(before, now());
}

void AccessControl::lookAtExpiry()
{
    const WallMs since = std::exchange(m_lookedAt, now());
    tell(m_table, since);
}

void AccessControl::tell(const AccessTable &before, WallMs since)
{
    if (!m_changed)
        return;
    const WallMs present = now();
    m_changed([&](const rpc::Caller &caller) {
        return before.standingOf(caller, since) != m_table.standingOf(caller, present);
    });
}

// ---- who

QCoro::Task<rpc::Answer<rpc::Caller>> AccessControl::identify(rpc::Credentials credentials)
{
    rpc::Caller caller{.name = u"anonymous"_s};
    if (credentials.bearer.isEmpty()) {
        if (!credentials.certificateName.isEmpty())
            caller.name = AccessTable::callerOfName(credentials.certificateName);
        co_return caller;
    }
    caller.trouble = u"This token is not known; it is wrong, or was revoked."_s;
    const Result<Token> token = Token::parse(credentials.bearer);
    const auto found = token ? m_table.tokens().find(token->id) : m_table.tokens().end();
    if (found == m_table.tokens().end()) {
        m_checker.noteFailure(credentials.address);
        co_return caller;
    }
    const QByteArray hash = found->second.hash;
    const rpc::Answer<bool> isRight = co_await m_checker.check(*token, hash, credentials.address);
    if (!isRight && isRight.error().code != rpc::Code::unauthenticated)
        co_return isRight.error();
    if (!isRight) {
        caller.trouble = isRight.error().message;
    } else if (*isRight) {
        caller.name = AccessTable::callerOfToken(token->id);
        caller.proof = hash;
        caller.trouble.clear();
    }
    co_return caller;
}

// ---- what

static bool isLocal(const rpc::Caller &caller)
{
    return TokenChecker::hostOf(caller.address).isLoopback();
}

std::vector<rpc::Touch> AccessControl::touchesOf(const rpc::Method &method, const rpc::Call &call)
{
    if (method.touches)
        return method.touches(call);
    if (method.access.pathParameter.isEmpty())
        return {};
    const QCborValue path = call.params.value(method.access.pathParameter);
    return {{method.access.kind, path.toString().toUtf8(), false}};
}

std::optional<rpc::Failure> AccessControl::authorize(const rpc::Method &method,
                                                     const rpc::Call &call) const
{
    if (!isOn())
        return {};
    if (!m_isConfirmed)
        return rpc::Failure::of(rpc::Code::unavailable,
                                u"This node does not know yet whether its access rules are the "
                                "present ones; ask another one."_s);
    if (!m_table.isEnabled()) {
        if (method.name == "auth.enable"_L1 && isLocal(call.caller))
            return {};
        return rpc::Failure::of(rpc::Code::unauthenticated,
                                u"Access control is required here and not enabled yet: `coffer "
                                "auth enable` on the machine of this node does it."_s);
    }
    const rpc::Answer<QStringList> roles = m_table.rolesOf(call.caller, now());
    if (!roles)
        return roles.error();
    const Decision decision =
        m_table.decide(*roles, {method.name, method.access, touchesOf(method, call)});
    if (decision.isAllowed)
        return {};
    return rpc::Failure::of(rpc::Code::denied, u"%1: %2"_s.arg(call.caller.name, decision.reason));
}

// ---- root

QCoro::Task<Result<void>> AccessControl::setRoot(Token root, bool isReset)
{
    const QByteArray path = access::tokens + QByteArray(access::rootToken);
    const auto enabled = co_await m_store.get(access::enabled);
    if (!enabled)
        co_return enabled.error();
    const auto present = co_await m_store.get(path);
    if (!present)
        co_return present.error();
    if (*enabled && *present) {
        const Result<TokenRecord> record = decodeToken((*present)->value);
        const QByteArray hash = record ? record->hash : QByteArray();
        Eventual<bool> same = m_checker.run<bool>(
            [hash, secret = root.secret]() -> Result<bool> { return isSecretOf(hash, secret); });
        const Result<bool> isSame = co_await same;
        if (!isSame)
            co_return isSame.error();
        if (*isSame)
            co_return Result<void>();
    }
    if (*enabled && !isReset)
        co_return Error{ErrorCode::conflict, u"access control is on already; `coffer token rotate "
                                             "root` gives the root token a new secret"_s};
    Eventual<QByteArray> hashed =
        m_checker.run<QByteArray>([secret = root.secret] { return hashSecret(secret); });
    const Result<QByteArray> hash = co_await hashed;
    if (!hash)
        co_return hash.error();
    const TokenRecord record{.hash = *hash,
                             .createdMs = now().count(),
                             .roles = {QString::fromLatin1(access::rootRole)}};
    const auto guardOf = [](const QByteArray &of, const auto &file) {
        return pluginapi::expectedRevision(of, file ? file->revision : Revision());
    };
    store::Transaction change;
    change.guards = {guardOf(access::enabled, *enabled), guardOf(path, *present)};
    change.operations = {store::Put{.path = path, .value = encodeToken(record)},
                         store::Put{.path = access::enabled, .value = "{}"}};
    const Result<store::Answer> answer = co_await m_store.commit(change);
    if (!answer)
        co_return answer.error();
    if (const std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return *error;
    co_return Result<void>();
}

// ---- sessions

static std::uint64_t ownerOf(const rpc::Caller &caller)
{
    const QByteArray hash =
        QCryptographicHash::hash(caller.name.toUtf8(), QCryptographicHash::Sha256);
    return hash.left(ownerBits / 8).toHex().toULongLong(nullptr, 16);
}

std::uint64_t AccessControl::nonceFor(const rpc::Caller &caller, std::uint64_t nonce) const
{
    if (!m_table.isEnabled())
        return nonce;
    const QByteArray hash =
        QCryptographicHash::hash(QByteArray::number(nonce == 0 ? m_host.random().next() : nonce),
                                 QCryptographicHash::Sha256);
    const std::uint64_t own = hash.left(ownNonceBits / 8).toHex().toULongLong(nullptr, 16);
    return (ownerOf(caller) << ownNonceBits) | own;
}

rpc::Answer<bool> AccessControl::judgeSession(const rpc::Caller &caller, const QString &method,
                                              SessionId session) const
{
    const store::Session *found = m_host.store().sessions().find(session);
    if (!found)
        return false;
    if (found->nonce >> ownNonceBits == ownerOf(caller))
        return true;
    const rpc::Answer<QStringList> roles = m_table.rolesOf(caller, now());
    if (!roles)
        return roles.error();
    const Decision decision = m_table.decide(*roles, {method, {Kind::admin}, {}});
    if (decision.isAllowed)
        return true;
    return rpc::Failure::of(rpc::Code::denied,
                            u"%1: session %2 belongs to somebody else, and %3"_s.arg(caller.name)
                                .arg(session.value())
                                .arg(decision.reason));
}

QCoro::Task<rpc::Answer<bool>> AccessControl::mayUse(rpc::Caller caller, QString method,
                                                     SessionId session)
{
    rpc::Answer<bool> judged = judgeSession(caller, method, session);
    if (!judged || *judged)
        co_return judged;
    // This node may be behind. Ids are never used again, so what is not there now was not opened
    // yet, or has ended; neither may be used.
    const QPointer<AccessControl> self(this);
    const Result<store::Reply> reply = co_await m_store.read(store::SessionState{session});
    if (!reply)
        co_return reply.error();
    if (!self)
        co_return Error{ErrorCode::unavailable, u"the node ended"_s};
    co_return judgeSession(caller, method, session);
}

} // namespace coffer::node
