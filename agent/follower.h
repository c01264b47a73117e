// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/backoff.h"
#include "client/client.h"

#include <QMetaType>
#include <QStringList>

#include <map>
#include <optional>

namespace coffer::agent {

template<class T>
using Task = QCoro::Task<T>;

/// Who follows.
struct FollowIdentity
{
    QString host;
    QByteArray secret;
    QString instance; ///< Of the state directory on this machine: the same after a restart.
    QString run;      ///< Of this process.
    QString version;  ///< Of the program.
};

/// What a service of this host is to be, as a node says it. Value.
struct Wanted
{
    QString service;
    QString version;
    QByteArray root; ///< Hex.
    QString release;
    qint64 bytes = 0;
    QString message;
    QString id = {}; ///< Of the release, for reports; empty if the node does not say it.
    bool operator==(const Wanted &) const = default;
};

/// What is applied here; what a node need not offer again.
struct Had
{
    QString version;
    QByteArray root;
};

/// How the agent and its cluster stand. Value.
struct Standing
{
    enum class State {
        connecting, ///< No node can be reached, or none answers.
        following,
        refused ///< A node answered, and does not let this host follow.
    };
    State state = State::connecting;
    QString node;    ///< Followed there; empty while not following.
    QString trouble; ///< Why it does not follow; for people.
    qint64 revision = 0;
    /// When a node last said anything, in monotonic time; nothing: never.
    std::optional<std::chrono::steady_clock::time_point> heardAt;
};

/// Keeps this host's subscription to what is wanted of it: subscribes, hears offers, notices
/// silence, and begins again with growing pauses, for ever: elsewhere, if the node was silent, does
/// not serve configuration, or cannot serve now.
///
/// Resource; one thread, with an event loop. \a client outlives it.
class Follower final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Follower)

public:
    using Has = std::function<std::map<QString, Had>()>;
    struct Options
    {
        FollowIdentity identity;
        QStringList services;
        Has has;                                      ///< Asked at each subscription.
        std::chrono::milliseconds poll{600'000};      ///< It subscribes anew so often.
        std::chrono::milliseconds pauseFirst{1'000};  ///< After a failed attempt.
        std::chrono::milliseconds pauseMax{30'000};   ///< Of growing ones.
        std::chrono::milliseconds refusedMax{60'000}; ///< The same after a refusal.
    };

    Follower(client::Client &client, Options options, Random &random);
    ~Follower() override;

    void start();
    /// Subscribes anew, with \a services from now on; also where it is subscribing just now.
    void again(const QStringList &services);
    void again() { again(m_options.services); }

    /// Shown with fetches and reports; empty while not following.
    [[nodiscard]] QByteArray ticket() const { return m_ticket; }
    [[nodiscard]] const Standing &standing() const { return m_standing; }
    /// Since the last welcome, everything that is wanted was said.
    [[nodiscard]] bool isComplete() const { return m_isComplete; }

Q_SIGNALS:
    /// A new ticket: all reports are to be said again.
    void welcomed();
    void offered(const coffer::agent::Wanted &wanted);
    /// Nothing is wanted of \a service any more; what is there stays.
    void withdrawn(const QString &service);
    /// isComplete() became true.
    void completed();
    void standingChanged();

private:
    [[nodiscard]] Task<void> run();
    [[nodiscard]] Task<bool> subscribe();
    [[nodiscard]] QByteArray params() const;
    void listen(client::Connection &on, qint64 id);
    void onEvent(const QCborMap &event);
    void onEnd(const std::optional<rpc::Failure> &why);
    void onRefused(const rpc::Failure &why);
    void setTrouble(Standing::State state, const QString &why);
    void leave();
    void heard();
    void onBeat();

    client::Client &m_client;
    Options m_options;
    Random &m_random;
    Backoff m_backoff;
    Backoff m_refusedBackoff;
    Standing m_standing;
    QByteArray m_ticket;
    bool m_isComplete = false;
    bool m_isOutdated = false; ///< again() came while the call of a subscription was under way.
    QPointer<client::Connection> m_connection; ///< Where the subscription is open.
    qint64 m_subscription = 0;
    std::chrono::milliseconds m_heartbeat{0};
    std::optional<Eventual<bool>::Setter> m_ended; ///< Set when it is to subscribe again.
    QTimer m_beat;
    QTimer m_poll;
};

} // namespace coffer::agent
