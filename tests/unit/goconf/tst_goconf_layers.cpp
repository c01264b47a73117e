// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

#include <array>

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using rpc::Code;

/// What lies below all services, and over one host, on three nodes. "web-sh0010" is in sh001.
class tst_goconf_layers : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void layers_theHigherWins_data();
    void layers_theHigherWins();
    void layers_allFiveAtOnce();
    void layers_inheritTypes();
    void get_showsEachLayerAlone();
    void rest_showsAllLayers();
    void global_comesIntoBeingByAnEdit();
    void global_reachesEveryServiceAndNeedsAYes();
    void global_thatBreaksOneServiceChangesNothing();
    void global_goesBack();
    void global_meetsAReleaseOfAService();
    void service_meetsAReleaseOfGlobal();
    void service_thatBreaksUnderALayerOfAHostIsRefused();
    void host_refusesWhatCannotBe_data();
    void host_refusesWhatCannotBe();
    void host_endsByTheAppliedTime_data();
    void host_endsByTheAppliedTime();
    void host_endsAfterAQuietTime();
    void host_endsThoughANodeDied_data();
    void host_endsThoughANodeDied();
    void host_isExtended();
    void host_isEndedEarly();
    void host_doesNotMoveWithALayer();
    void host_takesItsLayersAlong();
    void undo_leavesLayersOfHosts();

private:
    struct Level
    {
        const char *name; ///< "from".
        QString service;
        QString scope;
    };
    [[nodiscard]] static const std::array<Level, 5> &levels();
    [[nodiscard]] rpc::Outcome write(const Level &level, const QCborArray &edits);
    [[nodiscard]] rpc::Outcome release(const Level &level, QCborMap more = {}, int node = 1);
    /// A value in the section core of a level, live.
    [[nodiscard]] rpc::Outcome put(const Level &level, const QString &key, const QString &value);
    /// "value <- from" of a key, as all layers together make it.
    [[nodiscard]] QString seen(const QString &scope, const QString &key,
                               const QString &service = u"shop"_s);
    /// The file shop.conf as hosts get it.
    [[nodiscard]] QByteArray rendered(const QString &scope, const QString &service = u"shop"_s);
    [[nodiscard]] QString hostVersion(int node = 1) { return live(onHost, u"shop"_s, node); }
    [[nodiscard]] QCborMap newest();

    const QString onHost = u"_host@web-sh0010"_s;
};

const std::array<tst_goconf_layers::Level, 5> &tst_goconf_layers::levels()
{
    static const std::array<Level, 5> all{
        Level{"_global", u"_global"_s, u"_all"_s}, Level{"_global@sh001", u"_global"_s, u"sh001"_s},
        Level{"_all", u"shop"_s, u"_all"_s}, Level{"sh001", u"shop"_s, u"sh001"_s},
        Level{"host:web-sh0010", u"shop"_s, u"_host@web-sh0010"_s}};
    return all;
}

void tst_goconf_layers::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
    QVERIFY(addHosts(2, "sh001") && addHosts(1, "bj001"));
}

rpc::Outcome tst_goconf_layers::write(const Level &level, const QCborArray &edits)
{
    return call(u"draft.edit"_s, {{u"service"_s, level.service},
                                  {u"scope"_s, level.scope},
                                  {u"as"_s, u"ann"_s},
                                  {u"edits"_s, edits}});
}

rpc::Outcome tst_goconf_layers::release(const Level &level, QCborMap more, int node)
{
    more.insert(u"targets"_s, QCborArray{target(level.service, level.scope)});
    more.insert(u"message"_s, u"why"_s);
    if (level.scope == onHost && !more.contains(u"expires"_s))
        more.insert(u"expires"_s, u"10m"_s);
    rpc::Outcome done = call(u"publish"_s, more, node);
    if (done || !done.error().details.contains(u"hosts"_s) || more.contains(u"yes"_s))
        return done;
    more.insert(u"yes"_s, done.error().details.value(u"hosts"_s));
    return call(u"publish"_s, more, node);
}

