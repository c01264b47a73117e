// SPDX-License-Identifier: Apache-2.0
#include "unit/agent/switch_kit.h"

#include <QTest>

namespace coffer::agent {

using Style = Target::Style;

class tst_Switcher : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void apply_switchesReloadsAndWaitsForHealth();
    void apply_refusesOtherBytes();
    void apply_refusesWhatIsNoDestination();
    void apply_refusesMountedFile();
    void apply_refusesLinkInPlaceOfFile();
    void apply_appliesRightsOfTheTarget();
    void check_failingKeepsTheOld();
    void check_seesTheStagedCopy();
    void check_thatChangesTheCopyIsRefused();
    void reload_failingBringsTheOldBack();
    void reload_failingTwiceIsToldAndOwed();
    void health_flappingIsUnhealthy();
    void health_isJudgedByMonotonicTime();
    void signal_isSentToThePidFile();
    void signal_withoutProcessIsNoFailure();
    void applied_isNewOnlyAfterHealth();
    void newerOffer_waitsAndWins();
    void newerOffer_endsWaitForHealth();
    void rollbackToTheOldDuringApply_endsThere();
    void cancel_goesBack();
    void sameRoot_doesNothingButTakesTheName();
    void foreignFile_comesBackIfUndone();
    void foreignLink_comesBackIfUndone();
    void generations_areKeptAndPruned();
    void rollbackLocal_goesBackWithoutNetwork();
    void hold_answersHeldUntilThen();
    void minInterval_isWaitedFor();
    void serviceNamedAsAFileOfTheAgent_hasAFolderOfItsOwn();
};

void tst_Switcher::apply_switchesReloadsAndWaitsForHealth()
{
    Host host(targetOf(Style::directory));
    QVERIFY(host.start().has_value());
    QVERIFY(!host.switcher().applied());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    const std::vector<QByteArray> expected{"/check v1", "/reload v1", "/health v1", "/health v1",
                                           "/health v1"};
    QCOMPARE(host.actions.ran, expected);
    QCOMPARE(host.actions.environments[1].at("COFFER_SERVICE"), QByteArray("shop"));
    QCOMPARE(host.actions.environments[1].at("COFFER_ROOT"), versionOne().root().hex());
    const Generation applied{versionOne().root(), "v1", "rv1"};
    QCOMPARE(host.switcher().applied(), applied);
    QCOMPARE(host.disk.linkTarget(destination + "/current"), versionOne().root().brief());
    QVERIFY(host.isTidy());
}

void tst_Switcher::apply_refusesOtherBytes()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    for (const QByteArray &bytes :
         {versionTwo().bytes(), QByteArray(), versionOne().bytes().chopped(1)}) {
        const Verdict verdict = QCoro::waitFor(host.switcher().apply(versionOne().offer(), bytes));
        QCOMPARE(verdict.state, Verdict::State::failed);
        QVERIFY(verdict.error.contains(QLatin1String(versionOne().root().brief())));
    }
    QCOMPARE(host.showsVersion(), QByteArray("none"));
    QVERIFY(host.actions.ran.empty());
}

void tst_Switcher::apply_refusesWhatIsNoDestination()
{
    for (const char *what : {"missing", "file", "mounted", "link"}) {
        Target target = targetOf(Style::files);
        target.destination = "/srv/" + QByteArray(what);
        Host host(target);
        host.disk.put("/srv/file", "x");
        host.disk.putMountPoint("/srv/mounted");
        host.disk.putLink("/srv/link", "/etc");
        QVERIFY(host.start().has_value());
        const Verdict verdict = host.apply(versionOne());
        QCOMPARE(verdict.state, Verdict::State::failed);
        QVERIFY2(verdict.error.contains(QStringLiteral("the destination /srv/")), what);
    }
}

void tst_Switcher::apply_refusesMountedFile()
{
    Host host(targetOf(Style::files));
    host.disk.putMountPoint(destination + "/sub/b.conf");
    QVERIFY(host.start().has_value());
    const Verdict verdict = host.apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::failed);
    QVERIFY2(verdict.error.contains(QStringLiteral("mount its directory")),
             qPrintable(verdict.error));
    QVERIFY(!host.disk.status(destination + "/a.conf")->has_value());
}

