// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"
#include "client/remote_store.h"
#include "node/local_store.h"
#include "node/store_methods.h"
#include "support/fake_network.h"
#include "support/solo_node.h"

#include <QCoroTask>
#include <QSignalSpy>
#include <QTest>

using namespace coffer;
using namespace coffer::client;
using namespace Qt::StringLiterals;
using pluginapi::ReadMode;

/// A client in front of a real node, with a network between them that breaks.
class TestRemoteStore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_node.waitUntilServing());
        QVERIFY(m_methods.addTo(m_registry));
    }
    void init()
    {
        m_network = std::make_unique<test::FakeNetwork>(m_registry, m_node.host().clock());
        Options options;
        options.nodes = *parseEndpoints(u"a:1,b:1,c:1"_s);
        options.isShuffled = false;
        options.timeout = std::chrono::seconds(20);
        options.connectTimeout = std::chrono::milliseconds(200);
        options.pingEvery = std::chrono::milliseconds(20);
        options.leaveAfter = std::chrono::milliseconds(60);
        options.link = [this](const QUrl &node) { return m_network->make(node); };
        m_options = options;
        restart();
    }
    void cleanup()
    {
        m_store.reset();
        m_client.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        m_network.reset();
    }

    void put_isReadBack()
    {
        const Result<Revision> put = wait(m_store->put("/a", QByteArray("\0\xff", 2)));
        QVERIFY2(put, put ? "" : qPrintable(put.error().message));
        const auto file = wait(m_store->get("/a", {ReadMode::session, {}}));
        QCOMPARE((*file)->value, QByteArray("\0\xff", 2));
        QCOMPARE((*file)->revision, *put);
        QVERIFY(m_store->seen() >= *put);
        QVERIFY(!wait(m_store->get("/none"))->has_value());
        const auto conflict = wait(m_store->put("/a", "x", Revision(0)));
        QCOMPARE(conflict.error().code, ErrorCode::conflict);
        const auto old = wait(m_store->read(store::Get{"/a", put->next().next()}));
        QVERIFY(old);
        QCOMPARE(old->status, store::ReplyStatus::notYet);
        QCOMPARE(wait(m_store->put("a", "x")).error().code, ErrorCode::invalid);
    }
    void nodes_areTriedInTurn()
    {
        m_network->down = {u"a"_s, u"b"_s};
        QVERIFY(wait(m_store->put("/a", "1")));
        QCOMPARE(m_client->node().host(), u"c"_s);
    }
    void nobodyThere_isUnavailable()
    {
        m_network->down = {u"a"_s, u"b"_s, u"c"_s};
        m_options.timeout = std::chrono::milliseconds(50);
        restart();
        const Result<Revision> put = wait(m_store->put("/a", "1"));
        QCOMPARE(put.error().code, ErrorCode::unavailable);
        QVERIFY2(put.error().message.contains(u"refused"_s), qPrintable(put.error().message));
    }
    void lostAnswer_isAskedForAgainAndDoneOnce()
    {
        const Revision before = *wait(m_store->put("/once", "0"));
        for (int round = 1; round <= 5; ++round) {
            m_network->loseAnswers = round % 3 + 1;
            const Result<Revision> put = wait(m_store->put("/once", QByteArray::number(round)));
            QVERIFY2(put, put ? "" : qPrintable(put.error().message));
            QCOMPARE(put->value(), before.value() + std::uint64_t(round));
        }
        QVERIFY(m_network->opened > 5);
    }
    void lostAnswer_withoutASessionIsUnknown()
    {
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        m_network->loseAnswers = 1;
        const rpc::Outcome outcome = wait(
            m_client->call(u"store.put"_s, {{u"path"_s, u"/u"_s}, {u"value"_s, QByteArray("1")}}));
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::unknownOutcome);
        QCOMPARE(errorOf(outcome.error()).code, ErrorCode::unknown);
    }
    void ownSession_thatIsNotOpenedLeavesNothingWritten()
    {
        m_options.timeout = std::chrono::milliseconds(200);
        restart();
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        m_network->silent = {u"a"_s, u"b"_s, u"c"_s};
        const Result<Revision> put = wait(m_store->put("/a", "1"));
        QCOMPARE(put.error().code, ErrorCode::unavailable);
    }
    /// There is no outcome that could be unknown.
    void lostAnswer_ofAReadIsUnavailable()
    {
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        m_network->loseAnswers = 1'000'000;
        const CallOptions reading{Repeat::read, std::chrono::milliseconds(300)};
        const rpc::Outcome outcome = wait(m_client->call(u"store.figures"_s, {}, reading));
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::unavailable);
        QVERIFY(outcome.error().isRetryable);
        QVERIFY(!outcome.error().message.contains(u"may be done"_s));
        m_network->loseAnswers = 0;
        QVERIFY(wait(m_client->call(u"store.figures"_s, {}, {Repeat::read, {}})));
    }
    void ownSession_thatEndedIsOpenedAgain()
    {
        QVERIFY(wait(m_store->put("/s", "1")));
        const auto sessions = wait(m_local.read(store::SessionList{}));
        QVERIFY(!sessions->sessions.empty());
        for (const store::SessionInfo &session : sessions->sessions)
            QVERIFY(wait(m_local.closeSession(session.session)));
        QVERIFY(wait(m_store->put("/s", "2")));
        QCOMPARE((*wait(m_store->get("/s")))->value, "2");
    }
    void finish_endsTheOwnSession()
    {
        const auto count = [this] {
            return wait(m_local.read(store::SessionList{}))->sessions.size();
        };
        const std::size_t before = count();
        QVERIFY(wait(m_store->put("/s", "1")));
        QCOMPARE(count(), before + 1);
        QVERIFY(wait(m_store->finish()));
        QCOMPARE(count(), before);
    }
    void manyWrites_keepToTheWindow()
    {
        std::vector<Task<Result<Revision>>> puts;
        for (int n = 0; n < 300; ++n)
            puts.push_back(m_store->put("/many/" + QByteArray::number(n), "x"));
        m_network->loseAnswers = 2;
        std::set<Revision> revisions;
        for (auto &task : puts) {
            const Result<Revision> put = wait(std::move(task));
            QVERIFY2(put, put ? "" : qPrintable(put.error().message));
            revisions.insert(*put);
        }
        QCOMPARE(revisions.size(), 300u);
    }
    void silentNode_isGivenUp()
    {
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        QSignalSpy states(m_client.get(), &Client::stateChanged);
        m_network->isSilent = true;
        QTRY_COMPARE(states.size(), 1);
        QCOMPARE(m_client->state(), Client::State::connecting);
        m_network->isSilent = false;
        QTRY_COMPARE(m_client->state(), Client::State::connected);
    }
    /// Long before it is given up, as others answer meanwhile. One of them is down.
    void silentNode_isLeftForOneThatAnswers()
    {
        m_options.pingEvery = std::chrono::seconds(60);
        m_options.doubtAfter = std::chrono::milliseconds(30);
        restart();
        const Revision before = *wait(m_store->put("/silent", "0"));
        QCOMPARE(m_client->node().host(), u"a"_s);
        const auto watch = m_store->watch({*store::Glob::parse("/silent"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        m_network->down = {u"b"_s};
        m_network->silent = {u"a"_s};
        const Result<Revision> put = wait(m_store->put("/silent", "1"));
        QVERIFY2(put, put ? "" : qPrintable(put.error().message));
        QCOMPARE(put->value(), before.value() + 1); // Once.
        QCOMPARE(m_client->node().host(), u"c"_s);
        QVERIFY(m_client->state() == Client::State::connected);
        QVERIFY(wait(std::move(next))); // Watches go with the client.
    }
    void silentNode_isWaitedForByWhatIsSentOnce()
    {
        m_options.pingEvery = std::chrono::milliseconds(300);
        m_options.doubtAfter = std::chrono::milliseconds(15);
        restart();
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        m_network->silent = {u"a"_s};
        const rpc::Outcome outcome = wait(m_client->call(u"store.figures"_s, {}));
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::unknownOutcome);
        QVERIFY2(outcome.error().message.contains(u"says nothing any more"_s),
                 qPrintable(outcome.error().message));
    }
    /// Its connection is the better one: it need not be made.
    void silentNode_isKeptIfItSpeaksFirst()
    {
        m_options.pingEvery = std::chrono::seconds(1);
        m_options.doubtAfter = std::chrono::milliseconds(15);
        restart();
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        m_network->silent = {u"a"_s, u"b"_s, u"c"_s};
        CallOptions options{Repeat::safe, std::chrono::milliseconds(500)};
        auto call = m_client->call(u"store.figures"_s, {}, options);
        QTRY_VERIFY(m_client->connection()->isSilent());
        m_network->silent.clear();
        auto other = m_client->call(u"store.figures"_s, {}, {Repeat::safe, {}});
        QVERIFY(wait(std::move(other)));
        QVERIFY(!m_client->connection()->isSilent());
        (void)wait(std::move(call));
        QCOMPARE(m_client->node().host(), u"a"_s);
    }
    void nodeThatCannotServe_isLeft()
    {
        const Revision before = *wait(m_store->put("/left", "0"));
        QCOMPARE(m_client->node().host(), u"a"_s);
        m_network->isRefused = [](const QString &host, const QString &) { return host == u"a"; };
        const auto watch = m_store->watch({*store::Glob::parse("/left"), {}});
        auto next = watch->next();
        const Result<Revision> put = wait(m_store->put("/left", "1"));
        QVERIFY2(put, put ? "" : qPrintable(put.error().message));
        QCOMPARE(put->value(), before.value() + 1); // Once.
        QCOMPARE(m_client->node().host(), u"b"_s);
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        QVERIFY(wait(m_local.put("/left", "2")));
        QVERIFY(wait(std::move(next))); // Watches go with the client.
    }
    void nodeThatServesSomeone_isNotLeft()
    {
        m_options.leaveAfter = std::chrono::milliseconds(1'000);
        m_options.timeout = std::chrono::milliseconds(1'500);
        restart();
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        const int opened = m_network->opened;
        m_network->isRefused = [](const QString &, const QString &method) {
            return method == u"session.open";
        };
        std::optional<Result<Revision>> put;
        m_store->put("/left", "1").then([&put](const Result<Revision> &got) { put = got; });
        while (!put)
            QVERIFY(wait(m_store->get("/none", {ReadMode::local, {}})));
        QCOMPARE(put->error().code, ErrorCode::unavailable);
        QCOMPARE(m_network->opened, opened);
    }
    void onlyNode_isNotLeft()
    {
        m_options.nodes = *parseEndpoints(u"a:1"_s);
        m_options.timeout = std::chrono::milliseconds(300);
        restart();
        m_network->isRefused = [](const QString &, const QString &) { return true; };
        QCOMPARE(wait(m_store->put("/left", "1")).error().code, ErrorCode::unavailable);
        QCOMPARE(m_network->opened, 1);
    }
    void allNodesThatCannotServe_areTriedAgainAndAgain()
    {
        const Revision before = *wait(m_store->put("/left", "0"));
        m_network->isRefused = [](const QString &, const QString &) { return true; };
        std::optional<Result<Revision>> put;
        m_store->put("/left", "1").then([&put](const Result<Revision> &got) { put = got; });
        QTRY_VERIFY(m_network->opened > 5); // Round and round.
        QVERIFY(!put);
        m_network->isRefused = nullptr;
        QTRY_VERIFY(put.has_value());
        QVERIFY2(*put, *put ? "" : qPrintable(put->error().message));
        QCOMPARE((*put)->value(), before.value() + 1);
    }
    void garbage_endsTheConnection()
    {
        QVERIFY(wait(m_client->connected(std::chrono::seconds(5))));
        m_network->garbage = QByteArray::fromHex("bf6161"); // A map that never ends.
        QVERIFY(wait(m_store->get("/a")));
        QCOMPARE(m_network->opened, 2);
    }
    void client_mayEndInItsOwnAnswer()
    {
        const rpc::Outcome good = wait(askOnce(m_options));
        QVERIFY(good);
        m_network->down = {u"a"_s, u"b"_s, u"c"_s};
        m_options.timeout = std::chrono::milliseconds(30);
        const rpc::Outcome bad = wait(askOnce(m_options));
        QVERIFY(!bad);
    }
    void session_isRenewedAndEnds()
    {
        const auto session = wait(m_store->openSession({0, std::chrono::seconds(60)}));
        QVERIFY(session);
        QVERIFY(wait(m_store->keepAlive(*session)));
        QVERIFY(wait(m_store->closeSession(*session)));
        QCOMPARE(wait(m_store->keepAlive(*session)).error().code, ErrorCode::notFound);
    }

    void watch_goesOnAfterEveryCut()
    {
        const auto watch = m_store->watch({*store::Glob::parse("/cut/?*"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        QByteArrayList seen;
        for (int n = 0; n < 60; ++n) {
            QVERIFY(wait(m_local.put("/cut/" + QByteArray::number(n), "x")));
            if (n % 7 == 3)
                m_network->cut();
        }
        while (seen.size() < 60) {
            const auto answer = wait(std::move(next));
            QVERIFY2(answer, answer ? "" : qPrintable(answer.error().message));
            for (const auto &event : std::get<store::WatchBatch>(*answer).events)
                seen.append(event.path.mid(5));
            if (seen.size() < 60)
                next = watch->next();
            if (seen.size() % 5 == 2)
                m_network->cut();
        }
        for (int n = 0; n < 60; ++n)
            QCOMPARE(seen[n].toInt(), n);
    }
    void watch_slowReaderIsNotBuffered()
    {
        const auto watch = m_store->watch({*store::Glob::parse("/slow"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        for (int n = 0; n < 600; ++n) // More batches than wait for a reader.
            QVERIFY(wait(m_local.put("/slow", QByteArray::number(n))));
        int count = 0;
        while (count < 600) {
            const auto answer = wait(std::move(next));
            QVERIFY(answer);
            for (const auto &event : std::get<store::WatchBatch>(*answer).events)
                QCOMPARE(event.now.value.toInt(), count++);
            if (count < 600)
                next = watch->next();
        }
    }
    void watch_compactedSaysTheFloor()
    {
        QVERIFY(wait(m_store->put("/k", "1")));
        const Revision now = *wait(m_store->put("/k", "2"));
        QVERIFY(wait(m_store->compact(now)));
        const auto watch = m_store->watch({*store::Glob::parse("/k"), Revision(1)});
        const auto answer = wait(watch->next());
        QVERIFY(answer);
        QCOMPARE(std::get<store::WatchCompacted>(*answer).floor, now);
        const auto history = wait(m_store->history({*store::Glob::parse("/k"), Revision(1)}));
        QCOMPARE(std::get<store::WatchCompacted>(*history).floor, now);
    }
    void watch_idleOneOutlivesCompactionAndItsNode()
    {
        const auto watch = m_store->watch({*store::Glob::parse("/idle"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        QVERIFY(wait(m_local.put("/busy", "1")));
        const Revision now = *wait(m_local.put("/busy", "2"));
        QVERIFY(watch->progress() < now);
        QVERIFY(wait(m_local.compact(now)));
        QTRY_COMPARE(watch->progress(), now);
        m_network->cut();
        QVERIFY(wait(m_local.put("/idle", "3")));
        const auto answer = wait(std::move(next));
        QVERIFY2(answer, answer ? "" : qPrintable(answer.error().message));
        QCOMPARE(std::get<store::WatchBatch>(*answer).events.front().now.value, "3");
    }
    void watch_whatItShowedIsSeen()
    {
        const auto watch = m_store->watch({*store::Glob::parse("/shown"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        const Revision put = *wait(m_local.put("/shown", "1"));
        QVERIFY(m_store->seen() < put);
        QVERIFY(wait(std::move(next)));
        QCOMPARE(m_store->seen(), put);
    }
    void watch_destroyedIsCancelled()
    {
        auto watch = m_store->watch({*store::Glob::parse("/k"), {}});
        std::optional<Result<store::WatchAnswer>> answer;
        watch->next().then([&answer](const Result<store::WatchAnswer> &got) { answer = got; });
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        watch.reset();
        QTRY_VERIFY(answer && !*answer); // at once, or when the answer to its subscription comes
        QTRY_COMPARE(m_node.host().watches()->size(), 0u);
    }

    void client_thatEndsTellsAllWhoWait()
    {
        m_network->down = {u"a"_s, u"b"_s, u"c"_s};
        restart();
        const auto watch = m_store->watch({*store::Glob::parse("/k"), {}});
        std::optional<Result<store::WatchAnswer>> watched;
        watch->next().then([&watched](const Result<store::WatchAnswer> &got) { watched = got; });
        std::optional<Result<Revision>> put;
        m_store->put("/k", "1").then([&put](const Result<Revision> &got) { put = got; });
        QVERIFY(!watched && !put);
        m_client.reset();
        QVERIFY(watched && !*watched);
        QVERIFY(put && !*put);
        QCOMPARE(put->error().code, ErrorCode::unavailable);
    }

private:
    template<class T>
    static T wait(QCoro::Task<T> task)
    {
        return QCoro::waitFor(std::move(task));
    }
    static Task<rpc::Outcome> askOnce(Options options)
    {
        Client client(options);
        rpc::Outcome outcome = co_await client.call(u"store.figures"_s, {});
        co_return outcome;
    }
    void restart()
    {
        m_store.reset();
        m_client = std::make_unique<Client>(m_options);
        m_store = std::make_unique<RemoteStore>(*m_client);
    }

    test::SoloNode m_node;
    node::LocalStore m_local{m_node.host()};
    node::StoreMethods m_methods{m_local};
    rpc::Registry m_registry;
    std::unique_ptr<test::FakeNetwork> m_network;
    Options m_options;
    std::unique_ptr<Client> m_client;
    std::unique_ptr<RemoteStore> m_store;
};

QTEST_GUILESS_MAIN(TestRemoteStore)
#include "tst_remote_store.moc"
