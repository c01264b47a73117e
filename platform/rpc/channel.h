// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/error.h"

#include <QCborValue>

#include <QCoro/QCoroTask> // std::coroutine_handle, for clang 14 too

#include <cstdint>
#include <functional>
#include <vector>

namespace coffer::rpc {

/// The connection as a subscription sees it.
class Outlet
{
public:
    virtual ~Outlet() = default;
    /// Bytes that the connection has not sent yet.
    [[nodiscard]] virtual qint64 unsentBytes() const = 0;
    virtual void notify(std::uint64_t id, const QCborValue &event, const QCborValue &resume) = 0;
    /// The producer ended subscription \a id; forgets it and tells the reader.
    virtual void ended(std::uint64_t id, const Failure &why) = 0;
};

/// What connection and producer share of one subscription. Either may go first.
class Channel
{
public:
    Channel(std::uint64_t id, Outlet *outlet) : m_id(id), m_outlet(outlet) {}
    Q_DISABLE_COPY_MOVE(Channel)

    [[nodiscard]] std::uint64_t id() const { return m_id; }
    [[nodiscard]] bool isOpen() const { return m_outlet != nullptr; }
    [[nodiscard]] bool hasRoom() const;
    [[nodiscard]] bool isWaiting() const { return bool(m_waiter); }

    /// The connection: the answer to the opening call has left.
    void setAnswered();
    /// The connection: bytes have left.
    void drained();
    /// The connection: the reader cancelled, or the connection is gone.
    void close();

    void send(const QCborValue &event, const QCborValue &resume);
    void end(const Failure &why);
    void onClosed(std::function<void()> callback);
    /// The coroutine to go on when there is room, or no reader.
    void setWaiter(std::coroutine_handle<> waiter);

private:
    void wake();

    std::uint64_t m_id;
    Outlet *m_outlet; ///< nullptr once closed.
    bool m_isAnswered = false;
    std::coroutine_handle<> m_waiter;
    std::vector<std::function<void()>> m_callbacks;
};

} // namespace coffer::rpc
