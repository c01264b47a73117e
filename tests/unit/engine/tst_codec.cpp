// SPDX-License-Identifier: Apache-2.0
#include "engine/codec.h"

#include "base/limits.h"
#include "engine/codec_p.h"
#include "unit/engine/codec_faults.h"
#include "unit/engine/codec_samples.h"
#include "wire/peer.pb.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using namespace coffer::engine::codec;

static std::size_t kindNamed(const QByteArray &name)
{
    std::size_t kind = 0;
    while (name != CodecSamples::name(kind))
        ++kind;
    return kind;
}

/// A good frame of that kind with as much inside as the faults above need.
static PeerFrame frameForFault(const QByteArray &name)
{
    CodecSamples samples(7);
    PeerFrame frame = samples.frame(kindNamed(name));
    if (auto *message = std::get_if<consensus::Message>(&frame.body)) {
        if (auto *accept = std::get_if<consensus::Accept>(message))
            accept->entry = {consensus::EntryKind::commands, "body", {}};
        if (auto *promise = std::get_if<consensus::Promise>(message))
            promise->votes = {{promise->from, promise->ballot, {}}};
    }
    return frame;
}

static QByteArray spoiled(const QByteArray &bytes, void (*spoil)(wire::PeerHead &))
{
    Input in(bytes);
    wire::PeerHead head;
    in.head(head, "frame");
    const QByteArray bulk = in.takeRest(limits::frameBytesMax, "bulk");
    spoil(head);
    QByteArray out;
    appendHead(out, head);
    return out + bulk;
}

static QByteArray batchOf(std::initializer_list<std::size_t> sizes)
{
    Batch batch;
    for (const std::size_t size : sizes)
        batch.commands.emplace_back(qsizetype(size), 'c');
    return encodeBatch(batch);
}

static PeerFrame frameWith(const consensus::Message &message)
{
    return {ClusterId(1), Epoch(1), NodeId(1), RunId(1), NodeId(2), message};
}

static PeerFrame frameWith(const EngineMessage &message)
{
    return {ClusterId(1), Epoch(1), NodeId(1), RunId(1), NodeId(2), message};
}

static bool isTaken(const PeerFrame &frame)
{
    const Result<PeerFrame> decoded = decodeFrame(encodeFrame(frame));
    return decoded && *decoded == frame;
}

static const Ballot someBallot{Epoch(1), 5, NodeId(3)};

static consensus::Entry commands(std::size_t bytes)
{
    return {consensus::EntryKind::commands, QByteArray(qsizetype(bytes), 'b'), {}};
}

static consensus::MemberSet membersOf(std::size_t voters, std::size_t observers)
{
    consensus::MemberSet members;
    for (std::size_t i = 1; i <= voters + observers; ++i)
        (i <= voters ? members.voters : members.observers).emplace_back(i);
    return members;
}

/// The bytes of the block ```hex \a name in a document: what stands before two spaces in each line.
static QByteArray documented(const QByteArray &name)
{
    for (const char *path :
         {"../../../docs/formats/records.md", "../../../docs/formats/peer-messages.md"}) {
        QFile file(QFINDTESTDATA(path));
        if (!file.open(QIODevice::ReadOnly))
            return "no document";
        const QByteArray text = file.readAll();
        const QByteArray fence = "```hex " + name + "\n";
        const qsizetype begin = text.indexOf(fence);
        if (begin < 0)
            continue;
        const qsizetype end = text.indexOf("```", begin + fence.size());
        QByteArray hex;
        for (const QByteArray &line : text.mid(begin, end - begin).split('\n').mid(1))
            hex += line.left(line.indexOf("  ") < 0 ? line.size() : line.indexOf("  "));
        return QByteArray::fromHex(hex);
    }
    return "not documented";
}

