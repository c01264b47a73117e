// SPDX-License-Identifier: Apache-2.0
#include "storage/crc32c.h"
#include "unit/storage/journal_samples.h"

#include <QTest>
#include <QtEndian>

using namespace coffer;
using namespace coffer::storage;
using namespace coffer::test;

using Image = MemoryFileSystem::Image;

/// How damaged journals ended.
struct Outcomes
{
    int complete = 0;
    int stopped = 0;
    int cut = 0; ///< Only the last group is missing.

    [[nodiscard]] int all() const { return complete + stopped + cut; }
};

/// A journal of several segments and all kinds of records, truncated once, each group synced.
/// Whatever is done to its files has one of three outcomes: everything is read, the journal stops
/// and says why, or (if nothing says that it was durable) the last group is cut.
class TestFileJournalDamage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();

    void flip_ofAnyByteIsNoticed_data() { whetherMarked(); }
    void flip_ofAnyByteIsNoticed();
    void flip_ofAnyBitOfTheLastGroupIsNoticed_data() { whetherMarked(); }
    void flip_ofAnyBitOfTheLastGroupIsNoticed();
    void flip_inAnEmptyLastSegmentIsNoticed();
    void sector_ofZerosIsNoticed_data() { whetherMarked(); }
    void sector_ofZerosIsNoticed();
    void sector_ofAnotherPlaceIsNoticed();
    void cut_atAnyByteStops();
    void segment_missingStops();
    void segment_ofAnEarlierMomentStops();
    void segment_exchangedStops();
    void segment_ofAnotherNodeIsRefused();
    void life_otherThanThisOneIsNotBelieved();
    void cluster_otherThanExpectedIsRefused();
    void version_newerIsRefused();
    void refusal_changesNothing();
    void tail_ofGarbageIsRemovedForGood();
    void garbage_asSegmentStops();

private:
    static void whetherMarked()
    {
        QTest::addColumn<bool>("isMarked");
        QTest::addRow("with a mark at the end") << true;
        QTest::addRow("without a mark at the end") << false;
    }
    [[nodiscard]] const Image &image(bool isMarked) const { return isMarked ? m_marked : m_bare; }
    [[nodiscard]] QString judge(const Image &image, Outcomes &outcomes) const;

    Image m_bare;   ///< What is durable right after the last sync.
    Image m_marked; ///< The same when the last mark has reached the disk too.
    Records m_records;
    qsizetype m_lastGroup = 0; ///< Records in it.
};

static QString nameOf(std::uint64_t number) { return format::segmentName(number); }

static QString lastOf(const Image &image) { return image.rbegin()->first; }

/// Where the records of the last segment end: no byte behind is anything else than 0 or a mark.
static std::uint64_t endOf(const Image &image)
{
    MemoryFileSystem files;
    files.restore(image);
    const auto read = JournalReader(files, {}).read([](const auto &) { return Result<void>(); });
    return read ? read->offset : 0;
}

static void writeScript(FileJournal &journal, qsizetype &lastGroup)
{
    QVERIFY(journal.replay([](const JournalRecord &) { return Result<void>(); }));
    const Ballot ballot{Epoch(1), 3, NodeId(7)};
    QVERIFY(journal.append({founding(), promise(1)}));
    std::uint64_t slot = 0;
    for (int i = 0; i < 12; ++i) {
        QVERIFY(
            journal.append({vote(++slot, 20 * i), {RecordKind::chosen, Slot(++slot), {}, "c"}}));
        QVERIFY(journal.sync());
        QVERIFY(journal.append({{RecordKind::vote, Slot(++slot), ballot, QByteArray(333, 'w')},
                                {RecordKind::chosenUpTo, Slot(slot), {}, {}}}));
        QVERIFY(journal.sync());
        if (i == 6)
            QVERIFY(journal.truncate(Slot(14), {founding(), promise(9)}));
    }
    QVERIFY(journal.append({{RecordKind::install, Slot(slot), {}, "generation-7"}, promise(10)}));
    QVERIFY(journal.sync());
    const Records last{vote(++slot, 700), {RecordKind::fenced, Slot(), {}, {}}, vote(++slot, 7)};
    QVERIFY(journal.append(last));
    QVERIFY(journal.sync());
    lastGroup = qsizetype(last.size());
}

