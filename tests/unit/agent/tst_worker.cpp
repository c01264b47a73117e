// SPDX-License-Identifier: Apache-2.0
#include "agent/worker.h"
#include "client/endpoint.h"
#include "support/fake_centre.h"
#include "unit/agent/switch_kit.h"

#include <QTest>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace coffer::agent {

/// Pauses as short as they get, or as long.
class Extremes final : public Random
{
public:
    std::uint64_t next() override { return isLong ? std::uint64_t(-1) : 0; }
    bool isLong = false;
};

/// The worker hands over its own; what it does is seen here.
class SharedActions final : public Actions
{
public:
    explicit SharedActions(FakeActions &of) : m_of(of) {}
    [[nodiscard]] QCoro::Task<CommandOutcome> run(Command command, Environment with) override
    {
        return m_of.run(std::move(command), std::move(with));
    }
    [[nodiscard]] Result<bool> signal(std::int64_t process, int number) override
    {
        return m_of.signal(process, number);
    }
    [[nodiscard]] QCoro::Task<void> pause(std::chrono::milliseconds duration) override
    {
        return m_of.pause(duration);
    }
    void wake() override { m_of.wake(); }

private:
    FakeActions &m_of;
};

/// One service between a centre that is played and a disk in memory: what is tried, how often, and
/// what is said of it.
class tst_Worker : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void drift_doesNotHideAFailure();
    void drift_isForgottenWhenItIsOver();
    void lostBundle_isFetchedAgain();
    void lostBundle_isTriedSoOftenAndNoMore();
    void lostBundle_doesNotReviveAnotherVersion();
    void lateTicket_isNoReasonToWait();
    void withdrawal_beforeAnythingWasAppliedEndsClean();
    void withdrawal_endsASwitchThatIsUnderWay();
    void look_changesNothingAndSaysWhatIsUnfinished();
    void origins_areKeptBesideTheirVersion();
    void origins_areNoReasonToFail();

private:
    void publish(const Version &version)
    {
        m_centre->publish(u"shop"_s, QString::fromUtf8(version.name), version.bytes());
    }
    [[nodiscard]] std::unique_ptr<Worker> make(Duty duty);
    /// What the centre heard last, as "failed v1".
    [[nodiscard]] QString said() const
    {
        return m_centre->lastState() + u' ' + m_centre->lastVersion();
    }
    [[nodiscard]] QString saidField(const QString &name) const
    {
        return m_centre->reports.back().value(name).toString();
    }
    void loseBundle(const Version &version)
    {
        m_disk->damage(stateDirectory + "/services/shop/bundles/" + version.root().hex(), "rotten");
    }
    void scrub() { (void)QCoro::waitFor(m_worker->scrub()); }

    std::unique_ptr<test::FakeCentre> m_centre;
    std::unique_ptr<MemoryFiles> m_disk;
    FakeActions m_actions;
    Extremes m_random;
    std::unique_ptr<client::Client> m_client;
    std::unique_ptr<Follower> m_follower;
    std::unique_ptr<Reporter> m_reporter;
    std::unique_ptr<Worker> m_worker;
};

std::unique_ptr<Worker> tst_Worker::make(Duty duty)
{
    return std::make_unique<Worker>(
        targetOf(Target::Style::files), QString::fromUtf8(stateDirectory),
        std::make_unique<SharedActions>(m_actions),
        Worker::World{m_client.get(), m_follower.get(), m_reporter.get(), *m_disk, m_actions,
                      m_random, duty});
}

void tst_Worker::init()
{
    m_centre = std::make_unique<test::FakeCentre>();
    m_centre->pieceBytes = 1'000'000;
    m_disk = std::make_unique<MemoryFiles>();
    m_disk->put(destination + "/foreign.txt", "not ours");
    m_disk->put(stateDirectory + "/lock", "");
    m_actions.script.clear();
    m_actions.ran.clear();
    m_random.isLong = false;
    client::Options options;
    options.nodes = *client::parseEndpoints(u"a:1"_s);
    options.link = [this](const QUrl &node) { return m_centre->network.make(node); };
    m_client = std::make_unique<client::Client>(options);
    Follower::Options following{.identity = {u"web-1"_s, "secret", u"i"_s, u"r"_s, u"1"_s},
                                .services = {u"shop"_s},
                                .has = [] { return std::map<QString, Had>(); },
                                .poll = 1h};
    m_follower = std::make_unique<Follower>(*m_client, following, m_random);
    m_reporter = std::make_unique<Reporter>(*m_client, *m_follower, m_random);
    m_worker = make(Duty::keep);
    m_worker->recover();
    connect(m_follower.get(), &Follower::offered, this,
            [this](const Wanted &wanted) { m_worker->want(wanted); });
    connect(m_follower.get(), &Follower::withdrawn, this,
            [this](const QString &) { m_worker->withdraw(); });
    m_follower->start();
    QTRY_VERIFY(m_follower->isComplete());
}

