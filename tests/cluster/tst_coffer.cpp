// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

/// The command line as people use it, against a real node.
class TestCoffer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_data.isValid());
        const QByteArray programs = QFileInfo(QStringLiteral(COFFERD)).path().toUtf8();
        qputenv("PATH", programs + ':' + qgetenv("PATH")); // Where cofferd-data is.
        m_node.setProcessChannelMode(QProcess::MergedChannels);
        m_node.start(QStringLiteral(COFFERD),
                     {QStringLiteral("--data"), m_data.filePath(QStringLiteral("node")),
                      QStringLiteral("--listen"), QStringLiteral("127.0.0.1:0"),
                      // None, whose files and sessions would be shown.
                      QStringLiteral("--plugins"), m_data.path()});
        QByteArray said;
        QVERIFY(QTest::qWaitFor(
            [&] {
                said += m_node.readAll();
                return said.contains("clients at http://") && said.endsWith('\n');
            },
            10'000));
        const qsizetype at = said.indexOf("clients at http://") + 18;
        m_endpoint = QString::fromUtf8(said.mid(at, said.indexOf('\n', at) - at));
    }
    void cleanupTestCase()
    {
        m_node.terminate();
        QVERIFY(m_node.waitForFinished(10'000));
        QCOMPARE(m_node.exitCode(), 0);
    }

    void put_isRead()
    {
        QCOMPARE(run({"put", "/a/b", "one"}), 0);
        QVERIFY(m_out.startsWith("revision "));
        QCOMPARE(run({"get", "/a/b"}), 0);
        QCOMPARE(m_out, "one\n");
        QCOMPARE(run({"get", "/a/b", "--raw"}), 0);
        QCOMPARE(m_out, "one");
        QCOMPARE(run({"put", "/a/c", "-"}, QByteArray("\0\xff", 2)), 0);
        QCOMPARE(run({"get", "/a/c", "--raw"}), 0);
        QCOMPARE(m_out, QByteArray("\0\xff", 2));
        QCOMPARE(run({"--json", "get", "/a/b"}), 0);
        QCOMPARE(json().value(QStringLiteral("value")).toString(), QStringLiteral("one"));
        QCOMPARE(run({"ls", "/"}), 0);
        QCOMPARE(m_out, "a/\n");
        QCOMPARE(run({"tree", "--values"}), 0);
        QCOMPARE(m_out, "a/\n  b = one\n  c = <2 bytes>\n");
        QCOMPARE(run({"find", "/a/?"}), 0);
        QCOMPARE(m_out, "/a/b\n/a/c\n");
    }
    void data_isNobodyElsesToRead()
    {
        const QDir data(m_data.filePath(QStringLiteral("node")));
        const QStringList files = data.entryList({QStringLiteral("checkpoint-*")}, QDir::Files);
        QVERIFY(!files.isEmpty());
        for (const QString &file : files) {
            const auto rights = QFileInfo(data.filePath(file)).permissions();
            QVERIFY2(!(rights & (QFile::ReadGroup | QFile::ReadOther)), qPrintable(file));
        }
    }
    void plugins_areInAFolderThatIsThere()
    {
        QProcess node;
        node.start(QStringLiteral(COFFERD),
                   {QStringLiteral("--data"), m_data.filePath(QStringLiteral("other")),
                    QStringLiteral("--plugins"), m_data.filePath(QStringLiteral("none"))});
        QVERIFY(node.waitForFinished(10'000));
        QCOMPARE(node.exitCode(), 2);
        QVERIFY(node.readAllStandardError().contains("is no folder"));
    }
    /// A file that a setting names is like any other setting that is wrong.
    void tls_namesTheSettingAndTheFile_data()
    {
        QTest::addColumn<QString>("program");
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QByteArray>("setting");
        const QString none = m_data.filePath(QStringLiteral("none.pem"));
        const QStringList pair{QStringLiteral("--tls-cert"), none, QStringLiteral("--tls-key"),
                               none};
        const QString get = QStringLiteral("get");
        const QString coffer = QStringLiteral(COFFER);
        QTest::newRow("authority of coffer")
            << coffer << QStringList{QStringLiteral("--tls-ca"), none, get, QStringLiteral("/a")}
            << QByteArray("--tls-ca: ");
        QTest::newRow("certificate of coffer")
            << coffer << pair + QStringList{get, QStringLiteral("/a")}
            << QByteArray("--tls-cert: ");
        const QStringList node{QStringLiteral("--data"), m_data.filePath(QStringLiteral("other")),
                               QStringLiteral("--listen"), QStringLiteral("127.0.0.1:0")};
        QTest::newRow("certificate of a node")
            << QStringLiteral(COFFERD) << node + pair << QByteArray("--tls-cert: ");
        QTest::newRow("token of a node")
            << QStringLiteral(COFFERD)
            << node + QStringList{QStringLiteral("--root-token-file"), none}
            << QByteArray("--root-token-file: ");
    }
    void tls_namesTheSettingAndTheFile()
    {
        QFETCH(QString, program);
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, setting);
        QProcess process;
        process.start(program, arguments);
        QVERIFY(process.waitForFinished(10'000));
        const QByteArray said = process.readAllStandardError();
        QCOMPARE(process.exitCode(), 2);
        QVERIFY2(said.contains(setting) && said.contains("none.pem"), said.constData());
    }
    void backup_endsWithoutANode()
    {
        const QByteArray file = m_data.filePath(QStringLiteral("none.coffer")).toUtf8();
        QCOMPARE(run({"--endpoints", "127.0.0.1:1", "--timeout", "0.2", "backup", file}), 5);
    }
    void history_beginsWithWhatIsKept()
    {
        QCOMPARE(run({"put", "/h/a", "1"}), 0);
        const QByteArray revision = m_out.mid(qstrlen("revision ")).trimmed();
        QCOMPARE(run({"history", "/h/*"}), 0);
        QCOMPARE(m_out.count('\n'), 1);
        QCOMPARE(run({"compact", revision}), 0);
        QVERIFY2(m_out.startsWith("revision " + revision + " is now the oldest"),
                 m_out.constData());
        QCOMPARE(run({"compact", revision}), 1);
        QVERIFY2(m_errors.contains("revision " + revision + " is the oldest"),
                 m_errors.constData());
        QCOMPARE(run({"compact", "999999999"}), 3);
        QCOMPARE(run({"put", "/h/a", "2"}), 0);
        QCOMPARE(run({"history", "/h/*"}), 0);
        QCOMPARE(m_out.count('\n'), 1);
        QVERIFY(m_out.contains('2'));
        QVERIFY(run({"history", "/h/*", "--from", "1"}) != 0);
    }
    void exitCodes_tellWhatIsWrong()
    {
        QCOMPARE(run({"get", "/none"}), 3);
        QCOMPARE(run({"ls", "/none"}), 3);
        QCOMPARE(run({"del", "/none"}), 3);
        QCOMPARE(run({"get", "none"}), 2);
        QVERIFY2(m_errors.contains("path: 'none' does not begin with /"), m_errors.constData());
        QCOMPARE(run({"find", "none"}), 2);
        QVERIFY2(m_errors.contains("pattern: "), m_errors.constData());
        QCOMPARE(run({"get"}), 2);
        for (const QList<QByteArray> &words :
             {QList<QByteArray>{"dance"}, {"config", "dance"}, {"--timeout", "3", "dance"}}) {
            QCOMPARE(run(words), 2);
            QVERIFY2(m_errors.contains("dance is not known here"), m_errors.constData());
        }
        QCOMPARE(run({"--foo", "3", "dance"}), 2);
        QVERIFY2(m_errors.contains("--foo is not known here"), m_errors.constData());
        QCOMPARE(run({"config"}), 2);
        QCOMPARE(run({"--endpoints", "a:b", "get", "/a"}), 2);
        for (const char *number : {"99999999999999999999", "9223372036854775808", "-1", "x"}) {
            QCOMPARE(run({"put", "/x", "1", "--if-revision", number}), 2);
            QVERIFY2(m_errors.contains("--if-revision: ")
                         && m_errors.contains("0 to 9223372036854775807"),
                     m_errors.constData());
            QCOMPARE(run({"get", "/x", "--revision", number}), 2);
            QVERIFY2(m_errors.contains("--revision: "), m_errors.constData());
        }
        QCOMPARE(run({"txn", "--if-revision", "/x=9223372036854775808", "--put", "/x=1"}), 2);
        QVERIFY2(m_errors.contains("0 to 9223372036854775807"), m_errors.constData());
        QCOMPARE(run({"call", "store.watch", "pattern=/**"}), 2);
        QVERIFY2(m_errors.contains("coffer watch"), m_errors.constData());
        QCOMPARE(run({"put", "/x", "1", "--if-missing"}), 0);
        QCOMPARE(run({"put", "/x", "1", "--if-missing"}), 4);
        QCOMPARE(run({"txn", "--if-value", "/x=2", "--put", "/x=3"}), 4);
        QCOMPARE(run({"txn", "--if-value", "/x=1", "--put", "/x=3", "--put", "/y=1"}), 0);
        QCOMPARE(run({"get", "/x", "--revision", "999999"}), 3);
        QTcpServer closed; // A port where nobody listens when it is used.
        QVERIFY(closed.listen(QHostAddress::LocalHost));
        const QByteArray nowhere = "127.0.0.1:" + QByteArray::number(closed.serverPort());
        closed.close();
        QCOMPARE(run({"--timeout", "0.2", "--endpoints", nowhere, "put", "/x", "1"}), 5);
        QVERIFY2(m_errors.contains("--endpoints"), m_errors.constData());
        QCOMPARE(run({"--timeout", "0.2", "--json", "--endpoints", nowhere, "get", "/x"}), 5);
        QVERIFY(QJsonDocument::fromJson(m_errors).object().contains(QStringLiteral("error")));
    }
    void watch_tellsWhatIsPut()
    {
        QCOMPARE(run({"--json", "put", "/w/1", "old"}), 0);
        const QByteArray from =
            QByteArray::number(json().value(QStringLiteral("revision")).toInteger());
        QCOMPARE(run({"put", "/w/1", "new"}), 0);
        QCOMPARE(run({"del", "/w/1"}), 0);
        QCOMPARE(run({"watch", "/w/?", "--from", from, "--count", "3", "--previous"}), 0);
        const QByteArrayList lines = m_out.split('\n');
        QVERIFY(lines[0].endsWith(" put /w/1 old"));
        QVERIFY(lines[1].endsWith(" put /w/1 new  (was old)"));
        QVERIFY(lines[2].endsWith(" del /w/1  (was new)"));
        const QByteArray watched = m_out;
        QCOMPARE(run({"history", "/w/?", "--from", from, "--previous"}), 0);
        QCOMPARE(m_out, watched);
    }
    void cluster_isShown()
    {
        QCOMPARE(run({"status"}), 0);
        QVERIFY2(m_out.contains("leader") && m_out.contains("1 voters"), m_out.constData());
        QCOMPARE(run({"--json", "status"}), 0);
        QCOMPARE(json().value(QStringLiteral("nodes")).toArray().size(), 1);
        QCOMPARE(run({"member", "list"}), 0);
        QVERIFY(m_out.contains("voter"));
        QCOMPARE(run({"session", "open", "--ttl", "60"}), 0);
        const QByteArray session = m_out.trimmed();
        QCOMPARE(run({"session", "list"}), 0);
        QVERIFY(m_out.startsWith(session + ' ')); // The others closed theirs.
        QCOMPARE(run({"session", "keep-alive", session}), 0);
        QCOMPARE(run({"session", "close", session}), 0);
        QCOMPARE(run({"session", "keep-alive", session}), 3);
    }
    void call_reachesEveryMethod()
    {
        QCOMPARE(run({"call"}), 0);
        QVERIFY(m_out.contains("store.get ") && m_out.contains("rpc.discover "));
        QCOMPARE(run({"--json", "call", "store.put", "path=/call", "value=text"}), 0);
        QCOMPARE(json().value(QStringLiteral("status")).toString(), QStringLiteral("ok"));
        QCOMPARE(run({"call", "store.put", "path=/call"}), 2);
        QCOMPARE(run({"call", "store.nothing"}), 3);
    }
    void unknownVerb_isAProgramOnPath()
    {
        QTemporaryDir folder;
        QFile program(folder.filePath(QStringLiteral("coffer-greet")));
        QVERIFY(program.open(QIODevice::WriteOnly));
        program.write("#!/bin/sh\necho \"greets $*\"\nexit 5\n");
        program.close();
        QVERIFY(program.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner));
        const QByteArray path = qgetenv("PATH");
        qputenv("PATH", folder.path().toUtf8() + ':' + path);
        const int code = QProcess::execute(QStringLiteral(COFFER), {QStringLiteral("greet")});
        QProcess process;
        process.start(QStringLiteral(COFFER),
                      {QStringLiteral("greet"), QStringLiteral("--loud"), QStringLiteral("you")});
        const bool hasEnded = process.waitForFinished(20'000);
        qputenv("PATH", path);
        QVERIFY(hasEnded);
        QCOMPARE(code, 5);
        QCOMPARE(process.readAllStandardOutput(), "greets --loud you\n");
        QCOMPARE(run({"greet"}), 2);
    }
    void bench_measures()
    {
        for (const char *mode : {"write", "read", "mixed", "watch"}) {
            QCOMPARE(run({"--json", "bench", mode, "--clients", "2", "--duration", "0.2", "--keys",
                          "10", "--quiet"}),
                     0);
            QVERIFY2(json().value(QStringLiteral("perSecond")).toDouble() > 0, m_out.constData());
        }
        QCOMPARE(run({"ls", "/coffer-bench"}), 3); // It cleans up.
        QCOMPARE(run({"bench", "write", "--clients", "0"}), 2);
    }
    void backup_isOneCheckedFile()
    {
        QCOMPARE(run({"put", "/backup/a", "1"}), 0);
        const QByteArray file = m_data.filePath(QStringLiteral("one.coffer")).toUtf8();
        QCOMPARE(run({"--json", "backup", file}), 0);
        const qint64 revision = json().value(QStringLiteral("revision")).toInteger();
        QCOMPARE(json().value(QStringLiteral("checked")).toBool(), true);
        QCOMPARE(json().value(QStringLiteral("bytes")).toInteger(),
                 QFileInfo(QString::fromUtf8(file)).size());
        QVERIFY(!QFile::exists(QString::fromUtf8(file + ".tmp")));
        QCOMPARE(run({"backup", file}), 4); // It is there.
        QCOMPARE(run({"put", "/backup/a", "2"}), 0);
        QCOMPARE(run({"--json", "backup", file, "--force"}), 0);
        QVERIFY(json().value(QStringLiteral("revision")).toInteger() > revision);
        QCOMPARE(run({"backup", "--verify", file}), 0);
        QVERIFY(m_out.startsWith("whole: "));
        QCOMPARE(run({"backup", "--verify", file + ".none"}), 3);
        QCOMPARE(run({"backup", "/proc/none/b"}), 1);
        const QByteArray place = m_data.filePath(QStringLiteral("restored")).toUtf8();
        QCOMPARE(run({"restore", file, "--data", place}), 0);
        QVERIFY2(m_out.contains("cofferd --data " + place), m_out.constData());
        QCOMPARE(run({"restore", file, "--data", place}), 1);
        QCOMPARE(run({"restore", file}), 2);
    }
    void backup_copiesAreFewAndDropped()
    {
        QByteArrayList held;
        for (int i = 0; i < 2; ++i) {
            QCOMPARE(run({"--json", "call", "backup.begin"}), 0);
            held.append(QByteArray::number(json().value(QStringLiteral("backup")).toInteger()));
        }
        QCOMPARE(run({"--timeout", "1", "call", "backup.begin"}), 5);
        QVERIFY2(m_errors.contains("2 copies"), m_errors.constData());
        for (const QByteArray &backup : held) {
            QCOMPARE(run({"call", "backup.read", "backup=" + backup, "offset=0"}), 0);
            QCOMPARE(run({"call", "backup.end", "backup=" + backup}), 0);
            QCOMPARE(run({"call", "backup.read", "backup=" + backup, "offset=0"}), 3);
        }
        QCOMPARE(run({"--json", "call", "backup.begin"}), 0);
    }
    /// Whoever made it: the parser, cofferd-data, a node.
    void errors_areJsonWhereThatIsAskedFor_data()
    {
        QTest::addColumn<QList<QByteArray>>("words");
        QTest::addColumn<int>("exit");
        QTest::addColumn<QString>("code");
        using Words = QList<QByteArray>;
        const QByteArray none = m_data.filePath(QStringLiteral("none")).toUtf8();
        const QByteArray there = QByteArrayLiteral(COFFER);
        const QString wrong = QStringLiteral("INVALID_ARGUMENT");
        const QString notFound = QStringLiteral("NOT_FOUND");
        const QString refused = QStringLiteral("REFUSED");
        QTest::newRow("a file that is none") << Words{"get", "/none"} << 3 << notFound;
        QTest::newRow("an unknown verb") << Words{"dance"} << 2 << wrong;
        QTest::newRow("an unknown verb after an option")
            << Words{"--timeout", "3", "dance"} << 2 << wrong;
        QTest::newRow("an unknown option") << Words{"get", "/a", "--foo"} << 2 << wrong;
        QTest::newRow("a missing argument") << Words{"get"} << 2 << wrong;
        QTest::newRow("no address") << Words{"--endpoints", "a:b", "get", "/a"} << 2 << wrong;
        QTest::newRow("no token") << Words{"--token-file", none, "get", "/a"} << 2 << wrong;
        QTest::newRow("no backup") << Words{"backup", "--verify", none} << 3 << notFound;
        QTest::newRow("no such backup to restore")
            << Words{"restore", none, "--data", none} << 3 << notFound;
        QTest::newRow("what is no backup") << Words{"backup", "--verify", there} << 1 << refused;
        QTest::newRow("a backup that is there already")
            << Words{"backup", there} << 4 << QStringLiteral("CONFLICT");
        QTest::newRow("a recovery by mistake")
            << Words{"node", "recover", "--data", none} << 2 << wrong;
        QTest::newRow("nothing to recover")
            << Words{"node", "recover", "--force-single", "--data", none} << 3 << notFound;
    }
    void errors_areJsonWhereThatIsAskedFor()
    {
        QFETCH(QList<QByteArray>, words);
        QFETCH(int, exit);
        QFETCH(QString, code);
        QCOMPARE(run(QList<QByteArray>{"--json"} + words), exit);
        QVERIFY2(m_out.isEmpty(), m_out.constData());
        const QJsonObject said = QJsonDocument::fromJson(m_errors).object();
        const QJsonObject error = said.value(QStringLiteral("error")).toObject();
        const QJsonObject data = error.value(QStringLiteral("data")).toObject();
        QVERIFY2(data.value(QStringLiteral("code")) == code, m_errors.constData());
        QVERIFY(!error.value(QStringLiteral("message")).toString().isEmpty());
    }
    void node_wordsAreChecked()
    {
        QCOMPARE(run({"node"}), 2);
        QCOMPARE(run({"node", "replace", "1"}), 2);
        QCOMPARE(run({"node", "replace", "nobody", "1"}), 2); // No id.
        QCOMPARE(run({"node", "replace", "1", "2"}), 3);      // No member.
        const QByteArray nowhere = m_data.filePath(QStringLiteral("nowhere")).toUtf8();
        QCOMPARE(run({"node", "recover", "--data", nowhere}), 2);
        QCOMPARE(run({"node", "recover", "--force-single", "--data", nowhere}), 3);
    }
    void completion_isAScript()
    {
        for (const char *shell : {"bash", "zsh"}) {
            QCOMPARE(run({"completion", shell}), 0);
            QVERIFY(m_out.contains("'member') words='"));
            QVERIFY(m_out.contains("--endpoints"));
        }
        QProcess bash;
        bash.start(QStringLiteral("bash"), {QStringLiteral("-n")});
        bash.write(m_out.mid(m_out.indexOf("_coffer()")));
        bash.closeWriteChannel();
        QVERIFY(bash.waitForFinished(10'000));
        QCOMPARE(bash.exitCode(), 0);
    }

private:
    int run(const QByteArrayList &arguments, const QByteArray &input = {})
    {
        QStringList all;
        if (!arguments.contains("--endpoints"))
            all << QStringLiteral("--endpoints") << m_endpoint;
        for (const QByteArray &argument : arguments)
            all << QString::fromUtf8(argument);
        QProcess coffer;
        coffer.start(QStringLiteral(COFFER), all);
        coffer.write(input);
        coffer.closeWriteChannel();
        if (!coffer.waitForFinished(30'000) || coffer.exitStatus() != QProcess::NormalExit)
            return -1;
        m_out = coffer.readAllStandardOutput();
        m_errors = coffer.readAllStandardError();
        return coffer.exitCode();
    }
    [[nodiscard]] QJsonObject json() const { return QJsonDocument::fromJson(m_out).object(); }

    QTemporaryDir m_data;
    QProcess m_node;
    QString m_endpoint;
    QByteArray m_out;
    QByteArray m_errors;
};

QTEST_GUILESS_MAIN(TestCoffer)
#include "tst_coffer.moc"