void tst_Switcher::apply_refusesLinkInPlaceOfFile()
{
    Host host(targetOf(Style::files));
    host.disk.putLink(destination + "/a.conf", "elsewhere");
    QVERIFY(host.start().has_value());
    const Verdict verdict = host.apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::failed);
    QVERIFY(verdict.error.contains(QStringLiteral("is not a regular file")));
    QCOMPARE(host.disk.linkTarget(destination + "/a.conf"), QByteArray("elsewhere"));
}

void tst_Switcher::apply_appliesRightsOfTheTarget()
{
    Target target = targetOf(Style::files);
    target.modeMask = 0640;
    target.owner = "www";
    Host host(target);
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    const FileStatus status = **host.disk.status(destination + "/a.conf");
    QCOMPARE(int(status.mode), 0640);
    QCOMPARE(status.owner, 33U);

    target.owner = "nobody-we-know";
    Host other(target);
    QVERIFY(other.start().has_value());
    const Verdict verdict = other.apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::failed);
    QVERIFY(verdict.error.contains(QStringLiteral("nobody-we-know")));
}

void tst_Switcher::check_failingKeepsTheOld()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.ran.clear();
    host.actions.script["/check"] = {false};
    const Verdict verdict = host.apply(versionTwo());
    QCOMPARE(verdict.state, Verdict::State::failed);
    QCOMPARE(verdict.error, QStringLiteral("the check ended with 1"));
    QCOMPARE(verdict.output, QStringLiteral("line 3: no"));
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QCOMPARE(host.actions.ran, std::vector<QByteArray>{"/check v2"}); // No reload.
    QVERIFY(host.isTidy());
}

void tst_Switcher::check_seesTheStagedCopy()
{
    for (const Style style : {Style::directory, Style::files}) {
        Host host(targetOf(style));
        QVERIFY(host.start().has_value());
        QByteArray seen;
        host.actions.onRun = [&](const QByteArray &program) {
            if (program == "/check")
                seen =
                    host.disk
                        .read(host.actions.environments.back().at("COFFER_STAGED") + "/sub/b.conf",
                              100)
                        .value_or(QByteArray());
        };
        QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
        QCOMPARE(seen, QByteArray("b of one\n"));
    }
}

void tst_Switcher::check_thatChangesTheCopyIsRefused()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    host.actions.onRun = [&](const QByteArray &program) {
        if (program == "/check")
            host.disk.put(host.actions.environments.back().at("COFFER_STAGED") + "/a.conf", "x");
    };
    const Verdict verdict = host.apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::failed);
    QVERIFY(verdict.error.contains(QStringLiteral("must not change it")));
    QCOMPARE(host.showsVersion(), QByteArray("none"));
}

void tst_Switcher::reload_failingBringsTheOldBack()
{
    for (const Style style : {Style::directory, Style::files}) {
        Host host(targetOf(style));
        QVERIFY(host.start().has_value());
        QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
        host.actions.ran.clear();
        host.actions.script["/reload"] = {false, true};
        const Verdict verdict = host.apply(versionTwo());
        QCOMPARE(verdict.state, Verdict::State::rolledBack);
        QCOMPARE(verdict.error, QStringLiteral("the reload ended with 1"));
        QCOMPARE(host.showsVersion(), QByteArray("v1"));
        const std::vector<QByteArray> expected{"/check v2", "/reload v2", "/reload v1"};
        QCOMPARE(host.actions.ran, expected);
        QCOMPARE(host.switcher().applied()->version, QByteArray("v1"));
        QVERIFY(host.isTidy());
    }
}

void tst_Switcher::reload_failingTwiceIsToldAndOwed()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.script["/reload"] = {false};
    const Verdict verdict = host.apply(versionTwo());
    QCOMPARE(verdict.state, Verdict::State::rolledBack);
    QVERIFY2(verdict.error.contains(QStringLiteral("failed too")), qPrintable(verdict.error));
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QVERIFY(!QCoro::waitFor(host.switcher().settle()).has_value());
    host.actions.script.clear();
    host.actions.ran.clear();
    QVERIFY(QCoro::waitFor(host.switcher().settle()).has_value());
    QVERIFY(QCoro::waitFor(host.switcher().settle()).has_value());
    QCOMPARE(host.actions.ran, std::vector<QByteArray>{"/reload v1"});
}

