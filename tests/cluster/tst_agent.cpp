// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"
#include "client/credentials.h"
#include "cluster/agent_process.h"
#include "cluster/process_cluster.h"
#include "support/certificates.h"

#include <QCborArray>
#include <QCoroTask>
#include <QDir>
#include <QRandomGenerator>
#include <QSslCertificate>
#include <QTest>

#include <csignal>

using namespace coffer;
using namespace Qt::StringLiterals;
using test::AgentProcess;

static constexpr int longMs = 60'000;

/// Configuration from end to end: three nodes with the plugin goconf, and agents, all of them
/// processes. The centre's side is told what to do by its methods.
class TestAgent : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_cluster = std::make_unique<test::ProcessCluster>(3);
        for (std::size_t node = 0; node < m_cluster->size(); ++node)
            m_cluster->node(node).addArguments({u"--plugins"_s, QStringLiteral(COFFER_PLUGINS)});
        m_cluster->startAll();
        QTRY_VERIFY_WITH_TIMEOUT(m_cluster->areReady(), longMs);
        client::Options options;
        options.nodes = m_cluster->clientNodes();
        options.timeout = std::chrono::seconds(30);
        m_client = std::make_unique<client::Client>(options);
        QTRY_VERIFY_WITH_TIMEOUT(can(u"goconf.idc.list"_s, {}), longMs);
        QVERIFY(can(u"goconf.idc.create"_s, {{u"idc"_s, u"sh001"_s}}));
        QVERIFY(can(u"goconf.service.create"_s, {{u"service"_s, u"shop"_s}}));
        edit({{u"op"_s, u"output"_s}, {u"path"_s, u"app.conf"_s}, {u"format"_s, u"env"_s}});
    }
    void cleanup()
    {
        if (QTest::currentTestFailed()) {
            for (const auto &agent : m_agents)
                qInfo().noquote() << agent->log() << agent->output() << agent->faults();
            for (std::size_t node = 0; node < m_cluster->size(); ++node)
                qInfo().noquote() << m_cluster->node(node).log();
            qInfo().noquote() << m_fault;
        }
        m_agents.clear();
        m_client.reset();
        m_cluster.reset();
    }

    /// goconf-model 4, with a second agent that is killed while it is to go back.
    void example1_fiveRows()
    {
        AgentProcess &first = enroll(u"web-1"_s, u"sh001"_s);
        AgentProcess &second = enroll(u"web-2"_s, u"sh001"_s);
        second.addTarget(u"shop"_s, "[check]\nshell = true\ncommand = \"sleep 0.3\"\n");
        const QString one = publish("one");
        first.start();
        second.start();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-2"_s), one + u' ' + one + u" healthy"_s, longMs);
        const QString two = publish("two");
        QVERIFY(two != one);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), two + u' ' + two + u" healthy"_s, longMs);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-2"_s), two + u' ' + two + u" healthy"_s, longMs);
        second.addTarget(u"shop"_s, "[check]\nshell = true\ncommand = \"sleep 5\"\n");
        second.signal(SIGHUP);
        QTRY_VERIFY_WITH_TIMEOUT(second.log().contains(u"read 1 targets"_s), longMs);
        rollBack(one);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-2"_s).section(u' ', 0, 1), one + u' ' + two, longMs);
        second.kill(); // while it checks
        QVERIFY(text(second).contains("two"));
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        QVERIFY(text(first).contains("one"));
        second.addTarget(u"shop"_s);
        second.start();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-2"_s), one + u' ' + one + u" healthy"_s, longMs);
        QVERIFY(text(second).contains("one"));
    }
    void example5_absentAgentIsShown()
    {
        AgentProcess &agent = enroll(u"web-1"_s, u"sh001"_s);
        const QString one = publish("one");
        agent.start();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        agent.kill();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" offline"_s, 2 * longMs);
    }
    /// Of three data centres the second one's check refuses: the third is untouched, and the
    /// change is taken back where it was done.
    void example6_hostHalf()
    {
        QVERIFY(can(u"goconf.idc.create"_s, {{u"idc"_s, u"sh002"_s}}));
        QVERIFY(can(u"goconf.idc.create"_s, {{u"idc"_s, u"sh003"_s}}));
        AgentProcess &first = enroll(u"web-1"_s, u"sh001"_s);
        AgentProcess &second = enroll(u"web-2"_s, u"sh002"_s);
        AgentProcess &third = enroll(u"web-3"_s, u"sh003"_s);
        second.addTarget(u"shop"_s,
                         "[check]\nshell = true\ncommand = \"! grep -rq two $COFFER_STAGED\"\n");
        const QString one = publish("one");
        for (const auto &agent : m_agents)
            agent->start();
        for (const QString &host : {u"web-1"_s, u"web-2"_s, u"web-3"_s})
            QTRY_COMPARE_WITH_TIMEOUT(shown(host), one + u' ' + one + u" healthy"_s, longMs);
        const QString two = publish("two", u"sh001"_s);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), two + u' ' + two + u" healthy"_s, longMs);
        QCOMPARE(publish({}, u"sh002"_s, m_change), two);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-2"_s), two + u' ' + one + u" failed"_s, longMs);
        QVERIFY(text(second).contains("one"));
        QCOMPARE(shown(u"web-3"_s), one + u' ' + one + u" healthy"_s);
        QVERIFY(can(u"goconf.rollback"_s, {{u"service"_s, u"shop"_s},
                                           {u"change"_s, m_change},
                                           {u"message"_s, u"the second one refused"_s}}));
        for (const QString &host : {u"web-1"_s, u"web-2"_s, u"web-3"_s})
            QTRY_COMPARE_WITH_TIMEOUT(shown(host), one + u' ' + one + u" healthy"_s, longMs);
        QVERIFY(text(first).contains("one") && text(third).contains("one"));
    }
    void example8_rollbackWhileAnAgentApplies()
    {
        AgentProcess &agent = enroll(u"web-1"_s, u"sh001"_s);
        agent.addTarget(u"shop"_s, "[check]\nshell = true\ncommand = \"sleep 0.5\"\n");
        const QString one = publish("one");
        agent.start();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        (void)publish("two");
        rollBack(one);
        QTRY_VERIFY_WITH_TIMEOUT(!agent.service(u"shop"_s)[u"busy"_s].toBool(true), longMs);
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        QVERIFY(text(agent).contains("one"));
    }
    /// The name of a host is one machine's.
    void copiedStateDirectory_isRefused()
    {
        AgentProcess &agent = enroll(u"web-1"_s, u"sh001"_s);
        const QString one = publish("one");
        agent.start();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        m_agents.push_back(std::make_unique<AgentProcess>(u"web-1"_s));
        AgentProcess &copy = *m_agents.back();
        copy.addTarget(u"shop"_s);
        QDir().mkpath(copy.folder() + u"/state"_s);
        for (const QString &name : {u"secret"_s, u"joined.json"_s}) // not the instance
            QVERIFY(QFile::copy(agent.folder() + u"/state/"_s + name,
                                copy.folder() + u"/state/"_s + name));
        copy.start();
        QTRY_VERIFY_WITH_TIMEOUT(copy.log().contains(u"is refused"_s), longMs);
        QVERIFY2(copy.log().contains(u"127.0.0.1"_s), qPrintable(copy.log()));
        QVERIFY(copy.isRunning());
        QCOMPARE(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s);
        agent.kill();
        QTRY_VERIFY_WITH_TIMEOUT(copy.log().contains(u"follows"_s), 3 * longMs);
    }
    /// The agent knows nothing of the cluster but the hash; the file of the node's certificate ends
    /// with that of who signed it.
    void tlsNode_isJoinedByTheHashOfItsAuthority()
    {
        test::Certificates certificates;
        certificates.makeAuthority(u"ca"_s);
        certificates.makeAuthority(u"stranger"_s);
        certificates.makeSigned(u"127.0.0.1"_s, u"ca"_s);
        QFile chain(certificates.path(u"127.0.0.1.pem"_s));
        QFile authority(certificates.path(u"ca.pem"_s));
        QVERIFY(chain.open(QIODevice::Append) && authority.open(QIODevice::ReadOnly));
        chain.write(authority.readAll());
        chain.close();
        const QTemporaryDir data;
        const QString place = u"127.0.0.1:%1"_s.arg(test::freePorts(1).front());
        test::NodeProcess node({u"--data"_s, data.filePath(u"d"_s), u"--listen"_s, place,
                                u"--plugins"_s, QStringLiteral(COFFER_PLUGINS), u"--tls-cert"_s,
                                chain.fileName(), u"--tls-key"_s,
                                certificates.path(u"127.0.0.1.key"_s)});
        node.start();
        client::Options options;
        options.nodes = {QUrl(u"https://"_s + place)};
        options.link =
            client::webSocketLinks(*client::readCredentials({.authority = authority.fileName()}));
        m_client = std::make_unique<client::Client>(options);
        QTRY_VERIFY_WITH_TIMEOUT(can(u"goconf.idc.list"_s, {}), longMs);
        QVERIFY(can(u"goconf.idc.create"_s, {{u"idc"_s, u"sh001"_s}}));
        QVERIFY(can(u"goconf.service.create"_s, {{u"service"_s, u"shop"_s}}));
        edit({{u"op"_s, u"output"_s}, {u"path"_s, u"app.conf"_s}, {u"format"_s, u"env"_s}});
        const QString one = publish("one");
        const QString token = ask(u"goconf.host.enroll"_s, {{u"host"_s, u"web-1"_s},
                                                            {u"idc"_s, u"sh001"_s},
                                                            {u"services"_s, QCborArray{u"shop"_s}}})
                                  .value(u"token"_s)
                                  .toString();
        m_agents.push_back(std::make_unique<AgentProcess>(u"web-1"_s));
        AgentProcess &agent = *m_agents.back();
        agent.addTarget(u"shop"_s);
        const QString url = options.nodes.front().toString();
        QCOMPARE(
            agent.run({u"join"_s, url, token, u"--ca-hash"_s, hashOf(certificates, u"stranger"_s)}),
            6);
        QVERIFY2(agent.faults().contains("nothing was said to it"), agent.faults().constData());
        QVERIFY(agent.run({u"join"_s, url, token}) != 0); // nobody says that it is to be trusted
        QCOMPARE(agent.run({u"join"_s, url, token, u"--ca-hash"_s,
                            u"sha256:"_s + hashOf(certificates, u"ca"_s).toUpper()}),
                 0);
        agent.start();
        QTRY_COMPARE_WITH_TIMEOUT(shown(u"web-1"_s), one + u' ' + one + u" healthy"_s, longMs);
        QVERIFY(text(agent).contains("one"));
    }
    /// Nodes and agents are killed in turn while versions come and go.
    void kills_endAtTheLastVersion()
    {
        bool isSeed = false;
        quint32 seed = qEnvironmentVariableIntValue("COFFER_AGENT_SEED", &isSeed);
        if (!isSeed)
            seed = QRandomGenerator::global()->generate();
        qInfo("COFFER_AGENT_SEED=%u", seed);
        QRandomGenerator random(seed);
        (void)enroll(u"web-1"_s, u"sh001"_s);
        (void)enroll(u"web-2"_s, u"sh001"_s);
        QString last;
        for (int round = 0; round < 6; ++round) {
            for (const auto &agent : m_agents)
                if (!agent->isRunning())
                    agent->start();
            last = publish("round-" + QByteArray::number(round));
            const std::size_t node = random.bounded(3U);
            m_cluster->node(node).kill();
            AgentProcess &agent = *m_agents[random.bounded(2U)];
            QTRY_VERIFY_WITH_TIMEOUT(
                agent.log().contains(u"is at"_s) || agent.log().contains(u"follows"_s), longMs);
            agent.kill();
            const QByteArray found = text(agent);
            QVERIFY2(found.isEmpty() || found.contains("round-"), found.constData());
            m_cluster->startAll();
            QTRY_VERIFY_WITH_TIMEOUT(m_cluster->areReady(), longMs);
        }
        for (const auto &agent : m_agents)
            if (!agent->isRunning())
                agent->start();
        for (const QString &host : {u"web-1"_s, u"web-2"_s})
            QTRY_COMPARE_WITH_TIMEOUT(shown(host), last + u' ' + last + u" healthy"_s, 2 * longMs);
        for (const auto &agent : m_agents)
            QVERIFY(text(*agent).contains("round-5"));
    }

