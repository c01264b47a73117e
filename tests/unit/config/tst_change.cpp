// SPDX-License-Identifier: Apache-2.0
#include "config/change.h"

#include "config/limits.h"
#include "unit/config/random_layers.h"

#include <QTest>

#include <algorithm>

using namespace coffer;
using coffer::test::inNameOrder;
using namespace coffer::config;

namespace {

Key text(const QByteArray &name, const QByteArray &value, const QByteArray &comment = {})
{
    return {name, Value{Type::string, value}, comment};
}

Place placeOf(const QByteArray &section, const QByteArray &name)
{
    return {Place::Kind::key, section, name};
}

Change set(const QByteArray &section, const QByteArray &name, const QByteArray &from,
           const QByteArray &to)
{
    return {placeOf(section, name), text(name, from), text(name, to)};
}

Layer core(std::vector<Key> keys) { return {{{"core", "head", std::move(keys)}}}; }

File fileOf(const QByteArray &path, const QByteArray &bytes, std::uint16_t mode = 0644)
{
    return {path, Hash::of(bytes), std::uint64_t(bytes.size()), {mode, {}, {}}};
}

Contents contentsOf(const QByteArrayList &all)
{
    Contents contents;
    for (const QByteArray &one : all)
        contents[Hash::of(one)] = one;
    return contents;
}

} // namespace

class TestChange : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_seed = test::layersSeed(); }

    void diff_leadsFromBeforeToAfter();
    void diff_isInTheOrderOfPlaces();
    void newKeys_comeInTheirOrder();
    void disjointEdits_commute();
    void apply_twiceIsOnce();
    void sameWish_isNoConflict();
    void publishedSince_isAConflict_data();
    void publishedSince_isAConflict();
    void section_goesWithItsLastKey();
    void section_comesWithItsFirstKey();
    void emptyComment_isNone();
    void texts_areMerged_data();
    void texts_areMerged();
    void texts_thatAreMissingMeanConflict();
    void rights_areMergedWithoutTexts();
    void fileAndOutput_doNotShareAPath();
    void fileInThePlaceOfAnOutput_isTwoChanges();
    void hundredThousandKeys_areNoSquare();
    void tombstones_comeAndGo();
    void tombstoneAndComment_areOneOfTheTwo();
    void final_isMergedWithTexts();
    void change_comesBack();
    void json_isWhatPeopleCanRead();
    void decode_refuses_data();
    void decode_refuses();
    void itemAt_findsAndMisses();
    void shown_isAsPeopleWriteIt();

private:
    std::uint64_t m_seed = 0;
};

void TestChange::diff_leadsFromBeforeToAfter()
{
    test::RandomLayers layers(m_seed, test::RandomLayers::Marks::some);
    for (int i = 0; i < 500; ++i) {
        const Layer before = layers.layer();
        const Layer after = i % 2 == 0 ? layers.changed(before) : layers.layer();
        const std::vector<Change> changes = diff(before, after);
        const Applied applied = apply(before, changes, {});
        QVERIFY(applied.conflicts.empty());
        QVERIFY(applied.merged.empty());
        QCOMPARE(inNameOrder(applied.layer), inNameOrder(after));
        QVERIFY(diff(applied.layer, after).empty());
        QCOMPARE(changes.empty(), inNameOrder(before) == inNameOrder(after));
        for (const Change &change : changes) {
            QCOMPARE(change.base, itemAt(before, change.place));
            QCOMPARE(change.now, itemAt(after, change.place));
            QVERIFY(change.base != change.now);
        }
    }
}

void TestChange::diff_isInTheOrderOfPlaces()
{
    test::RandomLayers layers(m_seed);
    const std::vector<Change> changes = diff(layers.layer(), layers.layer());
    QVERIFY(std::is_sorted(changes.begin(), changes.end(),
                           [](const Change &a, const Change &b) { return a.place < b.place; }));
}

