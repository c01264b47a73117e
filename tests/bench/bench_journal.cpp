// SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"
#include "storage/file_journal.h"
#include "storage/posix_file_system.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QTemporaryDir>

#include <chrono>
#include <cstdio>

using namespace coffer;
using namespace coffer::bench;
using namespace coffer::storage;

/// What the command line asks for. Value.
struct Plan
{
    QString directory;
    int runs = 9;
    int writes = 400; ///< Of each kind in one run.
};

/// A journal and a bare file in one directory, which take turns.
class Contest
{
public:
    /// \a groupRecords votes of 300 bytes make a group.
    Contest(const QString &directory, int groupRecords) : m_files(*PosixFileSystem::open(directory))
    {
        FileJournal::Options options;
        options.owner.node = NodeId(7);
        m_journal = std::make_unique<FileJournal>(*m_files, options);
        const Ballot ballot{Epoch(1), 1, NodeId(7)};
        for (int i = 0; i < groupRecords; ++i)
            m_group.push_back(
                {RecordKind::vote, Slot(std::uint64_t(i) + 1), ballot, QByteArray(300, char(i))});
        for (const JournalRecord &record : m_group)
            format::append(record, m_bytes);
        m_bytes.prepend(QByteArray(qsizetype(format::blockHeaderBytes), 'h'));
    }

    [[nodiscard]] Result<void> prepare(int writes)
    {
        if (Result<void> replayed =
                m_journal->replay([](const JournalRecord &) { return Result<void>(); });
            !replayed)
            return replayed;
        auto bare = m_files->create(QStringLiteral("bare"));
        if (!bare)
            return bare.error();
        m_bare = std::move(*bare);
        // Zeros, so that a write costs the file system nothing besides.
        const QByteArray zeros(qsizetype(1) << 20, '\0');
        const auto bytes = std::uint64_t(m_bytes.size()) * std::uint64_t(writes);
        for (std::uint64_t offset = 0; offset < bytes; offset += std::uint64_t(zeros.size())) {
            if (Result<void> written = m_bare->write(offset, zeros); !written)
                return written;
        }
        return m_bare->sync();
    }

    [[nodiscard]] Result<void> writeBare()
    {
        if (Result<void> written = m_bare->write(m_offset, m_bytes); !written)
            return written;
        m_offset += std::uint64_t(m_bytes.size());
        return m_bare->sync();
    }

    [[nodiscard]] Result<void> writeJournal()
    {
        if (Result<void> appended = m_journal->append(m_group); !appended)
            return appended;
        return m_journal->sync();
    }

private:
    std::unique_ptr<PosixFileSystem> m_files;
    std::unique_ptr<FileJournal> m_journal;
    std::unique_ptr<File> m_bare;
    std::vector<JournalRecord> m_group;
    QByteArray m_bytes; ///< As large as the group in the journal.
    std::uint64_t m_offset = 0;
};

/// Both write in turns, so that what else the disk has to do meets both alike.
static Result<void> measureRun(const QString &directory, int groupRecords, int writes,
                               std::vector<Figure> &figures)
{
    using Clock = std::chrono::steady_clock;
    using Microseconds = std::chrono::duration<double, std::micro>;
    Contest contest(directory, groupRecords);
    if (Result<void> prepared = contest.prepare(writes); !prepared)
        return prepared;
    for (int i = 0; i < writes; ++i) {
        const auto begin = Clock::now();
        if (Result<void> written = contest.writeBare(); !written)
            return written;
        const auto middle = Clock::now();
        if (Result<void> written = contest.writeJournal(); !written)
            return written;
        figures[0].samples.push_back(Microseconds(middle - begin).count());
        figures[1].samples.push_back(Microseconds(Clock::now() - middle).count());
    }
    return {};
}

static double mean(const std::vector<double> &samples)
{
    double sum = 0;
    for (const double sample : samples)
        sum += sample;
    return sum / double(samples.size());
}

static Result<void> measure(const Plan &plan, int groupRecords, Report &report)
{
    Case measured(QStringLiteral("journal"),
                  groupRecords == 1 ? QStringLiteral("single records of 300 B")
                                    : QStringLiteral("groups of %1 x 300 B").arg(groupRecords));
    for (int run = 0; run < plan.runs; ++run) {
        const QTemporaryDir directory(plan.directory + QStringLiteral("/bench_journal-XXXXXX"));
        std::vector<Figure> times(2);
        if (Result<void> done = measureRun(directory.path(), groupRecords, plan.writes, times);
            !done)
            return done;
        const Figure &bare = times[0];
        const Figure &journal = times[1];
        measured.add(QStringLiteral("us a bare write and fdatasync, median"), bare.median());
        measured.add(QStringLiteral("us a group of the journal, median"), journal.median());
        measured.add(QStringLiteral("times the bare one, median"),
                     journal.median() / bare.median());
        measured.add(QStringLiteral("times the bare one, mean"),
                     mean(journal.samples) / mean(bare.samples));
        measured.add(QStringLiteral("us a group of the journal, p99"), journal.quantile(0.99));
        measured.add(QStringLiteral("records/s, by the mean"),
                     1e6 * groupRecords / mean(journal.samples));
    }
    report.add(std::move(measured));
    return {};
}

int main(int count, char **arguments)
{
    QCoreApplication application(count, arguments);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "The journal against bare writes of the same bytes, each with an fdatasync."));
    parser.addHelpOption();
    parser.addOption({QStringLiteral("dir"), QStringLiteral("where to write, . unless told"),
                      QStringLiteral("directory"), QStringLiteral(".")});
    parser.addOption({QStringLiteral("runs"), QStringLiteral("runs of each case, 9 unless told"),
                      QStringLiteral("number"), QStringLiteral("9")});
    parser.addOption({QStringLiteral("writes"),
                      QStringLiteral("writes of each kind a run, 400 unless told"),
                      QStringLiteral("number"), QStringLiteral("400")});
    parser.addOption({QStringLiteral("json"), QStringLiteral("one JSON array instead of text")});
    parser.process(application);
    const Plan plan{parser.value(QStringLiteral("dir")),
                    parser.value(QStringLiteral("runs")).toInt(),
                    parser.value(QStringLiteral("writes")).toInt()};
    if (plan.runs < 1 || plan.writes < 1)
        parser.showHelp(2);

    Report report(parser.isSet(QStringLiteral("json")));
    report.begin(
        QStringLiteral("journal"),
        QStringLiteral("Bare file (written before, so no space is to be found) and journal "
                       "take turns, one write each.\nThe median of the runs, and the least "
                       "and the most."));
    for (const int groupRecords : {1, 64}) {
        if (const Result<void> measured = measure(plan, groupRecords, report); !measured) {
            std::fprintf(stderr, "bench_journal: %s\n", qUtf8Printable(measured.error().message));
            return 1;
        }
    }
    report.finish();
    return 0;
}
