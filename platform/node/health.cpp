// SPDX-License-Identifier: Apache-2.0
#include "node/health.h"

#include "node/log.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

Health::Health(Host &host, const HealthOptions &options, Lost lost)
    : m_host(host), m_options(options), m_lost(std::move(lost))
{
    connect(&m_timer, &QTimer::timeout, this, &Health::look);
    m_timer.start(options.lookEvery);
}

Health::Trouble Health::find() const
{
    const engine::Status status = m_host.status();
    if (status.isDiskFull)
        return Trouble::diskFull;
    if (status.leader.isNone())
        return Trouble::noLeader;
    return status.leader == status.self && !status.isLeading ? Trouble::notLeading : Trouble::none;
}

QString Health::textOf(Trouble trouble)
{
    switch (trouble) {
    case Trouble::none: break;
    case Trouble::noLeader: return u"there is no leader within reach"_s;
    case Trouble::notLeading: return u"this node is about to lead"_s;
    case Trouble::diskFull: return u"the disk of this node is full"_s;
    }
    return {};
}

QString Health::trouble() const { return textOf(find()); }

void Health::look()
{
    const Monotonic now = m_host.clock().monotonic();
    const Trouble found = find();
    if (found != std::exchange(m_now, found))
        m_nowFrom = now;
    if (found == Trouble::none) {
        if (std::exchange(m_said, Trouble::none) != Trouble::none) {
            qCInfo(logNode, "this node serves again, after %lld ms",
                   qlonglong(duration_cast<milliseconds>(now - *m_from).count()));
        }
        m_hasServed = true;
        m_from.reset();
        return;
    }
    if (!m_from)
        m_from = now;
    if (found != m_said && now - m_nowFrom >= m_options.logAfter)
        say(found, now);
    if (now - *m_from >= m_options.lostAfter)
        m_lost(textOf(found));
}

void Health::say(Trouble trouble, Monotonic now)
{
    if (!m_hasServed && trouble != Trouble::diskFull)
        return;
    m_said = trouble;
    const bool isFull = trouble == Trouble::diskFull;
    qCWarning(logNode).noquote() << u"%1 for %2 ms: %3"_s.arg(textOf(trouble))
                                        .arg(duration_cast<milliseconds>(now - *m_from).count())
                                        .arg(isFull ? u"it takes no part until there is space; "
                                                      "free some, and it goes on by itself"_s
                                                    : u"writes, and reads that have to be new, "
                                                      "wait or fail as UNAVAILABLE"_s);
}

} // namespace coffer::node
