// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/goconf_stage.h"

#include "config/hash.h"
#include "testkit/main.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using rpc::Code;

/// Tombstones, what is final, and where a value comes from.
class tst_goconf_marks : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void tombstone_takesAKeyAwayFromOneIdc();
    void tombstone_ofASectionTakesLaterKeysToo();
    void tombstone_ofAPathIsOfTheKindThatIsThere();
    void tombstone_goesAsItCame();
    void tombstone_collidesAsAnyEdit();
    void tombstone_isPromoted();
    void final_isAFaultForWhoComesSecond();
    void final_isAFaultForWhoSetsItWhileOthersDiffer();
    void final_forbidsTombstonesAndOtherKindsOfFiles();
    void final_staysUntilItIsTakenBack();
    void final_isNotInherited();
    void secret_isRefused();
    void badMarks_areRefused_data();
    void badMarks_areRefused();

    void why_tellsEachLayerAndItsRelease();
    void why_ofAKeyThatIsGoneTellsWhoRemovedIt();
    void why_withADraftTellsWhatIsPending();
    void why_seesARollback();
    void why_ofAnOutputTellsItsKeys();
    void why_ofASectionTellsItsKeys();
    void why_ofAValueInAFileTellsOfTheFile();
    void why_asAHostSeesIt();
    void why_refuses_data();
    void why_refuses();

private:
    [[nodiscard]] rpc::Outcome editOwn(const QCborArray &edits, const QString &who = u"ann"_s);
    [[nodiscard]] rpc::Outcome publishOwn(const QString &message);
    /// "timeout=2s", of what hosts in sh001 get.
    [[nodiscard]] QString effective(const QString &scope = u"sh001"_s);
    [[nodiscard]] rpc::Outcome ask(const QString &place, QCborMap more = {});
    /// Of an answer of goconf.why: the layer, counted from above.
    [[nodiscard]] static QCborMap layerIn(const rpc::Outcome &answer, qsizetype index);
};

static QCborMap tombstoneOf(const QString &section, const QString &key, const QString &why = {})
{
    QCborMap map{{u"op"_s, u"tombstone"_s}, {u"section"_s, section}};
    if (!key.isEmpty())
        map.insert(u"key"_s, key);
    if (!why.isEmpty())
        map.insert(u"comment"_s, why);
    return map;
}

static QCborMap unsetOf(const QString &section, const QString &key = {})
{
    QCborMap map{{u"op"_s, u"unset"_s}, {u"section"_s, section}};
    if (!key.isEmpty())
        map.insert(u"key"_s, key);
    return map;
}

static QCborMap pathOf(const QString &op, const QString &path)
{
    return {{u"op"_s, op}, {u"path"_s, path}};
}

static QCborMap marked(QCborMap edit, bool isFinal = true)
{
    edit.insert(u"final"_s, isFinal);
    return edit;
}

void tst_goconf_marks::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

rpc::Outcome tst_goconf_marks::editOwn(const QCborArray &edits, const QString &who)
{
    return call(
        u"draft.edit"_s,
        {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}, {u"as"_s, who}, {u"edits"_s, edits}});
}

rpc::Outcome tst_goconf_marks::publishOwn(const QString &message)
{
    return publish(message, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}});
}

QString tst_goconf_marks::effective(const QString &scope)
{
    const rpc::Outcome got =
        call(u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, scope}, {u"effective"_s, true}});
    if (!got)
        return why(got);
    QStringList words;
    for (const QCborValue section : got->toMap().value(u"sections"_s).toArray()) {
        for (const QCborValue key : section.toMap().value(u"keys"_s).toArray()) {
            const QCborMap map = key.toMap();
            words += map.value(u"name"_s).toString() + u'=' + map.value(u"value"_s).toString();
        }
    }
    for (const QCborValue output : got->toMap().value(u"outputs"_s).toArray())
        words += output.toMap().value(u"path"_s).toString();
    return words.join(u' ');
}

rpc::Outcome tst_goconf_marks::ask(const QString &place, QCborMap more)
{
    more.insert(u"service"_s, u"shop"_s);
    more.insert(u"place"_s, place);
    return call(u"why"_s, more);
}

QCborMap tst_goconf_marks::layerIn(const rpc::Outcome &answer, qsizetype index)
{
    return answer ? answer->toMap().value(u"layers"_s).toArray().at(index).toMap() : QCborMap();
}

