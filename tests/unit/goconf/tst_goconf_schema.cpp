// SPDX-License-Identifier: Apache-2.0
#include "config/hash.h"
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::goconf;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using rpc::Code;

/// JSON Schemas of services: what is published has to fit them.
class tst_goconf_schema : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void keys_areSeenAsJson_data();
    void keys_areSeenAsJson();
    void files_areSeenAsDocuments_data();
    void files_areSeenAsDocuments();
    void output_isSeenAsItIsWritten();
    void schema_isRefusedIfItCannotBeObeyed_data();
    void schema_isRefusedIfItCannotBeObeyed();

    void publish_isRefusedWithAllFaultsAndChangesNothing();
    void publish_namesTheIdcWhoseOwnLayerBreaksIt();
    void publish_ofAnotherIdcIsNotHeldUp();
    void publish_forSomeHostsHasToFitToo();
    void rollback_goesBackAndSaysWhatDoesNotFit();
    void validate_namesFaultsOfTheSchema();

    void set_isRefusedIfWhatIsLiveDoesNotFit();
    void set_byForceHoldsUpTheNextPublish();
    void set_againChangesNothing();
    void set_isOfOnePath();
    void set_readsWhatIsLiveAgainIfSomebodyPublishes();
    void publish_readsTheSchemaAgainIfSomebodySetsOne();
    void check_triesWithoutStoring();
    void remove_takesItAway();

    void schema_survivesRestart();
    void schema_outlivesPublishes();
    void record_ofBeforeIsRead();
    void unreadableSchema_isNamed();

private:
    [[nodiscard]] rpc::Outcome setSchema(const QByteArray &schema, QCborMap more = {});
    [[nodiscard]] rpc::Outcome put(const QString &key, const QString &value, const QString &type,
                                   const QString &scope = u"_all"_s);
    /// A file in the draft of the base layer.
    [[nodiscard]] rpc::Outcome putFile(const QString &path, const QByteArray &bytes);
    /// "idc place: message; ..." of those that the call was refused with, or that it answered.
    [[nodiscard]] static QString faultsOf(const rpc::Outcome &outcome);
    [[nodiscard]] QCborArray schemas();
};

static const QByteArray timeoutIsTwoSeconds =
    R"({"properties":{"core":{"properties":{"timeout":{"const":"2s"}}}}})";

/// That the key core/port is at most 100, and there.
static const QByteArray portIsSmall = R"({"properties":{"core":{"required":["port"],
    "properties":{"port":{"type":"integer","maximum":100,"description":"where it listens"}}}}})";

void tst_goconf_schema::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

rpc::Outcome tst_goconf_schema::setSchema(const QByteArray &schema, QCborMap more)
{
    more.insert(u"service"_s, u"shop"_s);
    more.insert(u"schema"_s, QString::fromUtf8(schema));
    return call(u"schema.set"_s, more);
}

rpc::Outcome tst_goconf_schema::put(const QString &key, const QString &value, const QString &type,
                                    const QString &scope)
{
    QCborMap edit = setOf(key, value);
    edit.insert(u"type"_s, type);
    if (type == u"enum"_s)
        edit.insert(u"choices"_s, QCborArray{value, u"other"_s});
    return call(u"draft.edit"_s, {{u"service"_s, u"shop"_s},
                                  {u"scope"_s, scope},
                                  {u"as"_s, u"ann"_s},
                                  {u"edits"_s, QCborArray{edit}}});
}

rpc::Outcome tst_goconf_schema::putFile(const QString &path, const QByteArray &bytes)
{
    const QString hash = QString::fromLatin1(config::Hash::of(bytes).hex());
    const rpc::Outcome stored =
        call(u"object.put"_s,
             {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, bytes}});
    if (!stored)
        return stored;
    return edit({QCborMap{{u"op"_s, u"file"_s},
                          {u"path"_s, path},
                          {u"object"_s, hash},
                          {u"bytes"_s, qint64(bytes.size())}}});
}

