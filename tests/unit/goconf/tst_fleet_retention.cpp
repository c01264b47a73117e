// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_retention.h"
#include "goconf/paths.h"
#include "testkit/main.h"
#include "unit/goconf/fleet_stage.h"

#include <QTest>

using namespace coffer;
using namespace coffer::goconf;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// What of earlier versions is kept, by the settings of the plugin.
class tst_fleet_retention : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void settings_areLimits();
    void versions_thatNobodyNeedsGo();
    void versions_thatHostsTryStay();
    void objects_stayAsLongAsTheSettingsSay();
    void history_saysWhichAreGone();
    void rollback_toOneThatIsGoneSaysSo();
    void settings_areTakenWithoutARestart();

private:
    /// v1 to v6; a host has v1. The plugin keeps \a settings.
    [[nodiscard]] bool play(const QCborMap &settings);
    [[nodiscard]] QByteArrayList left();
    [[nodiscard]] rpc::Outcome call(const QString &method, const QCborMap &params);

    std::unique_ptr<FleetStage> m_stage;
    std::unique_ptr<FleetAgent> m_agent;
};

static const QCborMap least{{u"keep_versions"_s, 2}, {u"keep_days"_s, 0}};

rpc::Outcome tst_fleet_retention::call(const QString &method, const QCborMap &params)
{
    return m_stage->cluster().call(1, u"goconf."_s + method, params);
}

bool tst_fleet_retention::play(const QCborMap &settings)
{
    m_agent.reset();
    m_stage.reset(); // one at a time
    m_stage = std::make_unique<FleetStage>(FleetSweep::Times{{}, 10s, 1s, 1s}, settings);
    m_agent = std::make_unique<FleetAgent>(*m_stage, "web-1");
    if (!m_stage->start() || !m_stage->publish("v1", FleetStage::layer({{"a", "1"}})))
        return false;
    if (!m_agent->begin(1) || !m_agent->apply("v1"))
        return false;
    m_stage->cluster().advance(2s); // its report is written
    m_agent->leave();
    for (const char *version : {"v2", "v3", "v4", "v5", "v6"}) {
        if (!m_stage->publish(version, FleetStage::layer({{"a", version}})))
            return false;
    }
    // As the record of the service would be.
    ServiceRecord record;
    record.last = 6;
    if (!m_stage->put(servicePath("shop"), record.toJson()))
        return false;
    m_stage->cluster().advance(40s);
    return true;
}

QByteArrayList tst_fleet_retention::left()
{
    QByteArrayList versions;
    for (const char *version : {"v1", "v2", "v3", "v4", "v5", "v6"}) {
        if (m_stage->isThere(snapshotPath("shop", "sh001", version)))
            versions += version;
    }
    return versions;
}

void tst_fleet_retention::settings_areLimits()
{
    QCOMPARE(RetentionLimits::of({}), RetentionLimits());
    QCOMPARE(RetentionLimits().versions, 100U);
    const RetentionLimits limits = RetentionLimits::of(
        {{u"keep_versions"_s, 7}, {u"keep_days"_s, 2}, {u"keep_objects_hours"_s, 3}});
    QCOMPARE(limits.versions, 7U);
    QVERIFY(limits.age == 48h && limits.objectAge == 3h);
}

void tst_fleet_retention::versions_thatNobodyNeedsGo()
{
    QVERIFY(play(least));
    // v1 is run by a host, v5 was live before v6, which is; both are also the last two.
    QCOMPARE(left(), (QByteArrayList{"v1", "v5", "v6"}));
    QVERIFY(m_stage->roll("v1")); // v1 is live, v6 was before
    m_stage->cluster().advance(20s);
    QCOMPARE(left(), (QByteArrayList{"v1", "v5", "v6"}));

    QVERIFY(play({{u"keep_versions"_s, 4}, {u"keep_days"_s, 0}}));
    QCOMPARE(left(), (QByteArrayList{"v1", "v3", "v4", "v5", "v6"}));
    QVERIFY(play({{u"keep_versions"_s, 1}, {u"keep_days"_s, 1}})); // all are young
    QCOMPARE(left().size(), 6);
    QVERIFY(play({}));
    QCOMPARE(left().size(), 6);
}

