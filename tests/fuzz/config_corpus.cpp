// SPDX-License-Identifier: Apache-2.0
#include "fuzz/config_corpus.h"

#include "config/bundle.h"
#include "config/change.h"
#include "config/snapshot.h"

namespace coffer::fuzz {

using namespace coffer::config;
using namespace Qt::StringLiterals;

static Layer sampleLayer()
{
    const auto value = [](Type type, const QByteArray &text) { return Value{type, text}; };
    FileRights rights;
    rights.mode = 0600;
    rights.owner = "www";
    return {{{"core",
              "what it is",
              {{"listen", value(Type::string, "0.0.0.0:8080"), "rpc bind"},
               {"workers", value(Type::integer, "8")},
               {"ratio", value(Type::floating, "0.5")},
               {"on", value(Type::boolean, "true")},
               {"timeout", value(Type::duration, "1500ms")},
               {"cache", value(Type::size, "64mb")},
               {"level", {Type::enumeration, "a", {"a", "b"}}},
               {"peers", value(Type::list, R"(["a","b"])")},
               {"more", value(Type::json, R"({"b":[1,null],"a":"x"})")}}}},
            {{"nginx.conf", Hash::of("x"), 1, rights}},
            {{"app.env", Format::env, {"core"}}}};
}

void writeConfig(
    const std::function<void(const QString &, const QString &, const QByteArray &)> &write)
{
    const QString bundle = u"fuzz_config_bundle"_s;
    const QByteArray base = "[core]\nlisten 0.0.0.0:8080\ntimeout 1500ms\n"; // the fuzzer's
    const QByteArray files = encode(Bundle{{{"a.conf", {}, "x"}, {"conf.d/b", {}, base}}});
    write(bundle, u"files"_s, 'b' + files);
    write(bundle, u"empty"_s, 'b' + encode(Bundle()));
    write(bundle, u"packed"_s, 'p' + pack(files));
    write(bundle, u"packed-with-base"_s, 'q' + pack(base + "more 1\n", base));

    const QString layer = u"fuzz_config_layer"_s;
    const Result<EncodedLayer> encoded = encode(sampleLayer());
    if (!encoded)
        return;
    write(layer, u"manifest"_s, 'm' + encoded->manifest.bytes);
    for (std::size_t i = 0; i < encoded->parts.size(); ++i)
        write(layer, u"part-%1"_s.arg(i), 'p' + encoded->parts[i].bytes);
    const std::vector<Change> changes = diff({}, sampleLayer());
    for (std::size_t i = 0; i < changes.size(); ++i)
        write(layer, u"change-%1"_s.arg(i), 'c' + encode(changes[i]));
    for (const Key &key : sampleLayer().sections[0].keys) {
        write(layer, u"value-"_s + QString::fromUtf8(nameOf(key.value.type)),
              'v' + QByteArray::number(int(key.value.type)) + key.value.text);
    }
}

} // namespace coffer::fuzz
