// SPDX-License-Identifier: Apache-2.0
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using rpc::Code;

/// What each method asks for before it does anything: rights, and parameters of the right shape.
class tst_goconf_access : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();

    void touches_areWhatTheCallReadsAndWrites_data();
    void touches_areWhatTheCallReadsAndWrites();
    void touches_coverEveryMethod();
    void badInput_namesTheMember_data();
    void badInput_namesTheMember();

private:
    void addBadInput(const QString &name, const QJsonObject &schema);
};

static const QCborArray oneEdit{
    QCborMap{{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"timeout"_s}}};

/// What each method needs at least.
static const std::map<QString, QCborMap> &calls()
{
    static const QCborMap shop{{u"service"_s, u"shop"_s}};
    static const QCborMap why{{u"service"_s, u"shop"_s}, {u"message"_s, u"m"_s}};
    static const std::map<QString, QCborMap> all{
        {u"service.list"_s, {}},
        {u"service.create"_s, {{u"service"_s, u"new"_s}}},
        {u"service.remove"_s, shop},
        {u"idc.list"_s, {}},
        {u"idc.create"_s, {{u"idc"_s, u"new"_s}}},
        {u"idc.remove"_s, {{u"idc"_s, u"sh001"_s}}},
        {u"get"_s, shop},
        {u"file"_s, {{u"service"_s, u"shop"_s}, {u"path"_s, u"x"_s}}},
        {u"diff"_s, {{u"service"_s, u"shop"_s}, {u"from"_s, QCborMap()}, {u"to"_s, QCborMap()}}},
        {u"draft.list"_s, {}},
        {u"draft.get"_s, shop},
        {u"draft.diff"_s, shop},
        {u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, oneEdit}}},
        {u"draft.discard"_s, shop},
        {u"draft.revert"_s, {{u"service"_s, u"shop"_s}, {u"version"_s, u"v1"_s}}},
        {u"draft.promote"_s,
         {{u"service"_s, u"shop"_s}, {u"from"_s, u"bj001"_s}, {u"scope"_s, u"sh001"_s}}},
        {u"object.put"_s,
         {{u"hash"_s, QString(64, u'0')},
          {u"piece"_s, 0},
          {u"pieces"_s, 1},
          {u"bytes"_s, QByteArray("x")}}},
        {u"validate"_s, shop},
        {u"why"_s, {{u"service"_s, u"shop"_s}, {u"place"_s, u"core/timeout"_s}}},
        {u"publish"_s, {{u"targets"_s, QCborArray{target(u"shop"_s)}}, {u"message"_s, u"m"_s}}},
        {u"rollback"_s, why},
        {u"schema.get"_s, shop},
        {u"schema.check"_s, {{u"service"_s, u"shop"_s}, {u"schema"_s, u"{}"_s}}},
        {u"schema.set"_s, {{u"service"_s, u"shop"_s}, {u"schema"_s, u"{}"_s}}},
        {u"schema.remove"_s, shop},
        {u"canary.promote"_s, shop},
        {u"canary.abandon"_s, shop},
        {u"canary.list"_s, {}},
        {u"history"_s, {}},
        {u"search"_s, {{u"text"_s, u"x"_s}}},
        {u"show"_s, {{u"release"_s, u"r1"_s}}},
        {u"render"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}}}};
    return all;
}

void tst_goconf_access::initTestCase()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

// ---- rights

/// "w /config/shop/_all/current", with a slash at the end for a tree.
static QString textOf(const rpc::Touch &touch)
{
    const bool isWrite = touch.action == rpc::Access::Kind::write;
    return (isWrite ? u"w "_s : u"r "_s) + QString::fromUtf8(touch.pattern)
           + (touch.isTree ? u"/"_s : QString());
}

static void addRow(const char *name, const QString &method, const QCborMap &more,
                   const QString &touches)
{
    QCborMap params = calls().at(method);
    for (const auto &member : more)
        params.insert(member.first, member.second);
    QTest::newRow(name) << method << params << touches;
}

