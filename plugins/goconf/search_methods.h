// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/search_text.h"

#include "pluginapi/context.h"
#include "rpc/call.h"

#include <QCborMap>

#include <map>
#include <memory>
#include <optional>

namespace coffer::goconf {

/// goconf.search: a text in what is live, in drafts, and in messages of releases.
///
/// What a caller may not read is not looked at. A call does a bounded piece of the work, and says
/// where the next one goes on; looking through texts is done on another thread. Node thread.
class SearchMethods
{
public:
    /// All must outlive this.
    SearchMethods(pluginapi::PluginContext &context, Library &library, Drafts &drafts)
        : m_context(context), m_library(library), m_drafts(drafts)
    {}
    SearchMethods(const SearchMethods &) = delete;
    SearchMethods &operator=(const SearchMethods &) = delete;
    ~SearchMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    /// A layer or a draft that is looked through. Value.
    struct Unit
    {
        QByteArray service;
        QByteArray scope = {};
        /// "" is the layer of the scope; "_base" an older base layer, where an IDC has one;
        /// "_candidate" what some hosts try; else the name of a draft.
        QByteArray part = {};
        QByteArray version = {};
        config::Hash manifest = {};

        [[nodiscard]] bool isBefore(const Unit &other) const;
        [[nodiscard]] bool isSame(const Unit &other) const;
    };
    struct Search;
    using SearchPointer = std::shared_ptr<Search>;         // shared by the frames of one call
    using EntriesPointer = std::shared_ptr<const Entries>; // shared with threads

    [[nodiscard]] Task<rpc::Outcome> search(rpc::Call &call);
    [[nodiscard]] static rpc::Answer<SearchPointer> wishOf(const rpc::Call &call);
    [[nodiscard]] Task<rpc::Answer<bool>> searchServices(SearchPointer search);
    [[nodiscard]] Task<Result<void>> searchService(SearchPointer search, QByteArray service);
    [[nodiscard]] Task<Result<std::vector<Unit>>> unitsOf(SearchPointer search, QByteArray service);
    [[nodiscard]] Task<Result<EntriesPointer>> entries(SearchPointer search, Unit unit);
    [[nodiscard]] Task<Result<void>> searchUnit(SearchPointer search, Unit unit);
    [[nodiscard]] Task<Result<void>> searchKeys(SearchPointer search, Unit unit,
                                                EntriesPointer entries, bool isOutputs);
    [[nodiscard]] Task<Result<void>> searchFiles(SearchPointer search, Unit unit,
                                                 EntriesPointer entries);
    [[nodiscard]] Task<rpc::Answer<bool>> searchMessages(SearchPointer search);
    [[nodiscard]] Task<rpc::Answer<bool>> searchMessage(SearchPointer search, QByteArray id);
    /// Nothing if the caller may read the service; else why not.
    [[nodiscard]] Task<std::optional<rpc::Failure>> denial(SearchPointer search,
                                                           QByteArray service);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
};

} // namespace coffer::goconf
