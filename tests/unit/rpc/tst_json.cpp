// SPDX-License-Identifier: Apache-2.0
#include "rpc/json.h"

#include "base/random.h"
#include "rpc/limits.h"

#include <QCborArray>
#include <QCborMap>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace coffer;
using namespace coffer::rpc;
using namespace Qt::StringLiterals;

namespace {

QCborValue randomValue(Random &random, int depth)
{
    switch (random.below(depth > 0 ? 9 : 7)) {
    case 0: return QCborValue(qint64(random.next() >> random.below(64)));
    case 1: return QCborValue(-qint64(random.next() >> (1 + random.below(63))));
    case 2: return QCborValue(QString::number(random.next()).repeated(int(random.below(40))));
    case 3: return QCborValue(QByteArray(int(random.below(300)), '\xff'));
    case 4: return QCborValue(double(random.below(1000)) / 7);
    case 5: return QCborValue(random.below(2) == 0);
    case 6: return QCborValue(nullptr);
    case 7: {
        QCborArray array;
        for (std::uint64_t i = random.below(30); i > 0; --i)
            array.append(randomValue(random, depth - 1));
        return array;
    }
    default: {
        QCborMap map;
        for (std::uint64_t i = random.below(30); i > 0; --i)
            map.insert(QString::number(i), randomValue(random, depth - 1));
        return map;
    }
    }
}

} // namespace

class TestJson : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cbor_isRefused_data();
    void cbor_isRefused();
    void cbor_isAccepted_data();
    void cbor_isAccepted();
    void cbor_ofQtIsAcceptedAndItsPartsAreNot();
    void json_sizeIsBounded();
    void bytes_becomeTextOrBase64();
};

void TestJson::cbor_isRefused_data()
{
    QTest::addColumn<QByteArray>("hex");
    const auto row = [](const char *name, const QByteArray &hex) { QTest::newRow(name) << hex; };
    row("empty", "");
    row("two values", "0101");
    row("cut integer", "19ff");
    row("cut text", "6261");
    row("text of 2^63", "7b8000000000000000");
    row("array of 2^64 - 1", "9bffffffffffffffff");
    row("map of 2^63", "bb8000000000000000");
    row("map without its last value", "a10102"
                                      "a101");
    row("reserved head", "1c");
    row("endless integer", "1f");
    row("break alone", "ff");
    row("break in a counted array", "8101ff");
    row("break after a key", "bf01ff");
    row("endless array without a break", "9f01");
    row("pieces of another type", "5f6161ff");
    row("endless piece in a string", "5f5f4161ffff");
    row("text that is not UTF-8", "6261ff");
    row("piece that is not UTF-8", "7f61ff6161ff");
    row("simple value", "e0");
    row("long simple value", "f8ff");
    row("long simple value that is short", "f800");
    row("tag", "c11a514b67b0");
    row("regular expression", "d8236161");
    row("deep", QByteArray("81").repeated(limits::messageDepthMax + 1) + "01");
    row("deep and endless", QByteArray("9f").repeated(limits::messageDepthMax + 1));
    row("many", "9a00040001" + QByteArray("01").repeated(limits::messageItemsMax + 1));
    row("many empty pieces", "5f" + QByteArray("40").repeated(limits::messageItemsMax + 1) + "ff");
}

void TestJson::cbor_isRefused()
{
    QFETCH(QByteArray, hex);
    const auto why = refuteCbor(QByteArray::fromHex(hex));
    QVERIFY(why && !why->isEmpty());
}

void TestJson::cbor_isAccepted_data()
{
    QTest::addColumn<QByteArray>("hex");
    const auto row = [](const char *name, const QByteArray &hex) { QTest::newRow(name) << hex; };
    row("integer", "1bffffffffffffffff");
    row("empty array", "80");
    row("empty map", "a0");
    row("nested", "a1616182a0810a");
    row("endless array", "9f0102ff");
    row("endless map", "bf616101ff");
    row("empty endless", "9fff");
    row("text in pieces", "7f61616162ff");
    row("double", "fb3ff199999999999a");
    row("undefined", "f7");
    row("deepest", QByteArray("81").repeated(limits::messageDepthMax) + "01");
}

void TestJson::cbor_isAccepted()
{
    QFETCH(QByteArray, hex);
    QCOMPARE(refuteCbor(QByteArray::fromHex(hex)), std::nullopt);
    QCborParserError error;
    QCborValue::fromCbor(QByteArray::fromHex(hex), &error);
    QCOMPARE(error.error, QCborError::NoError);
}

void TestJson::cbor_ofQtIsAcceptedAndItsPartsAreNot()
{
    const std::uint64_t seed = qEnvironmentVariableIntValue("COFFER_SEED");
    qInfo("COFFER_SEED=%llu", static_cast<unsigned long long>(seed));
    SeededRandom random(seed);
    for (int i = 0; i < 200; ++i) {
        const QByteArray bytes = randomValue(random, 3).toCbor();
        QCOMPARE(refuteCbor(bytes), std::nullopt);
        QVERIFY(refuteCbor(bytes + '\x01'));
        QVERIFY(refuteCbor(bytes.left(qsizetype(random.below(std::uint64_t(bytes.size()))))));
    }
}

void TestJson::json_sizeIsBounded()
{
    const int deepest = limits::messageDepthMax;
    QVERIFY(!refuteJsonSize(QByteArray(deepest, '[')));
    QVERIFY(refuteJsonSize(QByteArray(deepest + 1, '[')));
    QVERIFY(refuteJsonSize(QByteArray("{\"a\":").repeated(deepest + 1)));
    QVERIFY(!refuteJsonSize('"' + QByteArray(deepest + 1, '[') + '"'));
    QVERIFY(!refuteJsonSize(R"("\")" + QByteArray(deepest + 1, '[') + '"'));
    QVERIFY(refuteJsonSize(R"("\\")" + QByteArray(deepest + 1, '[')));
    QVERIFY(!refuteJsonSize(QByteArray(limits::messageItemsMax - 1, ',')));
    QVERIFY(refuteJsonSize(QByteArray(limits::messageItemsMax, ',')));
}

void TestJson::bytes_becomeTextOrBase64()
{
    const QCborMap map{{u"a"_s, QByteArray("text")},
                       {u"b"_s, QByteArray("\xff")},
                       {u"c"_s, QCborArray{QByteArray("t"), QByteArray("\xfe")}},
                       {u"d"_s, 9007199254740993LL}};
    QCOMPARE(QJsonDocument(toJson(map).toObject()).toJson(QJsonDocument::Compact),
             R"({"a":"text","bBase64":"/w==","c":["t",{"base64":"/g=="}],"d":9007199254740993})");
}

QTEST_GUILESS_MAIN(TestJson)
#include "tst_json.moc"
