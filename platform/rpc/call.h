// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "rpc/error.h"
#include "rpc/params.h"
#include "rpc/subscription.h"

#include <QString>
#include <QStringList>

#include <QCoro/QCoroTask>

#include <any>
#include <functional>
#include <optional>
#include <vector>

namespace coffer::rpc {

/// Who asks, and from where. Value.
struct Caller
{
    QString name{};      ///< Of the token or certificate; "anonymous" without one.
    QStringList roles{}; ///< What rules are written for.
    QString address{};   ///< "192.0.2.1:5123", "plugin goconf"; for logs and audit.
    QByteArray proof{};  ///< By what it was known, for whoever authorises; never shown.
    QString trouble{};   ///< Why it is nobody, for people; empty for somebody.
};

/// One call under way: what was asked, by whom, until when.
///
/// Made by whoever dispatches and valid until the task of the handler has finished; a handler may
/// so keep a reference over its co_awaits. Lives on one thread.
class Call
{
public:
    /// \a subscriber opens subscriptions; nullptr where the transport cannot carry them.
    explicit Call(Subscriber *subscriber = nullptr) : m_subscriber(subscriber) {}
    Q_DISABLE_COPY_MOVE(Call)

    QString method;
    Params params; ///< Checked; byte strings are byte strings, from JSON too.
    /// The caller takes CBOR: an answer need not be a value first.
    bool takesEncoded = false;
    std::any decoded; ///< What Method::decode made of params; empty without it.
    Caller caller;
    QByteArray traceparent; ///< W3C: "00-<32 hex>-<16 hex>-<2 hex>"; empty if the caller sent none.
    std::optional<Monotonic> deadline; ///< Nobody waits for the answer after it.

    /// decoded as the type that Method::decode made.
    template<class T>
    [[nodiscard]] const T &as() const
    {
        return *std::any_cast<T>(&decoded);
    }

    /// An answer of a hot method, whose \a cbor is one well-formed item.
    [[nodiscard]] QCborValue encoded(const QByteArray &cbor) const;

    /// True once nobody waits for the answer: the deadline has passed, or the connection is gone.
    /// Reads may stop then; a write that was submitted goes on.
    [[nodiscard]] bool isCancelled() const { return m_isCancelled; }
    /// Calls \a callback when the call is cancelled, or now if it is already. The callback dies
    /// with the call.
    void onCancelled(std::function<void()> callback);
    /// For whoever dispatches. Cancelling twice is harmless.
    void cancel();

    /// Waits until the caller's connection has room for a large answer; false once the call is
    /// cancelled. Who makes such answers only then, at once and without waiting for anything else,
    /// lets no more of them lie in memory than the caller fetches. Over HTTP there always is room:
    /// one request at a time is answered, and FrontDoor bounds the batches.
    [[nodiscard]] QCoro::Task<bool> room();

    /// Opens a subscription on the caller's connection. The handler answers with a map that has
    /// its id() as "subscription"; notifications leave after that answer, never before. If the call
    /// fails or is cancelled, the subscription ends with it. Fails where the transport cannot carry
    /// one (HTTP) and at limits::subscriptionsMax of the connection.
    [[nodiscard]] Answer<Subscription> subscribe();

private:
    Subscriber *m_subscriber;
    bool m_isCancelled = false;
    std::vector<std::function<void()>> m_callbacks;
};

} // namespace coffer::rpc
