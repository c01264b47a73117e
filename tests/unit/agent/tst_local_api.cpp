// SPDX-License-Identifier: Apache-2.0
#include "agent/socket.h"
#include "agent/status.h"
#include "unit/agent/switch_kit.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QLocalSocket>
#include <QTemporaryDir>
#include <QTest>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using Style = Target::Style;

static config::BundleFile fileOf(const char *path, const QByteArray &bytes)
{
    return {.path = path, .bytes = bytes};
}

static Version versionOf(const char *name, std::vector<config::BundleFile> files)
{
    return {name, {std::move(files)}};
}

static ServiceStatus statusOf(const QString &service, const QByteArray &output = {})
{
    return {.report = {service, {}, {}, u"healthy"_s, {}, output}};
}

static Version firstVersion()
{
    return versionOf("v1", {fileOf("app.json", R"({"core":{"port":80,"name":"a"}})"),
                            fileOf("nginx.conf", "server { listen 80; }\n")});
}
static Version secondVersion()
{
    return versionOf("v2", {fileOf("app.json", R"({"core":{"port":81,"more":"b"}})"),
                            fileOf("other.conf", "[a]\nb c\n")});
}

static QStringList namesOf(const QJsonValue &changes, const QString &member)
{
    QStringList names;
    for (const QJsonValue change : changes.toArray())
        names.append(change[u"kind"_s].toString() + u' ' + change[member].toString());
    return names;
}

/// A program on this host, with all that the agent said to it.
class Program
{
public:
    explicit Program(const QString &path)
    {
        QObject::connect(&m_socket, &QLocalSocket::readyRead, &m_socket, [this] {
            while (m_socket.canReadLine())
                lines.append(parseAnswer(m_socket.readLine().trimmed()));
        });
        m_socket.connectToServer(path);
    }
    void say(const QByteArray &line) { m_socket.write(line + '\n'); }
    void ask(const Ask &ask) { say(write(ask)); }
    [[nodiscard]] bool isConnected() const
    {
        return m_socket.state() == QLocalSocket::ConnectedState;
    }
    [[nodiscard]] QString member(qsizetype line, const QString &name) const
    {
        return lines.value(line, QJsonObject{}).value_or(QJsonObject{})[name].toString();
    }

    QList<Result<QJsonObject>> lines;

private:
    QLocalSocket m_socket;
};

class tst_LocalApi : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void keys_areReadBack_data();
    void keys_areReadBack();
    void keys_ofForeignFilesAreNone_data();
    void keys_ofForeignFilesAreNone();
    void key_thatFilesDifferIn_isRefusedUnlessOneIsNamed();
    void get_saysOneVersion();
    void get_isNotAheadOfTheSwitch();
    void get_isWhatWasAppliedNotWhatSomebodyWrote();
    void get_saysWhatIsMissing();
    void list_namesFilesAndKeys();
    void env_readsEnvFiles();
    void env_refusesWhatShWouldPutTogether();
    void why_saysWhatANodeHasSaid();
    void news_saysWhatChanged();
    void news_ofWhatIsNotKeptIsAll();
    void news_isNothingToWhoHasSeenIt();
    void news_isBounded();
    void cache_isBoundedAndAnswersStayRight();
    void socket_answersAndRefuses_data();
    void socket_answersAndRefuses();
    void watch_saysEachVersionOnce();
    void watch_resumes();
    void watch_oneHundredProgramsAreTold();
    void watch_cutsOffWhoDoesNotRead();
    void watch_ofAllSaysStatus();

private:
    [[nodiscard]] Result<QJsonObject> answer(const Ask &ask);
    [[nodiscard]] QString path() const { return m_folder->filePath(u"agent.sock"_s); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Host> m_host;
    std::unique_ptr<LocalVersions> m_versions;
    std::unique_ptr<Socket> m_socket;
};

Result<QJsonObject> tst_LocalApi::answer(const Ask &ask)
{
    return m_versions->answer(ask, m_host->switcher());
}