static void addReleaseRows()
{
    const QCborArray own{target(u"shop"_s, u"sh001"_s)};
    const QCborArray two{target(u"shop"_s, u"sh001"_s), target(u"pay"_s)};
    const QCborArray idcs{u"sh001"_s, u"bj001"_s};
    addRow("publish all", u"publish"_s, {}, u"w /config/shop/*/current"_s);
    addRow("publish to two IDCs", u"publish"_s, {{u"idcs"_s, idcs}},
           u"w /config/shop/_all/current, w /config/shop/sh001/current, "
           "w /config/shop/bj001/current"_s);
    addRow("publish an IDC's own layer", u"publish"_s, {{u"targets"_s, own}},
           u"w /config/shop/sh001/current"_s);
    addRow("publish an own layer elsewhere", u"publish"_s,
           {{u"targets"_s, own}, {u"idcs"_s, QCborArray{u"bj001"_s}}},
           u"w /config/shop/sh001/current, w /config/shop/bj001/current"_s);
    addRow("publish two services", u"publish"_s, {{u"targets"_s, two}},
           u"w /config/shop/sh001/current, w /config/pay/*/current"_s);
    const QString host = u"_host@web-1"_s;
    addRow("publish a host's layer", u"publish"_s,
           {{u"targets"_s, QCborArray{target(u"shop"_s, host)}}, {u"expires"_s, u"1h"_s}},
           u"w /config/shop/_host@web-1/current"_s);
    const QCborArray global{target(u"_global"_s, u"sh001"_s)};
    addRow("publish what lies below all", u"publish"_s, {{u"targets"_s, global}},
           u"w /config/_global/sh001/current, r /config/"_s);
    addRow("rollback what lies below all", u"rollback"_s, {{u"service"_s, u"_global"_s}},
           u"w /config/_global/*/current, r /config/"_s);
    addRow("end a host's layer", u"rollback"_s, {{u"host"_s, u"web-1"_s}},
           u"w /config/shop/_host@web-1/current"_s);
    addRow("publish for some hosts", u"publish"_s, {{u"canary"_s, QCborArray{u"web-1"_s}}},
           u"w /config/shop/*/current"_s);
    addRow("publish in place of a trial", u"publish"_s,
           {{u"targets"_s, own}, {u"canary"_s, QCborArray{u"web-1"_s}}, {u"replace"_s, true}},
           u"w /config/shop/sh001/current, w /config/shop/*/current"_s);
    addRow("rollback an IDC and end a trial", u"rollback"_s,
           {{u"to"_s, u"v1"_s}, {u"idcs"_s, idcs}, {u"abandon"_s, true}},
           u"w /config/shop/sh001/current, w /config/shop/bj001/current, "
           "w /config/shop/*/current"_s);
    addRow("promote a canary", u"canary.promote"_s, {}, u"w /config/shop/*/current"_s);
    addRow("abandon a canary", u"canary.abandon"_s, {}, u"w /config/shop/*/current"_s);
    addRow("rollback all", u"rollback"_s, {{u"to"_s, u"v1"_s}}, u"w /config/shop/*/current"_s);
    addRow("undo all", u"rollback"_s, {{u"undo"_s, true}}, u"w /config/shop/*/current"_s);
    addRow("rollback two IDCs", u"rollback"_s, {{u"to"_s, u"v1"_s}, {u"idcs"_s, idcs}},
           u"w /config/shop/sh001/current, w /config/shop/bj001/current"_s);
}

void tst_goconf_access::touches_areWhatTheCallReadsAndWrites_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QCborMap>("params");
    QTest::addColumn<QString>("touches");
    const QString shop = u"r /config/shop/"_s;
    const QString all = u"r /config/"_s;
    addRow("service.list", u"service.list"_s, {}, all);
    addRow("service.list of one", u"service.list"_s, {{u"service"_s, u"shop"_s}}, shop);
    addRow("service.create", u"service.create"_s, {}, u"w /config/_service/new"_s);
    addRow("service.remove", u"service.remove"_s, {}, u"w /config/_service/shop"_s);
    addRow("idc.list", u"idc.list"_s, {}, all);
    addRow("idc.create", u"idc.create"_s, {}, u"w /config/_idc/new"_s);
    addRow("idc.remove", u"idc.remove"_s, {}, u"w /config/_idc/sh001"_s);
    for (const char *name :
         {"get", "file", "diff", "draft.get", "draft.diff", "validate", "render"})
        addRow(name, QLatin1String(name), {}, shop);
    addRow("validate what lies below all", u"validate"_s, {{u"service"_s, u"_global"_s}}, all);
    addRow("get what lies below all", u"get"_s, {{u"service"_s, u"_global"_s}},
           u"r /config/_global/"_s);
    addRow("why", u"why"_s, {}, shop);
    addRow("why of a host", u"why"_s, {{u"host"_s, u"web-1"_s}},
           shop + u", r /config/_host/web-1"_s);
    addRow("schema.get", u"schema.get"_s, {}, shop);
    addRow("schema.check", u"schema.check"_s, {}, shop);
    addRow("schema.set", u"schema.set"_s, {}, u"w /config/_service/shop, "_s + shop);
    addRow("schema.remove", u"schema.remove"_s, {}, u"w /config/_service/shop"_s);
    addRow("draft.list", u"draft.list"_s, {}, all);
    addRow("draft.list of one", u"draft.list"_s, {{u"service"_s, u"shop"_s}}, shop);
    addRow("canary.list", u"canary.list"_s, {}, all);
    addRow("canary.list of one", u"canary.list"_s, {{u"service"_s, u"shop"_s}}, shop);
    addRow("history", u"history"_s, {}, all);
    addRow("history of one", u"history"_s, {{u"service"_s, u"shop"_s}}, shop);
    addRow("show", u"show"_s, {}, all);
    addRow("search", u"search"_s, {}, {}); // each service is asked for when it is looked through
    addRow("search of one", u"search"_s, {{u"service"_s, u"shop"_s}}, shop);
    addRow("object.put", u"object.put"_s, {}, u"w /config/_object/*"_s);
    addRow("edit", u"draft.edit"_s, {}, u"w /config/shop/_all/draft/main/"_s);
    addRow("edit of an IDC", u"draft.edit"_s, {{u"scope"_s, u"sh001"_s}, {u"draft"_s, u"mine"_s}},
           u"w /config/shop/sh001/draft/mine/"_s);
    addRow("edit of a host", u"draft.edit"_s, {{u"scope"_s, u"_host@web-1"_s}},
           u"w /config/shop/_host@web-1/draft/main/"_s);
    addRow("discard", u"draft.discard"_s, {}, u"w /config/shop/_all/draft/main/"_s);
    addRow("revert", u"draft.revert"_s, {}, u"w /config/shop/_all/draft/main/, "_s + shop);
    addRow("promote", u"draft.promote"_s, {}, u"w /config/shop/sh001/draft/main/, "_s + shop);
    addReleaseRows();
}

