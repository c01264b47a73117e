// SPDX-License-Identifier: Apache-2.0
#include "node/watched_machine.h"

namespace coffer::node {

WatchedMachine::WatchedMachine(const Options &options, const store::WatchesOptions &watches)
    : StoreMachine(options), m_watches(store().changes(), watches)
{}

std::vector<QByteArray> WatchedMachine::apply(Slot slot, WallMs stamp,
                                              const std::vector<QByteArray> &commands)
{
    std::vector<QByteArray> answers = StoreMachine::apply(slot, stamp, commands);
    noteSlot();
    return answers;
}

void WatchedMachine::applyLeaderStart(Slot slot)
{
    StoreMachine::applyLeaderStart(slot);
    noteSlot();
}

void WatchedMachine::applyNothing(Slot slot)
{
    StoreMachine::applyNothing(slot);
    noteSlot();
}

void WatchedMachine::reset()
{
    m_isWhole = false;
    StoreMachine::reset();
}

Result<void> WatchedMachine::finishRestore(Slot applied, Hash128 hash)
{
    Result<void> restored = StoreMachine::finishRestore(applied, hash);
    if (restored)
        becomeWhole();
    return restored;
}

void WatchedMachine::swapState(engine::StateMachine &other)
{
    StoreMachine::swapState(other);
    becomeWhole();
}

void WatchedMachine::becomeWhole()
{
    m_isWhole = true;
    m_watches.replaceSource(store().changes());
}

/// The first slot after a reset without a checkpoint makes the state whole again.
void WatchedMachine::noteSlot()
{
    m_isWhole = true;
    m_watches.noteChanges();
}

} // namespace coffer::node
