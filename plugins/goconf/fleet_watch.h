// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/fleet_view.h"
#include "goconf/reading.h"

#include "pluginapi/context.h"

#include <functional>
#include <map>

namespace coffer::goconf {

/// Keeps a FleetView as the store has it: one watch of each kind of file on a node, however many
/// agents that has. Milliseconds behind what was written elsewhere. Node thread.
class FleetWatch
{
public:
    /// What changed; an empty path: anything of that kind may have.
    using Changed = std::function<void(FleetView::Kind, const QByteArray &path)>;

    /// All must outlive this.
    FleetWatch(pluginapi::PluginContext &context, FleetView &view)
        : m_context(context), m_view(view)
    {}
    FleetWatch(const FleetWatch &) = delete;
    FleetWatch &operator=(const FleetWatch &) = delete;
    ~FleetWatch() = default;

    /// Begins to watch; \a changed is called after each change.
    void start(Changed changed);
    /// Everything was read once.
    [[nodiscard]] bool isLoaded() const { return m_seen.size() == FleetView::kinds.size(); }
    /// The newest revision that this saw.
    [[nodiscard]] Revision revision() const;
    /// All changes of that kind up to this revision were seen.
    [[nodiscard]] Revision revisionOf(FleetView::Kind kind) const;

private:
    [[nodiscard]] Task<Result<void>> keep(FleetView::Kind kind);
    [[nodiscard]] Task<Result<Revision>> load(FleetView::Kind kind);
    [[nodiscard]] Task<Result<void>> watch(FleetView::Kind kind, Revision from);

    pluginapi::PluginContext &m_context;
    FleetView &m_view;
    Changed m_changed;
    std::map<FleetView::Kind, Revision> m_seen;
};

} // namespace coffer::goconf
