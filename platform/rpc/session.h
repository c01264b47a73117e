// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/answers.h"
#include "rpc/channel.h"
#include "rpc/flights.h"
#include "rpc/message.h"
#include "rpc/subscription.h"

#include <QObject>

#include <QCoro/QCoroTask>

#include <deque>
#include <map>
#include <memory>

namespace coffer::rpc {

/// Where a session's messages go: a WebSocket, or a list in a test.
class Pipe
{
public:
    virtual ~Pipe() = default;
    virtual void send(const QByteArray &message, Form form) = 0;
    /// The same, and nothing else is about to be sent: it leaves at once, with what was sent
    /// before, and not with the end of the loop's turn. Whoever reads it works while this node
    /// goes on.
    virtual void sendNow(const QByteArray &message, Form form) { send(message, form); }
    /// Bytes given to send() that have not left.
    [[nodiscard]] virtual qint64 unsentBytes() const = 0;
    /// Ends the connection: it breaks the bound that \a why names.
    virtual void cut(const QString &why) = 0;
};

/// One connection that speaks JSON-RPC 2.0 both ways: calls, batches, subscriptions. Knows no
/// socket. Answers leave in the order in which they are ready; those of a batch leave together.
///
/// When it dies, calls under way are cancelled and their answers dropped, subscriptions are closed.
/// Node thread.
class Session final : public QObject, private Outlet, private Subscriber
{
public:
    /// Both must outlive the session.
    Session(Flights &flights, Pipe &pipe, Caller caller);
    ~Session() override;

    /// One message from the peer.
    void receive(const QByteArray &message, Form form);
    /// Some of what was sent has left: producers that wait for room go on.
    void drained();

    /// Ends all subscriptions of the connection, and tells why.
    void endSubscriptions(const Failure &why);
    [[nodiscard]] const Caller &caller() const { return m_lane->caller(); }
    [[nodiscard]] std::size_t subscriptionCount() const { return m_channels.size(); }

private:
    struct Batch;

    [[nodiscard]] QCoro::Task<void> answer(Request request, std::shared_ptr<Batch> batch);
    [[nodiscard]] Outcome unsubscribe(const Request &request);
    void deliver(const std::optional<QCborValue> &id, const Outcome &outcome, Batch &batch);
    void finish(Batch &batch);
    void post(const QByteArray &message, Form form);

    [[nodiscard]] Answer<Subscription> subscribe() override;
    [[nodiscard]] bool hasRoom() const override;
    void awaitRoom(const Wake &wake) override { m_awaitRoom.push_back(wake); }
    [[nodiscard]] qint64 unsentBytes() const override;
    void notify(std::uint64_t id, const QCborValue &event, const QCborValue &resume) override;
    void ended(std::uint64_t id, const Failure &why) override;

    Flights &m_flights;
    Pipe &m_pipe;
    std::shared_ptr<Lane> m_lane; // shared so that calls can see it go
    Form m_form = Form::json;     ///< Of the last message; notifications are written like it.
    bool m_isCut = false;
    bool m_isReceiving = false; ///< More calls may have come with the same bytes.
    std::uint64_t m_lastId = 0;
    std::map<std::uint64_t, std::shared_ptr<Channel>> m_channels; // shared with the producers
    std::deque<Wake> m_awaitRoom; ///< Calls, in order; some may be cancelled.
};

} // namespace coffer::rpc
