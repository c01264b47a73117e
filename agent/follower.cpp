// SPDX-License-Identifier: Apache-2.0
#include "agent/follower.h"

#include "agent/log.h"
#include "net/spawn.h"

#include <QCborArray>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

static constexpr milliseconds connectWait = 30s;
static constexpr milliseconds callTimeout = 10s;
static constexpr milliseconds heartbeatMax = 10min; ///< What a node may ask us to wait for it.
static constexpr milliseconds silenceCheck = 1s;
static constexpr int missedBeats = 3; ///< So many, and the node is given up.

static Eventual<bool> sleep(milliseconds time, QObject *context)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the agent ends"_s});
    QTimer::singleShot(time, context, [set = over.setter()] { set(true); });
    return over;
}

Follower::Follower(client::Client &client, Options options, Random &random)
    : m_client(client)
    , m_options(std::move(options))
    , m_random(random)
    , m_backoff(m_options.pauseFirst, m_options.pauseMax)
    , m_refusedBackoff(m_options.pauseFirst, m_options.refusedMax)
{
    connect(&m_beat, &QTimer::timeout, this, &Follower::onBeat);
    connect(&m_poll, &QTimer::timeout, this, [this] {
        m_poll.start(m_options.poll);
        again();
    });
}

Follower::~Follower() { leave(); }

void Follower::start()
{
    m_beat.start(silenceCheck);
    // The phase of this host is its own, and the same each time.
    const std::size_t period(std::size_t(std::max<qint64>(1, m_options.poll.count())));
    m_poll.start(milliseconds(qint64(qHash(m_options.identity.host, 0) % period)));
    spawn(run(), "follow");
}

void Follower::again(const QStringList &services)
{
    m_options.services = services;
    m_isOutdated = true;
    leave();
    if (const auto set = std::exchange(m_ended, {}))
        (*set)(true);
}

void Follower::leave()
{
    if (m_connection) {
        m_connection->forget(m_subscription);
        m_connection->tell(u"rpc.unsubscribe"_s, {{u"subscription"_s, m_subscription}});
    }
    m_connection.clear();
    m_ticket.clear();
    m_isComplete = false;
}

Task<void> Follower::run()
{
    const QPointer<Follower> self(this);
    for (;;) {
        const bool isFollowing = co_await subscribe();
        if (!self)
            co_return;
        if (isFollowing && m_isOutdated) {
            leave();
            continue;
        }
        if (isFollowing) {
            if (!m_connection)
                continue; // It ended at once.
            Eventual<bool> ended({ErrorCode::unavailable, u"the agent ends"_s});
            m_ended = ended.setter();
            const Result<bool> again = co_await ended;
            if (!self || !again)
                co_return;
            continue;
        }
        const bool isRefused = m_standing.state == Standing::State::refused;
        const milliseconds wait = (isRefused ? m_refusedBackoff : m_backoff).next(m_random);
        Eventual<bool> pause = sleep(wait, this);
        const Result<bool> slept = co_await pause;
        if (!slept || !self)
            co_return;
    }
}

QByteArray Follower::params() const
{
    const FollowIdentity &identity = m_options.identity;
    QCborMap have;
    for (const auto &[service, had] : m_options.has())
        have[service] =
            QCborMap{{u"root"_s, QString::fromLatin1(had.root)}, {u"version"_s, had.version}};
    const QCborMap params{{u"host"_s, identity.host},
                          {u"secret"_s, QString::fromLatin1(identity.secret)},
                          {u"instance"_s, identity.instance},
                          {u"run"_s, identity.run},
                          {u"agent"_s, identity.version},
                          {u"services"_s, QCborArray::fromStringList(m_options.services)},
                          {u"have"_s, have}};
    return params.toCborValue().toCbor();
}

/// False: not now; the standing says why.
Task<bool> Follower::subscribe()
{
    const QPointer<Follower> self(this);
    const auto connection = co_await m_client.connected(connectWait);
    if (!self)
        co_return false;
    if (!connection) {
        setTrouble(Standing::State::connecting, connection.error().message);
        co_return false;
    }
    const QPointer<client::Connection> on(*connection);
    m_isOutdated = false;
    Eventual<rpc::Outcome> answer = on->call(u"goconf.follow"_s, params(), callTimeout);
    const Result<rpc::Outcome> outcome = co_await answer;
    if (!self)
        co_return false;
    if (!outcome || !on) {
        setTrouble(Standing::State::connecting,
                   outcome ? u"the connection was lost"_s : outcome.error().message);
        co_return false;
    }
    if (!*outcome) {
        onRefused(outcome->error());
        co_return false;
    }
    listen(*on, rpc::decoded(**outcome).toMap().value("subscription"_L1).toInteger());
    co_return true;
}