static QCoro::Task<Result<QJsonObject>> ready(Result<QJsonObject> answer) { co_return answer; }

void tst_LocalApi::init()
{
    m_socket.reset();
    m_folder = std::make_unique<QTemporaryDir>();
    m_host = std::make_unique<Host>(targetOf(Style::directory));
    QVERIFY(m_host->start().has_value());
    m_versions = std::make_unique<LocalVersions>();
    m_socket = std::make_unique<Socket>(
        [this](const Ask &ask) { return ready(answer(ask)); },
        [this](const QString &service, const Seen &seen) -> Result<std::optional<QJsonObject>> {
            if (service != u"shop")
                return Error{ErrorCode::notFound, u"no such service"_s};
            return m_versions->news(service, seen, m_host->switcher());
        });
    QVERIFY(m_socket->listen(path()).has_value());
}

// ---- values

void tst_LocalApi::keys_areReadBack_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("type");
    const int text = int(config::Type::string);
    const int number = int(config::Type::integer);
    QTest::newRow("goconf") << QByteArray("app.conf") << QByteArray("[core]\nport 80\n") << text;
    QTest::newRow("goconf without ending")
        << QByteArray("app") << QByteArray("[core]\nport 80\n") << text;
    QTest::newRow("env") << QByteArray("app.env") << QByteArray("CORE_PORT=\"80\"\n") << text;
    QTest::newRow("json") << QByteArray("a.json") << QByteArray(R"({"core":{"port":80}})")
                          << number;
    QTest::newRow("yaml") << QByteArray("a.yml") << QByteArray("core:\n  port: 80\n") << number;
}

void tst_LocalApi::keys_areReadBack()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, text);
    QFETCH(int, type);
    const LocalValues values({{{.path = path, .bytes = text}}});
    const auto found = values.find("core/port", {});
    QVERIFY(found.has_value());
    QCOMPARE((*found)->text, "80");
    QCOMPARE(int((*found)->type), type);
    QVERIFY(!values.find("core/por", {}).has_value());
    QVERIFY(!values.find("core/port", "else.conf").has_value());
}

void tst_LocalApi::keys_ofForeignFilesAreNone_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("nginx") << QByteArray("nginx.conf") << QByteArray("http {\n  gzip on;\n}\n");
    QTest::newRow("no section") << QByteArray("redis.conf") << QByteArray("port 6379\n");
    QTest::newRow("bytes") << QByteArray("logo") << QByteArray("\x89PNG\0\xff", 6);
    QTest::newRow("array") << QByteArray("a.json") << QByteArray("[1,2]");
    QTest::newRow("broken") << QByteArray("a.json") << QByteArray("{\"core\":{");
    QTest::newRow("other variables") << QByteArray("a.env") << QByteArray("PORT=80\n");
    QTest::newRow("empty") << QByteArray("app.conf") << QByteArray();
    QTest::newRow("large") << QByteArray("app.conf")
                           << "[core]\nport 80\n#" + QByteArray(LocalValues::fileBytesMax, 'x');
}

void tst_LocalApi::keys_ofForeignFilesAreNone()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, text);
    const LocalValues values({{{.path = path, .bytes = text}}});
    QVERIFY(values.values().empty());
    QCOMPARE(values.files().size(), std::size_t(1));
    QVERIFY(!values.files().front().format);
}

void tst_LocalApi::key_thatFilesDifferIn_isRefusedUnlessOneIsNamed()
{
    const LocalValues values({{fileOf("a.json", R"({"core":{"port":80,"name":"x"}})"),
                               fileOf("b.conf", "[core]\nport 81\nname x\n")}});
    const auto port = values.find("core/port", {});
    QVERIFY(!port.has_value());
    QCOMPARE(port.error().code, ErrorCode::refused);
    QVERIFY(port.error().message.contains(u"a.json and b.conf"_s));
    QCOMPARE((*values.find("core/port", "b.conf"))->text, "81");
    QCOMPARE((*values.find("core/name", {}))->text, "x");
}