void TestFileJournalDamage::initTestCase()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments(4096 + 3584));
    writeScript(journal, m_lastGroup);
    m_bare = files.image();
    files.crash([](std::size_t count) { return count; });
    m_marked = files.image();
    const auto records = readAll(files);
    QVERIFY(records);
    m_records = *records;
    QVERIFY(m_bare != m_marked);
    QVERIFY(!m_bare.contains(nameOf(1)));
    QVERIFY(m_bare.size() >= 4);
    qInfo("%d segments, %d records", int(m_bare.size()), int(m_records.size()));
}

/// Starts a journal on \a image. Empty, or why that is neither of the three outcomes.
QString TestFileJournalDamage::judge(const Image &image, Outcomes &outcomes) const
{
    MemoryFileSystem files;
    files.restore(image);
    const auto found = readAll(files);
    if (!found) {
        ++outcomes.stopped;
        const ErrorCode code = found.error().code;
        const bool isKnown = code == ErrorCode::corrupt || code == ErrorCode::refused;
        return isKnown && found.error().message.contains(QLatin1String("segment-"))
                   ? QString()
                   : found.error().message;
    }
    if (*found == m_records) {
        ++outcomes.complete;
        return {};
    }
    ++outcomes.cut;
    const Records cut(m_records.begin(), m_records.end() - m_lastGroup);
    return *found == cut ? QString() : QStringLiteral("records were lost or invented");
}

void TestFileJournalDamage::flip_ofAnyByteIsNoticed()
{
    QFETCH(bool, isMarked);
    Outcomes outcomes;
    for (const auto &[name, bytes] : image(isMarked)) {
        for (qsizetype at = 0; at < bytes.size(); ++at) {
            Image damaged = image(isMarked);
            damaged[name][at] = char(bytes.at(at) ^ (1 << (at % 8)));
            QCOMPARE(judge(damaged, outcomes), QString());
        }
    }
    qInfo("%d flips: %d complete, %d stops, %d cut", outcomes.all(), outcomes.complete,
          outcomes.stopped, outcomes.cut);
    QVERIFY(outcomes.stopped > 4000);
    QVERIFY(outcomes.complete > 4000);
    QCOMPARE(outcomes.cut > 0, !isMarked);
}

void TestFileJournalDamage::flip_ofAnyBitOfTheLastGroupIsNoticed()
{
    QFETCH(bool, isMarked);
    const Image &whole = image(isMarked);
    const QString name = lastOf(whole);
    const auto end = qsizetype(endOf(whole));
    QVERIFY(end > 1000);
    Outcomes outcomes;
    for (qsizetype bit = (end - 1000) * 8; bit < (end + 64) * 8; ++bit) {
        Image damaged = whole;
        damaged[name][bit / 8] = char(damaged[name].at(bit / 8) ^ (1 << (bit % 8)));
        QCOMPARE(judge(damaged, outcomes), QString());
    }
    qInfo("%d flips: %d complete, %d stops, %d cut", outcomes.all(), outcomes.complete,
          outcomes.stopped, outcomes.cut);
    QCOMPARE(outcomes.cut > 0, !isMarked);
}