void Follower::onRefused(const rpc::Failure &why)
{
    QString advice;
    switch (why.code) {
    case rpc::Code::unauthenticated:
    case rpc::Code::denied:
        advice = u"; enroll this host again and join: coffer-agent join URL TOKEN"_s;
        break;
    case rpc::Code::methodNotFound:
        advice = u"; this node serves no configuration: enable its plugin goconf. Another node is "
                 u"asked, if there is one"_s;
        break;
    default: break;
    }
    const bool isPassing =
        why.isRetryable || why.code == rpc::Code::unavailable || why.code == rpc::Code::deadline;
    const QString trouble = u"%1: %2%3"_s.arg(m_client.node().authority(), why.message, advice);
    setTrouble(isPassing ? Standing::State::connecting : Standing::State::refused, trouble);
    if (why.code == rpc::Code::methodNotFound || why.code == rpc::Code::unavailable)
        m_client.leave(trouble);
}

void Follower::setTrouble(Standing::State state, const QString &why)
{
    const bool isNews = m_standing.trouble != why || m_standing.state != state;
    m_standing.state = state;
    m_standing.trouble = why;
    m_standing.node.clear();
    if (!isNews)
        return;
    qCWarning(logAgent).noquote() << (state == Standing::State::refused
                                          ? "this host is refused, and asks again later:"
                                          : "no node is followed, what is here stays in force:")
                                  << why;
    Q_EMIT standingChanged();
}

void Follower::listen(client::Connection &on, qint64 id)
{
    m_connection = &on;
    m_subscription = id;
    m_heartbeat = 0ms; // until the welcome says it
    heard();
    const QPointer<Follower> self(this);
    on.listen(
        id,
        [self](QByteArrayView event) {
            if (self)
                self->onEvent(QCborValue::fromCbor(event.toByteArray()).toMap());
        },
        [self](const std::optional<rpc::Failure> &why) {
            if (self)
                self->onEnd(why);
        });
}

static Wanted wantedOf(const QCborMap &event)
{
    return {event.value("service"_L1).toString(),
            event.value("version"_L1).toString(),
            event.value("root"_L1).toString().toLatin1(),
            event.value("release"_L1).toString(),
            event.value("bytes"_L1).toInteger(),
            event.value("message"_L1).toString(),
            event.value("id"_L1).toString()};
}

void Follower::heard() { m_standing.heardAt = Clock::now(); }

void Follower::onEvent(const QCborMap &event)
{
    heard();
    const QString kind = event.value("kind"_L1).toString();
    if (kind == u"welcome") {
        const QCborValue ticket = event.value("ticket"_L1);
        m_ticket = ticket.isByteArray() ? ticket.toByteArray() : ticket.toString().toLatin1();
        m_heartbeat = std::clamp(milliseconds(event.value("heartbeatMs"_L1).toInteger()), 100ms,
                                 heartbeatMax);
        m_backoff.reset();
        m_refusedBackoff.reset();
        const bool isNews = m_standing.state != Standing::State::following;
        m_standing.state = Standing::State::following;
        m_standing.node = m_client.node().authority();
        m_standing.trouble.clear();
        if (isNews)
            qCInfo(logAgent).noquote() << "follows" << m_standing.node;
        Q_EMIT standingChanged();
        Q_EMIT welcomed();
    } else if (kind == u"offer") {
        Q_EMIT offered(wantedOf(event));
    } else if (kind == u"withdrawn") {
        Q_EMIT withdrawn(event.value("service"_L1).toString());
    } else if (kind == u"heartbeat") {
        m_standing.revision = event.value("revision"_L1).toInteger();
        if (!std::exchange(m_isComplete, true))
            Q_EMIT completed();
    } // A later node may say more than this agent knows.
}

void Follower::onEnd(const std::optional<rpc::Failure> &why)
{
    m_connection.clear();
    leave();
    if (why)
        onRefused(*why);
    else
        setTrouble(Standing::State::connecting, u"the connection was lost"_s);
    const auto set = std::exchange(m_ended, {});
    if (!set)
        return;
    // Not at once: a node that ends may have ended a thousand of these.
    const bool isRefused = m_standing.state == Standing::State::refused;
    const milliseconds wait = (isRefused ? m_refusedBackoff : m_backoff).next(m_random);
    QTimer::singleShot(wait, this, [again = *set] { again(true); });
}

/// A node that hangs keeps its connection, and says nothing.
void Follower::onBeat()
{
    if (!m_connection || !m_standing.heardAt)
        return;
    const milliseconds patience = m_heartbeat.count() > 0 ? missedBeats * m_heartbeat : callTimeout;
    if (Clock::now() - *m_standing.heardAt <= patience)
        return;
    setTrouble(Standing::State::connecting, u"the node has been silent for too long"_s);
    again();
}

} // namespace coffer::agent
