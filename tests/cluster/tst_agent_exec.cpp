// SPDX-License-Identifier: Apache-2.0
#include "cluster/agent_process.h"
#include "support/fake_centre.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QStandardPaths>
#include <QTest>

#include <csignal>

#include <unistd.h>

using namespace coffer;
using namespace Qt::StringLiterals;
using test::AgentProcess;
using test::FakeCentre;

static constexpr int longMs = 30'000;

/// A program that coffer-agent runs, and what the two write.
class Execution
{
public:
    Execution(const AgentProcess &agent, const QStringList &options, const QString &script)
    {
        start(QStringLiteral(COFFER_AGENT),
              agent.arguments() + QStringList{u"exec"_s} + options
                  + QStringList{u"--"_s, u"/bin/sh"_s, u"-c"_s, script});
    }
    Execution(const QString &program, const QStringList &arguments) { start(program, arguments); }
    ~Execution()
    {
        if (QTest::currentTestFailed())
            qInfo().noquote() << "exec:" << faults();
        m_process.terminate(); // The program ends with it.
        if (m_process.state() != QProcess::NotRunning && !m_process.waitForFinished()) {
            m_process.kill();
            m_process.waitForFinished();
        }
    }
    Q_DISABLE_COPY_MOVE(Execution)

    [[nodiscard]] QByteArray output()
    {
        m_output += m_process.readAllStandardOutput();
        return m_output;
    }
    [[nodiscard]] QByteArray faults()
    {
        m_faults += m_process.readAllStandardError();
        return m_faults;
    }
    [[nodiscard]] bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    [[nodiscard]] int exitCode() const { return m_process.exitCode(); }
    [[nodiscard]] qint64 processId() const { return m_process.processId(); }
    void write(const QByteArray &input) { m_process.write(input); }
    void signal(int number) { ::kill(pid_t(m_process.processId()), number); }

private:
    void start(const QString &program, const QStringList &arguments)
    {
        m_process.start(program, arguments);
        if (!m_process.waitForStarted())
            qFatal("%s cannot be started", qPrintable(program));
    }

    QProcess m_process;
    QByteArray m_output;
    QByteArray m_faults;
};

