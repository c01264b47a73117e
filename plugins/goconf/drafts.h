// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/library.h"
#include "goconf/paths.h"

#include <map>
#include <memory>
#include <vector>

namespace coffer::goconf {

/// A pending change, and the revision of its file.
struct Pending
{
    DraftRecord record;
    Revision revision;
    Revision created = {}; ///< What is new is ordered by it, and then by Change::order.
};

using PendingChanges = std::map<config::Place, Pending>;
using ChangesPointer = std::shared_ptr<const std::vector<config::Change>>; // offloaded work has it

/// A draft at one revision. Value, cheap to copy however much is pending.
struct DraftState
{
    DraftId id;
    std::shared_ptr<const PendingChanges> pending = std::make_shared<PendingChanges>();
    /// What is pending, by place; numbered so that what is new comes in the order in which it was
    /// edited.
    ChangesPointer changes = std::make_shared<std::vector<config::Change>>();
    Revision edited = {};    ///< Of editedPath(): what a publish guards.
    std::size_t files = 0;   ///< All that lie there, waste of an earlier publish included.
    Revision takenUpTo = {}; ///< Files up to this revision are such waste.
    Revision at = {};
};

/// Reads drafts. Node thread.
class Drafts
{
public:
    /// Both must outlive this.
    Drafts(pluginapi::PluginContext &context, Library &library)
        : m_context(context), m_library(library)
    {}
    Drafts(const Drafts &) = delete;
    Drafts &operator=(const Drafts &) = delete;
    ~Drafts() = default;

    /// Empty if there is no such draft. Large ones are read on another thread.
    [[nodiscard]] Task<Result<DraftState>> read(DraftId id, Revision at);
    /// \a live with what is pending, as a release would make it: texts of files are merged.
    [[nodiscard]] Task<Result<config::Applied>> apply(DraftState draft, LayerPointer live);
    /// What config::apply() may need for that: contents where the live one is another.
    [[nodiscard]] Task<Result<config::Contents>> contentsToMerge(LayerPointer live,
                                                                 ChangesPointer of);
    /// How many changes are pending; reads nothing of them.
    [[nodiscard]] Task<Result<std::uint64_t>> count(DraftId id, Revision at);
    /// The drafts of a service that have files.
    [[nodiscard]] Task<Result<std::vector<DraftId>>> list(QByteArray service, Revision at);
    /// Removes what an earlier publish has left behind, some thousand files at a time, and then
    /// the mark that says so.
    [[nodiscard]] Task<Result<void>> sweep(DraftId id);
    /// Sweeps from time to time, on one node: what was left by one that died.
    [[nodiscard]] Result<void> start();

private:
    using DutyPointer = std::shared_ptr<pluginapi::Duty>; // shared with the host, which ends it

    [[nodiscard]] Task<Result<void>> run(DutyPointer duty);
    [[nodiscard]] Task<Result<void>> sweepAll();

    pluginapi::PluginContext &m_context;
    Library &m_library;
};

} // namespace coffer::goconf
