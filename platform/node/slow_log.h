// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "rpc/call.h"
#include "rpc/error.h"

#include <chrono>
#include <functional>

namespace coffer::node {

/// Logs calls that took long, with what is known of why: how it ended, the time it was given, who
/// asked, how many others were under way, and what ails the node.
///
/// At most linesMax lines in each window of time; the next one says how many are missing. Node
/// thread.
class SlowLog
{
public:
    static constexpr int linesMax = 10;
    static constexpr std::chrono::seconds window{10};
    /// What is to be said of the node as a whole, at that moment.
    using Circumstances = std::function<QString()>;

    /// \a clock has to outlive this. \a threshold: of calls that are logged; 0: none are.
    SlowLog(const Clock &clock, std::chrono::milliseconds threshold, Circumstances circumstances);

    /// A call has ended; for rpc::Flights::addObserver().
    void note(const rpc::Call &call, const rpc::Outcome &outcome, Monotonic took);

private:
    [[nodiscard]] bool hasRoom();

    const Clock &m_clock;
    std::chrono::milliseconds m_threshold;
    Circumstances m_circumstances;
    Monotonic m_began{0}; ///< Of the present window.
    int m_lines = 0;      ///< In it.
    int m_missing = 0;    ///< Since the last line.
};

} // namespace coffer::node
