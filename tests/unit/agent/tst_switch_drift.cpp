// SPDX-License-Identifier: Apache-2.0
#include "agent/record.h"
#include "unit/agent/switch_kit.h"

#include <QTest>

namespace coffer::agent {

using Style = Target::Style;

/// What differs from what is applied, and what is done about it.
class tst_SwitchDrift : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void drift_isReported_data();
    void drift_isReported();
    void drift_isRepaired_data() { drift_isReported_data(); }
    void drift_isRepaired();
    void drift_ofTheLink();
    void damagedBundle_isPutAside();
    void damagedRecord_isPutAside();
    void lostRecord_leavesOneWholeVersion_data() { drift_isReported_data(); }
    void lostRecord_leavesOneWholeVersion();
    void recover_restoresWhatIsGone_data() { drift_isReported_data(); }
    void recover_restoresWhatIsGone();
    void recover_runsNoCommandAndSettleReloads();
    void plan_showsWhatWouldChange();
    void splay_doesNotHideDrift_data() { drift_isReported_data(); }
    void splay_doesNotHideDrift();
    void splay_doesNotHinderARepair_data() { drift_isReported_data(); }
    void splay_doesNotHinderARepair();
    void recover_goesOnWithoutALostBundle();
    void record_doesNotGrow_data() { drift_isReported_data(); }
    void record_doesNotGrow();
};

void tst_SwitchDrift::drift_isReported_data()
{
    QTest::addColumn<int>("style");
    QTest::addRow("directory") << int(Style::directory);
    QTest::addRow("files") << int(Style::files);
}

static Host drifted(Target::Drift policy)
{
    QFETCH(int, style);
    Target target = targetOf(Style(style));
    target.drift = policy;
    Host host(target);
    static_cast<void>(host.start());
    static_cast<void>(host.apply(versionOne()));
    const QByteArray base = Style(style) == Style::files
                                ? destination
                                : destination + '/' + versionOne().root().brief();
    host.disk.damage(base + "/a.conf", "a by hand\n");
    static_cast<void>(host.disk.remove(base + "/gone/old.conf"));
    host.disk.give(base + "/sub/b.conf", 0, 0666);
    host.disk.settle();
    return Host(target, host.disk);
}

static void compareDrift(const DriftReport &report)
{
    QCOMPARE(report.files.size(), std::size_t(3));
    QCOMPARE(report.files[0].path, QByteArray("a.conf"));
    QCOMPARE(report.files[0].kind, FileDiff::Kind::changed);
    QVERIFY2(report.files[0].text.contains("-a of one\n+a by hand\n"), report.files[0].text);
    QCOMPARE(report.files[1].kind, FileDiff::Kind::removed);
    QVERIFY(report.files[1].text.contains("-old of one\n"));
    QCOMPARE(report.files[2].kind, FileDiff::Kind::rights);
    QCOMPARE(report.files[2].text, QByteArray("mode 0666 instead of 0600"));
}

void tst_SwitchDrift::drift_isReported()
{
    Host host = drifted(Target::Drift::report);
    QVERIFY(host.start().has_value());
    const int steps = host.disk.steps();
    const DriftReport report = QCoro::waitFor(host.switcher().scrub());
    compareDrift(report);
    QVERIFY(!report.isRepaired);
    QVERIFY(!report.isClean());
    QCOMPARE(host.disk.steps(), steps); // Nothing was changed.
    QVERIFY(host.actions.ran.empty());
}

void tst_SwitchDrift::drift_isRepaired()
{
    Host host = drifted(Target::Drift::repair);
    QVERIFY(host.start().has_value());
    host.actions.ran.clear();
    const DriftReport report = QCoro::waitFor(host.switcher().scrub());
    compareDrift(report);
    QVERIFY2(report.isRepaired, qPrintable(report.error));
    QCOMPARE(host.actions.ran, std::vector<QByteArray>{"/reload v1"});
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QVERIFY(QCoro::waitFor(host.switcher().scrub()).isClean());
    QVERIFY(host.isTidy());
}

void tst_SwitchDrift::drift_ofTheLink()
{
    Target target = targetOf(Style::directory);
    target.drift = Target::Drift::repair;
    Host host(target);
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QVERIFY(host.disk.remove(destination + "/current").has_value());
    host.disk.putLink(destination + "/current", versionOne().root().brief());
    const DriftReport report = QCoro::waitFor(host.switcher().scrub());
    QCOMPARE(report.files.back().path, QByteArray("current"));
    QVERIFY2(report.isRepaired, qPrintable(report.error));
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
}