QString tst_goconf_schema::faultsOf(const rpc::Outcome &outcome)
{
    const QCborMap map = outcome ? outcome->toMap() : outcome.error().details;
    QStringList texts;
    for (const QCborValue value : map.value(u"faults"_s).toArray()) {
        const QCborMap fault = value.toMap();
        texts += fault.value(u"idc"_s).toString() + u' ' + fault.value(u"place"_s).toString()
                 + ": "_L1 + fault.value(u"message"_s).toString();
    }
    return texts.join(u"; "_s);
}

QCborArray tst_goconf_schema::schemas()
{
    const rpc::Outcome got = call(u"schema.get"_s, {{u"service"_s, u"shop"_s}});
    return got ? got->toMap().value(u"schemas"_s).toArray() : QCborArray{why(got)};
}

// ---- what a schema sees

void tst_goconf_schema::keys_areSeenAsJson_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QByteArray>("good"); // of the key
    QTest::addColumn<QByteArray>("bad");
    QTest::addColumn<QString>("fault");
    const auto row = [](const char *type, const char *value, const char *good, const char *bad,
                        const char *fault) {
        QTest::newRow(type) << QString::fromUtf8(type) << QString::fromUtf8(value)
                            << QByteArray(good) << QByteArray(bad) << QString::fromUtf8(fault);
    };
    row("string", "on", R"({"const":"on"})", R"({"type":"boolean"})",
        "core/x: expected true or false, found a text; its type is string");
    row("int", "8080", R"({"type":"integer","maximum":65535})", R"({"maximum":1024})",
        "core/x: expected at most 1024, found 8080");
    row("float", "0.5", R"({"type":"number","minimum":0.5})", R"({"type":"integer"})",
        "core/x: expected an integer, found a number; its type is float");
    row("bool", "yes", R"({"const":true})", R"({"const":false})",
        "core/x: expected false, found true");
    row("duration", "90s", R"({"enum":["90s"]})", R"({"pattern":"m$"})",
        R"(core/x: expected a text like m$, found "90s")");
    row("size", "1024kb", R"({"const":"1mb"})", R"({"type":"integer"})",
        "core/x: expected an integer, found a text; its type is size");
    row("enum", "debug", R"({"enum":["debug","info"]})", R"({"enum":["info","warn"]})",
        R"(core/x: expected one of "info", "warn", found "debug")");
    row("list", "a,b", R"({"items":{"type":"string"},"minItems":2})", R"({"maxItems":1})",
        "core/x: expected at most 1 items, found 2");
    row("json", R"({"a":[1,{"b/c":"x"}]})", R"({"properties":{"a":{"type":"array"}}})",
        R"({"properties":{"a":{"items":{"type":"integer"}}}})",
        "core/x#/a/1: expected an integer, found an object");
}

void tst_goconf_schema::keys_areSeenAsJson()
{
    QFETCH(QString, type);
    QFETCH(QString, value);
    QFETCH(QByteArray, good);
    QFETCH(QByteArray, bad);
    QFETCH(QString, fault);
    const auto ofKey = [](const QByteArray &schema) {
        return R"({"properties":{"core":{"properties":{"x":)" + schema + "}}}}";
    };
    DONE(put(u"x"_s, value, type));
    DONE(publish(u"the key"_s));
    DONE(setSchema(ofKey(good)));
    const rpc::Outcome refused = setSchema(ofKey(bad));
    FAILS(refused, Code::refused);
    QCOMPARE(faultsOf(refused), u"bj001 %1; sh001 %1"_s.arg(fault));
}

