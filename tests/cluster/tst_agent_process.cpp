// SPDX-License-Identifier: Apache-2.0
#include "cluster/agent_process.h"
#include "config/origin_list.h"
#include "support/fake_centre.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLocalSocket>
#include <QRandomGenerator>
#include <QTest>

#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace coffer;
using namespace Qt::StringLiterals;
using test::AgentProcess;
using test::FakeCentre;

static constexpr int longMs = 30'000;

/// A real coffer-agent, its disk and its commands, in front of a centre that the test plays.
class TestAgentProcess : public QObject
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

    void join_writesASecretForItsOwnerAlone()
    {
        QVERIFY2(m_agent->output().startsWith("joined as web-1 in sh001"),
                 m_agent->output().constData());
        const QFile secret(m_agent->folder() + u"/state/secret"_s);
        QVERIFY(secret.exists());
        const auto others = QFileDevice::ReadGroup | QFileDevice::WriteGroup
                            | QFileDevice::ReadOther | QFileDevice::WriteOther;
        QVERIFY(!(secret.permissions() & others));
        AgentProcess other(u"web-2"_s);
        QCOMPARE(other.run({u"join"_s, m_place, u"another"_s}), 6);
        QVERIFY(!QFile::exists(other.folder() + u"/state/secret"_s));
    }
    void join_namesATlsFileThatIsNotThere()
    {
        AgentProcess other(u"web-2"_s);
        QCOMPARE(other.run({u"join"_s, m_place, u"token"_s, u"--tls-ca"_s, u"/none/ca.pem"_s}), 2);
        QVERIFY2(other.faults().contains("--tls-ca: /none/ca.pem"), other.faults().constData());
    }
    void release_isOnDiskAndReported()
    {
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v1"_s, longMs);
        QCOMPARE(m_centre->lastState(), u"healthy"_s);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v2"_s, longMs);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "two");
        QCOMPARE(m_agent->version(u"shop"_s), u"v2"_s);
    }
    void check_refusesAVersionAndTheOldOneStays()
    {
        m_agent->addTarget(u"shop"_s, "[check]\nshell = true\n"
                                      "command = \"! grep -rn bad $COFFER_STAGED\"\n");
        publish(u"v1"_s, "good");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        publish(u"v2"_s, "bad");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"failed"_s, longMs);
        const QCborMap report = m_centre->reports.back();
        QCOMPARE(m_centre->lastVersion(), u"v1"_s);
        QCOMPARE(report.value(u"tried"_s).toString(), u"v2"_s);
        QVERIFY(!report.value(u"id"_s).toString().isEmpty()); // as it was offered
        QVERIFY(report.value(u"error"_s).toString().contains(u"v2"_s));
        QVERIFY(report.value(u"output"_s).toString().contains(u"bad"_s));
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "good");
        publish(u"v3"_s, "better");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "better");
    }
    /// A fault of the first step, without any wait, as on a full disk.
    void faultAtOnce_isTriedAgainLater()
    {
        m_agent->addTarget(u"shop"_s);
        publish(u"v1"_s, "good");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        const QString bundles = m_agent->folder() + u"/state/services/shop/bundles"_s;
        QVERIFY(QFile::rename(bundles, bundles + u"-away"_s));
        QFile obstacle(bundles);
        QVERIFY(obstacle.open(QIODevice::WriteOnly));
        obstacle.close();
        publish(u"v2"_s, "better");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"failed"_s, longMs);
        QVERIFY(m_agent->service(u"shop"_s)["tries"].toInt() < 5); // there are pauses between
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "good");
        QVERIFY(obstacle.remove());
        QVERIFY(QFile::rename(bundles + u"-away"_s, bundles));
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "better");
    }
    void health_thatFailsBringsTheOldOneBack()
    {
        m_agent->addTarget(u"shop"_s, "[health]\nshell = true\npasses = 1\nwindow = \"1s\"\n"
                                      "interval = \"100ms\"\n"
                                      "command = \"! grep -q sick "
                                          + m_agent->destination(u"shop"_s).toUtf8()
                                          + "/current/app.conf\"\n");
        publish(u"v1"_s, "fine");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        publish(u"v2"_s, "sick");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"rolledBack"_s, longMs);
        QCOMPARE(m_centre->lastVersion(), u"v1"_s);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "fine");
    }
    void example5_agentStartsWithNoNetwork()
    {
        publish(u"v1"_s, "kept");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        m_agent->kill();
        m_centre->close();
        QVERIFY(QFile::remove(m_agent->destination(u"shop"_s) + u"/current"_s));
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->version(u"shop"_s), u"v1"_s, longMs);
        QVERIFY(m_agent->isRunning());
        (void)m_centre->open();
        publish(u"v2"_s, "fresh");
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->file(u"shop"_s, u"app.conf"_s), "fresh", 2 * longMs);
    }
    void example7_handEditIsReportedWithADiff()
    {
        publish(u"v1"_s, "right\n");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        edit("wrong\n");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"drifted"_s, longMs);
        const QString output = m_centre->reports.back().value(u"output"_s).toString();
        QVERIFY2(output.contains(u"-right"_s) && output.contains(u"+wrong"_s), qPrintable(output));
        QCOMPARE(m_agent->run({u"diff"_s, u"shop"_s}), 0);
        QVERIFY(m_agent->output().contains("+wrong"));
        edit("right\n");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
    }
    void drift_isRepairedWhereTheTargetSaysSo()
    {
        m_agent->addTarget(u"shop"_s, "drift = \"repair\"\n");
        publish(u"v1"_s, "right\n");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        edit("wrong\n");
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->file(u"shop"_s, u"app.conf"_s), "right\n", longMs);
    }
    void example8_rollbackDuringAnApplyEndsAtTheLastOffer()
    {
        m_agent->addTarget(u"shop"_s, "[check]\nshell = true\ncommand = \"sleep 0.5\"\n");
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v1"_s, longMs);
        publish(u"v2"_s, "two");
        const auto fetched = m_centre->fetches.size();
        QTRY_VERIFY_WITH_TIMEOUT(m_centre->fetches.size() > fetched, longMs);
        publish(u"v1"_s, "one");
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->service(u"shop"_s)[u"busy"_s].toBool(true), false,
                                  longMs);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
        QCOMPARE(m_centre->lastVersion(), u"v1"_s);
        QCOMPARE(m_centre->lastState(), u"healthy"_s);
    }
    void rollbackLocal_goesBackAndHolds()
    {
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v1"_s, longMs);
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v2"_s, longMs);
        QCOMPARE(m_agent->run({u"rollback-local"_s, u"shop"_s}), 0);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"held"_s, longMs);
        QCOMPARE(m_centre->lastVersion(), u"v1"_s);
        publish(u"v3"_s, "three");
        QTRY_COMPARE_WITH_TIMEOUT(
            m_agent->service(u"shop"_s)[u"wanted"_s].toObject()[u"version"_s].toString(), u"v3"_s,
            longMs);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
        QCOMPARE(m_agent->run({u"plan"_s}), 10);
        QVERIFY(m_agent->output().contains("three"));
        QCOMPARE(m_agent->run({u"release"_s, u"shop"_s}), 0);
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->file(u"shop"_s, u"app.conf"_s), "three", longMs);
        QCOMPARE(m_agent->run({u"plan"_s}), 0);
        QCOMPARE(m_agent->run({u"hold"_s, u"none"_s}), 3);
        QCOMPARE(m_agent->run({u"hold"_s, u"shop"_s}), 0);
        QCOMPARE(m_agent->run({u"status"_s}), 0);
        QVERIFY2(m_agent->output().contains("held until it is released"), m_agent->output());
    }
    void once_appliesAndEnds()
    {
        const config::Place file{config::Place::Kind::file, {}, "app.conf"};
        m_centre->origins =
            config::encode(config::OriginList{{{"sh001", "v1"}}, {{file, 0, false}}, {}});
        publish(u"v1"_s, "one");
        QCOMPARE(m_agent->run({u"--once"_s}), 0);
        QCOMPARE(m_centre->originsAsked, 1);
        QCOMPARE(m_agent->run({u"status"_s}), 0); // nobody runs who would know
        QVERIFY2(m_agent->output().contains("shop: unknown, v1"), m_agent->output());
        QCOMPARE(m_agent->run({u"why"_s, u"shop"_s}), 0);
        QVERIFY2(m_agent->output().contains("app.conf  <- sh001 v1"), m_agent->output());
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
        QCOMPARE(m_centre->lastState(), u"healthy"_s);
        QCOMPARE(m_agent->run({u"history"_s}), 0);
        QVERIFY(m_agent->output().contains("* v1"));
        m_centre->close();
        QCOMPARE(m_agent->run({u"--once"_s, u"--wait"_s, u"1"_s}), 5);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
    }
    void others_mayLookAndNotChange()
    {
        if (::geteuid() != 0)
            QSKIP("only root can be somebody else");
        m_agent->start();
        publish(u"v1"_s, "one");
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->file(u"shop"_s, u"app.conf"_s), "one", longMs);
        const QByteArray folder = QFile::encodeName(m_agent->folder());
        QCOMPARE(::chmod(folder.constData(), 0711), 0);
        QCOMPARE(::chmod((folder + "/agent.sock").constData(), 0666), 0);
        QLocalSocket socket;
        QCOMPARE(::seteuid(65'534), 0); // The kernel remembers who connected.
        socket.connectToServer(QFile::decodeName(folder + "/agent.sock"));
        const bool isConnected = socket.waitForConnected();
        QCOMPARE(::seteuid(0), 0);
        QVERIFY2(isConnected, qPrintable(socket.errorString()));
        const auto ask = [&socket](const QByteArray &question) {
            socket.write(question + '\n');
            while (!socket.canReadLine() && socket.waitForReadyRead(longMs)) {}
            return socket.readLine();
        };
        QVERIFY(ask(R"({"ask":"version","service":"shop"})").contains(R"("version":"v1")"));
        for (const char *verb : {"hold", "release", "rollback"}) {
            const QByteArray answer =
                ask(R"({"ask":")" + QByteArray(verb) + R"(","service":"shop"})");
            QVERIFY2(answer.contains(R"("code":"denied")"), answer);
        }
        QCOMPARE(m_agent->run({u"hold"_s, u"shop"_s}), 0);
    }
    void once_failsWhereACheckDoes()
    {
        m_agent->addTarget(u"shop"_s, "[check]\ncommand = [\"/bin/false\"]\n");
        publish(u"v1"_s, "one");
        QCOMPARE(m_agent->run({u"--once"_s}), 1);
        QVERIFY(m_agent->file(u"shop"_s, u"app.conf"_s).isNull());
    }
    void secondAgent_isRefusedAndNamesTheFirst()
    {
        m_agent->start();
        QTRY_VERIFY_WITH_TIMEOUT(!m_agent->service(u"shop"_s).isEmpty(), longMs);
        QCOMPARE(m_agent->run({}), 1);
        QVERIFY2(m_agent->faults().contains(QByteArray::number(m_agent->processId())),
                 m_agent->faults().constData());
        QVERIFY(m_agent->isRunning());
    }
    void targets_areReadAgain()
    {
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v1"_s, longMs);
        m_centre->publish(u"cart"_s, u"v5"_s, FakeCentre::bundleOf("cart.conf", "cart"));
        m_agent->addTarget(u"cart"_s);
        m_agent->signal(SIGHUP);
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->file(u"cart"_s, u"cart.conf"_s), "cart", longMs);
        m_agent->addTarget(u"cart"_s, "nonsense = 1\n");
        m_agent->signal(SIGHUP);
        QTRY_VERIFY_WITH_TIMEOUT(m_agent->log().contains(u"nonsense"_s), longMs);
        QCOMPARE(m_agent->version(u"cart"_s), u"v5"_s);
    }
    void stop_isClean()
    {
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v1"_s, longMs);
        m_agent->signal(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!m_agent->isRunning(), longMs);
        QCOMPARE(m_agent->exitCode(), 0);
    }
    void kills_leaveOneCompleteVersion()
    {
        bool isSeed = false;
        quint32 seed = qEnvironmentVariableIntValue("COFFER_AGENT_SEED", &isSeed);
        if (!isSeed)
            seed = QRandomGenerator::global()->generate();
        qInfo("COFFER_AGENT_SEED=%u", seed);
        QRandomGenerator random(seed);
        for (int round = 1; round <= 12; ++round) {
            m_agent->start();
            const auto talks = m_centre->fetches.size() + m_centre->follows.size();
            const QByteArray text = QByteArray::number(round) + QByteArray(20'000, 'x');
            publish(u"v%1"_s.arg(round), text);
            QTRY_VERIFY_WITH_TIMEOUT(m_centre->fetches.size() + m_centre->follows.size() > talks,
                                     longMs);
            for (quint32 steps = random.bounded(400U); steps > 0; --steps)
                QCoreApplication::processEvents();
            if (random.bounded(4) == 0) {
                m_centre->close();
                (void)m_centre->open();
            }
            m_agent->kill();
            const QByteArray found = m_agent->file(u"shop"_s, u"app.conf"_s);
            QVERIFY2(found.isNull() || found.size() >= 20'001, found.left(20).constData());
        }
        m_agent->start();
        QTRY_VERIFY_WITH_TIMEOUT(m_agent->file(u"shop"_s, u"app.conf"_s).startsWith("12x"),
                                 2 * longMs);
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v12"_s, longMs);
    }
    void doctor_saysWhatIsMissing()
    {
        QCOMPARE(m_agent->run({u"doctor"_s}), 0);
        m_agent->addTarget(u"shop"_s, "[check]\ncommand = [\"/no/such/program\"]\n");
        QCOMPARE(m_agent->run({u"doctor"_s}), 1);
        QVERIFY2(m_agent->output().contains("/no/such/program"), m_agent->output().constData());
        QVERIFY(m_agent->output().contains("ok   node " + m_place.toUtf8()));
    }
    void commandsWithoutAnAgent_changeNothing()
    {
        const QByteArray shown = m_agent->destination(u"shop"_s).toUtf8() + "/current/app.conf";
        m_agent->addTarget(u"shop"_s, "[reload]\nshell = true\ncommand = \"! grep -q two " + shown
                                          + " || sleep 2\"\n");
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v1"_s, longMs);
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(m_agent->file(u"shop"_s, u"app.conf"_s), "two", longMs);
        m_agent->kill(); // in the middle of the switch
        const QStringList before = disk();
        QVERIFY(before.size() > 10);
        const std::vector<std::pair<QStringList, QByteArray>> commands{
            {{u"status"_s}, "a switch to v2 has begun"},
            {{u"status"_s, u"--metrics"_s}, "coffer_agent_service_state"},
            {{u"history"_s}, "* v1"},
            {{u"diff"_s}, "-one"},
            {{u"plan"_s}, "current"},
            {{u"doctor"_s}, "ok   target of shop"}};
        for (const auto &[command, words] : commands) {
            const int code = m_agent->run(command);
            QVERIFY2(code == (command.front() == u"plan" ? 10 : 0), m_agent->faults().constData());
            QVERIFY2(m_agent->output().contains(words), m_agent->output().constData());
            QCOMPARE(disk(), before);
        }
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v2"_s, longMs);
        QCOMPARE(m_centre->lastState(), u"healthy"_s);
    }
    /// Where there never was an agent.
    void commandsWithoutAStateDirectory_makeNone()
    {
        AgentProcess other(u"web-2"_s);
        other.addTarget(u"shop"_s);
        QCOMPARE(other.run({u"status"_s}), 0);
        QVERIFY(other.output().contains("has not joined"));
        QCOMPARE(other.run({u"history"_s}), 0);
        QVERIFY(!QFile::exists(other.folder() + u"/state"_s));
    }
    void doctor_namesADirectoryThatOthersMayWrite()
    {
        if (::geteuid() != 0)
            QSKIP("it is a fault for an agent of root alone");
        const QString destination = m_agent->destination(u"shop"_s);
        QCOMPARE(::chmod(QFile::encodeName(destination).constData(), 0777), 0);
        QCOMPARE(m_agent->run({u"doctor"_s}), 1);
        QVERIFY2(m_agent->output().contains("has mode 0777"), m_agent->output().constData());
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"failed"_s, longMs);
        QVERIFY(QDir(destination).isEmpty());
    }
    void fullDisk_keepsTheOldVersionAndHeals()
    {
#ifndef COFFER_DISK_SHIM
        QSKIP("a sanitizer has to be the first that is loaded");
#else
        const QTemporaryDir control;
        m_agent->setVariable(u"LD_PRELOAD"_s, QStringLiteral(COFFER_DISK_SHIM));
        m_agent->setVariable(u"COFFER_SHIM_CONTROL"_s, control.path());
        m_agent->setVariable(u"COFFER_SHIM_DATA"_s, m_agent->folder());
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        QFile full(control.filePath(u"full"_s));
        QVERIFY(full.open(QIODevice::WriteOnly));
        full.close();
        publish(u"v2"_s, "two");
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"failed"_s, longMs);
        QCOMPARE(m_centre->lastVersion(), u"v1"_s);
        const QString error = m_centre->reports.back().value(u"error"_s).toString();
        QVERIFY2(error.contains(u"No space left on device"_s), qPrintable(error));
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "one");
        QVERIFY(full.remove());
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastVersion(), u"v2"_s, 2 * longMs);
        QCOMPARE(m_centre->lastState(), u"healthy"_s);
        QCOMPARE(m_agent->file(u"shop"_s, u"app.conf"_s), "two");