void tst_Switcher::health_flappingIsUnhealthy()
{
    Target target = targetOf(Style::directory);
    target.health.window = std::chrono::seconds(9);
    Host host(target);
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.script["/health"] = {true, true, false, true, true, false,
                                      true, true, false, true, true, false};
    const Verdict verdict = host.apply(versionTwo());
    QCOMPARE(verdict.state, Verdict::State::rolledBack);
    QVERIFY2(verdict.error.contains(QStringLiteral("3 times in a row within 9000 ms")),
             qPrintable(verdict.error));
    QCOMPARE(verdict.output, QStringLiteral("line 3: no"));
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    // Late, but in time.
    host.actions.script["/health"] = {false, true, false, true, true, true};
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
}

void tst_Switcher::health_isJudgedByMonotonicTime()
{
    Host host(targetOf(Style::directory));
    QVERIFY(host.start().has_value());
    host.actions.script["/health"] = {false, false, true};
    std::int64_t jump = 1;
    host.actions.onRun = [&](const QByteArray &) {
        host.actions.wallNow += std::chrono::hours(jump);
        jump *= -3;
    };
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
}

static Target signalTarget()
{
    Target target = targetOf(Style::files);
    target.reload = {.kind = Reload::Kind::signal, .pidFile = "/run/shop.pid"};
    return target;
}

void tst_Switcher::signal_isSentToThePidFile()
{
    Host host(signalTarget());
    host.disk.put("/run/shop.pid", "4711\n");
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    const std::vector<std::pair<std::int64_t, int>> expected{{4711, 1}};
    QCOMPARE(host.actions.sent, expected);
    for (const char *text : {"0", "-1", "1", "nginx"}) {
        host.disk.put("/run/shop.pid", text);
        QCOMPARE(host.apply(versionTwo()).state, Verdict::State::rolledBack);
        QCOMPARE(host.actions.sent.size(), std::size_t(1));
    }
}

void tst_Switcher::signal_withoutProcessIsNoFailure()
{
    Host host(signalTarget());
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QVERIFY(host.actions.sent.empty());
    host.disk.put("/run/shop.pid", "4711");
    host.actions.isProcessThere = false;
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    const std::size_t sent = host.actions.sent.size();
    host.disk.put("/run/shop.pid", ""); // as `nginx -t` leaves it
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.actions.sent.size(), sent);
}

void tst_Switcher::applied_isNewOnlyAfterHealth()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    std::vector<QByteArray> seen;
    host.actions.onRun = [&](const QByteArray &) {
        seen.push_back(host.switcher().applied()->version);
    };
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QCOMPARE(seen, std::vector<QByteArray>(5, "v1"));
    QCOMPARE(host.switcher().applied()->version, QByteArray("v2"));
}

/// An apply that is under way.
struct Running
{
    Running(Host &host, const Version &version) : task(run(&host.switcher(), version, this)) {}
    static QCoro::Task<void> run(Switcher *switcher, Version version, Running *self)
    {
        const Verdict verdict = co_await switcher->apply(version.offer(), version.bytes());
        self->verdict = verdict;
    }
    std::optional<Verdict> verdict = {};
    QCoro::Task<void> task;
};

void tst_Switcher::newerOffer_waitsAndWins()
{
    Host host(targetOf(Style::directory));
    QVERIFY(host.start().has_value());
    host.actions.gated = "/check";
    const Running first(host, versionOne());
    const Running second(host, versionTwo());
    const Running third(host, versionThree());
    QVERIFY(host.switcher().isBusy());
    host.actions.open();
    QTRY_VERIFY(first.verdict && second.verdict && third.verdict);
    QCOMPARE(first.verdict->state, Verdict::State::superseded);
    QCOMPARE(second.verdict->state, Verdict::State::superseded);
    QCOMPARE(third.verdict->state, Verdict::State::healthy);
    QCOMPARE(host.showsVersion(), QByteArray("v3"));
    QVERIFY(!host.switcher().isBusy());
}

