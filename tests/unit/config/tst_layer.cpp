// SPDX-License-Identifier: Apache-2.0
#include "config/layer.h"

#include "config/standing.h"
#include "unit/config/random_layers.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;

static Key key(const QByteArray &name, const QByteArray &text, const QByteArray &comment = {})
{
    return {name, Value{Type::string, text}, comment};
}

static Place at(const QByteArray &section, const QByteArray &name)
{
    return {Place::Kind::key, section, name};
}

static Place fileAt(const QByteArray &path) { return {Place::Kind::file, {}, path}; }

static Place outputAt(const QByteArray &path) { return {Place::Kind::output, {}, path}; }

static Place sectionAt(const QByteArray &name) { return {Place::Kind::section, name, {}}; }

static Key finalKey(const QByteArray &name, const QByteArray &text)
{
    Key made = key(name, text);
    made.isFinal = true;
    return made;
}

/// What hosts get at one place, worked out for it alone: from the highest layer downwards.
static Item modelOf(const std::vector<Layer> &layers, std::size_t count, const Place &place)
{
    for (std::size_t level = count; level-- > 0;) {
        const Layer &layer = layers[level];
        Item item = itemAt(layer, place);
        if (item == Item() && place.isPath() && itemAt(layer, sibling(place)) != Item())
            item = Tombstone();
        if (item == Item() && place.kind == Place::Kind::key
            && layer.tombstone(sectionAt(place.section)) != nullptr)
            item = Tombstone();
        if (item == Item())
            continue;
        // It counts unless something below is final, which then is all there is.
        for (std::size_t below = 0; below < level; ++below) {
            const Item lower = modelOf(layers, below + 1, place);
            const Item beside =
                place.isPath() ? modelOf(layers, below + 1, sibling(place)) : Item();
            const auto isFinal = [](const Item &one) {
                if (const auto *key = std::get_if<Key>(&one))
                    return key->isFinal;
                if (const auto *file = std::get_if<File>(&one))
                    return file->isFinal;
                const auto *output = std::get_if<Output>(&one);
                return output != nullptr && output->isFinal;
            };
            if (isFinal(lower) || isFinal(beside))
                return lower;
        }
        return std::holds_alternative<Tombstone>(item) ? Item() : item;
    }
    return {};
}

