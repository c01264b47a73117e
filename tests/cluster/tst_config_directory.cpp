// SPDX-License-Identifier: Apache-2.0
#include "cluster/node_process.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <map>
#include <memory>

using namespace coffer::test;
using namespace Qt::StringLiterals;

/// Services as directories, and a search, by the command line against two real nodes.
class tst_config_directory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();

    void directory_leadsToTheSameElsewhere();
    void edits_becomeADraft();
    void drafts_ofOthersAreNotMixedIn();
    void versionsAndDrafts_areExported();
    void export_replacesNothingButAnExport();
    void faults_areAllNamedBeforeAnythingIsSent();
    void validate_endsAsPublishDoes();
    void service_thatIsNotThereIsNotFound();
    void search_findsWhatMayBeRead();

private:
    [[nodiscard]] QString place(const QString &name) const { return m_folder.filePath(name); }
    void write(const QString &path, const QByteArray &bytes) const;
    /// `coffer config ...` at a node; its exit code.
    int config(int node, const QStringList &words);
    int coffer(int node, const QStringList &words);
    /// All files below a directory.
    [[nodiscard]] static std::map<QString, QByteArray> tree(const QString &path);

    QTemporaryDir m_folder;
    std::unique_ptr<NodeProcess> m_nodes[2];
    QString m_addresses[2];
    QString m_token;
    QByteArray m_out;
    QByteArray m_errors;
};

#define DONE(code) QVERIFY2((code) == 0, m_errors.constData())

void tst_config_directory::write(const QString &path, const QByteArray &bytes) const
{
    const QString name = place(path);
    QVERIFY(QDir().mkpath(QFileInfo(name).path()));
    QFile file(name);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size());
}

int tst_config_directory::coffer(int node, const QStringList &words)
{
    QStringList all{u"--endpoints"_s, m_addresses[node], u"--timeout"_s, u"60"_s};
    if (!m_token.isEmpty())
        all += {u"--token"_s, m_token};
    QProcess process;
    process.start(QStringLiteral(COFFER), all + words);
    const bool hasEnded = process.waitForFinished(120'000);
    m_out = process.readAllStandardOutput();
    m_errors = process.readAllStandardError();
    return hasEnded && process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
}

int tst_config_directory::config(int node, const QStringList &words)
{
    return coffer(node, QStringList(u"config"_s) + words);
}

std::map<QString, QByteArray> tst_config_directory::tree(const QString &path)
{
    std::map<QString, QByteArray> files;
    QDirIterator all(path, QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    while (all.hasNext()) {
        QFile file(all.next());
        if (file.open(QIODevice::ReadOnly))
            files.emplace(QDir(path).relativeFilePath(file.fileName()), file.readAll());
    }
    return files;
}

/// A directory as an export writes it: every type, odd bytes and orders, and 20,000 keys.
static std::map<QString, QByteArray> sample()
{
    std::map<QString, QByteArray> files;
    files[u"coffer.json"_s] = "{\"format\":1,\"service\":\"shop\"}\n";
    files[u"_all/layer.jsonl"_s] = R"({"section":"zoo","comment":"first\nnot by name"}
{"section":"core"}
{"section":"many"}
{"file":"bin/run","group":"_apt","mode":"0750","owner":"www"}
{"output":"few.env","format":"env","mode":"0600","sections":["core"]}
)";
    files[u"_all/sections/zoo.jsonl"_s] = R"({"key":"z","type":"string","value":""}
{"key":"a","comment":"ä # \"quoted\"\n\n two","type":"string","value":"line\n\ttab \u0001 ü 😀"}
)";
    files[u"_all/sections/core.jsonl"_s] = R"({"key":"n","type":"int","value":"-7"}
{"key":"f","type":"float","value":"2.5e-09"}
{"key":"b","type":"bool","value":"true"}
{"key":"d","type":"duration","value":"1500ms"}
{"key":"s","type":"size","value":"64mb"}
{"key":"e","choices":["b","a"],"type":"enum","value":"a"}
{"key":"l","type":"list","value":"[\"x\",\"y,z\"]"}
{"key":"j","comment":"any","type":"json","value":"{\"b\":[1,null],\"a\":\"x\"}"}
)";
    for (int i = 20'000; i > 0; --i) {
        files[u"_all/sections/many.jsonl"_s] +=
            "{\"key\":\"k" + QByteArray::number(i) + "\",\"type\":\"int\",\"value\":\"1\"}\n";
    }
    QByteArray odd;
    for (int i = 0; i < 300'000; ++i)
        odd += char(i * 7);
    files[u"_all/files/bin/run"_s] = odd; // more than one piece
    files[u"_all/files/empty"_s] = "";
    files[u"_all/files/.hidden/crlf.conf"_s] = "a\r\nno end";
    files[u"sh001/layer.jsonl"_s] = "{\"section\":\"core\",\"comment\":\"here\"}\n";
    files[u"sh001/sections/core.jsonl"_s] = "{\"key\":\"n\",\"type\":\"int\",\"value\":\"8\"}\n";
    files[u"sh001/files/empty"_s] = "not here";
    files[u"bj001/layer.jsonl"_s] = "{\"section\":\"own\"}\n";
    files[u"bj001/sections/own.jsonl"_s] = "{\"key\":\"k\",\"type\":\"string\",\"value\":\"v\"}\n";
    return files;
}

