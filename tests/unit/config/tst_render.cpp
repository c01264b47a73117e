// SPDX-License-Identifier: Apache-2.0
#include "config/limits.h"
#include "config/render.h"
#include "unit/config/told_sections.h"

#include <QTest>

#include <functional>

using namespace coffer;
using namespace coffer::config;

class TestRender : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void layer_becomesFiles();
    void output_takesSectionsInItsOrder();
    void outputWithoutSections_takesAll();
    void emptyLayer_isAnEmptyBundle();
    void buildIsRefused_withTheKeysPath();
    void faults_areFound_data();
    void faults_areFound();
    void faults_areAllTold();
    void yamlFile_mayHoldSeveralDocuments();
    void marks_areNotRendered();
};

static void addFile(Layer &layer, Contents &contents, const QByteArray &path,
                    const QByteArray &bytes)
{
    layer.files.push_back({path, Hash::of(bytes), std::uint64_t(bytes.size()), {}});
    contents[Hash::of(bytes)] = bytes;
}

static Layer twoSections()
{
    Layer layer;
    layer.sections = {{"core", "c", {keyOf("listen", ":80"), keyOf("name", "shop")}},
                      {"zk", {}, {keyOf("addr", "10.0.0.1")}}};
    return layer;
}

static QByteArrayList toldFaults(const Rendered &rendered)
{
    QByteArrayList lines;
    for (const Fault &fault : rendered.faults)
        lines << fault.place + ": " + fault.message.toUtf8();
    return lines;
}

void TestRender::layer_becomesFiles()
{
    Layer layer = twoSections();
    Contents contents;
    addFile(layer, contents, "nginx.conf", "user www;\r\n");
    layer.files.front().rights = {0600, "root", "_www"};
    layer.outputs = {{"app.yaml", Format::yaml, {"core"}, {0640, "shop", {}}},
                     {"conf.d/zk", Format::goconf, {"zk"}, {}}};
    const Rendered rendered = render(layer, contents);
    QCOMPARE(toldFaults(rendered), QByteArrayList());
    const Bundle expected{
        {{"app.yaml", {0640, "shop", {}}, "# c\ncore:\n  listen: \":80\"\n  name: shop\n"},
         {"conf.d/zk", {}, "[zk]\naddr 10.0.0.1\n"},
         {"nginx.conf", {0600, "root", "_www"}, "user www;\r\n"}}};
    QCOMPARE(rendered.bundle.files.size(), expected.files.size());
    for (std::size_t index = 0; index < expected.files.size(); ++index) {
        QCOMPARE(rendered.bundle.files[index].path, expected.files[index].path);
        QCOMPARE(rendered.bundle.files[index].bytes, expected.files[index].bytes);
        QVERIFY(rendered.bundle.files[index].rights == expected.files[index].rights);
    }
    QVERIFY(decodeBundle(encode(rendered.bundle)).value_or(Bundle()) == expected);
}

void TestRender::output_takesSectionsInItsOrder()
{
    Layer layer = twoSections();
    layer.outputs = {{"app", Format::goconf, {"zk", "core"}, {}}};
    const Rendered rendered = render(layer, {});
    QCOMPARE(rendered.bundle.files.front().bytes,
             QByteArray("[zk]\naddr 10.0.0.1\n\n# c\n[core]\nlisten :80\nname shop\n"));
}

void TestRender::outputWithoutSections_takesAll()
{
    Layer layer = twoSections();
    layer.outputs = {{"app.env", Format::env, {}, {}}};
    const Rendered rendered = render(layer, {});
    QCOMPARE(
        rendered.bundle.files.front().bytes,
        QByteArray("# c\n\nCORE_LISTEN=\":80\"\nCORE_NAME=\"shop\"\n\nZK_ADDR=\"10.0.0.1\"\n"));
}

void TestRender::emptyLayer_isAnEmptyBundle()
{
    const Rendered rendered = render({}, {});
    QVERIFY(rendered.faults.empty());
    QVERIFY(rendered.bundle.files.empty());
}

