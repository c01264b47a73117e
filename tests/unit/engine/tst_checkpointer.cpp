// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpointer.h"

#include "engine/codec.h"
#include "unit/engine/fake_host.h"

#include <QtTest>

#include <tuple>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

Q_DECLARE_METATYPE(coffer::storage::CheckpointHeader)

/// What a checkpoint's commit may hold, and what becomes of one from elsewhere.
class TestCheckpointer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { QVERIFY(m_host->failures.empty()); }
    void commit_waitsForItsTime();
    void commit_isClosedBeforeItIsTooLarge();
    void commit_holdsExactlyItsSlots();
    void commit_ofOneLargeEntryStandsAlone();
    void commit_thatWaitsLongIsMergedByKey();
    void install_takesAStateFromElsewhere();
    void install_overtakenByTheLogTakesOverItsRows();
    void install_refusesWhatCannotBeTheState_data();
    void install_refusesWhatCannotBeTheState();
    void dispute_givesAndTakesNothing();
    void copy_holdsItsSlot();
    void copy_isGivenUpInTime();

private:
    /// Offers the checkpoint of \a header, with the row "key=value", and gives it on request.
    void offer(const storage::CheckpointHeader &header);
    [[nodiscard]] static storage::CheckpointHeader headerOf(Hash128 hash);
    [[nodiscard]] static Hash128 hashOfRow() { return rowHash(0, "key", "value"); }
    template<class Message>
    [[nodiscard]] std::optional<Message> lastSent() const;
    void runAll();

    /// One slot that sets the key of its number to \a bytes bytes.
    void apply(std::size_t bytes);
    /// The slot and the keys of the checkpoint on disk; slot 0: there is none.
    [[nodiscard]] std::uint64_t committed();
    [[nodiscard]] std::size_t keys();

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<JournalWriter> m_writer;
    std::unique_ptr<Checkpointer> m_checkpointer;
    std::size_t m_most = 0;      ///< Of the bytes of one commit.
    std::vector<Slot> m_adopted; ///< What the engine was told to go on from.
};

void TestCheckpointer::init()
{
    m_host = std::make_unique<FakeHost>();
    m_host->makeReplica();
    m_writer = std::make_unique<JournalWriter>(*m_host);
    m_checkpointer = std::make_unique<Checkpointer>(
        *m_host, *m_writer, [] { return std::vector<storage::JournalRecord>(); },
        [this](Slot slot, const consensus::Configuration &) { m_adopted.push_back(slot); });
    m_adopted.clear();
    m_most = m_host->options().checkpointBytes;
}

void TestCheckpointer::apply(std::size_t bytes)
{
    const Slot slot = m_host->machine.applied().next();
    const QByteArray key = QByteArray::number(qulonglong(slot.value()));
    m_checkpointer->beforeApply(bytes, {});
    QCOMPARE(m_host->machine.apply(slot, WallMs(1), {key + "=v"}).size(), 1U);
}

std::uint64_t TestCheckpointer::committed()
{
    const auto header = m_host->parts().checkpoint.open();
    return header && *header ? (*header)->applied.value() : 0;
}

std::size_t TestCheckpointer::keys()
{
    std::size_t count = 0;
    const auto loaded =
        m_host->parts().checkpoint.load([&count](const storage::Row &) -> Result<void> {
            ++count;
            return {};
        });
    return loaded ? count : 0;
}

void TestCheckpointer::commit_waitsForItsTime()
{
    m_checkpointer->tick({}); // Nothing is applied yet.
    QCOMPARE(m_host->executor.pending(), 0U);
    apply(m_most);
    QCOMPARE(m_host->executor.pending(), 0U);
    m_checkpointer->tick({});
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(committed(), 1U);
    apply(1);
    m_checkpointer->tick({});
    QCOMPARE(m_host->executor.pending(), 0U);
    m_host->clock.advance(m_host->options().checkpointEvery);
    m_checkpointer->tick({});
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(committed(), 2U);
}

void TestCheckpointer::commit_isClosedBeforeItIsTooLarge()
{
    apply(m_most / 2);
    apply(m_most - m_most / 2);
    QCOMPARE(m_host->executor.pending(), 0U); // It just fits.
    apply(1);
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(committed(), 2U);
    QCOMPARE(keys(), 2U);
}

