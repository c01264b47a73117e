// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/publisher.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.schema.*: what the configuration of a service has to look like. Node thread.
///
/// A schema is part of the service's record, which every release writes and guards: so nothing is
/// published against a schema that is not the one that counts, and no schema is set against
/// configuration that is not what is live.
class SchemaMethods
{
public:
    /// All must outlive this.
    SchemaMethods(pluginapi::PluginContext &context, Library &library, Publisher &publisher,
                  SchemaShelf &shelf)
        : m_context(context), m_library(library), m_publisher(publisher), m_shelf(shelf)
    {}
    SchemaMethods(const SchemaMethods &) = delete;
    SchemaMethods &operator=(const SchemaMethods &) = delete;
    ~SchemaMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> get(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> check(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> set(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> remove(rpc::Call &call);

    struct Wish
    {
        QByteArray service;
        QByteArray text;
        BoundSchema schema;
        Trace made;
        bool isForced = false;
    };
    /// Nothing: something changed meanwhile, try again.
    using Attempt = rpc::Answer<std::optional<QCborMap>>;
    [[nodiscard]] Task<Attempt> trySet(Wish wish);
    [[nodiscard]] Task<Attempt> tryRemove(QByteArray service, QByteArray path);
    /// Revisions of the records that a change rests on.
    struct Seen
    {
        Revision service;
        std::optional<Revision> global = {}; ///< If what is live was looked at.
    };
    /// Writes a record that rests on \a seen. The revision; nothing if that is another by now.
    [[nodiscard]] Task<Result<std::optional<Revision>>> commit(QByteArray service,
                                                               ServiceRecord record, Seen seen,
                                                               std::vector<Library::Stored> pieces);
    [[nodiscard]] Task<rpc::Answer<BoundSchema>> schemaIn(QCborMap params);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Publisher &m_publisher;
    SchemaShelf &m_shelf;
};

} // namespace coffer::goconf
