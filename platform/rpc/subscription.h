// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/eventual.h"
#include "rpc/error.h"

#include <QCborValue>

#include <QCoro/QCoroTask>

#include <cstdint>
#include <memory>

namespace coffer::rpc {

class Call;
class Channel;

/// The producer's end of a subscription: a stream of notifications to one connection.
///
/// It is pulled: the producer waits for room(), then sends one. So what a slow reader has not
/// fetched stays in the producer's source (the history of the store), not in memory. A handle that
/// moves; when it dies without end(), the reader is told that the subscription was UNAVAILABLE.
/// Outlives the connection harmlessly. Same thread as the connection.
class Subscription
{
public:
    explicit Subscription(std::shared_ptr<Channel> channel);
    Subscription(Subscription &&) noexcept;
    Subscription &operator=(Subscription &&) noexcept;
    ~Subscription();

    /// The number by which notifications name it and by which the reader cancels it; never reused
    /// on a connection.
    [[nodiscard]] std::uint64_t id() const;
    /// False once the reader cancelled it, the connection is gone, or end() was called.
    [[nodiscard]] bool isOpen() const;
    /// True when the answer to the call that opened it has left and less than
    /// limits::unsentBytesMax wait in the connection.
    [[nodiscard]] bool hasRoom() const;
    /// Waits until hasRoom(), answers true; or until it is no longer open, answers false. One
    /// waiter at a time.
    [[nodiscard]] QCoro::Task<bool> room();
    /// Sends \a event with \a resume, from where a later subscription goes on (an integer or a
    /// text; undefined: cannot be resumed). Dropped when not open. To send without room is a bug
    /// that is forgiven once: a single notification may be larger than the room.
    void send(const QCborValue &event, const QCborValue &resume);
    /// Tells the reader why no more will come.
    void end(const Failure &why);
    /// Calls \a callback once when it is no longer open; now, if it is closed already.
    void onClosed(std::function<void()> callback);

private:
    friend class Call;

    std::shared_ptr<Channel> m_channel; // shared with the connection; either may go first
};

/// A connection as calls see it: opens subscriptions, and tells whether there is room.
class Subscriber
{
public:
    using Wake = Eventual<bool>::Setter;

    virtual ~Subscriber() = default;
    [[nodiscard]] virtual Answer<Subscription> subscribe() = 0;
    /// Less than limits::unsentBytesMax wait in the connection.
    [[nodiscard]] virtual bool hasRoom() const = 0;
    /// Sets \a wake when hasRoom() may be true again.
    virtual void awaitRoom(const Wake &wake) = 0;
};

} // namespace coffer::rpc
