// SPDX-License-Identifier: Apache-2.0
#include "unit/agent/switch_kit.h"

#include <QTest>

#include <functional>

namespace coffer::agent {

/// A life of a host: something begins, dies at some step, and what is left has to be right.
class tst_SwitchCrash : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void death_leavesOneVersion_data();
    void death_leavesOneVersion();
    void deathWhileRecovering_leavesOneVersion_data() { death_leavesOneVersion_data(); }
    void deathWhileRecovering_leavesOneVersion();
    void fault_leavesOneVersion_data() { death_leavesOneVersion_data(); }
    void fault_leavesOneVersion();
    void deathAfterFault_leavesOneVersion_data();
    void deathAfterFault_leavesOneVersion();
    void deathThenAnotherPlace_leavesOneVersionAtEach_data();
    void deathThenAnotherPlace_leavesOneVersionAtEach();
    void deathOfAnEarlierAgent_isUndone();
    void start_clearsWhatAnotherStyleLeft();

private:
    /// What happens to a host, and what may be shown after it.
    struct Story
    {
        QByteArray before;
        QByteArray after;
        bool isHealthy = true; ///< Else the new version is undone.
    };
    static const Story &story();
    static Host hostBefore(const Story &story);
    static Verdict tell(Host &host, const Story &story);
    void judgeShown(Host &host);
    void judgeRecovered(Host &host, const Story &story);
    void judgeNext(Host &host, const Story &story);
};

static Version versionNamed(const QByteArray &name)
{
    if (name == "v1")
        return versionOne();
    return name == "v2" ? versionTwo() : versionThree();
}

static Target::Style style()
{
    QFETCH(int, style);
    return Target::Style(style);
}

void tst_SwitchCrash::death_leavesOneVersion_data()
{
    QTest::addColumn<int>("style");
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("after");
    QTest::addColumn<bool>("isHealthy");
    for (const auto style : {Target::Style::directory, Target::Style::files}) {
        const char *name = style == Target::Style::directory ? "directory" : "files";
        QTest::addRow("%s: first", name) << int(style) << QByteArray() << QByteArray("v1") << true;
        QTest::addRow("%s: next", name)
            << int(style) << QByteArray("v1") << QByteArray("v2") << true;
        QTest::addRow("%s: back", name)
            << int(style) << QByteArray("v2") << QByteArray("v1") << true;
        QTest::addRow("%s: third, which drops the first", name)
            << int(style) << QByteArray("v2") << QByteArray("v3") << true;
        QTest::addRow("%s: first undone", name)
            << int(style) << QByteArray() << QByteArray("v1") << false;
        QTest::addRow("%s: next undone", name)
            << int(style) << QByteArray("v1") << QByteArray("v2") << false;
    }
}

const tst_SwitchCrash::Story &tst_SwitchCrash::story()
{
    static Story story;
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, after);
    QFETCH(bool, isHealthy);
    story = {before, after, isHealthy};
    return story;
}

Host tst_SwitchCrash::hostBefore(const Story &story)
{
    Target target = targetOf(style());
    target.keep = 2;
    Host host(target);
    static_cast<void>(host.start());
    if (story.before == "v2")
        static_cast<void>(host.apply(versionOne()));
    if (!story.before.isEmpty())
        static_cast<void>(host.apply(versionNamed(story.before)));
    return Host(target, host.disk);
}

Verdict tst_SwitchCrash::tell(Host &host, const Story &story)
{
    if (!story.isHealthy)
        host.actions.script["/health"] = {false};
    const Verdict verdict = host.apply(versionNamed(story.after));
    host.actions.script.clear();
    return verdict;
}

void tst_SwitchCrash::judgeShown(Host &host)
{
    if (style() == Target::Style::directory)
        QVERIFY2(host.showsVersion() != "mixture", "not one version");
    QVERIFY2(host.areFilesWhole(), "a file is not whole, or is not ours and was touched");
}