// ---- questions

void tst_LocalApi::get_saysOneVersion()
{
    const Ask port{.verb = Verb::get, .service = u"shop"_s, .key = u"core/port"_s};
    QCOMPARE(answer(port).error().code, ErrorCode::notFound);
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    const QJsonObject first = answer(port).value_or(QJsonObject{});
    QCOMPARE(first[u"value"_s].toString(), u"80"_s);
    QCOMPARE(first[u"type"_s].toString(), u"int"_s);
    QCOMPARE(first[u"path"_s].toString(), u"app.json"_s);
    QCOMPARE(first[u"version"_s].toString(), u"v1"_s);
    QCOMPARE(first[u"root"_s].toString().toLatin1(), firstVersion().root().hex());
    QCOMPARE(m_host->apply(secondVersion()).state, Verdict::State::healthy);
    const QJsonObject second = answer(port).value_or(QJsonObject{});
    QCOMPARE(second[u"value"_s].toString(), u"81"_s);
    QCOMPARE(second[u"version"_s].toString(), u"v2"_s);
    const Ask all{.verb = Verb::get, .service = u"shop"_s};
    const QJsonObject values = answer(all).value_or(QJsonObject{})[u"values"_s].toObject();
    const QJsonObject expected{
        {u"a/b"_s, u"c"_s}, {u"core/more"_s, u"b"_s}, {u"core/port"_s, u"81"_s}};
    QCOMPARE(values, expected);
}

/// While health of the new version is awaited, the old one is what is applied.
void tst_LocalApi::get_isNotAheadOfTheSwitch()
{
    const Ask port{.verb = Verb::get, .service = u"shop"_s, .key = u"core/port"_s};
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    QStringList seen;
    m_host->actions.onRun = [this, &seen, port](const QByteArray &program) {
        if (program == "/health")
            seen.append(answer(port).value_or(QJsonObject{})[u"value"_s].toString());
    };
    m_host->actions.script["/health"] = {false};
    QCOMPARE(m_host->apply(secondVersion()).state, Verdict::State::rolledBack);
    QVERIFY(!seen.isEmpty());
    seen.removeDuplicates();
    QCOMPARE(seen, QStringList{u"80"_s});
    QCOMPARE(answer(port).value_or(QJsonObject{})[u"value"_s].toString(), u"80"_s);
}

void tst_LocalApi::get_isWhatWasAppliedNotWhatSomebodyWrote()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    const QByteArray file = destination + "/" + firstVersion().root().brief() + "/app.json";
    QVERIFY(m_host->disk.remove(file).has_value());
    const Ask port{.verb = Verb::get, .service = u"shop"_s, .key = u"core/port"_s};
    QCOMPARE(answer(port).value_or(QJsonObject{})[u"value"_s].toString(), u"80"_s);
}

void tst_LocalApi::get_saysWhatIsMissing()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    const auto key = answer({.verb = Verb::get, .service = u"shop"_s, .key = u"core/none"_s});
    QCOMPARE(key.error().code, ErrorCode::notFound);
    QVERIFY(key.error().message.contains(u"core/none"_s));
    const auto file = answer({.verb = Verb::get, .service = u"shop"_s, .path = u"none"_s});
    QCOMPARE(file.error().code, ErrorCode::notFound);
    QVERIFY(file.error().message.contains(u"none"_s));
}

void tst_LocalApi::list_namesFilesAndKeys()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    const QJsonObject list =
        answer({.verb = Verb::list, .service = u"shop"_s}).value_or(QJsonObject{});
    const QJsonArray keys{u"core/name"_s, u"core/port"_s};
    QCOMPARE(list[u"keys"_s].toArray(), keys);
    const QJsonArray files = list[u"files"_s].toArray();
    QCOMPARE(files.size(), 2);
    const QJsonObject json{{u"path"_s, u"app.json"_s},
                           {u"bytes"_s, 31},
                           {u"mode"_s, u"0644"_s},
                           {u"format"_s, u"json"_s}};
    QCOMPARE(files[0].toObject(), json);
    QVERIFY(!files[1].toObject().contains(u"format"_s));
}

