// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

namespace coffer::pluginhost {

/// Calls back when time has passed; the test kit's is virtual. Node thread.
class Timers
{
public:
    virtual ~Timers() = default;
    /// Calls \a call after \a time, in a turn of its own; never if this is destroyed before.
    virtual void after(std::chrono::milliseconds time, std::function<void()> call) = 0;
};

/// Other threads, for work that would block the node.
class Workers
{
public:
    virtual ~Workers() = default;
    /// Does \a work elsewhere, then calls \a done on the node thread. False, and nothing happens,
    /// if too much waits already. \a work never throws.
    [[nodiscard]] virtual bool run(std::function<void()> work, std::function<void()> done) = 0;
};

} // namespace coffer::pluginhost
