// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/follower.h"

#include <set>

namespace coffer::agent {

/// What became of a service on this host. Value.
struct Report
{
    QString service;
    QString version; ///< What is in force.
    QByteArray root; ///< The same, in hex.
    QString state;   ///< "healthy", "failed", "rolledBack", "drifted" or "held".
    QString error;
    QByteArray output;    ///< At most outputBytesMax.
    QString tried = {};   ///< The version that the state speaks of: that which failed.
    QString triedId = {}; ///< Wanted::id of its offer; empty: not known.
    bool operator==(const Report &) const = default;

    static constexpr int outputBytesMax = 4096;
    static constexpr int errorCharactersMax = 1000;
};

/// Says the state of each service to the node that is followed: each change once, everything again
/// after each welcome, the newest alone of what waits.
///
/// Resource; the thread of \a follower, which like \a client outlives it.
class Reporter final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Reporter)

public:
    Reporter(client::Client &client, Follower &follower, Random &random);

    void report(Report report);
    /// Nothing is said of \a service any more.
    void forget(const QString &service);
    /// What was reported last, by service.
    [[nodiscard]] const std::map<QString, Report> &latest() const { return m_latest; }
    /// Nothing waits to be said.
    [[nodiscard]] bool isIdle() const { return m_unsaid.empty() && !m_isSending; }

Q_SIGNALS:
    void becameIdle();

private:
    void onWelcomed();
    void sendSoon();
    [[nodiscard]] Task<void> send();
    void onRefused(const rpc::Failure &why, const std::set<QString> &said,
                   const QByteArray &ticket);

    client::Client &m_client;
    Follower &m_follower;
    Random &m_random;
    Backoff m_backoff;
    std::map<QString, Report> m_latest;
    std::set<QString> m_unsaid;
    bool m_isSending = false;
    bool m_isOneByOne = false; ///< One of those that wait was refused.
    QTimer m_again;
};

} // namespace coffer::agent