void tst_SwitchCrash::judgeRecovered(Host &host, const Story &story)
{
    const QByteArray shown = host.showsVersion();
    const std::optional<Generation> applied = host.switcher().applied();
    QCOMPARE(shown, applied ? applied->version : QByteArray("none"));
    QVERIFY2(shown == (story.before.isEmpty() ? "none" : story.before)
                 || (story.isHealthy && shown == story.after),
             shown.constData());
    QVERIFY(host.isTidy());
    QVERIFY(host.areFilesWhole());
    if (applied)
        QVERIFY(host.switcher().bundleBytes(applied->root).has_value());
}

void tst_SwitchCrash::judgeNext(Host &host, const Story &story)
{
    const Verdict verdict = host.apply(versionNamed(story.after));
    QCOMPARE(verdict.error, QString());
    QCOMPARE(verdict.state, Verdict::State::healthy);
    QCOMPARE(host.showsVersion(), story.after);
    QVERIFY(host.isTidy());
    QCOMPARE(host.switcher().applied()->version, story.after);
    QVERIFY(QCoro::waitFor(host.switcher().scrub()).isClean());
}

/// How a death is looked at: the process alone, and several outcomes of a power loss.
static constexpr int outcomes = 9;

static MemoryFiles::Loss lossOf(int outcome)
{
    return outcome == 0 ? MemoryFiles::Loss::none : MemoryFiles::Loss::power;
}

void tst_SwitchCrash::death_leavesOneVersion()
{
    const Story told = story();
    const Host before = Host(targetOf(style()), hostBefore(told).disk);
    bool isOver = false;
    int deaths = 0;
    for (int step = 0; !isOver; ++step) {
        for (int outcome = 0; outcome < outcomes && !isOver; ++outcome) {
            Host host(before.target, before.disk);
            QVERIFY(host.start().has_value());
            host.disk.dieAt(step);
            const Verdict verdict = tell(host, told);
            isOver = !host.disk.isDead();
            ++deaths;
            SeededRandom chance(std::uint64_t(step * 1000 + outcome));
            host.disk.reboot(lossOf(outcome), chance);
            const QByteArray where =
                "step " + QByteArray::number(step) + ", outcome " + QByteArray::number(outcome);
            judgeShown(host);
            const Result<void> recovered = host.start();
            QVERIFY2(recovered.has_value(),
                     where + (recovered ? "" : recovered.error().message.toUtf8()));
            judgeRecovered(host, told);
            if (verdict.state == Verdict::State::healthy)
                QCOMPARE(host.showsVersion(), told.after); // What was reported, stays.
            judgeNext(host, told);
            if (QTest::currentTestFailed())
                QFAIL(where);
        }
    }
    QVERIFY(deaths > 20 * outcomes);
}

void tst_SwitchCrash::deathWhileRecovering_leavesOneVersion()
{
    const Story told = story();
    const Host before = Host(targetOf(style()), hostBefore(told).disk);
    bool isOver = false;
    int deaths = 0;
    for (int step = 0; !isOver; ++step) {
        Host first(before.target, before.disk);
        QVERIFY(first.start().has_value());
        first.disk.dieAt(step);
        static_cast<void>(tell(first, told));
        isOver = !first.disk.isDead();
        SeededRandom chance{std::uint64_t(step)};
        first.disk.reboot(lossOf(step % 2), chance);
        bool isRecovered = false;
        for (int second = 0; !isRecovered; ++second) {
            Host host(before.target, first.disk);
            host.disk.dieAt(second);
            isRecovered = host.start().has_value() && !host.disk.isDead();
            ++deaths;
            host.disk.reboot(lossOf(second % 3), chance);
            const QByteArray where =
                "step " + QByteArray::number(step) + ", then " + QByteArray::number(second);
            judgeShown(host);
            const Result<void> recovered = host.start();
            QVERIFY2(recovered.has_value(),
                     where + (recovered ? "" : recovered.error().message.toUtf8()));
            judgeRecovered(host, told);
            judgeNext(host, told);
            if (QTest::currentTestFailed())
                QFAIL(where);
        }
    }
    QVERIFY(deaths > 40);
}

