// SPDX-License-Identifier: Apache-2.0
#include "engine/apply_entry.h"

#include "base/check.h"
#include "engine/codec.h"

namespace coffer::engine {

std::vector<QByteArray> applyEntry(StateMachine &machine, Slot slot, const consensus::Entry &entry)
{
    if (entry.kind == consensus::EntryKind::commands) {
        const auto batch = codec::decodeBatch(entry.body);
        COFFER_CHECK(batch.has_value(), "a chosen batch cannot be read");
        return machine.apply(slot, batch->stamp, batch->commands);
    }
    if (entry.kind == consensus::EntryKind::leaderStart)
        machine.applyLeaderStart(slot);
    else
        machine.applyNothing(slot);
    return {};
}

} // namespace coffer::engine