void TestRender::buildIsRefused_withTheKeysPath()
{
    Layer layer = twoSections();
    layer.sections.front().keys.front() = keyOf("listen", " x");
    layer.outputs = {{"app.conf", Format::goconf, {}, {}}};
    QCOMPARE(
        toldFaults(render(layer, {})),
        QByteArrayList{"core/listen: goconf cannot hold a value that begins or ends with white "
                       "space (output app.conf)"});
    layer.outputs.front().format = Format::yaml;
    QCOMPARE(toldFaults(render(layer, {})), QByteArrayList());
}

static void row(const char *name, const std::function<void(Layer &)> &change,
                const QByteArrayList &faults)
{
    Layer layer = twoSections();
    change(layer);
    QTest::newRow(name) << layer << faults;
}

static void addFaultsOfKeys()
{
    row("name of a section", [](Layer &layer) { layer.sections[1].name = "_a"; },
        {"_a: section '_a': expected 1 to", "_a/addr: section '_a': expected 1 to"});
    row("name of a key", [](Layer &layer) { layer.sections[1].keys[0].name = "a b"; },
        {"zk/a b: key 'a b': expected 1 to"});
    row("section twice", [](Layer &layer) { layer.sections[1].name = "core"; },
        {"core: the section is there twice"});
    row("key twice", [](Layer &layer) { layer.sections[0].keys[1].name = "listen"; },
        {"core/listen: the key is there twice"});
    row("value of a type",
        [](Layer &layer) { layer.sections[1].keys[0].value.type = Type::integer; },
        {"zk/addr: '10.0.0.1': expected a whole"});
    row("value that is not canonical",
        [](Layer &layer) {
            layer.sections[1].keys[0].value = {Type::boolean, "yes"};
        },
        {"zk/addr: expected the canonical text 'true'"});
    row("comment too long",
        [](Layer &layer) {
            layer.sections[0].comment = QByteArray(limits::commentBytesMax + 1, 'x');
        },
        {"core: comment: expected at most"});
}

static void addFaultsOfFiles()
{
    row("section of an output",
        [](Layer &layer) {
            layer.outputs = {{"a", Format::json, {"core", "none", "no"}, {}}};
        },
        {"a: there is no section 'none'", "a: there is no section 'no'"});
    row("section twice in an output",
        [](Layer &layer) {
            layer.outputs = {{"a", Format::json, {"core", "core"}, {}}};
        },
        {"a: sections: one is there twice"});
    row("ending of an output",
        [](Layer &layer) {
            layer.outputs = {{"a.yml", Format::json, {}, {}}};
        },
        {"a.yml: its ending promises yaml, but its format is json"});
    row("path",
        [](Layer &layer) {
            layer.outputs = {{"../a", Format::json, {}, {}}};
        },
        {"../a: file '../a': expected names"});
    row("mode",
        [](Layer &layer) {
            layer.outputs = {{"a", Format::json, {}, {04755, {}, {}}}};
        },
        {"a: mode 4755: expected permission"});
    row("owner",
        [](Layer &layer) {
            layer.outputs = {{"a", Format::json, {}, {0644, "a b", {}}}};
        },
        {"a: owner or group 'a b': expected"});
    row("path twice",
        [](Layer &layer) {
            layer.outputs = {{"a", Format::json, {}, {}}, {"a", Format::yaml, {}, {}}};
        },
        {"a: two files or outputs have this path"});
    row("file as a folder",
        [](Layer &layer) {
            layer.outputs = {{"a", Format::json, {}, {}}, {"a/b/c", Format::json, {}, {}}};
        },
        {"a/b/c: 'a' is a file, not a folder"});
    row("content missing",
        [](Layer &layer) {
            layer.files = {{"a", Hash::of("not there"), 9, {}}};
        },
        {"a: its content is missing"});
    row("size of content",
        [](Layer &layer) {
            layer.files = {{"a", Hash::of("{"), 2, {}}};
        },
        {"a: its content is not what"});
    row("no promise", [](Layer &layer) { layer.files = {{"a.conf", Hash::of("{"), 1, {}}}; }, {});
}