class TestCodec : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void frame_roundTrips_data() { kindRows(); }
    void frame_roundTrips();
    void frame_cutAnywhereIsInvalid_data() { kindRows(); }
    void frame_cutAnywhereIsInvalid();
    void frame_withAnyByteChangedIsSafe_data() { kindRows(); }
    void frame_withAnyByteChangedIsSafe();
    void frame_withMoreBehindIsInvalid_data() { kindRows(); }
    void frame_withMoreBehindIsInvalid();
    void frame_faultNamesField_data();
    void frame_faultNamesField();
    void frame_headLargerThanLimitIsInvalid();
    void frame_largerThanLimitIsInvalid();
    void frame_unknownFieldsAreIgnored();

    void accept_bodyLimit();
    void promise_limits();
    void chosen_limits();
    void request_commandLimit();
    void reply_answerLimit();
    void reply_longSentenceIsCutBetweenCharacters();
    void checkpointChunk_limit();
    void members_limits();

    void batch_roundTrips();
    void batch_damagedIsInvalidOrSafe();
    void batch_limits();

    void record_roundTrips();
    void record_damagedIsCorruptOrSafe();
    void record_faultIsCorrupt();
    void founding_roundTrips();
    void founding_faultIsCorrupt();
    void configuration_roundTrips();
    void configuration_damagedIsInvalidOrSafe();

    void document_examplesAreWhatTheCodeWrites();

private:
    static void kindRows();
};

void TestCodec::kindRows()
{
    QTest::addColumn<std::size_t>("kind");
    for (std::size_t kind = 0; kind < CodecSamples::kinds; ++kind)
        QTest::newRow(CodecSamples::name(kind)) << kind;
}

void TestCodec::frame_roundTrips()
{
    QFETCH(std::size_t, kind);
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const PeerFrame frame = CodecSamples(seed).frame(kind);
        const Result<PeerFrame> decoded = decodeFrame(encodeFrame(frame));
        if (!decoded)
            QFAIL(qPrintable(QStringLiteral("seed %1: %2").arg(seed).arg(decoded.error().message)));
        QVERIFY2(*decoded == frame, qPrintable(QStringLiteral("seed %1").arg(seed)));
    }
}

void TestCodec::frame_cutAnywhereIsInvalid()
{
    QFETCH(std::size_t, kind);
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const QByteArray whole = encodeFrame(CodecSamples(seed).frame(kind));
        for (qsizetype size = 0; size < whole.size(); ++size) {
            const Result<PeerFrame> decoded = decodeFrame(whole.left(size));
            QVERIFY(!decoded);
            QCOMPARE(decoded.error().code, ErrorCode::invalid);
        }
    }
}

/// Calls \a check with \a whole, each of its bytes changed in several ways in turn.
template<class Check>
static void changeEachByte(const QByteArray &whole, Check check)
{
    for (qsizetype at = 0; at < whole.size(); ++at) {
        for (const int mask : {0x01, 0x02, 0x08, 0x10, 0x40, 0x80, 0xff}) {
            QByteArray changed = whole;
            changed[at] = static_cast<char>(changed.at(at) ^ mask);
            check(changed);
        }
    }
}

void TestCodec::frame_withAnyByteChangedIsSafe()
{
    QFETCH(std::size_t, kind);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        changeEachByte(encodeFrame(CodecSamples(seed).frame(kind)), [](const QByteArray &changed) {
            const Result<PeerFrame> decoded = decodeFrame(changed);
            if (decoded)
                QVERIFY(isTaken(*decoded));
            else
                QCOMPARE(decoded.error().code, ErrorCode::invalid);
        });
    }
}

void TestCodec::frame_withMoreBehindIsInvalid()
{
    QFETCH(std::size_t, kind);
    const QByteArray whole = encodeFrame(CodecSamples(1).frame(kind));
    QVERIFY(!decodeFrame(whole + '\0'));
    QVERIFY(!decodeFrame(whole + whole));
}