void TestChange::newKeys_comeInTheirOrder()
{
    const Layer imported{
        {{"z", "", {text("b", "1"), text("a", "2")}}, {"c", "", {text("x", "3")}}}};
    QCOMPARE(apply({}, diff({}, imported), {}).layer, imported);
    const Layer before = core({text("m", "1"), text("k", "1")});
    const Layer after = core({text("z", "1"), text("k", "1"), text("m", "1"), text("y", "1")});
    // What both have keeps its order, what is new follows.
    QCOMPARE(apply(before, diff(before, after), {}).layer,
             core({text("m", "1"), text("k", "1"), text("z", "1"), text("y", "1")}));
}

void TestChange::disjointEdits_commute()
{
    test::RandomLayers layers(m_seed);
    for (int i = 0; i < 200; ++i) {
        const Layer live = layers.layer();
        std::vector<Change> yours;
        std::vector<Change> theirs;
        for (const Change &change : diff(live, layers.changed(live)))
            (layers.random().below(2) == 0 ? yours : theirs).push_back(change);
        const auto isTheirs = [&theirs](const Change &mine) {
            return std::any_of(theirs.begin(), theirs.end(),
                               [&mine](const Change &other) { return other.place == mine.place; });
        };
        // A section's comment means nothing without its keys, which the other may remove.
        const auto isHead = [](const Change &change) {
            return change.place.kind == Place::Kind::section;
        };
        std::erase_if(yours, isTheirs);
        std::erase_if(yours, isHead);
        std::erase_if(theirs, isHead);
        const Layer mine = apply(live, yours, {}).layer;
        const Layer other = apply(live, theirs, {}).layer;
        const Applied oneWay = apply(other, yours, {});
        const Applied otherWay = apply(mine, theirs, {});
        std::vector<Change> both = yours;
        both.insert(both.end(), theirs.begin(), theirs.end());
        const Applied atOnce = apply(live, both, {});
        std::reverse(both.begin(), both.end());
        QVERIFY(oneWay.conflicts.empty() && otherWay.conflicts.empty());
        QCOMPARE(apply(live, both, {}).layer, atOnce.layer);
        const auto plain = [](Layer layer) {
            for (Section &section : layer.sections)
                section.comment.clear(); // a section that went and came back has lost its own
            return inNameOrder(std::move(layer));
        };
        QCOMPARE(plain(oneWay.layer), plain(otherWay.layer));
        QCOMPARE(plain(oneWay.layer), plain(atOnce.layer));
    }
}

void TestChange::apply_twiceIsOnce()
{
    test::RandomLayers layers(m_seed, test::RandomLayers::Marks::some);
    for (int i = 0; i < 200; ++i) {
        const Layer before = layers.layer();
        const std::vector<Change> changes = diff(before, layers.changed(before));
        const Layer once = apply(before, changes, {}).layer;
        const Applied twice = apply(once, changes, {});
        QVERIFY(twice.conflicts.empty());
        QCOMPARE(twice.layer, once);
    }
}

void TestChange::sameWish_isNoConflict()
{
    const Applied applied = apply(core({text("a", "2")}), {set("core", "a", "1", "2")}, {});
    QVERIFY(applied.conflicts.empty());
    QCOMPARE(applied.layer, core({text("a", "2")}));
}

