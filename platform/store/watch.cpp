// SPDX-License-Identifier: Apache-2.0
#include "store/watch.h"

namespace coffer::store {

static constexpr std::size_t eventWeight = 64;

std::size_t weight(const WatchEvent &event)
{
    const auto previous = event.previous ? event.previous->value.size() : 0;
    return eventWeight + std::size_t(event.path.size() + event.now.value.size() + previous);
}

} // namespace coffer::store