class TestLayer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void finders_findAndMiss()
    {
        const Layer layer{{{"core", "", {key("listen", "a")}}, {"zk", "", {key("addr", "b")}}},
                          {{"a", Hash::of("1"), 1}, {"b/c", Hash::of("2"), 1}},
                          {{"out.env", Format::env}}};
        QVERIFY(layer.section("zk") == &layer.sections[1]);
        QVERIFY(layer.section("z") == nullptr);
        QVERIFY(layer.key("core", "listen") == &layer.sections[0].keys[0]);
        QVERIFY(layer.key("core", "addr") == nullptr);
        QVERIFY(layer.key("none", "addr") == nullptr);
        QVERIFY(layer.file("b/c") == &layer.files[1]);
        QVERIFY(layer.file("b") == nullptr);
        QVERIFY(layer.output("out.env") == layer.outputs.data());
        QVERIFY(layer.output("a") == nullptr);
        QVERIFY(!layer.isEmpty() && Layer().isEmpty());
    }

    void merge_takesTheHighestInTheOrderOfTheLowest()
    {
        const Layer base{{{"core", "base", {key("b", "1", "why"), key("a", "1")}},
                          {"zk", "", {key("addr", "1")}}},
                         {{"nginx.conf", Hash::of("1"), 1}},
                         {{"out", Format::env}}};
        const Layer own{
            {{"more", "", {key("x", "2")}}, {"core", "", {key("c", "2"), key("a", "2")}}},
            {{"extra", Hash::of("2"), 1}, {"nginx.conf", Hash::of("2"), 1}},
            {{"out", Format::json}}};
        const Merged merged = merge({&base, &own});
        const Layer expected{
            {{"core", "base", {key("b", "1", "why"), key("a", "2"), key("c", "2")}},
             {"zk", "", {key("addr", "1")}},
             {"more", "", {key("x", "2")}}},
            {{"extra", Hash::of("2"), 1}, {"nginx.conf", Hash::of("2"), 1}},
            {{"out", Format::json}}};
        QCOMPARE(merged.layer, expected);
        const Origins origins{{at("core", "a"), 1}, {at("core", "b"), 0}, {at("core", "c"), 1},
                              {fileAt("extra"), 1}, {at("more", "x"), 1}, {fileAt("nginx.conf"), 1},
                              {outputAt("out"), 1}, {at("zk", "addr"), 0}};
        QCOMPARE(merged.origins, origins);
    }

    void merge_ofAFileAboveAnOutputLeavesTheFile()
    {
        const Layer base{{}, {}, {{"x", Format::env}}};
        const Layer own{{}, {{"x", Hash::of("1"), 1}}, {}};
        QCOMPARE(merge({&base, &own}).layer, own);
        QCOMPARE(merge({&own, &base}).layer, base);
    }

    void tombstone_takesAwayWhatIsBelow()
    {
        const Layer base{
            {{"core", "head", {key("a", "1"), key("b", "1")}}, {"zk", "", {key("c", "1")}}},
            {{"f", Hash::of("1"), 1}},
            {{"o", Format::env}}};
        Layer own;
        own.tombstones = {{at("core", "a"), {"why"}},
                          {at("core", "none"), {}},
                          {sectionAt("zk"), {}},
                          {fileAt("f"), {}},
                          {fileAt("o"), {}}}; // of a path: whichever it is
        const Merged merged = merge({&base, &own});
        QCOMPARE(merged.layer, (Layer{{{"core", "head", {key("b", "1")}}}}));
        QCOMPARE(merged.origins, (Origins{{at("core", "b"), 0}}));
        QCOMPARE(merged.tombstones.size(), std::size_t(5));
        QVERIFY(merged.violations.empty());
        // A still higher one sets it again.
        const Layer host{{{"core", "", {key("a", "3")}}}, {}, {{"f", Format::json}}};
        const Merged all = merge({&base, &own, &host});
        QCOMPARE(
            all.layer,
            (Layer{{{"core", "head", {key("b", "1"), key("a", "3")}}}, {}, {{"f", Format::json}}}));
        QCOMPARE(all.tombstones.count(at("core", "a")), std::size_t(0));
        QCOMPARE(all.tombstones.count(fileAt("f")), std::size_t(0));
        QCOMPARE(all.tombstones.at(sectionAt("zk")), std::size_t(1));
    }

    void tombstone_ofASectionLeavesTheLayersOwnKeys()
    {
        const Layer base{{{"core", "head", {key("a", "1"), key("b", "1")}}}};
        Layer own{{{"core", "", {key("b", "2")}}}};
        own.tombstones = {{sectionAt("core"), {}}};
        QCOMPARE(merge({&base, &own}).layer, (Layer{{{"core", "", {key("b", "2")}}}}));
        // It stands where the lowest layer has it.
        const Layer host{{{"core", "new", {key("a", "3")}}}};
        QCOMPARE(merge({&base, &own, &host}).layer,
                 (Layer{{{"core", "new", {key("b", "2"), key("a", "3")}}}}));
    }

    void final_winsAndSaysWhoDiffers()
    {
        File file{"f", Hash::of("1"), 1};
        file.isFinal = true;
        const Layer base{
            {{"core", "", {finalKey("a", "1"), finalKey("b", "1"), finalKey("c", "1")}}}, {file}};
        Layer own{{{"core", "", {key("a", "2")}}}};
        own.tombstones = {{at("core", "b"), {}}};
        Layer host{{}, {}, {{"f", Format::env}}};
        host.tombstones = {{sectionAt("core"), {}}};
        const Merged merged = merge({&base, &own, &host});
        QCOMPARE(merged.layer, base);
        const std::vector<Violation> violations{
            {at("core", "b"), 0, 1, true}, {at("core", "a"), 0, 1, false},
            {at("core", "a"), 0, 2, true}, {at("core", "b"), 0, 2, true},
            {at("core", "c"), 0, 2, true}, {fileAt("f"), 0, 2, false}};
        QCOMPARE(merged.violations, violations);
        QVERIFY(merge({&own, &base}).violations.empty()); // what is below has nothing to lose
        QCOMPARE(merge({&own, &base}).layer.key("core", "a")->value.text, QByteArray("1"));
    }

    void merge_isTheModelForAnyStack()
    {
        test::RandomLayers random(test::layersSeed(), test::RandomLayers::Marks::some);
        for (int i = 0; i < 200; ++i) {
            std::vector<Layer> layers;
            std::vector<const Layer *> stack;
            for (std::uint64_t level = 0; level < 1 + random.random().below(5); ++level)
                layers.push_back(level == 0 ? random.layer() : random.changed(layers.back()));
            for (const Layer &layer : layers)
                stack.push_back(&layer);
            const Merged merged = merge(stack);
            QVERIFY(merged.layer.tombstones.empty());
            std::size_t origins = 0;
            for (const Place &place : everyPlace()) {
                const Item item = modelOf(layers, layers.size(), place);
                QCOMPARE(itemAt(merged.layer, place), item);
                const Standing standing = standingOf(stack, place);
                if (item == Item())
                    continue;
                ++origins;
                QCOMPARE(merged.origins.at(place), *standing.counts);
                QCOMPARE(standing.words[*standing.counts].item, item);
            }
            QCOMPARE(merged.origins.size(), origins);
            verifyViolations(merged, stack);
            if (QTest::currentTestFailed())
                return;
        }
    }

    void standing_saysWhoseWordItIs()
    {
        const Layer base{{{"core", "", {key("a", "1"), finalKey("b", "1")}}}};
        Layer own;
        own.tombstones = {{sectionAt("core"), {"gone"}}};
        const Layer host{{{"core", "", {key("a", "3"), key("b", "3")}}}};
        const Standing a = standingOf({&base, &own, &host}, at("core", "a"));
        QCOMPARE(a.words[0], (Standing::Word{key("a", "1"), false}));
        QCOMPARE(a.words[1], (Standing::Word{Tombstone{"gone"}, true}));
        QVERIFY(a.counts == 2U && !a.finalIn);
        QVERIFY(standingOf({&base, &own}, at("core", "a")).counts == 1U);
        const Standing b = standingOf({&base, &own, &host}, at("core", "b"));
        QVERIFY(b.counts == 0U && b.finalIn == 0U);
        QVERIFY(!standingOf({&base, &host}, at("core", "none")).counts);
    }

    void merge_laws()
    {
        test::RandomLayers layers(test::layersSeed());
        for (int i = 0; i < 200; ++i) {
            const Layer a = layers.layer();
            const Layer b = layers.changed(a);
            const Layer c = layers.layer();
            const Layer none;
            const Layer ab = merge({&a, &b}).layer;
            const Layer bc = merge({&b, &c}).layer;
            const Layer abc = merge({&a, &b, &c}).layer;
            QCOMPARE(merge({&ab, &c}).layer, abc);
            QCOMPARE(merge({&a, &bc}).layer, abc);
            QCOMPARE(merge({&a, &none}).layer, a);
            QCOMPARE(merge({&none, &a}).layer, a);
            QCOMPARE(merge({&a, &a}).layer, a);
            verifyHighestWins({&a, &b, &c});
            if (QTest::currentTestFailed())
                return;
        }
        QVERIFY(merge({}).layer.isEmpty());
    }

