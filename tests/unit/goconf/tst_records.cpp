// SPDX-License-Identifier: Apache-2.0
#include "goconf/content_cache.h"
#include "goconf/paths.h"
#include "goconf/records.h"
#include "goconf/service_state.h"
#include "store/path.h"

#include <QTest>

using namespace coffer;
using namespace coffer::goconf;
using config::Hash;
using config::Place;

/// Paths and records: what lies in the store, and that nothing else is taken for it.
class tst_records : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void paths_areThoseOfTheStore();
    void paths_differForPlacesThatDiffer();
    void percent_roundTrips();
    void version_isReadStrictly();
    void records_readTheirOwnJson();
    void release_namesItsKind_data();
    void release_namesItsKind();
    void records_refuseWhatIsNone_data();
    void records_refuseWhatIsNone();
    void host_wantsItsServices();
    void snapshot_refusesAnotherHash();
    void wanted_isThatOfTheIdcElseOfTheBase();
    void cache_forgetsWhatWasUsedLongAgo();
};

static Trace trace() { return {"ann", WallMs(1700000000123)}; }

void tst_records::paths_areThoseOfTheStore()
{
    const DraftId id{"shop", "sh001", "main"};
    const Hash hash = Hash::of("x");
    const std::vector<QByteArray> paths{
        servicePath("shop"),
        idcPath("sh001"),
        hostPath("web-1"),
        releasePath("0000018bcfe5687b-0a1b2c3d"),
        objectPath(hash, 3),
        pointerPath("shop", baseScope),
        snapshotPath("shop", "sh001", "v7"),
        reportPath("shop", "sh001", "web-1"),
        changePath(id, {Place::Kind::key, "core", "timeout"}),
        changePath(id, {Place::Kind::section, "core", ""}),
        changePath(id, {Place::Kind::file, "", "conf.d/shop.conf"}),
        changePath(id, {Place::Kind::output, "", QByteArray(512, 'x')}),
        editedPath(id),
        takenPath(id)};
    for (const QByteArray &path : paths)
        QVERIFY2(store::isFilePath(path), path.constData());
    QCOMPARE(paths[5], QByteArray("/config/shop/_all/current"));
    QCOMPARE(paths[6], QByteArray("/config/shop/sh001/snapshot/v7"));
    QCOMPARE(paths[8], QByteArray("/config/shop/sh001/draft/main/core/timeout"));
    QCOMPARE(paths[9], QByteArray("/config/shop/sh001/draft/main/_section/core"));
    QCOMPARE(paths[10], QByteArray("/config/shop/sh001/draft/main/_file/conf.d%2Fshop.conf"));
}

void tst_records::paths_differForPlacesThatDiffer()
{
    const DraftId id{"shop", baseScope, "main"};
    const QByteArray longName(500, 'a');
    QVERIFY(changePath(id, {Place::Kind::file, "", longName + 'b'})
            != changePath(id, {Place::Kind::file, "", longName + 'c'}));
    QVERIFY(changePath(id, {Place::Kind::file, "", "a/b"})
            != changePath(id, {Place::Kind::file, "", "a%2Fb"}));
}

void tst_records::percent_roundTrips()
{
    for (const QByteArray &text :
         {QByteArray("a/b c%~"), QByteArray("\xc3\xa4\0x", 4), QByteArray()})
        QCOMPARE(percentDecoded(percentEncoded(text)).value(), text);
    QVERIFY(!percentDecoded("a/b"));
    QVERIFY(!percentDecoded("%2f"));
    QVERIFY(!percentDecoded("%41"));
}

void tst_records::version_isReadStrictly()
{
    QCOMPARE(versionNumber("v7").value(), 7U);
    for (const char *text : {"", "v", "7", "v0", "v07", "v-1", "v7 ", "V7", "v1.2"})
        QVERIFY2(!versionNumber(text), text);
}

