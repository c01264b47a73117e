// SPDX-License-Identifier: Apache-2.0
#include "node/access_table.h"

#include <QTest>

using namespace coffer;
using namespace coffer::node;
using namespace Qt::StringLiterals;

using Kind = rpc::Access::Kind;

/// "allow read /a/**", with the methods behind it if there are four words.
static Rule ruleOf(const QString &text)
{
    const QStringList words = text.split(' '_L1);
    const Result<Rule> rule =
        makeRule(words[0] == "allow"_L1, words[1], words[2].toUtf8(), words.value(3, u"*"_s));
    if (!rule)
        qFatal("%s: %s", qPrintable(text), qPrintable(rule.error().message));
    return *rule;
}

static store::FileView fileOf(const QByteArray &path, const QByteArray &value)
{
    store::FileView file;
    file.path = path;
    file.value = value;
    return file;
}

/// Access control is on, and the role "r" has \a rules.
static AccessTable tableOf(const QStringList &rules)
{
    std::vector<Rule> all;
    for (const QString &rule : rules)
        all.push_back(ruleOf(rule));
    QStringList faults;
    AccessTable table = AccessTable::read(
        {fileOf(access::enabled, "{}"), fileOf(QByteArray(access::roles) + "r", encodeRules(all))},
        &faults);
    if (!faults.isEmpty())
        qFatal("%s", qPrintable(faults.join(' '_L1)));
    return table;
}

