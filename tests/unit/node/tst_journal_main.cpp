// SPDX-License-Identifier: Apache-2.0
#include "engine/codec.h"
#include "node/journal_printer.h"
#include "storage/file_journal.h"
#include "storage/posix_file_system.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::storage;

/// What the program answered.
struct Answer
{
    int code = -1;
    QString out;
    QString err;
};

static Answer run(const QStringList &arguments)
{
    QProcess process;
    process.start(QStringLiteral(COFFERD_JOURNAL), arguments);
    if (!process.waitForFinished())
        return {};
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()),
            QString::fromUtf8(process.readAllStandardError())};
}

static const QString segment = QStringLiteral("segment-0000000000000001");

/// The program cofferd-journal, run on a journal that holds one record of each kind.
class TestJournalMain : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void all_isPrintedInOrder();
    void kinds_leaveOutTheOthers();
    void range_leavesOutOtherSlots();
    void raw_showsPayloads();
    void help_isPrinted();
    void options_thatMakeNoSenseEndWith2_data();
    void options_thatMakeNoSenseEndWith2();
    void directory_thatIsNotThereEndsWith1();
    void directory_withoutAJournalSaysSo();
    void damage_isSaidAfterWhatIsBeforeIt();
    void journal_isNotChanged();
    void kinds_haveNamesThatAreReadBack();

private:
    [[nodiscard]] QString path() const { return m_directory->path(); }
    [[nodiscard]] QByteArray contents() const;

    std::unique_ptr<QTemporaryDir> m_directory;
};

void TestJournalMain::init()
{
    m_directory = std::make_unique<QTemporaryDir>();
    const auto files = PosixFileSystem::open(path());
    QVERIFY(files);
    FileJournal::Options options;
    options.owner.node = NodeId(0xa1);
    options.segmentBytes = 16'384;
    FileJournal journal(**files, options);
    QVERIFY(journal.replay([](const JournalRecord &) { return Result<void>(); }));

    const Ballot ballot{Epoch(1), 2, NodeId(0xa1)};
    const QByteArray batch = engine::codec::encodeBatch({WallMs(1234), {"put", "delete"}});
    const consensus::Entry commands{consensus::EntryKind::commands, batch, {}};
    const consensus::Entry stop{
        consensus::EntryKind::reconfigure, {}, {{NodeId(0xa1)}, {NodeId(0xb2)}}};
    const auto toJournal = engine::codec::toJournal;
    QVERIFY(
        journal.append({engine::codec::foundingRecord({ClusterId(0xc0ffee), {{NodeId(0xa1)}, {}}}),
                        toJournal(consensus::PromiseRecord{ballot})}));
    QVERIFY(journal.append({toJournal(consensus::VoteRecord{Slot(5), ballot, commands}),
                            toJournal(consensus::ChosenRecord{Slot(6), stop}),
                            toJournal(consensus::ChosenUpToRecord{Slot(6)})}));
    QVERIFY(journal.append(
        {{RecordKind::install, Slot(6), {}, "g7"}, {RecordKind::fenced, Slot(), {}, {}}}));
    QVERIFY(journal.sync());
}

