// SPDX-License-Identifier: Apache-2.0
#include "config/hash.h"
#include "goconf/search_text.h"
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using goconf::Needle;
using rpc::Code;

/// Finding a text in configuration.
class tst_goconf_search : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();

    void line_isCutAroundTheMatch();
    void spot_isReadAsItIsWritten();
    void hits_nameThePlaceAndTheSpan_data();
    void hits_nameThePlaceAndTheSpan();
    void in_restrictsWhereItLooks();
    void sections_areNotFoundInEachOfTheirKeys();
    void scope_restrictsWhereItLooks();
    void draft_isFoundOnlyIfItIsAskedFor();
    void binaryFiles_haveNothing();
    void olderBase_isFoundInTheIdcThatHasIt();
    void candidates_areFoundBesideWhatIsLive();
    void pages_haveTogetherWhatOneAnswerHas();
    void bytes_ofOneCallAreBounded();
    void badWishes_areRefused_data();
    void badWishes_areRefused();

private:
    [[nodiscard]] bool putFile(const QString &path, const QByteArray &bytes);
    /// "shop@_all v1 values core/timeout 1 [2s]", or why not.
    [[nodiscard]] QStringList search(const QString &text, QCborMap more = {});
};

static QString told(const QCborMap &hit)
{
    const auto text = [&hit](const char *name) {
        return hit.value(QLatin1String(name)).toString();
    };
    const QString line = text("text");
    const qint64 from = hit.value(u"from"_s).toInteger();
    const QString span = line.first(from) + u'['
                         + line.mid(from, hit.value(u"to"_s).toInteger() - from) + u']'
                         + line.mid(hit.value(u"to"_s).toInteger());
    if (text("in") == u"messages")
        return u"%1 messages [%2] %3"_s.arg(text("service"), text("release").left(1), span);
    const QString version = text("draft").isEmpty() ? text("version") : u"draft "_s + text("draft");
    return u"%1@%2 %3%4 %5 %6 %7 %8"_s.arg(
        text("service"), text("scope"), version,
        text("layer").isEmpty() ? QString() : u" of "_s + text("layer"), text("in"), text("place"),
        QString::number(hit.value(u"line"_s).toInteger()), span);
}