void tst_goconf_schema::files_areSeenAsDocuments_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("good");
    QTest::addColumn<QByteArray>("bad");
    QTest::addColumn<QString>("fault");
    const auto row = [](const char *path, const char *bytes, const char *good, const char *bad,
                        const char *fault) {
        QTest::newRow(path) << QString::fromUtf8(path) << QByteArray(bytes) << QByteArray(good)
                            << QByteArray(bad) << QString::fromUtf8(fault);
    };
    const char *maxIsText = R"({"properties":{"pool":{"properties":{"max":{"const":"48"}}}}})";
    const char *maxIsNumber =
        R"({"properties":{"pool":{"properties":{"max":{"type":"integer"}}}}})";
    row("a.json", R"({"pool":{"max":48}})", maxIsNumber, maxIsText,
        R"(a.json#/pool/max: expected "48", found 48)");
    row("a.yaml", "pool: &p\n  max: 48 # most\nother: *p\n",
        R"({"properties":{"other":{"properties":{"max":{"const":48}}}}})", maxIsText,
        R"(a.yaml#/pool/max: expected "48", found 48)");
    row("a.toml", "[pool]\nmax = 0x30\nsince = 2020-01-01\n",
        R"({"properties":{"pool":{"properties":{"max":{"const":48},"since":{"type":"string"}}}}})",
        maxIsText, R"(a.toml#/pool/max: expected "48", found 48)");
    row("a.ini", "[pool]\nmax = 48\n", maxIsText, maxIsNumber,
        "a.ini#/pool/max: expected an integer, found a text");
    row("a.service", "[pool]\nmax=48\nenv=1\nenv=2\n",
        R"({"properties":{"pool":{"properties":{"env":{"minItems":2}}}}})", maxIsNumber,
        "a.service#/pool/max: expected an integer, found a text");
    row("a.conf", "[pool]\nmax 48\n", maxIsText, maxIsNumber,
        "a.conf#/pool/max: expected an integer, found a text");
    row("a.env", "MAX=48\n", R"({"required":["MAX"]})", R"({"properties":{"MAX":{"const":"9"}}})",
        R"(a.env#/MAX: expected "9", found "48")");
    row("a.properties", "pool.max=48\n", R"({"required":["pool.max"]})", R"({"maxProperties":0})",
        "a.properties#: expected at most 0 members");
}

void tst_goconf_schema::files_areSeenAsDocuments()
{
    QFETCH(QString, path);
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, good);
    QFETCH(QByteArray, bad);
    QFETCH(QString, fault);
    DONE(putFile(path, bytes));
    DONE(publish(u"the file"_s));
    DONE(setSchema(good, {{u"path"_s, path}}));
    const rpc::Outcome refused = setSchema(bad, {{u"path"_s, path}});
    FAILS(refused, Code::refused);
    QCOMPARE(faultsOf(refused), u"bj001 %1; sh001 %1"_s.arg(fault));
}

void tst_goconf_schema::output_isSeenAsItIsWritten()
{
    DONE(setSchema(R"({"properties":{"core":{"properties":{"timeout":{"const":"2s"}}}}})",
                   {{u"path"_s, u"shop.conf"_s}}));
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome refused = publish(u"slower"_s);
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(faultsOf(refused), uR"(bj001 shop.conf#/core/timeout: expected "2s", found "3s"; )"
                                R"(sh001 shop.conf#/core/timeout: expected "2s", found "3s")"_s);
}

void tst_goconf_schema::schema_isRefusedIfItCannotBeObeyed_data()
{
    QTest::addColumn<QByteArray>("schema");
    QTest::addColumn<QString>("what");
    const auto row = [](const char *name, const QByteArray &schema, const char *what) {
        QTest::newRow(name) << schema << QString::fromUtf8(what);
    };
    row("no JSON", "{", "schema: ");
    row("no object", "[]", "schema: ");
    row("a keyword twice", R"({"maximum":1,"maximum":2})", "schema: ");
    row("a keyword that is not known", R"({"properties":{"core":{"format":"email"}}})",
        "schema: /properties/core/format: this keyword is not known");
    row("a remote $ref", R"({"properties":{"a":{"$ref":"https://example.com/s.json"}}})",
        "schema: /properties/a/$ref: ");
    row("a pattern that is too long",
        R"({"properties":{"a":{"pattern":")" + QByteArray(2'000, 'a') + R"("}}})",
        "schema: /properties/a/pattern: ");
    row("more levels than JSON may have",
        QByteArray(R"({"not":)").repeated(70) + "{}" + QByteArray("}").repeated(70), "schema: ");
}