// ---- tombstones

void tst_goconf_marks::tombstone_takesAKeyAwayFromOneIdc()
{
    DONE(set(u"debug"_s, u"on"_s));
    DONE(publish(u"debug"_s));
    DONE(editOwn({tombstoneOf(u"core"_s, u"debug"_s, u"too loud"_s)}));
    const rpc::Outcome diff =
        call(u"draft.diff"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}});
    DONE(diff);
    const QCborMap difference = diff->toMap().value(u"differences"_s).toArray().at(0).toMap();
    QCOMPARE(difference.value(u"place"_s).toString(), u"core/debug"_s);
    const QCborMap expected{{u"tombstone"_s, true}, {u"comment"_s, u"too loud"_s}};
    QVERIFY(difference.value(u"after"_s).toMap() == expected);
    const QCborMap text = diff->toMap().value(u"text"_s).toArray().at(0).toMap();
    QVERIFY(text.value(u"diff"_s).toString().contains(u"\n-debug on\n"_s));
    DONE(publishOwn(u"quiet"_s));
    QCOMPARE(effective(), u"timeout=2s shop.conf"_s);
    QCOMPARE(effective(u"bj001"_s), u"timeout=2s debug=on shop.conf"_s);
    const rpc::Outcome own = call(u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}});
    DONE(own);
    const QCborArray tombstones = own->toMap().value(u"tombstones"_s).toArray();
    QCOMPARE(tombstones.size(), 1);
    QCOMPARE(tombstones.at(0).toMap().value(u"place"_s).toString(), u"core/debug"_s);
    const rpc::Outcome all = call(
        u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}, {u"effective"_s, true}});
    DONE(all);
    QCOMPARE(
        all->toMap().value(u"tombstones"_s).toArray().at(0).toMap().value(u"from"_s).toString(),
        u"sh001"_s);
}

void tst_goconf_marks::tombstone_ofASectionTakesLaterKeysToo()
{
    DONE(editOwn({tombstoneOf(u"core"_s, {}), setOf(u"own"_s, u"1"_s)}));
    DONE(publishOwn(u"nothing of the core"_s));
    QCOMPARE(effective(), u"own=1 shop.conf"_s);
    DONE(set(u"later"_s, u"1"_s));
    DONE(publish(u"later"_s));
    QCOMPARE(effective(), u"own=1 shop.conf"_s);
    QCOMPARE(effective(u"bj001"_s), u"timeout=2s later=1 shop.conf"_s);
    // A comment of the section is the tombstone's.
    const QCborMap comment{
        {u"op"_s, u"comment"_s}, {u"section"_s, u"core"_s}, {u"comment"_s, u"why"_s}};
    DONE(editOwn({comment}));
    DONE(publishOwn(u"said why"_s));
    QCOMPARE(effective(), u"own=1 shop.conf"_s);
    DONE(editOwn({unsetOf(u"core"_s)}));
    DONE(publishOwn(u"back"_s));
    QCOMPARE(effective(), u"timeout=2s later=1 own=1 shop.conf"_s);
    FAILS(editOwn({unsetOf(u"core"_s)}), Code::notFound); // keys are unset one by one
}

