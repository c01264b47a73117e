// SPDX-License-Identifier: Apache-2.0
#include "node/setting_table.h"
#include "node/settings.h"

#include <QCborArray>
#include <QFile>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace coffer;
using namespace coffer::node;

using Variables = std::map<QString, QString>;

static std::variant<Settings, Leave> readWith(const QStringList &arguments,
                                              const Variables &variables = {})
{
    return readSettings(arguments, [variables](const QString &name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
}

class TestSettings : public QObject
{
    Q_OBJECT

private:
    QString fileWith(const QByteArray &text)
    {
        QFile file(m_folder.filePath("cofferd.toml"));
        if (!file.open(QIODevice::WriteOnly))
            return {};
        file.write(text);
        return file.fileName();
    }

    QTemporaryDir m_folder;

private Q_SLOTS:
    void read_needsNothingButTheDirectory()
    {
        const auto read = readWith({"--data", "d"});
        const auto *settings = std::get_if<Settings>(&read);
        QVERIFY(settings != nullptr);
        QCOMPARE(settings->data, "d");
        QCOMPARE(settings->listen, "127.0.0.1:7400");
        QCOMPARE(settings->heartbeat, std::chrono::milliseconds(20));
        QVERIFY(settings->peers.isEmpty());
    }

    void read_hostNamesAreAList()
    {
        const auto read =
            readWith({"--data", "d", "--host-names", "A.example, b_2", "--slow-request-ms", "0"});
        const auto *settings = std::get_if<Settings>(&read);
        QVERIFY(settings != nullptr);
        QCOMPARE(settings->hostNames, (QStringList{"a.example", "b_2"}));
        QCOMPARE(settings->slowRequest, std::chrono::milliseconds(0));
        const auto any = readWith({"--data", "d", "--host-names", "*"});
        QCOMPARE(std::get<Settings>(any).hostNames, QStringList{"*"});
        for (const char *bad : {"a:7400", "http://a", "*.example", "a b"}) {
            const auto refused = readWith({"--data", "d", "--host-names", bad});
            const auto *leave = std::get_if<Leave>(&refused);
            QVERIFY2(leave != nullptr && leave->code == 2, bad);
            QVERIFY2(leave->text.contains("--host-names"), qPrintable(leave->text));
        }
    }

    void read_opensToAllOnlyWhenTold_data()
    {
        QTest::addColumn<QString>("listen");
        QTest::addColumn<bool>("isLocal");
        QTest::newRow("numbers") << "127.0.0.1:1" << true;
        QTest::newRow("another of this machine") << "127.3.0.1:1" << true;
        QTest::newRow("name") << "localhost:1" << true;
        QTest::newRow("IPv6") << "[::1]:1" << true;
        QTest::newRow("all") << "0.0.0.0:1" << false;
        QTest::newRow("all, IPv6") << "[::]:1" << false;
        QTest::newRow("a machine") << "10.0.0.1:1" << false;
        QTest::newRow("a name") << "node-1:1" << false;
    }
    void read_opensToAllOnlyWhenTold()
    {
        QFETCH(QString, listen);
        QFETCH(bool, isLocal);
        const QStringList arguments{"--data", "d", "--listen", listen};
        QCOMPARE(std::holds_alternative<Settings>(readWith(arguments)), isLocal);
        QVERIFY(std::holds_alternative<Settings>(
            readWith(arguments + QStringList{"--open-to-all", "yes"})));
        QVERIFY(std::holds_alternative<Settings>(
            readWith(arguments + QStringList{"--auth", "required"})));
    }

    void read_weighsFileThenEnvironmentThenFlags()
    {
        const QString file = fileWith("heartbeat-ms = 31\nelection-min-ms = 300\n"
                                      "election-max-ms = 500\nlog-level = \"debug\"\n");
        const auto read =
            readWith({"--data", "d", "--config", file, "--election-max-ms", "700"},
                     {{"COFFER_ELECTION_MIN_MS", "400"}, {"COFFER_ELECTION_MAX_MS", "600"}});
        const auto *settings = std::get_if<Settings>(&read);
        QVERIFY(settings != nullptr);
        QCOMPARE(settings->heartbeat.count(), 31);
        QCOMPARE(settings->electionMin.count(), 400);
        QCOMPARE(settings->electionMax.count(), 700);
        QCOMPARE(settings->logLevel, LogLevel::debug);
    }

    void read_takesSettingsOfPlugins()
    {
        const QString file = fileWith("[plugins]\nfolder = \"p\"\n[plugins.a]\ntext = \"x\"\n"
                                      "number = 5\nlist = [true, 1.5]\n[plugins.a.deep]\nb = 1\n");
        const auto read = readWith({"--data", "d", "--config", file});
        const auto *settings = std::get_if<Settings>(&read);
        QVERIFY(settings != nullptr);
        QCOMPARE(settings->plugins, "p");
        const QCborMap expected{{QStringLiteral("text"), QStringLiteral("x")},
                                {QStringLiteral("number"), 5},
                                {QStringLiteral("list"), QCborArray{true, 1.5}},
                                {QStringLiteral("deep"), QCborMap{{QStringLiteral("b"), 1}}}};
        QCOMPARE(settings->pluginSettings.at("a").toJsonObject(), expected.toJsonObject());
        const auto other = readWith({"--data", "d", "--config", file, "--plugins", "q"});
        QCOMPARE(std::get<Settings>(other).plugins, "q");
    }
    void read_ofAGatewayNeedsNoData()
    {
        const auto read = readWith({"--gateway", "a:1,b:2"});
        const auto *settings = std::get_if<Settings>(&read);
        QVERIFY(settings != nullptr);
        QCOMPARE(settings->gateway, (QStringList{"a:1", "b:2"}));
    }

    void read_takesTheFileOfTheDataDirectory()
    {
        fileWith("cluster-name = \"main\"\npeers = [\"a:1\", \"b:2\"]\n");
        const auto read = readWith({}, {{"COFFER_DATA", m_folder.path()}});
        const auto *settings = std::get_if<Settings>(&read);
        QVERIFY(settings != nullptr);
        QCOMPARE(settings->clusterName, "main");
        QCOMPARE(settings->peers, (QStringList{"a:1", "b:2"}));
    }

    void read_saysWhereAndWhy_data()
    {
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("unknown key") << QByteArray("\nheartbeat = 3\n")
                                     << QStringList{"cofferd.toml:2", "\"heartbeat\"", "--help"};
        QTest::newRow("bad value") << QByteArray("\n\nlog-level = \"loud\"\n")
                                   << QStringList{"cofferd.toml:3", "log-level", "\"loud\"",
                                                  "debug, info, warning, error"};
        QTest::newRow("plugins no table")
            << QByteArray("plugins = 1\n") << QStringList{"cofferd.toml:1", "[plugins.NAME]"};
        QTest::newRow("plugin no table")
            << QByteArray("[plugins]\na = 1\n") << QStringList{"cofferd.toml:2", "plugins.a"};
        QTest::newRow("plugin with a date") << QByteArray("[plugins.a]\nb = 1979-05-27\n")
                                            << QStringList{"plugins.a", "expected a table"};
        QTest::newRow("bad type") << QByteArray("listen = true\n")
                                  << QStringList{"cofferd.toml:1", "listen", "a string"};
        QTest::newRow("list of numbers")
            << QByteArray("peers = [1]\n") << QStringList{"cofferd.toml:1", "peers"};
        QTest::newRow("out of range")
            << QByteArray("heartbeat-ms = 0\n") << QStringList{"cofferd.toml:1", "from 1 to 10000"};
        QTest::newRow("no TOML") << QByteArray("a = 1\nb = = 2\n")
                                 << QStringList{"cofferd.toml:2", "not TOML"};
        QTest::newRow("a table") << QByteArray("[peers]\n")
                                 << QStringList{"cofferd.toml:1", "peers"};
        QTest::newRow("twice") << QByteArray("peers = [\"a:1\", \"a:1\"]\n")
                               << QStringList{"cofferd.toml:1", "a:1 stands in it twice"};
    }
    void read_saysWhereAndWhy()
    {
        QFETCH(QByteArray, file);
        QFETCH(QStringList, words);
        const auto read = readWith({"--data", "d", "--config", fileWith(file)});
        const auto *leave = std::get_if<Leave>(&read);
        QVERIFY(leave != nullptr);
        QCOMPARE(leave->code, 2);
        for (const QString &word : std::as_const(words))
            QVERIFY2(leave->text.contains(word), qPrintable(leave->text));
    }

    void read_refusesWrongFlagsAndVariables_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("variable");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("word");
        QTest::newRow("no directory") << QStringList{} << "X"
                                      << ""
                                      << "cofferd --data DIR";
        QTest::newRow("unknown flag") << QStringList{"--data", "d", "--foo"} << "X"
                                      << ""
                                      << "--foo";
        QTest::newRow("bad flag") << QStringList{"--data", "d", "--listen", "x"} << "X"
                                  << ""
                                  << "--listen: \"x\" is not an address";
        QTest::newRow("bad variable") << QStringList{"--data", "d"} << "COFFER_LOG_FORMAT"
                                      << "xml"
                                      << "COFFER_LOG_FORMAT: \"xml\"";
        QTest::newRow("times cross")
            << QStringList{"--data", "d", "--election-min-ms", "500"} << "X"
            << ""
            << "--election-max-ms";
        QTest::newRow("half of TLS") << QStringList{"--data", "d", "--peer-key", "k"} << "X"
                                     << ""
                                     << "given together";
        QTest::newRow("open to all unsaid")
            << QStringList{"--data", "d", "--listen", "0.0.0.0:7400"} << "X"
            << ""
            << "--open-to-all yes";
        QTest::newRow("reset without a token")
            << QStringList{"--data", "d", "--reset-root-token", "yes"} << "X"
            << ""
            << "needs --root-token-file";
        QTest::newRow("half of TLS for clients")
            << QStringList{"--data", "d", "--tls-key", "k"} << "X"
            << ""
            << "--tls-cert and --tls-key";
        QTest::newRow("authority of clients alone")
            << QStringList{"--data", "d", "--tls-client-ca", "a"} << "X"
            << ""
            << "needs --tls-cert";
        QTest::newRow("audit") << QStringList{"--data", "d", "--audit", "yes"} << "X"
                               << ""
                               << "one of auth, always, never";
        QTest::newRow("no such file") << QStringList{"--data", "d", "--config", "none.toml"} << "X"
                                      << ""
                                      << "none.toml: cannot be read";
    }
    void read_refusesWrongFlagsAndVariables()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QString, variable);
        QFETCH(QString, value);
        QFETCH(QString, word);
        const auto read = readWith(arguments, {{variable, value}});
        const auto *leave = std::get_if<Leave>(&read);
        QVERIFY(leave != nullptr);
        QCOMPARE(leave->code, 2);
        QVERIFY2(leave->text.contains(word), qPrintable(leave->text));
    }

    void help_listsEverySettingWithDefaultAndVariable()
    {
        const auto read = readWith({"--help"});
        const auto *leave = std::get_if<Leave>(&read);
        QVERIFY(leave != nullptr);
        QCOMPARE(leave->code, 0);
        QVERIFY(leave->isHelp);
        for (const SettingSpec &spec : settingTable()) {
            QVERIFY(leave->text.contains("--" + spec.name));
            QVERIFY(leave->text.contains(spec.variable()));
            QVERIFY(leave->text.contains(spec.defaultText));
        }
    }
};

QTEST_GUILESS_MAIN(TestSettings)
#include "tst_settings.moc"
