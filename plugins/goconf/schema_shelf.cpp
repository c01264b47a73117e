// SPDX-License-Identifier: Apache-2.0
#include "goconf/schema_shelf.h"

#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Hash;

Task<Result<rpc::Schema>> SchemaShelf::ready(Hash hash, QByteArray text)
{
    const auto known = m_schemas.find(hash);
    if (known != m_schemas.end()) {
        const rpc::Schema schema = known->second; // co_return would move it out of the map
        co_return schema;
    }
    const auto work = [text] { return readSchema(text); };
    const Result<Result<rpc::Schema>> read = co_await m_context.offload(work);
    if (!read)
        co_return read.error();
    if (!*read)
        co_return read->error();
    if (m_schemas.size() >= schemasMax)
        m_schemas.clear();
    m_schemas.insert_or_assign(hash, **read);
    co_return **read;
}

Task<Result<BoundSchema>> SchemaShelf::read(QByteArray path, QByteArray text)
{
    const Hash hash = Hash::of(text);
    const Result<rpc::Schema> schema = co_await ready(hash, text);
    if (!schema)
        co_return schema.error();
    co_return BoundSchema{path, hash, *schema};
}

Task<Result<std::vector<BoundSchema>>> SchemaShelf::schemasOf(ServiceRecord record)
{
    std::vector<BoundSchema> schemas;
    for (const auto &[path, mark] : record.schemas) {
        const QString name =
            path.isEmpty() ? u"the schema of the keys"_s : u"the schema of %1"_s.arg(textOf(path));
        const Result<QByteArray> text = co_await m_library.content(mark.hash, mark.bytes);
        if (!text)
            co_return text.error().in(name);
        const Result<BoundSchema> schema = co_await read(path, *text);
        if (!schema)
            co_return schema.error().in(name);
        schemas.push_back(*schema);
    }
    co_return schemas;
}

} // namespace coffer::goconf
