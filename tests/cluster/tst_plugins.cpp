// SPDX-License-Identifier: Apache-2.0
#include "cluster/node_process.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using namespace Qt::StringLiterals;
using coffer::test::NodeProcess;

/// cofferd with plugins, as node and as gateway, and `coffer plugins`.
class TestPlugins : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
    }

    void plugins_areShownChangedAndKept()
    {
        NodeProcess node({u"--data"_s, path(u"node"_s), u"--listen"_s, u"127.0.0.1:0"_s,
                          u"--plugins"_s, QStringLiteral(COFFER_LIBRARIES)});
        const QString place = start(node);
        QVERIFY(!place.isEmpty());
        QCOMPARE(run(place, {u"plugins"_s}), 0);
        QVERIFY2(m_out.contains("greeter          1.0.0     started"), m_out.constData());
        QVERIFY(m_out.contains("rebuild against Coffer"));
        QCOMPARE(run(place, {u"--json"_s, u"plugins"_s, u"list"_s}), 0);
        QVERIFY(json().value(u"plugins"_s).toArray().size() >= 10);
        QCOMPARE(run(place, {u"call"_s, u"greeter.hello"_s, u"name=you"_s}), 0);
        QVERIFY2(m_out.contains("Hello, you"), m_out.constData());
        QCOMPARE(run(place, {u"plugins"_s, u"set"_s, u"greeter"_s, uR"({"greeting":"Moin"})"_s}),
                 0);
        QCOMPARE(run(place, {u"plugins"_s, u"set"_s, u"greeter"_s, uR"({"greeting":7})"_s}), 2);
        QCOMPARE(run(place, {u"plugins"_s, u"set"_s, u"greeter"_s, u"no json"_s}), 2);
        QCOMPARE(run(place, {u"call"_s, u"polite.hello"_s}), 0);
        QVERIFY2(m_out.contains("Moin, Sir"), m_out.constData());
        QCOMPARE(run(place, {u"plugins"_s, u"disable"_s, u"rude"_s}), 0);
        QCOMPARE(run(place, {u"call"_s, u"rude.block"_s}), 3);
        QCOMPARE(run(place, {u"plugins"_s, u"enable"_s, u"failing"_s}), 1);
        QCOMPARE(run(place, {u"plugins"_s, u"enable"_s, u"nobody"_s}), 3);
        QCOMPARE(run(place, {u"status"_s}), 0);
        QVERIFY2(m_out.contains("greeter started") && m_out.contains("rude disabled"),
                 m_out.constData());
        QVERIFY(stop(node));
        const QString again = start(node);
        QCOMPARE(run(again, {u"status"_s}), 0);
        QVERIFY2(m_out.contains("greeter started") && m_out.contains("rude disabled"),
                 m_out.constData());
        QCOMPARE(run(again, {u"call"_s, u"greeter.hello"_s}), 0);
        QVERIFY2(m_out.contains("Moin, world"), m_out.constData());
        QVERIFY(stop(node));
    }
    void gateway_hostsPluginsOnTheStoreOfANode()
    {
        QVERIFY(QDir().mkpath(path(u"none"_s)));
        NodeProcess node({u"--data"_s, path(u"node"_s), u"--listen"_s, u"127.0.0.1:0"_s,
                          u"--plugins"_s, path(u"none"_s)});
        const QString place = start(node);
        NodeProcess gateway({u"--gateway"_s, place, u"--listen"_s, u"127.0.0.1:0"_s, u"--plugins"_s,
                             QStringLiteral(COFFER_LIBRARIES)});
        const QString door = start(gateway);
        QVERIFY(!door.isEmpty());
        QCOMPARE(run(door, {u"call"_s, u"greeter.hello"_s}), 0);
        QCOMPARE(run(place, {u"call"_s, u"greeter.hello"_s}), 3);
        QCOMPARE(run(door, {u"plugins"_s, u"disable"_s, u"greeter"_s}), 0);
        QCOMPARE(run(door, {u"call"_s, u"greeter.hello"_s}), 3);
        QCOMPARE(run(place, {u"get"_s, u"/coffer/plugins/greeter/state"_s}), 0);
        QVERIFY(m_out.contains("\"enabled\":false"));
        QVERIFY(stop(gateway));
        QVERIFY(stop(node));
    }
    void gateway_saysWhichNodesItWaitsFor()
    {
        QVERIFY(QDir().mkpath(path(u"none"_s)));
        NodeProcess gateway({u"--gateway"_s, u"127.0.0.1:1,127.0.0.1:2"_s, u"--listen"_s,
                             u"127.0.0.1:0"_s, u"--plugins"_s, path(u"none"_s)});
        gateway.start();
        QTRY_VERIFY_WITH_TIMEOUT(gateway.hasLogged(u"waiting for a node"_s), 20'000);
        QVERIFY2(gateway.hasLogged(u"http://127.0.0.1:1, http://127.0.0.1:2"_s),
                 qPrintable(gateway.log()));
        QVERIFY(stop(gateway));
    }
    void settings_areCheckedAtTheStart()
    {
        QFile file(path(u"c.toml"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("[plugins]\nfolder = \"" COFFER_LIBRARIES "\"\n"
                   "[plugins.greeter]\ngreeting = 7\n");
        file.close();
        NodeProcess node({u"--data"_s, path(u"node"_s), u"--config"_s, file.fileName(),
                          u"--listen"_s, u"127.0.0.1:0"_s});
        node.start();
        QTRY_VERIFY_WITH_TIMEOUT(!node.isRunning(), 20'000);
        QCOMPARE(node.exitCode(), 2);
        QVERIFY2(node.hasLogged(u"plugins.greeter: greeting"_s), qPrintable(node.log()));
    }

private:
    [[nodiscard]] QString path(const QString &name) const { return m_folder->filePath(name); }

    /// Where clients reach it; empty if it does not get ready.
    [[nodiscard]] static QString start(NodeProcess &process)
    {
        process.start();
        const QString words = u"clients at http://"_s;
        const bool isReady = QTest::qWaitFor(
            [&] { return process.output().contains(words) && process.output().endsWith(u'\n'); },
            30'000);
        const QString output = process.output();
        return isReady ? output.mid(output.indexOf(words) + words.size()).trimmed() : QString();
    }
    [[nodiscard]] static bool stop(NodeProcess &process)
    {
        process.signal(SIGTERM);
        return QTest::qWaitFor([&] { return !process.isRunning(); }, 20'000)
               && process.exitCode() == 0;
    }
    int run(const QString &place, const QStringList &arguments)
    {
        QProcess coffer;
        coffer.start(QStringLiteral(COFFER), QStringList{u"--endpoints"_s, place} + arguments);
        if (!coffer.waitForFinished(30'000) || coffer.exitStatus() != QProcess::NormalExit)
            return -1;
        m_out = coffer.readAllStandardOutput();
        return coffer.exitCode();
    }
    [[nodiscard]] QJsonObject json() const { return QJsonDocument::fromJson(m_out).object(); }

    std::unique_ptr<QTemporaryDir> m_folder;
    QByteArray m_out;
};

QTEST_GUILESS_MAIN(TestPlugins)
#include "tst_plugins.moc"