void tst_Switcher::newerOffer_endsWaitForHealth()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.gated = "/health";
    host.actions.ran.clear();
    const Running first(host, versionTwo());
    const Running second(host, versionThree());
    host.actions.open();
    QTRY_VERIFY(first.verdict && second.verdict);
    QCOMPARE(first.verdict->state, Verdict::State::superseded);
    QCOMPARE(second.verdict->state, Verdict::State::healthy);
    QCOMPARE(host.showsVersion(), QByteArray("v3"));
    const std::vector<QByteArray> expected{"/check v2",  "/reload v2", "/health v2", "/check v3",
                                           "/reload v3", "/health v3", "/health v3", "/health v3"};
    QCOMPARE(host.actions.ran, expected);
}

void tst_Switcher::rollbackToTheOldDuringApply_endsThere()
{
    for (const Style style : {Style::directory, Style::files}) {
        for (const char *stage : {"/check", "/reload", "/health"}) {
            Host host(targetOf(style));
            QVERIFY(host.start().has_value());
            QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
            host.actions.gated = stage;
            const Running forth(host, versionTwo());
            const Running back(host, versionOne());
            host.actions.open();
            QTRY_VERIFY(forth.verdict && back.verdict);
            QCOMPARE(forth.verdict->state, Verdict::State::superseded);
            QCOMPARE(back.verdict->state, Verdict::State::healthy);
            QCOMPARE(host.showsVersion(), QByteArray("v1"));
            // Whoever was told of v2 was told of v1 after it.
            if (stage != QByteArray("/check"))
                QCOMPARE(host.actions.ran.back(), QByteArray("/reload v1"));
        }
    }
}

void tst_Switcher::cancel_goesBack()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.gated = "/health";
    const Running running(host, versionTwo());
    host.switcher().cancel();
    host.actions.open();
    QTRY_VERIFY(running.verdict);
    QCOMPARE(running.verdict->state, Verdict::State::superseded);
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QVERIFY(host.isTidy());
}

void tst_Switcher::sameRoot_doesNothingButTakesTheName()
{
    Host host(targetOf(Style::files));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.ran.clear();
    Version again = versionOne();
    again.name = "v9";
    QCOMPARE(host.apply(again).state, Verdict::State::healthy);
    QVERIFY(host.actions.ran.empty());
    QCOMPARE(host.switcher().applied()->version, QByteArray("v9"));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.switcher().applied()->version, QByteArray("v9"));

    host.disk.damage(destination + "/a.conf", "by hand");
    QCOMPARE(host.apply(again).state, Verdict::State::drifted);
    QCOMPARE(host.disk.read(destination + "/a.conf", 100), QByteArray("by hand"));
}

void tst_Switcher::foreignFile_comesBackIfUndone()
{
    Host host(targetOf(Style::files));
    host.disk.put(destination + "/a.conf", "the admin's", 0600);
    QVERIFY(host.start().has_value());
    host.actions.script["/health"] = {false};
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::rolledBack);
    QCOMPARE(host.disk.read(destination + "/a.conf", 100), QByteArray("the admin's"));
    QCOMPARE(int((*host.disk.status(destination + "/a.conf"))->mode), 0600);
    QVERIFY(!host.disk.status(destination + "/same.conf")->has_value());
    QVERIFY(!host.disk.status(destination + "/gone")->has_value());
    host.actions.script.clear();
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
}

void tst_Switcher::foreignLink_comesBackIfUndone()
{
    Host host(targetOf(Style::directory));
    host.disk.put(destination + "/2024-01/a.conf", "by another tool");
    host.disk.putLink(destination + "/current", "2024-01");
    QVERIFY(host.start().has_value());
    host.actions.script["/reload"] = {false, true};
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::rolledBack);
    QCOMPARE(host.disk.linkTarget(destination + "/current"), QByteArray("2024-01"));
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QVERIFY(host.disk.status(destination + "/2024-01/a.conf")->has_value());
}

