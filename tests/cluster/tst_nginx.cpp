// SPDX-License-Identifier: Apache-2.0
#include "cluster/node_process.h"
#include "cluster/process_cluster.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <csignal>

using namespace Qt::StringLiterals;
using coffer::test::freePorts;
using coffer::test::NodeProcess;

/// Asks a web server again and again, each time by a new connection, and counts.
class Visitors : public QObject
{
    Q_OBJECT

public:
    Visitors(quint16 port, int count) : m_port(port)
    {
        for (int n = 0; n < count; ++n)
            visit();
    }
    void stop() { m_isStopping = true; }
    [[nodiscard]] bool isIdle() const { return m_underWay == 0; }
    [[nodiscard]] int answered() const { return m_answered; }
    [[nodiscard]] const QStringList &failures() const { return m_failures; }
    [[nodiscard]] QByteArray lastBody() const { return m_lastBody; }

private:
    void visit()
    {
        if (m_isStopping)
            return;
        ++m_underWay;
        auto *socket = new QTcpSocket(this);
        connect(socket, &QTcpSocket::connected, this, [socket] {
            socket->write("GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
        });
        connect(socket, &QTcpSocket::errorOccurred, this,
                [this, socket](QAbstractSocket::SocketError error) {
                    if (error != QAbstractSocket::RemoteHostClosedError)
                        finish(socket, socket->errorString());
                });
        connect(socket, &QTcpSocket::disconnected, this,
                [this, socket] { finish(socket, faultOf(socket->readAll())); });
        socket->connectToHost(QHostAddress::LocalHost, m_port);
    }
    [[nodiscard]] QString faultOf(const QByteArray &response)
    {
        const qsizetype body = response.indexOf("\r\n\r\n");
        if (!response.startsWith("HTTP/1.1 200 ") || body < 0)
            return u"answered: "_s + QString::fromUtf8(response.left(100));
        m_lastBody = response.mid(body + 4);
        return {};
    }
    void finish(QTcpSocket *socket, const QString &fault)
    {
        socket->disconnect(this);
        socket->deleteLater();
        --m_underWay;
        ++m_answered;
        if (!fault.isEmpty())
            m_failures.append(fault);
        QTimer::singleShot(0, this, [this] { visit(); });
    }

    quint16 m_port;
    bool m_isStopping = false;
    int m_underWay = 0;
    int m_answered = 0;
    QStringList m_failures;
    QByteArray m_lastBody;
};

/// A real nginx whose configuration comes through an agent.
class TestNginx : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_nginxProgram = QStandardPaths::findExecutable(
            u"nginx"_s, {u"/usr/sbin"_s, u"/usr/local/sbin"_s, u"/usr/bin"_s});
        if (m_nginxProgram.isEmpty())
            QSKIP("nginx is not installed (package nginx-light)");
        QVERIFY(m_folder.isValid());
        const std::vector<quint16> ports = freePorts(2);
        m_endpoint = u"127.0.0.1:%1"_s.arg(ports[0]);
        m_port = ports[1];
        m_node = std::make_unique<NodeProcess>(
            QStringList{u"--data"_s, m_folder.filePath(u"node"_s), u"--listen"_s, m_endpoint,
                        u"--listen-peers"_s, u"127.0.0.1:0"_s});
        m_node->start();
        QTRY_VERIFY_WITH_TIMEOUT(m_node->output().contains("ready"_L1), 20'000);
        QVERIFY2(run({u"config"_s, u"idc"_s, u"create"_s, u"sh001"_s}), m_said.constData());
        QVERIFY2(run({u"config"_s, u"service"_s, u"create"_s, u"web"_s}), m_said.constData());
        startAgent();
    }
    void cleanupTestCase()
    {
        if (m_nginx.state() != QProcess::NotRunning) {
            ::kill(pid_t(m_nginx.processId()), SIGQUIT);
            QVERIFY(m_nginx.waitForFinished(20'000));
        }
        end(m_agent);
        if (m_node)
            m_node->signal(SIGTERM);
    }

    void publishes_loseNoRequest()
    {
        QVERIFY2(publish(0), m_said.constData());
        startNginx();
        Visitors visitors(m_port, 4);
        QTRY_VERIFY_WITH_TIMEOUT(visitors.answered() > 20, 20'000);
        for (int version = 1; version <= 50; ++version) {
            QVERIFY2(publish(version), m_said.constData());
            // The workers that had the old version answer what they had begun; then it is the new.
            const QByteArray wanted = "version " + QByteArray::number(version) + "\n";
            QTRY_COMPARE_WITH_TIMEOUT(visitors.lastBody(), wanted, 20'000);
        }
        const int before = visitors.answered();
        QTRY_VERIFY_WITH_TIMEOUT(visitors.answered() > before + 20, 20'000);
        visitors.stop();
        QTRY_VERIFY_WITH_TIMEOUT(visitors.isIdle(), 20'000);
        QVERIFY2(visitors.failures().isEmpty(),
                 qPrintable(u"%1 of %2 requests: %3"_s.arg(visitors.failures().size())
                                .arg(visitors.answered())
                                .arg(visitors.failures()
                                         .first(std::min<qsizetype>(3, visitors.failures().size()))
                                         .join(u"; "_s))));
    }

    /// Depends on nothing but a running nginx; alone it makes its own.
    void badConfiguration_neverReachesIt()
    {
        if (m_nginx.state() == QProcess::NotRunning) {
            QVERIFY2(publish(0), m_said.constData());
            startNginx();
        }
        const QByteArray before = onHost();
        write("daemon off;\npid nginx.pid;\nevents {}\nhttp { sever { } }\n");
        QVERIFY2(import(), m_said.constData());
        QVERIFY2(!run({u"config"_s, u"publish"_s, u"web"_s, u"-m"_s, u"a slip"_s, u"--wait"_s}),
                 "the host accepted it");
        QVERIFY2(m_said.contains("unknown directive") && m_said.contains("sever"),
                 m_said.constData());
        QCOMPARE(onHost(), before);
        Visitors visitors(m_port, 1);
        QTRY_VERIFY_WITH_TIMEOUT(visitors.answered() > 3, 20'000);
        visitors.stop();
        QTRY_VERIFY_WITH_TIMEOUT(visitors.isIdle(), 20'000);
        QVERIFY(visitors.failures().isEmpty());
    }

private:
    bool run(const QStringList &arguments)
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(QStringLiteral(COFFER),
                      QStringList{u"--endpoints"_s, m_endpoint} + arguments);
        // In a nested loop, so that the visitors go on.
        const bool hasEnded = QTest::qWaitFor(
            [&process] { return process.state() == QProcess::NotRunning; }, 100'000);
        m_said = process.readAll();
        return hasEnded && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0;
    }
    void write(const QByteArray &text)
    {
        QFile file(m_folder.filePath(u"nginx.conf"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(text), text.size());
    }
    bool import()
    {
        return run({u"config"_s, u"import"_s, u"web"_s, m_folder.filePath(u"nginx.conf"_s)});
    }
    bool publish(int version)
    {
        write("daemon off;\nworker_processes 2;\npid " + m_folder.path().toUtf8()
              + "/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n  server {\n"
                "    listen 127.0.0.1:"
              + QByteArray::number(m_port) + " reuseport;\n    location / { return 200 \"version "
              + QByteArray::number(version) + "\\n\"; }\n  }\n}\n");
        return import()
               && run({u"config"_s, u"publish"_s, u"web"_s, u"-m"_s, u"version %1"_s.arg(version),
                       u"--wait"_s});
    }
    QByteArray onHost()
    {
        QFile file(m_folder.filePath(u"srv/current/nginx.conf"_s));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    void startAgent()
    {
        QDir folder(m_folder.path());
        QVERIFY(folder.mkpath(u"srv"_s) && folder.mkpath(u"targets.d"_s)
                && folder.mkpath(u"state"_s));
        QFile settings(folder.filePath(u"agent.toml"_s));
        QVERIFY(settings.open(QIODevice::WriteOnly));
        settings.write(
            u"state = \"%1/state\"\nsocket = \"%1/agent.sock\"\n"_s.arg(folder.path()).toUtf8());
        settings.close();
        QFile target(folder.filePath(u"targets.d/web.toml"_s));
        QVERIFY(target.open(QIODevice::WriteOnly));
        target.write(u"service = \"web\"\n"
                     "destination = \"%1/srv\"\n"
                     "check = { command = '%2 -t -q -c \"$COFFER_STAGED/nginx.conf\" -p %1', "
                     "shell = true }\n"
                     "reload = { signal = \"HUP\", pidfile = \"%1/nginx.pid\" }\n"_s
                         .arg(folder.path(), m_nginxProgram)
                         .toUtf8());
        target.close();
        QVERIFY2(run({u"fleet"_s, u"enroll"_s, u"web-1"_s, u"--idc"_s, u"sh001"_s, u"--service"_s,
                      u"web"_s}),
                 m_said.constData());
        QStringList words = QString::fromUtf8(m_said).section(u'\n', 0, 0).split(u' ');
        words[0] = u"--config"_s;
        words.insert(1, folder.filePath(u"agent.toml"_s));
        QCOMPARE(QProcess::execute(QStringLiteral(COFFER_AGENT), words), 0);
        m_agent.setProcessChannelMode(QProcess::ForwardedChannels);
        m_agent.start(QStringLiteral(COFFER_AGENT),
                      {u"--config"_s, folder.filePath(u"agent.toml"_s)});
        QVERIFY(m_agent.waitForStarted());
    }
    void startNginx()
    {
        m_nginx.setProcessChannelMode(QProcess::ForwardedChannels);
        m_nginx.start(m_nginxProgram, {u"-c"_s, m_folder.filePath(u"srv/current/nginx.conf"_s),
                                       u"-p"_s, m_folder.path()});
        QVERIFY(m_nginx.waitForStarted());
        QTRY_VERIFY_WITH_TIMEOUT(isListening(), 20'000);
    }
    bool isListening() const
    {
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, m_port);
        return socket.waitForConnected(1000);
    }
    static void end(QProcess &process)
    {
        if (process.state() == QProcess::NotRunning)
            return;
        process.terminate();
        QVERIFY(process.waitForFinished(20'000));
    }

    QTemporaryDir m_folder;
    QString m_nginxProgram;
    QString m_endpoint;
    quint16 m_port = 0;
    std::unique_ptr<NodeProcess> m_node;
    QProcess m_agent;
    QProcess m_nginx;
    QByteArray m_said;
};

QTEST_GUILESS_MAIN(TestNginx)
#include "tst_nginx.moc"