void TestCheckpointer::commit_holdsExactlyItsSlots()
{
    // The disk is slow: all of it waits behind the first commit.
    for (int slot = 1; slot <= 10; ++slot)
        apply(m_most / 3);
    for (const std::size_t slot : {3U, 6U, 9U}) {
        QCOMPARE(m_host->executor.pending(), 1U);
        QVERIFY(m_host->executor.runOne());
        QCOMPARE(committed(), slot);
        QCOMPARE(keys(), slot);
        QCOMPARE(m_checkpointer->committed(), Slot(slot));
    }
    QCOMPARE(m_host->executor.pending(), 0U);
    m_host->clock.advance(m_host->options().checkpointEvery);
    m_checkpointer->tick({});
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(committed(), 10U);
    QCOMPARE(keys(), 10U);
}

void TestCheckpointer::commit_ofOneLargeEntryStandsAlone()
{
    apply(1);
    apply(2 * m_most);
    apply(1);
    for (const std::size_t slot : {1U, 2U}) {
        QVERIFY(m_host->executor.runOne());
        QCOMPARE(committed(), slot);
    }
    QCOMPARE(m_host->executor.pending(), 0U);
}

void TestCheckpointer::commit_thatWaitsLongIsMergedByKey()
{
    // The first commit is under way all the time; each slot has its own commit behind it.
    apply(m_most);
    for (int i = 0; i < 100; ++i) {
        m_checkpointer->beforeApply(m_most, {});
        const Slot slot = m_host->machine.applied().next();
        QCOMPARE(m_host->machine.apply(slot, WallMs(1), {"same=" + QByteArray::number(i)}).size(),
                 1U);
    }
    int commits = 0;
    while (m_host->executor.runOne())
        ++commits;
    QVERIFY2(commits < 20, qPrintable(QString::number(commits)));
    QCOMPARE(m_host->parts().checkpoint.open()->value().applied, Slot(100));
    QCOMPARE(keys(), 2U);
    std::optional<QByteArray> same;
    QVERIFY(m_host->parts().checkpoint.load([&same](const storage::Row &row) -> Result<void> {
        if (row.key == "same")
            same = row.value;
        return {};
    }));
    QCOMPARE(same, "98"); // the last one is not gathered yet
}

storage::CheckpointHeader TestCheckpointer::headerOf(Hash128 hash)
{
    const consensus::Configuration configuration{
        Epoch(1), Slot(1), {{NodeId(1), NodeId(2), NodeId(3)}, {}}};
    return {ClusterId(7), Slot(50), hash, codec::encodeConfiguration(configuration)};
}

template<class Message>
std::optional<Message> TestCheckpointer::lastSent() const
{
    if (m_host->sent.empty() || !std::holds_alternative<Message>(m_host->sent.back().second))
        return std::nullopt;
    return std::get<Message>(m_host->sent.back().second);
}

void TestCheckpointer::runAll()
{
    while (m_host->executor.runOne())
        m_writer->flush();
}

void TestCheckpointer::offer(const storage::CheckpointHeader &header)
{
    storage::MemoryDisk disk;
    storage::MemoryCheckpoint source(disk);
    QVERIFY(source.commit(header, {{0, "key", "value"}}));
    const auto file = source.exportFile();
    QVERIFY(file);
    m_checkpointer->receive(NodeId(2), CheckpointOffer{4, (*file)->size(), header.applied});
    while (const auto pull = lastSent<CheckpointPull>()) {
        QCOMPARE(pull->file, 4U);
        m_host->sent.clear();
        const Result<QByteArray> bytes = (*file)->read(pull->offset, 100);
        QVERIFY(bytes);
        m_checkpointer->receive(NodeId(2), CheckpointChunk{4, pull->offset, *bytes});
        QVERIFY(m_host->executor.runOne());
    }
}

void TestCheckpointer::install_takesAStateFromElsewhere()
{
    apply(1);
    offer(headerOf(hashOfRow()));
    QCOMPARE(m_host->executor.pending(), 1U); // stage
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->machine.applied(), Slot(1)); // not before the journal names it
    m_writer->flush();
    runAll();
    QCOMPARE(m_host->machine.applied(), Slot(50));
    QCOMPARE(m_host->machine.query("key"), "value");
    QCOMPARE(m_host->machine.query("1"), "none");
    QVERIFY(m_adopted == std::vector<Slot>{Slot(50)});
    QCOMPARE(m_checkpointer->committed(), Slot(50));
}

