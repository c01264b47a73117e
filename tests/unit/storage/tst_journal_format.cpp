// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "storage/file_journal.h"
#include "storage/journal_format.h"
#include "storage/memory_file_system.h"

#include <QFile>
#include <QTest>

#include <limits>

using namespace coffer;
using namespace coffer::storage;

/// The bytes of the block ```hex \a name in the document: what stands before two spaces in a line.
static QByteArray documented(const QByteArray &name)
{
    QFile file(QFINDTESTDATA("../../../docs/formats/journal.md"));
    if (!file.open(QIODevice::ReadOnly))
        return "no document";
    const QByteArray text = file.readAll();
    const QByteArray fence = "```hex " + name + "\n";
    const qsizetype begin = text.indexOf(fence);
    if (begin < 0)
        return "not documented";
    const qsizetype end = text.indexOf("```", begin + fence.size());
    QByteArray hex;
    for (const QByteArray &line : text.mid(begin, end - begin).split('\n').mid(1))
        hex += line.left(line.indexOf("  ") < 0 ? line.size() : line.indexOf("  "));
    return QByteArray::fromHex(hex);
}

static format::SegmentHeader someHeader()
{
    return {1, NodeId(7), ClusterId(0xc0ffee), 1, 8192, 0};
}

class TestJournalFormat : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    /// The journal itself writes the example, byte for byte.
    void journal_writesWhatIsDocumented()
    {
        MemoryFileSystem files;
        FileJournal::Options options;
        options.owner = {NodeId(7), ClusterId(0xc0ffee)};
        options.segmentBytes = 8192;
        FileJournal journal(files, options);
        QVERIFY(journal.replay([](const JournalRecord &) { return Result<void>(); }));
        const Ballot ballot{Epoch(1), 2, NodeId(7)};
        QVERIFY(journal.append({{RecordKind::promise, Slot(), ballot, {}},
                                {RecordKind::vote, Slot(300), ballot, "entry"}}));
        QVERIFY(journal.sync());
        files.crash([](std::size_t count) { return count; });
        const QByteArray bytes = files.image().at(QStringLiteral("segment-0000000000000001"));

        QByteArray expected(8192, '\0');
        expected.replace(0, 64, documented("segment"));
        expected.replace(4096, 136, documented("group"));
        expected.replace(4608, 48, documented("mark"));
        QCOMPARE(expected.size(), qsizetype(8192));
        QCOMPARE(bytes.left(64).toHex(' '), documented("segment").toHex(' '));
        QCOMPARE(bytes.mid(4096, 136).toHex(' '), documented("group").toHex(' '));
        QCOMPARE(bytes.mid(4608, 48).toHex(' '), documented("mark").toHex(' '));
        QVERIFY(bytes == expected);
    }

    void segmentHeader_roundTrips()
    {
        SeededRandom random(2);
        for (int i = 0; i < 500; ++i) {
            const format::SegmentHeader header{
                1 + random.below(1000), NodeId(random.next()),        ClusterId(random.next()),
                1 + random.below(1000), 4608 + 512 * random.below(9), std::uint32_t(random.next())};
            const auto read = format::decodeSegmentHeader(format::encode(header));
            QVERIFY(read);
            QVERIFY(*read == header);
        }
    }

    void segmentHeader_outOfBoundsIsCorrupt_data()
    {
        QTest::addColumn<quint64>("number");
        QTest::addColumn<quint64>("firstLsn");
        QTest::addColumn<quint64>("capacity");
        QTest::addColumn<bool>("isRight");
        const quint64 most = format::segmentBytesMax;
        const quint64 top = format::numberMax;
        QTest::addRow("smallest") << quint64(1) << quint64(1) << quint64(4608) << true;
        QTest::addRow("largest") << top << top << most << true;
        QTest::addRow("number 0") << quint64(0) << quint64(1) << quint64(4608) << false;
        QTest::addRow("number too large") << top + 1 << quint64(1) << quint64(4608) << false;
        QTest::addRow("lsn too large") << quint64(1) << top + 1 << quint64(4608) << false;
        QTest::addRow("lsn 0") << quint64(1) << quint64(0) << quint64(4608) << false;
        QTest::addRow("no room") << quint64(1) << quint64(1) << quint64(4096) << false;
        QTest::addRow("not whole sectors") << quint64(1) << quint64(1) << quint64(4609) << false;
        QTest::addRow("too large") << quint64(1) << quint64(1) << most + 512 << false;
    }

    void segmentHeader_outOfBoundsIsCorrupt()
    {
        QFETCH(quint64, number);
        QFETCH(quint64, firstLsn);
        QFETCH(quint64, capacity);
        QFETCH(bool, isRight);
        const auto read = format::decodeSegmentHeader(
            format::encode({number, NodeId(1), ClusterId(), firstLsn, capacity, 0}));
        QCOMPARE(read.has_value(), isRight);
        if (!read)
            QCOMPARE(read.error().code, ErrorCode::corrupt);
    }

    /// The same bytes at another offset, or in another segment, are no block.
    void blockHeader_belongsToItsPlace()
    {
        const std::uint32_t segment = format::checksumOf(format::encode(someHeader()));
        const format::BlockHeader header{format::BlockKind::group, 80, 1, 2, 3, 2, 1, 4};
        QByteArray bytes(qsizetype(format::blockHeaderBytes), '\0');
        format::encode(header, {segment, 4096}, bytes.data());
        const auto read = format::decodeBlockHeader(bytes, {segment, 4096});
        QVERIFY(read);
        QVERIFY(read->header == header);
        QVERIFY(!format::decodeBlockHeader(bytes, {segment, 4608}));
        QVERIFY(!format::decodeBlockHeader(bytes, {segment + 1, 4096}));
        QVERIFY(!format::decodeBlockHeader(bytes.left(47), {segment, 4096}));
    }

    void record_roundTripsAndKeepsItsAlignment()
    {
        SeededRandom random(3);
        for (int bytes = 0; bytes < 100; ++bytes) {
            const JournalRecord record{RecordKind(1 + random.below(7)),
                                       Slot(random.next()),
                                       {Epoch(random.next()), random.next(), NodeId(random.next())},
                                       QByteArray(bytes, 'x')};
            QByteArray body;
            format::append(record, body);
            QCOMPARE(std::uint64_t(body.size()), format::sizeOf(record));
            QCOMPARE(body.size() % 8, 0);
            QByteArrayView rest(body);
            const auto read = format::takeRecord(rest);
            QVERIFY(read);
            QVERIFY(*read == record);
            QVERIFY(rest.isEmpty());
            for (qsizetype size = 0; size < body.size(); ++size) {
                QByteArrayView cut = QByteArrayView(body).first(size);
                QVERIFY(!format::takeRecord(cut));
            }
        }
    }

    void segmentName_isReadBackAndNothingElseIs()
    {
        for (const std::uint64_t number :
             {std::uint64_t(1), std::uint64_t(255), std::numeric_limits<std::uint64_t>::max()})
            QCOMPARE(format::segmentNumber(format::segmentName(number)).value_or(0), number);
        for (const char *name :
             {"segment-0000000000000000", "segment-000000000000001", "segment-000000000000000A",
              "segment-0000000000000001.bak", "Segment-0000000000000001", "segment.new", "lock"})
            QVERIFY2(!format::segmentNumber(QLatin1String(name)), name);
    }
};

QTEST_APPLESS_MAIN(TestJournalFormat)
#include "tst_journal_format.moc"