void tst_Switcher::generations_areKeptAndPruned()
{
    for (const Style style : {Style::directory, Style::files}) {
        Target target = targetOf(style);
        target.keep = 2;
        Host host(target);
        QVERIFY(host.start().has_value());
        for (const Version &version : {versionOne(), versionTwo(), versionThree()})
            QCOMPARE(host.apply(version).state, Verdict::State::healthy);
        QCOMPARE(host.switcher().generations().size(), std::size_t(2));
        QCOMPARE(host.switcher().generations()[1].version, QByteArray("v2"));
        QCOMPARE(host.switcher().bundleBytes(versionTwo().root()), versionTwo().bytes());
        QCOMPARE(host.switcher().bundleBytes(versionOne().root()).error().code,
                 ErrorCode::notFound);
        QVERIFY(!host.disk.status(destination + '/' + versionOne().root().brief())->has_value());
        QCOMPARE(host.disk.status(destination + '/' + versionTwo().root().brief())->has_value(),
                 style == Style::directory);
        // Directories that only an old version had.
        QVERIFY(!host.disk.status(destination + "/new")->has_value());
    }
}

void tst_Switcher::rollbackLocal_goesBackWithoutNetwork()
{
    Host host(targetOf(Style::directory));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QVERIFY(host.switcher().hold(host.actions.wallNow + std::chrono::hours(1)).has_value());
    Verdict verdict = QCoro::waitFor(host.switcher().rollbackLocal(versionOne().root()));
    QCOMPARE(verdict.state, Verdict::State::healthy);
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QCOMPARE(host.switcher().generations().front().version, QByteArray("v1"));
    verdict = QCoro::waitFor(host.switcher().rollbackLocal(versionThree().root()));
    QCOMPARE(verdict.state, Verdict::State::failed);
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
}

void tst_Switcher::hold_answersHeldUntilThen()
{
    Host host(targetOf(Style::directory));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    const WallMs until = host.actions.wallNow + std::chrono::hours(1);
    QVERIFY(host.switcher().hold(until).has_value());
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::held);
    QVERIFY(host.start().has_value()); // It survives that.
    QCOMPARE(host.switcher().heldUntil(), until);
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::held);
    host.actions.wallNow = until;
    QVERIFY(!host.switcher().heldUntil());
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QVERIFY(host.switcher().hold(until + std::chrono::hours(1)).has_value());
    QVERIFY(host.switcher().endHold().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
}

void tst_Switcher::minInterval_isWaitedFor()
{
    Target target = targetOf(Style::directory);
    target.health = {};
    target.minInterval = std::chrono::minutes(5);
    target.splay = std::chrono::minutes(2);
    Host host(target);
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    QCOMPARE(host.actions.now, Monotonic(0)); // The first one is wanted now.
    QCOMPARE(host.apply(versionTwo()).state, Verdict::State::healthy);
    QVERIFY(host.actions.now >= std::chrono::minutes(5));
    QVERIFY(host.actions.now <= std::chrono::minutes(7));
    const Monotonic before = host.actions.now;
    QCoro::waitFor(host.switcher().rollbackLocal(versionOne().root()));
    QCOMPARE(host.showsVersion(), QByteArray("v1"));
    QCOMPARE(host.actions.now, before); // Who asks here does not wait.
}

void tst_Switcher::serviceNamedAsAFileOfTheAgent_hasAFolderOfItsOwn()
{
    for (const QByteArray &name : {QByteArray("lock"), QByteArray("secret"), QByteArray("instance"),
                                   QByteArray("services"), QByteArray("joined.json")}) {
        Target target = targetOf(Style::files);
        target.service = name;
        Host host(target);
        for (const QByteArray &file :
             {QByteArray("secret"), QByteArray("instance"), QByteArray("joined.json")})
            host.disk.put(stateDirectory + '/' + file, "the agent's");
        QVERIFY2(host.start().has_value(), name);
        QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
        QCOMPARE(host.disk.read(stateDirectory + "/secret", 100), QByteArray("the agent's"));
    }
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_Switcher)
#include "tst_switcher.moc"