private:
    /// All that RandomLayers may have something at.
    static std::vector<Place> everyPlace()
    {
        std::vector<Place> places;
        for (int i = 0; i < 6; ++i) {
            for (int k = 0; k < 6; ++k)
                places.push_back(at("s" + QByteArray::number(i), "key" + QByteArray::number(k)));
            places.push_back(fileAt("conf.d/f" + QByteArray::number(i)));
            places.push_back(outputAt("out" + QByteArray::number(i)));
        }
        return places;
    }

    /// Each is of a layer that says something above the one that made it final.
    static void verifyViolations(const Merged &merged, const std::vector<const Layer *> &stack)
    {
        std::size_t expected = 0;
        for (const Place &place : everyPlace()) {
            const Standing standing = standingOf(stack, place);
            for (std::size_t level = 0; level < stack.size(); ++level) {
                if (standing.finalIn && level > *standing.finalIn
                    && standing.words[level].item != Item())
                    ++expected;
            }
        }
        QCOMPARE(merged.violations.size(), expected);
        for (const Violation &violation : merged.violations) {
            QVERIFY(violation.by > violation.finalIn);
            QCOMPARE(*standingOf(stack, violation.place).finalIn, violation.finalIn);
        }
    }

    static void verifyHighestWins(const std::vector<const Layer *> &layers)
    {
        const Merged merged = merge(layers);
        std::size_t origins = 0;
        for (const Section &section : merged.layer.sections) {
            for (const Key &key : section.keys) {
                std::size_t highest = 0;
                for (std::size_t level = 0; level < layers.size(); ++level) {
                    if (layers[level]->key(section.name, key.name) != nullptr)
                        highest = level;
                }
                QCOMPARE(*layers[highest]->key(section.name, key.name), key);
                QCOMPARE(merged.origins.at(at(section.name, key.name)), highest);
                ++origins;
            }
        }
        QCOMPARE(origins + merged.layer.files.size() + merged.layer.outputs.size(),
                 merged.origins.size());
    }
};

QTEST_GUILESS_MAIN(TestLayer)
#include "tst_layer.moc"
