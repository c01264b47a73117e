// SPDX-License-Identifier: Apache-2.0
#include "rpc/call.h"

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

Answer<Subscription> Call::subscribe()
{
    if (m_subscriber && !m_isCancelled)
        return m_subscriber->subscribe();
    return Failure::of(Code::invalidRequest,
                       QStringLiteral("%1 sends notifications, which this connection cannot carry: "
                                      "call it over the WebSocket at /rpc.")
                           .arg(method));
}

} // namespace coffer::rpc
