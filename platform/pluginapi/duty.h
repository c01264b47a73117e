// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/store.h"

#include <chrono>
#include <functional>
#include <memory>

namespace coffer::pluginapi {

/// The time in which an exclusive job runs on this node.
///
/// It is over when the plugin stops or the node cannot renew its session in time. Another node may
/// begin right after it is over; a node that was paused learns late. So a job that must not write
/// beside its successor puts guard() into its transactions. Node thread.
class Duty
{
public:
    virtual ~Duty() = default;

    [[nodiscard]] virtual bool isOver() const = 0;
    /// Waits; false, and early, if the duty is over.
    [[nodiscard]] virtual Task<bool> sleep(std::chrono::milliseconds time) = 0;
    /// Calls \a callback once when the duty is over; now, if it is.
    virtual void onOver(std::function<void()> callback) = 0;
    /// Holds in the store exactly as long as nobody else has the job.
    [[nodiscard]] virtual store::Guard guard() const = 0;
};

/// Does the work while Duty::isOver() is false. Returning, with or without an error, gives the job
/// back: any node begins it again, after a pause. A free or member function, never a capturing
/// lambda.
using Job = std::function<Task<Result<void>>(std::shared_ptr<Duty>)>; // shared with the host

} // namespace coffer::pluginapi
