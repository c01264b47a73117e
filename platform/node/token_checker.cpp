// SPDX-License-Identifier: Apache-2.0
#include "node/token_checker.h"

#include <QHostAddress>
#include <QPointer>

#include <sodium.h>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

static constexpr int threads = 2;

TokenChecker::TokenChecker(const Clock &clock)
    : m_clock(clock), m_key(QByteArray::fromHex(Token::make().secret))
{
    m_threads.setMaxThreadCount(threads);
}

TokenChecker::~TokenChecker()
{
    m_threads.clear();
    m_threads.waitForDone();
}

QByteArray TokenChecker::nameOf(const Token &token) const
{
    const QByteArray text = token.text();
    QByteArray name(crypto_generichash_BYTES, '\0');
    ::crypto_generichash(
        reinterpret_cast<unsigned char *>(name.data()), std::size_t(name.size()),
        reinterpret_cast<const unsigned char *>(text.constData()), std::size_t(text.size()),
        reinterpret_cast<const unsigned char *>(m_key.constData()), std::size_t(m_key.size()));
    return name;
}

QHostAddress TokenChecker::hostOf(const QString &address)
{
    return QHostAddress(address.left(address.lastIndexOf(':'_L1)));
}

/// Of IPv6 the network, since one peer has all of it.
QString TokenChecker::originOf(const QString &address)
{
    const QHostAddress host = hostOf(address);
    bool isOld = false;
    const quint32 old = host.toIPv4Address(&isOld);
    if (isOld)
        return QHostAddress(old).toString();
    if (host.protocol() != QAbstractSocket::IPv6Protocol)
        return address;
    Q_IPV6ADDR bytes = host.toIPv6Address();
    for (int at = 8; at < 16; ++at)
        bytes[at] = 0;
    return QHostAddress(bytes).toString();
}

std::optional<rpc::Failure> TokenChecker::refute(const QString &address)
{
    const auto found = m_failures.find(originOf(address));
    if (found == m_failures.end() || found->second.until <= m_clock.monotonic()
        || found->second.count < failuresMax)
        return {};
    return rpc::Failure::of(rpc::Code::unauthenticated,
                            u"Too many wrong tokens came from this address; wait a minute."_s);
}

void TokenChecker::noteFailure(const QString &address)
{
    const Monotonic now = m_clock.monotonic();
    if (m_failures.size() >= addressesMax)
        std::erase_if(m_failures, [now](const auto &one) { return one.second.until <= now; });
    if (m_failures.size() >= addressesMax)
        m_failures.clear(); // an attacker with so many addresses gains little by it
    Failures &failures = m_failures[originOf(address)];
    if (failures.until <= now)
        failures = {.count = 0, .until = now + failuresFor};
    ++failures.count;
}

void TokenChecker::remember(const QByteArray &name, const QByteArray &hash)
{
    const Monotonic now = m_clock.monotonic();
    if (m_remembered.size() >= rememberedMax)
        std::erase_if(m_remembered, [now](const auto &one) { return one.second.until <= now; });
    if (m_remembered.size() >= rememberedMax)
        m_remembered.clear();
    m_remembered.insert_or_assign(name, Remembered{hash, now + rememberedFor});
}

QCoro::Task<rpc::Answer<bool>> TokenChecker::check(Token token, QByteArray hash, QString address)
{
    const QByteArray name = nameOf(token);
    const auto known = m_remembered.find(name);
    if (known != m_remembered.end() && known->second.hash == hash
        && known->second.until > m_clock.monotonic())
        co_return true;
    if (std::optional<rpc::Failure> refused = refute(address))
        co_return *refused;
    // Many requests with one token, all at once, are one check.
    const QByteArray work = name + hash;
    const auto under = m_checking.find(work);
    if (under != m_checking.end()) {
        Eventual<bool> shared({ErrorCode::unavailable, u"the node ended"_s});
        under->second.push_back(shared.setter());
        const Result<bool> found = co_await shared;
        if (!found)
            co_return found.error();
        co_return *found;
    }
    m_checking[work] = {};
    ++m_checksMade;
    const QPointer<TokenChecker> self(this);
    Eventual<bool> checked = run<bool>(
        [hash, secret = token.secret]() -> Result<bool> { return isSecretOf(hash, secret); });
    const Result<bool> found = co_await checked;
    if (!self)
        co_return Error{ErrorCode::unavailable, u"the node ended"_s};
    if (found && *found)
        remember(name, hash);
    else if (found)
        noteFailure(address);
    const auto waiting = m_checking.extract(work);
    for (const auto &set : waiting.mapped())
        set(found);
    if (!found)
        co_return found.error();
    co_return *found;
}

} // namespace coffer::node