void tst_goconf_marks::tombstone_ofAPathIsOfTheKindThatIsThere()
{
    DONE(editOwn({pathOf(u"tombstone"_s, u"shop.conf"_s), pathOf(u"tombstone"_s, u"none"_s)}));
    const rpc::Outcome draft =
        call(u"draft.get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}});
    DONE(draft);
    QStringList kinds;
    for (const QCborValue change : draft->toMap().value(u"changes"_s).toArray())
        kinds += change.toMap().value(u"kind"_s).toString();
    QCOMPARE(kinds.join(u' '), u"file output"_s);
    DONE(publishOwn(u"no files"_s));
    QCOMPARE(effective(), u"timeout=2s"_s);
    // An output of its own takes its place, though the tombstone is that of a file.
    QCborMap output = pathOf(u"output"_s, u"none"_s);
    output.insert(u"format"_s, u"goconf"_s);
    DONE(editOwn({output}));
    DONE(publishOwn(u"an output"_s));
    QCOMPARE(effective(), u"timeout=2s none"_s);
    // Whoever takes it for a file may remove it as one.
    DONE(editOwn({pathOf(u"removeFile"_s, u"shop.conf"_s)}));
    DONE(publishOwn(u"back"_s));
    QCOMPARE(effective(), u"timeout=2s none shop.conf"_s);
}

void tst_goconf_marks::tombstone_goesAsItCame()
{
    const QByteArray draft = "/config/shop/sh001/draft/main/core/timeout";
    DONE(editOwn({tombstoneOf(u"core"_s, u"timeout"_s)}));
    QVERIFY(!stored(draft).isEmpty());
    DONE(editOwn({unsetOf(u"core"_s, u"timeout"_s)}));
    QCOMPARE(stored(draft), QByteArray()); // as it is live: nothing is pending
    DONE(editOwn({tombstoneOf(u"core"_s, u"timeout"_s), setOf(u"timeout"_s, u"5s"_s)}));
    DONE(publishOwn(u"the last edit counts"_s));
    QCOMPARE(effective(), u"timeout=5s shop.conf"_s);
    DONE(editOwn({tombstoneOf(u"core"_s, u"timeout"_s)}));
    DONE(publishOwn(u"its own goes too"_s));
    QCOMPARE(effective(), u"shop.conf"_s);
    DONE(editOwn({setOf(u"timeout"_s, u"7s"_s)})); // of the type that lower layers have
    DONE(publishOwn(u"and comes back"_s));
    QCOMPARE(effective(), u"timeout=7s shop.conf"_s);
}

void tst_goconf_marks::tombstone_collidesAsAnyEdit()
{
    DONE(editOwn({setOf(u"timeout"_s, u"5s"_s)}));
    FAILS(editOwn({tombstoneOf(u"core"_s, u"timeout"_s)}, u"bob"_s), Code::conflict);
    DONE(publishOwn(u"five"_s));
    const QCborMap other{{u"service"_s, u"shop"_s},
                         {u"scope"_s, u"sh001"_s},
                         {u"draft"_s, u"other"_s},
                         {u"edits"_s, QCborArray{tombstoneOf(u"core"_s, u"timeout"_s)}}};
    DONE(call(u"draft.edit"_s, other));
    DONE(editOwn({setOf(u"timeout"_s, u"6s"_s)}));
    DONE(publishOwn(u"six"_s));
    QCborMap late = target(u"shop"_s, u"sh001"_s);
    late.insert(u"draft"_s, u"other"_s);
    FAILS(publish(u"late"_s, {{u"targets"_s, QCborArray{late}}}), Code::conflict);
}

void tst_goconf_marks::tombstone_isPromoted()
{
    DONE(set(u"debug"_s, u"on"_s));
    DONE(publish(u"debug"_s));
    DONE(editOwn({tombstoneOf(u"core"_s, {}), setOf(u"own"_s, u"1"_s)}));
    DONE(publishOwn(u"own"_s));
    for (const QString &to : {u"bj001"_s, u"_all"_s}) {
        DONE(call(u"draft.promote"_s,
                  {{u"service"_s, u"shop"_s}, {u"from"_s, u"sh001"_s}, {u"scope"_s, to}}));
        DONE(publish(u"promoted"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, to)}}}));
        QCOMPARE(effective(u"bj001"_s), effective());
    }
    QCOMPARE(effective(u"_all"_s), u"own=1 shop.conf"_s);
}

// ---- final

void tst_goconf_marks::final_isAFaultForWhoComesSecond()
{
    DONE(edit({marked(setOf(u"timeout"_s, u"2s"_s))}));
    DONE(publish(u"final"_s));
    DONE(editOwn({setOf(u"timeout"_s, u"5s"_s)}));
    const rpc::Outcome refused = publishOwn(u"five"_s);
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(refused.error().message,
             u"shop@sh001: core/timeout: it is final in shop, but shop@sh001 sets it too: take "
             "that away in shop@sh001, or the mark in shop"_s);
    const rpc::Outcome verdict =
        call(u"validate"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}});
    DONE(verdict);
    QVERIFY(!verdict->toMap().value(u"ok"_s).toBool());
    QCOMPARE(verdict->toMap().value(u"faults"_s).toArray().size(), 1);
    QCOMPARE(effective(), u"timeout=2s shop.conf"_s);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    // The mark goes, in one release with what it forbade.
    DONE(edit({marked(setOf(u"timeout"_s, u"2s"_s), false)}));
    const QCborArray both{target(u"shop"_s), target(u"shop"_s, u"sh001"_s)};
    DONE(publish(u"both"_s, {{u"targets"_s, both}}));
    QCOMPARE(effective(), u"timeout=5s shop.conf"_s);
}

