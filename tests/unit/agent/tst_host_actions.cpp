// SPDX-License-Identifier: Apache-2.0
#include "agent/host_actions.h"

#include <QTest>

#include <csignal>

#include <unistd.h>

namespace coffer::agent {

class tst_HostActions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void run_saysHowItEnded_data();
    void run_saysHowItEnded();
    void run_givesOnlyTheEnvironmentItWasAskedFor();
    void run_isNoShellUnlessAsked();
    void run_keepsTheEndOfTheOutput();
    void run_killsTheGroupAtTheTimeOut();
    void run_killsWhoIgnoresSigterm();
    void run_leavesAloneWhatASuccessStarted();
    void signal_knowsWhoIsThere();
    void wake_endsPauses();
};

static CommandOutcome ran(const Command &command, const Environment &environment = {})
{
    HostActions actions;
    return QCoro::waitFor(actions.run(command, environment));
}

static Command shell(const char *line) { return {.argv = {line}, .isShell = true}; }

void tst_HostActions::run_saysHowItEnded_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QString>("output");
    QTest::addRow("ok") << QByteArray("echo fine") << QString() << QStringLiteral("fine\n");
    QTest::addRow("code") << QByteArray("echo bad >&2; exit 3") << QStringLiteral("ended with 3")
                          << QStringLiteral("bad\n");
    QTest::addRow("signal") << QByteArray("kill -9 $$") << QStringLiteral("was ended by signal 9")
                            << QString();
    QTest::addRow("no input") << QByteArray("cat; echo over") << QString()
                              << QStringLiteral("over\n");
}

void tst_HostActions::run_saysHowItEnded()
{
    QFETCH(QByteArray, line);
    QFETCH(QString, reason);
    QFETCH(QString, output);
    const CommandOutcome outcome = ran(shell(line.constData()));
    QCOMPARE(outcome.reason, reason);
    QCOMPARE(outcome.output, output);
    QCOMPARE(outcome.isOk, reason.isEmpty());
}

void tst_HostActions::run_givesOnlyTheEnvironmentItWasAskedFor()
{
    qputenv("COFFER_SECRET_OF_TESTS", "hidden");
    const CommandOutcome outcome =
        ran({.argv = {"/usr/bin/env"}}, {{"COFFER_SERVICE", "shop"}, {"COFFER_STAGED", "/x y"}});
    QStringList lines = outcome.output.split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    lines.sort();
    const QStringList expected{QStringLiteral("COFFER_SERVICE=shop"),
                               QStringLiteral("COFFER_STAGED=/x y"), QStringLiteral("LANG=C.UTF-8"),
                               QStringLiteral("PATH=/usr/sbin:/usr/bin:/sbin:/bin")};
    QCOMPARE(lines, expected);
}

void tst_HostActions::run_isNoShellUnlessAsked()
{
    QCOMPARE(ran({.argv = {"/bin/echo", "$HOME; `id`", "*"}}).output,
             QStringLiteral("$HOME; `id` *\n"));
    const CommandOutcome missing = ran({.argv = {"/no/such program"}});
    QVERIFY(!missing.isOk);
    QVERIFY(missing.reason.startsWith(QStringLiteral("cannot be started: ")));
}

void tst_HostActions::run_keepsTheEndOfTheOutput()
{
    const CommandOutcome outcome = ran(shell("seq 1 100000; echo the end"));
    QVERIFY(outcome.isOk);
    QVERIFY(outcome.output.endsWith(QStringLiteral("100000\nthe end\n")));
    QVERIFY(outcome.output.size() <= HostActions::outputBytesMax);
}

/// Whether the process whose id \a output begins with is gone, or only waits to be reaped.
static bool isGone(const QString &output)
{
    const QByteArray id = output.section(QLatin1Char('\n'), 0, 0).toLatin1();
    QFile file(QString::fromLatin1("/proc/" + id + "/stat"));
    return !id.isEmpty() && (!file.open(QIODevice::ReadOnly) || file.readAll().contains(") Z "));
}

void tst_HostActions::run_killsTheGroupAtTheTimeOut()
{
    Command command = shell("sleep 1000 & echo $!; wait");
    command.timeout = std::chrono::milliseconds(300);
    const CommandOutcome outcome = ran(command);
    QVERIFY(!outcome.isOk);
    QCOMPARE(outcome.reason, QStringLiteral("had not ended after 300 ms, and was killed"));
    if (!outcome.output.isEmpty()) // On a busy machine it may not have come that far.
        QTRY_VERIFY(isGone(outcome.output));
}

void tst_HostActions::run_killsWhoIgnoresSigterm()
{
    Command command = shell("trap '' TERM; echo $$; while :; do sleep 1000; done");
    command.timeout = std::chrono::milliseconds(300);
    const CommandOutcome outcome = ran(command);
    QVERIFY(!outcome.isOk);
    if (!outcome.output.isEmpty())
        QTRY_VERIFY(isGone(outcome.output));
}

void tst_HostActions::run_leavesAloneWhatASuccessStarted()
{
    const CommandOutcome outcome = ran(shell("sleep 1000 >/dev/null 2>&1 & echo $!"));
    QVERIFY(outcome.isOk);
    QVERIFY(!isGone(outcome.output));
    HostActions actions;
    QCOMPARE(actions.signal(outcome.output.trimmed().toLongLong(), SIGKILL), true);
}

void tst_HostActions::signal_knowsWhoIsThere()
{
    HostActions actions;
    QCOMPARE(actions.signal(::getpid(), 0), true);
    // More than any process id of Linux.
    QCOMPARE(actions.signal(2'000'000'000, SIGHUP), false);
}

static QCoro::Task<void> wait(Actions *actions, int *ended)
{
    co_await actions->pause(std::chrono::hours(10));
    ++*ended;
}

void tst_HostActions::wake_endsPauses()
{
    HostActions actions;
    int ended = 0;
    const QCoro::Task<void> one = wait(&actions, &ended);
    const QCoro::Task<void> two = wait(&actions, &ended);
    QCOMPARE(ended, 0);
    actions.wake();
    QTRY_COMPARE(ended, 2);
    QCoro::waitFor(actions.pause(std::chrono::milliseconds(1)));
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_HostActions)
#include "tst_host_actions.moc"