void TestCheckpointer::install_overtakenByTheLogTakesOverItsRows()
{
    offer(headerOf(hashOfRow()));
    QVERIFY(m_host->executor.runOne()); // stage: from here on it will be the checkpoint
    consensus::Chosen chosen{Slot(1), {}, Slot(51)};
    for (int slot = 1; slot <= 51; ++slot) {
        const QByteArray command = slot == 51 ? "last=1" : "key=value";
        chosen.entries.push_back(
            {consensus::EntryKind::commands, codec::encodeBatch({WallMs(1), {command}}), {}});
        m_checkpointer->beforeApply(1, {});
        QCOMPARE(m_host->machine.apply(Slot(slot), WallMs(1), {command}).size(), 1U);
    }
    std::ignore = m_host->replica()->step(consensus::PeerMessage{NodeId(2), chosen},
                                          {m_host->clock.monotonic(), m_host->clock.wall()});
    QCOMPARE(m_host->replica()->chosenUpTo(), Slot(51));
    m_writer->flush();
    runAll();
    QCOMPARE(m_host->machine.applied(), Slot(51));
    QCOMPARE(m_host->machine.query("last"), "1");
    QVERIFY(m_adopted.empty()); // consensus is further already
    QCOMPARE(committed(), 50U);
    QCOMPARE(keys(), 1U);
    apply(1);
    m_host->clock.advance(m_host->options().checkpointEvery);
    m_checkpointer->tick({});
    runAll();
    QCOMPARE(committed(), 52U);
    QCOMPARE(keys(), 3U);
}

void TestCheckpointer::install_refusesWhatCannotBeTheState_data()
{
    QTest::addColumn<storage::CheckpointHeader>("header");
    storage::CheckpointHeader header = headerOf({1, 2});
    QTest::newRow("a hash that the rows do not give") << header;
    header = headerOf(hashOfRow());
    header.cluster = ClusterId(8);
    QTest::newRow("another cluster") << header;
    header = headerOf(hashOfRow());
    header.configuration = "?";
    QTest::newRow("no configuration") << header;
}

/// The own state, in memory and on disk, stays; nothing ends.
void TestCheckpointer::install_refusesWhatCannotBeTheState()
{
    QFETCH(storage::CheckpointHeader, header);
    apply(1);
    m_checkpointer->tick({});
    runAll();
    offer(header);
    runAll();
    m_writer->flush();
    runAll();
    QCOMPARE(m_host->machine.applied(), Slot(1));
    QVERIFY(m_adopted.empty());
    QVERIFY(!m_checkpointer->install());
    QCOMPARE(committed(), 1U);
    offer(headerOf(hashOfRow())); // another offer is not held up by it
    m_host->executor.runOne();
    m_writer->flush();
    runAll();
    QCOMPARE(m_host->machine.applied(), Slot(50));
}

void TestCheckpointer::dispute_givesAndTakesNothing()
{
    m_host->isInDispute = true;
    offer(headerOf(hashOfRow()));
    QCOMPARE(m_host->executor.pending(), 0U);
    apply(1);
    m_checkpointer->tick({});
    runAll();
    m_checkpointer->wantedBy(NodeId(3));
    runAll();
    QVERIFY(m_host->sent.empty());
    m_host->isInDispute = false;
    m_checkpointer->wantedBy(NodeId(3));
    runAll();
    QVERIFY(lastSent<CheckpointOffer>());
}

/// Whoever makes a backup does not wait for the next regular commit.
void TestCheckpointer::copy_holdsItsSlot()
{
    apply(1);
    m_checkpointer->tick({});
    runAll();
    apply(1);
    std::optional<Result<std::shared_ptr<storage::CheckpointFile>>> copy;
    m_checkpointer->exportFrom(Slot(2), [&copy](auto result) { copy = std::move(result); });
    runAll();
    QVERIFY(!copy); // What is on disk is of slot 1.
    m_checkpointer->tick({});
    runAll();
    QVERIFY(!copy);
    m_checkpointer->tick({});
    runAll();
    QVERIFY(copy && *copy);
    QCOMPARE((**copy)->header().applied, Slot(2));
}

void TestCheckpointer::copy_isGivenUpInTime()
{
    m_host->isInDispute = true;
    apply(1);
    m_checkpointer->tick({});
    runAll();
    std::optional<ErrorCode> why;
    m_checkpointer->exportFrom(Slot(1), [&why](const auto &result) { why = result.error().code; });
    m_checkpointer->tick({});
    runAll();
    QVERIFY(!why);
    m_host->clock.advance(m_host->options().requestTimeout + Monotonic(1));
    m_checkpointer->tick({});
    QCOMPARE(why, std::optional(ErrorCode::unavailable));
}

QTEST_APPLESS_MAIN(TestCheckpointer)
#include "tst_checkpointer.moc"