bool tst_goconf_search::putFile(const QString &path, const QByteArray &bytes)
{
    const QString hash = QString::fromLatin1(config::Hash::of(bytes).hex());
    for (qsizetype at = 0; at == 0 || at < bytes.size(); at += 262'144) {
        const QCborMap piece{{u"hash"_s, hash},
                             {u"piece"_s, at / 262'144},
                             {u"pieces"_s, (bytes.size() + 262'143) / 262'144},
                             {u"bytes"_s, bytes.mid(at, 262'144)}};
        if (!call(u"object.put"_s, piece))
            return false;
    }
    const QCborMap file{
        {u"op"_s, u"file"_s}, {u"path"_s, path}, {u"object"_s, hash}, {u"bytes"_s, bytes.size()}};
    return edit({file}).has_value();
}

QStringList tst_goconf_search::search(const QString &text, QCborMap more)
{
    more.insert(u"text"_s, text);
    const rpc::Outcome found = call(u"search"_s, more);
    if (!found)
        return {why(found)};
    QStringList hits;
    for (const QCborValue hit : found->toMap().value(u"hits"_s).toArray())
        hits += told(hit.toMap());
    return hits;
}

void tst_goconf_search::initTestCase()
{
    const Result<void> built = build(); // shop: core/timeout 2s, shop.conf, "first"
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
    QVERIFY(
        putFile(u"conf.d/web.conf"_s, "listen 80;\r\n# the timeout is elsewhere\nroot /srv;\n"));
    QVERIFY(putFile(u"logo.bin"_s, QByteArray("\0timeout\0", 9)));
    QCborMap typed = setOf(u"limit"_s, u"64"_s);
    typed.insert(u"comment"_s, u"of connections\nsee timeout"_s);
    const QCborMap output{
        {u"op"_s, u"output"_s}, {u"path"_s, u"shop.conf"_s}, {u"format"_s, u"json"_s}};
    DONE(edit({output, typed, setOf(u"motd"_s, u"eins\nzwei Timeout\ndrei"_s),
               QCborMap{{u"op"_s, u"comment"_s},
                        {u"section"_s, u"core"_s},
                        {u"comment"_s, u"what all need"_s}}}));
    DONE(publish(u"the second: longer timeouts"_s));
    DONE(set(u"timeout"_s, u"9s"_s, u"ann"_s, u"sh001"_s));
    DONE(publish(u"third"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}}));
}

// ---- parts

void tst_goconf_search::line_isCutAroundTheMatch()
{
    Needle needle;
    needle.matcher = QStringMatcher(u"x"_s);
    const std::vector<goconf::Hit> hits = goconf::searchLines(
        u"a\n\n"_s + QString(1'000, u'-') + u'x' + QString(1'000, u'-') + u"\r\nxx\r\nx"_s, needle,
        9);
    QCOMPARE(hits.size(), std::size_t(3));
    QCOMPARE(hits[0].spot.line, 3);
    QCOMPARE(hits[0].column, 1'001);
    QVERIFY(hits[0].text.size() < 300);
    QCOMPARE(hits[0].text[hits[0].from], u'x');
    QCOMPARE(hits[1].text, u"xx"_s);
    QCOMPARE(hits[2].spot.line, 5);
    QCOMPARE(goconf::searchLines(u"x\nx\nx"_s, needle, 2).size(), std::size_t(2));
}

void tst_goconf_search::spot_isReadAsItIsWritten()
{
    using goconf::Spot;
    using Kind = config::Place::Kind;
    for (const Spot &spot : {Spot(), Spot{{Kind::key, "core", "timeout"}, goconf::Field::value, 7},
                             Spot{{Kind::section, "core", {}}, goconf::Field::comment, 1},
                             Spot::behind({Kind::file, {}, "conf.d/web.conf"})}) {
        const std::optional<Spot> read = Spot::parse(spot.text());
        QVERIFY2(read && *read == spot, spot.text().constData());
    }
    for (const char *text :
         {"", "1:a:0", "5:a:0:0", "2:a/b:0:-1", "2:a/b:x:1", "2:a:b:0:1", "1:a/b:0:0x"})
        QVERIFY2(!Spot::parse(text), text);
}

// ---- what is live

void tst_goconf_search::hits_nameThePlaceAndTheSpan_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QCborMap>("more");
    QTest::addColumn<QStringList>("hits");
    const QCborMap exact{{u"caseSensitive"_s, true}};
    QTest::newRow("everywhere") << u"TIMEOUT"_s << QCborMap()
                                << QStringList{
                                       u"shop@_all v2 comments core/limit 2 see [timeout]"_s,
                                       u"shop@_all v2 values core/motd 2 zwei [Timeout]"_s,
                                       u"shop@_all v2 keys core/timeout 0 core/[timeout]"_s,
                                       u"shop@_all v2 files conf.d/web.conf 2 # the [timeout] is "
                                       "elsewhere"_s,
                                       u"shop@sh001 v3 keys core/timeout 0 core/[timeout]"_s,
                                       u"shop messages [r] the second: longer [timeout]s"_s};
    QTest::newRow("in this case") << u"Timeout"_s << exact
                                  << QStringList{
                                         u"shop@_all v2 values core/motd 2 zwei [Timeout]"_s};
    QTest::newRow("a path") << u"web.c"_s << QCborMap()
                            << QStringList{
                                   u"shop@_all v2 files conf.d/web.conf 0 conf.d/[web.c]onf"_s};
    QTest::newRow("an output") << u"shop.c"_s << QCborMap()
                               << QStringList{u"shop@_all v2 files shop.conf 0 [shop.c]onf"_s};
    QTest::newRow("a whole key")
        << u"core/timeout"_s << QCborMap{{u"scope"_s, u"sh001"_s}, {u"in"_s, QCborArray{u"keys"_s}}}
        << QStringList{u"shop@sh001 v3 keys core/timeout 0 [core/timeout]"_s};
    QTest::newRow("the end of a line")
        << u"80;"_s << QCborMap()
        << QStringList{u"shop@_all v2 files conf.d/web.conf 1 listen [80;]"_s};
    QTest::newRow("a comment of a section")
        << u"all need"_s << QCborMap()
        << QStringList{u"shop@_all v2 comments core 1 what [all need]"_s};
    QTest::newRow("nothing") << u"nirgends"_s << QCborMap() << QStringList();
    QTest::newRow("no pattern") << u"t.meout"_s << QCborMap() << QStringList();
}

void tst_goconf_search::hits_nameThePlaceAndTheSpan()
{
    QFETCH(QString, text);
    QFETCH(QCborMap, more);
    QFETCH(QStringList, hits);
    QCOMPARE(search(text, more), hits);
    more.insert(u"service"_s, u"shop"_s);
    QCOMPARE(search(text, more), hits);
}

void tst_goconf_search::in_restrictsWhereItLooks()
{
    QStringList together;
    for (const char *in : {"comments", "values", "keys", "files", "messages"}) {
        const QStringList some = search(u"timeout"_s, {{u"in"_s, QCborArray{QLatin1String(in)}}});
        QVERIFY2(!some.isEmpty(), in);
        for (const QString &hit : some)
            QVERIFY2(hit.contains(QLatin1String(in)), qPrintable(hit));
        together += some;
    }
    QCOMPARE(together.size(), search(u"timeout"_s).size());
    QCOMPARE(search(u"timeout"_s, {{u"in"_s, QCborArray()}}), QStringList());
}

void tst_goconf_search::sections_areNotFoundInEachOfTheirKeys()
{
    QCOMPARE(
        search(u"core"_s, {{u"in"_s, QCborArray{u"keys"_s}}}),
        (QStringList{u"shop@_all v2 keys core 0 [core]"_s, u"shop@sh001 v3 keys core 0 [core]"_s}));
}

void tst_goconf_search::scope_restrictsWhereItLooks()
{
    const QStringList own = search(u"9s"_s, {{u"scope"_s, u"sh001"_s}});
    QCOMPARE(own, QStringList{u"shop@sh001 v3 values core/timeout 1 [9s]"_s});
    QCOMPARE(search(u"9s"_s, {{u"scope"_s, u"bj001"_s}}), QStringList());
}

void tst_goconf_search::draft_isFoundOnlyIfItIsAskedFor()
{
    DONE(set(u"fresh"_s, u"unpublished"_s));
    QCOMPARE(search(u"unpublished"_s), QStringList());
    QCOMPARE(search(u"unpublished"_s, {{u"draft"_s, u"other"_s}}), QStringList());
    QCOMPARE(search(u"unpublished"_s, {{u"draft"_s, u"main"_s}}),
             QStringList{u"shop@_all draft main values core/fresh 1 [unpublished]"_s});
    DONE(call(u"draft.discard"_s, {{u"service"_s, u"shop"_s}}));
}

void tst_goconf_search::binaryFiles_haveNothing()
{
    for (const QString &hit : search(u"timeout"_s))
        QVERIFY2(!hit.contains(u"logo.bin"_s), qPrintable(hit));
    QCOMPARE(search(u"logo"_s), QStringList{u"shop@_all v2 files logo.bin 0 [logo].bin"_s});
}

void tst_goconf_search::olderBase_isFoundInTheIdcThatHasIt()
{
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    const auto release = [this](const QString &value, const QCborMap &more) {
        const QCborMap change{{u"op"_s, u"set"_s},
                              {u"section"_s, u"core"_s},
                              {u"key"_s, u"bank"_s},
                              {u"value"_s, value}};
        QCborMap params = more;
        params.insert(u"targets"_s, QCborArray{target(u"pay"_s)});
        return call(u"draft.edit"_s, {{u"service"_s, u"pay"_s}, {u"edits"_s, QCborArray{change}}})
               && publish(u"m"_s, params);
    };
    QVERIFY(release(u"oldest"_s, {}));
    QVERIFY(release(u"newest"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}}));
    QCOMPARE(search(u"oldest"_s),
             QStringList{u"pay@bj001 v1 of _all values core/bank 1 [oldest]"_s});
    QCOMPARE(search(u"newest"_s), QStringList{u"pay@_all v2 values core/bank 1 [newest]"_s});
}

void tst_goconf_search::candidates_areFoundBesideWhatIsLive()
{
    QVERIFY(addHosts(2, "sh001"));
    DONE(set(u"trial"_s, u"by a few"_s));
    DONE(publish(u"tried"_s, {{u"canary"_s, QCborArray{u"web-sh0010"_s}}}));
    const QStringList hits = search(u"by a few"_s);
    QVERIFY2(hits.size() == 1 && hits.first().endsWith(u"values core/trial 1 [by a few]"_s),
             qPrintable(hits.join(u'\n')));
    const rpc::Outcome found = call(u"search"_s, {{u"text"_s, u"by a few"_s}});
    DONE(found);
    const QCborMap hit = found->toMap().value(u"hits"_s).toArray().at(0).toMap();
    QVERIFY(hit.value(u"candidate"_s).toBool());
    QVERIFY(hit.value(u"version"_s).toString() != live(u"_all"_s));
    DONE(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}}));
    QCOMPARE(search(u"by a few"_s), QStringList());
    DONE(call(u"draft.discard"_s, {{u"service"_s, u"shop"_s}}));
}

