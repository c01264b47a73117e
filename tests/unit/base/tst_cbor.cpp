// SPDX-License-Identifier: Apache-2.0
#include "base/cbor.h"

#include <QCborArray>
#include <QCborMap>
#include <QTest>

#include <limits>

using namespace coffer;
using namespace Qt::StringLiterals;

/// Qt's CBOR is the oracle in both directions.
class TestCbor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void writer_saysWhatQtReads()
    {
        cbor::MapWriter writer;
        writer.text("text", u"ä€"_s.toUtf8());
        writer.bytes("bytes", QByteArray(300, '\xff'));
        writer.flag("yes", true);
        writer.flag("no", false);
        cbor::MapWriter inner;
        inner.number("one", 1);
        writer.item("map", inner.take());
        writer.array("list", 2);
        writer.append(QCborValue(7).toCbor());
        writer.append(QCborValue(u"x"_s).toCbor());
        writer.number("last", -1);
        const QCborMap expected{{u"text"_s, u"ä€"_s},
                                {u"bytes"_s, QByteArray(300, '\xff')},
                                {u"yes"_s, true},
                                {u"no"_s, false},
                                {u"map"_s, QCborMap{{u"one"_s, 1}}},
                                {u"list"_s, QCborArray{7, u"x"_s}},
                                {u"last"_s, -1}};
        QCOMPARE(QCborValue::fromCbor(writer.take()).toMap(), expected);
    }

    void mapWithin_isThatOfQt()
    {
        cbor::MapWriter writer(1); // grows as it goes
        writer.text("before", "x");
        writer.map("inner", 2);
        writer.number("one", 1);
        writer.bytes("two", QByteArray(1'000, 'b'));
        const QCborMap expected{
            {u"before"_s, u"x"_s},
            {u"inner"_s, QCborMap{{u"one"_s, 1}, {u"two"_s, QByteArray(1'000, 'b')}}}};
        QCOMPARE(writer.take(), expected.toCborValue().toCbor());
    }

    void emptyMap() { QCOMPARE(cbor::MapWriter().take(), QCborMap().toCborValue().toCbor()); }

    void heads_areThoseOfQt_data()
    {
        QTest::addColumn<qint64>("number");
        for (const qint64 number :
             {qint64(0), qint64(23), qint64(24), qint64(255), qint64(256), qint64(65'535),
              qint64(65'536), qint64(0xFFFFFFFF), qint64(0x100000000), qint64(-1), qint64(-24),
              qint64(-25), qint64(-257), std::numeric_limits<qint64>::max(),
              std::numeric_limits<qint64>::min()})
            QTest::newRow(qPrintable(QString::number(number))) << number;
    }

    void heads_areThoseOfQt()
    {
        QFETCH(const qint64, number);
        cbor::MapWriter writer;
        writer.number("n", number);
        const QByteArray map = writer.take();
        QCOMPARE(map, QCborMap({{u"n"_s, number}}).toCborValue().toCbor());
        QCOMPARE(cbor::numberOf(cbor::MapReader::of(map)->value("n")), std::optional(number));
    }

    void arrayHead_isThatOfQt()
    {
        for (const int count : {0, 23, 24, 300}) {
            QCborArray array;
            for (int i = 0; i < count; ++i)
                array.append(false);
            QCOMPARE(cbor::arrayHead(std::size_t(count)) + QByteArray(count, '\xf4'),
                     array.toCborValue().toCbor());
        }
    }

    void reader_findsValuesBehindAnything()
    {
        const QByteArray map = QCborMap{{u"a"_s, QCborMap{{u"b"_s, QCborArray{1, 2.5, u"c"_s}}}},
                                        {5, u"no text for a name"_s},
                                        {u"long"_s, QByteArray(70'000, 'x')},
                                        {u"nothing"_s, nullptr},
                                        {u"found"_s, u"here"_s}}
                                   .toCborValue()
                                   .toCbor();
        const auto reader = cbor::MapReader::of(map);
        QVERIFY(reader);
        QCOMPARE(cbor::textOf(reader->value("found")), std::optional<QByteArrayView>("here"));
        const QByteArrayView inner = reader->value("a");
        QCOMPARE(QCborValue::fromCbor(inner.toByteArray()).toMap().size(), 1);
        QCOMPARE(reader->value("b"), QByteArrayView()); // of the inner one
        QCOMPARE(reader->value("missing"), QByteArrayView());
        QVERIFY(!cbor::numberOf(reader->value("found")));
        QVERIFY(!cbor::textOf(reader->value("a")));
    }

    /// {_ "a": [_ 1, [_ ], (_ h'01', h'02')], "b": 3} in RFC 8949's notation.
    void reader_stepsOverWhatHasNoLength()
    {
        const QByteArray map = QByteArray::fromHex("bf"
                                                   "6161"
                                                   "9f"
                                                   "01"
                                                   "9fff"
                                                   "5f"
                                                   "4101"
                                                   "4102"
                                                   "ff"
                                                   "ff"
                                                   "6162"
                                                   "03"
                                                   "ff");
        const auto reader = cbor::MapReader::of(map);
        QVERIFY(reader);
        QCOMPARE(cbor::numberOf(reader->value("b")), std::optional(std::int64_t(3)));
        QCOMPARE(reader->value("a").size(), 11);
    }

    void reader_ofBytesCutShortHasWhatIsThere()
    {
        const QByteArray map = QCborMap{{u"a"_s, QCborArray{1, 70'000, u"c"_s}},
                                        {u"b"_s, QByteArray(300, 'x')},
                                        {u"c"_s, QCborMap{{u"d"_s, 1.5}}}}
                                   .toCborValue()
                                   .toCbor();
        for (qsizetype size = 1; size < map.size(); ++size) {
            const QByteArray piece = map.first(size);
            const auto reader = cbor::MapReader::of(piece);
            QVERIFY(reader && reader->members().size() <= 3);
            QVERIFY(reader->value("b").size() <= size);
            QVERIFY(cbor::itemsOf(reader->value("a")).value_or(std::vector<QByteArrayView>()).size()
                    <= 3);
        }
    }

    void items_areThoseOfTheArray()
    {
        const QByteArray array = QCborArray{1, u"two"_s, QCborArray{3}}.toCborValue().toCbor();
        const auto items = cbor::itemsOf(array);
        QVERIFY(items && items->size() == 3);
        QCOMPARE(cbor::numberOf((*items)[0]), std::optional(std::int64_t(1)));
        QCOMPARE(cbor::textOf((*items)[1]), std::optional<QByteArrayView>("two"));
        QCOMPARE(cbor::itemsOf((*items)[2])->size(), std::size_t(1));
        QCOMPARE(cbor::itemsOf(QByteArray::fromHex("9f0102ff"))->size(), std::size_t(2));
        QVERIFY(!cbor::itemsOf(QCborMap().toCborValue().toCbor()));
        const QByteArray bytes = QCborValue(QByteArray("b")).toCbor();
        QCOMPARE(cbor::bytesOf(bytes), std::optional<QByteArrayView>("b"));
        QVERIFY(!cbor::textOf(bytes));
        QVERIFY(!cbor::bytesOf(QByteArray::fromHex("5f4101ff")));
    }

    void reader_isForMaps()
    {
        QVERIFY(!cbor::MapReader::of(QByteArrayView()));
        QVERIFY(!cbor::MapReader::of(QCborArray{1}.toCborValue().toCbor()));
        QVERIFY(!cbor::MapReader::of(QCborValue(1).toCbor()));
    }
};

QTEST_APPLESS_MAIN(TestCbor)

#include "tst_cbor.moc"