/// Programs that coffer-agent runs, and those that ask it, with real processes.
class TestAgentExec : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_centre = std::make_unique<FakeCentre>();
        m_place = m_centre->open();
        m_agent = std::make_unique<AgentProcess>(u"web-1"_s);
        m_agent->addTarget(u"shop"_s);
        QCOMPARE(m_agent->run({u"join"_s, m_place, u"token"_s}), 0);
    }
    void cleanup()
    {
        if (QTest::currentTestFailed() && m_agent)
            qInfo().noquote() << m_agent->log() << m_agent->output() << m_agent->faults();
        m_agent.reset();
        m_centre.reset();
    }

    void program_waitsForTheFirstVersionAndSeesIt()
    {
        m_agent->start();
        QTRY_VERIFY_WITH_TIMEOUT(!m_agent->service(u"shop"_s).isEmpty(), longMs);
        Execution execution(*m_agent, {}, u"cat %1; exit 7"_s.arg(file()));
        QTRY_VERIFY_WITH_TIMEOUT(execution.faults().contains("the first version of"), longMs);
        QVERIFY(execution.isRunning());
        publish(u"v1"_s, "one");
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.output(), "CORE_TEXT=\"one\"\n");
        QCOMPARE(execution.exitCode(), 7);
    }
    void program_isRestartedAtAPublish()
    {
        startAt(u"v1"_s, "one");
        Execution execution(*m_agent, {u"--restart"_s}, waitingScript());
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "CORE_TEXT=\"one\"\n", longMs);
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "CORE_TEXT=\"one\"\nCORE_TEXT=\"two\"\n",
                                  longMs);
        execution.signal(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.exitCode(), 128 + SIGTERM);
    }
    /// What does not end by itself is killed with all that it has started.
    void restart_killsTheGroupAfterTheGrace()
    {
        startAt(u"v1"_s, "one");
        Execution execution(*m_agent, {u"--restart"_s, u"--grace"_s, u"200ms"_s},
                            u"trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"_s);
        QTRY_VERIFY_WITH_TIMEOUT(execution.output().endsWith('\n'), longMs);
        const auto first = pid_t(execution.output().trimmed().toInt());
        QVERIFY(first > 1 && ::kill(first, 0) == 0);
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output().count('\n'), 2, longMs);
        QTRY_VERIFY_WITH_TIMEOUT(!isAlive(first), longMs);
        // This one would outlive the test.
        const pid_t group = ::getpgid(pid_t(execution.output().split('\n').at(1).toInt()));
        QVERIFY(group > 1 && group != ::getpgrp());
        ::kill(-group, SIGKILL);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
    }
    void sameContent_restartsNothing()
    {
        startAt(u"v1"_s, "one");
        Execution execution(*m_agent, {u"--restart"_s}, waitingScript());
        QTRY_VERIFY_WITH_TIMEOUT(!execution.output().isEmpty(), longMs);
        publish(u"v2"_s, "one");
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->version(u"shop"_s), u"v2"_s, longMs);
        publish(u"v3"_s, "three");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "CORE_TEXT=\"one\"\nCORE_TEXT=\"three\"\n",
                                  longMs);
    }
    void signal_isSentAtAPublish()
    {
        startAt(u"v1"_s, "one");
        Execution execution(
            *m_agent, {u"--signal"_s, u"USR1"_s},
            u"trap 'cat %1; exit 3' USR1; echo ready; while :; do sleep 0.05; done"_s.arg(file()));
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "ready\n", longMs);
        publish(u"v2"_s, "two");
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.output(), "ready\nCORE_TEXT=\"two\"\n");
        QCOMPARE(execution.exitCode(), 3);
    }
    void env_isThatOfTheVersion()
    {
        startAt(u"v1"_s, "it's 1");
        Execution execution(*m_agent, {u"--env"_s, u"--restart"_s, u"--service"_s, u"shop"_s},
                            u"echo \"$CORE_TEXT\"; while :; do sleep 0.1; done"_s);
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "it's 1\n", longMs);
        publish(u"v2"_s, "and 2");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "it's 1\nand 2\n", longMs);
        // A version without variables is no reason to stop what runs.
        m_centre->publish(u"shop"_s, u"v3"_s, FakeCentre::bundleOf("plain.txt", "x"));
        QTRY_VERIFY_WITH_TIMEOUT(execution.faults().contains("not restarted"), longMs);
        QVERIFY(execution.isRunning());
        publish(u"v4"_s, "four");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "it's 1\nand 2\nfour\n", longMs);
    }
    void env_withoutAFileIsASentence()
    {
        m_centre->publish(u"shop"_s, u"v1"_s, FakeCentre::bundleOf("plain.txt", "x"));
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->version(u"shop"_s), u"v1"_s, longMs);
        QCOMPARE(m_agent->run({u"exec"_s, u"--env"_s, u"--"_s, u"true"_s}), 3);
        QVERIFY2(m_agent->faults().contains("ends in .env"), m_agent->faults().constData());
    }
    void signals_areForwarded_data()
    {
        QTest::addColumn<int>("number");
        QTest::addColumn<QString>("name");
        for (const auto &[number, name] : {std::pair{SIGHUP, "HUP"}, std::pair{SIGINT, "INT"},
                                           std::pair{SIGTERM, "TERM"}, std::pair{SIGUSR2, "USR2"}})
            QTest::newRow(name) << number << QString::fromLatin1(name);
    }
    void signals_areForwarded()
    {
        QFETCH(int, number);
        QFETCH(QString, name);
        startAt(u"v1"_s, "one");
        Execution execution(
            *m_agent, {},
            u"trap 'echo got; exit 5' %1; echo ready; while :; do sleep 0.05; done"_s.arg(name));
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "ready\n", longMs);
        execution.signal(number);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.output(), "ready\ngot\n");
        QCOMPARE(execution.exitCode(), 5);
    }
    void signal_beforeThereIsAProgramEndsIt()
    {
        m_agent->start();
        QTRY_VERIFY_WITH_TIMEOUT(!m_agent->service(u"shop"_s).isEmpty(), longMs);
        Execution execution(*m_agent, {}, u"echo never"_s);
        QTRY_VERIFY_WITH_TIMEOUT(execution.faults().contains("waiting"), longMs);
        execution.signal(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.exitCode(), 128 + SIGTERM);
        QCOMPARE(execution.output(), "");
    }
    void exitCodes()
    {
        startAt(u"v1"_s, "one");
        const QStringList shell{u"exec"_s, u"--"_s, u"/bin/sh"_s, u"-c"_s};
        QCOMPARE(m_agent->run(shell + QStringList{u"exit 0"_s}), 0);
        QCOMPARE(m_agent->run(shell + QStringList{u"exit 42"_s}), 42);
        QCOMPARE(m_agent->run(shell + QStringList{u"kill -9 $$"_s}), 128 + SIGKILL);
        QCOMPARE(m_agent->run({u"exec"_s, u"--"_s, u"no-such-program"_s}), 127);
        QVERIFY(m_agent->faults().contains("no-such-program is not there"));
        QCOMPARE(m_agent->run({u"exec"_s, u"--"_s, u"/no/such"_s}), 127);
        QCOMPARE(m_agent->run({u"exec"_s, u"--"_s, u"/etc/passwd"_s}), 126);
        QVERIFY(m_agent->faults().contains("/etc/passwd cannot be executed"));
        QFile bytes(m_agent->folder() + u"/bytes"_s);
        QVERIFY(bytes.open(QIODevice::WriteOnly)
                && bytes.write("\x7f"
                               "ELF nonsense")
                       > 0);
        bytes.close();
        QVERIFY(bytes.setPermissions(QFile::ReadOwner | QFile::ExeOwner));
        QCOMPARE(m_agent->run({u"exec"_s, u"--"_s, bytes.fileName()}), 126);
        QCOMPARE(m_agent->run({u"exec"_s}), 2);
        QCOMPARE(m_agent->run({u"exec"_s, u"--signal"_s, u"NONE"_s, u"--"_s, u"true"_s}), 2);
        QCOMPARE(m_agent->run({u"exec"_s, u"--service"_s, u"none"_s, u"--"_s, u"true"_s}), 3);
    }
    void arguments_areLeftAlone()
    {
        startAt(u"v1"_s, "one");
        QCOMPARE(m_agent->run({u"exec"_s, u"--service"_s, u"shop"_s, u"--"_s, u"echo"_s, u"watch"_s,
                               u"--json"_s, u"--"_s, u"exec"_s, u"-x"_s}),
                 0);
        QCOMPARE(m_agent->output(), "watch --json -- exec -x\n");
    }
    /// A program that reads from a terminal in the background would be stopped.
    void terminal_isTheProgramsWhileItRuns()
    {
        startAt(u"v1"_s, "one");
        if (QStandardPaths::findExecutable(u"script"_s).isEmpty())
            QSKIP("script, which makes a terminal, is not installed");
        QStringList words{QStringLiteral(COFFER_AGENT)};
        words += m_agent->arguments();
        words += {u"exec"_s, u"--"_s, u"sh"_s, u"-c"_s,
                  u"'test -t 0 && echo ready && read x && echo got $x'"_s};
        Execution execution(u"script"_s, {u"-qefc"_s, words.join(u' '), QProcess::nullDevice()});
        QTRY_VERIFY_WITH_TIMEOUT(execution.output().contains("ready"), longMs);
        execution.write("hello\n");
        QTRY_VERIFY_WITH_TIMEOUT(execution.output().contains("got hello"), longMs);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.exitCode(), 0);
    }
    void restartOnExit_startsAgain()
    {
        startAt(u"v1"_s, "one");
        Execution execution(*m_agent, {u"--restart-on-exit"_s}, u"echo run; exit 1"_s);
        QTRY_VERIFY_WITH_TIMEOUT(execution.output().count("run") >= 2, longMs);
        QVERIFY(execution.faults().contains("started again in"));
        execution.signal(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
    }
    /// The program goes on, and what was released meanwhile is taken up.
    void agentIsKilled_programGoesOnAndIsRestartedLater()
    {
        startAt(u"v1"_s, "one");
        Execution execution(*m_agent, {u"--restart"_s, u"--env"_s},
                            u"echo \"$CORE_TEXT\"; while :; do sleep 0.1; done"_s);
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "one\n", longMs);
        m_agent->kill();
        QTRY_VERIFY_WITH_TIMEOUT(execution.faults().contains("the agent is gone"), longMs);
        QVERIFY(execution.isRunning());
        publish(u"v2"_s, "two");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "one\ntwo\n", longMs);
        // And without anything new nothing happens when it comes back.
        m_agent->kill();
        m_agent->start();
        publish(u"v3"_s, "three");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "one\ntwo\nthree\n", longMs);
    }
    void lastKnownGood_isServedWithoutANode()
    {
        startAt(u"v1"_s, "kept");
        m_agent->kill();
        m_centre->close();
        m_agent->start();
        Execution execution(*m_agent, {u"--env"_s}, u"echo \"$CORE_TEXT\""_s);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.output(), "kept\n");
    }
    /// As in a container: there is no other agent, so it is one itself.
    void withoutAnAgent_itIsOne()
    {
        publish(u"v1"_s, "one");
        Execution execution(*m_agent, {u"--restart"_s, u"--env"_s},
                            u"echo \"$CORE_TEXT\"; while :; do sleep 0.1; done"_s);
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "one\n", longMs);
        QCOMPARE(m_centre->lastState(), u"healthy"_s);
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "one\ntwo\n", longMs);
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s, u"core/text"_s}), 0);
        QCOMPARE(m_agent->output(), "two\n");
        execution.signal(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.exitCode(), 128 + SIGTERM);
    }
    /// Process 1 reaps what nobody waits for, hands signals on, and ends as the program does.
    void processOne_reapsAndHandsOn()
    {
        startAt(u"v1"_s, "one");
        const QStringList space{u"--user"_s, u"--map-root-user"_s, u"--pid"_s,
                                u"--fork"_s, u"--mount-proc"_s,    u"--kill-child"_s};
        if (QProcess::execute(u"unshare"_s, space + QStringList{u"true"_s}) != 0)
            QSKIP("this user may not make process namespaces");
        const QString script =
            u"sh -c 'true & echo orphan' ; sleep 0.3; cat /proc/[0-9]*/stat | grep -c ') Z ';"
            "echo ready; trap 'exit 9' TERM; while :; do sleep 0.05; done"_s;
        Execution execution(u"unshare"_s,
                            space + QStringList{QStringLiteral(COFFER_AGENT)} + m_agent->arguments()
                                + QStringList{u"exec"_s, u"--"_s, u"/bin/sh"_s, u"-c"_s, script});
        QTRY_COMPARE_WITH_TIMEOUT(execution.output(), "orphan\n0\nready\n", longMs);
        // unshare hands SIGTERM to process 1 of the namespace: its only child.
        const auto one = childOf(execution);
        QVERIFY(one > 1);
        ::kill(one, SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!execution.isRunning(), longMs);
        QCOMPARE(execution.exitCode(), 9);
    }

    // ---- commands

    void commands_sayWhatIsApplied()
    {
        startAt(u"v1"_s, "one");
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s, u"core/text"_s}), 0);
        QCOMPARE(m_agent->output(), "one\n");
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s}), 0);
        QCOMPARE(m_agent->output(), "core/text one\n");
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s, u"--file"_s, u"app.env"_s}), 0);
        QCOMPARE(m_agent->output(), "CORE_TEXT=\"one\"\n");
        QCOMPARE(m_agent->run({u"--json"_s, u"get"_s, u"shop"_s, u"core/text"_s}), 0);
        const QJsonObject value = QJsonDocument::fromJson(m_agent->output()).object();
        QCOMPARE(value[u"value"_s].toString(), u"one"_s);
        QCOMPARE(value[u"version"_s].toString(), u"v1"_s);
        QCOMPARE(m_agent->run({u"list"_s}), 0);
        QVERIFY2(m_agent->output().startsWith("shop v1 "), m_agent->output().constData());
        QCOMPARE(m_agent->run({u"list"_s, u"shop"_s}), 0);
        QCOMPARE(m_agent->output(), "file app.env\nkey core/text\n");
        QCOMPARE(m_agent->run({u"version"_s, u"shop"_s}), 0);
        QVERIFY(m_agent->output().startsWith("v1 "));
        QCOMPARE(m_agent->run({u"env"_s, u"shop"_s}), 0);
        QCOMPARE(m_agent->output(), "CORE_TEXT='one'\n");
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s, u"core/none"_s}), 3);
        QCOMPARE(m_agent->run({u"get"_s, u"none"_s}), 3);
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s, u"text"_s}), 2);
        // And where no agent runs, from the state directory.
        m_agent->kill();
        QCOMPARE(m_agent->run({u"get"_s, u"shop"_s, u"core/text"_s}), 0);
        QCOMPARE(m_agent->output(), "one\n");
        QCOMPARE(m_agent->run({u"watch"_s, u"shop"_s}), 5);
    }
    void watch_saysVersionsAsLines()
    {
        startAt(u"v1"_s, "one");
        Execution watch(QStringLiteral(COFFER_AGENT),
                        m_agent->arguments()
                            + QStringList{u"watch"_s, u"shop"_s, u"--from"_s, u"v1"_s});
        Execution all(QStringLiteral(COFFER_AGENT),
                      m_agent->arguments() + QStringList{u"watch"_s, u"shop"_s});
        QTRY_COMPARE_WITH_TIMEOUT(all.output().count('\n'), 1, longMs);
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(all.output().count('\n'), 2, longMs);
        QTRY_COMPARE_WITH_TIMEOUT(watch.output().count('\n'), 1, longMs);
        const QJsonObject event = QJsonDocument::fromJson(watch.output()).object();
        QCOMPARE(event[u"version"_s].toString(), u"v2"_s);
        QCOMPARE(event[u"keys"_s].toArray().at(0)[u"key"_s].toString(), u"core/text"_s);
    }

