// SPDX-License-Identifier: Apache-2.0
#include "config/bundle.h"

#include "base/random.h"
#include "config/limits.h"

#include <QRandomGenerator>
#include <QTest>

using namespace coffer;
using namespace coffer::config;

namespace {

Bundle smallBundle()
{
    FileRights rights;
    rights.mode = 0640;
    rights.owner = "www";
    return {{{"a.conf", {}, "x"}, {"conf.d/b", rights, ""}}};
}

/// Key and value files as a service with many keys has them.
QByteArray renderedKeys(int keys, int changed = -1)
{
    QByteArray text = "[core]\n";
    for (int i = 0; i < keys; ++i) {
        const QByteArray number = QByteArray::number(i);
        text += "key-" + number + " value-of-" + (i == changed ? "another" : number) + "\n";
    }
    return text;
}

constexpr std::size_t bytesMax = limits::serviceBytesMax;

} // namespace

class TestBundle : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        bool isGiven = false;
        m_seed = qEnvironmentVariable("COFFER_SEED").toULongLong(&isGiven);
        if (!isGiven)
            m_seed = QRandomGenerator::system()->generate();
        qInfo("COFFER_SEED=%llu", static_cast<unsigned long long>(m_seed));
    }

    void bytes_areAsTheDocumentSays();
    void bundle_comesBack();
    void decode_refuses_data();
    void decode_refuses();
    void decode_refusesDamage();
    void packed_comesBack_data();
    void packed_comesBack();
    void oneKeyOfFiftyThousand_costsLessThanFourKiB();
    void unpack_refusesDamage();
    void unpack_refusesAnotherBase();
    void unpack_refusesWhatIsTooLarge();
    void unpack_refusesWhatFollows();

private:
    std::uint64_t m_seed = 0;
};

void TestBundle::bytes_areAsTheDocumentSays()
{
    QCOMPARE(encode(smallBundle()).toHex(' '),
             QByteArray::fromHex("82 01 82 85 66 612e636f6e66 1901a4 60 60 41 78"
                                 "85 68 636f6e662e642f62 1901a0 63 777777 60 40")
                 .toHex(' '));
    QCOMPARE(encode(Bundle()).toHex(), QByteArray("820180"));
    QVERIFY(rootOf(encode(Bundle())) == Hash::of(QByteArray::fromHex("820180")));
}

void TestBundle::bundle_comesBack()
{
    SeededRandom random(m_seed);
    QVERIFY(decodeBundle(encode(Bundle())) == Bundle());
    for (int i = 0; i < 200; ++i) {
        Bundle bundle;
        for (int file = 0; file < int(random.below(30)); ++file) {
            FileRights rights;
            rights.mode = std::uint16_t(random.below(01000));
            rights.group = random.below(2) == 0 ? "" : "_shop";
            QByteArray bytes;
            for (auto left = random.below(600); left > 0; --left)
                bytes += char(random.next());
            bundle.files.push_back(
                {"d/" + QByteArray::number(file).rightJustified(3, '0'), rights, bytes});
        }
        const Result<Bundle> decoded = decodeBundle(encode(bundle));
        QVERIFY2(decoded, qPrintable(decoded ? QString() : decoded.error().message));
        QCOMPARE(*decoded, bundle);
    }
}