void TestChange::publishedSince_isAConflict_data()
{
    QTest::addColumn<Layer>("live");
    QTest::addColumn<Change>("change");
    QTest::newRow("another value") << core({text("a", "3")}) << set("core", "a", "1", "2");
    QTest::newRow("another comment")
        << core({text("a", "1", "since")}) << set("core", "a", "1", "2");
    QTest::newRow("removed") << core({text("b", "")}) << set("core", "a", "1", "2");
    QTest::newRow("both add") << core({text("a", "3")})
                              << Change{placeOf("core", "a"), {}, text("a", "2")};
    QTest::newRow("changed and removed")
        << core({text("a", "3")}) << Change{placeOf("core", "a"), text("a", "1"), {}};
    const Place head{Place::Kind::section, "core", {}};
    QTest::newRow("comment of a section")
        << core({text("a", "1")}) << Change{head, SectionHead{"old"}, SectionHead{"new"}};
    const Place path{Place::Kind::file, {}, "f"};
    QTest::newRow("file") << Layer{{}, {fileOf("f", "3")}}
                          << Change{path, fileOf("f", "1"), fileOf("f", "2")};
    Layer gone;
    gone.tombstones.emplace(placeOf("core", "a"), Tombstone{"since"});
    QTest::newRow("tombstone") << gone << set("core", "a", "1", "2");
    QTest::newRow("tombstones that differ")
        << gone << Change{placeOf("core", "a"), {}, Tombstone{"mine"}};
    QTest::newRow("tombstone of what was changed")
        << core({text("a", "3")}) << Change{placeOf("core", "a"), text("a", "1"), Tombstone()};
    Key last = text("a", "1");
    last.isFinal = true;
    QTest::newRow("made final") << core({last}) << set("core", "a", "1", "2");
    QTest::newRow("file removed") << Layer() << Change{path, fileOf("f", "1"), fileOf("f", "2")};
    QTest::newRow("output") << Layer{{}, {}, {{"o", Format::json}}}
                            << Change{{Place::Kind::output, {}, "o"},
                                      Output{"o", Format::env},
                                      Output{"o", Format::yaml}};
}

void TestChange::publishedSince_isAConflict()
{
    QFETCH(const Layer, live);
    QFETCH(const Change, change);
    const Applied applied = apply(live, {change}, {});
    QCOMPARE(applied.conflicts.size(), std::size_t(1));
    const Conflict &conflict = applied.conflicts.front();
    QCOMPARE(conflict.place, change.place);
    QCOMPARE(conflict.base, change.base);
    QCOMPARE(conflict.yours, change.now);
    QCOMPARE(conflict.theirs, itemAt(live, change.place));
    QCOMPARE(applied.layer, live);
}

void TestChange::section_goesWithItsLastKey()
{
    const Change change{placeOf("core", "a"), text("a", "1"), {}};
    QCOMPARE(apply(core({text("a", "1")}), {change}, {}).layer, Layer());
    // One goes and one comes: it stays, whatever the order.
    const Change added{placeOf("core", "b"), {}, text("b", "1")};
    QCOMPARE(apply(core({text("a", "1")}), {change, added}, {}).layer, core({text("b", "1")}));
    QCOMPARE(apply(core({text("a", "1")}), {added, change}, {}).layer, core({text("b", "1")}));
}

void TestChange::section_comesWithItsFirstKey()
{
    const Place head{Place::Kind::section, "core", {}};
    const Change comment{head, {}, SectionHead{"head"}};
    QCOMPARE(apply({}, {comment}, {}).layer, Layer());
    const Change added{placeOf("core", "a"), {}, text("a", "1")};
    QCOMPARE(apply({}, {comment, added}, {}).layer, core({text("a", "1")}));
}

void TestChange::emptyComment_isNone()
{
    Layer live = core({text("a", "1")});
    live.sections[0].comment.clear();
    const Place head{Place::Kind::section, "core", {}};
    QVERIFY(itemAt(live, head) == Item());
    QVERIFY(apply(live, {{head, {}, SectionHead{"head"}}}, {}).layer == core({text("a", "1")}));
    QVERIFY(apply(live, {{head, SectionHead{}, SectionHead{"head"}}}, {}).conflicts.empty());
    QVERIFY(apply(core({text("a", "1")}), {{head, SectionHead{"head"}, SectionHead{}}}, {}).layer
            == live);
}

