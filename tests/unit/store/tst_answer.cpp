// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"
#include "store/answer.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;

class TestAnswer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void encode_isUndoneByDecode();
    void encode_hasTheDocumentedBytes();
    void decode_refusesEveryShorterAndLongerOne();
    void decode_takesOnlyWhatEncodeMakes();
};

static Answer fullAnswer()
{
    return {.status = Status::guardFailed,
            .isChanged = true,
            .revision = Revision(0x0102030405060708),
            .failedGuard = 9,
            .failedOperation = 8,
            .found = 0x1112131415161718,
            .session = SessionId(0x2122232425262728)};
}

void TestAnswer::encode_isUndoneByDecode()
{
    for (int status = int(Status::ok); status <= int(Status::versionNotNext); ++status) {
        Answer answer;
        answer.status = Status(status);
        QCOMPARE(*decodeAnswer(encode(answer)), answer);
    }
    QCOMPARE(*decodeAnswer(encode(fullAnswer())), fullAnswer());
}

void TestAnswer::encode_hasTheDocumentedBytes()
{
    QCOMPARE(encode(fullAnswer()).toHex(), QByteArray("010207"
                                                      "0900"
                                                      "0800"
                                                      "0807060504030201"
                                                      "1817161514131211"
                                                      "2827262524232221"));
}

void TestAnswer::decode_refusesEveryShorterAndLongerOne()
{
    const QByteArray bytes = encode(fullAnswer());
    for (qsizetype size = 0; size < bytes.size(); ++size)
        QVERIFY(!decodeAnswer(bytes.first(size)));
    QVERIFY(!decodeAnswer(bytes + '\0'));
}

void TestAnswer::decode_takesOnlyWhatEncodeMakes()
{
    const QByteArray bytes = encode(fullAnswer());
    for (qsizetype at = 0; at < bytes.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            QByteArray other = bytes;
            other[at] = char(value);
            const Result<Answer> answer = decodeAnswer(other);
            QVERIFY(!answer || encode(*answer) == other);
        }
    }
}

QTEST_APPLESS_MAIN(TestAnswer)
#include "tst_answer.moc"