void TestCodec::frame_faultNamesField_data()
{
    QTest::addColumn<const Fault *>("fault");
    for (const Fault &fault : codecFaults())
        QTest::newRow(fault.name) << &fault;
}

void TestCodec::frame_faultNamesField()
{
    QFETCH(const Fault *, fault);
    const QByteArray good = encodeFrame(frameForFault(fault->kind));
    QVERIFY(decodeFrame(good));
    const Result<PeerFrame> decoded = decodeFrame(spoiled(good, fault->spoil));
    QVERIFY(!decoded);
    QCOMPARE(decoded.error().code, ErrorCode::invalid);
    QVERIFY2(decoded.error().message.startsWith(QLatin1String(fault->message)),
             qPrintable(decoded.error().message));
}

void TestCodec::frame_headLargerThanLimitIsInvalid()
{
    QByteArray bytes(headSizeBytes + qsizetype(headBytesMax + 1), '\0');
    qToLittleEndian(quint32(headBytesMax + 1), bytes.data());
    QCOMPARE(decodeFrame(bytes).error().message,
             QStringLiteral("frame.head is larger than 64 KiB"));
    bytes.chop(1);
    qToLittleEndian(quint32(headBytesMax), bytes.data());
    QCOMPARE(decodeFrame(bytes).error().message, QStringLiteral("frame.head is not a message"));
}

void TestCodec::frame_largerThanLimitIsInvalid()
{
    QByteArray bytes(qsizetype(limits::frameBytesMax + 1), '\0');
    QCOMPARE(decodeFrame(bytes).error().message, QStringLiteral("frame is larger than 8 MiB"));
    bytes.chop(1);
    QVERIFY(decodeFrame(bytes).error().message != QStringLiteral("frame is larger than 8 MiB"));
}

void TestCodec::frame_unknownFieldsAreIgnored()
{
    const PeerFrame frame = CodecSamples(1).frame(kindNamed("heartbeat"));
    const QByteArray bytes = encodeFrame(frame);
    const QByteArray unknown = QByteArray::fromHex("f80601"); // Field 111, a varint.
    QByteArray longer = bytes + unknown;
    qToLittleEndian(quint32(bytes.size() - 4 + unknown.size()), longer.data());
    const Result<PeerFrame> decoded = decodeFrame(longer);
    QVERIFY(decoded);
    QVERIFY(*decoded == frame);
}

void TestCodec::accept_bodyLimit()
{
    consensus::Accept accept{someBallot, Slot(1), Slot(0), commands(bodyBytesMax)};
    QVERIFY(isTaken(frameWith(accept)));
    accept.entry = commands(bodyBytesMax + 1);
    QVERIFY(!isTaken(frameWith(accept)));
    accept.entry.body = batchOf({limits::commandBytesMax});
    QVERIFY(isTaken(frameWith(accept)));
}

void TestCodec::promise_limits()
{
    consensus::Promise promise{someBallot, Slot(1), Slot(0), 65'535, 65'536, {}};
    for (std::size_t i = 0; i < itemsMax; ++i)
        promise.votes.push_back({Slot(i + 1), someBallot, {}});
    QVERIFY(isTaken(frameWith(promise)));
    promise.votes.push_back({Slot(itemsMax + 1), someBallot, {}});
    QVERIFY(!isTaken(frameWith(promise)));

    const auto half = limits::chunkBytesMax / 2;
    promise.votes = {{Slot(1), someBallot, commands(half)}, {Slot(2), someBallot, commands(half)}};
    QVERIFY(isTaken(frameWith(promise)));
    promise.votes.back().entry = commands(half + 1);
    QVERIFY(!isTaken(frameWith(promise)));
    promise.votes = {{Slot(1), someBallot, commands(bodyBytesMax)}};
    QVERIFY(isTaken(frameWith(promise)));

    promise.votes = {{Slot(2), someBallot, {}}, {Slot(2), someBallot, {}}};
    QVERIFY2(!isTaken(frameWith(promise)), "the same slot twice");
    promise.votes = {{Slot(2), someBallot, {}}, {Slot(1), someBallot, {}}};
    QVERIFY2(!isTaken(frameWith(promise)), "slots out of order");
}