void TestChange::texts_areMerged_data()
{
    QTest::addColumn<QByteArray>("yours");
    QTest::addColumn<QByteArray>("theirs");
    QTest::addColumn<QByteArray>("merged");
    QTest::newRow("apart") << QByteArray("A\nb\nc\n") << QByteArray("a\nb\nC\n")
                           << QByteArray("A\nb\nC\n");
    QTest::newRow("overlapping") << QByteArray("a\nX\nc\n") << QByteArray("a\nY\nc\n")
                                 << QByteArray();
    QTest::newRow("no text") << QByteArray("\xff") << QByteArray("a\nb\nC\n") << QByteArray();
}

void TestChange::texts_areMerged()
{
    QFETCH(const QByteArray, yours);
    QFETCH(const QByteArray, theirs);
    QFETCH(const QByteArray, merged);
    const QByteArray base = "a\nb\nc\n";
    const Place place{Place::Kind::file, {}, "f"};
    const Layer live{{}, {fileOf("f", theirs, 0600)}};
    const Applied applied = apply(live, {{place, fileOf("f", base), fileOf("f", yours)}},
                                  contentsOf({base, yours, theirs}));
    QCOMPARE(applied.conflicts.empty(), !merged.isNull());
    if (merged.isNull()) {
        QCOMPARE(applied.layer, live);
        return;
    }
    QCOMPARE(applied.layer, (Layer{{}, {fileOf("f", merged, 0600)}}));
    QCOMPARE(applied.merged, contentsOf({merged}));
}

void TestChange::texts_thatAreMissingMeanConflict()
{
    const QByteArrayList all{"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"};
    const Place place{Place::Kind::file, {}, "f"};
    const Change change{place, fileOf("f", all[0]), fileOf("f", all[1])};
    const Layer live{{}, {fileOf("f", all[2])}};
    QVERIFY(apply(live, {change}, contentsOf(all)).conflicts.empty());
    for (const QByteArray &missing : all) {
        QByteArrayList rest = all;
        rest.removeOne(missing);
        QCOMPARE(apply(live, {change}, contentsOf(rest)).conflicts.size(), std::size_t(1));
    }
}

void TestChange::rights_areMergedWithoutTexts()
{
    const Place place{Place::Kind::file, {}, "f"};
    const Change rights{place, fileOf("f", "1"), fileOf("f", "1", 0600)};
    const Layer live{{}, {fileOf("f", "2")}};
    QCOMPARE(apply(live, {rights}, {}).layer, (Layer{{}, {fileOf("f", "2", 0600)}}));
    const Change content{place, fileOf("f", "1"), fileOf("f", "3")};
    const Layer tighter{{}, {fileOf("f", "1", 0600)}};
    QCOMPARE(apply(tighter, {content}, {}).layer, (Layer{{}, {fileOf("f", "3", 0600)}}));
    const Layer other{{}, {fileOf("f", "1", 0640)}};
    QCOMPARE(apply(other, {rights}, {}).conflicts.size(), std::size_t(1));
}

void TestChange::fileAndOutput_doNotShareAPath()
{
    const Change file{{Place::Kind::file, {}, "x"}, {}, fileOf("x", "1")};
    const Change output{{Place::Kind::output, {}, "x"}, {}, Output{"x", Format::env}};
    const Layer withOutput{{}, {}, {{"x", Format::json}}};
    QCOMPARE(apply(withOutput, {file}, {}).conflicts.size(), std::size_t(1));
    QCOMPARE(apply(withOutput, {file}, {}).layer, withOutput);
    const Layer withFile{{}, {fileOf("x", "2")}};
    QCOMPARE(apply(withFile, {output}, {}).conflicts.size(), std::size_t(1));
    QCOMPARE(apply({}, {file, output}, {}).conflicts.size(), std::size_t(1));
}

