// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "config/document_json.h"
#include "goconf/schema_check.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace coffer;
using namespace coffer::goconf;

/// What a format says is JSON, whatever is in it.
static void tryFormats(const QByteArray &text)
{
    for (const config::Format format : config::formats) {
        const Result<QByteArray> json = config::jsonOfText(format, text);
        COFFER_CHECK(json || !json.error().message.isEmpty(), "refused without a reason");
        if (!json)
            continue;
        const QJsonDocument read = QJsonDocument::fromJson('[' + *json + ']');
        COFFER_CHECK(read.array().size() == 1, "a document that is no JSON");
    }
}

/// The input is a schema, a line feed, and a document, which is looked at as YAML and as keys. A
/// schema that is accepted gives a verdict on anything, and the same one again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const qsizetype end = std::max<qsizetype>(0, input.indexOf('\n'));
    const QByteArray text = input.mid(end + 1);
    tryFormats(text);
    const Result<rpc::Schema> schema = readSchema(input.left(end));
    COFFER_CHECK(schema || !schema.error().message.isEmpty(), "refused without a reason");
    if (!schema)
        return 0;
    const config::Hash hash = config::Hash::of(input.left(end));
    const std::vector<BoundSchema> schemas{{{}, hash, *schema}, {"a.yaml", hash, *schema}};
    config::Layer layer;
    layer.sections = {{"a", {}, {{"b", {config::Type::string, text}}}}};
    if (const auto json = config::Value::parse(config::Type::json, text))
        layer.sections.front().keys.push_back({"c", *json});
    const config::Bundle bundle{{{"a.yaml", {}, text}}};
    const Verdicts none;
    SchemaChecker checker(none);
    const Verdicts::Faults faults = checker.check(schemas, layer, bundle);
    COFFER_CHECK(faults.size() <= 2 * (SchemaChecker::faultsMax + 2), "too many faults");
    SchemaChecker again(checker.made());
    COFFER_CHECK(again.check(schemas, layer, bundle) == faults, "another verdict");
    COFFER_CHECK(again.made().size() == 0, "a verdict was not kept");
    return 0;
}
