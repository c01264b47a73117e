// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/publisher.h"
#include "agent/state.h"

namespace coffer::agent {

/// The switch of one service as a transaction on the disk: no commands, no waiting.
///
/// stage(), perform(), then commit() or undo(). A crash at any step is an undo() at recover().
class Swap
{
public:
    Swap(const Target &target, const QByteArray &state, Files &files);

    /// First; again until it succeeds. See Switcher::recover().
    Result<void> recover();
    [[nodiscard]] bool isRecovered() const { return m_isRecovered; }
    /// Instead of recover(): reads what there is. Only questions may follow.
    Result<void> look();
    [[nodiscard]] bool isLooking() const { return m_isLooking; }
    /// What is applied is all that there is, and lies where the target says: nothing is half
    /// undone, and no reload is owed.
    [[nodiscard]] bool isWhole() const
    {
        return m_isRecovered && !record().intent && !record().owesReload && !isElsewhere();
    }
    /// What is applied was put where an earlier target said; here it is not yet. What lies there
    /// stays, and is not the agent's any more once something is applied here.
    [[nodiscard]] bool isElsewhere() const
    {
        return !record().kept.empty() && record().place != m_place;
    }

    /// Keeps the bundle and makes the staged copy. Nothing that is seen changes.
    Result<void> stage(const Generation &to, const config::Bundle &bundle, const QByteArray &bytes);
    [[nodiscard]] const QByteArray &stagedPath() const { return m_publisher->stagedPath(); }
    [[nodiscard]] Result<void> checkStaged(const config::Bundle &bundle)
    {
        return m_publisher->checkStaged(bundle);
    }
    /// Switches to what is staged. If it fails, undo().
    Result<void> perform(const Generation &to, const config::Bundle &bundle);
    /// What perform() switched to is the applied version now. If it fails, undo().
    Result<void> commit(bool owesReload = false);
    /// Goes back to what is applied, and owes a reload; nothing to do is no error. Whatever fails,
    /// it can be called again.
    Result<void> undo();
    /// Forgets what is staged.
    void unstage() { static_cast<void>(m_publisher->clear()); }

    [[nodiscard]] Result<void> checkDestination() { return m_publisher->checkDestination(); }
    /// What differs at the target from \a bundle.
    [[nodiscard]] Result<std::vector<Finding>> compare(const config::Bundle &bundle);
    [[nodiscard]] Result<config::Bundle> bundleOf(const config::Hash &root);
    /// Whether nothing of \a bundle, that of what is applied, is there.
    [[nodiscard]] Result<bool> isMissing(const config::Bundle &bundle)
    {
        return m_publisher->isMissing(bundle, record());
    }

    [[nodiscard]] State &state() { return m_state; }
    [[nodiscard]] const Record &record() const { return m_state.record(); }
    [[nodiscard]] std::optional<Generation> applied() const;

private:
    /// Files of the applied version.
    [[nodiscard]] std::vector<QByteArray> ours();
    /// Puts back what is applied if nothing of it is there, as on a fresh tmpfs.
    Result<void> restoreMissing();
    /// undo() where an earlier target said, with all that was needed for it.
    Result<void> undoElsewhere(const Intent &intent);
    Result<void> clearElsewhere(const Place &place);
    [[nodiscard]] Target earlierTarget(const Place &place) const;
    /// Drops from the lists of \a record what is not on the disk any more.
    void forgetGone(Record &record);
    /// Removes what the record does not need any more; what cannot be removed stays for later.
    void tidyUp();

    const Target &m_target;
    Files &m_files;
    State m_state;
    std::unique_ptr<Publisher> m_publisher;
    Place m_place;
    bool m_isRecovered = false;
    bool m_isLooking = false;
};

} // namespace coffer::agent
