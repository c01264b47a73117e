// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_presence.h"

#include "goconf/host_secret.h"
#include "goconf/paths.h"
#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using pluginapi::errorOf;

static constexpr std::chrono::seconds againAfter{1};

FleetPresence::FleetPresence(pluginapi::PluginContext &context)
    : m_context(context), m_node(makeTicket().first(16))
{}

void FleetPresence::start() { m_context.spawn(keep(), "be present"); }

Task<Result<void>> FleetPresence::keep()
{
    while (!m_context.isStopping()) {
        const Result<void> been = co_await beOnce();
        if (!been && !m_context.isStopping())
            m_context.log().info(u"the other nodes do not see this one: "_s + been.error().message);
        const bool goesOn = co_await m_context.clock().sleep(againAfter);
        if (!goesOn)
            break;
    }
    co_return Result<void>();
}

/// Until the session ends.
Task<Result<void>> FleetPresence::beOnce()
{
    pluginapi::Store &store = m_context.store();
    const store::OpenSession open{.nonce = 0, .timeToLive = timeToLive};
    const Result<SessionId> session = co_await store.openSession(open);
    if (!session)
        co_return session.error();
    store::Transaction presence;
    const QCborMap record{{u"at"_s, qint64(m_context.clock().wall().count())}};
    presence.operations = {store::Put{"/config/_node/" + m_node, jsonOf(record), true, {}}};
    const pluginapi::CommitOptions options{store::Origin{*session, Sequence(1), Sequence(0)}};
    const Result<store::Answer> answer = co_await store.commit(presence, options);
    if (!answer)
        co_return answer.error();
    if (const std::optional<Error> error = errorOf(*answer))
        co_return *error;
    for (;;) {
        const bool goesOn = co_await m_context.clock().sleep(timeToLive / 3);
        if (!goesOn)
            co_return Result<void>();
        const Result<void> renewed = co_await store.keepAlive(*session);
        if (!renewed && renewed.error().code == ErrorCode::notFound)
            co_return renewed.error();
    }
}

} // namespace coffer::goconf
