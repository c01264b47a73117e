// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/method.h"
#include "rpc/schema.h"

namespace coffer::rpc {

/// A registered method. Shared by the registry, its Registration and the calls in flight.
class Entry
{
public:
    Entry(Method method, Handler handler, Schema params, Schema result)
        : m_method(std::move(method))
        , m_handler(std::move(handler))
        , m_params(std::move(params))
        , m_result(std::move(result))
    {}

    [[nodiscard]] const Method &method() const { return m_method; }
    [[nodiscard]] const Handler &handler() const { return m_handler; }
    [[nodiscard]] const Schema &params() const { return m_params; }
    [[nodiscard]] const Schema &result() const { return m_result; }

    int inFlight = 0; ///< Calls whose handler has not finished.

private:
    Method m_method;
    Handler m_handler;
    Schema m_params;
    Schema m_result;
};

} // namespace coffer::rpc
