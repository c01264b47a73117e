// SPDX-License-Identifier: Apache-2.0
#include "config/origin_list.h"

#include "unit/config/document.h"
#include "unit/config/random_layers.h"

using namespace coffer;
using namespace coffer::config;

class TestOriginList : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bytes_areAsTheDocumentSays()
    {
        const Place key{Place::Kind::key, "core", "a"};
        const Place output{Place::Kind::output, {}, "o"};
        const OriginList list{{{"_all", "v7"}, {"sh001", "v7"}},
                              {{key, 1, false}, {output, 0, true}},
                              {{"o", {"core"}}}};
        QCOMPARE(encode(list).toHex(' '), test::documented("origins").toHex(' '));
        const Result<OriginList> again = decodeOrigins(encode(list));
        QVERIFY2(again, again ? "" : qPrintable(again.error().message));
        QVERIFY(*again == list);
        QVERIFY(list.item(key) == list.items.data());
        QVERIFY(list.item({Place::Kind::key, "core", "b"}) == nullptr);
        QCOMPARE(list.showing("core"), std::vector<QByteArray>{"o"});
        QVERIFY(list.showing("zk").empty());
    }

    void list_isWhatMergeSays()
    {
        test::RandomLayers layers(test::layersSeed(), test::RandomLayers::Marks::some);
        for (int i = 0; i < 100; ++i) {
            const Layer base = layers.layer();
            const Layer own = layers.changed(base);
            const Merged merged = merge({&base, &own});
            const OriginList list = originsOf(merged, {{"_all", "v1"}, {"sh001", "v2"}});
            QCOMPARE(list.items.size(), merged.origins.size());
            for (const auto &[place, level] : merged.origins)
                QCOMPARE(list.item(place)->level, level);
            const Result<OriginList> again = decodeOrigins(encode(list));
            QVERIFY2(again, again ? "" : qPrintable(again.error().message));
            QVERIFY(*again == list);
        }
    }

    void decode_refusesAnyOtherBytes()
    {
        test::RandomLayers layers(test::layersSeed(), test::RandomLayers::Marks::some);
        const Layer base = layers.layer();
        const QByteArray whole = encode(originsOf(merge({&base}), {{"_all", "v1"}}));
        for (int i = 0; i < 3'000; ++i) {
            QByteArray bytes = whole;
            const auto at = qsizetype(layers.random().below(std::uint64_t(bytes.size())));
            switch (i % 3) {
            case 0: bytes[at] = char(layers.random().next()); break;
            case 1: bytes.truncate(at); break;
            default: bytes.insert(at, char(layers.random().next())); break;
            }
            const Result<OriginList> list = decodeOrigins(bytes);
            if (list)
                QCOMPARE(encode(*list), bytes);
            else
                QCOMPARE(list.error().code, ErrorCode::invalid);
        }
    }

    void decode_refuses_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        const auto row = [](const char *name, const char *hex) {
            QTest::newRow(name) << QByteArray::fromHex(hex);
        };
        row("nothing", "");
        row("another version", "8402808080");
        row("one byte more", "840180808000");
        row("a layer that there is not", "840181 82 6161 627631 81 85 02 6173 6161 01 00 80");
        row("a mark that is not known", "840181 82 6161 627631 81 85 02 6173 6161 00 02 80");
        row("a section", "840181 82 6161 627631 81 85 01 6173 60 00 00 80");
        row("a place twice",
            "840181 82 6161 627631 82 85 02 6173 6161 00 00 85 02 6173 6161 00 00 80");
        row("a file in a section", "840181 82 6161 627631 81 85 03 6173 6161 00 00 80");
        row("an output from nowhere", "840181 82 6161 627631 80 81 82 616f 80");
    }
    void decode_refuses()
    {
        QFETCH(const QByteArray, bytes);
        QVERIFY(decodeOrigins(QByteArray::fromHex("8401808080")));
        QVERIFY(decodeOrigins(
            QByteArray::fromHex("840181 82 6161 627631 81 85 02 6173 6161 00 00 80")));
        const Result<OriginList> list = decodeOrigins(bytes);
        QVERIFY(!list);
        QCOMPARE(list.error().code, ErrorCode::invalid);
    }
};

QTEST_GUILESS_MAIN(TestOriginList)
#include "tst_origin_list.moc"
