// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static constexpr std::chrono::seconds countEvery{15};

Fleet::Fleet(pluginapi::PluginContext &context, Library &library, Publisher &publisher,
             FleetSweep::Times times)
    : m_context(context)
    , m_watch(context, m_view)
    , m_presence(context)
    , m_bundles(context, library)
    , m_origins(context, library)
    , m_hosts(context)
    , m_follows({context, m_view, m_watch, m_presence, m_bundles, m_origins})
    , m_methods({context, m_view, m_bundles})
    , m_canary({context, library, m_view})
    , m_sweep(context, library, times)
    , m_expiry(context, m_view, publisher)
{}

Result<void> Fleet::start()
{
    m_watch.start([this](FleetView::Kind kind, const QByteArray &path) {
        m_follows.look(kind, path);
        m_methods.look();
    });
    m_presence.start();
    m_context.spawn(count(), "count hosts");
    for (const Result<void> &started : {m_hosts.start(), m_follows.start(), m_methods.start(),
                                        m_canary.start(), m_sweep.start(), m_expiry.start()}) {
        if (!started)
            return started;
    }
    return {};
}

/// Hosts by state, as figures: each node shows all of them.
Task<Result<void>> Fleet::count()
{
    std::map<QByteArray, pluginapi::Gauge *> gauges;
    for (const char *state : {state::healthy, state::failed, state::rolledBack, state::drifted,
                              state::held, state::waiting, state::offline, state::unknown}) {
        gauges.emplace(state, &m_context.metrics().gauge(
                                  "hosts", "Services on hosts of the whole fleet, by state.",
                                  {{"state", state}}));
    }
    for (;;) {
        std::map<QByteArray, int> counts;
        for (const FleetRow &row : m_view.rows({}))
            ++counts[row.state];
        for (const auto &[state, gauge] : gauges)
            gauge->set(counts[state]);
        const bool goesOn = co_await m_context.clock().sleep(countEvery);
        if (!goesOn)
            break;
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
