// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/state_machine.h"
#include "store/store.h"
#include "store/upkeep.h"

namespace coffer::engine {

/// The store as the state machine of an engine: bytes and rows on one side, values on the other.
///
/// Engine thread. Commands are made and answers read with store/command.h and store/answer.h,
/// reads with store/query.h.
class StoreMachine : public StateMachine
{
public:
    /// What all members must agree on, and what the own leader does by itself.
    struct Options
    {
        store::StoreOptions store = {};
        store::UpkeepPolicy upkeep = {
            .keepRevisions = 100'000, .keepAge = {}, .keepBytes = std::uint64_t(256) << 20};
    };

    StoreMachine() : StoreMachine(Options()) {}
    explicit StoreMachine(const Options &options) : m_options(options) {}

    [[nodiscard]] std::vector<QByteArray> apply(Slot slot, WallMs stamp,
                                                const std::vector<QByteArray> &commands) override;
    void applyLeaderStart(Slot slot) override;
    void applyNothing(Slot slot) override;
    [[nodiscard]] Slot applied() const override;
    [[nodiscard]] QByteArray query(const QByteArray &question) const override;
    [[nodiscard]] SessionsMark sessionsMark() const override;
    [[nodiscard]] std::vector<SessionView> sessions() const override;
    [[nodiscard]] std::optional<std::chrono::milliseconds>
    timeToLiveOf(SessionId session) const override;
    [[nodiscard]] QByteArray endSessionCommand(SessionId session, Slot tenure) const override;
    [[nodiscard]] bool isRepeatable(const QByteArray &command) const override;
    [[nodiscard]] std::optional<QByteArray> upkeepCommand() const override;
    [[nodiscard]] std::uint32_t versionMax() const override;
    [[nodiscard]] std::optional<std::uint32_t>
    raisedVersion(const QByteArray &command) const override;
    [[nodiscard]] bool needsNewerBuild() const override { return m_store.needsNewerBuild(); }
    [[nodiscard]] Hash128 hash() const override;
    [[nodiscard]] std::vector<storage::Row> takeChanges() override;
    void reset() override;
    Result<void> restoreRow(const storage::Row &row) override;
    Result<void> finishRestore(Slot applied, Hash128 hash) override;
    [[nodiscard]] std::unique_ptr<StateMachine> makeEmpty() const override;
    void swapState(StateMachine &other) override;

    /// Store::beginAnew().
    Result<void> beginAnew(WallMs now) { return m_store.beginAnew(now); }

    /// For tests and checks that look at the values themselves.
    [[nodiscard]] const store::Store &store() const { return m_store; }

private:
    const Options m_options;
    store::Store m_store{m_options.store};
};

} // namespace coffer::engine
