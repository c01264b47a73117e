// SPDX-License-Identifier: Apache-2.0
#include "goconf/admin.h"

#include "goconf/draft_methods.h"
#include "goconf/drafts.h"
#include "goconf/proposal_methods.h"
#include "goconf/publisher.h"
#include "goconf/read_methods.h"
#include "goconf/release_methods.h"
#include "goconf/rest_methods.h"
#include "goconf/schema_methods.h"
#include "goconf/search_methods.h"
#include "goconf/service_methods.h"
#include "goconf/view.h"
#include "goconf/why_methods.h"

namespace coffer::goconf {

struct Admin::Parts
{
    Parts(pluginapi::PluginContext &context, Library &library)
        : drafts(context, library)
        , shelf(context, library)
        , publisher(context, library, drafts, shelf)
        , viewer(context, library, drafts)
        , services(context, library, drafts)
        , edits(context, library, drafts)
        , proposals(context, library, drafts, edits)
        , releases(context, publisher)
        , schemas(context, library, publisher, shelf)
        , reads(context, library, viewer)
        , rest(context, library, viewer)
        , reasons(context, library, drafts, viewer)
        , search(context, library, drafts)
    {}

    Drafts drafts;
    SchemaShelf shelf;
    Publisher publisher;
    Viewer viewer;
    ServiceMethods services;
    DraftMethods edits;
    ProposalMethods proposals;
    ReleaseMethods releases;
    SchemaMethods schemas;
    ReadMethods reads;
    RestMethods rest;
    WhyMethods reasons;
    SearchMethods search;
};

Admin::Admin(pluginapi::PluginContext &context, Library &library)
    : m_parts(std::make_unique<Parts>(context, library))
{}

Admin::~Admin() = default;

Publisher &Admin::publisher() { return m_parts->publisher; }

Result<void> Admin::start()
{
    for (const Result<void> &added :
         {m_parts->drafts.start(), m_parts->services.start(), m_parts->edits.start(),
          m_parts->proposals.start(), m_parts->releases.start(), m_parts->schemas.start(),
          m_parts->reads.start(), m_parts->rest.start(), m_parts->search.start(),
          m_parts->reasons.start()}) {
        if (!added)
            return added;
    }
    return {};
}

} // namespace coffer::goconf
