// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using rpc::Code;

/// Drafts with more files than one transaction may touch, on three nodes.
class tst_goconf_large : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void publish_takesTwelveThousandChangesOfThreeDraftsAtOnce();
    void publish_thatIsCutOffLeavesWasteThatSaysNothing();
    void publish_leavesWhatIsEditedMeanwhile();

private:
    /// Keys in the draft of \a scope, a thousand a call.
    [[nodiscard]] bool fill(const QString &scope, int thousands, const QString &value, int node);
    [[nodiscard]] qint64 pending(const QString &scope, int node);
    /// Files below a draft, marks included; -1 if nobody can say.
    [[nodiscard]] qint64 files(const QByteArray &scope);
};

void tst_goconf_large::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

bool tst_goconf_large::fill(const QString &scope, int thousands, const QString &value, int node)
{
    for (int i = 0; i < thousands; ++i) {
        QCborArray edits;
        for (int k = 0; k < 1'000; ++k)
            edits.append(setOf(u"k%1"_s.arg(i * 1'000 + k), value));
        const rpc::Outcome done =
            call(u"draft.edit"_s,
                 {{u"service"_s, u"shop"_s}, {u"scope"_s, scope}, {u"edits"_s, edits}}, node);
        if (!done)
            return false;
    }
    return true;
}

qint64 tst_goconf_large::pending(const QString &scope, int node)
{
    const rpc::Outcome draft = call(u"draft.get"_s, target(u"shop"_s, scope), node);
    return draft ? draft->toMap().value(u"total"_s).toInteger() : -1;
}

qint64 tst_goconf_large::files(const QByteArray &scope)
{
    qint64 count = 0;
    store::List list{.path = goconf::draftPath({"shop", scope, "main"})};
    list.page.detail = store::Detail::count;
    for (;;) {
        const store::Question question = list;
        const auto reply = cluster().await(cluster().store(2).read(question));
        if (!reply)
            return -1;
        count += qint64(reply->count);
        list.page.after = reply->resume;
        if (!reply->hasMore)
            return count;
    }
}

void tst_goconf_large::publish_takesTwelveThousandChangesOfThreeDraftsAtOnce()
{
    const QCborArray targets{target(u"shop"_s), target(u"shop"_s, u"sh001"_s),
                             target(u"shop"_s, u"bj001"_s)};
    QVERIFY(fill(u"_all"_s, 4, u"base"_s, 1));
    QVERIFY(fill(u"sh001"_s, 4, u"shanghai"_s, 1));
    QVERIFY(fill(u"bj001"_s, 4, u"beijing"_s, 1));
    DONE(publish(u"three"_s, {{u"targets"_s, targets}}));
    for (const QString &scope : {u"_all"_s, u"sh001"_s, u"bj001"_s}) {
        QCOMPARE(live(scope), u"v2"_s);
        QCOMPARE(pending(scope, 2), 0);
        QVERIFY(cluster().runUntil([&] { return files(scope.toUtf8()) == 0; }));
    }
    FAILS(publish(u"again"_s, {{u"targets"_s, targets}}), Code::refused);
}

void tst_goconf_large::publish_thatIsCutOffLeavesWasteThatSaysNothing()
{
    QVERIFY(fill(u"_all"_s, 12, u"x"_s, 3));
    const QCborMap params{{u"targets"_s, QCborArray{target(u"shop"_s)}},
                          {u"message"_s, u"large"_s}};
    const rpc::Outcome done = call(u"publish"_s, params, 3);
    cluster().kill(3); // before it has removed anything
    DONE(done);
    QVERIFY(cluster().runUntil([this] { return cluster().leader().has_value(); }));
    QVERIFY(cluster().runUntil([this] { return files("_all") > 1'000; }));
    QCOMPARE(pending(u"_all"_s, 1), 0);
    const rpc::Outcome diff = call(u"draft.diff"_s, {{u"service"_s, u"shop"_s}});
    DONE(diff);
    QVERIFY(diff->toMap().value(u"differences"_s).toArray().isEmpty());
    const rpc::Outcome drafts = call(u"draft.list"_s, {});
    DONE(drafts);
    QVERIFY(drafts->toMap().value(u"drafts"_s).toArray().isEmpty());
    FAILS(publish(u"nothing"_s), Code::refused);
    DONE(set(u"timeout"_s, u"5s"_s));
    QCOMPARE(pending(u"_all"_s, 1), 1);
    cluster().advance(11min);
    QVERIFY(cluster().runUntil([this] { return files("_all") == 2; })); // it, and its mark
    QCOMPARE(pending(u"_all"_s, 1), 1);
    DONE(publish(u"one"_s));
    QCOMPARE(live(u"sh001"_s), u"v3"_s);
}

void tst_goconf_large::publish_leavesWhatIsEditedMeanwhile()
{
    QVERIFY(fill(u"_all"_s, 6, u"x"_s, 1));
    DONE(publish(u"large"_s));
    DONE(set(u"k7"_s, u"y"_s)); // while its file may still be there
    DONE(set(u"k5900"_s, u"y"_s));
    QVERIFY(cluster().runUntil([this] { return files("_all") == 3; }));
    QCOMPARE(pending(u"_all"_s, 1), 2);
    DONE(publish(u"two"_s));
    QVERIFY(cluster().runUntil([this] { return files("_all") == 0; }));
}

COFFER_TEST_MAIN(tst_goconf_large)
#include "tst_goconf_large.moc"
