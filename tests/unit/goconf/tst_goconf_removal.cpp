// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::goconf;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using rpc::Code;

/// What is removed is empty, whatever comes between the look at it and the removal.
class tst_goconf_removal : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void remove_isRefusedIfSomethingBeginsMeanwhile_data();
    void remove_isRefusedIfSomethingBeginsMeanwhile();
    void begin_isRefusedIfTheRemovalIsFaster_data();
    void begin_isRefusedIfTheRemovalIsFaster();
    void remove_takesDraftsThatSayNothingAlong();
    void remove_isRefusedOfWhatAHostThatIsGoneHad();
    void release_ofAHostThatMovesMeanwhileIsForItsNewPlace();
    void end_ofALayerOfAHostEndsNothingElse();

private:
    [[nodiscard]] qsizetype filesBelow(const QByteArray &tree);
};

static const QString old = u"old"_s;

static QCborMap editOf(const QString &service, const QString &scope)
{
    return {{u"service"_s, service},
            {u"scope"_s, scope},
            {u"edits"_s, QCborArray{setOf(u"k"_s, u"1"_s)}}};
}

static QCborMap hostIn(const QString &idc, const QString &service)
{
    return {{u"host"_s, u"web-1"_s}, {u"idc"_s, idc}, {u"services"_s, QCborArray{service}}};
}

void tst_goconf_removal::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"so that v1 is not live"_s));
    DONE(call(u"service.create"_s, {{u"service"_s, old}}));
    DONE(call(u"idc.create"_s, {{u"idc"_s, old}}));
}

qsizetype tst_goconf_removal::filesBelow(const QByteArray &tree)
{
    const store::Question question = store::List{tree};
    const auto reply = cluster().await(cluster().store(1).read(question));
    return reply ? qsizetype(reply->files.size()) : -1;
}

static void addRows(bool isRemovalFirst)
{
    QTest::addColumn<QString>("removed"); // service or idc
    QTest::addColumn<QString>("method");
    QTest::addColumn<QCborMap>("params");
    QTest::addColumn<QByteArray>("written"); // by the method
    const DraftId base{"old", baseScope, "main"};
    const DraftId own{"shop", "old", "main"};
    const QString edit = u"draft.edit"_s;
    const QString enroll = u"host.enroll"_s;
    QTest::newRow("an edit of the service")
        << u"service"_s << edit << editOf(old, u"_all"_s) << editedPath(base);
    if (!isRemovalFirst) // a host may name a service that is made later
        QTest::newRow("a host of the service")
            << u"service"_s << enroll << hostIn(u"sh001"_s, old) << hostPath("web-1");
    QTest::newRow("an edit in the IDC")
        << u"idc"_s << edit << editOf(u"shop"_s, old) << editedPath(own);
    QTest::newRow("a host in the IDC")
        << u"idc"_s << enroll << hostIn(old, u"shop"_s) << hostPath("web-1");
    QTest::newRow("a release to the IDC") << u"idc"_s << u"rollback"_s
                                          << QCborMap{{u"service"_s, u"shop"_s},
                                                      {u"to"_s, u"v1"_s},
                                                      {u"idcs"_s, QCborArray{old}},
                                                      {u"message"_s, u"pin"_s}}
                                          << pointerPath("shop", "old");
}

void tst_goconf_removal::remove_isRefusedIfSomethingBeginsMeanwhile_data() { addRows(false); }

void tst_goconf_removal::remove_isRefusedIfSomethingBeginsMeanwhile()
{
    QFETCH(QString, removed);
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    QFETCH(QByteArray, written);
    const QByteArray record = removed == u"idc"_s ? idcPath("old") : servicePath("old");
    trap(record, method, params);
    FAILS(call(removed + u".remove"_s, {{removed, old}}), Code::refused);
    const std::optional<rpc::Outcome> between = sprung();
    QVERIFY(between);
    DONE(*between);
    QVERIFY(!stored(record).isEmpty());
    QVERIFY(!stored(written).isEmpty());
}

void tst_goconf_removal::begin_isRefusedIfTheRemovalIsFaster_data() { addRows(true); }

