// SPDX-License-Identifier: Apache-2.0
#include "rpc/call.h"

#include "rpc/channel.h"

#include <utility>

namespace coffer::rpc {

void Call::onCancelled(std::function<void()> callback)
{
    if (m_isCancelled)
        callback();
    else
        m_callbacks.push_back(std::move(callback));
}

void Call::cancel()
{
    if (std::exchange(m_isCancelled, true))
        return;
    const auto callbacks = std::exchange(m_callbacks, {});
    for (const auto &callback : callbacks)
        callback();
}

QCborValue Call::encoded(const QByteArray &cbor) const
{
    return takesEncoded ? rpc::encoded(cbor) : QCborValue::fromCbor(cbor);
}

QCoro::Task<bool> Call::room()
{
    // The connection may go while this waits; then the call is cancelled before.
    while (!m_isCancelled && m_subscriber && !m_subscriber->hasRoom()) {
        Eventual<bool> wake(
            {ErrorCode::unavailable, QStringLiteral("the connection ended before there was room")});
        const Subscriber::Wake set = wake.setter();
        m_subscriber->awaitRoom(set);
        onCancelled([set] { set(false); });
        const Result<bool> woken = co_await wake;
        if (!woken)
            co_return false;
    }
    co_return !m_isCancelled;
}

Answer<Subscription> Call::subscribe()
{
    if (!m_subscriber || m_isCancelled)
        return Failure::of(Code::invalidRequest,
                           QStringLiteral("%1 sends notifications, which this connection cannot "
                                          "carry: call it over the WebSocket at /rpc.")
                               .arg(method));
    Answer<Subscription> opened = m_subscriber->subscribe();
    if (opened) {
        onCancelled([channel = std::weak_ptr(opened->m_channel)] {
            if (const std::shared_ptr<Channel> open = channel.lock())
                open->end(Failure::of(Code::cancelled,
                                      QStringLiteral("The call that opened it failed.")));
        });
    }
    return opened;
}

} // namespace coffer::rpc
