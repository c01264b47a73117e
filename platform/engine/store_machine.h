// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/state_machine.h"
#include "store/store.h"

namespace coffer::engine {

/// The store as the state machine of an engine: bytes and rows on one side, values on the other.
///
/// Engine thread. Commands are made and answers read with store/command.h and store/answer.h,
/// reads with store/query.h.
class StoreMachine final : public StateMachine
{
public:
    explicit StoreMachine(const store::StoreOptions &options = {}) : m_options(options) {}

    [[nodiscard]] std::vector<QByteArray> apply(Slot slot, WallMs stamp,
                                                const std::vector<QByteArray> &commands) override;
    void applyLeaderStart(Slot slot) override;
    void applyNothing(Slot slot) override;
    [[nodiscard]] Slot applied() const override;
    [[nodiscard]] QByteArray query(const QByteArray &question) const override;
    [[nodiscard]] std::vector<SessionView> sessions() const override;
    [[nodiscard]] QByteArray endSessionCommand(SessionId session, Slot tenure) const override;
    [[nodiscard]] bool isRepeatable(const QByteArray &command) const override;
    [[nodiscard]] Hash128 hash() const override;
    [[nodiscard]] std::vector<storage::Row> takeChanges() override;
    void reset() override;
    Result<void> restoreRow(const storage::Row &row) override;
    Result<void> finishRestore(Slot applied, Hash128 hash) override;

    /// The command that \a policy asks for now, if any. For the leader to propose.
    [[nodiscard]] std::optional<QByteArray> upkeepCommand(const store::UpkeepPolicy &policy) const
    {
        return m_store.upkeepCommand(policy);
    }
    /// True if the log went beyond what this build knows: the node has to stop, without a word of
    /// what the last apply() answered.
    [[nodiscard]] bool needsNewerBuild() const { return m_store.needsNewerBuild(); }

    /// For tests and checks that look at the values themselves.
    [[nodiscard]] const store::Store &store() const { return m_store; }

private:
    const store::StoreOptions m_options;
    store::Store m_store{m_options};
};

} // namespace coffer::engine
