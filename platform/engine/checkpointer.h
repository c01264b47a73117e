// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/journal_writer.h"

#include <deque>
#include <optional>

namespace coffer::engine {

/// Keeps the checkpoint behind the applied state, lets the journal forget below it, and carries
/// checkpoints between nodes.
///
/// The applied slot, the state hash, the configuration and the rows are one transaction. The
/// journal is truncated only below the last *committed* checkpoint.
class Checkpointer
{
public:
    /// A checkpoint from elsewhere became the state of the machine.
    using Adopted = std::function<void(Slot, const consensus::Configuration &)>;

    /// \a live: the records that must outlive the truncation of the journal.
    Checkpointer(Host &host, JournalWriter &writer, JournalWriter::LiveRecords live,
                 Adopted adopted);

    /// What the checkpoint held at start, and the configuration in force behind it.
    void setCommitted(Slot applied) { m_committed = applied; }
    [[nodiscard]] Slot committed() const { return m_committed; }
    /// The newest install record, to be kept in the journal; nothing if there was none.
    [[nodiscard]] const std::optional<storage::JournalRecord> &install() const { return m_install; }
    void setInstall(const storage::JournalRecord &record) { m_install = record; }

    /// Commits when it is time. \a configuration decides the slot behind the applied one.
    void tick(const consensus::Configuration &configuration);
    /// The machine is about to apply one more entry, with \a bytes of commands. Closes what the
    /// next commit holds if it would become larger than Options::checkpointBytes with this one;
    /// a single entry above that has a commit of its own.
    void beforeApply(std::size_t bytes, const consensus::Configuration &configuration);

    /// Engine::exportCheckpoint().
    void exportFrom(Slot slot, Engine::Exported done);

    /// \a peer asks for entries that are forgotten here.
    void wantedBy(NodeId peer);
    void receive(NodeId from, const CheckpointOffer &offer);
    void receive(NodeId from, const CheckpointPull &pull);
    void receive(NodeId from, const CheckpointChunk &chunk);

private:
    struct Incoming
    {
        NodeId from;
        CheckpointOffer offer;
        std::uint64_t offset = 0;
        bool isWriting = false; ///< A piece or the staging is on its lane.
        Monotonic heardAt{0};
    };

    /// Exactly the changes of the slots behind the commit before, up to the header's.
    struct Commit
    {
        storage::CheckpointHeader header;
        std::vector<storage::Row> rows;
    };

    /// A checkpoint from elsewhere, whole, durable and read, that nobody has named yet.
    struct Staged
    {
        storage::CheckpointHeader header;
        QByteArray generation;
        consensus::Configuration configuration;
        std::unique_ptr<StateMachine> machine; ///< Its state.
    };
    static Result<void> tryOut(storage::Checkpoint &checkpoint, ClusterId cluster, Staged &next);

    /// Somebody waits for a copy that holds everything up to a slot.
    struct Wanted
    {
        Slot slot;
        Engine::Exported done;
        Monotonic deadline;
    };

    void settleWanted(Monotonic now);
    void copyFor(Wanted wanted);
    void gather(const consensus::Configuration &configuration);
    void mergeWaiting();
    void commitNext();
    void committed(const Result<void> &result);
    void truncate();
    void offerFile();
    void pull();
    void stage();
    void staged(const std::shared_ptr<Staged> &next);
    void adopt(const std::shared_ptr<Staged> &next);
    void become(const std::shared_ptr<Staged> &next);
    [[nodiscard]] bool catchUp(Staged &next);

    Host &m_host;
    JournalWriter &m_writer;
    JournalWriter::LiveRecords m_live;
    Adopted m_adopted;

    Slot m_committed;
    Slot m_truncated;
    std::optional<storage::JournalRecord> m_install;
    std::deque<std::shared_ptr<const Commit>> m_commits; ///< In order; the first may be under way.
    std::size_t m_bytes = 0;          ///< Of the entries applied since the last of them.
    std::vector<storage::Row> m_rows; ///< Changes that belong into the next of them.
    bool m_isCommitting = false;
    bool m_isInstalling = false;
    Monotonic m_nextAt{0};

    std::shared_ptr<storage::CheckpointFile> m_file; ///< Offered to all who lag.
    Monotonic m_fileUsedAt{0};
    std::uint64_t m_fileId; ///< Begins anywhere: a restarted sender's files are not ours.
    bool m_isExporting = false;
    std::vector<NodeId> m_lagging;
    std::optional<Incoming> m_incoming;
    std::vector<Wanted> m_wanted; ///< Copies that wait for their slot to be committed.
};

} // namespace coffer::engine