void TestFileJournalDamage::flip_inAnEmptyLastSegmentIsNoticed()
{
    MemoryFileSystem files;
    files.restore(m_marked);
    FileJournal journal(files, smallSegments(4096 + 3584));
    QVERIFY(journal.replay([](const JournalRecord &) { return Result<void>(); }));
    // The group that needs a new segment finds no space in it.
    const auto last = *format::segmentNumber(lastOf(m_marked));
    files.setFaultHook([last](FileCall call, const QString &name) -> std::optional<Error> {
        const bool isGroup = call == FileCall::write && name == nameOf(last + 1);
        return isGroup ? std::optional(Error{ErrorCode::noSpace, name}) : std::nullopt;
    });
    for (int i = 0; i < 9; ++i) {
        if (!journal.append({vote(900, 500)}))
            break;
    }
    files.setFaultHook(nullptr);
    QVERIFY(journal.sync());
    files.crash([](std::size_t) { return std::size_t(0); });
    const Image whole = files.image();
    QVERIFY(whole.contains(nameOf(last + 1)));
    const auto records = readAll(files);
    QVERIFY(records);
    int stops = 0;
    for (qsizetype at = 0; at < qsizetype(format::segmentHeaderBytes); ++at) {
        Image damaged = whole;
        damaged[lastOf(whole)][at] = char(damaged[lastOf(whole)].at(at) ^ 4);
        files.restore(damaged);
        QVERIFY(!readAll(files));
        ++stops;
    }
    QCOMPARE(stops, 64);
}

void TestFileJournalDamage::sector_ofZerosIsNoticed()
{
    QFETCH(bool, isMarked);
    Outcomes outcomes;
    for (const auto &[name, bytes] : image(isMarked)) {
        for (qsizetype at = 0; at < bytes.size(); at += 512) {
            Image damaged = image(isMarked);
            damaged[name].replace(at, 512, QByteArray(512, '\0'));
            QCOMPARE(judge(damaged, outcomes), QString());
        }
    }
    qInfo("%d sectors: %d complete, %d stops, %d cut", outcomes.all(), outcomes.complete,
          outcomes.stopped, outcomes.cut);
    QCOMPARE(outcomes.cut > 0, !isMarked);
    QVERIFY(outcomes.stopped > 10);
}

/// A write that went to the wrong place: each sector with data, over each other one.
void TestFileJournalDamage::sector_ofAnotherPlaceIsNoticed()
{
    Outcomes outcomes;
    const QByteArray source = m_marked.begin()->second;
    for (qsizetype from = 4096; from < source.size(); from += 512) {
        for (const auto &[target, bytes] : m_marked) {
            for (qsizetype at = 0; at < bytes.size(); at += 512) {
                Image damaged = m_marked;
                damaged[target].replace(at, 512, source.mid(from, 512));
                QCOMPARE(judge(damaged, outcomes), QString());
            }
        }
    }
    qInfo("%d sectors: %d complete, %d stops, %d cut", outcomes.all(), outcomes.complete,
          outcomes.stopped, outcomes.cut);
    QCOMPARE(outcomes.cut, 0);
    QVERIFY(outcomes.stopped > 10);
}

void TestFileJournalDamage::cut_atAnyByteStops()
{
    Outcomes outcomes;
    for (const auto &[name, bytes] : m_marked) {
        for (qsizetype size = 0; size < bytes.size(); ++size) {
            Image damaged = m_marked;
            damaged[name].truncate(size);
            QCOMPARE(judge(damaged, outcomes), QString());
        }
    }
    qInfo("%d cuts: %d stops", outcomes.all(), outcomes.stopped);
    QCOMPARE(outcomes.stopped, outcomes.all());
}

/// The first and the last one too.
void TestFileJournalDamage::segment_missingStops()
{
    Outcomes outcomes;
    for (const auto &[name, bytes] : m_bare) {
        if (name == QLatin1String(format::lockName))
            continue;
        Image damaged = m_bare;
        damaged.erase(name);
        QCOMPARE(judge(damaged, outcomes), QString());
    }
    QCOMPARE(outcomes.stopped, outcomes.all());
    QVERIFY(outcomes.stopped >= 4);
}