void tst_goconf_schema::schema_isRefusedIfItCannotBeObeyed()
{
    QFETCH(QByteArray, schema);
    QFETCH(QString, what);
    const rpc::Outcome refused = setSchema(schema, {{u"force"_s, true}});
    FAILS(refused, Code::invalidArgument);
    QVERIFY2(refused.error().message.startsWith(what), qPrintable(why(refused)));
    QCOMPARE(schemas(), QCborArray());
}

// ---- publish

void tst_goconf_schema::publish_isRefusedWithAllFaultsAndChangesNothing()
{
    DONE(put(u"port"_s, u"80"_s, u"int"_s));
    DONE(publish(u"a port"_s));
    DONE(setSchema(portIsSmall));
    DONE(setSchema(R"({"maxProperties":1})", {{u"path"_s, u"app.json"_s}}));
    DONE(edit({QCborMap{{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"port"_s}}}));
    DONE(putFile(u"app.json"_s, R"({"a":1,"b":2})"));
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = publish(u"without"_s);
    FAILS(refused, Code::invalidArgument);
    const QString each = u"%1 core/port: expected, but it is missing (where it listens); "
                         "%1 app.json#: expected at most 1 members"_s;
    QCOMPARE(faultsOf(refused), each.arg(u"bj001"_s) + u"; "_s + each.arg(u"sh001"_s));
    QVERIFY(allFiles() == before);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    DONE(put(u"port"_s, u"81"_s, u"int"_s));
    DONE(putFile(u"app.json"_s, R"({"a":1})"));
    DONE(publish(u"as it has to be"_s));
}

void tst_goconf_schema::publish_namesTheIdcWhoseOwnLayerBreaksIt()
{
    DONE(put(u"port"_s, u"80"_s, u"int"_s));
    DONE(publish(u"a port"_s));
    DONE(put(u"port"_s, u"99"_s, u"int"_s, u"sh001"_s));
    DONE(publish(u"another one there"_s,
                 {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}}));
    DONE(setSchema(R"({"properties":{"core":{"properties":{"port":{"maximum":99},
        "base":{"maximum":1}}}}})"));
    DONE(put(u"port"_s, u"100"_s, u"int"_s, u"sh001"_s));
    const rpc::Outcome refused =
        publish(u"more"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}});
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(faultsOf(refused), u"sh001 core/port: expected at most 99, found 100"_s);
    QVERIFY(refused.error().message.contains(u"shop@sh001: core/port"_s));
}

void tst_goconf_schema::publish_ofAnotherIdcIsNotHeldUp()
{
    const QCborArray sh001{target(u"shop"_s, u"sh001"_s)};
    const QCborArray bj001{target(u"shop"_s, u"bj001"_s)};
    DONE(set(u"timeout"_s, u"3s"_s, u"ann"_s, u"sh001"_s));
    DONE(publish(u"slower there"_s, {{u"targets"_s, sh001}}));
    DONE(setSchema(timeoutIsTwoSeconds, {{u"force"_s, true}}));
    DONE(set(u"other"_s, u"1"_s, u"ann"_s, u"bj001"_s));
    DONE(publish(u"elsewhere"_s, {{u"targets"_s, bj001}}));
    DONE(set(u"other"_s, u"1"_s, u"ann"_s, u"sh001"_s));
    const rpc::Outcome refused = publish(u"there"_s, {{u"targets"_s, sh001}});
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(faultsOf(refused), uR"(sh001 core/timeout: expected "2s", found "3s")"_s);
}

void tst_goconf_schema::publish_forSomeHostsHasToFitToo()
{
    QVERIFY(addHosts(1, "sh001"));
    const QCborMap canary{{u"canary"_s, QCborArray{u"web-sh0010"_s}}};
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"slower on one"_s, canary));
    DONE(setSchema(timeoutIsTwoSeconds)); // what is live for all fits
    const rpc::Outcome promoted = call(u"canary.promote"_s, {{u"service"_s, u"shop"_s}});
    FAILS(promoted, Code::invalidArgument);
    QVERIFY2(faultsOf(promoted).contains(u"sh001 core/timeout"_s), qPrintable(why(promoted)));
    DONE(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}}));
    FAILS(publish(u"slower on one"_s, canary), Code::invalidArgument);
}

