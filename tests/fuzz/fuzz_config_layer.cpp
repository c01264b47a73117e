// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "config/change.h"
#include "config/origin_list.h"
#include "config/snapshot.h"

using namespace coffer;
using namespace coffer::config;

static Result<Layer> decode(const EncodedLayer &encoded)
{
    return decodeLayer(encoded.manifest.bytes, [&encoded](const Hash &hash) -> Result<QByteArray> {
        for (const Object &part : encoded.parts) {
            if (part.hash == hash)
                return part.bytes;
        }
        return Error{ErrorCode::notFound, QStringLiteral("no such part")};
    });
}

static void tryOrigins(const QByteArray &bytes, bool isTrue)
{
    const Result<OriginList> list = decodeOrigins(bytes);
    COFFER_CHECK(list || !isTrue, "a list that was written cannot be read");
    COFFER_CHECK(!list || encode(*list) == bytes, "two encodings of one list");
}

/// The only part of a layer: what is read has one encoding, which leads back to it.
static void tryPart(const QByteArray &part)
{
    const QByteArray head("\x82\x01\x81\x58\x20", 5); // a manifest of one part
    const Hash hash = Hash::of(part);
    const Result<Layer> layer = decode({{{}, head + hash.bytes()}, {{hash, part}}});
    if (!layer) {
        COFFER_CHECK(layer.error().code == ErrorCode::invalid, "a wrong error code");
        return;
    }
    const Result<EncodedLayer> encoded = encode(*layer);
    COFFER_CHECK(encoded, "a layer that was read cannot be written");
    const Result<Layer> again = decode(*encoded);
    COFFER_CHECK(again && *again == *layer, "a layer does not come back");
    COFFER_CHECK(encoded->parts.size() != 1 || encoded->parts[0].bytes == part,
                 "two encodings of one layer");
    const Merged merged = merge({&*layer, &*layer});
    COFFER_CHECK(merged.origins.size() >= layer->files.size(), "origins");
    COFFER_CHECK(merged.layer.tombstones.empty(), "a tombstone is rendered");
    tryOrigins(encode(originsOf(merged, {{"_all", "v1"}, {"a", "v1"}})), true);
}

static void tryChange(const QByteArray &bytes)
{
    const Result<Change> change = decodeChange(bytes);
    if (!change)
        return;
    COFFER_CHECK(encode(*change) == bytes, "two encodings of one change");
    const Applied applied = apply({}, {*change}, {});
    COFFER_CHECK(encode(applied.layer), "a change that was read makes no layer");
}

/// The first byte is the type; the words of an enum are a and b.
static void tryValue(const QByteArray &input)
{
    const auto type = Type(input.isEmpty() ? 0 : input[0] - '0');
    const std::vector<QByteArray> choices{"a", "b"};
    const Result<Value> value = Value::parse(
        type, input.mid(1), type == Type::enumeration ? choices : std::vector<QByteArray>());
    if (!value)
        return;
    const Result<Value> again = Value::parse(type, value->text, value->choices);
    COFFER_CHECK(again && *again == *value, "a canonical text that is not canonical");
    static_cast<void>(value->parts());
}

/// The first byte says what the others are: a manifest, a part, a change, origins or a value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const QByteArray rest = input.mid(1);
    if (input.startsWith('m'))
        static_cast<void>(partsOf(rest));
    else if (input.startsWith('p'))
        tryPart(rest);
    else if (input.startsWith('c'))
        tryChange(rest);
    else if (input.startsWith('o'))
        tryOrigins(rest, false);
    else
        tryValue(rest);
    return 0;
}