void tst_goconf_removal::begin_isRefusedIfTheRemovalIsFaster()
{
    QFETCH(QString, removed);
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    QFETCH(QByteArray, written);
    trap(written, removed + u".remove"_s, {{removed, old}});
    const bool isHost = method == u"host.enroll"_s;
    FAILS(call(method, params), isHost ? Code::conflict : Code::notFound);
    const std::optional<rpc::Outcome> between = sprung();
    QVERIFY(between);
    DONE(*between);
    QVERIFY(stored(written).isEmpty());
}

void tst_goconf_removal::remove_takesDraftsThatSayNothingAlong()
{
    DONE(call(u"draft.edit"_s, editOf(old, u"_all"_s)));
    DONE(call(u"draft.edit"_s, editOf(u"shop"_s, old)));
    FAILS(call(u"service.remove"_s, {{u"service"_s, old}}), Code::refused);
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, old}}), Code::refused);
    const QCborArray places{u"core/k"_s};
    DONE(call(u"draft.discard"_s, {{u"service"_s, old}, {u"places"_s, places}}));
    DONE(call(u"draft.discard"_s,
              {{u"service"_s, u"shop"_s}, {u"scope"_s, old}, {u"places"_s, places}}));
    DONE(call(u"service.remove"_s, {{u"service"_s, old}}));
    DONE(call(u"idc.remove"_s, {{u"idc"_s, old}}));
    QCOMPARE(filesBelow("/config/old"), 0);
    QCOMPARE(filesBelow("/config/shop/old"), 0);
    QCOMPARE(filesBelow("/config/_use"), 4); // shop, its releases, IDCs in which it has pointers
}

static QCborMap layerOf(const QString &service, const QString &message)
{
    return {{u"targets"_s, QCborArray{target(service, u"_host@web-1"_s)}},
            {u"expires"_s, u"1h"_s},
            {u"message"_s, message}};
}

/// Its version would be made a second time.
void tst_goconf_removal::remove_isRefusedOfWhatAHostThatIsGoneHad()
{
    DONE(call(u"host.enroll"_s, hostIn(u"sh001"_s, old)));
    DONE(call(u"draft.edit"_s, editOf(old, u"_host@web-1"_s)));
    DONE(call(u"publish"_s, layerOf(old, u"for one host"_s)));
    DONE(call(u"host.remove"_s, {{u"host"_s, u"web-1"_s}}));
    FAILS(call(u"service.remove"_s, {{u"service"_s, old}}), Code::refused);
}

void tst_goconf_removal::release_ofAHostThatMovesMeanwhileIsForItsNewPlace()
{
    QCborMap final = setOf(u"timeout"_s, u"5s"_s);
    final.insert(u"final"_s, true);
    DONE(call(
        u"draft.edit"_s,
        {{u"service"_s, u"shop"_s}, {u"scope"_s, u"bj001"_s}, {u"edits"_s, QCborArray{final}}}));
    DONE(call(u"publish"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"bj001"_s)}},
                             {u"message"_s, u"nobody differs there"_s}}));
    DONE(call(u"host.enroll"_s, hostIn(u"sh001"_s, u"shop"_s)));
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"shop"_s},
                                {u"scope"_s, u"_host@web-1"_s},
                                {u"edits"_s, QCborArray{setOf(u"timeout"_s, u"9s"_s)}}}));
    trap("/config/shop/_host@web-1/current", u"host.set"_s,
         {{u"host"_s, u"web-1"_s}, {u"idc"_s, u"bj001"_s}});
    FAILS(call(u"publish"_s, layerOf(u"shop"_s, u"differs"_s)), Code::invalidArgument);
    const std::optional<rpc::Outcome> moved = sprung();
    QVERIFY(moved);
    DONE(*moved);
    QVERIFY(stored("/config/shop/_host@web-1/current").isEmpty());
}

void tst_goconf_removal::end_ofALayerOfAHostEndsNothingElse()
{
    for (const QString &word : {u"abandon"_s, u"each"_s}) {
        const QCborMap params{{u"service"_s, u"shop"_s},
                              {u"host"_s, u"web-1"_s},
                              {word, true},
                              {u"message"_s, u"x"_s}};
        const rpc::Outcome refused = call(u"rollback"_s, params);
        FAILS(refused, Code::invalidArgument);
        QVERIFY2(refused.error().message.contains(word), qPrintable(why(refused)));
    }
}

COFFER_TEST_MAIN(tst_goconf_removal)
#include "tst_goconf_removal.moc"