void tst_Worker::cleanup()
{
    m_actions.open();
    m_worker->retire();
    QTRY_VERIFY(m_worker->isIdle());
    m_worker.reset();
    m_reporter.reset();
    m_follower.reset();
    m_client.reset();
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    m_centre.reset();
}

void tst_Worker::drift_doesNotHideAFailure()
{
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    m_actions.script["/check"] = {false};
    publish(versionTwo());
    QTRY_COMPARE(said(), u"failed v1"_s);
    m_disk->damage(destination + "/a.conf", "by hand\n");
    scrub();
    QTRY_VERIFY2(saidField(u"error"_s).contains(u"1 files are not"_s),
                 qPrintable(saidField(u"error"_s)));
    QCOMPARE(said(), u"failed v1"_s);
    QVERIFY(saidField(u"error"_s).startsWith(u"version v2: the check"_s));
    QVERIFY(saidField(u"output"_s).startsWith(u"line 3: no"_s));
    QVERIFY(saidField(u"output"_s).contains(u"+by hand"_s));
}

void tst_Worker::drift_isForgottenWhenItIsOver()
{
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    m_disk->damage(destination + "/a.conf", "by hand\n");
    scrub();
    QTRY_COMPARE(said(), u"drifted v1"_s);
    m_disk->damage(destination + "/a.conf", "a of one\n");
    scrub();
    QTRY_COMPARE(said(), u"healthy v1"_s);
}

void tst_Worker::lostBundle_isFetchedAgain()
{
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    const auto fetched = m_centre->fetches.size();
    loseBundle(versionOne());
    scrub();
    QTRY_COMPARE(m_centre->fetches.size(), fetched + 1);
    QTRY_VERIFY(m_worker->isIdle());
    QVERIFY(QCoro::waitFor(m_worker->scrub()).isClean());
    QCOMPARE(said(), u"healthy v1"_s);
}

