// SPDX-License-Identifier: Apache-2.0
#include "node/slow_log.h"

#include "node/log.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

SlowLog::SlowLog(const Clock &clock, milliseconds threshold, Circumstances circumstances)
    : m_clock(clock), m_threshold(threshold), m_circumstances(std::move(circumstances))
{}

bool SlowLog::hasRoom()
{
    const Monotonic now = m_clock.monotonic();
    if (m_lines == 0 || now - m_began >= window) {
        m_began = now;
        m_lines = 0;
    }
    if (m_lines >= linesMax) {
        ++m_missing;
        return false;
    }
    ++m_lines;
    return true;
}

void SlowLog::note(const rpc::Call &call, const rpc::Outcome &outcome, Monotonic took)
{
    if (m_threshold.count() == 0 || took < m_threshold || !hasRoom())
        return;
    QString line = u"slow: %1 took %2 ms, %3, by %4 from %5"_s.arg(call.method)
                       .arg(duration_cast<milliseconds>(took).count())
                       .arg(outcome ? u"ok"_s : QString(rpc::nameOf(outcome.error().code)),
                            call.caller.name, call.caller.address);
    if (call.isCancelled())
        line += u"; nobody waited for it any more"_s;
    if (!call.traceparent.isEmpty())
        line += u"; trace "_s + QString::fromLatin1(call.traceparent);
    if (const QString more = m_circumstances(); !more.isEmpty())
        line += u"; "_s + more;
    if (const int missing = std::exchange(m_missing, 0); missing > 0)
        line += u"; %1 slow calls before it were not logged"_s.arg(missing);
    qCWarning(logNode).noquote() << line;
}

} // namespace coffer::node