void tst_SwitchCrash::fault_leavesOneVersion()
{
    const Story told = story();
    const Host before = Host(targetOf(style()), hostBefore(told).disk);
    const std::vector<Error> faults{{ErrorCode::noSpace, QStringLiteral("No space left on device")},
                                    {ErrorCode::io, QStringLiteral("Read-only file system")},
                                    {ErrorCode::io, QStringLiteral("Input/output error")}};
    int failures = 0;
    for (std::size_t kind = 0; kind < 6; ++kind) {
        const Error fault = faults[kind / 2];
        const bool isLasting = kind % 2 == 1;
        bool isOver = false;
        for (int step = 0; !isOver; ++step) {
            Host host(before.target, before.disk);
            QVERIFY(host.start().has_value());
            host.disk.failAt(step, fault, isLasting);
            const int begun = host.disk.steps();
            const Verdict verdict = tell(host, told);
            isOver = host.disk.steps() - begun <= step;
            const QByteArray where = QByteArray("step ") + QByteArray::number(step) + ", fault "
                                     + QByteArray::number(int(kind)) + QByteArray(": ")
                                     + verdict.error.toUtf8();
            judgeShown(host);
            if (told.isHealthy && verdict.state == Verdict::State::healthy)
                QCOMPARE(host.showsVersion(), told.after);
            else
                QVERIFY2(!verdict.error.isEmpty(), where);
            failures += verdict.state == Verdict::State::failed;
            // What cannot be undone while the disk fails is undone later, without a restart...
            Host other(before.target, host.disk);
            host.disk.heal();
            judgeNext(host, told);
            // ...and with one.
            SeededRandom chance{kind};
            other.disk.reboot(MemoryFiles::Loss::power, chance);
            QVERIFY2(other.start().has_value(), where);
            judgeRecovered(other, told);
            judgeNext(other, told);
            if (QTest::currentTestFailed())
                QFAIL(where);
        }
    }
    QVERIFY(failures > 60);
}

void tst_SwitchCrash::deathAfterFault_leavesOneVersion_data()
{
    QTest::addColumn<int>("style");
    QTest::addRow("directory") << int(Target::Style::directory);
    QTest::addRow("files") << int(Target::Style::files);
}

void tst_SwitchCrash::deathAfterFault_leavesOneVersion()
{
    const Story told{.before = "v1", .after = "v2"};
    const Host before = Host(targetOf(style()), hostBefore(told).disk);
    const Error fault{ErrorCode::io, QStringLiteral("Input/output error")};
    bool isOver = false;
    int deaths = 0;
    for (int step = 0; !isOver; ++step) {
        bool isAlive = false;
        for (int later = step + 1; !isAlive; ++later) {
            Host host(before.target, before.disk);
            QVERIFY(host.start().has_value());
            const int begun = host.disk.steps();
            host.disk.failAt(step, fault, false);
            host.disk.dieAt(later);
            static_cast<void>(tell(host, told));
            isAlive = !host.disk.isDead();
            isOver = host.disk.steps() - begun <= step;
            ++deaths;
            SeededRandom chance(std::uint64_t(step * 1000 + later));
            host.disk.reboot(lossOf(later % 2), chance);
            judgeShown(host);
            const QByteArray where =
                "fault at " + QByteArray::number(step) + ", death at " + QByteArray::number(later);
            QVERIFY2(host.start().has_value(), where);
            judgeRecovered(host, told);
            if (QTest::currentTestFailed())
                QFAIL(where);
        }
    }
    QVERIFY(deaths > 200);
}