void tst_fleet_retention::versions_thatHostsTryStay()
{
    QVERIFY(play({}));
    Pointer pointer;
    pointer.current = "v6";
    pointer.previous = "v5";
    pointer.last = "v6";
    pointer.candidate = Candidate{.version = "v3", .release = "trial", .hosts = {"web-1"}};
    QVERIFY(m_stage->put(pointerPath("shop", "sh001"), pointer.toJson()));
    const rpc::Outcome set = m_stage->cluster().call(
        1, u"plugins.configure"_s, {{u"plugin"_s, u"goconf"_s}, {u"settings"_s, least}});
    QVERIFY2(set, set ? "" : qPrintable(set.error().message));
    m_stage->cluster().advance(40s);
    QCOMPARE(left(), (QByteArrayList{"v1", "v3", "v5", "v6"}));
    pointer.candidate.reset(); // the trial ended
    QVERIFY(m_stage->put(pointerPath("shop", "sh001"), pointer.toJson()));
    m_stage->cluster().advance(20s);
    QCOMPARE(left(), (QByteArrayList{"v1", "v5", "v6"}));
}

void tst_fleet_retention::objects_stayAsLongAsTheSettingsSay()
{
    QVERIFY(play({{u"keep_objects_hours"_s, 2}}));
    const QByteArray orphan = objectPath(config::Hash::of("orphan"), 0);
    QVERIFY(m_stage->put(orphan, "orphan"));
    m_stage->cluster().advance(119min);
    QVERIFY(m_stage->isThere(orphan));
    m_stage->cluster().advance(2min);
    QVERIFY(!m_stage->isThere(orphan));
}

void tst_fleet_retention::history_saysWhichAreGone()
{
    QVERIFY(play(least));
    const rpc::Outcome history = call(u"history"_s, {{u"service"_s, u"shop"_s}});
    QVERIFY(history);
    QStringList kept;
    for (const QCborValue release : history->toMap().value(u"releases"_s).toArray()) {
        const QCborMap service = release.toMap().value(u"services"_s).toArray().at(0).toMap();
        for (const QCborValue value : service.value(u"targets"_s).toArray()) {
            const QCborMap target = value.toMap();
            if (target.value(u"kept"_s).toBool() && target.value(u"scope"_s).toString() == u"sh001")
                kept += target.value(u"to"_s).toString();
        }
        const rpc::Outcome shown =
            call(u"show"_s, {{u"release"_s, release.toMap().value(u"release"_s)}});
        QVERIFY2(shown, shown ? "" : qPrintable(shown.error().message));
    }
    QCOMPARE(kept, (QStringList{u"v6"_s, u"v5"_s, u"v1"_s}));
}

void tst_fleet_retention::rollback_toOneThatIsGoneSaysSo()
{
    QVERIFY(play(least));
    const auto refusal = [this](const QString &version, const QCborMap &more) {
        QCborMap params = more;
        params.insert(u"service"_s, u"shop"_s);
        params.insert(u"to"_s, version);
        params.insert(u"message"_s, u"back"_s);
        const rpc::Outcome refused = call(u"rollback"_s, params);
        return refused ? u"done"_s : refused.error().message;
    };
    QVERIFY2(refusal(u"v3"_s, {}).contains(u"removed since"_s), qPrintable(refusal(u"v3"_s, {})));
    QVERIFY2(refusal(u"v3"_s, {}).contains(u"keep_versions"_s), qPrintable(refusal(u"v3"_s, {})));
    QVERIFY(refusal(u"v3"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}}).contains(u"removed since"_s));
    QVERIFY(!refusal(u"v9"_s, {}).contains(u"removed"_s));
    QCOMPARE(refusal(u"v5"_s, {}), u"done"_s);
}

void tst_fleet_retention::settings_areTakenWithoutARestart()
{
    QVERIFY(play({}));
    QCOMPARE(left().size(), 6);
    const rpc::Outcome bad = m_stage->cluster().call(
        1, u"plugins.configure"_s,
        {{u"plugin"_s, u"goconf"_s}, {u"settings"_s, QCborMap{{u"keep_objects_hours"_s, 1}}}});
    QVERIFY(!bad);
    QVERIFY2(bad.error().message.contains(u"keep_objects_hours"_s),
             qPrintable(bad.error().message));
    const rpc::Outcome set = m_stage->cluster().call(
        1, u"plugins.configure"_s, {{u"plugin"_s, u"goconf"_s}, {u"settings"_s, least}});
    QVERIFY2(set, set ? "" : qPrintable(set.error().message));
    m_stage->cluster().advance(40s);
    QCOMPARE(left(), (QByteArrayList{"v1", "v5", "v6"}));
}

COFFER_TEST_MAIN(tst_fleet_retention)
#include "tst_fleet_retention.moc"
