// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"
#include "pluginapi/store.h"

#include <QObject>

#include <map>
#include <memory>
#include <vector>

namespace coffer::node {

/// The watches of this node's readers: wakes those that wait when there may be something for them.
///
/// Readers take turns: one that left more behind is woken again behind all others that are ready.
/// A reader for whom nothing happens hears of its progress when the compaction comes near what it
/// was told last, so that it can resume at another node.
/// Resource; node thread. The watches that it opened must not be asked after it is gone.
class LocalWatches final : public QObject
{
    Q_DISABLE_COPY_MOVE(LocalWatches)

public:
    /// \a host has to outlive this.
    explicit LocalWatches(Host &host);
    ~LocalWatches() override;

    /// A watch of what this node applies; see pluginapi::Store::watch().
    [[nodiscard]] std::unique_ptr<pluginapi::Watch> open(store::WatchRequest request);

private:
    class Reader;
    struct Shared;

    void onApplied();
    [[nodiscard]] bool isOldNews(Revision told) const;
    void remind(std::size_t most);
    void schedule();
    void pump();

    Host &m_host;
    std::map<store::WatchId, std::weak_ptr<Shared>> m_known;
    std::vector<std::weak_ptr<Shared>> m_stalled; ///< Wait for a state to look at.
    Revision m_floor;                             ///< Of the history, as it was last seen.
    store::WatchId m_reminding; ///< Up to here readers were reminded of their progress.
    bool m_isReminding = false;
    bool m_isScheduled = false;
};

} // namespace coffer::node
