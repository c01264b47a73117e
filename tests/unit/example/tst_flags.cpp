// SPDX-License-Identifier: Apache-2.0
#include "example/flags_plugin.h"
#include "testkit/cluster.h"
#include "testkit/main.h"

#include <memory>

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using example::Flag;

class tst_flags : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_cluster.reset(); }

    void flag_isStickyAndGrows();
    void flag_takesOthersFirstThanAnotherFlag();
    void flag_readsItsOwnJson();
    void flag_refusesWhatIsNone_data();
    void flag_refusesWhatIsNone();

    void check_answersTheSameOnAllNodes();
    void check_isAMetric();
    void set_isRefusedBeyondTheSchema();
    void set_obeysTheLiveSetting();
    void route_answersLikeTheMethod();
    void follow_tellsChangesInOrder();
    void follow_resumes();
    void follow_endsWhenThePluginStops();
    void isolated_nodeCatchesUp();
    void restarted_nodeKnowsTheFlags();
    void sweep_removesWhatIsOver();
    void sweep_isDoneByOneNodeAndGoesOnElsewhere();
    void sweep_leavesWhatWasSetAnew();

private:
    [[nodiscard]] rpc::Outcome set(int node, const QString &flag, int percent,
                                   std::optional<WallMs> until = {});
    [[nodiscard]] bool isOn(int node, const QString &flag, const QString &subject);
    /// The node that does the sweeping: the one that counted it.
    [[nodiscard]] int swept(int node) const;
    [[nodiscard]] bool isThere(int node, const QByteArray &path);

    std::unique_ptr<Cluster> m_cluster;
};

void tst_flags::init()
{
    m_cluster = std::make_unique<Cluster>();
    m_cluster->addPlugin<example::FlagsPlugin>(QStringLiteral(COFFER_PLUGIN_JSON),
                                               {{u"sweepSeconds"_s, 10}});
    const Result<void> started = m_cluster->start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
}

rpc::Outcome tst_flags::set(int node, const QString &flag, int percent, std::optional<WallMs> until)
{
    QCborMap params{{u"flag"_s, flag}, {u"percent"_s, percent}};
    if (until)
        params.insert(u"untilMs"_s, qint64(until->count()));
    rpc::Outcome outcome = m_cluster->call(node, u"flags.set"_s, params);
    m_cluster->advance(50ms); // the others hear of it
    return outcome;
}

bool tst_flags::isOn(int node, const QString &flag, const QString &subject)
{
    const rpc::Outcome outcome =
        m_cluster->call(node, u"flags.check"_s, {{u"flag"_s, flag}, {u"subject"_s, subject}});
    return outcome && outcome->toMap().value(u"on"_s).toBool();
}

int tst_flags::swept(int node) const
{
    return int(m_cluster->metric(node, "coffer_plugin_example_swept_total"));
}

bool tst_flags::isThere(int node, const QByteArray &path)
{
    const auto file = m_cluster->await(m_cluster->store(node).get(path));
    return file && file->has_value();
}

// ---- the pure part

void tst_flags::flag_isStickyAndGrows()
{
    int on = 0;
    for (int i = 0; i < 1'000; ++i) {
        const QByteArray subject = "user-" + QByteArray::number(i);
        bool wasOn = false;
        for (int percent = 0; percent <= 100; percent += 10) {
            const bool isOn = Flag{.percent = percent}.isOnFor("new", subject, WallMs(0));
            QVERIFY(isOn || !wasOn);
            wasOn = isOn;
            on += percent == 30 && isOn ? 1 : 0;
        }
        QVERIFY(wasOn);
        QVERIFY(!Flag{}.isOnFor("new", subject, WallMs(0)));
    }
    QVERIFY2(on > 250 && on < 350, qPrintable(QString::number(on)));
}

void tst_flags::flag_takesOthersFirstThanAnotherFlag()
{
    int different = 0;
    for (int i = 0; i < 100; ++i) {
        const QByteArray subject = QByteArray::number(i);
        const Flag half{.percent = 50};
        different += half.isOnFor("a", subject, {}) != half.isOnFor("b", subject, {}) ? 1 : 0;
    }
    QVERIFY(different > 20);
}

void tst_flags::flag_readsItsOwnJson()
{
    for (const Flag &flag : {Flag{}, Flag{.percent = 100}, Flag{.percent = 7, .until = 12345ms}})
        QCOMPARE(Flag::parse(flag.toJson()).value(), flag);
}

void tst_flags::flag_refusesWhatIsNone_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::newRow("nothing") << QByteArray();
    QTest::newRow("no percent") << QByteArray("{}");
    QTest::newRow("too much") << QByteArray(R"({"percent":101})");
    QTest::newRow("negative") << QByteArray(R"({"percent":-1})");
    QTest::newRow("text") << QByteArray(R"({"percent":"5"})");
}