void TestCodec::chosen_limits()
{
    consensus::Chosen chosen{Slot(1), {}, Slot(0)};
    QVERIFY(!isTaken(frameWith(chosen)));
    chosen.entries.resize(itemsMax);
    QVERIFY(isTaken(frameWith(chosen)));
    chosen.entries.resize(itemsMax + 1);
    QVERIFY(!isTaken(frameWith(chosen)));

    const auto half = limits::chunkBytesMax / 2;
    chosen.entries = {commands(half), commands(half)};
    QVERIFY(isTaken(frameWith(chosen)));
    chosen.entries.back() = commands(half + 1);
    QVERIFY(!isTaken(frameWith(chosen)));
    chosen.entries = {commands(bodyBytesMax)};
    QVERIFY(isTaken(frameWith(chosen)));
}

void TestCodec::request_commandLimit()
{
    Request request;
    request.command = QByteArray(qsizetype(limits::commandBytesMax), 'c');
    QVERIFY(isTaken(frameWith(request)));
    request.command += 'c';
    QVERIFY(!isTaken(frameWith(request)));
}

void TestCodec::reply_answerLimit()
{
    Reply reply;
    reply.answer = QByteArray(qsizetype(limits::commandBytesMax), 'c');
    QVERIFY(isTaken(frameWith(reply)));
    reply.answer += 'c';
    QVERIFY(!isTaken(frameWith(reply)));
}

void TestCodec::reply_longSentenceIsCutBetweenCharacters()
{
    Reply reply;
    reply.message = QString(2048, QChar(0xe9)); // Two bytes each.
    QVERIFY(isTaken(frameWith(reply)));
    reply.message.prepend(u'x');
    const Result<PeerFrame> decoded = decodeFrame(encodeFrame(frameWith(reply)));
    QVERIFY(decoded);
    const Reply cut = std::get<Reply>(std::get<EngineMessage>(decoded->body));
    QCOMPARE(cut.message, reply.message.left(2048));
}

void TestCodec::checkpointChunk_limit()
{
    CheckpointChunk chunk{1, 2, QByteArray(qsizetype(limits::chunkBytesMax), 'c')};
    QVERIFY(isTaken(frameWith(chunk)));
    chunk.bytes += 'c';
    QVERIFY(!isTaken(frameWith(chunk)));
}

void TestCodec::members_limits()
{
    const auto isFounded = [](const consensus::MemberSet &members) {
        return isTaken(frameWith(Found{{ClusterId(1), members}, false}));
    };
    QVERIFY(isFounded(membersOf(limits::votersMax, limits::membersMax - limits::votersMax)));
    QVERIFY(!isFounded(membersOf(limits::votersMax, limits::membersMax - limits::votersMax + 1)));
    QVERIFY(!isFounded(membersOf(limits::votersMax + 1, 0)));
    QVERIFY(isFounded(membersOf(1, 0)));
    QVERIFY(!isFounded(membersOf(0, 1)));
    QVERIFY2(!isFounded({{NodeId(2), NodeId(1)}, {}}), "out of order");
    QVERIFY2(!isFounded({{NodeId(1)}, {NodeId(1)}}), "in both lists");
    QVERIFY2(!isFounded({{NodeId(0)}, {}}), "no id");
}

void TestCodec::batch_roundTrips()
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const Batch batch = CodecSamples(seed).batch();
        const Result<Batch> decoded = decodeBatch(encodeBatch(batch));
        QVERIFY(decoded);
        QVERIFY(*decoded == batch);
    }
}