void tst_LocalApi::env_readsEnvFiles()
{
    const Ask env{.verb = Verb::env, .service = u"shop"_s};
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    QCOMPARE(answer(env).error().code, ErrorCode::notFound);
    const Version version =
        versionOf("v3", {fileOf("a.env", "CORE_PORT=\"80\"\nPORT='a b'\n"),
                         fileOf("b.env", "PORT=last\nexport Mixed_x=\"l1\nl2\"\n")});
    QCOMPARE(m_host->apply(version).state, Verdict::State::healthy);
    const QJsonObject expected{
        {u"CORE_PORT"_s, u"80"_s}, {u"PORT"_s, u"last"_s}, {u"Mixed_x"_s, u"l1\nl2"_s}};
    QCOMPARE(answer(env).value_or(QJsonObject{})[u"variables"_s].toObject(), expected);
}

void tst_LocalApi::env_refusesWhatShWouldPutTogether()
{
    for (const QByteArray text : {"A=\"$B\"\n", "A-B=1\n", "A=1\nA=2\n", "1A=1\n"}) {
        const Version version = versionOf("v3", {fileOf("a.env", text)});
        QCOMPARE(m_host->apply(version).state, Verdict::State::healthy);
        const auto env = answer({.verb = Verb::env, .service = u"shop"_s});
        QVERIFY2(!env.has_value(), text.constData());
        QCOMPARE(env.error().code, ErrorCode::invalid);
        QVERIFY(env.error().message.contains(u"a.env"_s));
    }
}

// ---- why

void tst_LocalApi::why_saysWhatANodeHasSaid()
{
    using config::Place;
    OriginFiles origins(m_host->disk, stateDirectory, "shop");
    const auto why = [&](Ask ask) {
        ask.verb = Verb::why;
        ask.service = u"shop"_s;
        return m_versions->why(ask, m_host->switcher(), origins);
    };
    QCOMPARE(why({}).error().code, ErrorCode::notFound); // nothing is applied
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    QCOMPARE(why({}).error().code, ErrorCode::notFound);
    const config::OriginList list{{{"_all", "v1"}, {"sh001", "v1"}},
                                  {{{Place::Kind::key, "core", "port"}, 1, true},
                                   {{Place::Kind::key, "hidden", "x"}, 0, false},
                                   {{Place::Kind::file, {}, "nginx.conf"}, 0, false},
                                   {{Place::Kind::output, {}, "app.json"}, 0, false}},
                                  {{"app.json", {"core"}}}};
    QVERIFY(origins.keep(firstVersion().root(), list));
    const QJsonObject port{{u"place"_s, u"core/port"_s}, {u"kind"_s, u"key"_s},
                           {u"layer"_s, u"sh001"_s},     {u"version"_s, u"v1"_s},
                           {u"final"_s, true},           {u"files"_s, QJsonArray{u"app.json"_s}},
                           {u"value"_s, u"80"_s}};
    const auto one = why({.key = u"core/port"_s});
    QVERIFY(one.has_value());
    QCOMPARE((*one)[u"version"_s].toString(), u"v1"_s);
    QCOMPARE((*one)[u"origins"_s].toArray(), QJsonArray{port});
    const auto hidden = why({.key = u"hidden/x"_s}); // no file shows it
    QVERIFY(hidden.has_value());
    QVERIFY(!(*hidden)[u"origins"_s].toArray().at(0).toObject().contains(u"value"_s));
    const auto file = why({.path = u"nginx.conf"_s});
    QVERIFY(file.has_value());
    QCOMPARE((*file)[u"origins"_s].toArray().at(0).toObject()[u"kind"_s].toString(), u"file"_s);
    QCOMPARE(why({})->value(u"origins"_s).toArray().size(), 4);
    QCOMPARE(why({.key = u"core/none"_s}).error().code, ErrorCode::notFound);
}