void tst_goconf_schema::rollback_goesBackAndSaysWhatDoesNotFit()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"slower"_s));
    DONE(setSchema(R"({"properties":{"core":{"properties":{"timeout":{"const":"3s"}}}}})"));
    const rpc::Outcome back = call(
        u"rollback"_s, {{u"service"_s, u"shop"_s}, {u"undo"_s, true}, {u"message"_s, u"back"_s}});
    DONE(back);
    QCOMPARE(faultsOf(back), uR"(bj001 core/timeout: expected "3s", found "2s"; )"
                             R"(sh001 core/timeout: expected "3s", found "2s")"_s);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
}

void tst_goconf_schema::validate_namesFaultsOfTheSchema()
{
    DONE(setSchema(timeoutIsTwoSeconds));
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome verdict = call(u"validate"_s, {{u"service"_s, u"shop"_s}});
    DONE(verdict);
    QVERIFY(!verdict->toMap().value(u"ok"_s).toBool());
    QCOMPARE(faultsOf(verdict), uR"(bj001 core/timeout: expected "2s", found "3s"; )"
                                R"(sh001 core/timeout: expected "2s", found "3s")"_s);
    // The same again, from what is known by now, and by a node that has looked at nothing yet.
    for (const int node : {1, 2})
        QCOMPARE(faultsOf(call(u"validate"_s, {{u"service"_s, u"shop"_s}}, node)),
                 faultsOf(verdict));
    DONE(set(u"timeout"_s, u"2s"_s));
    const rpc::Outcome fine = call(u"validate"_s, {{u"service"_s, u"shop"_s}});
    DONE(fine);
    QVERIFY(fine->toMap().value(u"ok"_s).toBool());
}

// ---- set

void tst_goconf_schema::set_isRefusedIfWhatIsLiveDoesNotFit()
{
    DONE(set(u"timeout"_s, u"3s"_s, u"ann"_s, u"bj001"_s));
    DONE(publish(u"slower there"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"bj001"_s)}}}));
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = setSchema(timeoutIsTwoSeconds);
    FAILS(refused, Code::refused);
    QCOMPARE(faultsOf(refused), uR"(bj001 core/timeout: expected "2s", found "3s")"_s);
    QVERIFY(allFiles() == before);
    FAILS(setSchema(timeoutIsTwoSeconds, {{u"path"_s, u"../x"_s}}), Code::invalidArgument);
    FAILS(call(u"schema.set"_s, {{u"service"_s, u"none"_s}, {u"schema"_s, u"{}"_s}}),
          Code::notFound);
}

void tst_goconf_schema::set_byForceHoldsUpTheNextPublish()
{
    const rpc::Outcome forced = setSchema(portIsSmall, {{u"force"_s, true}, {u"as"_s, u"bob"_s}});
    DONE(forced);
    const QString missing = u"bj001 core/port: expected, but it is missing (where it listens); "
                            "sh001 core/port: expected, but it is missing (where it listens)"_s;
    QCOMPARE(faultsOf(forced), missing);
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome refused = publish(u"slower"_s);
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(faultsOf(refused), missing);
    DONE(put(u"port"_s, u"80"_s, u"int"_s));
    DONE(publish(u"slower, and with a port"_s));
    const QCborMap schema = schemas().first().toMap();
    QCOMPARE(schema.value(u"by"_s).toString(), u"bob"_s);
    QCOMPARE(schema.value(u"schema"_s).toString(), QString::fromUtf8(portIsSmall));
}