void tst_config_directory::initTestCase()
{
    QVERIFY(m_folder.isValid());
    for (int node = 0; node < 2; ++node) {
        m_nodes[node] = std::make_unique<NodeProcess>(
            QStringList{u"--data"_s, place(u"node%1"_s.arg(node)), u"--listen"_s, u"127.0.0.1:0"_s,
                        u"--plugins"_s, QStringLiteral(COFFER_PLUGINS)});
        m_nodes[node]->start();
    }
    const QString words = u"clients at http://"_s;
    for (int node = 0; node < 2; ++node) {
        QTRY_VERIFY_WITH_TIMEOUT(m_nodes[node]->output().contains(words)
                                     && m_nodes[node]->output().endsWith(u'\n'),
                                 30'000);
        m_addresses[node] = m_nodes[node]->output().section(words, -1).section(u'\n', 0, 0);
        QTRY_COMPARE_WITH_TIMEOUT(config(node, {u"drafts"_s}), 0, 30'000);
        for (const QString &idc : {u"sh001"_s, u"bj001"_s})
            DONE(config(node, {u"idc"_s, u"create"_s, idc}));
        DONE(config(node, {u"service"_s, u"create"_s, u"shop"_s}));
    }
    const std::map<QString, QByteArray> files = sample();
    for (const auto &[name, bytes] : files)
        write(u"source/"_s + name, bytes);
}

void tst_config_directory::directory_leadsToTheSameElsewhere()
{
    QString from = place(u"source"_s);
    for (int node = 0; node < 2; ++node) {
        const QString to = place(u"export%1"_s.arg(node));
        DONE(config(node, {u"import-service"_s, from}));
        DONE(config(node, {u"publish"_s, u"shop"_s, u"shop@sh001"_s, u"shop@bj001"_s, u"-m"_s,
                           u"imported"_s}));
        DONE(config(node, {u"export"_s, u"shop"_s, to}));
        for (const auto &[name, bytes] : sample())
            QVERIFY2(tree(to)[name] == bytes, qPrintable(name));
        QCOMPARE(tree(to).size(), sample().size());
        DONE(config(node, {u"import-service"_s, to}));
        QVERIFY2(m_out.contains("nothing is to be changed"), m_out.constData());
        from = to;
    }
}

void tst_config_directory::edits_becomeADraft()
{
    const QString folder = place(u"edited"_s);
    DONE(config(0, {u"export"_s, u"shop"_s, folder}));
    QByteArray keys = tree(folder).at(u"_all/sections/core.jsonl"_s);
    keys.replace("1500ms", "2 s")
        .replace("{\"key\":\"b\",\"type\":\"bool\",\"value\":\"true\"}\n", "");
    write(u"edited/_all/sections/core.jsonl"_s,
          keys + "\n{\"type\": \"int\", \"value\": \"1\", \"key\": \"fresh\"}\n");
    write(u"edited/_all/files/new.conf"_s, "new");
    QVERIFY(QFile::remove(folder + u"/sh001/files/empty"_s));
    keys.replace("2 s", "2s");
    write(u"edited/_all/sections/core.jsonl"_s,
          keys + "\n{\"type\": \"int\", \"value\": \" 1 \", \"key\": \"fresh\"}\n");
    DONE(config(0, {u"import-service"_s, folder, u"--dry-run"_s}));
    const QByteArray told = m_out;
    for (const char *line : {"  - core/b\n", "  ~ core/d: 1500ms -> 2s\n", "  + core/fresh: 1\n",
                             "  + new.conf\n", "shop@sh001: 1 change to", "  - empty\n"})
        QVERIFY2(told.contains(line), told.constData());
    DONE(config(0, {u"drafts"_s}));
    QVERIFY(m_out.isEmpty());
    DONE(config(0, {u"import-service"_s, folder}));
    QVERIFY(m_out.startsWith(told));
    QCOMPARE(config(0, {u"import-service"_s, folder}), 4); // it is pending already
    QVERIFY2(m_errors.contains("--replace"), m_errors.constData());
    DONE(config(0, {u"import-service"_s, folder, u"--replace"_s}));
    DONE(config(0, {u"publish"_s, u"shop"_s, u"shop@sh001"_s, u"-m"_s, u"edited"_s}));
    DONE(config(0, {u"cat"_s, u"shop"_s, u"new.conf"_s}));
    QCOMPARE(m_out, "new");
    DONE(config(0, {u"get"_s, u"shop"_s, u"core/d"_s}));
    QCOMPARE(m_out, "2s\n");
    QCOMPARE(config(0, {u"get"_s, u"shop"_s, u"core/b"_s}), 3);
}

void tst_config_directory::drafts_ofOthersAreNotMixedIn()
{
    const QString folder = place(u"export1"_s);
    DONE(config(1, {u"set"_s, u"shop"_s, u"core/n"_s, u"9"_s}));
    QCOMPARE(config(1, {u"import-service"_s, folder}), 4);
    DONE(config(1, {u"import-service"_s, folder, u"--draft-name"_s, u"other"_s}));
    DONE(config(1, {u"discard"_s, u"shop"_s}));
}

void tst_config_directory::versionsAndDrafts_areExported()
{
    DONE(config(1, {u"set"_s, u"shop"_s, u"core/n"_s, u"10"_s}));
    const auto core = [this](const QString &name) {
        return tree(place(name)).at(u"_all/sections/core.jsonl"_s);
    };
    DONE(config(1, {u"export"_s, u"shop@_all"_s, place(u"draft"_s), u"--draft"_s}));
    QVERIFY(core(u"draft"_s).contains("\"10\""));
    QVERIFY(!tree(place(u"draft"_s)).contains(u"sh001/layer.jsonl"_s));
    DONE(config(1, {u"publish"_s, u"shop"_s, u"-m"_s, u"ten"_s}));
    DONE(config(1, {u"export"_s, u"shop"_s, place(u"first"_s), u"--at"_s, u"v1"_s}));
    QVERIFY(tree(place(u"first"_s)) == sample());
    QCOMPARE(config(1, {u"export"_s, u"shop"_s, place(u"none"_s), u"--at"_s, u"v77"_s}), 3);
    QCOMPARE(config(1, {u"export"_s, u"shop@nowhere"_s, place(u"none"_s)}), 3);
    QVERIFY(!QFile::exists(place(u"none"_s)));
    // What is not in the directory is left alone.
    DONE(config(1, {u"import-service"_s, place(u"draft"_s)}));
    QVERIFY2(m_out.contains("nothing is to be changed"), m_out.constData());
}

void tst_config_directory::export_replacesNothingButAnExport()
{
    write(u"mine/notes.txt"_s, "mine");
    for (const QStringList &more : {QStringList(), QStringList(u"--force"_s)})
        QCOMPARE(config(1, QStringList{u"export"_s, u"shop"_s, place(u"mine"_s)} + more), 4);
    QCOMPARE(tree(place(u"mine"_s)).size(), std::size_t(1));
    DONE(config(1, {u"export"_s, u"shop"_s, place(u"again"_s)}));
    QCOMPARE(config(1, {u"export"_s, u"shop"_s, place(u"again"_s)}), 4);
    QVERIFY(QFile::remove(place(u"again/_all/files/empty"_s)));
    DONE(config(1, {u"export"_s, u"shop"_s, place(u"again"_s), u"--force"_s}));
    QVERIFY(QFile::exists(place(u"again/_all/files/empty"_s)));
    write(u"again/.git/HEAD"_s, "ref");
    QCOMPARE(config(1, {u"export"_s, u"shop"_s, place(u"again"_s), u"--force"_s}), 4);
    QVERIFY2(m_errors.contains(".git"), m_errors.constData());
    QVERIFY(QFile::exists(place(u"again/.git/HEAD"_s)));
    DONE(config(1, {u"import-service"_s, place(u"again"_s), u"--dry-run"_s}));
    QCOMPARE(QDir(m_folder.path()).entryList({u"*.new-*"_s}, QDir::AllEntries), QStringList());
}

void tst_config_directory::faults_areAllNamedBeforeAnythingIsSent()
{
    DONE(config(1, {u"export"_s, u"shop"_s, place(u"bad"_s)}));
    write(u"bad/_all/sections/core.jsonl"_s,
          "{\"key\":\"n\",\"type\":\"int\",\"value\":\"x\"}\n\n{\n");
    write(u"bad/_all/sections/odd name.jsonl"_s, "");
    write(u"bad/_all/files/what now?"_s, "");
    write(u"bad/_all/files/huge"_s, QByteArray((16 << 20) + 1, 'x'));
    QVERIFY(QFile::remove(place(u"bad/_all/files/bin/run"_s)));
    QVERIFY(QFile::link(u"/etc/passwd"_s, place(u"bad/_all/files/link"_s)));
    QVERIFY(QFile::link(place(u"export1/sh001"_s), place(u"bad/linked"_s)));
    write(u"bad/README.md"_s, "");
    const std::vector<QByteArray> faults{"bad/_all/sections/core.jsonl:1: core/n: 'x'",
                                         "bad/_all/sections/core.jsonl:3: ",
                                         "bad/_all/sections/odd name.jsonl: ",
                                         "bad/_all/files/what now?: ",
                                         "bad/_all/files/huge: expected at most 16 MiB",
                                         "bad/_all/layer.jsonl:4: files/bin/run is",
                                         "bad/_all/files/link: ",
                                         "bad/linked: ",
                                         "bad/README.md: "};
    QCOMPARE(config(1, {u"import-service"_s, place(u"bad"_s)}), 2);
    for (const QByteArray &fault : faults)
        QVERIFY2(m_errors.contains(fault), fault + " is not in\n" + m_errors);
    QVERIFY2(m_errors.contains(": 9 faults"), m_errors.constData());
    DONE(config(1, {u"drafts"_s}));
    QVERIFY(m_out.isEmpty());
    write(u"elsewhere/coffer.json"_s, "{\"format\":1,\"service\":\"shop\"}\n");
    write(u"elsewhere/xx001/layer.jsonl"_s, "");
    QCOMPARE(config(1, {u"import-service"_s, place(u"elsewhere"_s)}), 2);
    QVERIFY2(m_errors.contains("no such IDC"), m_errors.constData());
    QCOMPARE(config(1, {u"import-service"_s, m_folder.path()}), 2);
    QVERIFY2(m_errors.contains("coffer.json is missing"), m_errors.constData());
}

void tst_config_directory::validate_endsAsPublishDoes()
{
    const QString key = u"core/n"_s;
    DONE(config(1, {u"service"_s, u"create"_s, u"trial"_s}));
    DONE(config(1, {u"set"_s, u"trial"_s, key, u"1"_s}));
    DONE(config(1, {u"publish"_s, u"trial"_s, u"-m"_s, u"one"_s}));
    DONE(config(1, {u"set"_s, u"trial@sh001"_s, key, u"2"_s}));
    DONE(config(1, {u"validate"_s, u"trial@sh001"_s}));
    DONE(config(1, {u"publish"_s, u"trial@sh001"_s, u"-m"_s, u"two"_s}));
    DONE(config(1, {u"set"_s, u"trial"_s, key, u"3"_s, u"--final"_s}));
    QCOMPARE(config(1, {u"validate"_s, u"trial"_s}), 2); // sh001 has another one
    QVERIFY2(m_errors.contains("core/n"), m_errors.constData());
    QCOMPARE(config(1, {u"publish"_s, u"trial"_s, u"-m"_s, u"three"_s}), 2);
    DONE(config(1, {u"discard"_s, u"trial"_s}));

    const QStringList other{u"trial"_s, u"--draft-name"_s, u"other"_s};
    DONE(config(1, QStringList{u"set"_s} + other + QStringList{key, u"4"_s}));
    DONE(config(1, {u"set"_s, u"trial"_s, key, u"5"_s}));
    DONE(config(1, {u"publish"_s, u"trial"_s, u"-m"_s, u"five"_s}));
    QCOMPARE(config(1, QStringList{u"validate"_s} + other), 4);
    QCOMPARE(config(1, QStringList{u"publish"_s, u"-m"_s, u"four"_s} + other), 4);
}

void tst_config_directory::service_thatIsNotThereIsNotFound()
{
    for (const QStringList &words :
         {QStringList{u"history"_s}, {u"drafts"_s}, {u"tree"_s}, {u"discard"_s}, {u"validate"_s}}) {
        QCOMPARE(config(1, words + QStringList{u"none"_s}), 3);
        QVERIFY2(m_errors.contains("there is no service none"), m_errors.constData());
    }
    QCOMPARE(config(1, {u"search"_s, u"x"_s, u"shop@none"_s}), 3);
    QVERIFY2(m_errors.contains("there is no IDC none"), m_errors.constData());
}

void tst_config_directory::search_findsWhatMayBeRead()
{
    DONE(config(1, {u"service"_s, u"create"_s, u"pay"_s}));
    DONE(config(1, {u"set"_s, u"pay"_s, u"core/needle"_s, u"hay"_s}));
    DONE(config(1, {u"publish"_s, u"pay"_s, u"-m"_s, u"the needle in pay"_s}));
    DONE(config(1, {u"set"_s, u"shop"_s, u"core/needle"_s, u"hay"_s}));
    DONE(config(1, {u"publish"_s, u"shop"_s, u"-m"_s, u"the needle in shop"_s}));
    DONE(config(1, {u"search"_s, u"NEEDLE"_s}));
    QVERIFY2(m_out.contains("pay core/needle\n") && m_out.contains("shop core/needle\n")
                 && m_out.contains(": the needle in pay\n"),
             m_out.constData());
    DONE(config(1, {u"search"_s, u"crlf"_s, u"shop"_s, u"--in"_s, u"files,keys"_s}));
    QCOMPARE(m_out, "shop .hidden/crlf.conf\n");
    DONE(coffer(1, {u"--json"_s, u"config"_s, u"search"_s, u"no end"_s}));
    const QJsonObject hit = QJsonDocument::fromJson(m_out).object();
    QCOMPARE(hit[u"line"_s].toInt(), 2);
    QCOMPARE(hit[u"place"_s].toString(), u".hidden/crlf.conf"_s);
    QCOMPARE(config(1, {u"search"_s, u"nowhere to be found"_s}), 3);

    DONE(coffer(1, {u"auth"_s, u"enable"_s}));
    const QString root = QString::fromUtf8(m_out.trimmed());
    m_token = root;
    DONE(coffer(1, {u"auth"_s, u"role"_s, u"add"_s, u"reader"_s}));
    DONE(coffer(1, {u"auth"_s, u"role"_s, u"grant"_s, u"reader"_s, u"allow"_s, u"read"_s,
                    u"/config/shop/**"_s}));
    DONE(coffer(1, {u"token"_s, u"create"_s, u"--role"_s, u"reader"_s}));
    m_token = QString::fromUtf8(m_out.trimmed());
    DONE(config(1, {u"search"_s, u"needle"_s}));
    QVERIFY2(m_out.contains("shop core/needle\n") && m_out.contains("needle in shop"),
             m_out.constData());
    QVERIFY2(!m_out.contains("pay"), m_out.constData());
    QCOMPARE(config(1, {u"search"_s, u"needle"_s, u"pay"_s}), 6);
    DONE(config(1, {u"export"_s, u"shop"_s, place(u"asReader"_s)}));
    QCOMPARE(config(1, {u"export"_s, u"pay"_s, place(u"asNobody"_s)}), 6);
}

QTEST_GUILESS_MAIN(tst_config_directory)
#include "tst_config_directory.moc"
