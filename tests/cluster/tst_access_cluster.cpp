// SPDX-License-Identifier: Apache-2.0
#include "cluster/process_cluster.h"

#include <QProcess>
#include <QTest>

#include <csignal>

using namespace coffer::test;
using namespace Qt::StringLiterals;

/// Access control in a cluster of three processes, as an administrator meets it.
class TestAccessCluster : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_cluster.startAll();
        QTRY_VERIFY_WITH_TIMEOUT(m_cluster.areReady(), 30'000);
    }

    void access_isTheSameOnAllNodes()
    {
        QCOMPARE(run(0, {}, {"put", "/b/x", "1"}), 0);
        QCOMPARE(run(0, {}, {"auth", "enable"}), 0);
        m_root = m_out.trimmed();
        QVERIFY(m_root.startsWith("coffer_root_"));
        for (std::size_t node = 0; node < m_cluster.size(); ++node)
            QTRY_COMPARE_WITH_TIMEOUT(run(node, {}, {"get", "/b/x"}), 6, 20'000);
        QCOMPARE(run(1, m_root, {"auth", "role", "add", "app"}), 0);
        QCOMPARE(run(1, m_root, {"auth", "role", "grant", "app", "allow", "read,write", "/a/**"}),
                 0);
        QCOMPARE(run(2, m_root, {"token", "create", "--role", "app"}), 0);
        m_app = m_out.trimmed();
        for (std::size_t node = 0; node < m_cluster.size(); ++node) {
            QTRY_COMPARE_WITH_TIMEOUT(run(node, m_app, {"put", "/a/x", "1"}), 0, 20'000);
            QCOMPARE(run(node, m_app, {"get", "/a/x"}), 0);
            QCOMPARE(run(node, m_app, {"get", "/b/x"}), 6);
            QVERIFY2(m_errors.contains("no rule of role \"app\""), m_errors.constData());
            QCOMPARE(run(node, m_app, {"put", "/b/x", "2"}), 6);
        }
    }
    void access_staysOverARestart()
    {
        QVERIFY(!m_app.isEmpty());
        for (std::size_t node = 0; node < m_cluster.size(); ++node)
            m_cluster.node(node).kill();
        m_cluster.startAll();
        QTRY_VERIFY_WITH_TIMEOUT(m_cluster.areReady(), 30'000);
        for (std::size_t node = 0; node < m_cluster.size(); ++node) {
            QCOMPARE(run(node, {}, {"get", "/a/x"}), 6);
            QCOMPARE(run(node, m_app, {"get", "/a/x"}), 0);
            QCOMPARE(run(node, m_app, {"get", "/b/x"}), 6);
        }
    }
    void access_endsOnAllNodesWithTheToken()
    {
        QVERIFY(!m_app.isEmpty());
        const QByteArray id = m_app.split('_').value(1);
        QCOMPARE(run(0, m_root, {"token", "revoke", id}), 0);
        for (std::size_t node = 0; node < m_cluster.size(); ++node)
            QTRY_COMPARE_WITH_TIMEOUT(run(node, m_app, {"get", "/a/x"}), 6, 20'000);
        QCOMPARE(run(0, m_root, {"get", "/a/x"}), 0);
    }
    void rootToken_thatWasLostIsReset()
    {
        QVERIFY(!m_root.isEmpty());
        QCOMPARE(run(0, {}, {"auth", "make-root"}), 0);
        const QByteArray fresh = m_out.trimmed();
        const QTemporaryDir folder;
        QFile file(folder.filePath(u"root"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(fresh);
        file.close();
        QVERIFY(file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner));
        m_cluster.node(1).kill();
        m_cluster.node(1).addArguments(
            {u"--root-token-file"_s, file.fileName(), u"--reset-root-token"_s, u"yes"_s});
        m_cluster.node(1).start();
        QTRY_COMPARE_WITH_TIMEOUT(run(0, fresh, {"token", "list"}), 0, 30'000);
        QTRY_COMPARE_WITH_TIMEOUT(run(2, m_root, {"token", "list"}), 6, 20'000);
        QTRY_VERIFY(m_cluster.node(1).hasLogged(u"whoever had another one has lost its rights"_s));
    }

private:
    /// Runs coffer against one node; its exit code.
    int run(std::size_t node, const QByteArray &token, const QByteArrayList &arguments)
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"COFFER_TOKEN"_s, QString::fromLatin1(token));
        environment.insert(u"XDG_CONFIG_HOME"_s, m_home.path());
        process.setProcessEnvironment(environment);
        const QString said = m_cluster.node(node).output();
        const QString before = u"clients at http://"_s;
        const qsizetype at = said.lastIndexOf(before);
        if (at < 0)
            return -1; // not ready yet
        QStringList words{u"--endpoints"_s,
                          said.mid(at + before.size()).section(u'\n', 0, 0).trimmed()};
        for (const QByteArray &argument : arguments)
            words.append(QString::fromUtf8(argument));
        process.start(QStringLiteral(COFFER), words);
        const bool isDone = process.waitForFinished(30'000);
        m_out = process.readAllStandardOutput();
        m_errors = process.readAllStandardError();
        return isDone && process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    }

    QTemporaryDir m_home; ///< Without a file with a token.
    ProcessCluster m_cluster{3};
    QByteArray m_root;
    QByteArray m_app;
    QByteArray m_out;
    QByteArray m_errors;
};

QTEST_GUILESS_MAIN(TestAccessCluster)
#include "tst_access_cluster.moc"