template<class Record>
static void compareOwn(const Record &record)
{
    const Result<Record> read = Record::parse(record.toJson());
    QVERIFY2(read, read ? "" : qPrintable(read.error().message));
    QCOMPARE(*read == record, true);
}

void tst_records::records_readTheirOwnJson()
{
    compareOwn(ServiceRecord{7, "the \"shop\"", trace()});
    compareOwn(IdcRecord{"Shanghai", trace()});
    HostRecord host{"sh001", {"shop", "pay"}, {{"rack", "7"}}, "", trace(), {}, {}, {}};
    compareOwn(host);
    QVERIFY(!HostRecord::parse(R"({"idc":"sh001","by":"ann","at":1,"joinUntil":5})"));
    host.joinHash = Hash::of("token");
    host.joinUntil = WallMs(5);
    host.secretHash = Hash::of("secret");
    compareOwn(host);
    compareOwn(Pointer{"v6", "", "v7", "id", trace()});
    compareOwn(Pointer{"v6", "", "v7", "id", trace(), {}, WallMs(9)});
    Candidate candidate{"v8", "trial", {"web-1", "web-2"}, "main", Revision(77), trace()};
    compareOwn(Pointer{"v6", "", "v8", "id", trace(), candidate});
    candidate.draft.clear();
    candidate.upTo = Revision();
    candidate.hosts.clear();
    compareOwn(Pointer{"", "", "v8", "id", trace(), candidate});
    const Hash base = Hash::of("base");
    compareOwn(Snapshot{
        "v6", Snapshot::contentHash(base, {}), "ann", WallMs(1), "why", base, {}, "id", 3});
    compareOwn(ReleaseRecord{ReleaseRecord::Kind::undo,
                             "id",
                             {{"shop", {{baseScope, "", "v1"}, {"sh001", "v1", "v2"}}}},
                             "why",
                             trace(),
                             "192.0.2.1:5",
                             21,
                             Hash::of("diff"),
                             Hash::of("wish"),
                             {"web-1"},
                             "trial"});
    compareOwn(ReportRecord{"v7", base, "failed", "check said no", "1", WallMs(2), WallMs(1), "i",
                            "192.0.2.1:5", "0.1.0", "id", "v8"});
    const config::Key key{"timeout", {config::Type::string, "2s"}, "rpc"};
    compareOwn(DraftRecord{trace(), {{Place::Kind::key, "core", "timeout"}, {}, key}});
}

void tst_records::release_namesItsKind_data()
{
    QTest::addColumn<int>("kind");
    using Kind = ReleaseRecord::Kind;
    QTest::newRow("publish") << int(Kind::publish);
    QTest::newRow("rollback") << int(Kind::rollback);
    QTest::newRow("undo") << int(Kind::undo);
    QTest::newRow("canary") << int(Kind::canary);
    QTest::newRow("abandon") << int(Kind::abandon);
    QTest::newRow("expire") << int(Kind::expire);
}

void tst_records::release_namesItsKind()
{
    QFETCH(int, kind);
    ReleaseRecord record;
    record.kind = ReleaseRecord::Kind(kind);
    record.change = "id";
    record.services = {{"shop", {{baseScope, "", "v1"}}}};
    record.message = "why";
    record.made = trace();
    const QByteArray json = record.toJson();
    QVERIFY2(json.contains(QByteArray("\"kind\":\"") + QTest::currentDataTag() + '"'), json);
    QCOMPARE(int(ReleaseRecord::parse(json).value().kind), kind);
}

