// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store_machine.h"
#include "store/watches.h"

namespace coffer::node {

/// The store as state machine, with the watches of this node beside it. They hear of each slot as
/// it is applied, and go on with the new state when a checkpoint was installed. Node thread.
class WatchedMachine final : public engine::StoreMachine
{
public:
    explicit WatchedMachine(const Options &options = {}, const store::WatchesOptions &watches = {});

    /// Null while a checkpoint is being read: there is no state to watch.
    [[nodiscard]] store::Watches *watches() { return m_isWhole ? &m_watches : nullptr; }

    [[nodiscard]] std::vector<QByteArray> apply(Slot slot, WallMs stamp,
                                                const std::vector<QByteArray> &commands) override;
    void applyLeaderStart(Slot slot) override;
    void applyNothing(Slot slot) override;
    void reset() override;
    Result<void> finishRestore(Slot applied, Hash128 hash) override;
    void swapState(engine::StateMachine &other) override;

private:
    void becomeWhole();
    void noteSlot();

    store::Watches m_watches;
    bool m_isWhole = true;
};

} // namespace coffer::node