void TestCodec::batch_damagedIsInvalidOrSafe()
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const QByteArray whole = encodeBatch(CodecSamples(seed).batch());
        for (qsizetype size = 0; size < whole.size(); ++size)
            QCOMPARE(decodeBatch(whole.left(size)).error().code, ErrorCode::invalid);
        QVERIFY(!decodeBatch(whole + '\0'));
        changeEachByte(whole, [](const QByteArray &changed) {
            const Result<Batch> decoded = decodeBatch(changed);
            if (decoded)
                QVERIFY(*decodeBatch(encodeBatch(*decoded)) == *decoded);
            else
                QCOMPARE(decoded.error().code, ErrorCode::invalid);
        });
    }
}

void TestCodec::batch_limits()
{
    Batch batch;
    batch.commands.resize(limits::batchCommandsMax);
    QVERIFY(decodeBatch(encodeBatch(batch)));
    batch.commands.emplace_back();
    QVERIFY(!decodeBatch(encodeBatch(batch)));
    QVERIFY(decodeBatch(batchOf({limits::batchBytesMax - 1, 1})));
    QVERIFY(!decodeBatch(batchOf({limits::batchBytesMax, 1})));
    QVERIFY(decodeBatch(batchOf({limits::commandBytesMax})));
    QVERIFY(!decodeBatch(batchOf({limits::commandBytesMax + 1})));
}

void TestCodec::record_roundTrips()
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        for (std::size_t kind = 0; kind < CodecSamples::recordKinds; ++kind) {
            const consensus::Record record = CodecSamples(seed).record(kind);
            const Result<consensus::Record> decoded = fromJournal(toJournal(record));
            QVERIFY(decoded);
            QVERIFY(*decoded == record);
        }
    }
}

void TestCodec::record_damagedIsCorruptOrSafe()
{
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        storage::JournalRecord record = toJournal(CodecSamples(seed).record(1));
        const QByteArray whole = record.payload;
        for (qsizetype size = 0; size < whole.size(); ++size) {
            record.payload = whole.left(size);
            QCOMPARE(fromJournal(record).error().code, ErrorCode::corrupt);
        }
        changeEachByte(whole, [&record](const QByteArray &changed) {
            record.payload = changed;
            const Result<consensus::Record> decoded = fromJournal(record);
            if (decoded)
                QVERIFY(*fromJournal(toJournal(*decoded)) == *decoded);
            else
                QCOMPARE(decoded.error().code, ErrorCode::corrupt);
        });
    }
}

void TestCodec::record_faultIsCorrupt()
{
    using storage::JournalRecord;
    using storage::RecordKind;
    const Ballot none;
    const QByteArray entry = toJournal(consensus::ChosenRecord{Slot(1), {}}).payload;
    QVERIFY(fromJournal({RecordKind::vote, Slot(1), someBallot, entry}));
    const JournalRecord spoiledRecords[] = {
        {RecordKind::founding, Slot(), none, {}},
        {RecordKind::install, Slot(1), none, {}},
        {RecordKind::fenced, Slot(), none, {}},
        {static_cast<RecordKind>(0), Slot(), none, {}},
        {static_cast<RecordKind>(255), Slot(), none, {}},
        {RecordKind::promise, Slot(1), someBallot, {}},
        {RecordKind::promise, Slot(), someBallot, "x"},
        {RecordKind::vote, Slot(), someBallot, entry},
        {RecordKind::vote, Slot(1), none, entry},
        {RecordKind::vote, Slot(1), someBallot, {}},
        {RecordKind::vote, Slot(1), someBallot, entry + 'x'},
        {RecordKind::chosen, Slot(), none, entry},
        {RecordKind::chosen, Slot(1), someBallot, entry},
        {RecordKind::chosen, Slot(1), none, {}},
        {RecordKind::chosenUpTo, Slot(1), someBallot, {}},
        {RecordKind::chosenUpTo, Slot(1), none, "x"},
    };
    for (const JournalRecord &record : spoiledRecords)
        QCOMPARE(fromJournal(record).error().code, ErrorCode::corrupt);
}

