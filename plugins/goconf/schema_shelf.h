// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/library.h"
#include "goconf/schema_check.h"

#include <map>
#include <vector>

namespace coffer::goconf {

/// The schemas of services, read and made ready once, and the verdicts that were found with them.
/// Both are bounded. Node thread; reading a schema is done on another one.
class SchemaShelf
{
public:
    static constexpr std::size_t schemasMax = 128;

    /// Both must outlive this.
    SchemaShelf(pluginapi::PluginContext &context, Library &library)
        : m_context(context), m_library(library)
    {}
    SchemaShelf(const SchemaShelf &) = delete;
    SchemaShelf &operator=(const SchemaShelf &) = delete;
    ~SchemaShelf() = default;

    /// All schemas of a service. An error names the one that cannot be read.
    [[nodiscard]] Task<Result<std::vector<BoundSchema>>> schemasOf(ServiceRecord record);
    /// A schema from outside: `invalid` with what is wrong with it.
    [[nodiscard]] Task<Result<BoundSchema>> read(QByteArray path, QByteArray text);

    [[nodiscard]] const Verdicts &verdicts() const { return m_verdicts; }
    void keep(const Verdicts &made) { m_verdicts.keep(made); }

private:
    [[nodiscard]] Task<Result<rpc::Schema>> ready(config::Hash hash, QByteArray text);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    std::map<config::Hash, rpc::Schema> m_schemas;
    Verdicts m_verdicts;
};

} // namespace coffer::goconf
