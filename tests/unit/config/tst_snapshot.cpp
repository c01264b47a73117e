// SPDX-License-Identifier: Apache-2.0
#include "config/snapshot.h"

#include "config/change.h"
#include "config/limits.h"
#include "unit/config/document.h"
#include "unit/config/random_layers.h"

#include <QTest>

#include <algorithm>
#include <set>

using namespace coffer;
using coffer::test::inNameOrder;
using namespace coffer::config;

namespace {

using Parts = std::map<Hash, QByteArray>;

Parts partsIn(const EncodedLayer &encoded)
{
    Parts parts;
    for (const Object &part : encoded.parts)
        parts[part.hash] = part.bytes;
    return parts;
}

Result<Layer> decode(const QByteArray &manifest, const Parts &parts)
{
    return decodeLayer(manifest, [&parts](const Hash &hash) -> Result<QByteArray> {
        const auto found = parts.find(hash);
        if (found == parts.end())
            return Error{ErrorCode::notFound, QStringLiteral("no such part")};
        return found->second;
    });
}

Result<Layer> decode(const EncodedLayer &encoded)
{
    return decode(encoded.manifest.bytes, partsIn(encoded));
}

/// A manifest of one part with these bytes.
Result<Layer> decodePart(const QByteArray &part)
{
    const Hash hash = Hash::of(part);
    return decode(QByteArray("\x82\x01\x81\x58\x20", 5) + hash.bytes(), {{hash, part}});
}

Key text(const QByteArray &name, const QByteArray &value)
{
    return {name, Value{Type::string, value}};
}

Layer withKeys(std::vector<Key> keys) { return {{{"s", {}, std::move(keys)}}}; }

} // namespace

class TestSnapshot : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_seed = test::layersSeed(); }

    void bytes_areAsTheDocumentSays();
    void marks_areAsTheDocumentSays();
    void layersWithoutMarks_haveTheBytesThatTheyAlwaysHad();
    void layer_comesBack();
    void equalLayers_giveEqualBytesWhateverTheHistory();
    void changedKey_changesTwoPartsAtMost();
    void parts_areOfReasonableSize();
    void largeValues_fit();
    void hundredThousandKeys_comeBack();
    void encode_refuses_data();
    void encode_refuses();
    void decode_refusesAnyOtherBytes();
    void decode_refusesRows_data();
    void decode_refusesRows();
    void manifest_isStrict_data();
    void manifest_isStrict();
    void pieces_areCut();

private:
    std::uint64_t m_seed = 0;
};

void TestSnapshot::bytes_areAsTheDocumentSays()
{
    FileRights rights;
    rights.mode = 0600;
    rights.owner = "www";
    const Layer layer{{{"core", "c", {{"on", Value{Type::enumeration, "a", {"a", "b"}}, "why"}}}},
                      {{"f", Hash::of("x"), 1, rights}},
                      {{"o.env", Format::env, {"core"}}}};
    const Result<EncodedLayer> encoded = encode(layer);
    QVERIFY(encoded);
    QByteArray rows;
    for (const Object &object : encoded->parts)
        rows += object.bytes.sliced(1); // without the head of its array
    const QByteArray section = QByteArray::fromHex("83 01 64636f7265 6163");
    const QByteArray key = QByteArray::fromHex("86 02 626f6e 07 6161 82 6161 6162 63776879");
    const QByteArray file = QByteArray::fromHex("87 03 6166 5820") + Hash::of("x").bytes()
                            + QByteArray::fromHex("01 190180 63777777 60");
    const QByteArray output =
        QByteArray::fromHex("87 04 656f2e656e76 02 81 64636f7265 1901a4 60 60");
    QCOMPARE(rows.toHex(' '), (section + key + file + output).toHex(' '));
    QByteArray manifest =
        QByteArray::fromHex("8201") + QByteArray(1, char(0x80 + encoded->parts.size()));
    for (const Object &object : encoded->parts)
        manifest += QByteArray::fromHex("5820") + Hash::of(object.bytes).bytes();
    QCOMPARE(encoded->manifest.bytes, manifest);
    QVERIFY(encoded->manifest.hash == Hash::of(manifest));
    const EncodedLayer sections = *encode(Layer{layer.sections});
    QCOMPARE(sections.parts.size(), std::size_t(1));
    QCOMPARE(sections.parts[0].bytes.toHex(' '), test::documented("part").toHex(' '));
}

