// SPDX-License-Identifier: Apache-2.0
#include "goconf/expiry.h"

#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

Result<void> Expiry::start()
{
    return m_context.exclusive(u"expiry"_s,
                               [this](DutyPointer duty) { return run(std::move(duty)); });
}

Task<Result<void>> Expiry::run(DutyPointer duty)
{
    m_at = Monotonic(0); // another node may have had it meanwhile
    bool goesOn = co_await duty->sleep(lookEvery);
    while (goesOn) {
        const std::vector<FleetView::Ending> endings = m_view.endings();
        Result<void> ended;
        if (!endings.empty())
            ended = co_await endThose(endings);
        if (!ended && !duty->isOver())
            m_context.log().warning(u"layers of hosts last longer: "_s + ended.error().message);
        goesOn = co_await duty->sleep(lookEvery);
    }
    co_return Result<void>();
}

/// Guessed by the monotonic clock from when it was known.
Task<Result<WallMs>> Expiry::guessedTime()
{
    const Result<Moment> moment = co_await newestMoment(m_context.store());
    if (!moment)
        co_return moment.error();
    const bool isOld = m_at == Monotonic(0) || m_context.clock().monotonic() - m_at > askEvery;
    Result<WallMs> time = moment->time;
    if (moment->time <= m_time && isOld)
        time = co_await timeNow(m_context.store());
    if (!time)
        co_return time.error();
    const Monotonic now = m_context.clock().monotonic();
    if (*time > m_time || m_at == Monotonic(0)) {
        m_time = *time;
        m_at = now;
    }
    co_return m_time + std::chrono::duration_cast<std::chrono::milliseconds>(now - m_at);
}

Task<Result<void>> Expiry::endThose(std::vector<FleetView::Ending> endings)
{
    const Result<WallMs> time = co_await guessedTime();
    if (!time)
        co_return time.error();
    Result<void> all; // one that cannot end does not hold up the others
    for (const FleetView::Ending &one : endings) {
        if (one.until > *time)
            continue;
        const auto ended = co_await m_publisher.expire(one.service, one.host, one.until);
        if (!ended)
            all = Error{ErrorCode::refused,
                        u"%1 of %2: %3"_s.arg(textOf(one.host), textOf(one.service),
                                              ended.error().message)};
        else if (*ended)
            m_context.log().info(
                u"the layer of %1 of %2 has ended"_s.arg(textOf(one.host), textOf(one.service)));
    }
    const Result<void> outcome = all;
    co_return outcome;
}

} // namespace coffer::goconf
