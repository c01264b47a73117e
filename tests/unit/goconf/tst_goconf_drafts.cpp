// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/goconf_stage.h"

#include "config/hash.h"
#include "testkit/main.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using rpc::Code;

/// Drafts, files, services and bad input on three nodes.
class tst_goconf_drafts : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void edit_isAllOrNothing();
    void edit_backToLiveRemovesThePendingChange();
    void edit_ofAFileSplicesOneLine();
    void discard_dropsSomeOrAll();
    void remove_refusesWhatIsInUse();
    void diff_showsTextsMergedAndTrueConflictsAlone();
    void badInput_isRefused_data();
    void badInput_isRefused();
};

void tst_goconf_drafts::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

// ---- drafts

void tst_goconf_drafts::edit_isAllOrNothing()
{
    const QCborMap good{
        {u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"a"_s}, {u"value"_s, u"1"_s}};
    const QCborMap bad{{u"op"_s, u"set"_s},
                       {u"section"_s, u"core"_s},
                       {u"key"_s, u"b"_s},
                       {u"type"_s, u"int"_s},
                       {u"value"_s, u"many"_s}};
    const rpc::Outcome refused =
        call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{good, bad}}});
    FAILS(refused, Code::invalidArgument);
    QVERIFY2(refused.error().message.contains(u"core/b"_s), qPrintable(why(refused)));
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    QCOMPARE(draft->toMap().value(u"total"_s).toInteger(), 0);
}

void tst_goconf_drafts::edit_backToLiveRemovesThePendingChange()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(set(u"timeout"_s, u"2s"_s));
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    QCOMPARE(draft->toMap().value(u"total"_s).toInteger(), 0);
    FAILS(publish(u"nothing"_s), Code::refused);
}

void tst_goconf_drafts::edit_ofAFileSplicesOneLine()
{
    const QByteArray text = "# the app\nserver:\n  port: 80 # http\n";
    const QString hash = QString::fromLatin1(config::Hash::of(text).hex());
    const QCborMap file{{u"op"_s, u"file"_s},
                        {u"path"_s, u"app.yaml"_s},
                        {u"object"_s, hash},
                        {u"bytes"_s, qint64(text.size())},
                        {u"mode"_s, u"0640"_s}};
    const QCborMap edits{{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{file}}};
    FAILS(call(u"draft.edit"_s, edits), Code::invalidArgument); // its content is not there
    DONE(call(u"object.put"_s,
              {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, text}}));
    DONE(call(u"draft.edit"_s, edits));
    DONE(publish(u"a file"_s));
    const QCborMap splice{{u"op"_s, u"splice"_s},
                          {u"path"_s, u"app.yaml"_s},
                          {u"pointer"_s, u"/server/port"_s},
                          {u"value"_s, u"81"_s}};
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{splice}}}));
    const rpc::Outcome diff = call(u"draft.diff"_s, {{u"service"_s, u"shop"_s}});
    DONE(diff);
    const QString shown =
        diff->toMap().value(u"text"_s).toArray().at(0).toMap().value(u"diff"_s).toString();
    QVERIFY2(shown.contains(u"-  port: 80 # http\n+  port: 81 # http"_s), qPrintable(shown));
    DONE(publish(u"one line"_s));
}

void tst_goconf_drafts::discard_dropsSomeOrAll()
{
    DONE(set(u"a"_s, u"1"_s));
    DONE(set(u"b"_s, u"1"_s));
    const rpc::Outcome one = call(
        u"draft.discard"_s, {{u"service"_s, u"shop"_s}, {u"places"_s, QCborArray{u"core/a"_s}}});
    QCOMPARE(one->toMap().value(u"discarded"_s).toInteger(), 1);
    DONE(call(u"draft.discard"_s, {{u"service"_s, u"shop"_s}}));
    FAILS(publish(u"nothing"_s), Code::refused);
}

void tst_goconf_drafts::remove_refusesWhatIsInUse()
{
    FAILS(call(u"service.remove"_s, {{u"service"_s, u"shop"_s}}), Code::refused);
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, u"sh001"_s}}), Code::refused);
    FAILS(call(u"service.create"_s, {{u"service"_s, u"shop"_s}}), Code::conflict);
    DONE(call(u"service.create"_s, {{u"service"_s, u"old"_s}}));
    DONE(call(u"service.remove"_s, {{u"service"_s, u"old"_s}}));
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"old"_s}}));
    QVERIFY(addHosts(1, "old"));
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, u"old"_s}}), Code::refused);
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, u"none"_s}}), Code::notFound);
}