void TestChange::fileInThePlaceOfAnOutput_isTwoChanges()
{
    const Layer before{{}, {fileOf("a", "1")}, {{"b", Format::env}}};
    const Layer after{{}, {fileOf("b", "1")}, {{"a", Format::env}}};
    const std::vector<Change> changes = diff(before, after);
    QCOMPARE(changes.size(), std::size_t(4));
    const Applied applied = apply(before, changes, {});
    QVERIFY(applied.conflicts.empty());
    QCOMPARE(applied.layer, after);
}

void TestChange::hundredThousandKeys_areNoSquare()
{
    Layer before = test::largeLayer(100'000);
    // All in one section, where a look-up by walking would never end.
    for (std::size_t i = 1; i < before.sections.size(); ++i) {
        const std::vector<Key> &keys = before.sections[i].keys;
        before.sections[0].keys.insert(before.sections[0].keys.end(), keys.begin(), keys.end());
    }
    before.sections.resize(1);
    Layer after = before;
    for (Key &key : after.sections[0].keys)
        key.value.text = "changed";
    const Applied applied = apply(before, diff(before, after), {});
    QVERIFY(applied.conflicts.empty());
    QCOMPARE(applied.layer, after);
    QCOMPARE(merge({&before, &after}).layer, after);
}

void TestChange::tombstones_comeAndGo()
{
    Layer live{{{"core", "head", {text("a", "1")}}}, {fileOf("f", "1")}, {{"o", Format::env}}};
    std::vector<Change> changes;
    for (const Place &place :
         {Place{Place::Kind::section, "core", {}}, placeOf("core", "a"), placeOf("core", "b"),
          Place{Place::Kind::file, {}, "f"}, Place{Place::Kind::output, {}, "o"}})
        changes.push_back({place, itemAt(live, place), Tombstone{"why"}});
    const Applied buried = apply(live, changes, {});
    QVERIFY(buried.conflicts.empty());
    QVERIFY(buried.layer.sections.empty() && buried.layer.files.empty());
    QVERIFY(buried.layer.outputs.empty());
    QCOMPARE(buried.layer.tombstones.size(), changes.size());
    for (Change &change : changes)
        std::swap(change.base, change.now);
    const Applied back = apply(buried.layer, changes, {});
    QVERIFY(back.conflicts.empty());
    QCOMPARE(back.layer, live);
    // A file where the other kind of path is a tombstone is in the way, as any two are.
    const Change output{{Place::Kind::output, {}, "f"}, {}, Output{"f", Format::env}};
    QCOMPARE(apply(buried.layer, {output}, {}).conflicts.size(), std::size_t(1));
}

void TestChange::tombstoneAndComment_areOneOfTheTwo()
{
    const Place head{Place::Kind::section, "core", {}};
    const Layer live = core({text("a", "1")});
    const Layer buried = apply(live, {{head, SectionHead{"head"}, Tombstone()}}, {}).layer;
    QCOMPARE(buried.sections, (std::vector<Section>{{"core", "", {text("a", "1")}}}));
    QCOMPARE(itemAt(buried, head), Item(Tombstone()));
    QCOMPARE(apply(buried, {{head, Tombstone(), SectionHead{"head"}}}, {}).layer, live);
}

void TestChange::final_isMergedWithTexts()
{
    const Place place{Place::Kind::file, {}, "f"};
    File mine = fileOf("f", "1");
    mine.isFinal = true;
    const Layer live{{}, {fileOf("f", "2")}};
    File both = fileOf("f", "2");
    both.isFinal = true;
    QCOMPARE(apply(live, {{place, fileOf("f", "1"), mine}}, {}).layer, (Layer{{}, {both}}));
}

void TestChange::change_comesBack()
{
    test::RandomLayers layers(m_seed, test::RandomLayers::Marks::some);
    int seen = 0;
    for (int i = 0; i < 60; ++i) {
        const Layer before = layers.layer();
        for (const Change &change : diff(before, layers.changed(before))) {
            const QByteArray bytes = encode(change);
            const Result<Change> decoded = decodeChange(bytes);
            QVERIFY2(decoded, qPrintable(decoded ? QString() : decoded.error().message));
            QCOMPARE(*decoded, change);
            QCOMPARE(encode(*decoded), bytes);
            ++seen;
        }
    }
    QVERIFY(seen > 300);
}

void TestChange::json_isWhatPeopleCanRead()
{
    Change change{
        placeOf("core", "level"), Key{"level", Value{Type::enumeration, "a", {"a", "b"}}, "ä"}, {}};
    QCOMPARE(encode(change),
             QByteArray(R"({"base":{"choices":["a","b"],"comment":"ä","type":"enum","value":"a"},)"
                        R"("now":null,"place":{"kind":"key","name":"level","section":"core"}})"));
    change = {{Place::Kind::file, {}, "f"}, {}, fileOf("f", "x", 0600), 7};
    QCOMPARE(encode(change),
             R"({"base":null,"now":{"bytes":1,"group":"","hash":")" + Hash::of("x").hex()
                 + R"(","mode":"0600","owner":""},"order":7,"place":{"kind":"file","path":"f"}})");
    change = {{Place::Kind::output, {}, "o"}, {}, Output{"o", Format::yaml, {"s"}}};
    QCOMPARE(encode(change),
             QByteArray(R"({"base":null,"now":{"format":"yaml","group":"","mode":"0644",)"
                        R"("owner":"","sections":["s"]},"place":{"kind":"output","path":"o"}})"));
    change = {{Place::Kind::section, "s", {}}, SectionHead{"x"}, {}};
    QCOMPARE(encode(change), QByteArray(R"({"base":{"comment":"x"},"now":null,)"
                                        R"("place":{"kind":"section","section":"s"}})"));
    Key last = text("a", "1");
    last.isFinal = true;
    change = {placeOf("s", "a"), last, Tombstone{"why"}};
    QCOMPARE(encode(change),
             QByteArray(R"({"base":{"comment":"","final":true,"type":"string","value":"1"},)"
                        R"("now":{"comment":"why","tombstone":true},)"
                        R"("place":{"kind":"key","name":"a","section":"s"}})"));
}