rpc::Outcome tst_goconf_layers::put(const Level &level, const QString &key, const QString &value)
{
    const rpc::Outcome edited = write(level, {setOf(key, value)});
    return edited ? release(level) : edited;
}

QString tst_goconf_layers::seen(const QString &scope, const QString &key, const QString &service)
{
    const rpc::Outcome view =
        call(u"get"_s, {{u"service"_s, service}, {u"scope"_s, scope}, {u"effective"_s, true}});
    if (!view)
        return why(view);
    for (const QCborValue section : view->toMap().value(u"sections"_s).toArray()) {
        for (const QCborValue value : section.toMap().value(u"keys"_s).toArray()) {
            const QCborMap one = value.toMap();
            if (one.value(u"name"_s).toString() == key)
                return one.value(u"value"_s).toString() + u" <- "_s
                       + one.value(u"from"_s).toString();
        }
    }
    return u"-"_s;
}

QByteArray tst_goconf_layers::rendered(const QString &scope, const QString &service)
{
    const rpc::Outcome file = call(
        u"file"_s, {{u"service"_s, service}, {u"scope"_s, scope}, {u"path"_s, u"shop.conf"_s}});
    return file ? file->toMap().value(u"bytes"_s).toByteArray() : why(file).toUtf8();
}

QCborMap tst_goconf_layers::newest()
{
    const rpc::Outcome all = call(u"history"_s, {{u"limit"_s, 1}}, 2);
    return all ? all->toMap().value(u"releases"_s).toArray().at(0).toMap() : QCborMap();
}

// ---- five levels

void tst_goconf_layers::layers_theHigherWins_data()
{
    QTest::addColumn<std::size_t>("low");
    QTest::addColumn<std::size_t>("high");
    for (std::size_t low = 0; low < 5; ++low) {
        for (std::size_t high = low + 1; high < 5; ++high)
            QTest::addRow("%s over %s", levels()[high].name, levels()[low].name) << low << high;
    }
}

void tst_goconf_layers::layers_theHigherWins()
{
    QFETCH(std::size_t, low);
    QFETCH(std::size_t, high);
    DONE(put(levels()[high], u"k"_s, u"high"_s));
    DONE(put(levels()[low], u"k"_s, u"low"_s));
    DONE(put(levels()[low], u"only"_s, u"low"_s));
    const QString host = onHost;
    QCOMPARE(seen(host, u"k"_s), u"high <- "_s + QLatin1String(levels()[high].name));
    QCOMPARE(seen(host, u"only"_s), u"low <- "_s + QLatin1String(levels()[low].name));
    QVERIFY(rendered(host).contains("k high") && rendered(host).contains("only low"));
}

void tst_goconf_layers::layers_allFiveAtOnce()
{
    // Key kN is set by the levels up to N.
    for (std::size_t at = 0; at < 5; ++at) {
        QCborArray edits;
        for (std::size_t key = at; key < 5; ++key)
            edits.append(setOf(u"k%1"_s.arg(key), u"v%1"_s.arg(at)));
        DONE(write(levels()[at], edits));
        DONE(release(levels()[at]));
    }
    for (std::size_t key = 0; key < 5; ++key) {
        QCOMPARE(seen(onHost, u"k%1"_s.arg(key)),
                 u"v%1 <- %2"_s.arg(key).arg(QLatin1String(levels()[key].name)));
    }
    QCOMPARE(seen(u"sh001"_s, u"k4"_s), u"v3 <- sh001"_s);
    QCOMPARE(seen(u"bj001"_s, u"k4"_s), u"v2 <- _all"_s);
    QCOMPARE(seen(u"bj001"_s, u"k1"_s), u"v0 <- _global"_s);
    const QByteArray bytes = rendered(onHost);
    for (int key = 0; key < 5; ++key) {
        const QByteArray number = QByteArray::number(key);
        QVERIFY2(bytes.contains("k" + number + " v" + number), bytes.constData());
    }
    QVERIFY(!rendered(u"bj001"_s).contains("v1"));
    const rpc::Outcome asked =
        call(u"why"_s,
             {{u"service"_s, u"shop"_s}, {u"host"_s, u"web-sh0010"_s}, {u"place"_s, u"core/k3"_s}});
    DONE(asked);
    const QCborArray told = asked->toMap().value(u"layers"_s).toArray(); // the highest first
    QCOMPARE(told.size(), 5);
    for (std::size_t at = 0; at < 5; ++at) {
        const QCborMap one = told.at(qsizetype(4 - at)).toMap();
        QCOMPARE(one.value(u"layer"_s).toString(), QLatin1String(levels()[at].name));
        QCOMPARE(one.value(u"counts"_s).toBool(), at == 3);
        QCOMPARE(one.value(u"item"_s).isNull(), at > 3);
        QCOMPARE(one.value(u"changed"_s).isMap(), at <= 3);
    }
}

