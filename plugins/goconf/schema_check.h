// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/hash.h"
#include "config/layer.h"
#include "config/render.h"
#include "rpc/schema.h"

#include <QByteArray>

#include <deque>
#include <map>
#include <vector>

/// JSON Schemas of services: what configuration has to look like. Pure; may go to another thread.
namespace coffer::goconf {

/// A schema of a service, ready for use.
struct BoundSchema
{
    QByteArray path = {};   ///< Of the file or output that it describes; "": the keys.
    config::Hash hash = {}; ///< Of its text.
    rpc::Schema schema;
};

/// Reads a schema as people write them. `invalid` with the place of what cannot be: a keyword that
/// is not known, a member that is there twice, a remote $ref, a pattern or a whole that could cost
/// too much (rpc::Schema).
[[nodiscard]] Result<rpc::Schema> readSchema(const QByteArray &text);

/// What was found when some content was looked at by some schema. Bounded: forgets what came first.
class Verdicts
{
public:
    static constexpr std::size_t keptMax = 512;
    using Faults = std::vector<config::Fault>;

    /// Null if nobody has looked.
    [[nodiscard]] const Faults *find(const config::Hash &id) const;
    void keep(const config::Hash &id, const Faults &faults);
    void keep(const Verdicts &others);
    [[nodiscard]] std::size_t size() const { return m_known.size(); }

private:
    std::map<config::Hash, Faults> m_known;
    std::deque<config::Hash> m_order;
};

/// Looks at the configurations of hosts. The keys are seen as {"section": {"key": value}}
/// (config::jsonOfSections()), a file or output as the document that it is (config::jsonOfText()).
class SchemaChecker
{
public:
    static constexpr std::size_t faultsMax = 50; ///< Of one document.

    /// \a known: verdicts that need not be found again.
    explicit SchemaChecker(const Verdicts &known) : m_known(known) {}

    /// All that is wrong, each with its place: "core/timeout", "core" (a section), "core/limits#/a"
    /// (inside of a json), "app.yaml#/server/port". A file that is not there has no faults.
    [[nodiscard]] Verdicts::Faults check(const std::vector<BoundSchema> &schemas,
                                         const config::Layer &effective,
                                         const config::Bundle &bundle);
    /// What was found, and was not known.
    [[nodiscard]] const Verdicts &made() const { return m_made; }
    /// At how many documents it has looked; again and again at the same one counts.
    [[nodiscard]] std::size_t documents() const { return m_documents; }

private:
    [[nodiscard]] Verdicts::Faults checkKeys(const BoundSchema &schema,
                                             const config::Layer &effective);
    [[nodiscard]] Verdicts::Faults checkFile(const BoundSchema &schema, config::Format format,
                                             const QByteArray &bytes);
    template<class Find>
    [[nodiscard]] Verdicts::Faults verdict(const config::Hash &id, const Find &find);

    const Verdicts &m_known;
    Verdicts m_made = {};
    std::size_t m_documents = 0;
};

} // namespace coffer::goconf