void TestSnapshot::marks_areAsTheDocumentSays()
{
    Layer layer{
        {{"core", {}, {text("on", "1")}}}, {{"f", Hash::of("x"), 1}}, {{"o.env", Format::env}}};
    layer.sections[0].keys[0].isFinal = true;
    layer.files[0].isFinal = true;
    layer.outputs[0].isFinal = true;
    layer.tombstones = {{{Place::Kind::section, "zk", {}}, {"c"}},
                        {{Place::Kind::key, "core", "off"}, {}},
                        {{Place::Kind::output, {}, "p"}, {}}};
    const Result<EncodedLayer> encoded = encode(layer);
    QVERIFY2(encoded, encoded ? "" : qPrintable(encoded.error().message));
    QByteArray rows;
    for (const Object &object : encoded->parts)
        rows += object.bytes.sliced(1);
    const QByteArray expected =
        QByteArray::fromHex("83 01 64636f7265 60 87 02 626f6e 01 6131 80 60 01"
                            "88 03 6166 5820")
        + Hash::of("x").bytes()
        + QByteArray::fromHex("01 1901a4 60 60 01 88 04 656f2e656e76 02 80 1901a4 60 60 01"
                              "85 05 01 627a6b 60 6163 85 05 02 64636f7265 636f6666 60"
                              "85 05 04 60 6170 60");
    QCOMPARE(rows.toHex(' '), expected.toHex(' '));
    QVERIFY(decode(*encoded) == layer);
}