void tst_SwitchDrift::damagedBundle_isPutAside()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    const QByteArray bundles = stateDirectory + "/services/shop/bundles/";
    host.disk.damage(bundles + versionOne().root().hex(), "rotten");
    host.disk.damage(bundles + versionTwo().root().hex(), "rotten");
    const DriftReport report = QCoro::waitFor(host.switcher().scrub());
    QVERIFY(report.isBundleLost);
    QVERIFY(!report.isClean());
    QCOMPARE(host.switcher().generations().size(), std::size_t(1));
    QCOMPARE(host.disk.read(stateDirectory + "/services/shop/damaged/bundle", 100),
             QByteArray("rotten"));
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
    // The same root, fetched again, heals it.
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QVERIFY(QCoro::waitFor(host.switcher().scrub()).isClean());
}

void tst_SwitchDrift::damagedRecord_isPutAside()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.disk.damage(stateDirectory + "/services/shop/record", "{}");
    QCOMPARE(host.start().error().code, ErrorCode::corrupt);
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QVERIFY(!host.switcher().applied());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QVERIFY(host.start().has_value());
    QCOMPARE(host.switcher().applied()->version, QByteArray("v2"));
}

void tst_SwitchDrift::lostRecord_leavesOneWholeVersion()
{
    QFETCH(int, style);
    Host host(targetOf(Style(style)));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    // The last record, which calls version two applied, is lost: the intent comes before it.
    const QByteArray path = stateDirectory + "/services/shop/record";
    QByteArray records = *host.disk.read(path, 1'000'000);
    records[records.size() - 2] = '?';
    host.disk.damage(path, records);
    QVERIFY(host.start().has_value());
    QVERIFY(host.showsVersion() == "v1" || host.showsVersion() == "v2");
    QCOMPARE(host.switcher().applied()->version, QByteArray("v1"));
    // What was torn is not written behind.
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
    QVERIFY(QCoro::waitFor(host.switcher().scrub()).isClean());
    QVERIFY(host.start().has_value());
    QCOMPARE(host.switcher().applied()->version, QByteArray("v2"));
}

void tst_SwitchDrift::recover_restoresWhatIsGone()
{
    QFETCH(int, style);
    Host host(targetOf(Style(style)));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    // As on a tmpfs after a boot.
    Host booted(host.target);
    for (const QByteArray &name : {QByteArray("record"), "bundles/" + versionOne().root().hex()}) {
        const QByteArray path = stateDirectory + "/services/shop/" + name;
        booted.disk.put(path, host.disk.read(path, 100'000).value());
    }
    QCOMPARE(booted.showsVersion(), QByteArray("none"));
    QVERIFY(booted.start().has_value());
    QCOMPARE(booted.showsVersion(), QByteArray("v1"));
    QVERIFY(booted.actions.ran.empty());
    QVERIFY(booted.isTidy());
}

void tst_SwitchDrift::recover_runsNoCommandAndSettleReloads()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.onRun = [&](const QByteArray &program) {
        if (program == "/health")
            host.disk.dieAt(0);
    };
    static_cast<void>(host.apply(versionTwo()));
    SeededRandom chance(1);
    host.disk.reboot(MemoryFiles::Loss::none, chance);
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
    host.actions.onRun = {};
    host.actions.ran.clear();
    QVERIFY(host.start().has_value());
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QVERIFY(host.actions.ran.empty());
    QVERIFY(QCoro::waitFor(host.switcher().settle()).has_value());
    QCOMPARE(host.actions.ran, std::vector<QByteArray>{"/reload v1"});
}

void tst_SwitchDrift::plan_showsWhatWouldChange()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    const int steps = host.disk.steps();
    const Result<std::vector<FileDiff>> plan = host.switcher().plan(versionTwo().bytes());
    QCOMPARE(host.disk.steps(), steps); // Nothing was changed.
    QVERIFY(plan.has_value());
    std::map<QByteArray, FileDiff::Kind> kinds;
    for (const FileDiff &diff : *plan)
        kinds[diff.path] = diff.kind;
    const std::map<QByteArray, FileDiff::Kind> expected{{"a.conf", FileDiff::Kind::changed},
                                                        {"gone/old.conf", FileDiff::Kind::removed},
                                                        {"new/deep/c.conf", FileDiff::Kind::added},
                                                        {"rights.conf", FileDiff::Kind::rights},
                                                        {"sub/b.conf", FileDiff::Kind::changed}};
    QCOMPARE(kinds, expected);
    QVERIFY2(plan->front().text.contains("-a of one\n+a of two, which is longer\n"),
             plan->front().text);
    QVERIFY(host.switcher().plan(versionOne().bytes())->empty());
    QVERIFY(!host.switcher().plan("nonsense").has_value());
}

