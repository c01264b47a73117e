// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"
#include "rpc/spawn.h"
#include "testkit/main.h"
#include "testkit/virtual_loop.h"
#include "unit/goconf/goconf_stage.h"

#include <QJsonDocument>

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// GET /v1/config/SERVICE/IDC on three nodes.
class tst_goconf_rest : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void get_rendersFormatsAndFiles();
    void get_refusesWhatIsNotThere_data();
    void get_refusesWhatIsNotThere();
    void get_refusesAnotherTagThanIfMatchHas();
    void tag_isKnownAgain_data();
    void tag_isKnownAgain();
    void tag_ofAFormatIsOfAllKeysThatOfAFileOfWhatHostsGet();
    void host_getsWhatItTries();
    void keys_thatAreGoneEndNoList();
    void wait_returnsUponARelease();
    void wait_endsUnchangedAtItsTime();

private:
    [[nodiscard]] HttpAnswer get(const QByteArray &query, const QByteArray &known = {});
    /// Moves the pointer of sh001 after a while, as a release would.
    void moveLater(std::chrono::milliseconds delay, const QByteArray &pointer);
    [[nodiscard]] Monotonic now() { return cluster().clock().monotonic(); }
};

static pluginapi::Task<void> put(pluginapi::Store &store, QByteArray path, QByteArray value)
{
    (void)co_await store.put(path, value);
}

void tst_goconf_rest::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

HttpAnswer tst_goconf_rest::get(const QByteArray &query, const QByteArray &known)
{
    std::map<QByteArray, QByteArray> headers;
    if (!known.isEmpty())
        headers.emplace("If-None-Match", known);
    return cluster().request(3, "GET", "/v1/config/shop/sh001?" + query, {}, headers);
}

void tst_goconf_rest::moveLater(std::chrono::milliseconds delay, const QByteArray &pointer)
{
    VirtualLoop::instance().after(delay, [this, pointer] {
        spawn(put(cluster().store(2), goconf::pointerPath("shop", "sh001"), pointer), "test");
    });
}

void tst_goconf_rest::get_rendersFormatsAndFiles()
{
    const HttpAnswer json = get("format=json");
    QCOMPARE(json.status, 200);
    QCOMPARE(QJsonDocument::fromJson(json.body)[u"core"_s][u"timeout"_s].toString(), u"2s"_s);
    QCOMPARE(json.headers.at("coffer-version"), QByteArray("v1"));
    QVERIFY(get("output=shop.conf").body.contains("timeout 2s"));
}

void tst_goconf_rest::get_refusesWhatIsNotThere_data()
{
    QTest::addColumn<QByteArray>("target");
    QTest::addColumn<int>("status");
    QTest::newRow("no service") << QByteArray("/v1/config/none/sh001") << 404;
    QTest::newRow("no output") << QByteArray("/v1/config/shop/sh001?output=x") << 404;
    QTest::newRow("no IDC named") << QByteArray("/v1/config/shop") << 400;
    QTest::newRow("no name") << QByteArray("/v1/config/shop/..") << 400;
    QTest::newRow("no format") << QByteArray("/v1/config/shop/sh001?format=xml") << 400;
    QTest::newRow("no tag") << QByteArray("/v1/config/shop/sh001?wait=forever") << 400;
    QTest::newRow("a large tag") << QByteArray("/v1/config/shop/sh001?wait=" + QByteArray(65, 'a'))
                                 << 400;
}

void tst_goconf_rest::get_refusesWhatIsNotThere()
{
    QFETCH(QByteArray, target);
    QFETCH(int, status);
    QCOMPARE(cluster().request(1, "GET", target).status, status);
}

void tst_goconf_rest::get_refusesAnotherTagThanIfMatchHas()
{
    const QByteArray tag = get("format=env").headers.at("etag");
    const auto matching = [this](const QByteArray &match) {
        return cluster()
            .request(3, "GET", "/v1/config/shop/sh001?format=env", {}, {{"If-Match", match}})
            .status;
    };
    QCOMPARE(matching(tag), 200);
    QCOMPARE(matching("*"), 200);
    QCOMPARE(matching("\"x\""), 412);
}

void tst_goconf_rest::tag_isKnownAgain_data()
{
    QTest::addColumn<QByteArray>("query");
    QTest::newRow("format") << QByteArray("format=env");
    QTest::newRow("file") << QByteArray("output=shop.conf");
}

