// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/link.h"
#include "rpc/flights.h"
#include "rpc/registry.h"

#include <functional>
#include <set>
#include <vector>

namespace coffer::test {

/// Links between clients and one registry, in the event loop of the test; each address is another
/// way to it. Messages arrive in a later round of the loop, in order.
class FakeNetwork
{
public:
    FakeNetwork(rpc::Registry &registry, const Clock &clock) : m_flights(registry, clock) {}

    [[nodiscard]] std::unique_ptr<client::Link> make(const QUrl &node);
    /// All connections break.
    void cut();

    std::set<QString> down;   ///< Hosts that refuse connections.
    std::set<QString> silent; ///< Hosts that stand still: nothing arrives, either way.
    /// Calls that are answered UNAVAILABLE and not carried out.
    std::function<bool(const QString &host, const QString &method)> isRefused;
    bool isSilent = false;         ///< Nothing arrives, either way.
    int loseAnswers = 0;           ///< So many of the next answers break the connection instead.
    int opened = 0;                ///< Connections, so far.
    std::vector<QByteArray> asked; ///< Messages from clients.
    QByteArray garbage;            ///< Said in place of the next answer, if not empty.

private:
    class FakeLink;

    rpc::Flights m_flights;
    std::set<FakeLink *> m_links;
};

} // namespace coffer::test