/// What is shown is what a release would make.
void tst_goconf_drafts::diff_showsTextsMergedAndTrueConflictsAlone()
{
    const QByteArray text = "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n";
    const QString hash = QString::fromLatin1(config::Hash::of(text).hex());
    DONE(call(u"object.put"_s,
              {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, text}}));
    DONE(edit({QCborMap{{u"op"_s, u"file"_s},
                        {u"path"_s, u"app.yaml"_s},
                        {u"object"_s, hash},
                        {u"bytes"_s, qint64(text.size())}}}));
    DONE(publish(u"a file"_s));
    const auto splice = [this](const QString &draft, const QString &pointer) {
        const QCborMap edit{{u"op"_s, u"splice"_s},
                            {u"path"_s, u"app.yaml"_s},
                            {u"pointer"_s, pointer},
                            {u"value"_s, u"2"_s}};
        return call(u"draft.edit"_s, {{u"service"_s, u"shop"_s},
                                      {u"draft"_s, draft},
                                      {u"edits"_s, QCborArray{edit, setOf(u"timeout"_s, draft)}}});
    };
    DONE(splice(u"main"_s, u"/a"_s));
    DONE(splice(u"other"_s, u"/e"_s));
    QCborMap other = target(u"shop"_s);
    other.insert(u"draft"_s, u"other"_s);
    DONE(publish(u"the last line"_s, {{u"targets"_s, QCborArray{other}}}));
    const rpc::Outcome diff = call(u"draft.diff"_s, {{u"service"_s, u"shop"_s}});
    DONE(diff);
    const QCborArray conflicts = diff->toMap().value(u"conflicts"_s).toArray();
    QCOMPARE(conflicts.size(), 1);
    QCOMPARE(conflicts.at(0).toMap().value(u"place"_s).toString(), u"core/timeout"_s);
    const QCborArray files = diff->toMap().value(u"text"_s).toArray();
    QCOMPARE(files.size(), 1);
    const QString shown = files.at(0).toMap().value(u"diff"_s).toString();
    QVERIFY2(shown.contains(u"-a: 1\n+a: 2\n"_s) && !shown.contains(u"+e"_s)
                 && !shown.contains(u"-e"_s),
             qPrintable(shown));
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    DONE(draft);
    for (const QCborValue one : draft->toMap().value(u"changes"_s).toArray()) {
        const QCborMap change = one.toMap();
        const bool isKey = change.value(u"place"_s).toString() == u"core/timeout";
        QCOMPARE(change.contains(u"conflict"_s), isKey);
    }
    DONE(set(u"timeout"_s, u"other"_s, u"anonymous"_s)); // as it is live
    DONE(publish(u"both lines"_s));
    const rpc::Outcome file =
        call(u"file"_s, {{u"service"_s, u"shop"_s}, {u"path"_s, u"app.yaml"_s}});
    DONE(file);
    QCOMPARE(file->toMap().value(u"bytes"_s).toByteArray(),
             QByteArray("a: 2\nb: 1\nc: 1\nd: 1\ne: 2\n"));
}

// ---- bad input

static const int invalid = int(Code::invalidArgument);
static const int none = int(Code::notFound);
static const QString shop = u"shop"_s;

static QCborMap editsOf(const QCborMap &one)
{
    return {{u"service"_s, shop}, {u"edits"_s, QCborArray{one}}};
}

static void addReads()
{
    QTest::newRow("service _x") << u"service.create"_s << QCborMap{{u"service"_s, u"_x"_s}}
                                << invalid;
    QTest::newRow("service a/b") << u"service.create"_s << QCborMap{{u"service"_s, u"a/b"_s}}
                                 << invalid;
    QTest::newRow("idc ..") << u"idc.create"_s << QCborMap{{u"idc"_s, u".."_s}} << invalid;
    QTest::newRow("remove none") << u"service.remove"_s << QCborMap{{u"service"_s, u"x"_s}} << none;
    QTest::newRow("get none") << u"get"_s << QCborMap{{u"service"_s, u"x"_s}} << none;
    QTest::newRow("get v9") << u"get"_s << QCborMap{{u"service"_s, shop}, {u"version"_s, u"v9"_s}}
                            << none;
    QTest::newRow("get 9") << u"get"_s << QCborMap{{u"service"_s, shop}, {u"version"_s, u"9"_s}}
                           << invalid;
    QTest::newRow("file none") << u"file"_s << QCborMap{{u"service"_s, shop}, {u"path"_s, u"x"_s}}
                               << none;
    QTest::newRow("draft of none") << u"draft.get"_s << QCborMap{{u"service"_s, u"x"_s}} << none;
    QTest::newRow("show none") << u"show"_s << QCborMap{{u"release"_s, u"r999999"_s}} << none;
    QTest::newRow("show ..") << u"show"_s << QCborMap{{u"release"_s, u"../x"_s}} << none;
    QTest::newRow("diff none") << u"diff"_s
                               << QCborMap{{u"service"_s, shop},
                                           {u"from"_s, QCborMap{{u"version"_s, u"v8"_s}}},
                                           {u"to"_s, QCborMap()}}
                               << none;
    QTest::newRow("history before") << u"history"_s << QCborMap{{u"before"_s, u"7"_s}} << invalid;
}