void TestChange::decode_refuses_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("word");
    const auto row = [](const char *name, const QByteArray &bytes, const char *word) {
        QTest::newRow(name) << bytes << QString::fromLatin1(word);
    };
    const auto key = [](const QByteArray &now,
                        const QByteArray &place = R"({"kind":"key","name":"a","section":"s"})") {
        return R"({"base":null,"now":)" + now + R"(,"place":)" + place + "}";
    };
    const QByteArray good = R"({"comment":"","type":"int","value":"1"})";
    row("nothing", "", "object");
    row("no JSON", "{", "object");
    row("an array", "[]", "object");
    row("no place", R"({"base":null,"now":null})", "kind");
    row("unknown kind", key("null", R"({"kind":"host","name":"a"})"), "kind");
    row("a number for a name", key("null", R"({"kind":"key","name":1,"section":"s"})"), "name");
    row("name of a key", key(good, R"({"kind":"key","name":"a b","section":"s"})"), "key");
    row("name of a section", key(good, R"({"kind":"key","name":"a","section":"_s"})"), "section");
    row("path", key("null", R"({"kind":"file","path":"/a"})"), "file");
    row("no base", R"({"now":null,"place":{"kind":"section","section":"s"}})", "base");
    row("a text for an item", key("\"x\""), "now");
    row("unknown type", key(R"({"comment":"","type":"text","value":"1"})"), "type");
    row("a number for a value", key(R"({"comment":"","type":"int","value":1})"), "value");
    row("a value of another type", key(R"({"comment":"","type":"int","value":"x"})"), "whole");
    row("not canonical text", key(R"({"comment":"","type":"bool","value":"yes"})"), "canonical");
    row("no comment", key(R"({"type":"int","value":"1"})"), "comment");
    row("choices of an int", key(R"({"choices":["1"],"comment":"","type":"int","value":"1"})"),
        "choices");
    row("half a surrogate pair", key(R"({"comment":"","type":"string","value":"\ud83d"})"),
        "value");
    row("an unknown member", key(R"({"comment":"","more":1,"type":"int","value":"1"})"), "members");
    row("final that is not", key(R"({"comment":"","final":false,"type":"int","value":"1"})"),
        "final");
    row("a tombstone that is none", key(R"({"comment":"","tombstone":false})"), "tombstone");
    row("a tombstone with a value", key(R"({"comment":"","tombstone":true,"value":"1"})"),
        "members");
    row("a tombstone that is final", key(R"({"comment":"","final":true,"tombstone":true})"),
        "members");
    row("a tombstone without a comment", key(R"({"tombstone":true})"), "comment");
    row("blanks", key(good) + " ", "canonical");
    row("a member twice", key(R"({"comment":"","type":"int","type":"int","value":"1"})"),
        "canonical");
    row("an order that is no number",
        R"({"base":null,"now":null,"order":-1,"place":{"kind":"section","section":"s"}})", "order");
    row("the order 0",
        R"({"base":null,"now":null,"order":0,)"
        R"("place":{"kind":"section","section":"s"}})",
        "canonical");
    row("hash",
        key(R"({"bytes":1,"group":"","hash":"ab","mode":"0644","owner":""})",
            R"({"kind":"file","path":"a"})"),
        "hash");
    row("mode",
        key(R"({"format":"env","group":"","mode":"0888","owner":"","sections":[]})",
            R"({"kind":"output","path":"a"})"),
        "mode");
    row("mode beyond",
        key(R"({"format":"env","group":"","mode":"4755","owner":"","sections":[]})",
            R"({"kind":"output","path":"a"})"),
        "mode");
    row("format",
        key(R"({"format":"xml","group":"","mode":"0644","owner":"","sections":[]})",
            R"({"kind":"output","path":"a"})"),
        "format");
    row("too large", QByteArray(qsizetype(limits::changeBytesMax) + 1, ' '), "at most");
}