void tst_goconf_marks::final_isAFaultForWhoSetsItWhileOthersDiffer()
{
    DONE(editOwn({setOf(u"timeout"_s, u"5s"_s)}));
    DONE(publishOwn(u"five"_s));
    const QCborMap mark{{u"op"_s, u"set"_s},
                        {u"section"_s, u"core"_s},
                        {u"key"_s, u"timeout"_s},
                        {u"final"_s, true}}; // no value: it keeps its own
    DONE(edit({mark}));
    const rpc::Outcome refused = publish(u"final"_s);
    FAILS(refused, Code::invalidArgument);
    const QCborArray faults = refused.error().details.value(u"faults"_s).toArray();
    QCOMPARE(faults.size(), 1); // bj001 has nothing against it
    QCOMPARE(faults.at(0).toMap().value(u"idc"_s).toString(), u"sh001"_s);
    QCOMPARE(faults.at(0).toMap().value(u"place"_s).toString(), u"core/timeout"_s);
    DONE(editOwn({unsetOf(u"core"_s, u"timeout"_s)}));
    DONE(publishOwn(u"no more"_s));
    DONE(publish(u"final"_s));
    QCOMPARE(effective(), u"timeout=2s shop.conf"_s);
}

void tst_goconf_marks::final_forbidsTombstonesAndOtherKindsOfFiles()
{
    QCborMap output = marked(pathOf(u"output"_s, u"shop.conf"_s));
    output.insert(u"format"_s, u"goconf"_s);
    DONE(edit({output, marked(setOf(u"timeout"_s, u"2s"_s))}));
    DONE(publish(u"final"_s));
    for (const QCborMap &one : {tombstoneOf(u"core"_s, {}), tombstoneOf(u"core"_s, u"timeout"_s),
                                pathOf(u"tombstone"_s, u"shop.conf"_s)}) {
        DONE(editOwn({one}));
        const rpc::Outcome refused = publishOwn(u"gone"_s);
        FAILS(refused, Code::invalidArgument);
        QVERIFY2(refused.error().message.contains(u"tombstone"_s), qPrintable(why(refused)));
        DONE(call(u"draft.discard"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}}));
    }
    const QByteArray text = "x";
    const QString hash = QString::fromLatin1(config::Hash::of(text).hex());
    DONE(call(u"object.put"_s,
              {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, text}}));
    QCborMap file = pathOf(u"file"_s, u"shop.conf"_s);
    file.insert(u"object"_s, hash);
    file.insert(u"bytes"_s, 1);
    DONE(editOwn({file}));
    FAILS(publishOwn(u"another kind"_s), Code::invalidArgument);
}

void tst_goconf_marks::final_staysUntilItIsTakenBack()
{
    DONE(edit({marked(setOf(u"timeout"_s, u"2s"_s))}));
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"three"_s));
    const auto isFinal = [this] {
        const rpc::Outcome got = call(u"get"_s, {{u"service"_s, u"shop"_s}});
        const QCborMap section =
            got ? got->toMap().value(u"sections"_s).toArray().at(0).toMap() : QCborMap();
        const QCborMap key = section.value(u"keys"_s).toArray().at(0).toMap();
        return key.value(u"value"_s).toString() + (key.value(u"final"_s).toBool() ? u"!"_s : u""_s);
    };
    QCOMPARE(isFinal(), u"3s!"_s);
    DONE(set(u"timeout"_s, u"4s"_s));
    DONE(publish(u"four"_s));
    QCOMPARE(isFinal(), u"4s!"_s);
    DONE(edit({marked(setOf(u"timeout"_s, u"4s"_s), false)}));
    DONE(publish(u"not final"_s));
    QCOMPARE(isFinal(), u"4s"_s);
}