static void addFaultsOfForms()
{
    row("json that is none",
        [](Layer &layer) {
            layer.files = {{"a.json", Hash::of("{"), 1, {}}};
        },
        {"a.json: "});
    row("yaml that is none",
        [](Layer &layer) {
            layer.files = {{"a.yml", Hash::of("{"), 1, {}}};
        },
        {"a.yml: line 1"});
    row("toml that is none",
        [](Layer &layer) {
            layer.files = {{"a.toml", Hash::of("{"), 1, {}}};
        },
        {"a.toml: line 1: no TOML"});
    row("properties that are none",
        [](Layer &layer) {
            layer.files = {{"a.properties", Hash::of("a=\\u1"), 5, {}}};
        },
        {"a.properties: line 1: \\u: expected four hex digits"});
    row("endings of outputs",
        [](Layer &layer) {
            layer.outputs = {{"a.properties", Format::env, {}, {}},
                             {"a.service", Format::ini, {}, {}},
                             {"a.timer", Format::goconf, {}, {}},
                             {"a.toml", Format::toml, {}, {}}};
        },
        {"a.properties: its ending promises properties, but its format is env",
         "a.timer: its ending promises ini, but its format is goconf"});
}

void TestRender::faults_areFound_data()
{
    QTest::addColumn<Layer>("layer");
    QTest::addColumn<QByteArrayList>("faults");
    addFaultsOfKeys();
    addFaultsOfFiles();
    addFaultsOfForms();
}

void TestRender::faults_areFound()
{
    QFETCH(Layer, layer);
    QFETCH(QByteArrayList, faults);
    const QByteArrayList found =
        toldFaults(render(layer, {{Hash::of("{"), "{"}, {Hash::of("a=\\u1"), "a=\\u1"}}));
    QCOMPARE(found.size(), faults.size());
    for (qsizetype index = 0; index < faults.size(); ++index)
        QVERIFY2(found[index].startsWith(faults[index]), found[index].constData());
}

void TestRender::faults_areAllTold()
{
    Layer layer = twoSections();
    Contents contents;
    layer.sections[0].keys[0] = keyOf("listen", "");
    layer.sections[1].keys[0] = keyOf("addr", "a\nb");
    addFile(layer, contents, "bad.json", "[1,]");
    addFile(layer, contents, "bad.yaml", "a: [");
    layer.outputs = {{"app", Format::goconf, {}, {}}, {"none", Format::goconf, {"none"}, {}}};
    const QByteArrayList found = toldFaults(render(layer, contents));
    QCOMPARE(found.size(), 5);
    const QByteArrayList expected{
        "bad.json: ", "bad.yaml: line 1: ",
        "core/listen: goconf cannot hold an empty value (output app)",
        "zk/addr: goconf cannot hold a value of several lines (output app)",
        "none: there is no section 'none'"};
    for (qsizetype index = 0; index < expected.size(); ++index)
        QVERIFY2(found[index].startsWith(expected[index]), found[index].constData());
}

void TestRender::yamlFile_mayHoldSeveralDocuments()
{
    Layer layer;
    Contents contents;
    addFile(layer, contents, "a.yaml", "a: &x !Ref {b: 1}\n---\nc: |\n d\n");
    QCOMPARE(toldFaults(render(layer, contents)), QByteArrayList());
}

void TestRender::marks_areNotRendered()
{
    const Layer plain = twoSections();
    Layer marked = plain;
    marked.sections[0].keys[0].isFinal = true;
    marked.tombstones = {{{Place::Kind::key, "core", "gone"}, {"why"}}};
    for (const Format format : formats) {
        marked.outputs = {{"out", format, {}, {}, true}};
        const Rendered rendered = render(marked, {});
        QVERIFY2(rendered.faults.empty(), qPrintable(toldFaults(rendered).join(' ')));
        QCOMPARE(rendered.bundle.files.at(0).bytes, *renderSections(format, plain.sections));
    }
}

QTEST_GUILESS_MAIN(TestRender)
#include "tst_render.moc"