/// Stored layers have these hashes: no version of the program may give them others.
void TestSnapshot::layersWithoutMarks_haveTheBytesThatTheyAlwaysHad()
{
    Layer layer = test::largeLayer(5'000);
    layer.files = {{"f", Hash::of("x"), 1}};
    layer.outputs = {{"o.env", Format::env, {"section-0"}}};
    QCOMPARE(encode(layer)->manifest.hash.hex(),
             QByteArray("4bda9345b17d96c29d831d09dd9bd72ecdba89012f5d8d6815b7ee1a0c5e23a2"));
    QCOMPARE(encode(Layer())->manifest.hash.hex(),
             QByteArray("caf5b36572ad183670eecdb1f6ec9ade2ad49bf97ff99bfe92fa23260b46fbf1"));
}

void TestSnapshot::layer_comesBack()
{
    test::RandomLayers layers(m_seed, test::RandomLayers::Marks::some);
    QVERIFY(decode(*encode(Layer())) == Layer());
    for (int i = 0; i < 300; ++i) {
        const Layer layer = layers.layer();
        const Result<EncodedLayer> encoded = encode(layer);
        QVERIFY2(encoded, qPrintable(encoded ? QString() : encoded.error().message));
        const Result<Layer> decoded = decode(*encoded);
        QVERIFY2(decoded, qPrintable(decoded ? QString() : decoded.error().message));
        QCOMPARE(*decoded, layer);
        const Result<std::vector<Hash>> hashes = partsOf(encoded->manifest.bytes);
        QVERIFY(hashes);
        QCOMPARE(hashes->size(), encoded->parts.size());
        for (std::size_t part = 0; part < hashes->size(); ++part)
            QVERIFY((*hashes)[part] == encoded->parts[part].hash);
    }
}

void TestSnapshot::equalLayers_giveEqualBytesWhateverTheHistory()
{
    test::RandomLayers layers(m_seed, test::RandomLayers::Marks::some);
    for (int i = 0; i < 50; ++i) {
        const Layer first = layers.layer();
        const Layer last = layers.layer();
        // By another way to the same content.
        const Layer detour = layers.changed(first);
        Layer there = apply(first, diff(first, detour), {}).layer;
        there = inNameOrder(apply(there, diff(there, last), {}).layer);
        const Layer direct = inNameOrder(last);
        QCOMPARE(there, direct);
        QVERIFY(encode(there)->manifest.hash == encode(direct)->manifest.hash);
        if (inNameOrder(first) != direct)
            QVERIFY(!(encode(inNameOrder(first))->manifest.hash == encode(direct)->manifest.hash));
    }
}

void TestSnapshot::changedKey_changesTwoPartsAtMost()
{
    SeededRandom random(m_seed);
    Layer layer = test::largeLayer(50'000);
    const EncodedLayer before = *encode(layer);
    std::set<Hash> known;
    for (const Object &part : before.parts)
        known.insert(part.hash);
    for (int i = 0; i < 16; ++i) {
        Layer changed = layer;
        std::vector<Key> &keys = changed.sections[random.below(changed.sections.size())].keys;
        const std::size_t at = random.below(keys.size());
        const auto place = keys.begin() + std::ptrdiff_t(at);
        switch (i % 4) {
        case 0: place->value.text = "other"; break;
        case 1: place->value.text = QByteArray(20'000, 'x'); break;
        case 2: keys.erase(place); break;
        default: keys.insert(place, text("new", "value")); break;
        }
        const EncodedLayer after = *encode(changed);
        const auto isNew = [&known](const Object &part) { return !known.contains(part.hash); };
        const auto count = std::count_if(after.parts.begin(), after.parts.end(), isNew);
        // Zero: what was taken out was a part by itself.
        QVERIFY2(count <= 2 && (count > 0 || i % 4 == 2), qPrintable(QString::number(count)));
    }
}

void TestSnapshot::parts_areOfReasonableSize()
{
    const EncodedLayer encoded = *encode(test::largeLayer(50'000));
    std::size_t bytes = 0;
    for (const Object &part : encoded.parts) {
        QVERIFY(std::size_t(part.bytes.size()) <= limits::chunkBytesMax);
        bytes += std::size_t(part.bytes.size());
    }
    const std::size_t average = bytes / encoded.parts.size();
    QVERIFY2(average > 16'384 && average < 65'536, qPrintable(QString::number(average)));
}

void TestSnapshot::largeValues_fit()
{
    Layer layer = withKeys({});
    std::vector<QByteArray> choices;
    for (std::size_t i = 0; i < limits::choicesMax; ++i) {
        choices.push_back(
            QByteArray::number(qulonglong(i)).rightJustified(qsizetype(limits::nameBytesMax), 'x'));
    }
    const QByteArray longest(qsizetype(limits::valueBytesMax), 'v');
    for (int i = 0; i < 20; ++i) {
        const QByteArray number = QByteArray::number(i);
        layer.sections[0].keys.push_back(text("large" + number, longest));
        layer.sections[0].keys.back().comment = QByteArray(qsizetype(limits::commentBytesMax), 'c');
        layer.sections[0].keys.push_back(
            {"choice" + number, Value{Type::enumeration, choices[3], choices}});
    }
    const Result<EncodedLayer> encoded = encode(layer);
    QVERIFY(encoded);
    for (const Object &part : encoded->parts)
        QVERIFY(std::size_t(part.bytes.size()) <= limits::chunkBytesMax);
    QVERIFY(decode(*encoded) == layer);
}

void TestSnapshot::hundredThousandKeys_comeBack()
{
    const Layer layer = test::largeLayer(100'000);
    QVERIFY(decode(*encode(layer)) == layer);
}

void TestSnapshot::encode_refuses_data()
{
    QTest::addColumn<Layer>("layer");
    const Hash hash = Hash::of("x");
    FileRights wide;
    wide.mode = 01777;
    FileRights odd;
    odd.owner = "a b";
    QTest::newRow("section twice") << Layer{{{"s"}, {"t"}, {"s"}}};
    QTest::newRow("key twice") << withKeys({text("a", "1"), text("b", ""), text("a", "2")});
    QTest::newRow("name of a section") << Layer{{{"_s"}}};
    QTest::newRow("name of a key") << withKeys({text("a/b", "")});
    QTest::newRow("comment of a section") << Layer{{{"s", QByteArray(16'385, 'x')}}};
    QTest::newRow("comment of a key")
        << withKeys({{"a", Value{Type::string, ""}, QByteArray("\xff")}});
    QTest::newRow("text that is not canonical") << withKeys({{"a", Value{Type::integer, "01"}}});
    QTest::newRow("value too large")
        << withKeys({text("a", QByteArray(qsizetype(limits::valueBytesMax) + 1, 'x'))});
    QTest::newRow("unknown type") << withKeys({{"a", Value{Type(10), ""}}});
    QTest::newRow("files out of order") << Layer{{}, {{"b", hash, 1}, {"a", hash, 1}}};
    QTest::newRow("file twice") << Layer{{}, {{"a", hash, 1}, {"a", hash, 1}}};
    QTest::newRow("file and output") << Layer{{}, {{"a", hash, 1}}, {{"a", Format::env}}};
    QTest::newRow("path") << Layer{{}, {{"../a", hash, 1}}};
    QTest::newRow("no hash") << Layer{{}, {{"a", {}, 1}}};
    QTest::newRow("file too large") << Layer{{}, {{"a", hash, limits::fileBytesMax + 1}}};
    QTest::newRow("mode") << Layer{{}, {{"a", hash, 1, wide}}};
    QTest::newRow("owner") << Layer{{}, {{"a", hash, 1, odd}}};
    QTest::newRow("format") << Layer{{}, {}, {{"a", Format(9)}}};
    QTest::newRow("section of an output") << Layer{{}, {}, {{"a", Format::env, {"_"}}}};
    QTest::newRow("section of an output twice") << Layer{{}, {}, {{"a", Format::env, {"s", "s"}}}};
    Layer many;
    for (std::size_t i = 0; i <= limits::filesMax; ++i) {
        many.files.push_back({QByteArray::number(qulonglong(i)).rightJustified(6, '0'), hash, 1});
    }
    QTest::newRow("too many files") << many;
    const auto buried = [](Layer layer, const Place &place) {
        layer.tombstones.emplace(place, Tombstone());
        return layer;
    };
    const Place core{Place::Kind::section, "s", {}};
    QTest::newRow("tombstone of a key that is there")
        << buried(withKeys({text("a", "")}), {Place::Kind::key, "s", "a"});
    QTest::newRow("tombstone of a section with a comment") << buried({{{"s", "c"}}}, core);
    QTest::newRow("tombstone of a file that is an output")
        << buried({{}, {}, {{"a", Format::env}}}, {Place::Kind::file, {}, "a"});
    QTest::newRow("tombstone of a file and of an output")
        << buried(buried({}, {Place::Kind::file, {}, "a"}), {Place::Kind::output, {}, "a"});
    QTest::newRow("tombstone of a name that is none") << buried({}, {Place::Kind::key, "_s", "a"});
    QTest::newRow("tombstone of a section and a key")
        << buried({}, {Place::Kind::section, "s", "a"});
    QTest::newRow("tombstone of a file in a section") << buried({}, {Place::Kind::file, "s", "a"});
    Layer graves;
    for (std::size_t i = 0; i <= limits::tombstonesMax; ++i) {
        const Place place{Place::Kind::key, "s", QByteArray::number(qulonglong(i))};
        graves.tombstones.emplace(place, Tombstone());
    }
    QTest::newRow("too many tombstones") << graves;
    QTest::newRow("too many keys") << test::largeLayer(int(limits::keysMax) + 1);
}

void TestSnapshot::encode_refuses()
{
    QFETCH(const Layer, layer);
    const Result<EncodedLayer> encoded = encode(layer);
    QVERIFY(!encoded);
    QCOMPARE(encoded.error().code, ErrorCode::invalid);
    QVERIFY(!encoded.error().message.isEmpty());
}

void TestSnapshot::decode_refusesAnyOtherBytes()
{
    test::RandomLayers layers(m_seed, test::RandomLayers::Marks::some);
    const Layer layer = layers.layer();
    const EncodedLayer encoded = *encode(layer);
    const Parts parts = partsIn(encoded);
    for (int i = 0; i < 3'000; ++i) {
        // Hashes find any damage, so hand in parts that have the right hash of wrong bytes.
        QByteArray part = encoded.parts[layers.random().below(encoded.parts.size())].bytes;
        const QByteArray whole = part;
        const auto at = qsizetype(layers.random().below(std::uint64_t(part.size())));
        switch (i % 3) {
        case 0: part[at] = char(layers.random().next()); break;
        case 1: part.truncate(at); break;
        default: part.insert(at, char(layers.random().next())); break;
        }
        const Result<Layer> decoded = decodePart(part);
        // What is read all the same is a layer, and has no other bytes than these.
        if (decoded) {
            QByteArray rows;
            const EncodedLayer again = *encode(*decoded);
            for (const Object &object : again.parts)
                rows += object.bytes;
            QVERIFY(rows.size() >= part.size());
            QVERIFY(again.parts.size() != 1 || rows == part);
        }
    }
    for (const Object &part : encoded.parts) {
        Parts wrong = parts;
        wrong[part.hash][0] = char(wrong[part.hash][0] ^ 1);
        QVERIFY(!decode(encoded.manifest.bytes, wrong));
        wrong.erase(part.hash);
        const Result<Layer> missing = decode(encoded.manifest.bytes, wrong);
        QVERIFY(!missing && missing.error().code == ErrorCode::notFound);
    }
}

void TestSnapshot::decode_refusesRows_data()
{
    QTest::addColumn<QByteArray>("part");
    const auto row = [](const char *name, const char *hex) {
        QTest::newRow(name) << QByteArray::fromHex(hex);
    };
    row("no rows", "80");
    row("nothing", "");
    row("a key first", "818602616101606080");
    row("unknown kind", "81830661736000");
    row("a mark that is not known", "828301617360 870261610160806002");
    row("a mark of 0", "828301617360 870261610160806000");
    row("two marks", "828301617360 88026161016080600101");
    row("a tombstone of no kind", "818505006173606 0");
    row("a tombstone of an unknown kind", "81850505617361616 0");
    row("tombstones out of order", "828505026173616260 8505026173616160");
    row("a tombstone twice", "828505026173616160 8505026173616160");
    row("a section behind a tombstone", "828505026173616160 8301617360");
    row("a tombstone of a key that is there", "83830161736086026161016080608505026173616160");
    row("kind 0", "818300617360");
    row("a section of four items", "81840161736060");
    row("a section twice", "82830161736083016173 60");
    row("an output before a section", "8287046161028019 01a46060 8301617360");
    row("a longer head than needed", "9801 8301617360");
    row("an array without end", "9f8301617360ff");
    row("text of several pieces", "8183017f617 3ff60");
    row("bytes in the place of text", "818301417360");
    row("no UTF-8", "81830161736 1ff");
    row("one byte more", "81830161736000");
    row("unknown type", "82830161736086026161 0a608060");
    row("more rows said than are there", "828301617360");
    row("a length beyond the end", "818301617 37bffffffffffffffff");
}

void TestSnapshot::decode_refusesRows()
{
    QFETCH(const QByteArray, part);
    QVERIFY(decodePart(QByteArray::fromHex("818301617360")));
    QVERIFY(decodePart(QByteArray::fromHex("828301617360 870261610160806001"))); // a final key
    QVERIFY(decodePart(QByteArray::fromHex("818505026173616160")));
    const Result<Layer> decoded = decodePart(part);
    QVERIFY(!decoded);
    QCOMPARE(decoded.error().code, ErrorCode::invalid);
}

void TestSnapshot::manifest_isStrict_data()
{
    QTest::addColumn<QByteArray>("manifest");
    const QByteArray hash = QByteArray::fromHex("5820") + Hash::of("x").bytes();
    const QByteArray good = QByteArray::fromHex("820181") + hash;
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("another version") << QByteArray::fromHex("820280");
    QTest::newRow("one byte more") << good + '\0';
    QTest::newRow("one byte less") << good.chopped(1);
    QTest::newRow("a short hash") << QByteArray::fromHex("820181411f");
    QTest::newRow("a hash too few") << QByteArray::fromHex("820182") + hash;
    QTest::newRow("three items") << QByteArray::fromHex("83018000");
    QTest::newRow("too large") << QByteArray(qsizetype(limits::chunkBytesMax) + 1, '\x82');
    QTest::newRow("very many parts") << QByteArray::fromHex("82019bffffffffffffffff");
}

void TestSnapshot::manifest_isStrict()
{
    QFETCH(const QByteArray, manifest);
    QVERIFY(partsOf(QByteArray::fromHex("820180")));
    const Result<std::vector<Hash>> parts = partsOf(manifest);
    QVERIFY(!parts);
    QCOMPARE(parts.error().code, ErrorCode::invalid);
}

void TestSnapshot::pieces_areCut()
{
    const auto chunk = qsizetype(limits::chunkBytesMax);
    QCOMPARE(piecesOf({}), (std::vector<QByteArray>{QByteArray()}));
    for (const qsizetype size : {qsizetype(1), chunk, chunk + 1, 3 * chunk}) {
        const QByteArray bytes(size, 'x');
        const std::vector<QByteArray> pieces = piecesOf(bytes);
        QCOMPARE(qsizetype(pieces.size()), (size + chunk - 1) / chunk);
        QByteArray joined;
        for (const QByteArray &piece : pieces)
            joined += piece;
        QCOMPARE(joined, bytes);
    }
}

QTEST_GUILESS_MAIN(TestSnapshot)
#include "tst_snapshot.moc"
