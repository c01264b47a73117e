// SPDX-License-Identifier: Apache-2.0
#include "rpc/subscription.h"

#include "base/check.h"
#include "rpc/channel.h"
#include "rpc/limits.h"

#include <utility>

namespace coffer::rpc {
namespace {

struct Waiting
{
    Channel *channel;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { channel->setWaiter(waiter); }
    void await_resume() const noexcept {}
};

[[nodiscard]] QCoro::Task<bool> roomOf(std::shared_ptr<Channel> channel)
{
    while (channel->isOpen() && !channel->hasRoom())
        co_await Waiting{channel.get()};
    co_return channel->isOpen();
}

} // namespace

bool Channel::hasRoom() const
{
    return m_outlet && m_isAnswered && m_outlet->unsentBytes() < limits::unsentBytesMax;
}

void Channel::setAnswered()
{
    m_isAnswered = true;
    wake();
}

void Channel::drained()
{
    if (hasRoom())
        wake();
}

void Channel::close()
{
    if (!isOpen())
        return;
    m_outlet = nullptr;
    const auto callbacks = std::exchange(m_callbacks, {});
    for (const auto &callback : callbacks)
        callback();
    wake();
}

void Channel::send(const QCborValue &event, const QCborValue &resume)
{
    if (m_outlet)
        m_outlet->notify(m_id, event, resume);
}

void Channel::end(const Failure &why)
{
    if (Outlet *outlet = m_outlet) {
        close();
        outlet->ended(m_id, why);
    }
}

void Channel::onClosed(std::function<void()> callback)
{
    if (isOpen())
        m_callbacks.push_back(std::move(callback));
    else
        callback();
}

void Channel::setWaiter(std::coroutine_handle<> waiter)
{
    COFFER_CHECK(!m_waiter, "two coroutines wait for the room of one subscription");
    m_waiter = waiter;
}

void Channel::wake()
{
    if (m_waiter)
        std::exchange(m_waiter, {}).resume();
}

Subscription::Subscription(std::shared_ptr<Channel> channel) : m_channel(std::move(channel)) {}

Subscription::Subscription(Subscription &&) noexcept = default;

Subscription &Subscription::operator=(Subscription &&other) noexcept
{
    std::swap(m_channel, other.m_channel);
    return *this;
}

Subscription::~Subscription()
{
    if (m_channel)
        end(Failure::of(Code::unavailable, QStringLiteral("The service stopped; subscribe again "
                                                          "with the last resume token.")));
}

std::uint64_t Subscription::id() const { return m_channel->id(); }

bool Subscription::isOpen() const { return m_channel->isOpen(); }

bool Subscription::hasRoom() const { return m_channel->hasRoom(); }

QCoro::Task<bool> Subscription::room() { return roomOf(m_channel); }

void Subscription::send(const QCborValue &event, const QCborValue &resume)
{
    m_channel->send(event, resume);
}

void Subscription::end(const Failure &why) { m_channel->end(why); }

void Subscription::onClosed(std::function<void()> callback)
{
    m_channel->onClosed(std::move(callback));
}

} // namespace coffer::rpc
