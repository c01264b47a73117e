// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/library.h"
#include "goconf/radius.h"

#include "rpc/error.h"

#include <memory>

namespace coffer::goconf {

/// Which configuration somebody wants to look at: what is live, a version, or with a draft.
struct ViewId
{
    QByteArray service;
    QByteArray scope = baseScope;
    QByteArray version = {}; ///< "": what is live.
    QByteArray draft = {};   ///< With its changes; "": without.
    QByteArray host = {};    ///< As this host of the IDC gets it, with its own layer.
    bool isAlone = false;    ///< Only what the scope itself has, not what lies below and over it.
};

/// A configuration at one revision, ready to be looked at. Value.
struct View
{
    ViewId id;
    Revision at;
    QByteArray version;  ///< "" if nothing is live.
    Snapshot snapshot;   ///< With a draft its layer is not stored, and has a made-up name here.
    Stack stack = {};    ///< With all that lies below and over it.
    bool isLive = false; ///< Hosts get a version of it, or one was asked for.
    WallMs until{0};     ///< When this layer of a host ends; 0: there is no end.
    Material material;
    std::vector<config::Conflict> conflicts = {}; ///< Of the draft; what is live is shown there.

    [[nodiscard]] LayerPointer edited() const; ///< The layer of the scope alone. Never null.
    /// Whether hosts get it, or would get it if its draft were published: what lies below a service
    /// reaches nobody where nothing of that is live.
    [[nodiscard]] bool reachesHosts() const { return isLive || !id.draft.isEmpty(); }
    /// All layers as one; see Stack::originOf().
    [[nodiscard]] config::Merged merged() const { return material.merged(stack); }
};

/// NOT_FOUND: why there is nothing to see of what hosts get; see View::reachesHosts().
[[nodiscard]] rpc::Failure notLive(const ViewId &id);

/// Reads views. Node thread.
class Viewer
{
public:
    /// All must outlive this.
    Viewer(pluginapi::PluginContext &context, Library &library, Drafts &drafts)
        : m_context(context), m_library(library), m_drafts(drafts)
    {}
    Viewer(const Viewer &) = delete;
    Viewer &operator=(const Viewer &) = delete;
    ~Viewer() = default;

    using Pointer = std::shared_ptr<const View>; // shared with threads that render it
    /// Without the contents of files unless \a withContents. A draft is shown as a release would
    /// make it: texts that both sides changed are merged; View::conflicts has what collides.
    [[nodiscard]] Task<rpc::Answer<Pointer>> read(ViewId id, Revision at, bool withContents);
    /// The files that a host gets. INVALID_ARGUMENT with the first fault if there are any.
    [[nodiscard]] Task<rpc::Answer<config::Bundle>> bundle(Pointer view);
    /// What leads from one to the other: items, and files of hosts.
    struct Difference
    {
        std::vector<config::Change> changes;
        std::vector<FileDiff> text;
    };
    /// \a isEffective: items of all layers as one.
    [[nodiscard]] Task<rpc::Answer<Difference>> difference(Pointer before, Pointer after,
                                                           bool isEffective);

private:
    /// The names of the scope's IDC and of its host, if it has one.
    struct Place
    {
        QByteArray idc;
        QByteArray host;
    };
    [[nodiscard]] Task<rpc::Answer<Place>> placeOf(ViewId id, Revision at);
    [[nodiscard]] Task<rpc::Answer<bool>> addLive(std::shared_ptr<View> view);
    [[nodiscard]] Task<rpc::Answer<bool>> addStack(std::shared_ptr<View> view, Services services);
    [[nodiscard]] Task<rpc::Answer<bool>> addDraft(std::shared_ptr<View> view);
    [[nodiscard]] Task<Result<void>> addContents(std::shared_ptr<View> view);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
};

} // namespace coffer::goconf
