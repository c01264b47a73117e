// SPDX-License-Identifier: Apache-2.0
#include "fuzz/config_corpus.h"

#include "config/bundle.h"
#include "config/change.h"
#include "config/directory.h"
#include "config/origin_list.h"
#include "config/snapshot.h"

namespace coffer::fuzz {

using namespace coffer::config;
using namespace Qt::StringLiterals;

/// With a tombstone of each kind, and what is final.
static Layer markedLayer()
{
    Layer layer{{{"core", "", {{"a", Value{Type::string, "1"}}}}},
                {{"f", Hash::of("x"), 1}},
                {{"o.env", Format::env}}};
    layer.sections[0].keys[0].isFinal = true;
    layer.files[0].isFinal = true;
    layer.outputs[0].isFinal = true;
    layer.tombstones = {{{Place::Kind::section, "core", {}}, {"why"}},
                        {{Place::Kind::key, "core", "b"}, {}},
                        {{Place::Kind::file, {}, "g"}, {}},
                        {{Place::Kind::output, {}, "p.env"}, {}}};
    return layer;
}

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
    const LayerTexts texts = textsOf(sampleLayer());
    write(u"fuzz_config_directory"_s, u"layer"_s,
          headOf("shop") + '\0' + texts.index + '\0' + texts.sections.at("core") + '\0'
              + "nginx.conf");
    const std::vector<Change> marks = diff({}, markedLayer());
    for (std::size_t i = 0; i < marks.size(); ++i)
        write(layer, u"marked-change-%1"_s.arg(i), 'c' + encode(marks[i]));
    const Layer marked = markedLayer();
    if (const Result<EncodedLayer> parts = encode(marked))
        write(layer, u"marked-part"_s, 'p' + parts->parts[0].bytes);
    write(layer, u"origins"_s, 'o' + encode(originsOf(merge({&marked}), {{"_all", "v1"}})));
    for (const Key &key : sampleLayer().sections[0].keys) {
        write(layer, u"value-"_s + QString::fromUtf8(nameOf(key.value.type)),
              'v' + QByteArray::number(int(key.value.type)) + key.value.text);
    }

    const QString schema = u"fuzz_goconf_schema"_s;
    write(schema, u"keys"_s,
          R"({"properties":{"a":{"required":["b"],"properties":{"b":{"pattern":"^[a-z]+$"}}}}})"
          "\nb: 8080\n");
    write(schema, u"document"_s,
          R"({"definitions":{"n":{"type":"integer","maximum":9}},"patternProperties":{"^p":)"
          R"({"$ref":"#/definitions/n"}},"propertyNames":{"maxLength":3}})"
          "\npool: 70\np: [1]\n");
    write(schema, u"ini"_s, "{}\n[a]\nb = 1\nb = 2\n");
    write(schema, u"toml"_s, "{\"type\":\"object\"}\n[a]\nb = 0x1F\nc = 2020-01-01\nd = inf\n");
}

} // namespace coffer::fuzz