void tst_flags::flag_refusesWhatIsNone()
{
    QFETCH(QByteArray, json);
    QVERIFY(!Flag::parse(json));
}

// ---- three copies

void tst_flags::check_answersTheSameOnAllNodes()
{
    QVERIFY(set(1, u"new"_s, 50));
    int on = 0;
    for (int i = 0; i < 20; ++i) {
        const QString subject = u"user-%1"_s.arg(i);
        const bool isOn1 = isOn(1, u"new"_s, subject);
        QCOMPARE(isOn(2, u"new"_s, subject), isOn1);
        QCOMPARE(isOn(3, u"new"_s, subject), isOn1);
        on += isOn1 ? 1 : 0;
    }
    QVERIFY(on > 0 && on < 20);
    QVERIFY(m_cluster->call(2, u"flags.remove"_s, {{u"flag"_s, u"new"_s}}));
    m_cluster->advance(50ms);
    for (int node = 1; node <= 3; ++node)
        QVERIFY(!isOn(node, u"new"_s, u"user-1"_s));
}

void tst_flags::check_isAMetric()
{
    QVERIFY(set(1, u"new"_s, 100));
    QVERIFY(isOn(2, u"new"_s, u"a"_s));
    QVERIFY(isOn(2, u"new"_s, u"b"_s));
    QVERIFY(!isOn(2, u"other"_s, u"a"_s));
    QCOMPARE(m_cluster->metric(2, "coffer_plugin_example_checks_total{answer=\"on\"}"), 2.0);
    QCOMPARE(m_cluster->metric(2, "coffer_plugin_example_checks_total{answer=\"off\"}"), 1.0);
    QCOMPARE(m_cluster->metric(3, "coffer_plugin_example_known"), 1.0);
}

void tst_flags::set_isRefusedBeyondTheSchema()
{
    QCOMPARE(set(1, u"new"_s, 101).error().code, rpc::Code::invalidArgument);
    QCOMPARE(set(1, u"No Name"_s, 1).error().code, rpc::Code::invalidArgument);
    QVERIFY(!isThere(1, "/flags/new"));
}

void tst_flags::set_obeysTheLiveSetting()
{
    QVERIFY(set(1, u"a"_s, 1));
    const auto configure = [this](int flagsMax) {
        const rpc::Outcome outcome = m_cluster->call(
            2, u"plugins.configure"_s,
            {{u"plugin"_s, u"example"_s}, {u"settings"_s, QCborMap{{u"flagsMax"_s, flagsMax}}}});
        m_cluster->advance(100ms);
        return outcome.has_value();
    };
    QVERIFY(!configure(0));
    QVERIFY(configure(1));
    QCOMPARE(set(3, u"b"_s, 1).error().code, rpc::Code::limit);
    QVERIFY(set(3, u"a"_s, 2));
    QVERIFY(configure(2));
    QVERIFY(set(3, u"b"_s, 1));
}

void tst_flags::route_answersLikeTheMethod()
{
    QVERIFY(set(1, u"new"_s, 100));
    const HttpAnswer answer =
        m_cluster->request(3, "GET", "/v1/flags/check?flag=new&subject=user-1");
    QCOMPARE(answer.body, R"({"on":true})");
    QCOMPARE(answer.status, 200);
    QCOMPARE(m_cluster->request(3, "GET", "/v1/flags/check?flag=new").status, 400);
}

static QStringList told(const std::deque<QCborValue> &events)
{
    QStringList texts;
    for (const QCborValue &event : events) {
        const QCborMap map = event.toMap();
        const bool isRemoved = map.value(u"removed"_s).toBool();
        texts += map.value(u"flag"_s).toString() + u' '
                 + (isRemoved ? u"-"_s : QString::number(map.value(u"percent"_s).toInteger()));
    }
    return texts;
}

void tst_flags::follow_tellsChangesInOrder()
{
    const auto follower = m_cluster->subscribe(3, u"flags.follow"_s);
    QVERIFY(follower);
    QVERIFY(set(1, u"a"_s, 1));
    QVERIFY(set(2, u"b"_s, 2));
    QVERIFY(m_cluster->call(1, u"flags.remove"_s, {{u"flag"_s, u"a"_s}}));
    m_cluster->advance(50ms);
    QCOMPARE(told(m_cluster->takeEvents(*follower)), QStringList({u"a 1"_s, u"b 2"_s, u"a -"_s}));
    QVERIFY(!m_cluster->endOf(*follower));
}

