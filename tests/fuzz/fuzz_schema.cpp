// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "rpc/schema.h"

#include <QCborMap>
#include <QJsonDocument>
#include <QJsonObject>

using namespace coffer;
using namespace coffer::rpc;

/// The input is a schema, a line feed, and a value. A schema that is accepted gives a verdict on
/// anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const qsizetype end = std::max<qsizetype>(0, input.indexOf('\n'));
    const Result<Schema> schema = Schema::parse(input.left(end));
    COFFER_CHECK(schema || !schema.error().message.isEmpty(), "refused without a reason");
    if (!schema)
        return 0;
    const QJsonDocument document = QJsonDocument::fromJson(input.mid(end));
    const Answer<QCborValue> value = schema->fromJson(document.object());
    if (value)
        static_cast<void>(schema->refute(*value));
    static_cast<void>(schema->refute(QCborValue(QCborMap::fromJsonObject(document.object()))));
    return 0;
}
