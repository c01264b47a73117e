// SPDX-License-Identifier: Apache-2.0
#include "agent/settings.h"
#include "agent/targets.h"

#include <CLI/CLI.hpp>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <map>

using namespace coffer;
using namespace coffer::agent;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestAgentSettings : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        QVERIFY(m_folder->isValid());
    }

    void defaults_areThoseOfTheDocument()
    {
        const auto settings = read("");
        QVERIFY2(settings, why(settings));
        QCOMPARE(settings->state, u"/var/lib/coffer-agent"_s);
        QCOMPARE(settings->socket, u"/run/coffer-agent/agent.sock"_s);
        QCOMPARE(settings->secretFile, u"/var/lib/coffer-agent/secret"_s);
        QCOMPARE(settings->targets, m_folder->filePath(u"targets.d"_s));
        QCOMPARE(settings->poll, 10min);
        QVERIFY(settings->nodes.empty());
        QVERIFY(!settings->isInOrder);
    }
    void file_isRead()
    {
        const auto settings = read("nodes = [\"a:1\", \"https://b:2\"]\nhost = \"web-1\"\n"
                                   "node-order = \"listed\"\nstate = \"/s\"\npoll = \"30s\"\n"
                                   "log-format = \"json\"\n");
        QVERIFY2(settings, why(settings));
        QCOMPARE(settings->nodes.size(), 2u);
        QCOMPARE(settings->nodes[1].scheme(), u"https"_s);
        QCOMPARE(settings->host, u"web-1"_s);
        QVERIFY(settings->isInOrder);
        QCOMPARE(settings->secretFile, u"/s/secret"_s);
        QCOMPARE(settings->poll, 30s);
        QVERIFY(settings->logFormat == net::LogFormat::json);
    }
    void environment_outweighsTheFileAndFlagsBoth()
    {
        m_variables[u"COFFER_AGENT_HOST"_s] = u"from-environment"_s;
        m_variables[u"COFFER_AGENT_STATE"_s] = u"/environment"_s;
        const auto settings =
            read("host = \"from-file\"\nstate = \"/file\"\nsocket = \"/file.sock\"\n",
                 {"--state", "/flag"});
        QVERIFY2(settings, why(settings));
        QCOMPARE(settings->host, u"from-environment"_s);
        QCOMPARE(settings->state, u"/flag"_s);
        QCOMPARE(settings->socket, u"/file.sock"_s);
    }
    void fault_namesFileLineAndReason_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("unknown") << QByteArray("\nnods = [\"a:1\"]\n")
                                 << QStringList{u":2: nods"_s, u"no such setting"_s};
        QTest::newRow("host") << QByteArray("host = \"a b\"\n") << QStringList{u":1: host"_s};
        QTest::newRow("number") << QByteArray("\n\npoll = 30\n") << QStringList{u":3: poll"_s};
        QTest::newRow("choice") << QByteArray("log-level = \"loud\"\n")
                                << QStringList{u":1: log-level"_s, u"loud"_s, u"warning"_s};
        QTest::newRow("type") << QByteArray("state = true\n") << QStringList{u":1: state"_s};
        QTest::newRow("node") << QByteArray("nodes = [\"a:b:c\"]\n") << QStringList{u":1: nodes"_s};
        QTest::newRow("syntax") << QByteArray("state = \n") << QStringList{u":1: "_s, u"TOML"_s};
        QTest::newRow("key alone")
            << QByteArray("tls-key = \"k\"\n") << QStringList{u"--tls-cert"_s};
    }
    void fault_namesFileLineAndReason()
    {
        QFETCH(QByteArray, text);
        QFETCH(QStringList, words);
        const auto settings = read(text);
        QVERIFY(!settings);
        for (const QString &word : words)
            QVERIFY2(settings.error().message.contains(word), why(settings));
    }
    void file_thatIsNamedHasToBeThere()
    {
        CLI::App app;
        const SettingsReader reader(app);
        std::vector<std::string> arguments{m_folder->filePath(u"none.toml"_s).toStdString(),
                                           "--config"};
        app.parse(arguments);
        const auto settings = reader.read([](const QString &) { return std::nullopt; });
        QVERIFY(!settings);
        QVERIFY(settings.error().message.contains(u"none.toml"_s));
    }

    void target_isReadWhole()
    {
        const auto target = parseTarget("service = \"shop\"\n"
                                        "style = \"files\"\n"
                                        "destination = \"/etc/shop\"\n"
                                        "owner = \"shop\"\ngroup = \"www\"\nmode = \"0640\"\n"
                                        "drift = \"repair\"\nsplay = \"5s\"\nshared = true\n"
                                        "min-interval = \"1m\"\nkeep = 7\n"
                                        "[check]\ncommand = [\"/bin/test\", \"-f\", \"x\"]\n"
                                        "timeout = \"3s\"\n"
                                        "[reload]\nsignal = \"USR1\"\npidfile = \"/run/shop\"\n"
                                        "[health]\ncommand = \"curl -f localhost\"\nshell = true\n"
                                        "window = \"20s\"\ninterval = \"500ms\"\npasses = 2\n",
                                        u"shop.toml"_s);
        QVERIFY2(target, why(target));
        QVERIFY(target->style == Target::Style::files);
        QCOMPARE(target->modeMask, std::uint16_t(0640));
        QVERIFY(target->drift == Target::Drift::repair);
        QCOMPARE(target->check.argv.size(), 3);
        QCOMPARE(target->check.timeout, 3s);
        QVERIFY(target->reload.kind == Reload::Kind::signal);
        QCOMPARE(target->reload.signalNumber, SIGUSR1);
        QVERIFY(target->health.command.isShell);
        QCOMPARE(target->health.passes, 2);
        QCOMPARE(target->health.interval, 500ms);
        QCOMPARE(target->minInterval, 1min);
        QCOMPARE(target->keep, 7);
        QVERIFY(target->isShared);
    }
    void target_faultNamesFileLineAndReason_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QStringList>("words");
        const QByteArray start = "service = \"shop\"\ndestination = \"/etc/shop\"\n";
        const auto row = [&start](const char *name, const QByteArray &text,
                                  const QStringList &words) {
            QTest::newRow(name) << start + text << words;
        };
        row("unknown", "dest = \"x\"\n", {u"t.toml:3: dest"_s});
        row("unknown within", "[reload]\nsystemd = \"x.service\"\nafter = \"1s\"\n",
            {u"t.toml:5: reload.after"_s});
        row("style", "style = \"copy\"\n", {u"t.toml:3: style"_s, u"directory"_s});
        row("mode", "mode = \"0999\"\n", {u"t.toml:3: mode"_s, u"octal"_s});
        row("mode as a number", "mode = 640\n", {u"t.toml:3: mode"_s});
        row("two reloads", "[reload]\nsystemd = \"x.service\"\nsignal = \"HUP\"\n",
            {u"t.toml:3: reload"_s, u"one of"_s});
        row("signal", "[reload]\nsignal = \"KILL\"\npidfile = \"/p\"\n",
            {u"t.toml:4: reload.signal"_s, u"USR1"_s});
        row("no pid file", "[reload]\nsignal = \"HUP\"\n", {u"t.toml:3: reload"_s, u"pidfile"_s});
        row("empty check", "[check]\ntimeout = \"1s\"\n", {u"check.command"_s});
        row("relative program", "[check]\ncommand = [\"test\"]\n",
            {u"t.toml:3: check"_s, u"whole path"_s});
        row("time", "splay = \"5 s\"\n", {u"t.toml:3: splay"_s, u"30s"_s});
        row("keep", "keep = 1\n", {u"t.toml:3: keep"_s, u"from 2"_s});
        QTest::newRow("no service") << QByteArray("destination = \"/etc/shop\"\n")
                                    << QStringList{u"t.toml"_s, u"service"_s};
        QTest::newRow("relative destination")
            << QByteArray("service = \"shop\"\ndestination = \"etc\"\n")
            << QStringList{u"t.toml:2: destination"_s};
    }
    void target_faultNamesFileLineAndReason()
    {
        QFETCH(QByteArray, text);
        QFETCH(QStringList, words);
        const auto target = parseTarget(text, u"t.toml"_s);
        QVERIFY(!target);
        QVERIFY(target.error().code == ErrorCode::invalid);
        for (const QString &word : words)
            QVERIFY2(target.error().message.contains(word), why(target));
    }
    void targets_areReadInTheOrderOfTheirNames()
    {
        write(u"b.toml"_s, "service = \"b\"\ndestination = \"/b\"\n");
        write(u"a.toml"_s, "service = \"a\"\ndestination = \"/a\"\n");
        write(u"notes.txt"_s, "not a target");
        const auto targets = readTargets(m_folder->path());
        QVERIFY2(targets, why(targets));
        QCOMPARE(targets->size(), 2u);
        QCOMPARE(targets->front().service, "a");
        QVERIFY(readTargets(m_folder->filePath(u"none"_s))->empty());
    }
    void targets_nameAServiceOnce()
    {
        write(u"a.toml"_s, "service = \"a\"\ndestination = \"/a\"\n");
        write(u"b.toml"_s, "service = \"a\"\ndestination = \"/b\"\n");
        const auto targets = readTargets(m_folder->path());
        QVERIFY(!targets);
        QVERIFY2(targets.error().message.contains(u"b.toml"_s)
                     && targets.error().message.contains(u"a.toml"_s),
                 why(targets));
    }

private:
    template<class T>
    static const char *why(const Result<T> &result)
    {
        static QByteArray text;
        text = result ? QByteArray() : result.error().message.toUtf8();
        return text.constData();
    }
    void write(const QString &name, const QByteArray &text)
    {
        QFile file(m_folder->filePath(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
    }
    Result<Settings> read(const QByteArray &file, std::vector<std::string> flags = {})
    {
        write(u"agent.toml"_s, file);
        CLI::App app;
        const SettingsReader reader(app);
        flags.insert(flags.begin(),
                     {"--config", m_folder->filePath(u"agent.toml"_s).toStdString()});
        std::ranges::reverse(flags); // as CLI11 wants it
        app.parse(flags);
        return reader.read([this](const QString &name) -> std::optional<QString> {
            const auto found = m_variables.find(name);
            return found == m_variables.end() ? std::nullopt : std::optional(found->second);
        });
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::map<QString, QString> m_variables;
};

QTEST_GUILESS_MAIN(TestAgentSettings)
#include "tst_agent_settings.moc"