void tst_goconf_layers::layers_inheritTypes()
{
    QCborMap typed = setOf(u"pause"_s, u"2s"_s);
    typed.insert(u"type"_s, u"duration"_s);
    DONE(write(levels()[0], {typed}));
    DONE(release(levels()[0]));
    FAILS(write(levels()[2], {setOf(u"pause"_s, u"soon"_s)}), Code::invalidArgument);
    FAILS(write(levels()[4], {setOf(u"pause"_s, u"soon"_s)}), Code::invalidArgument);
    DONE(write(levels()[4], {setOf(u"pause"_s, u"3s"_s)}));
}

void tst_goconf_layers::get_showsEachLayerAlone()
{
    for (const Level &level : levels()) {
        DONE(put(level, u"k"_s, QLatin1String(level.name)));
        const rpc::Outcome view =
            call(u"get"_s, {{u"service"_s, level.service}, {u"scope"_s, level.scope}});
        DONE(view);
        const QCborArray sections = view->toMap().value(u"sections"_s).toArray();
        const QCborArray keys = sections.at(0).toMap().value(u"keys"_s).toArray();
        QCOMPARE(keys.at(keys.size() - 1).toMap().value(u"value"_s).toString(),
                 QLatin1String(level.name));
        QCOMPARE(view->toMap().contains(u"until"_s), level.scope == onHost);
    }
    const rpc::Outcome whole =
        call(u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, onHost}, {u"effective"_s, true}});
    QCOMPARE(whole->toMap().value(u"layers"_s).toArray().size(), 3);
}

void tst_goconf_layers::rest_showsAllLayers()
{
    const auto get = [this](const QByteArray &path) {
        return cluster().request(3, "GET", "/v1/config/" + path, {}, {});
    };
    const QByteArray tag = get("shop/sh001?output=shop.conf").headers.at("etag");
    DONE(put(levels()[0], u"k"_s, u"everywhere"_s));
    DONE(put(levels()[4], u"k"_s, u"here"_s));
    const HttpAnswer changed = get("shop/sh001?output=shop.conf");
    QVERIFY(changed.body.contains("k everywhere") && changed.headers.at("etag") != tag);
    QVERIFY(get("shop/sh001?output=shop.conf&host=web-sh0010").body.contains("k here"));
    QVERIFY(get("shop/sh001?format=env&host=web-sh0010").body.contains("here"));
    QVERIFY(get("shop/sh001?output=shop.conf&host=web-sh0011").body.contains("k everywhere"));
    for (const char *path : {"shop/nowhere", "shop/sh001?host=web-bj0010", "shop/sh001?host=none",
                             "shop/_host@web-sh0010x"})
        QVERIFY2(get(path).status == 404, path);
    QCOMPARE(get("shop/_all").status, 200);
}

// ---- below all services

