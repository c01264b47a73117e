// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/peer_message.h"
#include "sim/durable_image.h"
#include "sim/ledger.h"

namespace coffer::sim {

/// Judges what a node says at the moment it says it, against its own disk and against the truth:
/// P3 to P7, P19 and P20. Proposals are entered in the ledger. Resource.
class Statements
{
public:
    explicit Statements(Ledger &ledger) : m_ledger(ledger) {}

    /// \a speaker is the disk of the node that sends \a frame of \a bytes bytes.
    void check(DurableImage &speaker, const engine::PeerFrame &frame, qsizetype bytes);

private:
    struct Visitor;

    Ledger &m_ledger;
};

} // namespace coffer::sim