/// One file is restored from a backup: the last segment from the time when it was half full.
void TestFileJournalDamage::segment_ofAnEarlierMomentStops()
{
    MemoryFileSystem files;
    files.restore(m_marked);
    FileJournal journal(files, smallSegments(4096 + 3584));
    QVERIFY(journal.replay([](const JournalRecord &) { return Result<void>(); }));
    std::vector<Image> moments;
    for (std::uint64_t slot = 100; slot < 120; ++slot) {
        QVERIFY(journal.append({vote(slot, 300)}));
        QVERIFY(journal.sync());
        moments.push_back(files.image());
    }
    int stops = 0;
    for (const Image &moment : moments) {
        for (const auto &[name, bytes] : moment) {
            if (bytes == moments.back().at(name) || name == lastOf(moments.back()))
                continue;
            Image mixed = moments.back();
            mixed[name] = bytes;
            files.restore(mixed);
            const auto found = readAll(files);
            QVERIFY(!found || found->back() == vote(119, 300)); // only the seal may be missing
            stops += found ? 0 : 1;
        }
    }
    QVERIFY(stops > 5);
}

void TestFileJournalDamage::segment_exchangedStops()
{
    Outcomes outcomes;
    for (const auto &[first, bytes] : m_marked) {
        for (const auto &[second, others] : m_marked) {
            if (first == second || bytes.isEmpty() || others.isEmpty())
                continue;
            Image damaged = m_marked;
            std::swap(damaged[first], damaged[second]);
            QCOMPARE(judge(damaged, outcomes), QString());
        }
    }
    QCOMPARE(outcomes.stopped, outcomes.all());
    QVERIFY(outcomes.stopped >= 6);
}

/// The same history, written by another node.
void TestFileJournalDamage::segment_ofAnotherNodeIsRefused()
{
    MemoryFileSystem files;
    FileJournal::Options options = smallSegments(4096 + 3584);
    options.owner.node = NodeId(8);
    FileJournal journal(files, options);
    qsizetype lastGroup = 0;
    writeScript(journal, lastGroup);
    const Image other = files.image();
    Outcomes outcomes;
    QCOMPARE(judge(other, outcomes), QString()); // all of them
    for (const auto &[name, bytes] : other) {
        if (bytes.isEmpty())
            continue;
        Image mixed = m_marked;
        mixed[name] = bytes;
        QCOMPARE(judge(mixed, outcomes), QString());
    }
    QCOMPARE(outcomes.stopped, outcomes.all());
    files.restore(other);
    const auto refused = readAll(files);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::refused);
    QVERIFY2(refused.error().message.contains(QLatin1String("node 8, not to that of node 7")),
             qPrintable(refused.error().message));
}

/// The files of a journal of four groups of one size; the second is filled with \a letter.
static Image lifeWith(char letter, std::uint64_t segmentBytes)
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments(segmentBytes));
    Result<void> done = journal.replay([](const JournalRecord &) { return Result<void>(); });
    for (std::uint64_t slot = 1; done && slot <= 4; ++slot) {
        JournalRecord record = vote(slot, 400);
        if (slot == 2)
            record.payload.fill(letter);
        done = journal.append({record});
        if (done)
            done = journal.sync();
    }
    return done ? files.image() : Image();
}

/// The right numbers in the right place, but written behind another group than the one that is
/// there: the same history up to the second group, then two different ones.
void TestFileJournalDamage::life_otherThanThisOneIsNotBelieved()
{
    MemoryFileSystem files;
    const QString first = nameOf(1);
    Image mixed = lifeWith('a', 8192);
    const qsizetype third = 4096 + 2 * 512;
    mixed[first].replace(third, 512, lifeWith('b', 8192)[first].mid(third, 512));
    mixed[first].replace(third + 512, 512, QByteArray(512, '\0'));
    files.restore(mixed);
    const auto found = readAll(files);
    QVERIFY(found);
    QCOMPARE(found->size(), std::size_t(2)); // nothing is left that says that more was durable

    Image exchanged = lifeWith('a', 4096 + 3 * 512); // two groups in each segment
    const QString second = nameOf(2);
    QVERIFY(exchanged[second] != lifeWith('b', 4096 + 3 * 512)[second]);
    exchanged[second] = lifeWith('b', 4096 + 3 * 512)[second];
    files.restore(exchanged);
    const auto refused = readAll(files);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::corrupt);
}

