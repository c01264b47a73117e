// SPDX-License-Identifier: Apache-2.0
#include "engine/store_layout.h"
#include "engine/store_machine.h"
#include "fuzz/config_corpus.h"
#include "fuzz/front_corpus.h"
#include "fuzz/journal_files.h"
#include "fuzz/journal_input.h"
#include "fuzz/store_calls_corpus.h"
#include "net/peer_frame.h"
#include "net/peer_hello.h"
#include "net/peer_limits.h"
#include "storage/file_journal.h"
#include "storage/sqlite_checkpoint.h"
#include "unit/engine/codec_samples.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

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

/// What a peer begins with, cut in different ways.
static void writePeerStreams(CorpusWriter &corpus)
{
    net::PeerHello hello;
    hello.cluster = ClusterId(7);
    hello.node = NodeId(17);
    hello.run = RunId(81);
    hello.address = QStringLiteral("10.0.0.1:7401");
    hello.build = QStringLiteral("0.1.0");
    hello.clusterName = QStringLiteral("main");
    const QByteArray magic(net::peerMagic, qsizetype(net::peerMagicBytes));
    for (const char cut : {'\0', '\x0f', '\xff'}) {
        QByteArray stream = cut + magic;
        net::appendFrame(stream, net::PeerFrameKind::hello, net::encodeHello(hello));
        net::appendFrame(stream, net::PeerFrameKind::message, "a frame");
        net::appendFrame(stream, net::PeerFrameKind::addresses,
                         net::encodeAddresses({QStringLiteral("a:1"), QStringLiteral("[::1]:2")}));
        net::appendFrame(stream, net::PeerFrameKind::refusal,
                         net::encodeRefusal(QStringLiteral("no")));
        corpus.write(QStringLiteral("fuzz_peer_stream"),
                     QStringLiteral("pieces-%1").arg(int(std::uint8_t(cut)) + 1), stream);
    }
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

static QByteArray inputOf(const std::vector<QByteArray> &commands)
{
    QByteArray input;
    for (const QByteArray &command : commands) {
        input += char(command.size() % 256);
        input += char(command.size() / 256);
        input += command;
    }
    return input;
}

/// Lists of commands and questions; the session 1 is open.
static void writeStoreCommands(CorpusWriter &corpus)
{
    using namespace store;
    const auto write = [&corpus](const char *name, const std::vector<QByteArray> &commands) {
        corpus.write(QStringLiteral("fuzz_store_command"), QLatin1String(name), inputOf(commands));
    };
    const auto put = [](const char *path, const char *value) {
        return Transaction{{}, {Put{path, value}}, {}};
    };
    const auto sent = [](std::uint64_t sequence, std::uint64_t acknowledged) {
        return Origin{SessionId(1), Sequence(sequence), Sequence(acknowledged)};
    };
    const QByteArray first = encode(Command{{}, put("/a", "v")});
    const Transaction large{
        {RevisionEquals{"/a", Revision(1)}, Missing{"/b"}, CreatedEquals{"/a", Revision(1)},
         ValueEquals{"/a", "v"}, SessionAlive{SessionId(1)}, TimeReached{WallMs(1)},
         RevisionBelow{"/a", Revision(2)}, TimeWithin{WallMs(1), WallMs(9)}},
        {Put{"/e", "v", true}, Put{"/l", "v", true, WallMs(5)}, Put{"/b/c", "w"}, Delete{"/a"}},
        {DeleteTree{"/b"}, DeleteTree{"/"}}};
    write("transaction",
          {first, encode(Command{sent(1, 0), large}), encode(Command{sent(2, 0), large})});
    const QByteArray once = encode(Command{sent(1, 0), put("/a", "v")});
    write("exactly-once", {once, once, encode(Command{sent(2, 1), put("/e", "v")}),
                           encode(Command{sent(70, 2), put("/a", "v")})});
    write("sessions",
          {encode(Command{{}, OpenSession{2, WallMs(10'000)}}),
           encode(Command{{}, OpenSession{2, WallMs(10'000)}}),
           encode(Command{sent(1, 0), Transaction{{}, {Put{"/l", "v", true, WallMs(5)}}, {}}}),
           encode(Command{{}, CloseSession{SessionId(2)}}),
           encode(Command{{}, EndSession{SessionId(1), Slot(0)}}), first});
    write("compaction", {first, first, encode(Command{{}, Transaction{{}, {Delete{"/a"}}, {}}}),
                         encode(Command{{}, Compact{Revision(2)}}), first,
                         encode(Command{{}, RaiseApplyVersion{2}}), first});
    write("queries",
          {first, encode(Question(Get{"/a", Revision(1)})), encode(Question(List{"/", {}, {}})),
           encode(Question(store::Range{"/A", "/b", {"/a", 7, Detail::keys}, {}})),
           encode(Question(Match{"/**/a*", {{}, 1, Detail::count}, {}})),
           encode(Question(Entries{"/", {}, {}})), encode(Question(Stat{"/a", {}})),
           encode(Question(SessionState{SessionId(1)})), encode(Question(SessionList{})),
           encode(Question(StoreState{}))});
}

/// A small checkpoint as a node sends it.
static void writeCheckpoint(CorpusWriter &corpus)
{
    const QTemporaryDir directory;
    StoreMachine machine;
    store::Transaction files{{}, {store::Put{"/a", "1"}, store::Put{"/b/c", "2"}}, {}};
    static_cast<void>(
        machine.apply(Slot(1), WallMs(1),
                      {store::encode(store::Command{{}, store::OpenSession{1, WallMs(10'000)}}),
                       store::encode(store::Command{
                           store::Origin{SessionId(1), Sequence(1), Sequence(0)}, files})}));
    storage::SqliteCheckpoint checkpoint({directory.path(), storeLayout()});
    const storage::CheckpointHeader header{
        ClusterId(7), machine.applied(), machine.hash(),
        codec::encodeConfiguration(CodecSamples(1).configuration())};
    const Result<void> committed = checkpoint.commit(header, machine.takeChanges());
    const auto file = checkpoint.exportFile();
    const auto bytes = committed && file ? (*file)->read(0, std::size_t((*file)->size()))
                                         : Result<QByteArray>(QByteArray());
    corpus.write(QStringLiteral("fuzz_checkpoint"), QStringLiteral("small"),
                 bytes ? *bytes : QByteArray());
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
    writePeerStreams(corpus);
    const auto write = [&corpus](const QString &fuzzer, const QString &name,
                                 const QByteArray &bytes) { corpus.write(fuzzer, name, bytes); };
    fuzz::writeFront(write);
    fuzz::writeStoreCalls(write);
    fuzz::writeConfig(write);
    writeJournals(corpus);
    writeStoreCommands(corpus);
    writeCheckpoint(corpus);
    if (!corpus.isWhole())
        std::fprintf(stderr, "make_corpus: could not write everything\n");
    return corpus.isWhole() ? 0 : 1;
}