void tst_SwitchCrash::deathThenAnotherPlace_leavesOneVersionAtEach_data()
{
    QTest::addColumn<int>("style");
    QTest::addColumn<int>("styleAfter");
    for (const auto style : {Target::Style::directory, Target::Style::files}) {
        for (const auto after : {Target::Style::directory, Target::Style::files})
            QTest::addRow("%d to %d", int(style), int(after)) << int(style) << int(after);
    }
}

/// The agent dies in a switch, and its target names another place when it starts again.
void tst_SwitchCrash::deathThenAnotherPlace_leavesOneVersionAtEach()
{
    QFETCH(int, styleAfter);
    const Story told{.before = "v1", .after = "v2"};
    const Host before = Host(targetOf(style()), hostBefore(told).disk);
    Target moved = before.target;
    moved.destination = "/srv/shop";
    moved.style = Target::Style(styleAfter);
    bool isOver = false;
    int undone = 0;
    for (int step = 0; !isOver; ++step) {
        Host host(before.target, before.disk);
        host.disk.put("/srv/shop/gone/old.conf.foreign.txt", "not ours");
        QVERIFY(host.start().has_value());
        host.disk.dieAt(step);
        static_cast<void>(tell(host, told));
        isOver = !host.disk.isDead();
        SeededRandom chance{std::uint64_t(step)};
        host.disk.reboot(lossOf(step % 3), chance);
        const QByteArray where = "step " + QByteArray::number(step);
        undone += host.showsVersion() != "v1";
        for (int second = 0, isAlive = false; !isAlive; second += 3) { // The move dies, too.
            Host there(moved, host.disk);
            there.disk.dieAt(second);
            isAlive = there.start().has_value() && !there.disk.isDead();
            there.disk.reboot(lossOf(second % 2), chance);
            QVERIFY2(there.start().has_value(), where);
            const QByteArray applied = there.switcher().applied()->version;
            QCOMPARE(there.showsVersion(), applied);
            QVERIFY(there.isTidy());
            Host old(before.target, there.disk);
            QCOMPARE(old.showsVersion(), applied);
            QVERIFY2(old.isTidy(), "something of the switch is left at the old place");
            judgeNext(there, told);
            Host later(before.target, there.disk);
            QCOMPARE(later.showsVersion(), applied); // It is not the agent's any more.
            if (QTest::currentTestFailed())
                QFAIL(where + ", then " + QByteArray::number(second));
        }
    }
    QVERIFY(undone > 2);
}

/// It had its links in the directory that the staged copy was in.
void tst_SwitchCrash::deathOfAnEarlierAgent_isUndone()
{
    Host host(targetOf(Target::Style::directory));
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
    host.actions.onRun = [&host](const QByteArray &program) {
        if (program == "/reload")
            host.disk.dieAt(0);
    };
    static_cast<void>(host.apply(versionTwo()));
    QVERIFY(host.disk.isDead());
    host.disk.reboot(MemoryFiles::Loss::none, host.random);
    const QByteArray work = destination + "/.coffer-shop";
    QVERIFY(host.disk.makeDirectory(work, 0700).has_value());
    QVERIFY(host.disk.rename(work + "~back", work + "/back").has_value());
    QCOMPARE(host.showsVersion(), QByteArray("v2"));

    Host after(host.target, host.disk);
    QVERIFY(after.start().has_value());
    QCOMPARE(after.showsVersion(), QByteArray("v1"));
    QVERIFY(after.isTidy());
}

void tst_SwitchCrash::start_clearsWhatAnotherStyleLeft()
{
    Host host(targetOf(Target::Style::files));
    for (const char *name : {"/.coffer-shop~forth", "/.coffer-shop~back"})
        host.disk.putLink(destination + name, "v1");
    QVERIFY(host.start().has_value());
    QVERIFY(host.isTidy());
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_SwitchCrash)
#include "tst_switch_crash.moc"