void TestCodec::founding_roundTrips()
{
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const Founding founding = CodecSamples(seed).founding();
        const Result<Founding> decoded = decodeFounding(foundingRecord(founding));
        QVERIFY(decoded);
        QVERIFY(*decoded == founding);
    }
}

void TestCodec::founding_faultIsCorrupt()
{
    const storage::JournalRecord whole = foundingRecord(CodecSamples(1).founding());
    storage::JournalRecord record = whole;
    for (qsizetype size = 0; size < whole.payload.size(); ++size) {
        record.payload = whole.payload.left(size);
        QCOMPARE(decodeFounding(record).error().code, ErrorCode::corrupt);
    }
    record = whole;
    record.kind = storage::RecordKind::promise;
    QCOMPARE(decodeFounding(record).error().code, ErrorCode::corrupt);
    record = foundingRecord({ClusterId(), membersOf(3, 0)});
    QCOMPARE(decodeFounding(record).error().code, ErrorCode::corrupt);
    record = foundingRecord({ClusterId(1), membersOf(0, 0)});
    QCOMPARE(decodeFounding(record).error().code, ErrorCode::corrupt);
}

void TestCodec::configuration_roundTrips()
{
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const consensus::Configuration configuration = CodecSamples(seed).configuration();
        const auto decoded = decodeConfiguration(encodeConfiguration(configuration));
        QVERIFY(decoded);
        QVERIFY(*decoded == configuration);
    }
}

void TestCodec::configuration_damagedIsInvalidOrSafe()
{
    const QByteArray whole = encodeConfiguration({Epoch(3), Slot(70), membersOf(3, 2)});
    for (qsizetype size = 0; size < whole.size(); ++size)
        QCOMPARE(decodeConfiguration(whole.left(size)).error().code, ErrorCode::invalid);
    changeEachByte(whole, [](const QByteArray &changed) {
        const auto decoded = decodeConfiguration(changed);
        if (decoded)
            QVERIFY(*decodeConfiguration(encodeConfiguration(*decoded)) == *decoded);
        else
            QCOMPARE(decoded.error().code, ErrorCode::invalid);
    });
}

void TestCodec::document_examplesAreWhatTheCodeWrites()
{
    const Batch batch{WallMs(1'700'000'000'000), {"put", "delete"}};
    const consensus::Entry entry{consensus::EntryKind::commands, encodeBatch(batch), {}};
    const consensus::Entry stop{consensus::EntryKind::reconfigure, {}, {{NodeId(1)}, {NodeId(2)}}};
    const consensus::MemberSet three{{NodeId(17), NodeId(18), NodeId(19)}, {}};
    QCOMPARE(encodeBatch(batch).toHex(), documented("batch").toHex());
    QCOMPARE(toJournal(consensus::VoteRecord{Slot(300), someBallot, entry}).payload.toHex(),
             documented("vote").toHex());
    QCOMPARE(toJournal(consensus::ChosenRecord{Slot(300), stop}).payload.toHex(),
             documented("chosen").toHex());
    QCOMPARE(foundingRecord({ClusterId(0xc0ffee), three}).payload.toHex(),
             documented("founding").toHex());
    QCOMPARE(encodeConfiguration({Epoch(2), Slot(301), three}).toHex(),
             documented("configuration").toHex());
    const consensus::Message accept =
        consensus::Accept{{Epoch(1), 5, NodeId(17)}, Slot(300), Slot(299), entry};
    QCOMPARE(encodeFrame({ClusterId(0xc0ffee), Epoch(1), NodeId(17), RunId(81), NodeId(18), accept})
                 .toHex(),
             documented("accept").toHex());
}

QTEST_GUILESS_MAIN(TestCodec)

#include "tst_codec.moc"