// ---- news

void tst_LocalApi::news_saysWhatChanged()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    QCOMPARE(m_host->apply(secondVersion()).state, Verdict::State::healthy);
    const QString first = QString::fromLatin1(firstVersion().root().hex());
    for (const Seen &seen : {Seen::fromText(first), Seen::fromText(u"v1"_s)}) {
        const auto news = m_versions->news(u"shop"_s, seen, m_host->switcher());
        QVERIFY(news.has_value());
        QCOMPARE((*news)[u"event"_s].toString(), u"applied"_s);
        QCOMPARE((*news)[u"version"_s].toString(), u"v2"_s);
        QCOMPARE((*news)[u"from"_s].toString(), first);
        const QStringList files{u"changed app.json"_s, u"removed nginx.conf"_s,
                                u"added other.conf"_s};
        QCOMPARE(namesOf((*news)[u"files"_s], u"path"_s), files);
        const QStringList keys{u"added a/b"_s, u"added core/more"_s, u"removed core/name"_s,
                               u"changed core/port"_s};
        QCOMPARE(namesOf((*news)[u"keys"_s], u"key"_s), keys);
    }
}

void tst_LocalApi::news_ofWhatIsNotKeptIsAll()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    const QStringList all{u"added core/name"_s, u"added core/port"_s};
    for (const QString &text : {QString(), u"v77"_s, QString(64, u'a')}) {
        const auto news = m_versions->news(u"shop"_s, Seen::fromText(text), m_host->switcher());
        QVERIFY(news.has_value());
        QVERIFY(!news->contains(u"from"_s));
        QCOMPARE(namesOf((*news)[u"keys"_s], u"key"_s), all);
    }
}

void tst_LocalApi::news_isNothingToWhoHasSeenIt()
{
    const auto news = [this](const QString &text) {
        return m_versions->news(u"shop"_s, Seen::fromText(text), m_host->switcher());
    };
    QVERIFY(!news({}).has_value());
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    QVERIFY(!news(u"v1"_s).has_value());
    QVERIFY(!news(QString::fromLatin1(firstVersion().root().hex())).has_value());
    QVERIFY(news(u"v2"_s).has_value());
}