void tst_Worker::lostBundle_isTriedSoOftenAndNoMore()
{
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    const auto before = m_centre->fetches.size();
    m_centre->isLying = true;
    loseBundle(versionOne());
    scrub();
    QTRY_COMPARE(said(), u"failed v1"_s);
    scrub(); // Between two tries: that is no reason for another one.
    QTRY_VERIFY_WITH_TIMEOUT(m_worker->status().isGivenUp, 60'000);
    QCOMPARE(m_centre->fetches.size(), before + Worker::triesMax);
    for (int round = 0; round < 5; ++round) {
        scrub();
        QTRY_VERIFY(m_worker->isIdle());
    }
    QCOMPARE(m_centre->fetches.size(), before + Worker::triesMax);
    QCOMPARE(said(), u"failed v1"_s);
    m_centre->isLying = false;
    m_follower->again(); // as a poll does
    QTRY_COMPARE(said(), u"healthy v1"_s);
    QVERIFY(!m_worker->status().isGivenUp);
}

/// The fetch was for a ticket of before: it is tried as soon as the next follow offers the same.
void tst_Worker::lateTicket_isNoReasonToWait()
{
    m_random.isLong = true; // the next try by itself comes after seconds
    m_centre->fetchFault = rpc::Failure::of(rpc::Code::notFound, u"follow again"_s);
    const auto follows = m_centre->follows.size();
    publish(versionOne());
    QTRY_VERIFY(m_worker->status().applied && m_worker->status().applied->version == "v1");
    QCOMPARE(m_centre->fetches.size(), 2U);
    QCOMPARE(m_centre->follows.size(), follows + 1);
}

/// What is applied lost its bundle; what is wanted, and was given up, does not help.
void tst_Worker::lostBundle_doesNotReviveAnotherVersion()
{
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    m_actions.script["/check"] = {false};
    publish(versionTwo());
    QTRY_VERIFY_WITH_TIMEOUT(m_worker->status().isGivenUp, 60'000);
    const auto ran = m_actions.ran.size();
    loseBundle(versionOne());
    for (int round = 0; round < 5; ++round) {
        scrub();
        QTRY_VERIFY(m_worker->isIdle());
    }
    QCOMPARE(m_actions.ran.size(), ran);
    QTRY_VERIFY2(saidField(u"error"_s).contains(u"was damaged or lost"_s),
                 qPrintable(saidField(u"error"_s)));
    QVERIFY(saidField(u"error"_s).startsWith(u"version v2"_s));
}

static config::OriginList originsIn(const QByteArray &layer)
{
    const config::Place key{config::Place::Kind::key, "core", "a"};
    return {{{layer, "v1"}}, {{key, 0, false}}, {}};
}

void tst_Worker::origins_areKeptBesideTheirVersion()
{
    m_centre->origins = config::encode(originsIn("sh001"));
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    QTRY_VERIFY(m_worker->origins().read(versionOne().root()));
    QVERIFY(*m_worker->origins().read(versionOne().root()) == originsIn("sh001"));
    m_centre->origins = config::encode(originsIn("_all"));
    publish(versionTwo());
    QTRY_COMPARE(said(), u"healthy v2"_s);
    QTRY_VERIFY(m_worker->origins().read(versionTwo().root()));
    QVERIFY(*m_worker->origins().read(versionOne().root()) == originsIn("sh001"));
    QVERIFY(m_worker->origins().sweep({{versionTwo().root(), "v2"}}));
    QCOMPARE(m_worker->origins().read(versionOne().root()).error().code, ErrorCode::notFound);
    QVERIFY(m_worker->origins().read(versionTwo().root()));
}

void tst_Worker::origins_areNoReasonToFail()
{
    publish(versionOne()); // from a node that does not know of them
    QTRY_COMPARE(said(), u"healthy v1"_s);
    QTRY_COMPARE(m_centre->originsAsked, 1);
    m_centre->origins = "rotten";
    publish(versionTwo());
    QTRY_COMPARE(said(), u"healthy v2"_s);
    QTRY_COMPARE(m_centre->originsAsked, 2);
    QTRY_VERIFY(m_worker->isIdle());
    QVERIFY(!m_worker->origins().read(versionTwo().root()));
    // What was kept, and is damaged, is as if it were not there.
    QVERIFY(m_worker->origins().keep(versionTwo().root(), originsIn("_all")));
    QVERIFY(m_worker->origins().read(versionTwo().root()));
    m_disk->damage(stateDirectory + "/services/shop/origins/" + versionTwo().root().hex(), "x");
    QCOMPARE(m_worker->origins().read(versionTwo().root()).error().code, ErrorCode::notFound);
    QCOMPARE(said(), u"healthy v2"_s);
}

void tst_Worker::withdrawal_beforeAnythingWasAppliedEndsClean()
{
    m_actions.script["/check"] = {false};
    publish(versionOne());
    QTRY_COMPARE(said(), u"failed "_s);
    m_centre->wanted.clear();
    m_centre->send({{u"kind"_s, u"withdrawn"_s}, {u"service"_s, u"shop"_s}});
    QTRY_COMPARE(said(), u"healthy "_s);
    QVERIFY(saidField(u"error"_s).isEmpty());
    const ServiceStatus status = m_worker->status();
    QVERIFY(!status.wanted && !status.applied);
    QCOMPARE(status.tries, 0);
    QVERIFY(m_worker->isSettled());
    const auto ran = m_actions.ran.size();
    m_follower->again();
    QTRY_VERIFY(m_follower->isComplete());
    QTRY_VERIFY(m_worker->isIdle());
    QCOMPARE(m_actions.ran.size(), ran);
    m_actions.script.clear();
    publish(versionTwo());
    QTRY_COMPARE(said(), u"healthy v2"_s);
}

void tst_Worker::withdrawal_endsASwitchThatIsUnderWay()
{
    m_actions.gated = "/check";
    publish(versionOne());
    QTRY_COMPARE(m_actions.ran.size(), std::size_t(1));
    m_centre->wanted.clear();
    m_centre->send({{u"kind"_s, u"withdrawn"_s}, {u"service"_s, u"shop"_s}});
    QTRY_VERIFY(!m_worker->status().wanted);
    m_actions.open();
    QTRY_VERIFY(m_worker->isIdle());
    QVERIFY(!m_worker->status().applied);
    QVERIFY(!(*m_disk->status(destination + "/a.conf")).has_value());
}

void tst_Worker::look_changesNothingAndSaysWhatIsUnfinished()
{
    publish(versionOne());
    QTRY_COMPARE(said(), u"healthy v1"_s);
    m_actions.onRun = [this](const QByteArray &program) {
        if (program == "/health")
            m_disk->dieAt(0);
    };
    publish(versionTwo());
    QTRY_VERIFY(m_disk->isDead());
    QTRY_VERIFY(m_worker->isIdle());
    m_actions.onRun = {};
    SeededRandom chance(1);
    m_disk->reboot(MemoryFiles::Loss::none, chance);
    loseBundle(versionTwo());
    const int steps = m_disk->steps();
    const auto ran = m_actions.ran.size();
    const std::unique_ptr<Worker> looker = make(Duty::look);
    looker->recover();
    const DriftReport drift = QCoro::waitFor(looker->scrub());
    QVERIFY(!drift.isClean());
    QVERIFY(!drift.isRepaired);
    QVERIFY(!looker->hold(std::nullopt));
    QVERIFY2(looker->status().report.error.contains(u"v2"_s),
             qPrintable(looker->status().report.error));
    QCOMPARE(looker->status().applied->version, QByteArray("v1"));
    QVERIFY(looker->isIdle());
    QCOMPARE(m_disk->steps(), steps);
    QCOMPARE(m_actions.ran.size(), ran);
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_Worker)
#include "tst_worker.moc"
