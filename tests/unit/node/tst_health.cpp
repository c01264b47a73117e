// SPDX-License-Identifier: Apache-2.0
#include "node/client_service.h"
#include "support/solo_node.h"

#include <QCoroTask>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSignalSpy>
#include <QTest>
#include <QWebSocket>

using namespace coffer;
using namespace Qt::StringLiterals;
using std::chrono::milliseconds;

/// Keeps what is logged, while there is one.
class LogCatcher
{
public:
    LogCatcher() : m_before(qInstallMessageHandler(&LogCatcher::note)) { all().clear(); }
    ~LogCatcher() { qInstallMessageHandler(m_before); }
    Q_DISABLE_COPY_MOVE(LogCatcher)

    [[nodiscard]] const QStringList &lines() const { return all(); }

private:
    static QStringList &all()
    {
        static QStringList lines;
        return lines;
    }
    static void note(QtMsgType, const QMessageLogContext &, const QString &text) { all() += text; }

    QtMessageHandler m_before;
};

/// A node whose disk becomes full, as those outside see it.
class TestHealth : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_node = std::make_unique<test::SoloNode>();
        QVERIFY(m_node->waitUntilServing());
    }
    void cleanup()
    {
        m_service.reset();
        m_node.reset();
    }

    void fullDisk_isLoggedOnceAndItsEndToo()
    {
        int calls = 0;
        QString why;
        node::Health health(
            m_node->host(),
            {.lookEvery = milliseconds(5), .logAfter = milliseconds(15), .lostAfter = {}},
            [&](const QString &text) {
                ++calls;
                why = text;
            });
        QCOMPARE(health.trouble(), QString());
        const LogCatcher log;
        fill();
        QTRY_VERIFY(health.trouble().contains(u"disk"_s));
        QTRY_VERIFY(calls > 20); // Long after logAfter.
        QVERIFY(why.contains(u"disk"_s));
        QCOMPARE(log.lines().size(), 1);
        QVERIFY(log.lines()[0].contains(u"the disk of this node is full for "_s));
        m_node->disk().setCapacity({});
        QTRY_VERIFY(log.lines().last().contains(u"this node serves again, after "_s));
        QVERIFY(health.trouble().isEmpty());
    }
    void fullDisk_sendsWebSocketsAwayWithAReason()
    {
        serve({.lookEvery = milliseconds(5),
               .logAfter = milliseconds(60'000),
               .lostAfter = milliseconds(20)});
        QWebSocket early;
        QSignalSpy isEarlyGone(&early, &QWebSocket::disconnected);
        early.open(m_url);
        QTRY_COMPARE(early.state(), QAbstractSocket::ConnectedState);
        QCOMPARE(readiness(), 200);
        QVERIFY(isEarlyGone.isEmpty());
        fill();
        QTRY_COMPARE(isEarlyGone.size(), 1);
        QCOMPARE(early.closeCode(), QWebSocketProtocol::CloseCodeGoingAway);
        QVERIFY2(early.closeReason().contains(u"disk of this node is full"_s),
                 qPrintable(early.closeReason()));
        QCOMPARE(readiness(), 503);
        // People still get in to look what is wrong, for a while.
        QWebSocket late;
        QSignalSpy wasConnected(&late, &QWebSocket::connected);
        QSignalSpy isLateGone(&late, &QWebSocket::disconnected);
        late.open(m_url);
        QTRY_COMPARE(wasConnected.size(), 1);
        QTRY_COMPARE(isLateGone.size(), 1);
        m_node->disk().setCapacity({});
        QTRY_COMPARE(readiness(), 200);
    }

private:
    void serve(const node::HealthOptions &health)
    {
        node::ClientServiceOptions options;
        options.listen = u"127.0.0.1:0"_s;
        options.health = health;
        m_service = std::make_unique<node::ClientService>(options);
        const Result<QString> place = m_service->start(m_node->host());
        QVERIFY2(place, place ? "" : qPrintable(place.error().message));
        m_url = QUrl(u"ws://127.0.0.1:%1/rpc"_s.arg(m_service->port()));
    }
    /// From now on nothing finds space, and something looks for it.
    void fill()
    {
        m_node->disk().setCapacity(0);
        m_node->host().engine().submit(
            store::encode(store::Command{{}, store::OpenSession{1, std::chrono::seconds(60)}}),
            [](const Result<engine::Answer> &) {});
        m_node->host().requestFlush();
    }
    int readiness()
    {
        QNetworkRequest request(QUrl(u"http://127.0.0.1:%1/readyz"_s.arg(m_service->port())));
        const std::unique_ptr<QNetworkReply> reply(m_http.get(request));
        (void)QTest::qWaitFor([&reply] { return reply->isFinished(); }, 10'000);
        return reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    }

    std::unique_ptr<test::SoloNode> m_node;
    std::unique_ptr<node::ClientService> m_service;
    QNetworkAccessManager m_http;
    QUrl m_url;
};

QTEST_GUILESS_MAIN(TestHealth)
#include "tst_health.moc"