void tst_LocalApi::news_isBounded()
{
    QByteArray text = "[core]\n";
    for (int i = 0; i < changesMax + 5; ++i)
        text += "key" + QByteArray::number(i) + " x\n";
    QCOMPARE(m_host->apply(versionOf("v1", {fileOf("a.conf", text)})).state,
             Verdict::State::healthy);
    const auto news = m_versions->news(u"shop"_s, {}, m_host->switcher());
    QCOMPARE((*news)[u"keys"_s].toArray().size(), changesMax);
    QVERIFY((*news)[u"more"_s].toBool());
    QVERIFY(writeAnswer(*news).size() < 200'000);
}

void tst_LocalApi::cache_isBoundedAndAnswersStayRight()
{
    QByteArray text = "[core]\nport 80\n";
    for (int i = 0; i < 30'000; ++i)
        text += "key" + QByteArray::number(i) + " xxxxxxxxxxxxxxxxxxxx\n";
    QCOMPARE(m_host->apply(versionOf("v1", {fileOf("a.conf", text)})).state,
             Verdict::State::healthy);
    const LocalValues values({{fileOf("a.conf", text)}});
    QVERIFY(values.bytes() > LocalVersions::cacheBytesMax / 2);
    for (const QString &service : {u"one"_s, u"two"_s, u"three"_s, u"one"_s}) {
        const auto port = answer({.verb = Verb::get, .service = service, .key = u"core/port"_s});
        QCOMPARE(port.value_or(QJsonObject{})[u"value"_s].toString(), u"80"_s);
    }
}

// ---- the socket

void tst_LocalApi::socket_answersAndRefuses_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("error"); // "" for an answer
    const auto row = [](const char *name, const QByteArray &line, const char *error) {
        QTest::newRow(name) << line << QString::fromLatin1(error);
    };
    row("value", R"({"ask":"get","service":"shop","key":"core/port"})", "");
    row("all", R"({"ask":"get","service":"shop"})", "");
    row("list", R"({"ask":"list","service":"shop"})", "");
    row("version", R"({"ask":"version","service":"shop"})", "");
    row("no service", R"({"ask":"get","key":"core/port"})", "service: say which one");
    row("no section", R"({"ask":"get","service":"shop","key":"port"})", "expected section/key");
    row("two slashes", R"({"ask":"get","service":"shop","key":"a/b/c"})", "expected section/key");
    row("no name", R"({"ask":"get","service":"shop","key":"a/"})", "expected section/key");
    row("long key", R"({"ask":"get","service":"shop","key":"a/)" + QByteArray(300, 'b') + "\"}",
        "expected section/key");
    row("key of another verb", R"({"ask":"list","service":"shop","key":"a/b"})", "key: only");
    row("number as key", R"({"ask":"get","service":"shop","key":7})", "key: expected a text");
    row("unknown member", R"({"ask":"get","service":"shop","keys":"a/b"})", "no such member");
    row("unknown verb", R"({"ask":"set","service":"shop"})", "cannot be asked");
    row("no JSON", "get shop core/port", "JSON object");
    row("array", "[]", "JSON object");
    row("zero byte", QByteArray("{\"ask\":\"get\0\"}", 14), "cannot be asked");
    row("watch of a stranger", R"({"ask":"watch","service":"none"})", "no such service");
    row("too long", R"({"ask":"get","service":")" + QByteArray(askBytesMax, 'x') + "\"}",
        "at most 65536 bytes");
}

void tst_LocalApi::socket_answersAndRefuses()
{
    QFETCH(QByteArray, line);
    QFETCH(QString, error);
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    Program program(path());
    program.say(line);
    QTRY_COMPARE(program.lines.size(), 1);
    const Result<QJsonObject> said = program.lines.first();
    QCOMPARE(said.has_value(), error.isEmpty());
    if (!said)
        QVERIFY2(said.error().message.contains(error), qPrintable(said.error().message));
    // Others are served, and who asked badly may ask again, unless his line had no end.
    Program other(path());
    other.ask({.verb = Verb::version, .service = u"shop"_s});
    QTRY_COMPARE(other.member(0, u"version"_s), u"v1"_s);
    if (line.size() > askBytesMax) {
        QTRY_VERIFY(!program.isConnected());
        return;
    }
    program.ask({.verb = Verb::version, .service = u"shop"_s});
    QTRY_COMPARE(program.member(1, u"version"_s), u"v1"_s);
}

void tst_LocalApi::watch_saysEachVersionOnce()
{
    Program program(path());
    program.ask({.verb = Verb::watch, .service = u"shop"_s});
    QTRY_COMPARE(program.lines.size(), 1); // Nothing is applied yet.
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    m_socket->tell(statusOf(u"shop"_s));
    m_socket->tell(statusOf(u"shop"_s));
    QTRY_COMPARE(program.lines.size(), 2);
    QCOMPARE(program.member(1, u"version"_s), u"v1"_s);
    QCOMPARE(m_host->apply(secondVersion()).state, Verdict::State::healthy);
    m_socket->tell(statusOf(u"cart"_s));
    m_socket->tell(statusOf(u"shop"_s));
    QTRY_COMPARE(program.lines.size(), 3);
    QCOMPARE(program.member(2, u"version"_s), u"v2"_s);
    QCOMPARE(program.member(2, u"from"_s), program.member(1, u"root"_s));
    program.ask({.verb = Verb::version, .service = u"shop"_s});
    QTRY_COMPARE(program.lines.size(), 4); // Answers go on, and nothing came twice.
    QCOMPARE(program.member(3, u"event"_s), QString());
}