void tst_goconf_access::touches_areWhatTheCallReadsAndWrites()
{
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    QFETCH(QString, touches);
    const rpc::Method &one = methods().at(u"goconf."_s + method);
    rpc::Call call;
    call.params = params;
    QStringList texts;
    for (const rpc::Touch &touch : one.touches(call))
        texts += textOf(touch);
    QCOMPARE(texts.join(u", "_s), touches);
    const bool isWrite = touches.startsWith(u'w');
    QCOMPARE(one.access.kind == rpc::Access::Kind::write, isWrite);
}

/// A method that is new has to be in the tables of this test.
void tst_goconf_access::touches_coverEveryMethod()
{
    const QStringList ofTheFleet{u"host.enroll"_s, u"host.list"_s, u"host.set"_s, u"host.remove"_s,
                                 u"join"_s,        u"fleet"_s,     u"fetch"_s,    u"report"_s};
    for (const auto &[name, method] : methods()) {
        const QString word = name.mid(7);
        QVERIFY2(calls().contains(word) || ofTheFleet.contains(word), qPrintable(name));
    }
    for (const auto &[word, params] : calls())
        QVERIFY2(methods().contains(u"goconf."_s + word), qPrintable(word));
}

// ---- parameters

void tst_goconf_access::addBadInput(const QString &name, const QJsonObject &schema)
{
    const QCborMap &good = calls().at(name);
    const auto add = [&name](const QString &what, const QString &member, const QCborMap &params) {
        QTest::newRow(qPrintable(name + u' ' + member + u' ' + what)) << name << member << params;
    };
    QCborMap more = good;
    more.insert(u"surplus"_s, 1);
    add(u"is unknown"_s, u"surplus"_s, more);
    for (const QJsonValue required : schema[u"required"_s].toArray()) {
        QCborMap less = good;
        less.remove(required.toString());
        add(u"is missing"_s, required.toString(), less);
    }
    const QJsonObject properties = schema[u"properties"_s].toObject();
    for (auto it = properties.begin(); it != properties.end(); ++it) {
        const QJsonObject of = it.value().toObject();
        const bool isText = of[u"type"_s] == u"string"_s || of.contains(u"enum"_s);
        QCborMap other = good;
        other.insert(it.key(), isText ? QCborValue(7) : QCborValue(u"seven"_s));
        add(u"is of another type"_s, it.key(), other);
        if (isText && !of.contains(u"contentEncoding"_s)) {
            other.insert(it.key(), QString(5'000, u'a'));
            add(u"is too long"_s, it.key(), other);
        }
        if (of[u"pattern"_s].toString().contains(u"A-Z"_s)) {
            other.insert(it.key(), u"../x"_s);
            add(u"is no name"_s, it.key(), other);
        }
    }
}

void tst_goconf_access::badInput_namesTheMember_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QString>("member");
    QTest::addColumn<QCborMap>("params");
    for (const auto &[name, params] : calls()) {
        const QByteArray schema = methods().at(u"goconf."_s + name).params;
        addBadInput(name, QJsonDocument::fromJson(schema).object());
    }
}

void tst_goconf_access::badInput_namesTheMember()
{
    QFETCH(QString, method);
    QFETCH(QString, member);
    QFETCH(QCborMap, params);
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = call(method, params);
    FAILS(refused, Code::invalidArgument);
    QVERIFY2(refused.error().message.contains(member), qPrintable(why(refused)));
    QVERIFY(!before.empty() && allFiles() == before);
}

COFFER_TEST_MAIN(tst_goconf_access)
#include "tst_goconf_access.moc"
