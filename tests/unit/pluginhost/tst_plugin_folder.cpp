// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_folder.h"
#include "unit/pluginhost/host_stage.h"

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::pluginhost;
using namespace Qt::StringLiterals;

/// Real libraries of a folder: fixtures/fixtures.h.
class TestPluginFolder : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_store = std::make_unique<StoreStage>();
        QVERIFY(m_store->node.waitUntilServing());
        m_stage = std::make_unique<HostStage>(*m_store);
        addFolder(*m_stage->host, QStringLiteral(COFFER_LIBRARIES));
        QVERIFY(m_stage->start());
    }
    void cleanup()
    {
        m_stage.reset();
        m_store.reset();
    }

    void good_isStartedAndServes()
    {
        const PluginReport report = m_stage->report(u"greeter"_s);
        QCOMPARE(report.state, PluginState::started);
        QCOMPARE(report.spec.version, u"1.0.0"_s);
        QCOMPARE(report.spec.summary, u"Says \"hello\"."_s);
        const rpc::Outcome outcome = m_stage->call(u"greeter.hello"_s, {{u"name"_s, u"you"_s}});
        QVERIFY(outcome);
        QCOMPARE(outcome->toMap().value(u"text"_s).toString(), u"Hello, you"_s);
        QCOMPARE(outcome->toMap().value(u"length"_s).toInteger(), 3);
        QVERIFY(m_stage->host->metrics().contains("coffer_plugin_greeter_greetings_total 1\n"));
    }
    void needs_areStartedBeforeAndCanBeCalled()
    {
        QCOMPARE(m_stage->state(u"polite"_s), PluginState::started);
        const rpc::Outcome outcome = m_stage->call(u"polite.hello"_s);
        QVERIFY(outcome);
        QCOMPARE(outcome->toMap().value(u"text"_s).toString(), u"Hello, Sir"_s);
    }
    void route_isAMethodInAnotherForm()
    {
        net::HttpRequest request;
        request.method = "GET";
        request.path = "/v1/greeter";
        request.query = "name=a%20b";
        const auto match = m_stage->router.match(request, false);
        QVERIFY(match.handler != nullptr);
        std::optional<net::HttpResponse> response;
        (*match.handler)(request).then([&](const net::HttpResponse &got) { response = got; });
        QVERIFY(m_stage->waitFor([&] { return response.has_value(); }));
        QCOMPARE(response->status, 200);
        QVERIFY2(response->body.contains("Hello, a b"), response->body.constData());
    }

    void stranger_isRefusedBeforeItIsLoaded()
    {
        const PluginReport report = m_stage->report(u"stranger"_s);
        QCOMPARE(report.state, PluginState::refused);
        QVERIFY2(report.reason.contains(u"rebuild against Coffer"_s), qPrintable(report.reason));
        QVERIFY(report.reason.contains(u"Coffer 0.0.1, GNU 9, Qt 5.15"_s));
        QVERIFY(!qEnvironmentVariableIsSet("COFFER_TEST_LOUD_LIBRARY"));
    }
    void unresolved_saysWhy_data()
    {
        QTest::addColumn<QString>("plugin");
        QTest::addColumn<QString>("why");
        QTest::newRow("missing need") << u"lonely"_s << u"needs 'nobody', which is not there"_s;
        QTest::newRow("circle") << u"circlea"_s << u"circlea needs circleb needs circlea"_s;
        QTest::newRow("other side of the circle")
            << u"circleb"_s << u"circlea needs circleb needs circlea"_s;
    }
    void unresolved_saysWhy()
    {
        QFETCH(QString, plugin);
        QFETCH(QString, why);
        const PluginReport report = m_stage->report(plugin);
        QCOMPARE(report.state, PluginState::refused);
        QVERIFY2(report.reason.contains(why), qPrintable(report.reason));
    }
    void failing_takesDownOnlyThoseThatNeedIt()
    {
        const PluginReport failing = m_stage->report(u"failing"_s);
        QCOMPARE(failing.state, PluginState::failed);
        QCOMPARE(failing.reason, u"the moon is not full"_s);
        const PluginReport after = m_stage->report(u"afterfailing"_s);
        QCOMPARE(after.state, PluginState::waiting);
        QVERIFY2(after.reason.contains(u"needs 'failing', which is failed"_s),
                 qPrintable(after.reason));
    }
    void throwing_isFailedAndNothingOfItIsLeft()
    {
        const PluginReport report = m_stage->report(u"throwing"_s);
        QCOMPARE(report.state, PluginState::failed);
        QVERIFY2(report.reason.contains(u"thrown on purpose"_s), qPrintable(report.reason));
        QVERIFY(!m_stage->registry.find(u"throwing.it"_s));
    }

    void handler_thatThrowsIsInternal()
    {
        const rpc::Outcome outcome = m_stage->call(u"rude.throw"_s);
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::internal);
        QVERIFY(m_stage->call(u"greeter.hello"_s));
    }
    void handler_thatBlocksIsNamedInTheLog()
    {
        QTest::ignoreMessage(
            QtWarningMsg,
            QRegularExpression(u"plugin rude blocked the node for \\d+ ms in .*offload"_s));
        QVERIFY(m_stage->call(u"rude.block"_s, {{u"ms"_s, 60}}));
    }
    void disabled_takesItsDependentsAlong()
    {
        bool isDone = false;
        m_stage->host->setEnabled(u"greeter"_s, false).then([&](const Result<void> &done) {
            isDone = done.has_value();
        });
        QVERIFY(m_stage->waitFor([&] { return isDone; }));
        QCOMPARE(m_stage->state(u"greeter"_s), PluginState::disabled);
        QCOMPARE(m_stage->state(u"polite"_s), PluginState::waiting);
        QVERIFY(!m_stage->registry.find(u"greeter.hello"_s));
        net::HttpRequest request;
        request.method = "GET";
        request.path = "/v1/greeter";
        QVERIFY(m_stage->router.match(request, false).refusal.has_value());
        isDone = false;
        m_stage->host->setEnabled(u"greeter"_s, true).then([&](const Result<void> &done) {
            isDone = done.has_value();
        });
        QVERIFY(m_stage->waitFor([&] { return isDone; }));
        QCOMPARE(m_stage->state(u"polite"_s), PluginState::started);
        QVERIFY(m_stage->call(u"polite.hello"_s));
    }
    void otherFiles_areShownOrPassedOver()
    {
        QTemporaryDir folder;
        for (const auto &[name, bytes] :
             {std::pair("broken.so", "no library at all"), std::pair("notes.txt", "hello")}) {
            QFile file(folder.filePath(QLatin1String(name)));
            QVERIFY(file.open(QIODevice::WriteOnly));
            file.write(bytes);
        }
        HostStage stage(*m_store);
        addFolder(*stage.host, folder.path());
        addFolder(*stage.host, folder.filePath(u"missing"_s));
        QVERIFY(stage.start());
        QCOMPARE(stage.host->report().size(), 1u);
        QCOMPARE(stage.state(u"broken"_s), PluginState::refused);
        QCOMPARE(stage.report(u"broken"_s).reason, u"it is no plugin of Coffer"_s);
    }
    void settings_areDescribedWithoutRunningAnything()
    {
        const QString text = describeSettings(QStringLiteral(COFFER_LIBRARIES));
        QVERIFY2(text.contains(u"[plugins.greeter]\n  greeting = TEXT\n      What it says"_s),
                 qPrintable(text));
        QVERIFY(!text.contains(u"polite"_s)); // has none
        QCOMPARE(describeSettings(u"/nowhere"_s), QString());
    }

private:
    std::unique_ptr<StoreStage> m_store;
    std::unique_ptr<HostStage> m_stage;
};

QTEST_GUILESS_MAIN(TestPluginFolder)
#include "tst_plugin_folder.moc"
