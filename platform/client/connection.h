// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/eventual.h"
#include "client/link.h"
#include "rpc/error.h"

#include <QCborMap>
#include <QTimer>

#include <chrono>
#include <map>
#include <optional>

namespace coffer::client {

/// How a call may be treated when it is not known whether it was carried out.
enum class Repeat {
    read,  ///< It changes nothing: sent again; in the end UNAVAILABLE, as there is no outcome.
    safe,  ///< A write that is done once however often it is sent: sent again.
    never, ///< Sent once; then UNKNOWN_OUTCOME.
};

/// When a connection gives its node up.
struct Patience
{
    /// Nothing was heard for two of these while it was asked.
    std::chrono::milliseconds pingEvery{1'000};
    /// It answered nothing but UNAVAILABLE for so long; 0: never for that.
    std::chrono::milliseconds leaveAfter{0};
    /// Nothing was heard for about so long, although it was called: silent(); 0: never.
    std::chrono::milliseconds doubtAfter{0};
};

/// Calls over one link to one node: matches answers to calls and events to subscriptions.
///
/// Resource; one thread. When the link breaks, or the node is given up, every call under way ends
/// with `lost`, and every subscription is told. Not opened again.
class Connection final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Connection)

public:
    /// An answer, or what an error object said. An Error beside it: the connection was lost after
    /// the call had left, so nobody knows what became of it.
    using Answer = Result<rpc::Outcome>;
    /// \a event is one item in CBOR, well-formed and of bounded depth; valid for the call.
    using EventSink = std::function<void(QByteArrayView event)>;
    /// The end of a subscription; no failure: the connection was lost.
    using EndSink = std::function<void(const std::optional<rpc::Failure> &why)>;

    Connection(std::unique_ptr<Link> link, const Patience &patience);
    ~Connection() override;

    void open() { m_link->open(); }
    [[nodiscard]] bool isOpen() const { return m_isOpen; }
    /// The node has said something else than that it can do nothing.
    [[nodiscard]] bool hasServed() const { return m_hasServed; }

    /// Sends a call, whose \a params are a map in CBOR. The answer comes once; not from within
    /// this call, and after the deadline has passed with DEADLINE, for then the outcome is not
    /// known. A result is one that rpc::decoded() makes a value of.
    [[nodiscard]] Eventual<rpc::Outcome> call(const QString &method, const QByteArray &params,
                                              std::chrono::milliseconds deadline,
                                              Repeat repeat = Repeat::never);
    /// Sends a call whose answer nobody waits for.
    void tell(const QString &method, const QCborMap &params);
    /// Where the events of a subscription go; set from within the answer that opened it.
    void listen(qint64 subscription, EventSink event, EndSink end);
    void forget(qint64 subscription) { m_sinks.erase(subscription); }
    /// It is called, by none but calls that may be repeated, and has said nothing for
    /// Patience::doubtAfter, nor to a ping.
    [[nodiscard]] bool isSilent() const;
    /// Ends it, as if the link had broken.
    void giveUp(const QString &why);

Q_SIGNALS:
    void opened();
    /// isSilent() has become true, or is still so.
    void silent();
    void closed(const QString &why);

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Sinks
    {
        EventSink event;
        EndSink end;
    };
    struct Pending
    {
        Eventual<rpc::Outcome>::Setter set;
        Time sentAt;
        Time deadline;
        Repeat repeat = Repeat::never;
    };

    void onReceived(const QByteArray &bytes);
    void onAnswered(const Pending &call, const rpc::Outcome &outcome);
    void onNotification(QByteArrayView method, QByteArrayView params);
    void onClosed(const QString &why);
    void onBeat();
    void onDoubt();
    void noteHeard();
    void noteServed();
    void noteUnserved(Time sentAt, const QString &why);

    std::unique_ptr<Link> m_link;
    Patience m_patience;
    bool m_isOpen = false;
    bool m_isClosed = false;
    bool m_wasHeard = true; ///< Since the last beat.
    bool m_isAsked = false; ///< A ping is under way since then.
    bool m_hasServed = false;
    Time m_servedAt;                    ///< When it last did something.
    std::optional<Time> m_unservedFrom; ///< When the first call since then was sent that failed.
    QTimer m_beat;
    QTimer m_doubt;       ///< Runs while calls are under way.
    int m_quietTurns = 0; ///< Of m_doubt, in which nothing was heard.
    qint64 m_lastId = 0;
    std::map<qint64, Pending> m_pending;
    std::map<qint64, Sinks> m_sinks;
};

} // namespace coffer::client