void tst_goconf_schema::set_againChangesNothing()
{
    const rpc::Outcome first = setSchema(timeoutIsTwoSeconds);
    DONE(first);
    QVERIFY(first->toMap().value(u"changed"_s).toBool());
    QCOMPARE(first->toMap().value(u"documents"_s).toInteger(), 1); // the same in both
    const QByteArray record = stored(servicePath("shop"));
    const rpc::Outcome again = setSchema(timeoutIsTwoSeconds, {{u"as"_s, u"bob"_s}});
    DONE(again);
    QVERIFY(!again->toMap().value(u"changed"_s).toBool());
    QCOMPARE(stored(servicePath("shop")), record);
}

void tst_goconf_schema::set_isOfOnePath()
{
    DONE(setSchema(timeoutIsTwoSeconds));
    const rpc::Outcome unused = setSchema(R"({"not":{}})", {{u"path"_s, u"app.yaml"_s}});
    DONE(unused); // there is no such file yet
    QCOMPARE(unused->toMap().value(u"documents"_s).toInteger(), 0);
    QCOMPARE(schemas().size(), 2);
    const rpc::Outcome one =
        call(u"schema.get"_s, {{u"service"_s, u"shop"_s}, {u"path"_s, u"app.yaml"_s}});
    DONE(one);
    QCOMPARE(one->toMap().value(u"schemas"_s).toArray().size(), 1);
    const rpc::Outcome none =
        call(u"schema.get"_s, {{u"service"_s, u"shop"_s}, {u"path"_s, u"x.yaml"_s}});
    FAILS(none, Code::notFound);
    QVERIFY2(none.error().message.contains(u"for its keys, for app.yaml"_s), qPrintable(why(none)));
}

void tst_goconf_schema::set_readsWhatIsLiveAgainIfSomebodyPublishes()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    trap(servicePath("shop"), u"publish"_s,
         {{u"targets"_s, QCborArray{target(u"shop"_s)}}, {u"message"_s, u"meanwhile"_s}});
    const rpc::Outcome refused = setSchema(timeoutIsTwoSeconds);
    const std::optional<rpc::Outcome> between = sprung();
    QVERIFY(between);
    DONE(*between);
    FAILS(refused, Code::refused);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(schemas(), QCborArray());
}

void tst_goconf_schema::publish_readsTheSchemaAgainIfSomebodySetsOne()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    trap(servicePath("shop"), u"schema.set"_s,
         {{u"service"_s, u"shop"_s}, {u"schema"_s, QString::fromUtf8(timeoutIsTwoSeconds)}});
    const rpc::Outcome refused = publish(u"slower"_s);
    const std::optional<rpc::Outcome> between = sprung();
    QVERIFY(between);
    DONE(*between);
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    QCOMPARE(schemas().size(), 1);
}

void tst_goconf_schema::check_triesWithoutStoring()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    const std::vector<store::FileView> before = allFiles();
    const QString schema = QString::fromUtf8(timeoutIsTwoSeconds);
    const QCborMap live{{u"service"_s, u"shop"_s}, {u"schema"_s, schema}};
    const rpc::Outcome fits = call(u"schema.check"_s, live);
    DONE(fits);
    QVERIFY(fits->toMap().value(u"ok"_s).toBool());
    QCborMap draft = live;
    draft.insert(u"draft"_s, u"main"_s);
    const rpc::Outcome breaks = call(u"schema.check"_s, draft);
    DONE(breaks);
    QVERIFY(!breaks->toMap().value(u"ok"_s).toBool());
    QVERIFY(faultsOf(breaks).contains(u"sh001 core/timeout"_s));
    FAILS(call(u"schema.check"_s, {{u"service"_s, u"shop"_s}, {u"schema"_s, u"{\"x\":1}"_s}}),
          Code::invalidArgument);
    QVERIFY(allFiles() == before);
    DONE(setSchema(portIsSmall, {{u"force"_s, true}}));
    const rpc::Outcome stored = call(u"schema.check"_s, {{u"service"_s, u"shop"_s}});
    DONE(stored); // those that the service has
    QVERIFY(faultsOf(stored).contains(u"sh001 core/port"_s));
}