void tst_goconf_marks::final_isNotInherited()
{
    DONE(edit({marked(setOf(u"timeout"_s, u"2s"_s))}));
    DONE(publish(u"final"_s));
    DONE(editOwn({setOf(u"timeout"_s, u"5s"_s)})); // it takes the type of what is below
    const rpc::Outcome draft =
        call(u"draft.get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}});
    DONE(draft);
    const QCborMap change = draft->toMap().value(u"changes"_s).toArray().at(0).toMap();
    QVERIFY(!change.value(u"now"_s).toMap().contains(u"final"_s));
}

void tst_goconf_marks::secret_isRefused()
{
    for (QCborMap one : {setOf(u"password"_s, u"x"_s), pathOf(u"removeFile"_s, u"x"_s)}) {
        one.insert(u"secret"_s, true);
        const rpc::Outcome refused = edit({one});
        FAILS(refused, Code::invalidArgument);
        QVERIFY2(
            refused.error().message.startsWith(u"edits[0].secret: secrets cannot be kept yet: "_s),
            qPrintable(why(refused)));
        one.insert(u"secret"_s, false);
        FAILS(edit({one}), Code::invalidArgument);
    }
}

void tst_goconf_marks::badMarks_areRefused_data()
{
    QTest::addColumn<QCborMap>("one");
    QTest::addColumn<QString>("word");
    const auto with = [](QCborMap map, const QString &name, const QCborValue &value) {
        map.insert(name, value);
        return map;
    };
    QTest::newRow("tombstone of nothing") << QCborMap{{u"op"_s, u"tombstone"_s}} << u"section"_s;
    QTest::newRow("tombstone of two")
        << with(tombstoneOf(u"core"_s, {}), u"path"_s, u"x"_s) << u"section"_s;
    QTest::newRow("tombstone of a key in a file")
        << with(pathOf(u"tombstone"_s, u"x"_s), u"key"_s, u"x"_s) << u"key"_s;
    QTest::newRow("tombstone with a value")
        << with(tombstoneOf(u"core"_s, u"x"_s), u"value"_s, u"x"_s) << u"value"_s;
    QTest::newRow("tombstone of no path") << pathOf(u"tombstone"_s, u"../x"_s) << u"path"_s;
    QTest::newRow("final that is a text")
        << with(setOf(u"a"_s, u"1"_s), u"final"_s, u"yes"_s) << u"final"_s;
    QTest::newRow("final of what goes")
        << with(unsetOf(u"core"_s, u"timeout"_s), u"final"_s, true) << u"final"_s;
    QTest::newRow("final of a tombstone")
        << with(tombstoneOf(u"core"_s, u"x"_s), u"final"_s, true) << u"final"_s;
    QTest::newRow("nothing to set")
        << QCborMap{{u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"timeout"_s}}
        << u"value"_s;
}

void tst_goconf_marks::badMarks_areRefused()
{
    QFETCH(QCborMap, one);
    QFETCH(QString, word);
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = edit({one});
    FAILS(refused, Code::invalidArgument);
    QVERIFY2(refused.error().message.contains(word), qPrintable(why(refused)));
    QVERIFY(allFiles() == before);
}

// ---- why

void tst_goconf_marks::why_tellsEachLayerAndItsRelease()
{
    DONE(editOwn({setOf(u"timeout"_s, u"5s"_s)}, u"bob"_s));
    DONE(publish(u"slower there"_s,
                 {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}, {u"as"_s, u"bob"_s}}));
    DONE(set(u"other"_s, u"1"_s)); // what comes after it says nothing of it
    DONE(publish(u"other"_s));
    const rpc::Outcome answer = ask(u"core/timeout"_s, {{u"scope"_s, u"sh001"_s}});
    DONE(answer);
    QCOMPARE(textIn(answer, u"from"_s), u"sh001"_s);
    QCOMPARE(textIn(answer, u"version"_s), u"v3"_s);
    QCOMPARE(answer->toMap().value(u"item"_s).toMap().value(u"value"_s).toString(), u"5s"_s);
    const QCborMap own = layerIn(answer, 0);
    QCOMPARE(own.value(u"layer"_s).toString(), u"sh001"_s);
    QVERIFY(own.value(u"counts"_s).toBool());
    const QCborMap changed = own.value(u"changed"_s).toMap();
    QCOMPARE(changed.value(u"version"_s).toString(), u"v2"_s);
    QCOMPARE(changed.value(u"message"_s).toString(), u"slower there"_s);
    QCOMPARE(changed.value(u"by"_s).toString(), u"bob"_s);
    QVERIFY(changed.value(u"at"_s).toInteger() > 0);
    const rpc::Outcome shown =
        call(u"show"_s, {{u"release"_s, changed.value(u"release"_s).toString()}});
    QCOMPARE(textIn(shown, u"message"_s), u"slower there"_s);
    const QCborMap base = layerIn(answer, 1);
    QCOMPARE(base.value(u"layer"_s).toString(), u"_all"_s);
    QVERIFY(!base.contains(u"counts"_s));
    QCOMPARE(base.value(u"item"_s).toMap().value(u"value"_s).toString(), u"2s"_s);
    QCOMPARE(base.value(u"changed"_s).toMap().value(u"message"_s).toString(), u"first"_s);
    // As it was.
    const rpc::Outcome then =
        ask(u"core/timeout"_s, {{u"scope"_s, u"bj001"_s}, {u"version"_s, u"v1"_s}});
    QCOMPARE(textIn(then, u"from"_s), u"_all"_s);
    QVERIFY(layerIn(then, 0).value(u"item"_s).isNull());
    QVERIFY(!layerIn(then, 0).contains(u"changed"_s));
}

