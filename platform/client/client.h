// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/connection.h"
#include "client/link.h"

#include <QCoroTask>
#include <QObject>
#include <QPointer>

#include <chrono>
#include <vector>

namespace coffer::client {

template<class T>
using Task = QCoro::Task<T>;

struct Options
{
    std::vector<QUrl> nodes;                   ///< See parseEndpoints(); at least one.
    bool isShuffled = true;                    ///< Begin with any of them; else with the first.
    std::chrono::milliseconds timeout{10'000}; ///< Of a call that does not say another.
    /// Of an attempt in the first round; it doubles with each, three times at most: nodes that many
    /// want to reach at once need longer, and whoever gives up only makes them begin anew.
    std::chrono::milliseconds connectTimeout{2'000};
    /// A node that says nothing for two of these while it was asked is given up.
    std::chrono::milliseconds pingEvery{1'000};
    /// A node that says nothing for so long while it is called, nor answers a ping, is left for the
    /// next one that can be reached meanwhile; 0: never. Not while a call is under way that must
    /// not be sent twice.
    std::chrono::milliseconds doubtAfter{300};
    /// A node that answers nothing but UNAVAILABLE for so long is left, if there is another one.
    std::chrono::milliseconds leaveAfter{2'000};
    /// Between rounds in which no node could be reached.
    std::chrono::milliseconds pauseMax{1'000};
    std::chrono::milliseconds sessionTimeToLive{30'000}; ///< Of the store's own session.
    LinkFactory link = &makeWebSocketLink;
};

struct CallOptions
{
    Repeat repeat = Repeat::never;
    std::chrono::milliseconds timeout{0}; ///< 0: Options::timeout.
};

/// What became of a call, and whether an earlier try of it may have been carried out: then an
/// answer that says "not done" says nothing about that try.
struct Called
{
    rpc::Outcome outcome;
    bool isRepeated = false;
};

/// A client of a cluster: one connection to any of its nodes, and another one when that breaks, or
/// when the node is silent, says that it cannot serve, or does not serve for long.
///
/// A call waits for a connection, is sent, and is sent again elsewhere while that is safe and time
/// is left. Resource; the thread that made it, which needs an event loop. Destroy it when no task
/// is under way, or end the event loop with it: tasks under way end with UNAVAILABLE.
class Client final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Client)

public:
    enum class State {
        connecting, ///< Looks for a node, for the first time or again.
        connected
    };

    explicit Client(Options options, QObject *parent = nullptr);
    ~Client() override;

    [[nodiscard]] State state() const;
    /// The node that it is connected to; empty while it is not.
    [[nodiscard]] QUrl node() const;
    /// Why there is no connection, for people; empty while there is one.
    [[nodiscard]] QString trouble() const { return m_trouble; }
    [[nodiscard]] const Options &options() const { return m_options; }

    /// Calls a method. Errors are failures as the node said them, or UNAVAILABLE (certainly not
    /// done, or a read), UNKNOWN_OUTCOME (a write was sent, and no answer came), DEADLINE.
    [[nodiscard]] Task<rpc::Outcome> call(QString method, QCborMap params,
                                          CallOptions options = {});
    /// The same, with \a params as a map in CBOR, and a result for rpc::itemOf().
    [[nodiscard]] Task<rpc::Outcome> callEncoded(QString method, QByteArray params,
                                                 CallOptions options = {});
    /// The same, for commands that the store does once.
    [[nodiscard]] Task<Called> callCounted(QString method, QByteArray params, CallOptions options);
    /// The connection; UNAVAILABLE if there is none after \a timeout, CANCELLED if the client ends.
    /// Valid until the caller next waits.
    [[nodiscard]] Task<rpc::Answer<Connection *>> connected(std::chrono::milliseconds timeout);
    /// The present connection or nullptr.
    [[nodiscard]] Connection *connection() const;
    /// Gives the present node up for the next one, as if it had closed the connection, because of
    /// \a why; with a single node, nothing. For who knows that the node is of no use to it.
    void leave(const QString &why);

Q_SIGNALS:
    void stateChanged(coffer::client::Client::State state);

private:
    void attempt();
    void onOpened();
    void onClosed(const QString &why);
    void onSilent();
    void onSpareOpened();
    void dropSpare();
    [[nodiscard]] Connection *connectionTo(std::size_t node);
    [[nodiscard]] std::chrono::milliseconds pause();

    Options m_options;
    std::size_t m_next = 0;             ///< Which node is tried next.
    std::size_t m_failures = 0;         ///< Connections in a row that were of no use.
    Connection *m_connection = nullptr; ///< A child.
    /// A child, too: to another node, while the present one is silent.
    Connection *m_spare = nullptr;
    std::size_t m_spareNode = 0;
    QTimer m_connectTimer; ///< While an attempt is under way.
    QTimer m_pauseTimer;
    QString m_trouble;
    std::vector<Eventual<bool>::Setter> m_waiting;
    bool m_isEnding = false;
};

/// An error of the rooms below from what a node said, the way back of rpc::Failure::of().
[[nodiscard]] Error errorOf(const rpc::Failure &failure);

} // namespace coffer::client