void tst_goconf_schema::remove_takesItAway()
{
    DONE(setSchema(timeoutIsTwoSeconds));
    DONE(call(u"schema.remove"_s, {{u"service"_s, u"shop"_s}}));
    FAILS(call(u"schema.remove"_s, {{u"service"_s, u"shop"_s}}), Code::notFound);
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"slower"_s));
}

// ---- what lies in the store

void tst_goconf_schema::schema_survivesRestart()
{
    DONE(setSchema(timeoutIsTwoSeconds));
    for (const int node : {1, 2, 3}) {
        QVERIFY(cluster().stop(node));
        const Result<void> started = cluster().restart(node);
        QVERIFY2(started, started ? "" : qPrintable(started.error().message));
        QVERIFY(cluster().runUntil([&] { return cluster().hasStarted(node, u"goconf"_s); }));
    }
    DONE(set(u"timeout"_s, u"3s"_s));
    FAILS(publish(u"slower"_s), Code::invalidArgument);
}

void tst_goconf_schema::schema_outlivesPublishes()
{
    DONE(setSchema(timeoutIsTwoSeconds));
    DONE(set(u"other"_s, u"1"_s));
    DONE(publish(u"something"_s));
    QCOMPARE(schemas().size(), 1);
    DONE(set(u"timeout"_s, u"3s"_s));
    FAILS(publish(u"slower"_s), Code::invalidArgument);
}

/// Records that were written before there were schemas.
void tst_goconf_schema::record_ofBeforeIsRead()
{
    const Result<ServiceRecord> record =
        ServiceRecord::parse(R"({"last":7,"note":"","by":"ann","at":5})");
    QVERIFY(record);
    QVERIFY(record->schemas.empty());
    QVERIFY(!record->toJson().contains("schemas"));
    ServiceRecord two = *record;
    two.schemas[""] = {config::Hash::of("a"), 5, {"ann", WallMs(7)}};
    two.schemas["conf.d/a.yaml"] = {config::Hash::of("b"), 6, {"bob", WallMs(8)}};
    const Result<ServiceRecord> again = ServiceRecord::parse(two.toJson());
    QVERIFY(again);
    QVERIFY(*again == two);
    for (const char *wrong :
         {R"({"../a":{"hash":"$","bytes":1,"by":"","at":1}})", R"({"a":{}})",
          R"({"a":{"hash":"x","bytes":1,"by":"","at":1}})", R"({"a":1})", "[]"}) {
        const QByteArray schemas = QByteArray(wrong).replace("$", QByteArray(64, 'a'));
        const Result<ServiceRecord> refused = ServiceRecord::parse(
            R"({"last":7,"note":"","by":"ann","at":5,"schemas":)" + schemas + '}');
        QVERIFY2(!refused, wrong);
        QCOMPARE(refused.error().code, ErrorCode::corrupt);
    }
}

/// Set by a node that knew more keywords: nothing passes unchecked, and it can be mended.
void tst_goconf_schema::unreadableSchema_isNamed()
{
    DONE(setSchema(timeoutIsTwoSeconds));
    const config::Hash hash = config::Hash::of("{\"new\":1}");
    QVERIFY(cluster().await(cluster().store(1).put(objectPath(hash, 0), "{\"new\":1}")));
    Result<ServiceRecord> record = ServiceRecord::parse(stored(servicePath("shop")));
    QVERIFY(record);
    record->schemas[""] = {hash, 9, {"ann", WallMs(1)}};
    QVERIFY(cluster().await(cluster().store(1).put(servicePath("shop"), record->toJson())));
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome refused = publish(u"slower"_s);
    QVERIFY(!refused);
    QVERIFY2(refused.error().message.contains(u"the schema of the keys: /new"_s),
             qPrintable(why(refused)));
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    DONE(call(u"schema.remove"_s, {{u"service"_s, u"shop"_s}}));
    DONE(publish(u"slower"_s));
}

COFFER_TEST_MAIN(tst_goconf_schema)
#include "tst_goconf_schema.moc"