void tst_flags::follow_resumes()
{
    QVERIFY(set(1, u"a"_s, 1));
    const rpc::Outcome second = set(1, u"b"_s, 2);
    QVERIFY(second);
    QVERIFY(set(1, u"c"_s, 3));
    const QCborValue from = second->toMap().value(u"revision"_s);
    const auto follower = m_cluster->subscribe(2, u"flags.follow"_s, {{u"from"_s, from}});
    QVERIFY(follower);
    m_cluster->advance(50ms);
    QCOMPARE(told(m_cluster->takeEvents(*follower)), QStringList({u"b 2"_s, u"c 3"_s}));
}

void tst_flags::follow_endsWhenThePluginStops()
{
    const auto follower = m_cluster->subscribe(1, u"flags.follow"_s);
    QVERIFY(follower);
    QVERIFY(m_cluster->call(1, u"plugins.disable"_s, {{u"plugin"_s, u"example"_s}}));
    m_cluster->advance(1s);
    QVERIFY(m_cluster->endOf(*follower));
    for (int node = 1; node <= 3; ++node)
        QVERIFY(!m_cluster->hasStarted(node, u"example"_s));
    QCOMPARE(set(1, u"a"_s, 1).error().code, rpc::Code::methodNotFound);
}

// ---- what befalls nodes

void tst_flags::isolated_nodeCatchesUp()
{
    m_cluster->isolate(3);
    const int other = m_cluster->leader().value_or(1);
    QVERIFY(m_cluster->runUntil([this] { return m_cluster->leader().has_value(); }));
    QVERIFY(set(other == 3 ? 1 : other, u"new"_s, 100));
    QVERIFY(!isOn(3, u"new"_s, u"a"_s)); // it answers from what it has
    m_cluster->rejoin(3);
    QVERIFY(m_cluster->runUntil([this] { return isOn(3, u"new"_s, u"a"_s); }));
}

void tst_flags::restarted_nodeKnowsTheFlags()
{
    QVERIFY(m_cluster->stop(2));
    QVERIFY(!m_cluster->isRunning(2));
    QVERIFY(set(1, u"new"_s, 100));
    QVERIFY(m_cluster->restart(2));
    QVERIFY(m_cluster->runUntil([this] { return m_cluster->hasStarted(2, u"example"_s); }));
    QVERIFY(m_cluster->runUntil([this] { return isOn(2, u"new"_s, u"a"_s); }));
}

void tst_flags::sweep_removesWhatIsOver()
{
    const WallMs now = m_cluster->clock().wall();
    QVERIFY(set(1, u"short"_s, 100, now + 5s));
    QVERIFY(set(1, u"long"_s, 100, now + 1h));
    QVERIFY(isOn(2, u"short"_s, u"a"_s));
    m_cluster->advance(6s);
    QVERIFY(!isOn(2, u"short"_s, u"a"_s)); // off at once, swept later
    m_cluster->advance(15s);
    QVERIFY(!isThere(1, "/flags/short"));
    QVERIFY(isThere(1, "/flags/long"));
}

void tst_flags::sweep_isDoneByOneNodeAndGoesOnElsewhere()
{
    QVERIFY(set(1, u"one"_s, 100, m_cluster->clock().wall() + 1s));
    m_cluster->advance(20s);
    QCOMPARE(swept(1) + swept(2) + swept(3), 1);
    const int sweeper = swept(1) ? 1 : swept(2) ? 2 : 3;
    const int other = sweeper % 3 + 1;
    m_cluster->kill(sweeper);
    QVERIFY(m_cluster->runUntil([this] { return m_cluster->leader().has_value(); }));
    QVERIFY(set(other, u"two"_s, 100, m_cluster->clock().wall() + 1s));
    m_cluster->advance(30s);
    QVERIFY(!isThere(other, "/flags/two"));
    QCOMPARE(swept(other) + swept(other % 3 + 1), 1);
}

/// Between what the sweeper has seen and its removal, somebody prolongs the flag.
void tst_flags::sweep_leavesWhatWasSetAnew()
{
    const WallMs now = m_cluster->clock().wall();
    for (int i = 0; i < 20; ++i)
        QVERIFY(set(1, u"flag-%1"_s.arg(i), 100, now + 5s));
    m_cluster->advance(6s);
    for (int i = 0; i < 20; ++i)
        QVERIFY(set(2, u"flag-%1"_s.arg(i), 50, now + 1h));
    m_cluster->advance(30s);
    for (int i = 0; i < 20; ++i)
        QVERIFY(isThere(3, "/flags/flag-" + QByteArray::number(i)));
}

COFFER_TEST_MAIN(tst_flags)
#include "tst_flags.moc"
