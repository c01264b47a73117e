// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"

#include <QTest>

using namespace coffer;
using namespace coffer::client;

class TestEndpoint : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void good_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("url");
        QTest::newRow("host alone") << "db1"
                                    << "http://db1:7400";
        QTest::newRow("with port") << "127.0.0.1:80"
                                   << "http://127.0.0.1:80";
        QTest::newRow("spaces") << " a:1 "
                                << "http://a:1";
        QTest::newRow("v6") << "[::1]:7"
                            << "http://[::1]:7";
        QTest::newRow("tls") << "https://a.example"
                             << "https://a.example:7400";
        QTest::newRow("slash") << "http://a:1/"
                               << "http://a:1";
    }
    void good()
    {
        QFETCH(QString, text);
        QFETCH(QString, url);
        const Result<QUrl> parsed = parseEndpoint(text);
        QVERIFY2(parsed, parsed ? "" : qPrintable(parsed.error().message));
        QCOMPARE(parsed->toString(), url);
    }
    void bad_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("empty") << "";
        QTest::newRow("no host") << ":7400";
        QTest::newRow("port 0") << "a:0";
        QTest::newRow("port too large") << "a:65536";
        QTest::newRow("port is no number") << "a:b";
        QTest::newRow("scheme") << "ftp://a:1";
        QTest::newRow("path") << "http://a:1/rpc";
        QTest::newRow("user") << "http://u:p@a:1";
        QTest::newRow("query") << "a:1?x";
    }
    void bad()
    {
        QFETCH(QString, text);
        const Result<QUrl> parsed = parseEndpoint(text);
        QVERIFY(!parsed);
        QCOMPARE(parsed.error().code, ErrorCode::invalid);
    }
    void list_needsOne()
    {
        QCOMPARE(parseEndpoints(QStringLiteral("a:1,b:2"))->size(), 2u);
        QVERIFY(!parseEndpoints(QStringLiteral(",")));
        QVERIFY(!parseEndpoints(QStringLiteral("a:1,b:x")));
    }
};

QTEST_APPLESS_MAIN(TestEndpoint)
#include "tst_endpoint.moc"
