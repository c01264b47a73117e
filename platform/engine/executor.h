// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <functional>

namespace coffer::engine {

/// One queue of blocking work. Work of one lane runs in order, one at a time.
enum class Lane { journal, checkpoint };

/// Runs blocking work away from the engine's thread. In cofferd: one thread a lane. In the
/// simulator: virtual time, with crashes and delays in between.
class Executor
{
public:
    using Work = std::function<Result<void>()>;
    using Done = std::function<void(Result<void>)>;

    virtual ~Executor() = default;

    /// Queues \a work; \a done is called on the engine's thread, never from within run(). After
    /// the executor is destroyed no done is called.
    virtual void run(Lane lane, Work work, Done done) = 0;
};

} // namespace coffer::engine
