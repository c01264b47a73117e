// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/view.h"

#include "config/standing.h"
#include "pluginapi/context.h"

#include <QCborArray>

namespace coffer::goconf {

/// goconf.why: what each layer says of a place, whose word counts, and since which release. Node
/// thread.
class WhyMethods
{
public:
    /// Versions that are looked at to find the one that changed a place, and layers that are read
    /// for it: beyond them the answer says that it is cut.
    static constexpr int versionsMax = 500;
    static constexpr int layersMax = 50;
    static constexpr std::size_t keysMax = 1'000; ///< Of a section or an output that are listed.

    /// All must outlive this.
    WhyMethods(pluginapi::PluginContext &context, Library &library, Drafts &drafts, Viewer &viewer)
        : m_context(context), m_library(library), m_drafts(drafts), m_viewer(viewer)
    {}
    WhyMethods(const WhyMethods &) = delete;
    WhyMethods &operator=(const WhyMethods &) = delete;
    ~WhyMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    /// One layer of what a host gets.
    struct Level
    {
        QByteArray name; ///< As `from` says it.
        ViewId of;       ///< Whose snapshot it is in.
        Snapshot snapshot = {};
        bool isBase = false;    ///< Of the two layers of the snapshot.
        LayerPointer live = {}; ///< Never null.
        LayerPointer now = {};  ///< The same, with the draft if one is asked for.
        std::optional<DraftState> draft = {};

        [[nodiscard]] config::Hash manifestIn(const Snapshot &one) const
        {
            return isBase ? one.base : one.own;
        }
    };
    struct Stack
    {
        std::vector<Level> levels; ///< The lowest first.
        Revision at;
        QByteArray version = {}; ///< Of the scope that is looked at.

        [[nodiscard]] std::vector<const config::Layer *> layers() const;
    };
    struct Keys
    {
        QCborArray list = {}; ///< [{place, from}].
        bool isMore = false;
    };
    /// The version that changed a place last.
    struct Since
    {
        QByteArray version;
        Snapshot snapshot;
        bool isCut = false; ///< It may have been an earlier one.
    };

    [[nodiscard]] Task<rpc::Outcome> why(rpc::Call &call);
    [[nodiscard]] Task<rpc::Answer<ViewId>> viewOf(QCborMap params, Revision at);
    [[nodiscard]] Task<rpc::Answer<Stack>> stackOf(ViewId id, Revision at);
    [[nodiscard]] Task<Result<std::optional<Snapshot>>> parentOf(ViewId of, Revision at);
    [[nodiscard]] Task<Result<std::optional<Since>>> sinceOf(Level level, config::Place place,
                                                             Revision at);
    [[nodiscard]] Task<Result<QCborMap>> describe(Since since, Revision at);
    [[nodiscard]] Task<Result<QCborMap>> describeLevel(Level level, config::Place place,
                                                       config::Standing::Word word, Revision at);
    /// Those of \a sections, and which layer each comes from; of all of them for none.
    [[nodiscard]] Task<Result<Keys>> keysIn(Stack stack, std::vector<QByteArray> sections);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
    Viewer &m_viewer;
};

} // namespace coffer::goconf
