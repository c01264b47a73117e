// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/edit.h"
#include "goconf/library.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.draft.* but diff, and goconf.object.put. Node thread.
class DraftMethods
{
public:
    /// All must outlive this.
    DraftMethods(pluginapi::PluginContext &context, Library &library, Drafts &drafts)
        : m_context(context), m_library(library), m_drafts(drafts)
    {}
    DraftMethods(const DraftMethods &) = delete;
    DraftMethods &operator=(const DraftMethods &) = delete;
    ~DraftMethods() = default;

    [[nodiscard]] Result<void> start();

    struct Wish
    {
        DraftId id;
        std::vector<Edit> edits;
        Trace who;
        bool isForced = false;
    };
    /// What goconf.draft.edit answers.
    [[nodiscard]] Task<rpc::Outcome> carryOut(Wish wish);

private:
    [[nodiscard]] Task<rpc::Outcome> list(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> get(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> edit(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> discard(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> putObject(rpc::Call &call);

    /// Nothing: somebody else was faster, look again.
    [[nodiscard]] Task<rpc::Answer<std::optional<QCborMap>>> tryEdit(Wish wish);
    [[nodiscard]] Task<rpc::Answer<EditTable>> tableOf(Wish wish, ServiceState state, Revision at);
    [[nodiscard]] Task<rpc::Answer<std::vector<Edit>>> prepare(Wish wish, EditTable table);
    [[nodiscard]] Task<rpc::Answer<Edit>> splice(Edit edit, config::Item now);
    /// What an edit guards, and what it says by a mark, so that its scope is not removed meanwhile.
    [[nodiscard]] Task<rpc::Answer<store::Transaction>> beginEdit(DraftId id, ServiceState state,
                                                                  Revision at);
    [[nodiscard]] Task<Result<LayerPointer>> liveLayer(DraftId id, Revision at);
    [[nodiscard]] Task<rpc::Answer<std::optional<QCborMap>>> tryDiscard(DraftId id, Trace who,
                                                                        QStringList places);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
};

} // namespace coffer::goconf
