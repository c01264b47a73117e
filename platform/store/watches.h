// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/limits.h"
#include "store/watch.h"
#include "store/watch_index.h"

namespace coffer::store {

struct WatchesOptions
{
    std::size_t watchesMax = limits::watchesMax;
    /// How many changes one next() looks at before it stops at the end of a revision. Where glob
    /// and path are very long, one counts as up to 257.
    std::size_t scanMax = limits::watchScanMax;
};

/// The watches of one node.
///
/// A watch is a glob and the next revision that it has to look at; its events are not kept but
/// read from the history when they are asked for. So a slow watcher costs no memory, and holds
/// back nothing: if the history that it needs is compacted, it is told so once, and is gone.
///
/// The life of a watch: while it waits, noteChanges() looks out for it. When there may be something
/// for it, takeReady() names it once; from then on its holder owes it a call of next(), at once or
/// when there is room. A next() that leaves more puts it behind all others that are ready.
///
/// Docs: ARCHITECTURE.md, "Watches". Resource, pure: the same calls give the same answers.
class Watches
{
    Q_DISABLE_COPY_MOVE(Watches)

public:
    /// \a source has to outlive this, or to be replaced before it ends.
    explicit Watches(const ChangeSource &source, const WatchesOptions &options = {});
    ~Watches() = default;

    /// Adds a watch, or says that the revisions it asks for are compacted. `invalid` if it begins
    /// at revision 0, `refused` if there are as many watches as there may be.
    Result<std::variant<WatchId, WatchCompacted>> add(const WatchRequest &request);
    /// Forgets a watch; does nothing if there is none.
    void remove(WatchId id);

    /// Looks at the revisions of the source that are new since the last call. To be called after
    /// every apply. Costs next to nothing for what no waiting watch's tree has in it.
    void noteChanges();
    /// Another store has taken the place of the one before: a checkpoint was installed. It must
    /// not be older. Each watch goes on from its own next revision, or is compacted.
    void replaceSource(const ChangeSource &source);

    /// Up to \a most watches that next() may have something for, who waited longest first.
    [[nodiscard]] std::vector<WatchId> takeReady(std::size_t most);
    [[nodiscard]] bool hasReady() const { return !m_ready.empty(); }
    /// What comes next for a watch; may be asked at any time. After WatchCompacted the watch is
    /// gone. `notFound` if there is no such watch.
    Result<WatchAnswer> next(WatchId id, const WatchBounds &bounds = {});
    /// Up to where the watch has seen everything, as WatchBatch::progress; empty if there is no
    /// such watch. Of a watch that waits it follows the store, although there are no events.
    [[nodiscard]] std::optional<Revision> progress(WatchId id) const;

    [[nodiscard]] std::size_t size() const { return m_watches.size(); }

private:
    enum class State { waiting, ready, taken };
    struct Watch
    {
        WatchRequest request;
        Revision next;
        State state = State::taken;
        std::uint64_t ticket = 0; ///< ready: its place in the queue.
    };

    [[nodiscard]] Revision nextOf(const Watch &watch) const;
    void noteChange(const ChangeView &change);
    void makeReady(WatchId id, Watch &watch);
    void makeWaiting(WatchId id, Watch &watch);
    /// Takes it out of the queue or the index.
    void take(WatchId id, Watch &watch);

    const ChangeSource *m_source;
    WatchesOptions m_options;
    std::map<WatchId, Watch> m_watches;
    std::map<std::uint64_t, WatchId> m_ready; ///< By ticket.
    WatchIndex m_waiting;
    Revision m_noted; ///< Up to here no waiting watch has missed anything.
    WatchId m_lastId;
    std::uint64_t m_lastTicket = 0;
    std::vector<WatchId> m_found; ///< Kept for its memory.
};

} // namespace coffer::store