static void addEdits()
{
    QTest::newRow("edit nothing") << u"draft.edit"_s << QCborMap{{u"service"_s, shop}} << invalid;
    QTest::newRow("edit op") << u"draft.edit"_s << editsOf({{u"op"_s, u"x"_s}}) << invalid;
    QTest::newRow("edit without key")
        << u"draft.edit"_s
        << editsOf({{u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"value"_s, u"1"_s}})
        << invalid;
    QTest::newRow("unset of a section that is no tombstone")
        << u"draft.edit"_s << editsOf({{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}})
        << int(Code::notFound);
    QTest::newRow("edit with more") << u"draft.edit"_s
                                    << editsOf({{u"op"_s, u"unset"_s},
                                                {u"section"_s, u"core"_s},
                                                {u"key"_s, u"timeout"_s},
                                                {u"path"_s, u"x"_s}})
                                    << invalid;
    QTest::newRow("unset none")
        << u"draft.edit"_s
        << editsOf({{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"x"_s}}) << none;
    QTest::newRow("type") << u"draft.edit"_s
                          << editsOf({{u"op"_s, u"set"_s},
                                      {u"section"_s, u"core"_s},
                                      {u"key"_s, u"x"_s},
                                      {u"value"_s, u"1"_s},
                                      {u"type"_s, u"number"_s}})
                          << invalid;
    // Within the schema's characters, beyond the limit of bytes.
    QTest::newRow("comment") << u"draft.edit"_s
                             << editsOf({{u"op"_s, u"comment"_s},
                                         {u"section"_s, u"core"_s},
                                         {u"comment"_s, QString(16'000, QChar(0x4e2d))}})
                             << invalid;
    QTest::newRow("path ..") << u"draft.edit"_s
                             << editsOf({{u"op"_s, u"removeFile"_s}, {u"path"_s, u"../x"_s}})
                             << invalid;
    QTest::newRow("splice none") << u"draft.edit"_s
                                 << editsOf({{u"op"_s, u"splice"_s},
                                             {u"path"_s, u"x.yaml"_s},
                                             {u"pointer"_s, u"/a"_s},
                                             {u"value"_s, u"1"_s}})
                                 << none;
    QCborMap elsewhere =
        editsOf({{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"timeout"_s}});
    elsewhere.insert(u"scope"_s, u"nowhere"_s);
    QTest::newRow("idc none") << u"draft.edit"_s << elsewhere << none;
    QTest::newRow("object hash") << u"object.put"_s
                                 << QCborMap{{u"hash"_s, QString(64, u'0')},
                                             {u"piece"_s, 0},
                                             {u"pieces"_s, 1},
                                             {u"bytes"_s, QByteArray("x")}}
                                 << invalid;
    QTest::newRow("object piece") << u"object.put"_s
                                  << QCborMap{{u"hash"_s, QString(64, u'0')},
                                              {u"piece"_s, 1},
                                              {u"pieces"_s, 1},
                                              {u"bytes"_s, QByteArray("x")}}
                                  << invalid;
}

static void addReleases()
{
    QTest::newRow("publish none") << u"publish"_s
                                  << QCborMap{{u"targets"_s, QCborArray{target(u"x"_s)}},
                                              {u"message"_s, u"m"_s}}
                                  << none;
    QTest::newRow("publish silent")
        << u"publish"_s << QCborMap{{u"targets"_s, QCborArray{target(shop)}}} << invalid;
    QTest::newRow("publish twice")
        << u"publish"_s
        << QCborMap{{u"targets"_s, QCborArray{target(shop), target(shop)}}, {u"message"_s, u"m"_s}}
        << invalid;
    QTest::newRow("publish to none") << u"publish"_s
                                     << QCborMap{{u"targets"_s, QCborArray{target(shop)}},
                                                 {u"idcs"_s, QCborArray{u"x"_s}},
                                                 {u"message"_s, u"m"_s}}
                                     << none;
    QTest::newRow("expected other") << u"publish"_s
                                    << QCborMap{{u"targets"_s, QCborArray{target(shop)}},
                                                {u"expected"_s, QCborMap{{u"pay"_s, u"v1"_s}}},
                                                {u"message"_s, u"m"_s}}
                                    << invalid;
    QTest::newRow("rollback nowhere")
        << u"rollback"_s << QCborMap{{u"service"_s, shop}, {u"message"_s, u"m"_s}} << invalid;
    QTest::newRow("rollback twice") << u"rollback"_s
                                    << QCborMap{{u"service"_s, shop},
                                                {u"to"_s, u"v1"_s},
                                                {u"undo"_s, true},
                                                {u"message"_s, u"m"_s}}
                                    << invalid;
}

void tst_goconf_drafts::badInput_isRefused_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QCborMap>("params");
    QTest::addColumn<int>("code");
    addReads();
    addEdits();
    addReleases();
}

void tst_goconf_drafts::badInput_isRefused()
{
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    QFETCH(int, code);
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = call(method, params);
    QVERIFY(!refused);
    QVERIFY2(int(refused.error().code) == code, qPrintable(why(refused)));
    QVERIFY(!refused.error().message.isEmpty());
    QVERIFY(!before.empty() && allFiles() == before);
}

COFFER_TEST_MAIN(tst_goconf_drafts)
#include "tst_goconf_drafts.moc"