private:
    void publish(const QString &version, const QByteArray &text)
    {
        m_centre->publish(u"shop"_s, version,
                          FakeCentre::bundleOf("app.env", "CORE_TEXT=\"" + text + "\"\n"));
    }
    void startAt(const QString &version, const QByteArray &text)
    {
        publish(version, text);
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->version(u"shop"_s), version, longMs);
    }
    [[nodiscard]] QString file() const
    {
        return m_agent->destination(u"shop"_s) + u"/current/app.env"_s;
    }
    [[nodiscard]] QString waitingScript() const
    {
        return u"cat %1; while :; do sleep 0.1; done"_s.arg(file());
    }
    /// Not even waiting to be reaped.
    static bool isAlive(pid_t process)
    {
        QFile stat(u"/proc/%1/stat"_s.arg(process));
        return stat.open(QIODevice::ReadOnly) && !stat.readAll().contains(") Z ");
    }
    static pid_t childOf(const Execution &parent)
    {
        const QString id = QString::number(parent.processId());
        QFile children(u"/proc/%1/task/%1/children"_s.arg(id));
        return children.open(QIODevice::ReadOnly) ? pid_t(children.readAll().trimmed().toInt()) : 0;
    }

    std::unique_ptr<FakeCentre> m_centre;
    QString m_place;
    std::unique_ptr<AgentProcess> m_agent;
};

QTEST_GUILESS_MAIN(TestAgentExec)
#include "tst_agent_exec.moc"