void tst_goconf_marks::why_ofAKeyThatIsGoneTellsWhoRemovedIt()
{
    DONE(set(u"debug"_s, u"on"_s));
    DONE(publish(u"debug"_s));
    DONE(edit({unsetOf(u"core"_s, u"debug"_s)}));
    DONE(publish(u"no debug"_s));
    const rpc::Outcome gone = ask(u"core/debug"_s);
    DONE(gone);
    QVERIFY(!gone->toMap().contains(u"from"_s));
    QCOMPARE(layerIn(gone, 0).value(u"changed"_s).toMap().value(u"message"_s).toString(),
             u"no debug"_s);
    DONE(editOwn({tombstoneOf(u"core"_s, {}, u"quiet"_s)}));
    DONE(publishOwn(u"quiet"_s));
    const rpc::Outcome buried = ask(u"core/timeout"_s, {{u"scope"_s, u"sh001"_s}});
    QCOMPARE(textIn(buried, u"from"_s), u"sh001"_s);
    QVERIFY(layerIn(buried, 0).value(u"isOfSection"_s).toBool());
    QVERIFY(layerIn(buried, 0).value(u"item"_s).toMap().value(u"tombstone"_s).toBool());
    const rpc::Outcome never = ask(u"core/never"_s);
    DONE(never);
    QVERIFY(!layerIn(never, 0).contains(u"changed"_s));
}

void tst_goconf_marks::why_withADraftTellsWhatIsPending()
{
    DONE(set(u"timeout"_s, u"9s"_s, u"bob"_s, u"sh001"_s));
    const rpc::Outcome answer =
        ask(u"core/timeout"_s, {{u"scope"_s, u"sh001"_s}, {u"draft"_s, u"main"_s}});
    DONE(answer);
    const QCborMap own = layerIn(answer, 0);
    QVERIFY(own.value(u"counts"_s).toBool());
    QCOMPARE(own.value(u"pending"_s).toMap().value(u"by"_s).toString(), u"bob"_s);
    QVERIFY(!own.contains(u"changed"_s));
    QCOMPARE(textIn(ask(u"core/timeout"_s, {{u"scope"_s, u"sh001"_s}}), u"from"_s), u"_all"_s);
    // A draft that is forbidden is told so.
    DONE(edit({marked(setOf(u"timeout"_s, u"2s"_s))}));
    DONE(publish(u"final"_s));
    const rpc::Outcome held =
        ask(u"core/timeout"_s, {{u"scope"_s, u"sh001"_s}, {u"draft"_s, u"main"_s}});
    QCOMPARE(textIn(held, u"from"_s), u"_all"_s);
    QVERIFY(layerIn(held, 0).value(u"isForbidden"_s).toBool());
}

void tst_goconf_marks::why_seesARollback()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"three"_s));
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"undo"_s, true}, {u"message"_s, u"back"_s}}));
    for (const QString &scope : {u"_all"_s, u"sh001"_s}) {
        const rpc::Outcome answer = ask(u"core/timeout"_s, {{u"scope"_s, scope}});
        DONE(answer);
        const QCborMap base =
            layerIn(answer, answer->toMap().value(u"layers"_s).toArray().size() - 1);
        QCOMPARE(base.value(u"item"_s).toMap().value(u"value"_s).toString(), u"2s"_s);
        QCOMPARE(base.value(u"changed"_s).toMap().value(u"message"_s).toString(), u"first"_s);
    }
}

