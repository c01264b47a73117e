// SPDX-License-Identifier: Apache-2.0
#include "config/directory.h"
#include "unit/config/random_layers.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;
using namespace Qt::StringLiterals;

/// Layers as texts that people edit.
class tst_directory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void texts_areLinesOfItems();
    void texts_haveTombstonesAndMarks();
    void texts_leadBackToTheLayer();
    void texts_mayLeaveOutWhatIsUsual();
    void sections_needNoLine();
    void order_isThatOfTheLines();
    void faults_nameFileAndLine_data();
    void faults_nameFileAndLine();
    void faults_areFew();
    void head_namesTheService();
};

static Value valueOf(Type type, const QByteArray &text, const std::vector<QByteArray> &choices = {})
{
    const Result<Value> value = Value::parse(type, text, choices);
    return value ? *value : Value();
}

static File fileOf(const QByteArray &path, const QByteArray &bytes)
{
    return {.path = path, .content = Hash::of(bytes), .bytes = std::uint64_t(bytes.size())};
}

/// The files as they lie in a directory: nobody sees their rights there.
static std::vector<File> plain(const std::vector<File> &files)
{
    std::vector<File> all = files;
    for (File &file : all)
        file = {.path = file.path, .content = file.content, .bytes = file.bytes};
    return all;
}