QByteArray TestJournalMain::contents() const
{
    QFile file(path() + QLatin1Char('/') + segment);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void TestJournalMain::all_isPrintedInOrder()
{
    const Answer answer = run({path()});
    QCOMPARE(answer.err, QString());
    QCOMPARE(answer.code, 0);
    QCOMPARE(answer.out,
             QStringLiteral(
                 "1  segment 1 at 4096  founding  cluster c0ffee, voters a1, observers none\n"
                 "2  segment 1 at 4096  promise  ballot 1.2.a1\n"
                 "3  segment 1 at 4608  vote  slot 5  ballot 1.2.a1  commands: 2 in 20 bytes, "
                 "stamp 1234 ms\n"
                 "4  segment 1 at 4608  chosen  slot 6  stop-sign: voters a1, observers b2\n"
                 "5  segment 1 at 4608  chosenUpTo  slot 6\n"
                 "6  segment 1 at 5120  install  slot 6  generation g7\n"
                 "7  segment 1 at 5120  fenced\n"
                 "Whole. Node a1, cluster c0ffee, segments 1 to 1, 7 records shown; the last one "
                 "is 7, durable for certain are those up to 7.\n"));
}

void TestJournalMain::kinds_leaveOutTheOthers()
{
    const Answer answer =
        run({path(), QStringLiteral("--kinds"), QStringLiteral("promise,fenced")});
    QCOMPARE(answer.code, 0);
    QCOMPARE(answer.out.count(QLatin1Char('\n')), 3);
    QVERIFY(answer.out.contains(QLatin1String("2  segment 1 at 4096  promise")));
    QVERIFY(answer.out.contains(QLatin1String("7  segment 1 at 5120  fenced")));
}

void TestJournalMain::range_leavesOutOtherSlots()
{
    const auto lines = [this](const QStringList &range) {
        return run(QStringList{path()} + range).out.count(QLatin1Char('\n')) - 1;
    };
    QCOMPARE(lines({QStringLiteral("--from"), QStringLiteral("6")}), 3);
    QCOMPARE(lines({QStringLiteral("--to"), QStringLiteral("5")}), 1);
    QCOMPARE(lines({QStringLiteral("--from=7")}), 0);
    QCOMPARE(lines({QStringLiteral("--from=5"), QStringLiteral("--to=6")}), 4);
}

void TestJournalMain::raw_showsPayloads()
{
    const Answer answer = run({path(), QStringLiteral("--raw"), QStringLiteral("--kinds=install")});
    QCOMPARE(answer.code, 0);
    QVERIFY(answer.out.contains(QLatin1String("generation g7\n    6737\n")));
}

void TestJournalMain::help_isPrinted()
{
    const Answer answer = run({QStringLiteral("--help")});
    QCOMPARE(answer.code, 0);
    for (const char *option : {"--help", "--from", "--to", "--kinds", "--raw", "directory"})
        QVERIFY2(answer.out.contains(QLatin1String(option)), option);
}

void TestJournalMain::options_thatMakeNoSenseEndWith2_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addRow("no directory") << QStringList{};
    QTest::addRow("unknown option") << QStringList{QStringLiteral("."), QStringLiteral("--fix")};
    QTest::addRow("unknown kind") << QStringList{QStringLiteral("."),
                                                 QStringLiteral("--kinds=votes")};
    QTest::addRow("no number") << QStringList{QStringLiteral("."), QStringLiteral("--from=x")};
}

void TestJournalMain::options_thatMakeNoSenseEndWith2()
{
    QFETCH(QStringList, arguments);
    const Answer answer = run(arguments);
    QCOMPARE(answer.code, 2);
    QVERIFY(!answer.err.isEmpty());
}

void TestJournalMain::directory_thatIsNotThereEndsWith1()
{
    const Answer answer = run({path() + QStringLiteral("/nowhere")});
    QCOMPARE(answer.code, 1);
    QVERIFY2(answer.err.contains(QLatin1String("nowhere")), qPrintable(answer.err));
}

void TestJournalMain::directory_withoutAJournalSaysSo()
{
    const QTemporaryDir empty;
    const Answer answer = run({empty.path()});
    QCOMPARE(answer.code, 0);
    QCOMPARE(answer.out, QStringLiteral("There is no journal yet.\n"));
    QVERIFY(QDir(empty.path()).isEmpty(QDir::Files));
}

void TestJournalMain::damage_isSaidAfterWhatIsBeforeIt()
{
    QByteArray bytes = contents();
    bytes[4608 + 60] = char(bytes.at(4608 + 60) ^ 1);
    QFile file(path() + QLatin1Char('/') + segment);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
    file.close();
    const Answer answer = run({path()});
    QCOMPARE(answer.code, 1);
    QVERIFY(answer.out.contains(QLatin1String("2  segment 1 at 4096  promise")));
    QVERIFY2(!answer.out.contains(QLatin1String("  vote  ")), qPrintable(answer.out));
    QVERIFY2(answer.err.contains(segment + QLatin1String(": damage at offset 4608: record 3")),
             qPrintable(answer.err));
}

/// Nor is its lock taken: a running node would not mind.
void TestJournalMain::journal_isNotChanged()
{
    const QByteArray before = contents();
    const QStringList names = QDir(path()).entryList(QDir::Files);
    const auto files = PosixFileSystem::open(path());
    QVERIFY(files);
    const auto lock = (*files)->lock(QStringLiteral("lock"));
    QVERIFY(lock);
    QCOMPARE(run({path()}).code, 0);
    QVERIFY(contents() == before);
    QCOMPARE(QDir(path()).entryList(QDir::Files), names);
}

void TestJournalMain::kinds_haveNamesThatAreReadBack()
{
    for (int kind = 1; kind <= 7; ++kind) {
        const auto name = node::JournalPrinter::nameOf(static_cast<RecordKind>(kind));
        QCOMPARE(int(node::JournalPrinter::kindOf(name).value_or(RecordKind(0))), kind);
    }
}

QTEST_APPLESS_MAIN(TestJournalMain)
#include "tst_journal_main.moc"
