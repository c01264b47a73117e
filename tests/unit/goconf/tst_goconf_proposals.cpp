// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/goconf_stage.h"

#include "config/hash.h"
#include "testkit/main.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;

using rpc::Code;

/// Drafts that are worked out: one version taken back, the layer of an IDC brought elsewhere.
class tst_goconf_proposals : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void revert_takesBackOneVersionAndKeepsLaterOnes();
    void revert_mergesTexts();
    void revert_ofWhatWasChangedAgainIsAConflict();
    void revert_ofWhatIsBackAlreadyChangesNothing();
    void revert_doesNotOverridePendingChangesOfOthers();
    void promote_makesOneIdcLikeAnother();
    void promote_toTheBaseLayerRemovesNothing();
    void badInput_isRefused();

private:
    /// The draft of the base layer after v2 is taken back.
    [[nodiscard]] rpc::Outcome revert(QCborMap more = {});
    [[nodiscard]] rpc::Outcome promote(const QString &from, const QString &to, QCborMap more = {});
    /// Stored, as an edit wants it.
    [[nodiscard]] QCborMap file(const QByteArray &text);
    /// "a=1 b=2": the own layer of a scope, or all of the base layer.
    [[nodiscard]] QString keys(const QString &scope = u"_all"_s);
};

void tst_goconf_proposals::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

rpc::Outcome tst_goconf_proposals::revert(QCborMap more)
{
    more.insert(u"service"_s, u"shop"_s);
    more.insert(u"version"_s, u"v2"_s);
    return call(u"draft.revert"_s, more);
}

rpc::Outcome tst_goconf_proposals::promote(const QString &from, const QString &to, QCborMap more)
{
    more.insert(u"service"_s, u"shop"_s);
    more.insert(u"from"_s, from);
    more.insert(u"scope"_s, to);
    return call(u"draft.promote"_s, more);
}

QCborMap tst_goconf_proposals::file(const QByteArray &text)
{
    const QString hash = QString::fromLatin1(config::Hash::of(text).hex());
    const rpc::Outcome put =
        call(u"object.put"_s,
             {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, text}});
    if (!put)
        qWarning("%s", qPrintable(why(put)));
    return {{u"op"_s, u"file"_s},
            {u"path"_s, u"app.conf"_s},
            {u"object"_s, hash},
            {u"bytes"_s, qint64(text.size())}};
}

QString tst_goconf_proposals::keys(const QString &scope)
{
    const rpc::Outcome got = call(u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, scope}});
    if (!got)
        return why(got);
    QStringList words;
    for (const QCborValue section : got->toMap().value(u"sections"_s).toArray()) {
        for (const QCborValue key : section.toMap().value(u"keys"_s).toArray()) {
            const QCborMap map = key.toMap();
            words += map.value(u"name"_s).toString() + u'=' + map.value(u"value"_s).toString();
        }
    }
    words.sort();
    return words.join(u' ');
}

// ---- revert

void tst_goconf_proposals::revert_takesBackOneVersionAndKeepsLaterOnes()
{
    DONE(set(u"a"_s, u"1"_s));
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"two"_s));
    DONE(set(u"b"_s, u"2"_s));
    DONE(publish(u"three"_s));

    const rpc::Outcome reverted = revert();
    DONE(reverted);
    QCOMPARE(reverted->toMap().value(u"changed"_s).toInteger(), 2);
    QCOMPARE(keys(), u"a=1 b=2 timeout=3s"_s); // nothing is live before it is published
    DONE(publish(u"without two"_s));
    QCOMPARE(keys(), u"b=2 timeout=2s"_s);

    const rpc::Outcome again = revert();
    DONE(again);
    QCOMPARE(again->toMap().value(u"changed"_s).toInteger(), 0);
}

void tst_goconf_proposals::revert_mergesTexts()
{
    DONE(edit({file("one\n2\n3\n4\n5\n")}));
    DONE(publish(u"the file"_s));
    DONE(edit({file("ONE\n2\n3\n4\n5\n")}));
    DONE(publish(u"its first line"_s));
    DONE(edit({file("ONE\n2\n3\n4\nFIVE\n")}));
    DONE(publish(u"its last line"_s));

    DONE(call(u"draft.revert"_s, {{u"service"_s, u"shop"_s}, {u"version"_s, u"v3"_s}}));
    const rpc::Outcome diff = call(u"draft.diff"_s, {{u"service"_s, u"shop"_s}});
    DONE(diff);
    const QString shown =
        diff->toMap().value(u"text"_s).toArray().at(0).toMap().value(u"diff"_s).toString();
    QVERIFY2(shown.contains(u"-ONE\n+one\n"_s), qPrintable(shown));
    QVERIFY2(!shown.contains(u"-FIVE"_s), qPrintable(shown));
    DONE(publish(u"the first line as it was"_s));
}

