// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace coffer::wire {
class PeerHead;
}

namespace coffer::engine {

/// One way to spoil the head of a good frame.
struct Fault
{
    const char *name;
    const char *kind;    ///< Which message is spoiled; as in CodecSamples::name().
    const char *message; ///< How the error begins.
    void (*spoil)(wire::PeerHead &head);
};

/// All the ways that the head of a frame can be wrong, at least one for each rule.
[[nodiscard]] const std::vector<Fault> &codecFaults();

} // namespace coffer::engine
