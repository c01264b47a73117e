// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"
#include "bench/client_load.h"
#include "bench/core_benches.h"
#include "bench/stopwatch.h"
#include "engine/codec.h"

#include <utility>

namespace coffer::bench {

namespace codec = engine::codec;

static const QString group = QStringLiteral("messages");
static const Ballot ballot{Epoch(1), 7, NodeId(0x1001)};

static engine::PeerFrame frameOf(decltype(engine::PeerFrame::body) body)
{
    engine::PeerFrame frame;
    frame.cluster = ClusterId(0x0123456789abcdef);
    frame.epoch = Epoch(1);
    frame.from = NodeId(0xfedcba9876543210);
    frame.run = RunId(0x1122334455667788);
    frame.to = NodeId(0x8877665544332211);
    frame.body = std::move(body);
    return frame;
}

static QByteArray putCommand()
{
    store::Transaction put;
    put.operations = {
        store::Put{.path = "/bench/1234", .value = QByteArray(ClientLoad::valueBytes, 'v')}};
    return store::encode(store::Command{{}, put});
}

static codec::Batch batchOf(std::size_t commands)
{
    return {WallMs(1'700'000'000'000), std::vector<QByteArray>(commands, putCommand())};
}

static engine::PeerFrame acceptOf(std::size_t commands)
{
    const consensus::Entry entry{
        consensus::EntryKind::commands, codec::encodeBatch(batchOf(commands)), {}};
    return frameOf(
        consensus::Message(consensus::Accept{ballot, Slot(123'456), Slot(123'450), entry}));
}

/// Both ways, in lots of \a lot calls; the median of the lots is a run's
/// sample.
template<class Encode, class Decode>
static Case measure(const QString &name, const Options &options, std::size_t lot,
                    const Encode &encode, const Decode &decode)
{
    static constexpr int lots = 200;
    Case measured(group, name);
    for (int run = 0; run < options.runs; ++run) {
        Figure encoding;
        Figure decoding;
        for (int i = 0; i < lots; ++i) {
            encoding.samples.push_back(nanosecondsPerCall(lot, encode));
            decoding.samples.push_back(nanosecondsPerCall(lot, decode));
        }
        measured.add(QStringLiteral("ns to encode"), encoding.median());
        measured.add(QStringLiteral("ns to decode"), decoding.median());
    }
    const std::uint64_t before = allocationsSoFar().count;
    encode(0);
    const std::uint64_t between = allocationsSoFar().count;
    decode(0);
    measured.add(QStringLiteral("allocations to encode"), double(between - before));
    measured.add(QStringLiteral("allocations to decode"),
                 double(allocationsSoFar().count - between));
    return measured;
}

static Case measureFrame(const QString &name, const Options &options,
                         const engine::PeerFrame &frame)
{
    const QByteArray bytes = codec::encodeFrame(frame);
    const std::size_t lot = bytes.size() > 100'000 ? 20 : 200;
    qsizetype sink = 0;
    Case measured = measure(
        name, options, lot, [&](std::size_t) { sink += codec::encodeFrame(frame).size(); },
        [&](std::size_t) { sink += codec::decodeFrame(bytes).has_value() ? 1 : 0; });
    measured.add(QStringLiteral("bytes"), double(bytes.size()));
    return measured;
}

static Case measureBatch(const QString &name, const Options &options, const codec::Batch &batch)
{
    const QByteArray bytes = codec::encodeBatch(batch);
    qsizetype sink = 0;
    Case measured = measure(
        name, options, 20, [&](std::size_t) { sink += codec::encodeBatch(batch).size(); },
        [&](std::size_t) { sink += codec::decodeBatch(bytes).has_value() ? 1 : 0; });
    measured.add(QStringLiteral("bytes"), double(bytes.size()));
    return measured;
}

void benchMessages(const Options &options, Report &report)
{
    using consensus::Message;
    engine::Request request;
    request.id = 0x123456789abcdef0;
    request.leaderRun = RunId(0x1122334455667788);
    request.command = putCommand();
    const engine::Reply reply{
        request.id, engine::ReplyStatus::done, Slot(123'456), QByteArray(10, 'a'), {}};
    const std::vector<std::pair<QString, engine::PeerFrame>> frames{
        {QStringLiteral("Accept of 1 put"), acceptOf(1)},
        {QStringLiteral("Accept of 64 puts"), acceptOf(64)},
        {QStringLiteral("Accept of 1024 puts"), acceptOf(1024)},
        {QStringLiteral("Accepted"), frameOf(Message(consensus::Accepted{ballot, Slot(123'456)}))},
        {QStringLiteral("Heartbeat"), frameOf(Message(consensus::Heartbeat{
                                          ballot, Slot(123'450), 99, WallMs(1'700'000'000'000)}))},
        {QStringLiteral("HeartbeatAck"),
         frameOf(Message(
             consensus::HeartbeatAck{ballot, Slot(123'456), 99, WallMs(1'700'000'000'000)}))},
        {QStringLiteral("Request of 1 put"), frameOf(engine::EngineMessage(request))},
        {QStringLiteral("Reply"), frameOf(engine::EngineMessage(reply))},
    };
    bool isFirst = true;
    const auto begin = [&] {
        if (std::exchange(isFirst, false))
            report.begin(group, QStringLiteral("Nanoseconds a frame, median of 200 lots a run."));
    };
    for (const auto &[name, frame] : frames) {
        if (!options.isWanted(group, name))
            continue;
        begin();
        report.add(measureFrame(name, options, frame));
    }
    for (const std::size_t commands : {64, 1024}) {
        const QString name = QStringLiteral("batch of %1 puts").arg(commands);
        if (!options.isWanted(group, name))
            continue;
        begin();
        report.add(measureBatch(name, options, batchOf(commands)));
    }
}

} // namespace coffer::bench
