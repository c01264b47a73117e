// SPDX-License-Identifier: Apache-2.0
#include "fuzz/journal_files.h"
#include "fuzz/journal_input.h"
#include "storage/file_journal.h"
#include "unit/engine/codec_samples.h"

#include <QDir>
#include <QFile>

#include <cstdio>

using namespace coffer;
using namespace coffer::engine;

/// Writes first inputs for the fuzzers, always the same: of the codec two of each kind.
class CorpusWriter
{
public:
    explicit CorpusWriter(const QString &root) : m_root(root) {}

    [[nodiscard]] bool isWhole() const { return m_isWhole; }

    void write(const QString &fuzzer, const QString &name, const QByteArray &bytes)
    {
        const QDir folder(m_root.filePath(fuzzer));
        QFile file(folder.filePath(name));
        m_isWhole = m_isWhole && folder.mkpath(QStringLiteral("."))
                    && file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
    }

private:
    QDir m_root;
    bool m_isWhole = true;
};

static void writeSamples(CorpusWriter &corpus, std::uint64_t seed)
{
    // Each has its own samples, so that a change of one leaves the others as they are.
    const auto named = [seed](const char *name) {
        return QStringLiteral("%1-%2").arg(QLatin1String(name)).arg(seed);
    };
    for (std::size_t kind = 0; kind < CodecSamples::kinds; ++kind) {
        corpus.write(QStringLiteral("fuzz_peer_frame"), named(CodecSamples::name(kind)),
                     codec::encodeFrame(CodecSamples(seed).frame(kind)));
    }
    const QString journal = QStringLiteral("fuzz_journal_record");
    for (std::size_t kind = 0; kind < CodecSamples::recordKinds; ++kind) {
        const storage::JournalRecord record = codec::toJournal(CodecSamples(seed).record(kind));
        corpus.write(journal, QStringLiteral("kind%1-%2").arg(int(record.kind)).arg(seed),
                     fuzz::inputOf(record));
    }
    corpus.write(journal, named("founding"),
                 fuzz::inputOf(codec::foundingRecord(CodecSamples(seed).founding())));
    corpus.write(QStringLiteral("fuzz_batch"), named("batch"),
                 codec::encodeBatch(CodecSamples(seed).batch()));
    corpus.write(QStringLiteral("fuzz_configuration"), named("configuration"),
                 codec::encodeConfiguration(CodecSamples(seed).configuration()));
}

static void writePaths(CorpusWriter &corpus)
{
    const QString path = QStringLiteral("fuzz_path");
    corpus.write(path, QStringLiteral("root"), "/");
    corpus.write(path, QStringLiteral("deep"), "/a/b.c/d-e/~@%+=:_/0");
    corpus.write(path, QStringLiteral("long"), '/' + QByteArray(255, 'a') + "/b");
    corpus.write(path, QStringLiteral("slash"), "/a/");
    const QString glob = QStringLiteral("fuzz_glob");
    corpus.write(glob, QStringLiteral("root"), "/\n/");
    corpus.write(glob, QStringLiteral("literal"), "/a/b\n/a/b");
    corpus.write(glob, QStringLiteral("segment"), "/a/*/c?\n/a/b/cd");
    corpus.write(glob, QStringLiteral("pairs"), "/**/a***b\n/x/y/a/z/b");
    corpus.write(glob, QStringLiteral("many"), "/*a*a*a**a*b\n/aaaa/aaaaaaab");
    corpus.write(glob, QStringLiteral("refused"), "/a//*\n/a");
}

/// Two small journals, one of a single segment; each once with its own checksums and once with
/// those that the fuzzer makes.
static void writeJournals(CorpusWriter &corpus)
{
    storage::FileJournal::Options options;
    options.owner.node = NodeId(7);
    options.segmentBytes = storage::format::firstBlockOffset + 2048;
    for (const std::uint64_t groups : {1, 5}) {
        storage::MemoryFileSystem files;
        storage::FileJournal journal(files, options);
        Result<void> done = journal.replay([](const auto &) { return Result<void>(); });
        for (std::uint64_t seed = 1; done && seed <= groups; ++seed) {
            CodecSamples samples(seed);
            done = journal.append({codec::foundingRecord(samples.founding()),
                                   {storage::RecordKind::vote, Slot(seed), {}, "entry"}});
            if (done)
                done = journal.sync();
        }
        files.crash([](std::size_t states) { return states; });
        QByteArray input = fuzz::inputOf(files.image());
        const QString name = QStringLiteral("groups%1").arg(groups);
        corpus.write(QStringLiteral("fuzz_journal"), name, input);
        input[0] = char(input.at(0) | 4);
        corpus.write(QStringLiteral("fuzz_journal"), name + QStringLiteral("-right"), input);
    }
}

int main(int count, char **arguments)
{
    if (count != 2) {
        std::fprintf(stderr, "usage: make_corpus <folder>\n");
        return 2;
    }
    CorpusWriter corpus(QString::fromLocal8Bit(arguments[1]));
    for (const std::uint64_t seed : {1, 2})
        writeSamples(corpus, seed);
    writePaths(corpus);
    writeJournals(corpus);
    if (!corpus.isWhole())
        std::fprintf(stderr, "make_corpus: could not write everything\n");
    return corpus.isWhole() ? 0 : 1;
}
