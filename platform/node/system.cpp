// SPDX-License-Identifier: Apache-2.0
#include "node/system.h"

#include <QRandomGenerator>

namespace coffer::node {

Monotonic SystemClock::monotonic() const
{
    return std::chrono::duration_cast<Monotonic>(
        std::chrono::steady_clock::now().time_since_epoch());
}

WallMs SystemClock::wall() const
{
    return std::chrono::duration_cast<WallMs>(std::chrono::system_clock::now().time_since_epoch());
}

std::uint64_t SystemRandom::next() { return QRandomGenerator::global()->generate64(); }

} // namespace coffer::node
