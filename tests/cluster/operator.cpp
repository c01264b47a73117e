// SPDX-License-Identifier: Apache-2.0
#include "cluster/operator.h"

#include "client/client.h"

#include <QCborArray>
#include <QDeadlineTimer>
#include <QTest>

using namespace Qt::StringLiterals;

namespace coffer::test {

static rpc::Outcome askAny(const std::vector<QUrl> &nodes, const QString &method,
                           const QCborMap &params)
{
    client::Options options;
    options.nodes = nodes;
    options.timeout = std::chrono::seconds(5);
    client::Client client(options);
    client::CallOptions call;
    call.repeat = client::Repeat::safe; // as `coffer member` does: a change that is done is kept
    return QCoro::waitFor(client.call(method, params, call));
}

rpc::Outcome Operator::ask(std::size_t index, const QString &method, const QCborMap &params)
{
    return askAny({m_cluster.clientNodes()[index]}, method, params);
}

QCborMap Operator::status(std::size_t index)
{
    const rpc::Outcome outcome = ask(index, u"cluster.status"_s);
    return outcome ? outcome->toMap() : QCborMap();
}

bool Operator::isLeading(std::size_t index) { return status(index).value("leading"_L1).toBool(); }

bool Operator::isNotLeading(std::size_t index)
{
    const QCborMap map = status(index);
    return !map.isEmpty() && !map.value("leading"_L1).toBool();
}

bool Operator::isVoter(std::size_t index, const QString &id)
{
    return status(index).value("voters"_L1).toArray().contains(id);
}

bool Operator::change(const QString &method, const QCborMap &params)
{
    m_refusal.clear();
    return QTest::qWaitFor(
        [&] {
            const rpc::Outcome outcome = askAny(m_cluster.clientNodes(), method, params);
            if (!outcome)
                m_refusal = outcome.error().message;
            return outcome.has_value();
        },
        60'000);
}

} // namespace coffer::test