#endif
    }
    void systemd_hearsHowItIs()
    {
        const QByteArray path = QFile::encodeName(m_agent->folder() + u"/notify"_s);
        const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        QVERIFY(std::size_t(path.size()) < sizeof address.sun_path);
        std::memcpy(&address.sun_path, path.constData(), std::size_t(path.size()));
        QCOMPARE(::bind(socket, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
        m_agent->setVariable(u"NOTIFY_SOCKET"_s, QFile::decodeName(path));
        m_agent->setVariable(u"WATCHDOG_USEC"_s, u"400000"_s);
        publish(u"v1"_s, "one");
        m_agent->start();
        QByteArray heard;
        const auto hears = [&heard, socket](const QByteArray &words) {
            QByteArray text(4096, '\0');
            for (;;) {
                const ssize_t got = ::recv(socket, text.data(), std::size_t(text.size()), 0);
                if (got <= 0)
                    return heard.contains(words);
                heard += text.first(got) + '\n';
            }
        };
        QTRY_VERIFY_WITH_TIMEOUT(hears("READY=1"), longMs);
        QTRY_VERIFY_WITH_TIMEOUT(hears("WATCHDOG=1"), longMs);
        QTRY_VERIFY_WITH_TIMEOUT(hears("1 of 1 services healthy"), longMs);
        m_agent->signal(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(hears("STOPPING=1"), longMs);
        QTRY_VERIFY_WITH_TIMEOUT(!m_agent->isRunning(), longMs);
        ::close(socket);
    }
    void metrics_areOfPrometheus()
    {
        publish(u"v1"_s, "one");
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        QCOMPARE(m_agent->run({u"status"_s, u"--metrics"_s}), 0);
        QVERIFY2(m_agent->output().contains(
                     "coffer_agent_service_state{service=\"shop\",state=\"healthy\"} 1\n"),
                 m_agent->output().constData());
        QVERIFY(m_agent->output().contains("coffer_agent_following 1\n"));
    }
    /// Its share of a small machine (docs/agent.md); sanitizers have a share of their own.
    void memory_isSmallWhenIdle()
    {
        publish(u"v1"_s, QByteArray(100'000, 'x'));
        m_agent->start();
        QTRY_COMPARE_WITH_TIMEOUT(m_centre->lastState(), u"healthy"_s, longMs);
        QFile status(u"/proc/%1/status"_s.arg(m_agent->processId()));
        QVERIFY(status.open(QIODevice::ReadOnly));
        const QByteArray text = status.readAll();
        const auto at = text.indexOf("VmRSS:");
        const qint64 kilobytes = text.mid(at + 6).simplified().split(' ').first().toLongLong();
        qInfo() << "idle:" << kilobytes << "kB";
#ifdef COFFER_AGENT_KILOBYTES_MAX
        QVERIFY(kilobytes > 0 && kilobytes <= COFFER_AGENT_KILOBYTES_MAX);
#endif
    }

private:
    void publish(const QString &version, const QByteArray &text)
    {
        m_centre->publish(u"shop"_s, version, FakeCentre::bundleOf("app.conf", text));
    }
    /// All that lies in the state directory and at the target, with its times and bytes.
    [[nodiscard]] QStringList disk() const
    {
        QStringList found;
        for (const QString &folder :
             {m_agent->folder() + u"/state"_s, m_agent->destination(u"shop"_s)}) {
            QDirIterator all(folder,
                             QDir::AllEntries | QDir::Hidden | QDir::System | QDir::NoDotDot,
                             QDirIterator::Subdirectories);
            while (all.hasNext()) {
                const QFileInfo info(all.next());
                struct stat status = {};
                (void)::lstat(QFile::encodeName(info.filePath()).constData(), &status);
                QFile file(info.filePath());
                const bool isRead = info.isFile() && file.open(QIODevice::ReadOnly);
                found.append(u"%1 %2 %3.%4 %5.%6 %7 %8"_s.arg(info.filePath())
                                 .arg(status.st_mode, 0, 8)
                                 .arg(status.st_mtim.tv_sec)
                                 .arg(status.st_mtim.tv_nsec)
                                 .arg(status.st_ctim.tv_sec)
                                 .arg(status.st_ctim.tv_nsec)
                                 .arg(info.symLinkTarget())
                                 .arg(QString::fromLatin1(isRead ? file.readAll() : QByteArray())));
            }
        }
        found.sort();
        return found;
    }
    void edit(const QByteArray &text)
    {
        QFile file(m_agent->destination(u"shop"_s) + u"/current/app.conf"_s);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(text);
    }

    std::unique_ptr<FakeCentre> m_centre;
    QString m_place;
    std::unique_ptr<AgentProcess> m_agent;
};

QTEST_GUILESS_MAIN(TestAgentProcess)
#include "tst_agent_process.moc"
