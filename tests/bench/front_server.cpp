// SPDX-License-Identifier: Apache-2.0
#include "bench/front_server.h"

#include <chrono>

using namespace Qt::StringLiterals;

namespace coffer::bench {

static QCoro::Task<rpc::Outcome> add(rpc::Call &call)
{
    const qint64 sum =
        call.params.value("a"_L1).toInteger() + call.params.value("b"_L1).toInteger();
    co_return QCborValue(QCborMap{{u"sum"_s, sum}});
}

Monotonic FrontServer::SteadyClock::monotonic() const
{
    return std::chrono::duration_cast<Monotonic>(
        std::chrono::steady_clock::now().time_since_epoch());
}

FrontServer::FrontServer()
{
    rpc::Method method{.name = u"bench.add"_s, .params = R"({"type":"object","required":["a","b"],
                           "additionalProperties":false,
                           "properties":{"a":{"type":"integer"},"b":{"type":"integer"}}})"};
    Result<rpc::Registration> added = m_registry.add(std::move(method), add);
    if (!added || !m_server.start(QHostAddress(QHostAddress::LocalHost), 0))
        qFatal("the server does not start");
    m_method = std::move(*added);
}

} // namespace coffer::bench