void TestFileJournalDamage::cluster_otherThanExpectedIsRefused()
{
    MemoryFileSystem files;
    files.restore(m_marked);
    for (const std::uint64_t cluster : {0xc0ffeeU, 0xbadU}) {
        FileJournal::Options options = smallSegments();
        options.owner.cluster = ClusterId(cluster);
        FileJournal journal(files, options);
        const Result<void> replayed =
            journal.replay([](const JournalRecord &) { return Result<void>(); });
        QCOMPARE(replayed.has_value(), cluster == 0xc0ffee);
        if (replayed)
            continue;
        QCOMPARE(replayed.error().code, ErrorCode::refused);
        QVERIFY(replayed.error().message.contains(QLatin1String("cluster c0ffee")));
    }
}

void TestFileJournalDamage::version_newerIsRefused()
{
    MemoryFileSystem files;
    Image newer = m_marked;
    QByteArray &bytes = newer[lastOf(newer)];
    bytes[8] = 2;
    const std::uint32_t checksum =
        crc32c(QByteArrayView(bytes).sliced(16, 48), crc32c(QByteArrayView(bytes).first(12)));
    qToLittleEndian<quint32>(checksum, bytes.data() + 12);
    files.restore(newer);
    const auto refused = readAll(files);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::refused);
    QVERIFY2(refused.error().message.contains(QLatin1String("has format 2, this program reads")),
             qPrintable(refused.error().message));
}

void TestFileJournalDamage::refusal_changesNothing()
{
    MemoryFileSystem files;
    Image damaged = m_marked;
    damaged.begin()->second[5000] = char(damaged.begin()->second.at(5000) ^ 1);
    damaged[nameOf(5)][4100] = char(damaged[nameOf(5)].at(4100) ^ 1);
    files.restore(damaged);
    QVERIFY(!readAll(files));
    files.crash([](std::size_t count) { return count; });
    Image after = files.image();
    after.erase(QLatin1String(format::lockName));
    damaged.erase(QLatin1String(format::lockName));
    QVERIFY(after == damaged);
}

/// Bytes of an unfinished group stand behind the end. After a start they are durably gone, whatever
/// is written then.
void TestFileJournalDamage::tail_ofGarbageIsRemovedForGood()
{
    const auto end = qsizetype(endOf(m_bare));
    const QString name = lastOf(m_bare);
    for (const qsizetype gap : {0, 8, 100, 400}) {
        MemoryFileSystem files;
        Image torn = m_bare;
        const qsizetype at = end + gap;
        QVERIFY(at + 64 <= torn[name].size());
        torn[name].replace(at, 64, QByteArray(64, '\x5a'));
        files.restore(torn);
        const auto records = readAll(files);
        QVERIFY(records);
        QVERIFY(*records == m_records);
        files.crash([](std::size_t) { return std::size_t(0); });
        QVERIFY(!files.image()[name].contains(QByteArray(8, '\x5a')));
    }
}

void TestFileJournalDamage::garbage_asSegmentStops()
{
    SeededRandom random(4);
    Outcomes outcomes;
    for (int i = 0; i < 300; ++i) {
        Image damaged = m_marked;
        QByteArray garbage(qsizetype(random.below(9000)), '\0');
        for (char &byte : garbage)
            byte = char(random.next());
        damaged[nameOf(4 + random.below(3))] = garbage;
        QCOMPARE(judge(damaged, outcomes), QString());
    }
    QCOMPARE(outcomes.stopped, 300);
}

QTEST_APPLESS_MAIN(TestFileJournalDamage)
#include "tst_file_journal_damage.moc"