void tst_LocalApi::watch_resumes()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    const QString root = QString::fromLatin1(firstVersion().root().hex());
    Program same(path());
    same.ask({.verb = Verb::watch, .service = u"shop"_s, .root = root});
    same.ask({.verb = Verb::version, .service = u"shop"_s});
    QTRY_COMPARE(same.lines.size(), 2);
    QCOMPARE(same.member(1, u"event"_s), QString());
    QCOMPARE(m_host->apply(secondVersion()).state, Verdict::State::healthy);
    Program late(path());
    late.ask({.verb = Verb::watch, .service = u"shop"_s, .root = root});
    QTRY_COMPARE(late.lines.size(), 2);
    QCOMPARE(late.member(1, u"version"_s), u"v2"_s);
    QCOMPARE(late.member(1, u"from"_s), root);
}

void tst_LocalApi::watch_oneHundredProgramsAreTold()
{
    QCOMPARE(m_host->apply(firstVersion()).state, Verdict::State::healthy);
    std::vector<std::unique_ptr<Program>> programs;
    for (int i = 0; i < 100; ++i) {
        programs.push_back(std::make_unique<Program>(path()));
        programs.back()->ask({.verb = Verb::watch, .service = u"shop"_s});
        QTRY_COMPARE(programs.back()->lines.size(), 2);
    }
    QCOMPARE(m_host->apply(secondVersion()).state, Verdict::State::healthy);
    m_socket->tell(statusOf(u"shop"_s));
    for (const auto &program : programs) {
        QTRY_COMPARE(program->lines.size(), 3);
        QCOMPARE(program->member(2, u"version"_s), u"v2"_s);
    }
}

/// Connects without Qt, so that nothing is read unless it is asked for.
static int connectTo(const QString &path)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const QByteArray name = path.toLocal8Bit();
    std::copy(name.begin(), name.end(), address.sun_path);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto *place = reinterpret_cast<const sockaddr *>(&address);
    return ::connect(socket, place, sizeof(address)) == 0 ? socket : -1;
}

void tst_LocalApi::watch_cutsOffWhoDoesNotRead()
{
    Program reader(path());
    reader.ask({.verb = Verb::watch});
    QTRY_COMPARE(reader.lines.size(), 1);
    const int sleeper = connectTo(path());
    QVERIFY(sleeper >= 0);
    const QByteArray ask = write(Ask{.verb = Verb::watch}) + '\n';
    QCOMPARE(::write(sleeper, ask.constData(), std::size_t(ask.size())), ask.size());
    static constexpr int events = 400;
    const ServiceStatus status = statusOf(u"shop"_s, QByteArray(10'000, 'x'));
    for (int i = 0; i < events; ++i) {
        m_socket->tell(status);
        QTRY_COMPARE(reader.lines.size(), i + 2); // Who reads is not disturbed.
    }
    qsizetype got = 0;
    QByteArray buffer(1 << 16, '\0');
    for (ssize_t n = 1; n > 0;) {
        n = ::read(sleeper, buffer.data(), std::size_t(buffer.size()));
        got += n > 0 ? n : 0;
    }
    ::close(sleeper);
    QVERIFY2(got < events * 10'000, qPrintable(QString::number(got)));
}

void tst_LocalApi::watch_ofAllSaysStatus()
{
    Program program(path());
    program.ask({.verb = Verb::watch});
    QTRY_COMPARE(program.lines.size(), 1);
    m_socket->tell(statusOf(u"shop"_s));
    QTRY_COMPARE(program.member(1, u"state"_s), u"healthy"_s);
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_LocalApi)
#include "tst_local_api.moc"