void tst_goconf_layers::global_comesIntoBeingByAnEdit()
{
    const QCborMap global{{u"service"_s, u"_global"_s}};
    QVERIFY(stored(goconf::servicePath("_global")).isEmpty());
    DONE(call(u"get"_s, global));
    FAILS(call(u"service.create"_s, global), Code::invalidArgument);
    FAILS(call(u"host.enroll"_s, {{u"host"_s, u"web-9"_s},
                                  {u"idc"_s, u"sh001"_s},
                                  {u"services"_s, QCborArray{u"_global"_s}}}),
          Code::invalidArgument);
    DONE(write(levels()[0], {setOf(u"k"_s, u"1"_s)}));
    QVERIFY(!stored(goconf::servicePath("_global")).isEmpty());
    QCOMPARE(live(u"_all"_s, u"_global"_s), QString());
    QCOMPARE(seen(u"sh001"_s, u"k"_s), u"-"_s);
    DONE(release(levels()[0]));
    QCOMPARE(live(u"_all"_s, u"_global"_s), u"v1"_s);
    QCOMPARE(live(u"bj001"_s, u"_global"_s), u"v1"_s);
    QCOMPARE(live(u"sh001"_s), u"v1"_s); // the service stays what it is
    QCOMPARE(seen(u"sh001"_s, u"k"_s), u"1 <- _global"_s);
}

void tst_goconf_layers::global_reachesEveryServiceAndNeedsAYes()
{
    DONE(write(levels()[0], {setOf(u"k"_s, u"1"_s)}));
    const QCborMap wish{{u"targets"_s, QCborArray{target(u"_global"_s)}}};
    const rpc::Outcome refused = publish(u"all"_s, wish);
    FAILS(refused, Code::refused);
    QCOMPARE(refused.error().details.value(u"hosts"_s).toInteger(), 3);
    QCborMap yes = wish;
    yes.insert(u"yes"_s, 2);
    FAILS(publish(u"all"_s, yes), Code::refused);
    QCOMPARE(live(u"_all"_s, u"_global"_s), QString());
    yes.insert(u"yes"_s, 3);
    const rpc::Outcome done = publish(u"all"_s, yes);
    DONE(done);
    const QCborArray blast = done->toMap().value(u"blast"_s).toArray();
    QCOMPARE(blast.size(), 2); // shop in two IDCs
    QVERIFY(blast.at(0).toMap().value(u"diff"_s).toString().contains(u"+k 1"_s)
            || blast.at(0).toMap().value(u"diff"_s).toString().contains(u"k 1"_s));
}

void tst_goconf_layers::global_thatBreaksOneServiceChangesNothing()
{
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    const Level pay{"_all", u"pay"_s, u"_all"_s};
    const auto output = [](const QString &path) {
        return QCborMap{{u"op"_s, u"output"_s}, {u"path"_s, path}, {u"format"_s, u"goconf"_s}};
    };
    DONE(write(pay, {output(u"conf"_s), setOf(u"k"_s, u"1"_s)}));
    DONE(release(pay));
    DONE(write(levels()[0], {output(u"conf/all.conf"_s)})); // "conf" is a file in pay
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = release(levels()[0]);
    FAILS(refused, Code::invalidArgument);
    const QCborArray faults = refused.error().details.value(u"faults"_s).toArray();
    QVERIFY(!faults.isEmpty());
    for (const QCborValue fault : faults)
        QCOMPARE(fault.toMap().value(u"service"_s).toString(), u"pay"_s);
    QVERIFY(allFiles() == before);
    // The same the other way round: what lies below is there first.
    DONE(call(u"draft.discard"_s, {{u"service"_s, u"_global"_s}}));
    DONE(write(levels()[0], {output(u"shop.conf.d/all.conf"_s)}));
    DONE(release(levels()[0]));
    DONE(write(pay, {output(u"shop.conf.d"_s)}));
    FAILS(release(pay), Code::invalidArgument);
}

void tst_goconf_layers::global_goesBack()
{
    DONE(put(levels()[0], u"k"_s, u"1"_s));
    DONE(put(levels()[0], u"k"_s, u"2"_s));
    QCborMap back{{u"service"_s, u"_global"_s}, {u"to"_s, u"v1"_s}, {u"message"_s, u"back"_s}};
    FAILS(call(u"rollback"_s, back), Code::refused); // three hosts
    back.insert(u"yes"_s, 3);
    DONE(call(u"rollback"_s, back));
    QCOMPARE(seen(u"sh001"_s, u"k"_s), u"1 <- _global"_s);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
}

