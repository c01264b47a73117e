// SPDX-License-Identifier: Apache-2.0
#include "node/local_store.h"
#include "support/solo_node.h"

#include <QCoroTask>
#include <QTest>

using namespace coffer;
using namespace coffer::pluginapi;
using store::Transaction;

/// The store inside a node that is a cluster of one.
class TestLocalStore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_node = std::make_unique<test::SoloNode>(store::WatchesOptions{.scanMax = 8});
        m_store = std::make_unique<node::LocalStore>(m_node->host());
        QVERIFY(m_node->waitUntilServing());
    }
    void cleanup()
    {
        QVERIFY(m_node->failures().empty());
        m_store.reset();
        m_node.reset();
    }

    void put_isReadInEveryMode()
    {
        const Result<Revision> put = wait(m_store->put("/a", "1"));
        QVERIFY(put);
        QCOMPARE(put->value(), 1u);
        for (const ReadMode mode : {ReadMode::linearizable, ReadMode::session, ReadMode::local}) {
            const auto file = wait(m_store->get("/a", {mode, *put}));
            QVERIFY(file && file->has_value());
            QCOMPARE((*file)->value, "1");
            QCOMPARE((*file)->created, Revision(1));
        }
    }
    void get_ofNothingIsNothing()
    {
        const auto file = wait(m_store->get("/a"));
        QVERIFY(file);
        QVERIFY(!file->has_value());
    }
    void put_withAnotherRevisionIsConflict()
    {
        QVERIFY(wait(m_store->put("/a", "1", Revision(0))));
        const Result<Revision> again = wait(m_store->put("/a", "2", Revision(0)));
        QVERIFY(!again);
        QCOMPARE(again.error().code, ErrorCode::conflict);
        QVERIFY(wait(m_store->put("/a", "2", Revision(1))));
    }
    void remove_saysWhetherThereWasSomething()
    {
        QVERIFY(wait(m_store->put("/a", "1")));
        QVERIFY(*wait(m_store->remove("/a")));
        QVERIFY(!*wait(m_store->remove("/a")));
    }
    void commit_twiceWithOneOriginIsDoneOnce()
    {
        const Result<SessionId> session = wait(m_store->openSession({0, std::chrono::seconds(60)}));
        QVERIFY(session);
        Transaction transaction;
        transaction.operations.push_back(store::Put{"/a", "1", false, {}});
        const CommitOptions options{store::Origin{*session, Sequence(1), Sequence(0)}};
        const auto first = wait(m_store->commit(transaction, options));
        QVERIFY(wait(m_store->put("/b", "2")));
        const auto second = wait(m_store->commit(transaction, options));
        QVERIFY(first && second);
        QCOMPARE(*second, *first);
    }
    void read_ofCompactedRevisionSaysSo()
    {
        for (int n = 0; n < 4; ++n)
            QVERIFY(wait(m_store->put("/a", QByteArray::number(n))));
        const auto compacted = wait(m_store->compact(Revision(3)));
        QVERIFY(compacted && compacted->status == store::Status::ok);
        const auto old = wait(m_store->read(store::Get{"/a", Revision(2)}));
        QVERIFY(old);
        QCOMPARE(old->status, store::ReplyStatus::compacted);
        QCOMPARE(errorOf(*old)->code, ErrorCode::compacted);
        const auto kept = wait(m_store->read(store::Get{"/a", Revision(3)}));
        QCOMPARE(kept->files.front().value, "2");
    }
    void sessionRead_waitsForTheRevision()
    {
        std::optional<Result<store::Reply>> reply;
        auto reading = m_store->read(store::Get{"/a", {}}, {ReadMode::session, Revision(2)});
        reading.then([&reply](const Result<store::Reply> &got) { reply = got; });
        QVERIFY(wait(m_store->put("/a", "1")));
        QVERIFY(!reply);
        QVERIFY(wait(m_store->put("/a", "2")));
        QTRY_VERIFY(reply.has_value());
        QVERIFY(*reply);
        QCOMPARE((*reply)->files.front().value, "2");
    }
    void sessionRead_thatIsNotReachedInTimeIsUnavailable()
    {
        node::LocalStore hasty(m_node->host(), {.reachTimeout = std::chrono::milliseconds(20)});
        std::vector<std::optional<Result<store::Reply>>> replies(3);
        for (std::size_t n = 0; n < replies.size(); ++n) {
            hasty.read(store::Get{"/a", {}}, {ReadMode::session, Revision(n + 1)})
                .then([&replies, n](const Result<store::Reply> &got) { replies[n] = got; });
        }
        QVERIFY(wait(m_store->put("/a", "1")));
        QTRY_VERIFY(replies[0] && replies[1] && replies[2]);
        QVERIFY(*replies[0]);
        QCOMPARE(replies[1]->error().code, ErrorCode::unavailable);
        QCOMPARE(replies[2]->error().code, ErrorCode::unavailable);
        QVERIFY(wait(m_store->put("/a", "2"))); // Nobody waits for it any more.
    }
    void idleWatch_hearsItsProgressBeforeItIsCompacted()
    {
        std::vector<std::unique_ptr<Watch>> watches;
        std::vector<std::optional<Result<store::WatchAnswer>>> answers(600);
        for (auto &answer : answers) { // More than are woken at once.
            watches.push_back(m_store->watch({*store::Glob::parse("/idle"), {}}));
            watches.back()->next().then(
                [&answer](const Result<store::WatchAnswer> &got) { answer = got; });
        }
        for (int n = 0; n < 8; ++n)
            QVERIFY(wait(m_store->put("/busy", QByteArray::number(n))));
        QVERIFY(!answers.front()); // There is no need yet.
        QVERIFY(wait(m_store->compact(Revision(8))));
        for (const auto &answer : answers) {
            QTRY_VERIFY(answer.has_value());
            const auto &batch = std::get<store::WatchBatch>(**answer);
            QVERIFY(batch.events.empty() && !batch.hasMore);
            QCOMPARE(batch.progress, m_node->host().store().revision());
        }
        // Told once, it is left alone.
        auto next = watches.front()->next();
        std::optional<Result<store::WatchAnswer>> again;
        next.then([&again](const Result<store::WatchAnswer> &got) { again = got; });
        QVERIFY(wait(m_store->put("/busy", "9")));
        QVERIFY(!again);
        QVERIFY(wait(m_store->put("/idle", "1")));
        QTRY_VERIFY(again.has_value());
        QCOMPARE(std::get<store::WatchBatch>(**again).events.size(), 1u);
    }
    void session_ownsWhatIsEphemeral()
    {
        const SessionId session = *wait(m_store->openSession({0, std::chrono::seconds(60)}));
        Transaction transaction;
        transaction.operations.push_back(store::Put{"/e", "1", true, {}});
        QVERIFY(
            wait(m_store->commit(transaction, {store::Origin{session, Sequence(1), Sequence(0)}})));
        QVERIFY(wait(m_store->keepAlive(session)));
        QVERIFY(wait(m_store->closeSession(session)));
        QVERIFY(!wait(m_store->get("/e"))->has_value());
        QVERIFY(wait(m_store->closeSession(session)));
        const Result<void> late = wait(m_store->keepAlive(session));
        QVERIFY(!late);
        QCOMPARE(late.error().code, ErrorCode::notFound);
    }
    void openSession_sameNonceIsSameSession()
    {
        const auto first = wait(m_store->openSession({77, std::chrono::seconds(60)}));
        const auto second = wait(m_store->openSession({77, std::chrono::seconds(60)}));
        QVERIFY(first && second);
        QCOMPARE(*first, *second);
        const auto other = wait(m_store->openSession({78, std::chrono::milliseconds(1)}));
        QVERIFY(!other);
        QCOMPARE(other.error().code, ErrorCode::invalid);
    }

    void history_comesInPieces()
    {
        for (int n = 0; n < 20; ++n)
            QVERIFY(wait(m_store->put(n % 4 == 0 ? "/a" : "/b", QByteArray::number(n))));
        HistoryRequest request{*store::Glob::parse("/a"), Revision(1), Revision(17), 2, true};
        QByteArrayList values;
        for (bool hasMore = true; hasMore;) {
            const auto answer = wait(m_store->history(request));
            QVERIFY(answer);
            const auto &batch = std::get<store::WatchBatch>(*answer);
            for (const store::WatchEvent &event : batch.events)
                values.append(event.now.value);
            QVERIFY(batch.progress >= request.from.previous());
            hasMore = batch.hasMore;
            request.from = batch.progress.next();
        }
        QCOMPARE(values, (QByteArrayList{"0", "4", "8", "12", "16"}));
    }
    void history_ofWhatIsCompactedSaysSo()
    {
        for (int n = 0; n < 3; ++n)
            QVERIFY(wait(m_store->put("/a", QByteArray::number(n))));
        QVERIFY(wait(m_store->compact(Revision(2))));
        const auto answer = wait(m_store->history({*store::Glob::parse("/**"), Revision(1)}));
        QVERIFY(answer);
        QCOMPARE(std::get<store::WatchCompacted>(*answer).floor, Revision(2));
    }

    void watch_tellsEverythingOnce()
    {
        QVERIFY(wait(m_store->put("/a/1", "old")));
        const auto watch = m_store->watch({*store::Glob::parse("/a/*"), {}});
        QByteArrayList seen;
        for (int n = 0; n < 40; ++n) {
            QVERIFY(wait(m_store->put("/a/" + QByteArray::number(n), "x")));
            QVERIFY(wait(m_store->put("/other", "x")));
        }
        while (seen.size() < 40) {
            const auto answer = wait(watch->next());
            QVERIFY(answer);
            for (const auto &event : std::get<store::WatchBatch>(*answer).events)
                seen.append(event.path.mid(3));
        }
        for (int n = 0; n < 40; ++n)
            QCOMPARE(seen[n].toInt(), n);
        QVERIFY(watch->progress() >= Revision(80));
    }
    void watch_waitsForWhatComes()
    {
        const auto watch = m_store->watch({*store::Glob::parse("/a"), {}});
        std::optional<Result<store::WatchAnswer>> answer;
        watch->next().then([&answer](const Result<store::WatchAnswer> &got) { answer = got; });
        QVERIFY(wait(m_store->put("/b", "x")));
        QVERIFY(!answer);
        QVERIFY(wait(m_store->put("/a", "x")));
        QTRY_VERIFY(answer.has_value());
        QVERIFY(*answer);
        QCOMPARE(std::get<store::WatchBatch>(**answer).events.size(), 1u);
    }
    void watch_isCancelledByDestruction()
    {
        auto watch = m_store->watch({*store::Glob::parse("/a"), {}});
        std::optional<Result<store::WatchAnswer>> answer;
        watch->next().then([&answer](const Result<store::WatchAnswer> &got) { answer = got; });
        QVERIFY(!answer);
        watch.reset();
        QVERIFY(answer.has_value());
        QVERIFY(!*answer);
        QCOMPARE(answer->error().code, ErrorCode::unavailable);
        QCOMPARE(m_node->host().watches()->size(), 0u);
        QVERIFY(wait(m_store->put("/a", "x"))); // Nobody is told.
    }
    void watch_fromWhatIsCompactedEnds()
    {
        for (int n = 0; n < 3; ++n)
            QVERIFY(wait(m_store->put("/a", QByteArray::number(n))));
        QVERIFY(wait(m_store->compact(Revision(3))));
        const auto watch = m_store->watch({*store::Glob::parse("/a"), Revision(1)});
        const auto answer = wait(watch->next());
        QVERIFY(answer);
        QCOMPARE(std::get<store::WatchCompacted>(*answer).floor, Revision(3));
        QVERIFY(!wait(watch->next()));
    }
    void watches_allAreTold()
    {
        std::vector<std::unique_ptr<Watch>> watches;
        int told = 0;
        for (int n = 0; n < 600; ++n) { // More than are woken in one round.
            watches.push_back(m_store->watch({*store::Glob::parse("/a"), {}}));
            watches.back()->next().then(
                [&told](const Result<store::WatchAnswer> &got) { told += got ? 1 : 0; });
        }
        QVERIFY(wait(m_store->put("/a", "x")));
        QTRY_COMPARE(told, 600);
    }

private:
    template<class T>
    static T wait(QCoro::Task<T> task)
    {
        return QCoro::waitFor(std::move(task));
    }

    std::unique_ptr<test::SoloNode> m_node;
    std::unique_ptr<node::LocalStore> m_store;
};

QTEST_GUILESS_MAIN(TestLocalStore)
#include "tst_local_store.moc"