// ---- pages

void tst_goconf_search::pages_haveTogetherWhatOneAnswerHas()
{
    const QStringList all = search(u"o"_s, {{u"limit"_s, 1'000}});
    QVERIFY(all.size() > 10);
    for (const int limit : {1, 2, 7}) {
        QStringList hits;
        QCborMap params{{u"text"_s, u"o"_s}, {u"limit"_s, limit}};
        for (int calls = 0; calls < 200; ++calls) {
            const rpc::Outcome some = call(u"search"_s, params, 1 + calls % 3);
            DONE(some);
            const QCborArray page = some->toMap().value(u"hits"_s).toArray();
            QVERIFY(page.size() <= limit);
            for (const QCborValue hit : page)
                hits += told(hit.toMap());
            if (!some->toMap().contains(u"next"_s))
                break;
            params.insert(u"after"_s, some->toMap().value(u"next"_s));
        }
        QCOMPARE(hits, all);
    }
}

void tst_goconf_search::bytes_ofOneCallAreBounded()
{
    using namespace goconf;
    Needle needle;
    needle.matcher = QStringMatcher(u"needle"_s);
    needle.inValues = true;
    config::Layer layer;
    config::Section section{.name = "s"};
    for (int i = 0; i < 95; ++i) {
        config::Value value;
        value.text = QByteArray(1'000, 'a') + (i == 94 ? "needle" : "");
        section.keys.push_back({.name = "k" + QByteArray::number(100 + i), .value = value});
    }
    layer.sections.push_back(section);
    const Entries entries = entriesOf(layer);
    Spot after;
    int calls = 0;
    for (;; ++calls) {
        const Found found = searchEntries(entries.keys, needle, after, {10, 10'000});
        if (!found.stopped) {
            QCOMPARE(found.hits.size(), std::size_t(1));
            break;
        }
        QVERIFY(found.hits.empty() && after < *found.stopped);
        after = *found.stopped;
    }
    QCOMPARE(calls, 9); // ten keys each, then five
}

void tst_goconf_search::badWishes_areRefused_data()
{
    QTest::addColumn<QCborMap>("params");
    QTest::addColumn<QString>("member");
    const QCborMap good{{u"text"_s, u"x"_s}};
    const auto add = [&good](const char *name, const QString &member, const QCborValue &value) {
        QCborMap params = good;
        params.insert(member, value);
        QTest::newRow(name) << params << member;
    };
    add("no text", u"text"_s, u""_s);
    add("two lines", u"text"_s, u"a\nb"_s);
    add("an unknown field", u"in"_s, QCborArray{u"secrets"_s});
    add("a made-up place", u"after"_s, u"shop"_s);
    add("a place of nobody", u"after"_s, u"shop|_all||9:x:0:0"_s);
    add("a release that is none", u"after"_s, u"#0000000000000000-00000000"_s);
    add("a release that is a path", u"after"_s, u"#../x"_s);
    add("too many", u"limit"_s, 1'001);
}

void tst_goconf_search::badWishes_areRefused()
{
    QFETCH(QCborMap, params);
    QFETCH(QString, member);
    const rpc::Outcome refused = call(u"search"_s, params);
    FAILS(refused, Code::invalidArgument);
    QVERIFY2(refused.error().message.contains(member), qPrintable(why(refused)));
    FAILS(call(u"search"_s, {{u"text"_s, u"x"_s}, {u"service"_s, u"none"_s}}), Code::notFound);
}

COFFER_TEST_MAIN(tst_goconf_search)
#include "tst_goconf_search.moc"
