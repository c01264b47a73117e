// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"
#include "client/remote_store.h"
#include "node/client_service.h"
#include "support/solo_node.h"

#include <QCoroTask>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTest>

using namespace coffer;
using namespace Qt::StringLiterals;

/// A node's front door on a real port, by the client library and by HTTP.
class TestClientService : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_node.waitUntilServing());
        const Result<QString> place = m_service.start(m_node.host());
        QVERIFY2(place, place ? "" : qPrintable(place.error().message));
        m_url = QUrl(*place);
        QVERIFY(m_service.port() != 0);
    }

    void client_writesReadsAndWatches()
    {
        client::Options options;
        options.nodes = {*client::parseEndpoint(m_url.toString())};
        client::Client client(options);
        client::RemoteStore store(client);
        const auto watch = store.watch({*store::Glob::parse("/ws/?"), {}});
        auto next = watch->next();
        QTRY_COMPARE(m_node.host().watches()->size(), 1u);
        QVERIFY(QCoro::waitFor(store.put("/ws/a", QByteArray(300'000, '\xfe'))));
        const auto file = QCoro::waitFor(store.get("/ws/a"));
        QCOMPARE((*file)->value.size(), 300'000);
        const auto answer = QCoro::waitFor(std::move(next));
        QVERIFY(answer);
        QCOMPARE(std::get<store::WatchBatch>(*answer).events.front().path, "/ws/a");
        QVERIFY(QCoro::waitFor(store.finish()));
    }

    void rest_valuesAreBytesAndRevisionsAreTags()
    {
        auto put = send("PUT", "/v1/store/rest/a", "one");
        QCOMPARE(status(*put), 200);
        const QByteArray tag = put->rawHeader("ETag");
        QVERIFY(tag.size() > 2);
        const auto get = send("GET", "/v1/store/rest/a");
        QCOMPARE(status(*get), 200);
        QCOMPARE(get->readAll(), "one");
        QCOMPARE(get->rawHeader("ETag"), tag);
        const auto same = send("GET", "/v1/store/rest/a", {}, {{"If-None-Match", tag}});
        QCOMPARE(status(*same), 304);
        const QByteArray weak = "\"1\", W/" + tag;
        QCOMPARE(status(*send("GET", "/v1/store/rest/a", {}, {{"If-None-Match", weak}})), 304);
        for (const QByteArray &match : {tag, "\"1\", " + tag, QByteArray("*")}) {
            QCOMPARE(status(*send("GET", "/v1/store/rest/a", {}, {{"If-Match", match}})), 200);
        }
        for (const QByteArray &match : {QByteArray("\"1\""), "W/" + tag, QByteArray("x")}) {
            const auto other = send("GET", "/v1/store/rest/a", {}, {{"If-Match", match}});
            QCOMPARE(status(*other), 412);
            QVERIFY(other->readAll().contains("If-Match"));
        }
        QCOMPARE(status(*send("PUT", "/v1/store/rest/a", "x", {{"If-Match", "\"1\""}})), 412);
        QCOMPARE(status(*send("PUT", "/v1/store/rest/a", "x", {{"If-None-Match", "*"}})), 412);
        QCOMPARE(status(*send("PUT", "/v1/store/rest/a", "two", {{"If-Match", tag}})), 200);
        const QByteArray old = tag.mid(1, tag.size() - 2);
        QCOMPARE(send("GET", "/v1/store/rest/a?revision=" + old)->readAll(), "one");
        QCOMPARE(send("GET", "/v1/store/rest/a")->readAll(), "two");
        const QByteArray listed = send("GET", "/v1/store/rest?list&detail=keys")->readAll();
        QVERIFY2(listed.contains("\"path\":\"/rest/a\""), listed.constData());
        const auto removed = send("DELETE", "/v1/store/rest/a");
        QCOMPARE(status(*removed), 200);
        QVERIFY(!removed->hasRawHeader("ETag"));
        QCOMPARE(status(*send("GET", "/v1/store/rest/a")), 404);
    }
    void rest_faultsAreNamed_data()
    {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<int>("expected");
        QTest::newRow("bad path") << QByteArray("PUT") << QByteArray("/v1/store/a//b") << 400;
        QTest::newRow("bad revision")
            << QByteArray("GET") << QByteArray("/v1/store/a?revision=x") << 400;
        QTest::newRow("condition in the query")
            << QByteArray("PUT") << QByteArray("/v1/store/a?expected=3") << 400;
        QTest::newRow("misspelt question")
            << QByteArray("GET") << QByteArray("/v1/store/a?revison=1") << 400;
        QTest::newRow("misspelt tree")
            << QByteArray("DELETE") << QByteArray("/v1/store/a?Tree") << 400;
        QTest::newRow("bad mode") << QByteArray("GET") << QByteArray("/v1/store/a?mode=x") << 400;
        QTest::newRow("future") << QByteArray("GET") << QByteArray("/v1/store/a?revision=999999")
                                << 404;
        QTest::newRow("method") << QByteArray("POST") << QByteArray("/v1/store/a") << 405;
        QTest::newRow("the root is no file")
            << QByteArray("PUT") << QByteArray("/v1/store/") << 400;
    }
    void rest_faultsAreNamed()
    {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, path);
        QFETCH(int, expected);
        const auto reply = send(method, path, "x");
        QCOMPARE(status(*reply), expected);
        QVERIFY(reply->readAll().contains("\"error\""));
    }
    void host_thatABrowserWasToldIsRefused()
    {
        const auto reply = send("GET", "/v1/store/rest/a", {}, {{"Host", "evil.example"}});
        QCOMPARE(status(*reply), 403);
        const QByteArray why = reply->readAll();
        QVERIFY2(why.contains("--host-names"), why.constData());
        const QByteArray own = QSysInfo::machineHostName().toLatin1();
        QCOMPARE(status(*send("GET", "/healthz", {}, {{"Host", own}})), 200);
    }
    void readiness_isSaid()
    {
        QCOMPARE(status(*send("GET", "/healthz")), 200);
        QCOMPARE(status(*send("GET", "/readyz")), 200);
    }
    void port_thatIsTakenIsSaid()
    {
        node::ClientService second(u"127.0.0.1:%1"_s.arg(m_service.port()));
        const Result<QString> place = second.start(m_node.host());
        QVERIFY(!place);
        QVERIFY2(place.error().message.contains(u"--listen"), qPrintable(place.error().message));
        node::ClientService nowhere(u"no.such.address:1"_s);
        QVERIFY(!nowhere.start(m_node.host()));
    }
    void cleanupTestCase()
    {
        bool isStopped = false;
        m_service.stop([&isStopped] { isStopped = true; });
        QTRY_VERIFY(isStopped);
    }

private:
    using Headers = QList<std::pair<QByteArray, QByteArray>>;

    std::unique_ptr<QNetworkReply> send(const QByteArray &method, const QByteArray &path,
                                        const QByteArray &body = {}, const Headers &headers = {})
    {
        QNetworkRequest request(QUrl::fromEncoded(m_url.toEncoded() + path));
        request.setHeader(QNetworkRequest::ContentTypeHeader, "application/octet-stream");
        for (const auto &[name, value] : headers)
            request.setRawHeader(name, value);
        std::unique_ptr<QNetworkReply> reply(m_http.sendCustomRequest(request, method, body));
        (void)QTest::qWaitFor([&reply] { return reply->isFinished(); }, 10'000);
        return reply;
    }
    static int status(const QNetworkReply &reply)
    {
        return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    }

    test::SoloNode m_node;
    node::ClientService m_service{u"127.0.0.1:0"_s};
    QNetworkAccessManager m_http;
    QUrl m_url;
};

QTEST_GUILESS_MAIN(TestClientService)
#include "tst_client_service.moc"