private:
    static QString hashOf(const test::Certificates &certificates, const QString &name)
    {
        const auto found = QSslCertificate::fromPath(certificates.path(name + u".pem"_s));
        return QString::fromLatin1(found.value(0).digest(QCryptographicHash::Sha256).toHex());
    }
    /// The answer; empty if it failed, and m_fault says why.
    QCborMap ask(const QString &method, const QCborMap &params)
    {
        const rpc::Outcome outcome = QCoro::waitFor(m_client->call(method, params));
        m_fault = outcome ? QString() : outcome.error().message;
        return outcome ? outcome->toMap() : QCborMap();
    }
    bool can(const QString &method, const QCborMap &params)
    {
        (void)ask(method, params);
        if (!m_fault.isEmpty())
            qInfo().noquote() << method << m_fault;
        return m_fault.isEmpty();
    }
    void edit(const QCborMap &change)
    {
        QVERIFY(can(u"goconf.draft.edit"_s,
                    {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{change}}}));
    }
    /// Sets the one key, if \a value is not empty, and releases; the version.
    QString publish(const QByteArray &value, const QString &idc = {}, const QString &change = {})
    {
        if (!value.isEmpty())
            edit({{u"op"_s, u"set"_s},
                  {u"section"_s, u"main"_s},
                  {u"key"_s, u"name"_s},
                  {u"value"_s, QString::fromUtf8(value)}});
        QCborMap params{{u"targets"_s, QCborArray{QCborMap{{u"service"_s, u"shop"_s}}}},
                        {u"message"_s, u"a test"_s}};
        if (!idc.isEmpty())
            params[u"idcs"_s] = QCborArray{idc};
        if (!change.isEmpty())
            params[u"change"_s] = change;
        const QCborMap answer = ask(u"goconf.publish"_s, params);
        if (!m_fault.isEmpty())
            qInfo().noquote() << m_fault;
        m_change = answer.value(u"change"_s).toString();
        return answer.value(u"versions"_s).toMap().value(u"shop"_s).toString();
    }
    void rollBack(const QString &to)
    {
        QVERIFY(can(u"goconf.rollback"_s,
                    {{u"service"_s, u"shop"_s}, {u"to"_s, to}, {u"message"_s, u"back"_s}}));
    }
    /// A host with a target that has joined; not started.
    AgentProcess &enroll(const QString &host, const QString &idc)
    {
        const QCborMap answer =
            ask(u"goconf.host.enroll"_s,
                {{u"host"_s, host}, {u"idc"_s, idc}, {u"services"_s, QCborArray{u"shop"_s}}});
        QStringList nodes;
        for (const QUrl &node : m_cluster->clientNodes())
            nodes.append(node.toString());
        m_agents.push_back(std::make_unique<AgentProcess>(host));
        AgentProcess &agent = *m_agents.back();
        agent.addTarget(u"shop"_s);
        const QString token = answer.value(u"token"_s).toString();
        if (agent.run({u"join"_s, nodes.join(u','), token}) != 0)
            qWarning("join: %s %s", agent.faults().constData(), qUtf8Printable(m_fault));
        return agent;
    }
    static QByteArray text(const AgentProcess &agent)
    {
        return agent.file(u"shop"_s, u"app.conf"_s);
    }
    /// "v2 v1 healthy": what is wanted of a host, what it has, and its state.
    QString shown(const QString &host)
    {
        const QCborMap answer = ask(u"goconf.fleet"_s, {{u"service"_s, u"shop"_s}});
        for (const QCborValue value : answer.value(u"hosts"_s).toArray()) {
            const QCborMap row = value.toMap();
            if (row.value(u"host"_s) == host)
                return row.value(u"wanted"_s).toString() + u' ' + row.value(u"has"_s).toString()
                       + u' ' + row.value(u"state"_s).toString();
        }
        return m_fault;
    }

    std::unique_ptr<test::ProcessCluster> m_cluster;
    std::unique_ptr<client::Client> m_client;
    std::vector<std::unique_ptr<AgentProcess>> m_agents;
    QString m_fault;
    QString m_change; ///< That the last release was of.
};

QTEST_GUILESS_MAIN(TestAgent)
#include "tst_agent.moc"
