// SPDX-License-Identifier: Apache-2.0
#include "agent/fetcher.h"
#include "agent/follower.h"
#include "agent/reporter.h"
#include "client/endpoint.h"
#include "support/fake_centre.h"

#include <QCoroTask>
#include <QSignalSpy>
#include <QTest>

using namespace coffer;
using namespace coffer::agent;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// An agent's way to the cluster, against a centre that is played, over a network that breaks.
class TestFollower : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_centre = std::make_unique<test::FakeCentre>();
        client::Options options;
        options.nodes = *client::parseEndpoints(u"a:1,b:1"_s);
        options.isShuffled = false;
        options.connectTimeout = 200ms;
        options.pauseMax = 50ms;
        options.link = [this](const QUrl &node) { return m_centre->network.make(node); };
        m_client = std::make_unique<client::Client>(options);
        Follower::Options following{.identity = {u"web-1"_s, "secret", u"i"_s, u"r"_s, u"1"_s},
                                    .services = {u"shop"_s},
                                    .has = [this] { return m_has; },
                                    .poll = 1h,
                                    .pauseFirst = 5ms,
                                    .pauseMax = 20ms,
                                    .refusedMax = 20ms};
        m_follower = std::make_unique<Follower>(*m_client, following, m_random);
        m_reporter = std::make_unique<Reporter>(*m_client, *m_follower, m_random);
        connect(m_follower.get(), &Follower::offered, this,
                [this](const Wanted &wanted) { m_offers.push_back(wanted); });
        m_offers.clear();
        m_has.clear();
    }
    void cleanup()
    {
        m_reporter.reset();
        m_follower.reset();
        m_client.reset();
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        m_centre.reset();
    }

    void follow_saysWhoAndWhatIsHere()
    {
        m_has[u"shop"_s] = {u"v3"_s, "abc"};
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        const QCborMap params = m_centre->follows.front();
        QCOMPARE(params.value(u"host"_s).toString(), u"web-1"_s);
        QCOMPARE(params.value(u"secret"_s).toString(), u"secret"_s);
        QCOMPARE(params.value(u"have"_s).toMap().value(u"shop"_s).toMap().value(u"root"_s),
                 u"abc"_s);
        QVERIFY(m_follower->standing().state == Standing::State::following);
        QCOMPARE(m_follower->standing().revision, 7);
        QVERIFY(m_follower->standing().heardAt.has_value());
    }
    void offers_arriveAtOnceAndWithEachChange()
    {
        m_centre->publish(u"shop"_s, u"v1"_s, "one");
        m_follower->start();
        QTRY_COMPARE(m_offers.size(), 1u);
        m_centre->publish(u"shop"_s, u"v2"_s, "two");
        QTRY_COMPARE(m_offers.size(), 2u);
        QCOMPARE(m_offers.back().version, u"v2"_s);
        QCOMPARE(m_offers.back().root, config::Hash::of("two").hex());
        QCOMPARE(m_offers.back().message, u"why"_s);
    }
    void offers_areNotCompleteBeforeTheFirstHeartbeat()
    {
        m_centre->isComplete = false;
        m_centre->publish(u"shop"_s, u"v1"_s, "one");
        m_follower->start();
        QTRY_COMPARE(m_offers.size(), 1u);
        QVERIFY(!m_follower->isComplete());
        m_centre->beat();
        QTRY_VERIFY(m_follower->isComplete());
    }
    void lostConnection_isFollowedByAnotherOne()
    {
        m_centre->publish(u"shop"_s, u"v1"_s, "one");
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        const QByteArray ticket = m_follower->ticket();
        m_centre->network.cut();
        QTRY_COMPARE(m_centre->follows.size(), 2u);
        QTRY_VERIFY(m_follower->isComplete());
        QVERIFY(m_follower->ticket() != ticket);
        QCOMPARE(m_offers.size(), 2u);
    }
    void deadNode_isLeftForAnotherOne()
    {
        m_centre->network.down = {u"a"_s};
        m_follower->start();
        QTRY_COMPARE(m_follower->standing().node, u"b:1"_s);
    }
    void absentNodes_areWaitedForWithoutEnd()
    {
        m_centre->network.down = {u"a"_s, u"b"_s};
        m_follower->start();
        QTRY_VERIFY(!m_client->trouble().isEmpty());
        QVERIFY(m_follower->standing().state == Standing::State::connecting);
        m_centre->network.down.clear();
        QTRY_VERIFY(m_follower->isComplete());
    }
    /// A second agent of this host: it says so, and asks again.
    void refusal_isSaidAndAskedAgain()
    {
        m_centre->refusal = rpc::Failure::of(
            rpc::Code::conflict, u"host web-1 is followed from 10.0.0.1 and 10.0.0.2"_s);
        m_follower->start();
        QTRY_VERIFY(m_centre->follows.size() >= 3);
        QVERIFY(m_follower->standing().state == Standing::State::refused);
        QVERIFY2(m_follower->standing().trouble.contains(u"10.0.0.2"_s),
                 qPrintable(m_follower->standing().trouble));
        QVERIFY(m_follower->ticket().isEmpty());
        m_centre->refusal.reset();
        QTRY_VERIFY(m_follower->isComplete());
        QVERIFY(m_follower->standing().trouble.isEmpty());
    }
    void wrongSecret_namesWhatToDo()
    {
        m_centre->refusal = rpc::Failure::of(rpc::Code::unauthenticated, u"not the secret"_s);
        m_follower->start();
        QTRY_VERIFY(m_follower->standing().trouble.contains(u"coffer-agent join"_s));
    }
    void nodeWithoutThePlugin_isNamed()
    {
        m_centre->refusal = rpc::Failure::of(rpc::Code::methodNotFound, u"no such method"_s);
        m_follower->start();
        QTRY_VERIFY(m_follower->standing().trouble.contains(u"goconf"_s));
    }
    void poll_followsAnew()
    {
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        m_follower->again();
        QVERIFY(!m_follower->isComplete());
        QTRY_VERIFY(m_follower->isComplete());
        QCOMPARE(m_centre->follows.size(), 2u);
    }
    /// As a reload of the targets does, at an unlucky moment.
    void again_whileAFollowIsUnderWayIsNotLost()
    {
        m_centre->onFollow = [this] {
            if (m_centre->follows.size() == 1)
                m_follower->again({u"shop"_s, u"cart"_s});
        };
        m_follower->start();
        QTRY_COMPARE(m_centre->follows.size(), 2u);
        QCOMPARE(m_centre->follows.back().value(u"services"_s).toArray().size(), 2);
        QTRY_VERIFY(m_follower->isComplete());
        QCOMPARE(m_centre->follows.size(), 2u);
    }
    void nodeWithoutThePlugin_isLeftForAnotherOne()
    {
        m_centre->refusal = rpc::Failure::of(rpc::Code::methodNotFound, u"no such method"_s);
        QString trouble;
        connect(m_follower.get(), &Follower::standingChanged, this, [this, &trouble] {
            if (trouble.isEmpty())
                trouble = m_follower->standing().trouble;
            m_centre->refusal.reset();
        });
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        QVERIFY2(trouble.startsWith(u"a:1: "_s) && trouble.contains(u"goconf"_s),
                 qPrintable(trouble));
        QCOMPARE(m_follower->standing().node, u"b:1"_s);
    }
    void nodeThatCannotServe_isLeftForAnotherOne()
    {
        m_centre->network.isRefused = [](const QString &host, const QString &method) {
            return host == u"a" && method == u"goconf.follow";
        };
        m_follower->start();
        QTRY_COMPARE(m_follower->standing().node, u"b:1"_s);
    }
    void unknownEvents_areOfALaterNode()
    {
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        m_centre->send({{u"kind"_s, u"rocket"_s}});
        m_centre->publish(u"shop"_s, u"v1"_s, "one");
        QTRY_COMPARE(m_offers.size(), 1u);
    }

    void fetch_putsPiecesTogether()
    {
        const QByteArray bundle = noise(5'000);
        const auto bytes = fetch(bundle, {});
        QVERIFY2(bytes, why(bytes));
        QCOMPARE(*bytes, bundle);
        QVERIFY(m_centre->fetches.size() > 10);
    }
    void fetch_costsWhatDiffers()
    {
        QByteArray bundle = noise(5'000);
        const QByteArray base = bundle;
        bundle[2'500] = char(bundle[2'500] ^ 1);
        const QByteArray root = config::Hash::of(base).hex();
        m_centre->bases[root] = base;
        const auto bytes = fetch(bundle, {root, base});
        QVERIFY2(bytes, why(bytes));
        QCOMPARE(*bytes, bundle);
        QVERIFY(m_centre->fetches.size() <= 2);
    }
    void fetch_isRepeatedWholeIfTheBaseDoesNotFit()
    {
        const QByteArray bundle = noise(5'000);
        const QByteArray base = noise(4'000);
        const QByteArray root = config::Hash::of(base).hex();
        m_centre->bases[root] = base;
        m_centre->isForgettingBases = true;
        const auto bytes = fetch(bundle, {root, base});
        QVERIFY2(bytes, why(bytes));
        QCOMPARE(*bytes, bundle);
        const QString used = m_centre->fetches.back().value(u"base"_s).toString();
        QVERIFY2(used.isEmpty(), qPrintable(used));
    }
    void fetch_refusesWhatHasAnotherRoot()
    {
        m_centre->isLying = true;
        const auto bytes = fetch(noise(500), {});
        QVERIFY(!bytes);
        QVERIFY(bytes.error().code == ErrorCode::corrupt);
        QVERIFY2(bytes.error().message.contains(u"v1"_s), why(bytes));
    }
    void fetch_endsWhenPiecesAreEmpty()
    {
        m_centre->pieceBytes = 0;
        const auto bytes = fetch(noise(500), {});
        QVERIFY(!bytes);
        QVERIFY(bytes.error().code == ErrorCode::corrupt);
    }

    void report_isSaidOnceAndAgainAfterAWelcome()
    {
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        m_reporter->report({u"shop"_s, u"v1"_s, "root", u"healthy"_s, {}, {}});
        m_reporter->report({u"shop"_s, u"v1"_s, "root", u"healthy"_s, {}, {}});
        QTRY_COMPARE(m_centre->reports.size(), 1u);
        QTRY_VERIFY(m_reporter->isIdle());
        m_centre->network.cut();
        QTRY_COMPARE(m_centre->reports.size(), 2u);
        QCOMPARE(m_centre->reports.back().value(u"state"_s).toString(), u"healthy"_s);
    }
    void report_waitsForANode()
    {
        m_reporter->report({u"shop"_s, u"v1"_s, "root", u"failed"_s, u"x"_s, {}});
        m_reporter->report({u"shop"_s, u"v2"_s, "root", u"healthy"_s, {}, {}});
        m_follower->start();
        QTRY_COMPARE(m_centre->reports.size(), 1u);
        QCOMPARE(m_centre->reports.back().value(u"version"_s).toString(), u"v2"_s);
    }
    void report_thatIsNotTakenIsSaidAgain()
    {
        m_centre->reportFault = rpc::Failure::of(rpc::Code::denied, u"this ticket is not known"_s);
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        m_reporter->report({u"shop"_s, u"v1"_s, "root", u"healthy"_s, {}, {}});
        QTRY_COMPARE(m_centre->reports.size(), 1u);
        QCOMPARE(m_centre->follows.size(), 2u);
    }
    void report_isBounded()
    {
        m_follower->start();
        QTRY_VERIFY(m_follower->isComplete());
        m_reporter->report({u"shop"_s, u"v1"_s, "root", u"failed"_s, QString(5'000, u'x'),
                            QByteArray(10'000, 'y') + "end"});
        QTRY_COMPARE(m_centre->reports.size(), 1u);
        const QCborMap report = m_centre->reports.back();
        QCOMPARE(report.value(u"error"_s).toString().size(), Report::errorCharactersMax);
        QCOMPARE(report.value(u"output"_s).toString().size(), Report::outputBytesMax);
        QVERIFY(report.value(u"output"_s).toString().endsWith(u"end"));
    }

private:
    template<class T>
    static const char *why(const Result<T> &result)
    {
        static QByteArray text;
        text = result ? QByteArray() : result.error().message.toUtf8();
        return text.constData();
    }
    /// Bytes that do not compress.
    QByteArray noise(qsizetype size)
    {
        QByteArray bytes;
        while (bytes.size() < size)
            bytes.append(char(m_random.next()));
        return bytes;
    }
    Result<QByteArray> fetch(const QByteArray &bundle, const FetchBase &base)
    {
        m_centre->publish(u"shop"_s, u"v1"_s, bundle);
        m_follower->start();
        if (!QTest::qWaitFor([this] { return !m_offers.empty(); }, 10'000))
            return Error{ErrorCode::unavailable, u"no offer came"_s};
        return QCoro::waitFor(fetchBundle(*m_client, m_follower->ticket(), m_offers.back(), base));
    }

    std::unique_ptr<test::FakeCentre> m_centre;
    std::unique_ptr<client::Client> m_client;
    SeededRandom m_random{1};
    std::unique_ptr<Follower> m_follower;
    std::unique_ptr<Reporter> m_reporter;
    std::vector<Wanted> m_offers;
    std::map<QString, Had> m_has;
};

QTEST_GUILESS_MAIN(TestFollower)
#include "tst_follower.moc"