void TestChange::decode_refuses()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const QString, word);
    const Result<Change> change = decodeChange(bytes);
    QVERIFY(!change);
    QCOMPARE(change.error().code, ErrorCode::invalid);
    QVERIFY2(change.error().message.contains(word), qPrintable(change.error().message));
}

void TestChange::itemAt_findsAndMisses()
{
    const Layer layer{
        {{"core", "head", {text("a", "1")}}}, {fileOf("f", "x")}, {{"o", Format::env}}};
    QCOMPARE(itemAt(layer, placeOf("core", "a")), Item(text("a", "1")));
    QCOMPARE(itemAt(layer, placeOf("core", "b")), Item());
    QCOMPARE(itemAt(layer, {Place::Kind::section, "core", {}}), Item(SectionHead{"head"}));
    QCOMPARE(itemAt(layer, {Place::Kind::section, "none", {}}), Item());
    QCOMPARE(itemAt(layer, {Place::Kind::file, {}, "f"}), Item(fileOf("f", "x")));
    QCOMPARE(itemAt(layer, {Place::Kind::file, {}, "o"}), Item());
    QCOMPARE(itemAt(layer, {Place::Kind::output, {}, "o"}), Item(Output{"o", Format::env}));
}

void TestChange::shown_isAsPeopleWriteIt()
{
    QCOMPARE(placeOf("core", "timeout").shown(), QByteArray("core/timeout"));
    QCOMPARE((Place{Place::Kind::section, "core", {}}).shown(), QByteArray("core"));
    QCOMPARE((Place{Place::Kind::file, {}, "nginx.conf"}).shown(), QByteArray("nginx.conf"));
    QCOMPARE((Place{Place::Kind::output, {}, "o.env"}).shown(), QByteArray("o.env"));
}

QTEST_GUILESS_MAIN(TestChange)
#include "tst_change.moc"
