// SPDX-License-Identifier: Apache-2.0
#include "hello/hello_plugin.h"

#include <testkit/cluster.h>
#include <testkit/main.h>

using namespace coffer;

class tst_hello : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void greetings_areCountedOverAllNodes();
};

void tst_hello::greetings_areCountedOverAllNodes()
{
    testkit::Cluster cluster;
    cluster.addPlugin<hello::HelloPlugin>(QStringLiteral(COFFER_PLUGIN_JSON));
    const Result<void> started = cluster.start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
    const auto greet = [&cluster](int node) {
        const rpc::Outcome outcome = cluster.call(
            node, QStringLiteral("hello.greet"), {{QStringLiteral("name"), QStringLiteral("you")}});
        return outcome ? outcome->toMap().value(QStringLiteral("count")).toInteger() : -1;
    };
    for (int node = 1; node <= 3; ++node)
        QCOMPARE(greet(node), qint64(node));
    const int killed = *cluster.leader();
    cluster.kill(killed);
    QVERIFY(cluster.runUntil([&] { return cluster.leader().has_value(); }));
    QCOMPARE(greet(killed % 3 + 1), qint64(4));
}

COFFER_TEST_MAIN(tst_hello)
#include "tst_hello.moc"
