// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/cbor_fields.h"

#include <QTest>

using namespace coffer;
using namespace coffer::pluginapi;
using namespace Qt::StringLiterals;

class TestCborFields : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void absent_readsAsDefault()
    {
        const QCborMap map;
        CborFields fields(map);
        QCOMPARE(fields.text("a", 10), QByteArray());
        QCOMPARE(fields.number("b"), 0u);
        QVERIFY(!fields.flag("c"));
        QVERIFY(fields.array("d", 3).isEmpty());
        QVERIFY(!fields.finish());
    }
    void unknownMember_isFault()
    {
        const QCborMap map{{u"path"_s, u"/a"_s}, {u"pth"_s, u"/a"_s}};
        CborFields fields(map, u"operations[3]"_s);
        QCOMPARE(fields.text("path", 10), "/a");
        const auto fault = fields.finish();
        QVERIFY(fault);
        QVERIFY2(fault->message.contains(u"pth"_s) && fault->message.contains(u"operations[3]"_s),
                 qPrintable(fault->message));
    }
    void keyThatIsNoText_isFault()
    {
        const QCborMap map{{1, 2}};
        CborFields fields(map);
        QVERIFY(fields.finish());
    }
    void wrongType_isFault_data()
    {
        QTest::addColumn<QCborValue>("value");
        QTest::newRow("null") << QCborValue(nullptr);
        QTest::newRow("undefined is a value too") << QCborValue(false);
        QTest::newRow("double") << QCborValue(1.5);
        QTest::newRow("negative") << QCborValue(-1);
        QTest::newRow("bytes") << QCborValue(QByteArray("1"));
        QTest::newRow("too large") << QCborValue(11);
    }
    void wrongType_isFault()
    {
        QFETCH(QCborValue, value);
        const QCborMap map{{u"n"_s, value}};
        CborFields fields(map);
        QCOMPARE(fields.number("n", 10), 0u);
        QVERIFY(fields.finish());
    }
    void bounds_bothSides()
    {
        const QCborMap map{{u"t"_s, u"12345"_s}, {u"b"_s, QByteArray("12345")}, {u"n"_s, 10}};
        CborFields good(map);
        QCOMPARE(good.text("t", 5), "12345");
        QCOMPARE(good.bytes("b", 5), "12345");
        QCOMPARE(good.number("n", 10), 10u);
        QVERIFY(!good.finish());
        CborFields text(map);
        QCOMPARE(text.text("t", 4), QByteArray());
        QVERIFY(!text.isSound());
        CborFields bytes(map);
        QCOMPARE(bytes.bytes("b", 4), QByteArray());
        QVERIFY(!bytes.isSound());
    }
    /// {_ (_ "t" ""): (_ "1" "2"), "b": (_ h'31' h'32'), "n": undefined} in RFC 8949's notation.
    void unusualForms_readAsTheUsualOnes()
    {
        const QByteArray map = QByteArray::fromHex("bf"
                                                   "7f617460ff"
                                                   "7f61316132ff"
                                                   "6162"
                                                   "5f41314132ff"
                                                   "616e"
                                                   "f7"
                                                   "ff");
        CborFields fields{QByteArrayView(map)};
        QCOMPARE(fields.text("t", 2), "12");
        QCOMPARE(fields.bytes("b", 2), "12");
        QVERIFY(fields.has("n"));
        QCOMPARE(fields.number("n"), 0u);
        QVERIFY(!fields.finish());
        CborFields bounded{QByteArrayView(map)};
        QCOMPARE(bounded.text("t", 1), QByteArray());
        QVERIFY(!bounded.isSound());
    }
    void inner_areNamedByTheirPlace()
    {
        const QByteArray map = QCborMap{{u"a"_s, QCborArray{QCborMap(), QCborMap{{u"b"_s, 1}}}}}
                                   .toCborValue()
                                   .toCbor();
        CborFields outer{QByteArrayView(map)};
        const std::vector<QByteArrayView> items = outer.arrayItems("a", 2);
        QCOMPARE(items.size(), std::size_t(2));
        CborFields inner(items[1], outer, "a", 1);
        QCOMPARE(inner.text("b", 9), QByteArray());
        QVERIFY(inner.finish()->message.startsWith(u"a[1].b "_s));
        QVERIFY(outer.arrayItems("a", 1).empty());
        QVERIFY(!outer.isSound());
    }
    void otherItem_hasNoMembers()
    {
        CborFields fields{QByteArrayView("\x01", 1)};
        QVERIFY(!fields.has("a"));
        QVERIFY(!fields.finish());
    }
    void firstFault_isKept()
    {
        const QCborMap map{{u"a"_s, 1}, {u"b"_s, 1}};
        CborFields fields(map);
        (void)fields.text("a", 1);
        (void)fields.text("b", 1);
        QVERIFY(fields.finish()->message.startsWith(u"a "_s));
    }
};

QTEST_APPLESS_MAIN(TestCborFields)
#include "tst_cbor_fields.moc"