class TestAccessTable : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void plugin_hasTheRolesOfItsName()
    {
        const AccessTable table = tableOf({u"allow read /**"_s});
        const rpc::Caller plugin{u"plugin shop"_s, {u"r"_s}, u"plugin shop"_s};
        const auto roles = table.rolesOf(plugin, WallMs(0));
        QVERIFY(roles);
        QCOMPARE(*roles, QStringList({u"plugin"_s, u"plugin-shop"_s}));
        const Decision decision = table.decide(*roles, {u"flags.check"_s, {Kind::read}, {}});
        QVERIFY(!decision.isAllowed); // nobody has given them rules
        QVERIFY2(decision.reason.contains("plugin-shop"_L1), qPrintable(decision.reason));
    }
    void decide_followsTheRules_data()
    {
        QTest::addColumn<QStringList>("rules");
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("action");
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<bool>("isTree");
        QTest::addColumn<bool>("isAllowed");
        QTest::addColumn<QString>("reason");
        const auto row = [](const char *name, const QStringList &rules, const char *asked,
                            bool isAllowed, const char *reason) {
            const QStringList words = QString::fromLatin1(asked).split(' '_L1);
            const int action = words[1] == "read"_L1    ? int(Kind::read)
                               : words[1] == "write"_L1 ? int(Kind::write)
                                                        : int(Kind::admin);
            QTest::newRow(name) << rules << words[0] << action << words[2].toUtf8()
                                << (words.value(3) == "tree"_L1) << isAllowed
                                << QString::fromLatin1(reason);
        };
        const QStringList reader{u"allow read /a/**"_s};
        row("no rule", {}, "store.get read /a", false, "no rule of role \"r\" allows to read /a");
        row("allowed", reader, "store.get read /a/b/c", true,
            "role \"r\" rule 1: allow read /a/** *");
        row("another action", reader, "store.put write /a/b", false, "no rule");
        row("another path", reader, "store.get read /ab", false, "no rule");
        row("the head of a tree", reader, "store.get read /a", true, "rule 1");
        row("a tree", reader, "store.list read /a tree", true, "rule 1");
        row("a tree within", reader, "store.list read /a/b tree", true, "rule 1");
        row("a tree around", reader, "store.list read / tree", false, "no rule");
        row("a pattern within", reader, "store.watch read /a/*/x", true, "rule 1");
        row("a pattern beyond", reader, "store.watch read /*/x", false, "no rule");
        row("a pattern around", reader, "store.watch read /a**", false, "no rule");
        row("the directory is not its files", {u"allow read /a/*"_s}, "store.list read /a tree",
            false, "no rule");
        row("deny goes before allow", {u"allow all /**"_s, u"deny write /a/x"_s},
            "store.put write /a/x", false, "role \"r\" rule 2: deny write /a/x *");
        row("deny goes before a later allow", {u"deny write /a/x"_s, u"allow all /**"_s},
            "store.put write /a/x", false, "rule 1");
        row("deny is for its action", {u"allow all /**"_s, u"deny write /a/x"_s},
            "store.get read /a/x", true, "rule 1");
        row("deny within what is asked", {u"allow all /**"_s, u"deny read /a/x/**"_s},
            "store.list read /a tree", false, "rule 2");
        row("deny meets a pattern", {u"allow all /**"_s, u"deny read /a/x"_s},
            "store.watch read /*/x", false, "rule 2");
        row("deny misses a pattern", {u"allow all /**"_s, u"deny read /a/x"_s},
            "store.watch read /*/y", true, "rule 1");
        row("deny of a tree is for its head", {u"allow all /**"_s, u"deny read /a/**"_s},
            "store.get read /a", false, "rule 2");
        row("a method", {u"allow write /a/** store.put"_s}, "store.put write /a/b", true, "rule 1");
        row("another method", {u"allow write /a/** store.put"_s}, "store.delete write /a/b", false,
            "no rule");
        row("methods", {u"allow write /a/** store.*"_s}, "store.delete write /a/b", true, "rule 1");
        row("deny of methods", {u"allow all /**"_s, u"deny all /** members.*"_s},
            "members.add admin /", false, "rule 2");
        row("the whole", {u"allow read /**"_s}, "store.figures read /", true, "rule 1");
        row("the whole is not a part", reader, "store.figures read /", false, "no rule");
        row("rules are for administrators", {u"allow read,write /**"_s},
            "store.get read /coffer/auth/roles/r", false, "is for administrators");
        row("a pattern that meets rules", {u"allow read,write /**"_s}, "store.watch read /**",
            false, "is for administrators");
        row("a tree that has the rules", {u"allow read,write /**"_s}, "store.delete write / tree",
            false, "is for administrators");
        row("the directory of rules", {u"allow read,write /**"_s}, "store.get read /coffer/auth",
            false, "is for administrators");
        row("beside the rules", {u"allow read,write /**"_s}, "store.list read /coffer/other tree",
            true, "rule 1");
        row("an administrator", {u"allow all /**"_s}, "store.get read /coffer/auth/enabled", true,
            "rule 1");
        row("no path", {u"allow all /**"_s}, "store.get read nonsense", false, "cannot be judged");
    }
    void decide_followsTheRules()
    {
        QFETCH(QStringList, rules);
        QFETCH(QString, method);
        QFETCH(int, action);
        QFETCH(QByteArray, path);
        QFETCH(bool, isTree);
        QFETCH(QString, reason);
        const Decision decision = tableOf(rules).decide(
            {u"r"_s}, {method, {Kind(action)}, {{Kind(action), path, isTree}}});
        QTEST(decision.isAllowed, "isAllowed");
        QVERIFY2(decision.reason.contains(reason), qPrintable(decision.reason));
    }

    void decide_asksForEachTouch()
    {
        const AccessTable table = tableOf({u"allow write /a/**"_s, u"allow read /b"_s});
        Asked asked{u"store.commit"_s, {Kind::write}, {{Kind::write, "/a/x", false}}};
        QVERIFY(table.decide({u"r"_s}, asked).isAllowed);
        asked.touches.push_back({Kind::read, "/b", false}); // a guard
        QVERIFY(table.decide({u"r"_s}, asked).isAllowed);
        asked.touches.push_back({Kind::read, "/a/x", false});
        const Decision denied = table.decide({u"r"_s}, asked);
        QVERIFY(!denied.isAllowed);
        QVERIFY2(denied.reason.contains(u"read /a/x"_s), qPrintable(denied.reason));
    }
    void decide_whatIsOpenNeedsNoRole()
    {
        const AccessTable table = tableOf({});
        QVERIFY(table.decide({}, {u"rpc.discover"_s, {Kind::open}, {}}).isAllowed);
        QVERIFY(table.decide({}, {u"session.open"_s, {Kind::write, {}, true}, {}}).isAllowed);
        QVERIFY(!table.decide({}, {u"store.compact"_s, {Kind::admin}, {}}).isAllowed);
    }
    void decide_rootMayDoEverything()
    {
        const AccessTable table = tableOf({});
        for (const Kind action : {Kind::read, Kind::write, Kind::admin}) {
            const rpc::Touch all{action, "/", true};
            QVERIFY(table.decide({u"root"_s}, {u"any.thing"_s, {action}, {all}}).isAllowed);
            QVERIFY(table.decide({u"root"_s}, {u"any.thing"_s, {action}, {}}).isAllowed);
        }
    }
    void decide_denyOfOneRoleBindsAllRoles()
    {
        const AccessTable table = tableOf({u"deny write /a/**"_s});
        const Asked asked{u"store.put"_s, {Kind::write}, {{Kind::write, "/a/x", false}}};
        QVERIFY(!table.decide({u"root"_s, u"r"_s}, asked).isAllowed);
    }
    void decide_aRoleThatCannotBeReadDenies()
    {
        QStringList faults;
        const AccessTable table = AccessTable::read(
            {fileOf(access::enabled, ""), fileOf(QByteArray(access::roles) + "bad", "nonsense")},
            &faults);
        QCOMPARE(faults.size(), 1);
        QVERIFY2(faults.first().contains(u"/coffer/auth/roles/bad"_s), qPrintable(faults.first()));
        const Asked asked{u"store.get"_s, {Kind::read}, {{Kind::read, "/x", false}}};
        QVERIFY(!table.decide({u"root"_s, u"bad"_s}, asked).isAllowed);
    }

    void rolesOf_knowsWhoIsWho()
    {
        const TokenRecord token{.hash = "h", .createdMs = 1, .expiresMs = 100, .roles = {u"r"_s}};
        const AccessTable table = AccessTable::read(
            {fileOf(QByteArray(access::tokens) + "t", encodeToken(token)),
             fileOf(QByteArray(access::names) + "web", encodeRoleNames({u"w"_s}))});
        const auto caller = [](const QString &name, const QByteArray &proof = {}) {
            return rpc::Caller{.name = name, .proof = proof};
        };
        const auto roles = table.rolesOf(caller(u"token t"_s, "h"), WallMs(99));
        QVERIFY(roles);
        QCOMPARE(*roles, QStringList{u"r"_s});
        QCOMPARE(*table.rolesOf(caller(u"certificate web"_s), WallMs(0)), QStringList{u"w"_s});
        const auto why = [&](const rpc::Caller &who, WallMs now) {
            const auto known = table.rolesOf(who, now);
            return known ? QString() : known.error().message;
        };
        QVERIFY(why(caller(u"token t"_s, "h"), WallMs(100)).contains(u"expired"_s));
        QVERIFY(why(caller(u"token t"_s, "old"), WallMs(0)).contains(u"revoked"_s));
        QVERIFY(why(caller(u"token x"_s, "h"), WallMs(0)).contains(u"revoked"_s));
        QVERIFY(why(caller(u"token x"_s), WallMs(0)).contains(u"needs a token"_s));
        QVERIFY(why(caller(u"anonymous"_s), WallMs(0)).contains(u"needs a token"_s));
        QVERIFY(why(caller(u"certificate db"_s), WallMs(0)).contains(u"no roles"_s));
        QVERIFY(why({.name = u"token t"_s, .proof = "h", .trouble = u"T"_s}, WallMs(0)) == "T"_L1);
    }
    void standing_changesWithWhatMatters()
    {
        const rpc::Caller caller{.name = u"certificate web"_s};
        const auto name = fileOf(QByteArray(access::names) + "web", encodeRoleNames({u"r"_s}));
        const auto standing = [&](const QStringList &rules, bool isEnabled) {
            std::vector<Rule> all;
            for (const QString &rule : rules)
                all.push_back(ruleOf(rule));
            std::vector<store::FileView> files{
                name, fileOf(QByteArray(access::roles) + "r", encodeRules(all))};
            if (isEnabled)
                files.push_back(fileOf(access::enabled, "{}"));
            return AccessTable::read(files).standingOf(caller, WallMs(0));
        };
        const QByteArray before = standing({u"allow read /a"_s}, true);
        QCOMPARE(standing({u"allow read /a"_s}, true), before);
        QVERIFY(standing({u"allow read /b"_s}, true) != before);
        QVERIFY(standing({u"allow read /a"_s}, false) != before);
        QCOMPARE(standing({}, false), standing({u"allow read /a"_s}, false));
    }

    void records_travel()
    {
        const std::vector<Rule> rules{ruleOf(u"allow read,admin /a/** store.*"_s),
                                      ruleOf(u"deny write /b"_s)};
        QCOMPARE(*decodeRules(encodeRules(rules)), rules);
        const TokenRecord token{"hash", 5, 7, {u"a"_s, u"b"_s}, u"what \"for\""_s};
        QCOMPARE(*decodeToken(encodeToken(token)), token);
        const auto odd = decodeToken(R"({"hash":"$argon)"
                                     "\xCE\x9F"
                                     R"(","createdMs":0,"expiresMs":2})");
        QVERIFY(!odd && odd.error().message.contains(u"hash"_s));
        QCOMPARE(*decodeRoleNames(encodeRoleNames({u"a"_s})), QStringList{u"a"_s});
    }
    void records_faultsAreNamed_data()
    {
        QTest::addColumn<QByteArray>("record");
        QTest::addColumn<QString>("why");
        QTest::newRow("no JSON") << QByteArray("x") << u"JSON"_s;
        QTest::newRow("a list") << QByteArray("[]") << u"JSON object"_s;
        QTest::newRow("no rules") << QByteArray("{}") << u"rules is missing"_s;
        QTest::newRow("another member") << QByteArray(R"({"rules":[],"x":1})") << u"x"_s;
        const auto rule = [](const char *text) {
            return R"({"rules":[)" + QByteArray(text) + "]}";
        };
        QTest::newRow("no rule") << rule("1") << u"rules[0]"_s;
        QTest::newRow("effect") << rule(
            R"({"effect":"may","actions":"read","path":"/a","methods":"*"})")
                                << u"rules[0].effect"_s;
        QTest::newRow("actions") << rule(
            R"({"effect":"deny","actions":"look","path":"/a","methods":"*"})")
                                 << u"actions: 'look'"_s;
        QTest::newRow("path") << rule(
            R"({"effect":"deny","actions":"all","path":"a","methods":"*"})")
                              << u"path"_s;
        QTest::newRow("methods") << rule(
            R"({"effect":"deny","actions":"all","path":"/a","methods":"a b"})")
                                 << u"methods: 'a b'"_s;
        QTest::newRow("too many") << R"({"rules":[)" + QByteArray("1,").repeated(256) + "1]}"
                                  << u"257"_s;
        QTest::newRow("too large") << QByteArray(300'000, ' ') << u"allowed"_s;
    }
    void records_faultsAreNamed()
    {
        QFETCH(QByteArray, record);
        QFETCH(QString, why);
        const auto rules = decodeRules(record);
        QVERIFY(!rules);
        QCOMPARE(rules.error().code, ErrorCode::invalid);
        QVERIFY2(rules.error().message.contains(why), qPrintable(rules.error().message));
    }
};

QTEST_APPLESS_MAIN(TestAccessTable)
#include "tst_access_table.moc"
