// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpointer.h"

#include "unit/engine/fake_host.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

/// What a checkpoint's commit may hold.
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

private:
    /// One slot that sets the key of its number to \a bytes bytes.
    void apply(std::size_t bytes);
    /// The slot and the keys of the checkpoint on disk; slot 0: there is none.
    [[nodiscard]] std::uint64_t committed();
    [[nodiscard]] std::size_t keys();

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<JournalWriter> m_writer;
    std::unique_ptr<Checkpointer> m_checkpointer;
    std::size_t m_most = 0; ///< Of the bytes of one commit.
};

void TestCheckpointer::init()
{
    m_host = std::make_unique<FakeHost>();
    m_host->makeReplica();
    m_writer = std::make_unique<JournalWriter>(*m_host);
    m_checkpointer = std::make_unique<Checkpointer>(
        *m_host, *m_writer, [] { return std::vector<storage::JournalRecord>(); },
        [](Slot, const consensus::Configuration &) {});
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

QTEST_APPLESS_MAIN(TestCheckpointer)
#include "tst_checkpointer.moc"