void tst_goconf_marks::why_ofAnOutputTellsItsKeys()
{
    DONE(editOwn({setOf(u"own"_s, u"1"_s)}));
    DONE(publishOwn(u"own"_s));
    const rpc::Outcome answer = ask(u"shop.conf"_s, {{u"scope"_s, u"sh001"_s}});
    DONE(answer);
    QCOMPARE(textIn(answer, u"kind"_s), u"output"_s);
    QCOMPARE(textIn(answer, u"from"_s), u"_all"_s);
    const QCborArray keys{QCborMap{{u"place"_s, u"core/timeout"_s}, {u"from"_s, u"_all"_s}},
                          QCborMap{{u"place"_s, u"core/own"_s}, {u"from"_s, u"sh001"_s}}};
    QVERIFY(answer->toMap().value(u"keys"_s).toArray() == keys);
}

void tst_goconf_marks::why_ofASectionTellsItsKeys()
{
    for (const QCborMap &more : {QCborMap(), QCborMap{{u"kind"_s, u"section"_s}}}) {
        const rpc::Outcome answer = ask(u"core"_s, more);
        DONE(answer);
        QCOMPARE(textIn(answer, u"kind"_s), u"section"_s);
        const QCborMap key = answer->toMap().value(u"keys"_s).toArray().at(0).toMap();
        QCOMPARE(key.value(u"place"_s).toString(), u"core/timeout"_s);
        QCOMPARE(key.value(u"from"_s).toString(), u"_all"_s);
    }
}

void tst_goconf_marks::why_ofAValueInAFileTellsOfTheFile()
{
    const QByteArray text = "{\"port\": 1}";
    const QString hash = QString::fromLatin1(config::Hash::of(text).hex());
    DONE(call(u"object.put"_s,
              {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, text}}));
    QCborMap file = pathOf(u"file"_s, u"conf.d/app.json"_s);
    file.insert(u"object"_s, hash);
    file.insert(u"bytes"_s, text.size());
    DONE(edit({file}));
    DONE(publish(u"the file"_s));
    for (const QString &place : {u"conf.d/app.json"_s, u"conf.d/app.json#/port"_s}) {
        const rpc::Outcome answer = ask(place);
        DONE(answer);
        QCOMPARE(textIn(answer, u"kind"_s), u"file"_s);
        QCOMPARE(layerIn(answer, 0).value(u"changed"_s).toMap().value(u"message"_s).toString(),
                 u"the file"_s);
    }
    const rpc::Outcome key = ask(u"conf.d/app.json"_s, {{u"kind"_s, u"key"_s}});
    QCOMPARE(textIn(key, u"kind"_s), u"key"_s);
}

void tst_goconf_marks::why_asAHostSeesIt()
{
    QVERIFY(addHosts(1, "sh001"));
    DONE(editOwn({setOf(u"timeout"_s, u"5s"_s)}));
    DONE(publishOwn(u"five"_s));
    const rpc::Outcome answer = ask(u"core/timeout"_s, {{u"host"_s, u"web-sh0010"_s}});
    QCOMPARE(textIn(answer, u"scope"_s), u"sh001"_s);
    QCOMPARE(textIn(answer, u"from"_s), u"sh001"_s);
}

void tst_goconf_marks::why_refuses_data()
{
    QTest::addColumn<QString>("place");
    QTest::addColumn<QCborMap>("more");
    QTest::addColumn<int>("code");
    QTest::newRow("no place") << u"../x"_s << QCborMap() << int(Code::invalidArgument);
    QTest::newRow("no host") << u"core/a"_s << QCborMap{{u"host"_s, u"none"_s}}
                             << int(Code::notFound);
    QTest::newRow("no version") << u"core/a"_s << QCborMap{{u"version"_s, u"v9"_s}}
                                << int(Code::notFound);
    QTest::newRow("no file of that kind")
        << u"core/a"_s << QCborMap{{u"kind"_s, u"section"_s}} << int(Code::invalidArgument);
}

void tst_goconf_marks::why_refuses()
{
    QFETCH(QString, place);
    QFETCH(QCborMap, more);
    QFETCH(int, code);
    FAILS(ask(place, more), Code(code));
}

COFFER_TEST_MAIN(tst_goconf_marks)
#include "tst_goconf_marks.moc"
