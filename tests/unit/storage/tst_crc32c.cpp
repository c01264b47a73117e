// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "storage/crc32c.h"

#include <QTest>

using namespace coffer;
using namespace coffer::storage;

/// One bit after the other, straight from the definition.
static std::uint32_t slowly(const QByteArray &bytes)
{
    std::uint32_t crc = 0xffffffffU;
    for (const char byte : bytes) {
        crc ^= std::uint8_t(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    }
    return ~crc;
}

class TestCrc32c : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    /// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRCs.
    void crc32c_givesThePublishedValues()
    {
        QCOMPARE(crc32c(QByteArray("123456789")), 0xe3069283U);
        QCOMPARE(crc32c(QByteArray(32, '\0')), 0x8a9136aaU);
        QCOMPARE(crc32c(QByteArray(32, '\xff')), 0x62a8ab43U);
        QCOMPARE(crc32c(QByteArray()), 0U);
    }

    void crc32c_ofAnyLengthAndAlignmentEqualsTheDefinition()
    {
        SeededRandom random(1);
        QByteArray bytes(5000, '\0');
        for (char &byte : bytes)
            byte = char(random.next());
        int compared = 0;
        for (qsizetype length = 0; length < 600; ++length) {
            const auto offset = qsizetype(random.below(64));
            const QByteArray piece = bytes.mid(offset, length);
            QCOMPARE(crc32c(QByteArrayView(bytes).sliced(offset, length)), slowly(piece));
            ++compared;
        }
        QCOMPARE(crc32c(bytes), slowly(bytes));
        QCOMPARE(compared, 600);
    }

    void crc32c_inPiecesEqualsTheWhole()
    {
        const QByteArray bytes("the quick brown fox jumps over the lazy dog");
        for (qsizetype cut = 0; cut <= bytes.size(); ++cut)
            QCOMPARE(crc32c(bytes.mid(cut), crc32c(bytes.left(cut))), crc32c(bytes));
    }
};

QTEST_APPLESS_MAIN(TestCrc32c)
#include "tst_crc32c.moc"