void TestBundle::decode_refuses_data()
{
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char *name, const Bundle &bundle) {
        QTest::newRow(name) << encode(bundle);
    };
    FileRights wide;
    wide.mode = 01000;
    FileRights odd;
    odd.group = "a/b";
    row("out of order", {{{"b", {}, ""}, {"a", {}, ""}}});
    row("twice", {{{"a", {}, ""}, {"a", {}, ""}}});
    row("up", {{{"../a", {}, ""}}});
    row("from the root", {{{"/etc/passwd", {}, ""}}});
    row("no path", {{{"", {}, ""}}});
    row("mode", {{{"a", wide, ""}}});
    row("group", {{{"a", odd, ""}}});
    row("a file that is a folder too", {{{"a", {}, ""}, {"a-b", {}, ""}, {"a/b", {}, ""}}});
    row("file too large", {{{"a", {}, QByteArray(qsizetype(limits::fileBytesMax) + 1, 'x')}}});
    Bundle many;
    for (std::size_t i = 0; i <= limits::filesMax; ++i)
        many.files.push_back({QByteArray::number(qulonglong(i + 100'000)), {}, ""});
    row("too many files", many);
    const QByteArray good = encode(smallBundle());
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("one byte more") << good + '\0';
    QTest::newRow("one byte less") << good.chopped(1);
    QTest::newRow("another version") << QByteArray::fromHex("820280");
    QTest::newRow("a longer head than needed") << QByteArray::fromHex("82019800");
    QTest::newRow("very many files") << QByteArray::fromHex("82019bffffffffffffffff");
    QTest::newRow("too large") << QByteArray(qsizetype(bytesMax) + 1, '\x82');
}

void TestBundle::decode_refuses()
{
    QFETCH(const QByteArray, bytes);
    const Result<Bundle> bundle = decodeBundle(bytes);
    QVERIFY(!bundle);
    QCOMPARE(bundle.error().code, ErrorCode::invalid);
    QVERIFY(!bundle.error().message.isEmpty());
}

void TestBundle::decode_refusesDamage()
{
    SeededRandom random(m_seed);
    const QByteArray whole = encode(smallBundle());
    for (int i = 0; i < 5'000; ++i) {
        QByteArray bytes = whole;
        const auto at = qsizetype(random.below(std::uint64_t(bytes.size())));
        switch (i % 3) {
        case 0: bytes[at] = char(random.next()); break;
        case 1: bytes.truncate(at); break;
        default: bytes.insert(at, char(random.next())); break;
        }
        const Result<Bundle> bundle = decodeBundle(bytes);
        if (bundle) // then it is another bundle, and has these bytes alone
            QCOMPARE(encode(*bundle), bytes);
    }
}

void TestBundle::packed_comesBack_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("base");
    QTest::newRow("nothing") << QByteArray() << QByteArray();
    QTest::newRow("nothing of something") << QByteArray() << QByteArray("base");
    QTest::newRow("something") << QByteArray("some text") << QByteArray();
    QTest::newRow("the same") << renderedKeys(1'000) << renderedKeys(1'000);
    QTest::newRow("something else") << renderedKeys(1'000) << QByteArray(100'000, 'x');
    QTest::newRow("longer than the base") << renderedKeys(2'000) << renderedKeys(1'000);
    QTest::newRow("much shorter") << renderedKeys(10) << renderedKeys(20'000);
}

void TestBundle::packed_comesBack()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const QByteArray, base);
    const QByteArray packed = pack(bytes, base);
    const Result<QByteArray> unpacked = unpack(packed, base, bytesMax);
    QVERIFY2(unpacked, qPrintable(unpacked ? QString() : unpacked.error().message));
    QCOMPARE(*unpacked, bytes);
}

void TestBundle::oneKeyOfFiftyThousand_costsLessThanFourKiB()
{
    for (const int changed : {0, 25'000, 49'999}) {
        const QByteArray before = encode({{{"app.conf", {}, renderedKeys(50'000)}}});
        const QByteArray after = encode({{{"app.conf", {}, renderedKeys(50'000, changed)}}});
        const QByteArray packed = pack(after, before);
        QVERIFY2(packed.size() < 4'096, qPrintable(QString::number(packed.size())));
        QVERIFY(unpack(packed, before, bytesMax) == after);
    }
}

void TestBundle::unpack_refusesDamage()
{
    SeededRandom random(m_seed);
    const QByteArray base = renderedKeys(500);
    const QByteArray bytes = renderedKeys(500, 7);
    const QByteArray whole = pack(bytes, base);
    for (int i = 0; i < 2'000; ++i) {
        QByteArray packed = whole;
        const auto at = qsizetype(random.below(std::uint64_t(packed.size())));
        if (i % 2 == 0)
            packed[at] = char(packed[at] ^ (1 << random.below(8)));
        else
            packed.truncate(at);
        const Result<QByteArray> unpacked = unpack(packed, base, bytesMax);
        // Bits of the head that zstd does not use may differ; the bytes may not.
        QVERIFY(!unpacked || *unpacked == bytes);
        QVERIFY(i % 2 == 0 || !unpacked);
    }
    QVERIFY(!unpack({}, base, bytesMax));
    QVERIFY(!unpack("no zstd at all", {}, bytesMax));
}

void TestBundle::unpack_refusesAnotherBase()
{
    const QByteArray base = renderedKeys(500);
    const QByteArray packed = pack(renderedKeys(500, 7), base);
    for (const QByteArray &other : {QByteArray(), renderedKeys(500, 8), base + 'x', base.mid(1)}) {
        const Result<QByteArray> unpacked = unpack(packed, other, bytesMax);
        QVERIFY(!unpacked);
        QCOMPARE(unpacked.error().code, ErrorCode::invalid);
    }
}

void TestBundle::unpack_refusesWhatIsTooLarge()
{
    const QByteArray packed = pack(QByteArray(1'000'000, 'x'));
    QVERIFY(packed.size() < 1'000);
    QVERIFY(!unpack(packed, {}, 999'999));
    QVERIFY(unpack(packed, {}, 1'000'000));
}

void TestBundle::unpack_refusesWhatFollows()
{
    const QByteArray packed = pack("abc");
    QVERIFY(!unpack(packed + 'x', {}, bytesMax));
    QVERIFY(!unpack(packed + pack(""), {}, bytesMax));
}

QTEST_GUILESS_MAIN(TestBundle)
#include "tst_bundle.moc"