void tst_goconf_proposals::revert_ofWhatWasChangedAgainIsAConflict()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(set(u"a"_s, u"1"_s));
    DONE(publish(u"two"_s));
    DONE(set(u"timeout"_s, u"4s"_s));
    DONE(publish(u"three"_s));

    const rpc::Outcome refused = revert();
    FAILS(refused, Code::conflict);
    QVERIFY2(refused.error().message.contains(u"core/timeout"_s), qPrintable(why(refused)));
    QCOMPARE(
        call(u"draft.get"_s, {{u"service"_s, u"shop"_s}})->toMap().value(u"total"_s).toInteger(),
        0);
    DONE(revert({{u"places"_s, QCborArray{u"core/a"_s}}}));
    DONE(publish(u"without a"_s));
    QCOMPARE(keys(), u"timeout=4s"_s);
}

void tst_goconf_proposals::revert_ofWhatIsBackAlreadyChangesNothing()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"two"_s));
    DONE(set(u"timeout"_s, u"2s"_s));
    DONE(publish(u"three"_s));
    const rpc::Outcome reverted = revert();
    DONE(reverted);
    QCOMPARE(reverted->toMap().value(u"changed"_s).toInteger(), 0);
}

void tst_goconf_proposals::revert_doesNotOverridePendingChangesOfOthers()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"two"_s));
    DONE(set(u"timeout"_s, u"9s"_s, u"bob"_s));
    FAILS(revert({{u"as"_s, u"ann"_s}}), Code::conflict);
    DONE(revert({{u"as"_s, u"ann"_s}, {u"force"_s, true}}));
    DONE(publish(u"without two"_s));
    QCOMPARE(keys(), u"timeout=2s"_s);
}

// ---- promote

void tst_goconf_proposals::promote_makesOneIdcLikeAnother()
{
    DONE(set(u"timeout"_s, u"5s"_s, u"ann"_s, u"sh001"_s));
    DONE(set(u"extra"_s, u"1"_s, u"ann"_s, u"bj001"_s));
    DONE(publish(u"own layers"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s),
                                                             target(u"shop"_s, u"bj001"_s)}}}));
    const rpc::Outcome promoted = promote(u"sh001"_s, u"bj001"_s);
    DONE(promoted);
    QCOMPARE(promoted->toMap().value(u"changed"_s).toInteger(), 2);
    DONE(publish(u"as in sh001"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"bj001"_s)}}}));
    QCOMPARE(keys(u"bj001"_s), u"timeout=5s"_s);
    QCOMPARE(keys(u"sh001"_s), u"timeout=5s"_s);
    QCOMPARE(keys(), u"timeout=2s"_s);
}

void tst_goconf_proposals::promote_toTheBaseLayerRemovesNothing()
{
    DONE(set(u"b"_s, u"2"_s));
    DONE(publish(u"two"_s));
    DONE(set(u"timeout"_s, u"5s"_s, u"ann"_s, u"sh001"_s));
    DONE(set(u"a"_s, u"1"_s, u"ann"_s, u"sh001"_s));
    DONE(publish(u"own layer"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}}));
    DONE(promote(u"sh001"_s, u"_all"_s));
    DONE(publish(u"for all"_s));
    QCOMPARE(keys(), u"a=1 b=2 timeout=5s"_s);
}

void tst_goconf_proposals::badInput_isRefused()
{
    FAILS(promote(u"nowhere"_s, u"sh001"_s), Code::notFound);
    FAILS(promote(u"sh001"_s, u"nowhere"_s), Code::notFound);
    FAILS(promote(u"sh001"_s, u"sh001"_s), Code::invalidArgument);
    FAILS(call(u"draft.revert"_s, {{u"service"_s, u"shop"_s}, {u"version"_s, u"v9"_s}}),
          Code::notFound);
    FAILS(call(u"draft.revert"_s, {{u"service"_s, u"none"_s}, {u"version"_s, u"v1"_s}}),
          Code::notFound);
    FAILS(call(u"draft.revert"_s, {{u"service"_s, u"shop"_s}, {u"version"_s, u"1"_s}}),
          Code::invalidArgument);
}

COFFER_TEST_MAIN(tst_goconf_proposals)
#include "tst_goconf_proposals.moc"