void tst_directory::texts_areLinesOfItems()
{
    Layer layer;
    layer.sections = {
        {.name = "zoo",
         .comment = "first",
         .keys = {{.name = "timeout", .value = valueOf(Type::duration, "1500ms")},
                  {.name = "mode",
                   .value = valueOf(Type::enumeration, "b", {"a", "b"}),
                   .comment = "a or b,\nas you like"}}},
        {.name = "core", .keys = {{.name = "t", .value = valueOf(Type::string, "ä\n\t")}}}};
    layer.files = {fileOf("a.conf", "x"), fileOf("b.conf", "y")};
    layer.files[1].rights = {0640, "www", {}};
    layer.outputs = {{.path = "app.env", .format = Format::env, .sections = {"core"}}};
    const LayerTexts texts = textsOf(layer);
    QCOMPARE(texts.index, QByteArray(R"({"section":"zoo","comment":"first"}
{"section":"core"}
{"output":"app.env","format":"env","sections":["core"]}
{"file":"b.conf","mode":"0640","owner":"www"}
)"));
    QCOMPARE(texts.sections.at("zoo"),
             QByteArray(R"({"key":"timeout","type":"duration","value":"1500ms"}
{"key":"mode","choices":["a","b"],"comment":"a or b,\nas you like","type":"enum","value":"b"}
)"));
    QCOMPARE(texts.sections.at("core"),
             QByteArray("{\"key\":\"t\",\"type\":\"string\",\"value\":\"ä\\n\\t\"}\n"));
    const ReadTexts read = layerOf(texts, plain(layer.files));
    QVERIFY2(read.faults.empty(), read.faults.empty() ? "" : qPrintable(read.faults[0].message));
    QCOMPARE(read.layer, layer);
}

void tst_directory::texts_haveTombstonesAndMarks()
{
    using Kind = Place::Kind;
    Layer layer;
    layer.sections = {
        {.name = "core", .keys = {{.name = "n", .value = valueOf(Type::integer, "1")}}}};
    layer.sections[0].keys[0].isFinal = true;
    layer.files = {fileOf("a.conf", "x")};
    layer.files[0].isFinal = true;
    layer.tombstones = {{{Kind::section, "core", {}}, {"all else goes"}},
                        {{Kind::key, "zoo", "k"}, {}},
                        {{Kind::file, {}, "b.conf"}, {}},
                        {{Kind::output, {}, "c.env"}, {"why"}}};
    const LayerTexts texts = textsOf(layer);
    QCOMPARE(texts.index,
             QByteArray(R"({"section":"core","comment":"all else goes","tombstone":true}
{"section":"zoo"}
{"file":"a.conf","final":true}
{"file":"b.conf","tombstone":true}
{"output":"c.env","comment":"why","tombstone":true}
)"));
    QCOMPARE(texts.sections.at("zoo"), QByteArray("{\"key\":\"k\",\"tombstone\":true}\n"));
    const ReadTexts read = layerOf(texts, plain(layer.files));
    QVERIFY2(read.faults.empty(), read.faults.empty() ? "" : qPrintable(read.faults[0].message));
    QCOMPARE(read.layer, layer);
}

void tst_directory::texts_leadBackToTheLayer()
{
    test::RandomLayers random(test::layersSeed(), test::RandomLayers::Marks::some);
    for (int i = 0; i < 500; ++i) {
        Layer layer = random.layer();
        std::erase_if(layer.sections, [](const Section &section) { return section.keys.empty(); });
        const LayerTexts texts = textsOf(layer);
        const ReadTexts read = layerOf(texts, plain(layer.files));
        QVERIFY2(read.faults.empty(),
                 read.faults.empty() ? "" : qPrintable(read.faults[0].message));
        QCOMPARE(read.layer, layer);
        QCOMPARE(textsOf(read.layer), texts);
    }
}

void tst_directory::texts_mayLeaveOutWhatIsUsual()
{
    LayerTexts texts;
    texts.index = "\r\n  {\"output\": \"app.json\", \"format\": \"json\"}\r\n";
    texts.sections["core"] = "{\"value\": \"0.5h\", \"type\": \"duration\", \"key\": \"wait\"}";
    const ReadTexts read = layerOf(texts, {fileOf("x", "y")});
    QVERIFY2(read.faults.empty(), read.faults.empty() ? "" : qPrintable(read.faults[0].message));
    QCOMPARE(read.layer.key("core", "wait")->value, valueOf(Type::duration, "30m"));
    QCOMPARE(read.layer.output("app.json")->rights.mode, 0644);
    QCOMPARE(read.layer.files, (std::vector<File>{fileOf("x", "y")}));
}

void tst_directory::sections_needNoLine()
{
    LayerTexts texts;
    texts.index =
        "{\"section\":\"z\",\"comment\":\"c\"}\n{\"section\":\"empty\",\"comment\":\"c\"}\n";
    const QByteArray key = R"({"key":"k","type":"int","value":"1"})";
    texts.sections = {{"a", key}, {"z", key}, {"none", ""}};
    const ReadTexts read = layerOf(texts, {});
    QVERIFY(read.faults.empty());
    QCOMPARE(read.layer.sections.size(), std::size_t(2));
    QCOMPARE(read.layer.sections[0].name, "z");
    QCOMPARE(read.layer.sections[0].comment, "c");
    QCOMPARE(read.layer.sections[1].name, "a");
}

void tst_directory::order_isThatOfTheLines()
{
    LayerTexts texts;
    texts.index = "{\"section\":\"b\"}\n{\"section\":\"a\"}\n";
    for (const char *section : {"a", "b"}) {
        for (const char *key : {"z", "m", "a"})
            texts.sections[section] +=
                QByteArray("{\"key\":\"") + key + "\",\"type\":\"int\",\"value\":\"1\"}\n";
    }
    const ReadTexts read = layerOf(texts, {});
    QCOMPARE(textsOf(read.layer), texts);
    QCOMPARE(read.layer.sections[1].keys[0].name, "z");
}

void tst_directory::faults_nameFileAndLine_data()
{
    QTest::addColumn<QByteArray>("index");
    QTest::addColumn<QByteArray>("section");
    QTest::addColumn<QByteArray>("where");
    QTest::addColumn<QString>("why");
    const QByteArray good = R"({"key":"a","type":"int","value":"1"})"
                            "\n";
    const auto inSection = [&](const char *name, const QByteArray &line, const QString &why) {
        QTest::newRow(name) << QByteArray() << good + "\n" + line
                            << QByteArray("sections/core.jsonl:3") << why;
    };
    const auto inIndex = [&](const char *name, const QByteArray &line, const QString &why) {
        QTest::newRow(name) << "{\"section\":\"core\"}\n" + line << good
                            << QByteArray("layer.jsonl:2") << why;
    };
    inSection("no JSON", "key = 1", u"one JSON object"_s);
    inSection("two objects", good.trimmed() + good, u"one JSON object"_s);
    inSection("no name", R"({"type":"int","value":"1"})", u"\"key\""_s);
    inSection("a bad name", R"({"key":"a b","type":"int","value":"1"})", u"key"_s);
    inSection("twice", good, u"twice"_s);
    inSection("no type", R"({"key":"b","value":"1"})", u"type"_s);
    inSection("an unknown type", R"({"key":"b","type":"number","value":"1"})", u"number"_s);
    inSection("not of its type", R"({"key":"b","type":"int","value":"one"})", u"one"_s);
    inSection("a number", R"({"key":"b","type":"int","value":1})", u"'value'"_s);
    inSection("an unknown member", R"({"key":"b","type":"int","value":"1","hint":""})",
              u"not known"_s);
    inSection("no choice", R"({"key":"b","type":"enum","value":"c","choices":["a"]})", u"c"_s);
    inSection("a long line", QByteArray(3'200'000, ' ').replace(0, 1, "{") + '}', u"bytes"_s);
    inIndex("of nothing", R"({"folder":"x"})", u"\"section\", \"file\" or \"output\""_s);
    inIndex("a section twice", R"({"section":"core"})", u"twice"_s);
    inIndex("a file that is missing", R"({"file":"b.conf","mode":"0600"})", u"missing"_s);
    inIndex("a file's hash", R"({"file":"a.conf","hash":"00"})", u"'hash'"_s);
    inIndex("bad rights", R"({"file":"a.conf","mode":"9"})", u"'mode'"_s);
    inIndex("no format", R"({"output":"c"})", u"format"_s);
    inIndex("a path as both", R"({"output":"a.conf","format":"env"})", u"or an output"_s);
    inIndex("a path outside", R"({"output":"../c","format":"env"})", u"../c"_s);
    inIndex("a comment that is none", R"({"section":"b","comment":7})", u"'comment'"_s);
    inIndex("a name that is none", R"({"section":7})", u"'section'"_s);
}

void tst_directory::faults_nameFileAndLine()
{
    QFETCH(QByteArray, index);
    QFETCH(QByteArray, section);
    QFETCH(QByteArray, where);
    QFETCH(QString, why);
    LayerTexts texts;
    texts.index = index;
    texts.sections["core"] = section;
    const ReadTexts read = layerOf(texts, {fileOf("a.conf", "x")});
    QCOMPARE(read.faults.size(), std::size_t(1));
    const TextFault &fault = read.faults.front();
    QCOMPARE(fault.file + ':' + QByteArray::number(fault.line), where);
    QVERIFY2(fault.message.contains(why), qPrintable(fault.message));
}

void tst_directory::faults_areFew()
{
    LayerTexts texts;
    texts.sections["core"] = QByteArray("x\n").repeated(1'000);
    QCOMPARE(layerOf(texts, {}).faults.size(), textFaultsMax);
}

void tst_directory::head_namesTheService()
{
    QCOMPARE(headOf("shop"), "{\"format\":1,\"service\":\"shop\"}\n");
    const Result<QByteArray> service = serviceIn(headOf("shop"));
    QVERIFY(service && *service == "shop");
    for (const char *bad :
         {"", "[]", "{}", "{\"format\":1}", "{\"format\":2,\"service\":\"shop\"}",
          "{\"format\":1,\"service\":\"_shop\"}", "{\"format\":1,\"service\":\"shop\",\"more\":1}"})
        QVERIFY2(!serviceIn(bad), bad);
    QVERIFY(!serviceIn(headOf("shop") + QByteArray(5'000, ' ')));
}

QTEST_GUILESS_MAIN(tst_directory)
#include "tst_directory.moc"
