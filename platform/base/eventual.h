// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <coroutine>
#include <memory>
#include <optional>

namespace coffer {

/// An answer that comes later, awaited by one coroutine: the bridge from callbacks to `co_await`.
///
/// \code
/// Eventual<int> answer({ErrorCode::unavailable, "nobody answered"});
/// engine.ask([set = answer.setter()](Result<int> result) { set(std::move(result)); });
/// const Result<int> result = co_await answer;
/// \endcode
///
/// One thread. The setter resumes the coroutine from within its call. If all setters are gone and
/// none was called, the answer is the error that the constructor was given, so that no coroutine
/// waits for ever. Await it once.
template<class T>
class Eventual
{
    struct State
    {
        std::optional<Result<T>> value;
        std::coroutine_handle<> waiter;

        void set(Result<T> result)
        {
            if (value)
                return;
            value.emplace(std::move(result));
            if (const auto resumed = std::exchange(waiter, {}))
                resumed.resume();
        }
    };
    /// What all setters share.
    struct Promise
    {
        std::shared_ptr<State> state;
        Error ifDropped;

        Promise(std::shared_ptr<State> of, Error error)
            : state(std::move(of)), ifDropped(std::move(error))
        {}
        Promise(const Promise &) = delete;
        Promise &operator=(const Promise &) = delete;
        ~Promise() { state->set(ifDropped); }
    };

public:
    /// Gives the answer; the first call counts. Copies are equal.
    class Setter
    {
    public:
        void operator()(Result<T> result) const
        {
            const std::shared_ptr<State> state = m_promise->state; // The resumed may drop this.
            state->set(std::move(result));
        }
        [[nodiscard]] bool isSet() const { return m_promise->state->value.has_value(); }

    private:
        friend class Eventual;
        explicit Setter(std::shared_ptr<Promise> promise) : m_promise(std::move(promise)) {}
        std::shared_ptr<Promise> m_promise;
    };

    explicit Eventual(Error ifDropped)
        : m_state(std::make_shared<State>())
        , m_promise(std::make_shared<Promise>(m_state, std::move(ifDropped)))
    {}

    /// To be called once, before it is awaited; copy what it returns.
    [[nodiscard]] Setter setter() { return Setter(std::exchange(m_promise, nullptr)); }

    [[nodiscard]] bool await_ready() const noexcept { return m_state->value.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { m_state->waiter = waiter; }
    [[nodiscard]] Result<T> await_resume() { return std::move(*m_state->value); }

private:
    std::shared_ptr<State> m_state;
    std::shared_ptr<Promise> m_promise;
};

} // namespace coffer
