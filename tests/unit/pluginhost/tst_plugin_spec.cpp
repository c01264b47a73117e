// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_metrics.h"
#include "pluginhost/plugin_order.h"
#include "pluginhost/plugin_spec.h"
#include "pluginhost/plugin_wish.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QTest>

using namespace coffer;
using namespace coffer::pluginhost;
using namespace Qt::StringLiterals;

/// What plugins and operators say, before anything runs.
class TestPluginSpec : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void spec_isRead()
    {
        const auto spec = PluginSpec::parse(parsed(
            R"({"name":"a1","version":"2.0","summary":"S","needs":["b"],"provides":["c","d"],)"
            R"("fingerprint":"F","settings":{"type":"object"}})"));
        QVERIFY2(spec, spec ? "" : qPrintable(spec.error().message));
        QCOMPARE(spec->name, u"a1"_s);
        QCOMPARE(spec->version, u"2.0"_s);
        QCOMPARE(spec->needs, QStringList{u"b"_s});
        QCOMPARE(spec->names(), (QStringList{u"a1"_s, u"c"_s, u"d"_s}));
        QCOMPARE(spec->settings, R"({"type":"object"})");
        QVERIFY(!checkFingerprint(*spec));
    }
    void spec_faultsAreNamed_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QString>("words");
        const auto row = [](const char *name, const char *json, const QString &words) {
            QTest::newRow(name) << QByteArray(json) << words;
        };
        row("nothing", "{}", u"name: "_s);
        row("capital", R"({"name":"Big"})", u"'Big' is no name"_s);
        row("too long", R"({"name":"abcdefghijklmnopqrstuvwxyz0123456"})", u"at most 32"_s);
        row("of the node", R"({"name":"store"})", u"'store' is a name of the node itself"_s);
        row("provided of the node", R"({"name":"a","provides":["rpc"]})", u"'rpc' is a name"_s);
        row("unknown member", R"({"name":"a","colour":1})", u"colour: there is no such member"_s);
        row("needs no list", R"({"name":"a","needs":"b"})", u"needs: expected an array"_s);
        row("version no text", R"({"name":"a","version":1})", u"version: expected a text"_s);
        row("settings no object", R"({"name":"a","settings":[]})", u"settings: "_s);
        row("settings no schema", R"({"name":"a","settings":{"typ":1}})", u"settings: "_s);
    }
    void spec_faultsAreNamed()
    {
        QFETCH(QByteArray, json);
        QFETCH(QString, words);
        const auto spec = PluginSpec::parse(parsed(json));
        QVERIFY(!spec);
        QCOMPARE(spec.error().code, ErrorCode::invalid);
        QVERIFY2(spec.error().message.contains(words), qPrintable(spec.error().message));
    }

    void order_needsComeFirst()
    {
        const PluginOrder found =
            orderOf({spec(u"c"_s, {u"b"_s}), spec(u"b"_s, {u"x"_s}), spec(u"a"_s, {}, {u"x"_s})});
        QCOMPARE(found.order, (std::vector<std::size_t>{2, 1, 0}));
        QVERIFY(found.faults.empty());
        QCOMPARE(found.needs.at(0), std::vector<std::size_t>{1});
        QCOMPARE(found.needs.at(1), std::vector<std::size_t>{2});
    }
    void order_circleFailsThoseWhoNeedIt()
    {
        const PluginOrder found =
            orderOf({spec(u"outside"_s, {u"a"_s}), spec(u"a"_s, {u"b"_s}), spec(u"b"_s, {u"a"_s}),
                     spec(u"self"_s, {u"self"_s}), spec(u"fine"_s)});
        QCOMPARE(found.order, std::vector<std::size_t>{4});
        QCOMPARE(found.faults.size(), 4u);
        QCOMPARE(found.faults.at(0), u"it needs 'a', which cannot run"_s);
        QCOMPARE(found.faults.at(1), u"it needs itself: a needs b needs a"_s);
        QCOMPARE(found.faults.at(3), u"it needs itself: self needs self"_s);
    }
    void order_namesAreTakenOnce()
    {
        const PluginOrder found = orderOf({spec(u"a"_s), spec(u"a"_s), spec(u"b"_s, {}, {u"a"_s})});
        QCOMPARE(found.order, std::vector<std::size_t>{0});
        QVERIFY(found.faults.at(1).contains(u"'a' is the name of another plugin"_s));
        QVERIFY(found.faults.contains(2));
    }

    void wish_roundTrips()
    {
        PluginWish wish;
        QCOMPARE(*PluginWish::parse(wish.toJson()), wish);
        wish.isEnabled = false;
        wish.settings = {{u"a"_s, 1}, {u"b"_s, u"x"_s}};
        QCOMPARE(*PluginWish::parse(wish.toJson()), wish);
        QCOMPARE(*PluginWish::parse("{}"), PluginWish());
    }
    void wish_faultsAreRefused_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("list") << QByteArray("[]");
        QTest::newRow("unknown member") << QByteArray(R"({"enable":true})");
        QTest::newRow("enabled no bool") << QByteArray(R"({"enabled":1})");
        QTest::newRow("settings no object") << QByteArray(R"({"settings":1})");
        QTest::newRow("deep") << QByteArray(R"({"settings":)") + QByteArray(1'000, '[');
        QTest::newRow("large") << QByteArray("{}") + QByteArray(PluginWish::bytesMax, ' ');
    }
    void wish_faultsAreRefused()
    {
        QFETCH(QByteArray, json);
        QVERIFY(!PluginWish::parse(json));
    }

    void metrics_areTextOfPrometheus()
    {
        PluginMetrics metrics(u"a"_s);
        metrics.counter("calls_total", "Calls.", {{"kind", "x\"y"}}).add();
        metrics.counter("calls_total", "Calls.", {{"kind", "x\"y"}}).add(2);
        metrics.gauge("level", "Level.").set(1.5);
        metrics.histogram("seconds", "Time.", {0.1, 1}).observe(0.5);
        QCOMPARE(metrics.text(), "# HELP coffer_plugin_a_calls_total Calls.\n"
                                 "# TYPE coffer_plugin_a_calls_total counter\n"
                                 "coffer_plugin_a_calls_total{kind=\"x\\\"y\"} 3\n"
                                 "# HELP coffer_plugin_a_level Level.\n"
                                 "# TYPE coffer_plugin_a_level gauge\n"
                                 "coffer_plugin_a_level 1.5\n"
                                 "# HELP coffer_plugin_a_seconds Time.\n"
                                 "# TYPE coffer_plugin_a_seconds histogram\n"
                                 "coffer_plugin_a_seconds_bucket{le=\"0.1\"} 0\n"
                                 "coffer_plugin_a_seconds_bucket{le=\"1\"} 1\n"
                                 "coffer_plugin_a_seconds_bucket{le=\"+Inf\"} 1\n"
                                 "coffer_plugin_a_seconds_sum 0.5\n"
                                 "coffer_plugin_a_seconds_count 1\n");
        const QByteArray before = metrics.text();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"level is not shown"_s));
        metrics.counter("level", "As another kind.").add();
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"Bad name is not shown"_s));
        metrics.gauge("Bad name", "?").set(1);
        QCOMPARE(metrics.text(), before);
    }

private:
    static QJsonObject parsed(const QByteArray &json)
    {
        return QJsonDocument::fromJson(json).object();
    }
    static PluginSpec spec(const QString &name, QStringList needs = {}, QStringList provides = {})
    {
        PluginSpec of;
        of.name = name;
        of.needs = std::move(needs);
        of.provides = std::move(provides);
        return of;
    }
};

QTEST_GUILESS_MAIN(TestPluginSpec)
#include "tst_plugin_spec.moc"