/// What each was validated with is not there any more when it comes to it.
void tst_goconf_layers::global_meetsAReleaseOfAService()
{
    const auto output = [](const QString &path) {
        return QCborMap{{u"op"_s, u"output"_s}, {u"path"_s, path}, {u"format"_s, u"goconf"_s}};
    };
    DONE(write(levels()[0], {output(u"conf/all.conf"_s)}));
    DONE(write(levels()[2], {output(u"conf"_s)}));
    trap("/config/_global/_all/current", u"publish"_s,
         {{u"targets"_s, QCborArray{target(u"shop"_s)}}, {u"message"_s, u"first"_s}});
    FAILS(release(levels()[0]), Code::invalidArgument);
    QVERIFY(sprung() && *sprung());
    QCOMPARE(live(u"_all"_s), u"v2"_s);
    QCOMPARE(live(u"_all"_s, u"_global"_s), QString());
}

void tst_goconf_layers::service_meetsAReleaseOfGlobal()
{
    const auto output = [](const QString &path) {
        return QCborMap{{u"op"_s, u"output"_s}, {u"path"_s, path}, {u"format"_s, u"goconf"_s}};
    };
    DONE(write(levels()[0], {output(u"conf/all.conf"_s)}));
    DONE(write(levels()[2], {output(u"conf"_s)}));
    trap("/config/shop/_all/current", u"publish"_s,
         {{u"targets"_s, QCborArray{target(u"_global"_s)}},
          {u"message"_s, u"first"_s},
          {u"yes"_s, 3}});
    FAILS(release(levels()[2]), Code::invalidArgument);
    QVERIFY(sprung() && *sprung());
    QCOMPARE(live(u"_all"_s), u"v1"_s);
    QCOMPARE(live(u"_all"_s, u"_global"_s), u"v1"_s);
}

// ---- over one host

void tst_goconf_layers::service_thatBreaksUnderALayerOfAHostIsRefused()
{
    const auto output = [](const QString &path) {
        return QCborMap{{u"op"_s, u"output"_s}, {u"path"_s, path}, {u"format"_s, u"goconf"_s}};
    };
    DONE(write(levels()[4], {output(u"conf/own.conf"_s)}));
    DONE(release(levels()[4]));
    DONE(write(levels()[2], {output(u"conf"_s)}));
    const rpc::Outcome refused = release(levels()[2]);
    FAILS(refused, Code::invalidArgument);
    const QCborArray faults = refused.error().details.value(u"faults"_s).toArray();
    QCOMPARE(faults.at(0).toMap().value(u"host"_s).toString(), u"web-sh0010"_s);
}

void tst_goconf_layers::host_refusesWhatCannotBe_data()
{
    QTest::addColumn<QString>("service");
    QTest::addColumn<QString>("scope");
    QTest::addColumn<QString>("expires");
    QTest::addColumn<int>("code");
    const auto row = [](const char *name, const QString &service, const QString &scope,
                        const QString &expires, Code code) {
        QTest::newRow(name) << service << scope << expires << int(code);
    };
    const QString web = u"_host@web-sh0010"_s;
    row("no end", u"shop"_s, web, {}, Code::refused);
    row("an end of a service", u"shop"_s, u"_all"_s, u"1h"_s, Code::invalidArgument);
    row("too long", u"shop"_s, web, u"31d"_s, Code::invalidArgument);
    row("no duration", u"shop"_s, web, u"soon"_s, Code::invalidArgument);
    row("no such host", u"shop"_s, u"_host@web-9"_s, u"1h"_s, Code::notFound);
    row("a host without it", u"pay"_s, web, u"1h"_s, Code::refused);
    row("of _global", u"_global"_s, web, u"1h"_s, Code::invalidArgument);
}

void tst_goconf_layers::host_refusesWhatCannotBe()
{
    QFETCH(QString, service);
    QFETCH(QString, scope);
    QFETCH(QString, expires);
    QFETCH(int, code);
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    const bool isRefusedEarly = scope != u"_all" && (service != u"shop" || scope != onHost);
    if (isRefusedEarly)
        FAILS(write({"", service, scope}, {setOf(u"k"_s, u"1"_s)}), Code(code));
    else
        DONE(write({"", service, scope}, {setOf(u"k"_s, u"1"_s)}));
    QCborMap more{{u"targets"_s, QCborArray{target(service, scope)}}};
    if (!expires.isEmpty())
        more.insert(u"expires"_s, expires);
    const std::vector<store::FileView> before = allFiles();
    FAILS(publish(u"why"_s, more), Code(code));
    QVERIFY(allFiles() == before);
}