void tst_records::records_refuseWhatIsNone_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("word");
    const QByteArray rest = R"("prev_ver":"","last_ver":"v1","release":"x","by":"a","at":1})";
    QTest::newRow("nothing") << QByteArray() << "JSON";
    QTest::newRow("a list") << QByteArray("[]") << "JSON";
    QTest::newRow("half") << QByteArray(R"({"cur_ver":"v1")") << "JSON";
    QTest::newRow("unknown member") << QByteArray(R"({"cur_ver":"v1","more":1,)" + rest) << "more";
    QTest::newRow("a number") << QByteArray(R"({"cur_ver":1,)" + rest) << "cur_ver";
    QTest::newRow("no version") << QByteArray(R"({"cur_ver":"1.2",)" + rest) << "cur_ver";
    QTest::newRow("no release") << QByteArray(R"({"cur_ver":"v1"})") << "release";
    QTest::newRow("no candidate") << QByteArray(R"({"cur_ver":"v1","candidate":{"release":"x"},)"
                                                + rest)
                                  << "version";
    QTest::newRow("half a candidate")
        << QByteArray(R"({"cur_ver":"v1","candidate":{"version":"v2"},)" + rest) << "release";
    QTest::newRow("unknown in a candidate")
        << QByteArray(R"({"cur_ver":"v1","candidate":{"version":"v2","release":"x","z":1},)" + rest)
        << "z";
    QTest::newRow("large") << QByteArray(R"({"release":")" + QByteArray(2 << 20, 'x') + "\"}")
                           << "JSON";
}

void tst_records::records_refuseWhatIsNone()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, word);
    const Result<Pointer> read = Pointer::parse(json);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::corrupt);
    QVERIFY2(read.error().message.contains(word), qPrintable(read.error().message));
    QVERIFY(!ServiceRecord::parse(json) && !IdcRecord::parse(json) && !HostRecord::parse(json)
            && !Snapshot::parse(json) && !ReleaseRecord::parse(json) && !DraftRecord::parse(json)
            && !ReportRecord::parse(json));
}

void tst_records::host_wantsItsServices()
{
    QVERIFY((HostRecord{.services = {"*"}}.wants("shop")));
    QVERIFY((HostRecord{.services = {"pay", "shop"}}.wants("shop")));
    QVERIFY(!(HostRecord{.services = {"pay"}}.wants("shop")));
    QVERIFY(!HostRecord{}.wants("shop"));
}

void tst_records::snapshot_refusesAnotherHash()
{
    Snapshot snapshot{.base = Hash::of("base"), .release = "id"};
    snapshot.hash = Snapshot::contentHash(snapshot.base, Hash::of("own"));
    QVERIFY(!Snapshot::parse(snapshot.toJson()));
    snapshot.hash = Snapshot::contentHash(snapshot.base, {});
    QVERIFY(Snapshot::parse(snapshot.toJson()));
}

void tst_records::wanted_isThatOfTheIdcElseOfTheBase()
{
    ServiceState state;
    state.name = "shop";
    QVERIFY(!state.wanted("sh001"));
    state.scopes[baseScope].pointer.current = "v2";
    QCOMPARE(state.wanted("sh001")->version, QByteArray("v2"));
    state.scopes["sh001"].pointer.current = "v1";
    QCOMPARE(state.wanted("sh001")->version, QByteArray("v1"));
    state.scopes["sh001"].pointer.current = "";
    QVERIFY(!state.wanted("sh001")); // by its own word: the release has not come to it yet
}

void tst_records::cache_forgetsWhatWasUsedLongAgo()
{
    ContentCache cache(4'000);
    const QByteArray text(1'000, 'x');
    const auto hash = [](int i) { return Hash::of(QByteArray::number(i)); };
    for (int i = 0; i < 3; ++i)
        cache.keep(hash(i), text);
    QVERIFY(cache.content(hash(0)));
    cache.keep(hash(3), text);
    QVERIFY(cache.content(hash(0)) && cache.content(hash(3)));
    QVERIFY(!cache.content(hash(1)));
    QVERIFY(!cache.layer(hash(0)));
    cache.keep(hash(4), QByteArray(5'000, 'x'));
    QVERIFY(!cache.content(hash(4)));
    QVERIFY(cache.bytes() <= 4'000);
    cache.keep(hash(5), std::make_shared<config::Layer>(), 100);
    QVERIFY(cache.layer(hash(5)) && !cache.content(hash(5)));
}

QTEST_GUILESS_MAIN(tst_records)
#include "tst_records.moc"
