// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/draft_methods.h"
#include "goconf/library.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.draft.revert and goconf.draft.promote: edits of a draft that are worked out from what is
/// published. Node thread.
class ProposalMethods
{
public:
    /// All must outlive this.
    ProposalMethods(pluginapi::PluginContext &context, Library &library, Drafts &drafts,
                    DraftMethods &edits)
        : m_context(context), m_library(library), m_drafts(drafts), m_edits(edits)
    {}
    ProposalMethods(const ProposalMethods &) = delete;
    ProposalMethods &operator=(const ProposalMethods &) = delete;
    ~ProposalMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> revert(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> promote(rpc::Call &call);

    struct Proposal
    {
        DraftId id;
        std::vector<config::Change> changes; ///< From what it was made from, not from what is live.
        Trace who;
        bool isForced = false;
    };
    [[nodiscard]] Task<rpc::Outcome> propose(Proposal proposal, LayerPointer live);
    /// The layer that is live in \a scope and edited there.
    [[nodiscard]] Task<Result<LayerPointer>> liveLayer(QByteArray service, QByteArray scope,
                                                       Revision at);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
    DraftMethods &m_edits;
};

} // namespace coffer::goconf