using Skews = std::vector<std::chrono::milliseconds>;

void tst_goconf_layers::host_endsByTheAppliedTime_data()
{
    QTest::addColumn<Skews>("skews");
    QTest::newRow("clocks agree") << Skews{};
    QTest::newRow("clocks are far off") << Skews{5h, -3h, 40h};
}

void tst_goconf_layers::host_endsByTheAppliedTime()
{
    QFETCH(Skews, skews);
    const Result<void> built = build(skews);
    QVERIFY(built && addHosts(2, "sh001"));
    DONE(put(levels()[4], u"k"_s, u"1"_s));
    QCOMPARE(hostVersion(), u"v2"_s);
    QCOMPARE(newest().value(u"hosts"_s).toInteger(), 1);
    const rpc::Outcome layer = call(u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, onHost}});
    DONE(layer);
    const qint64 until = layer->toMap().value(u"until"_s).toInteger();
    QVERIFY(until > 0);
    cluster().advance(9min);
    QCOMPARE(hostVersion(), u"v2"_s);
    QCOMPARE(seen(onHost, u"k"_s), u"1 <- host:web-sh0010"_s);
    cluster().advance(62s);
    QCOMPARE(hostVersion(), QString());
    QCOMPARE(seen(onHost, u"k"_s), u"-"_s);
    const QCborMap last = newest();
    QCOMPARE(last.value(u"kind"_s).toString(), u"expire"_s);
    QCOMPARE(last.value(u"by"_s).toString(), u"coffer"_s);
    QVERIFY(last.value(u"at"_s).toInteger() >= until);
    DONE(call(u"show"_s, {{u"release"_s, last.value(u"release"_s)}}));
    const qsizetype releases = this->releases();
    cluster().advance(1min);
    QCOMPARE(this->releases(), releases); // once
}

/// An applied time of long ago is no time from which a layer lasts.
void tst_goconf_layers::host_endsAfterAQuietTime()
{
    DONE(write(levels()[4], {setOf(u"k"_s, u"1"_s)}));
    cluster().advance(30min);
    DONE(release(levels()[4]));
    cluster().advance(9min);
    QCOMPARE(hostVersion(), u"v2"_s);
    cluster().advance(2min);
    QCOMPARE(hostVersion(), QString());
}

void tst_goconf_layers::host_endsThoughANodeDied_data()
{
    QTest::addColumn<int>("node");
    for (int node = 1; node <= 3; ++node)
        QTest::addRow("node %d", node) << node;
}

void tst_goconf_layers::host_endsThoughANodeDied()
{
    QFETCH(int, node);
    DONE(put(levels()[4], u"k"_s, u"1"_s));
    cluster().advance(5min);
    cluster().kill(node);
    const int other = node == 1 ? 2 : 1;
    cluster().advance(4min);
    QCOMPARE(hostVersion(other), u"v2"_s);
    cluster().advance(2min);
    QCOMPARE(hostVersion(other), QString());
}

void tst_goconf_layers::host_isExtended()
{
    FAILS(release(levels()[4]), Code::refused); // there is nothing
    DONE(put(levels()[4], u"k"_s, u"1"_s));
    cluster().advance(5min);
    const rpc::Outcome extended = release(levels()[4], {{u"expires"_s, u"20m"_s}});
    DONE(extended);
    QCOMPARE(extended->toMap().value(u"hosts"_s).toInteger(), 0);
    QCOMPARE(hostVersion(), u"v2"_s);
    cluster().advance(18min);
    QCOMPARE(hostVersion(), u"v2"_s);
    cluster().advance(3min);
    QCOMPARE(hostVersion(), QString());
}