void tst_goconf_rest::tag_isKnownAgain()
{
    QFETCH(QByteArray, query);
    const QByteArray tag = get(query).headers.at("etag");
    QCOMPARE(tag.size(), 66);
    for (const QByteArray &known : {tag, "W/" + tag, R"("x", )" + tag, QByteArray("*")}) {
        const HttpAnswer same = get(query, known);
        QCOMPARE(same.status, 304);
        QVERIFY(same.body.isEmpty());
        QCOMPARE(same.headers.at("etag"), tag);
    }
    QCOMPARE(get(query, R"("x")").status, 200);
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"other"_s));
    const HttpAnswer other = get(query, tag);
    QCOMPARE(other.status, 200);
    QVERIFY(other.headers.at("etag") != tag);
}

void tst_goconf_rest::tag_ofAFormatIsOfAllKeysThatOfAFileOfWhatHostsGet()
{
    const QCborMap core{{u"op"_s, u"output"_s},
                        {u"path"_s, u"shop.conf"_s},
                        {u"format"_s, u"goconf"_s},
                        {u"sections"_s, QCborArray{u"core"_s}}};
    DONE(edit({core}));
    DONE(publish(u"one section"_s));
    const QByteArray file = get("output=shop.conf").headers.at("etag");
    const QByteArray json = get("format=json").headers.at("etag");
    DONE(edit({QCborMap{{u"op"_s, u"set"_s},
                        {u"section"_s, u"elsewhere"_s},
                        {u"key"_s, u"a"_s},
                        {u"value"_s, u"1"_s}}}));
    DONE(publish(u"what no file shows"_s));
    QCOMPARE(get("output=shop.conf", file).status, 304);
    QCOMPARE(get("format=json", json).status, 200);
}

void tst_goconf_rest::host_getsWhatItTries()
{
    QVERIFY(addHosts(2, "sh001"));
    DONE(set(u"timeout"_s, u"7s"_s));
    DONE(publish(u"try"_s, {{u"canary"_s, QCborArray{u"web-sh0010"_s}}}));
    QVERIFY(get("output=shop.conf&host=web-sh0010").body.contains("timeout 7s"));
    QVERIFY(!get("output=shop.conf&host=web-sh0011").body.contains("timeout 7s"));
    QVERIFY(!get("output=shop.conf").body.contains("timeout 7s"));
    QVERIFY(get("output=shop.conf&host=web-sh0010").headers.at("etag")
            != get("output=shop.conf&host=web-sh0011").headers.at("etag"));
}

/// Whoever reads page by page is not told that this was all.
void tst_goconf_rest::keys_thatAreGoneEndNoList()
{
    const QCborMap gone{{u"service"_s, u"shop"_s}, {u"after"_s, u"core/was-here"_s}};
    FAILS(call(u"get"_s, gone), rpc::Code::conflict);
}

void tst_goconf_rest::wait_returnsUponARelease()
{
    const QByteArray first = stored(goconf::pointerPath("shop", "sh001"));
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"second"_s));
    const QByteArray tag = get("output=shop.conf").headers.at("etag").mid(1, 64);
    moveLater(3s, first);
    const Monotonic before = now();
    const HttpAnswer moved = get("output=shop.conf&wait=" + tag);
    QCOMPARE(moved.status, 200);
    QVERIFY(moved.body.contains("timeout 2s"));
    QVERIFY(now() - before >= 3s);
    QVERIFY(now() - before < 3500ms); // it is told, and does not look
    const Monotonic then = now();
    QCOMPARE(get("output=shop.conf&wait=" + tag).status, 200); // it is another already
    QVERIFY(now() - then < 1s);
}

void tst_goconf_rest::wait_endsUnchangedAtItsTime()
{
    const QByteArray same = stored(goconf::pointerPath("shop", "sh001"));
    const QByteArray tag = get("format=json").headers.at("etag");
    moveLater(7s, same); // to the same version: no news
    const Monotonic before = now();
    const HttpAnswer unchanged = get("format=json&wait=" + tag.mid(1, 64));
    QCOMPARE(unchanged.status, 304);
    QCOMPARE(unchanged.headers.at("etag"), tag);
    QVERIFY(now() - before >= 50s);
    QVERIFY(now() - before < 51s);
}

COFFER_TEST_MAIN(tst_goconf_rest)
#include "tst_goconf_rest.moc"
