// SPDX-License-Identifier: Apache-2.0
#include "config/layer.h"

#include "unit/config/random_layers.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;

static Key key(const QByteArray &name, const QByteArray &text, const QByteArray &comment = {})
{
    return {name, Value{Type::string, text}, comment};
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
        const Origins origins{{"core/a", 1}, {"core/b", 0},     {"core/c", 1}, {"extra", 1},
                              {"more/x", 1}, {"nginx.conf", 1}, {"out", 1},    {"zk/addr", 0}};
        QCOMPARE(merged.origins, origins);
    }

    void merge_ofAFileAboveAnOutputLeavesTheFile()
    {
        const Layer base{{}, {}, {{"x", Format::env}}};
        const Layer own{{}, {{"x", Hash::of("1"), 1}}, {}};
        QCOMPARE(merge({&base, &own}).layer, own);
        QCOMPARE(merge({&own, &base}).layer, base);
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
                QCOMPARE(merged.origins.at(section.name + '/' + key.name), highest);
                ++origins;
            }
        }
        QCOMPARE(origins + merged.layer.files.size() + merged.layer.outputs.size(),
                 merged.origins.size());
    }
};

QTEST_GUILESS_MAIN(TestLayer)
#include "tst_layer.moc"