void tst_goconf_layers::host_isEndedEarly()
{
    const QCborMap end{
        {u"service"_s, u"shop"_s}, {u"host"_s, u"web-sh0010"_s}, {u"message"_s, u"enough"_s}};
    FAILS(call(u"rollback"_s, end), Code::refused);
    DONE(put(levels()[4], u"timeout"_s, u"9s"_s));
    QVERIFY(rendered(onHost).contains("9s"));
    QCborMap more = end;
    more.insert(u"undo"_s, true);
    FAILS(call(u"rollback"_s, more), Code::invalidArgument);
    const rpc::Outcome ended = call(u"rollback"_s, end);
    DONE(ended);
    QCOMPARE(ended->toMap().value(u"hosts"_s).toInteger(), 1);
    QCOMPARE(hostVersion(), QString());
    QCOMPARE(newest().value(u"kind"_s).toString(), u"expire"_s);
    QCOMPARE(newest().value(u"message"_s).toString(), u"enough"_s);
    QVERIFY(rendered(onHost).contains("2s"));
    DONE(put(levels()[4], u"timeout"_s, u"8s"_s)); // and again
    QCOMPARE(hostVersion(), u"v3"_s);
}

void tst_goconf_layers::host_doesNotMoveWithALayer()
{
    const QCborMap move{{u"host"_s, u"web-sh0010"_s}, {u"idc"_s, u"bj001"_s}};
    DONE(put(levels()[4], u"timeout"_s, u"9s"_s));
    const rpc::Outcome refused = call(u"host.set"_s, move);
    FAILS(refused, Code::refused);
    QVERIFY2(refused.error().message.contains(u"config expire shop@host:web-sh0010"_s),
             qPrintable(refused.error().message));
    DONE(call(u"host.set"_s, {{u"host"_s, u"web-sh0010"_s}, {u"note"_s, u"stays"_s}}));
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"host"_s, u"web-sh0010"_s}, {u"message"_s, u"m"_s}}));
    // Somebody publishes while the host moves.
    DONE(write(levels()[4], {setOf(u"timeout"_s, u"8s"_s)}));
    trap("/config/_host/web-sh0010", u"publish"_s,
         {{u"targets"_s, QCborArray{target(u"shop"_s, onHost)}},
          {u"message"_s, u"late"_s},
          {u"expires"_s, u"1h"_s}});
    FAILS(call(u"host.set"_s, move), Code::conflict);
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"host"_s, u"web-sh0010"_s}, {u"message"_s, u"m"_s}}));
    DONE(call(u"host.set"_s, move));
}

void tst_goconf_layers::host_takesItsLayersAlong()
{
    DONE(put(levels()[4], u"k"_s, u"1"_s));
    DONE(write(levels()[4], {setOf(u"k"_s, u"2"_s)}));
    // Somebody publishes while the host is being removed.
    trap("/config/_host/web-sh0010", u"publish"_s,
         {{u"targets"_s, QCborArray{target(u"shop"_s, onHost)}},
          {u"message"_s, u"late"_s},
          {u"expires"_s, u"1h"_s}});
    FAILS(call(u"host.remove"_s, {{u"host"_s, u"web-sh0010"_s}}), Code::conflict);
    QVERIFY(sprung() && *sprung());
    DONE(call(u"host.remove"_s, {{u"host"_s, u"web-sh0010"_s}}));
    QVERIFY(stored("/config/shop/_host@web-sh0010/current").isEmpty());
    QVERIFY(addHosts(1, "sh001"));
    QCOMPARE(seen(onHost, u"k"_s), u"-"_s);
}

void tst_goconf_layers::undo_leavesLayersOfHosts()
{
    DONE(put(levels()[2], u"k"_s, u"1"_s));
    DONE(put(levels()[4], u"k"_s, u"2"_s));
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"undo"_s, true}, {u"message"_s, u"back"_s}}));
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    QCOMPARE(hostVersion(), u"v3"_s);
    FAILS(call(u"rollback"_s,
               {{u"service"_s, u"shop"_s}, {u"to"_s, u"v3"_s}, {u"message"_s, u"back"_s}}),
          Code::notFound);
}

COFFER_TEST_MAIN(tst_goconf_layers)
#include "tst_goconf_layers.moc"