/// A host that waits for the time of v2; \a meanwhile is called while it does.
static Host waiting(Target::Drift policy, const std::function<void(Host &)> &meanwhile)
{
    QFETCH(int, style);
    Target target = targetOf(Style(style));
    target.drift = policy;
    target.minInterval = std::chrono::minutes(5);
    Host host(target);
    static_cast<void>(host.start());
    static_cast<void>(host.apply(versionOne()));
    const QByteArray base = Style(style) == Style::files
                                ? destination
                                : destination + '/' + versionOne().root().brief();
    host.disk.damage(base + "/a.conf", "a by hand\n");
    host.actions.onPause = [&] {
        if (!host.switcher().isSwitching()) // else it waits for health
            meanwhile(host);
    };
    static_cast<void>(host.apply(versionTwo()));
    host.actions.onPause = {};
    return Host(target, host.disk);
}

void tst_SwitchDrift::splay_doesNotHideDrift()
{
    std::vector<FileDiff> files;
    Host host = waiting(Target::Drift::report, [&files](Host &of) {
        QVERIFY(of.switcher().isBusy());
        files = QCoro::waitFor(of.switcher().scrub()).files;
    });
    QCOMPARE(files.size(), std::size_t(1));
    QCOMPARE(files.front().path, QByteArray("a.conf"));
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
}

void tst_SwitchDrift::splay_doesNotHinderARepair()
{
    QByteArray shown;
    Host host = waiting(Target::Drift::repair, [&shown](Host &of) {
        QVERIFY(QCoro::waitFor(of.switcher().scrub()).isRepaired);
        shown = of.showsVersion();
    });
    QCOMPARE(shown, QByteArray("v1"));
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
    QVERIFY(host.isTidy());
}

void tst_SwitchDrift::recover_goesOnWithoutALostBundle()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    const QByteArray bundle =
        stateDirectory + "/services/shop/bundles/" + versionOne().root().hex();
    QVERIFY(host.disk.remove(bundle).has_value());
    QVERIFY(host.disk.remove(destination + "/a.conf").has_value());
    QVERIFY(host.start().has_value());
    QCOMPARE(host.switcher().applied()->version, QByteArray("v1"));
    QVERIFY(QCoro::waitFor(host.switcher().scrub()).isBundleLost);
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::drifted); // a.conf is missing
    QCOMPARE(host.apply(versionTwo()).error, QString());
    QCOMPARE(host.showsVersion(), QByteArray("v2"));
}

void tst_SwitchDrift::record_doesNotGrow()
{
    QFETCH(int, style);
    Target target = targetOf(Style(style));
    target.keep = 2;
    Host host(target);
    QVERIFY(host.start().has_value());
    qsizetype bytes = 0;
    qsizetype bytesMax = 0;
    for (int round = 10; round < 99; ++round) {
        const QByteArray name = "v" + QByteArray::number(round);
        const Version version{
            name, {{{.path = name + "/deep/a.conf", .rights = {.mode = 0644}, .bytes = name}}}};
        QCOMPARE(host.apply(version).state, Verdict::State::healthy);
        const auto record = host.disk.read(stateDirectory + "/services/shop/record", 1'000'000);
        const Result<LastRecord> last = decodeLast(*record);
        QVERIFY(last && last->isAtEnd);
        if (round == 15)
            bytes = encode(last->record).size();
        if (round > 15)
            QCOMPARE(encode(last->record).size(), bytes);
        bytesMax = std::max(bytesMax, record->size());
    }
    QVERIFY(bytesMax > 4 * bytes); // Appended, and not for ever.
    QVERIFY(bytesMax < 65'536);
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_SwitchDrift)
#include "tst_switch_drift.moc"
