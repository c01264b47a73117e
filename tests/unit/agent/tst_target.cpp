// SPDX-License-Identifier: Apache-2.0
#include "agent/record.h"
#include "unit/agent/switch_kit.h"

#include <QTest>

namespace coffer::agent {

class tst_Target : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void checkTarget_namesTheField_data();
    void checkTarget_namesTheField();
    void record_comesBackAsItWas();
    void record_noticesEveryFlippedBit();
    void records_lastWholeOneCounts();
};

using Spoil = std::function<void(Target &)>;

void tst_Target::checkTarget_namesTheField_data()
{
    QTest::addColumn<Spoil>("spoil");
    QTest::addColumn<QString>("field");
    const auto row = [](const char *field, const Spoil &spoil) {
        QTest::addRow("%s", field) << spoil << QString::fromLatin1(field);
    };
    row("", [](Target &) {});
    row("service", [](Target &target) { target.service = "../etc"; });
    row("destination", [](Target &target) { target.destination = "etc"; });
    row("mode", [](Target &target) { target.modeMask = 04755; });
    row("check", [](Target &target) { target.check.argv = {"nginx", "-t"}; });
    row("reload.command", [](Target &target) { target.reload.command = {}; });
    row("reload.pidfile", [](Target &target) { target.reload = {.kind = Reload::Kind::signal}; });
    row("reload.systemd", [](Target &target) { target.reload = {.kind = Reload::Kind::systemd}; });
    row("health.passes", [](Target &target) { target.health.passes = 0; });
    row("health.window", [](Target &target) { target.health.window = std::chrono::seconds(1); });
    row("splay", [](Target &target) { target.splay = std::chrono::seconds(-1); });
    row("min_interval", [](Target &target) { target.minInterval = std::chrono::hours(25); });
    row("keep", [](Target &target) { target.keep = 1; });
}

void tst_Target::checkTarget_namesTheField()
{
    QFETCH(Spoil, spoil);
    QFETCH(QString, field);
    Target target = targetOf(Target::Style::files);
    spoil(target);
    const Result<void> checked = checkTarget(target);
    QCOMPARE(checked.has_value(), field.isEmpty());
    if (!checked)
        QVERIFY2(checked.error().message.contains(field), qPrintable(checked.error().message));
}

static Record fullRecord()
{
    const Generation one{versionOne().root(), "v1", "r7"};
    return {.kept = {{one, one.root.brief()}, {{versionTwo().root(), "v2", "r6"}, "x.1"}},
            .place = {"/etc/shop", Target::Style::files},
            .intent = Intent{.to = one,
                             .place = {"/srv/\xff", Target::Style::directory},
                             .directory = "d",
                             .isDirectoryNew = true,
                             .linkBefore = "\xff/odd \"link",
                             .steps = {{Intent::Step::Kind::remove, "a/b"},
                                       {Intent::Step::Kind::add, "c"}},
                             .directories = {"new", "new/deep"}},
            .owesReload = true,
            .heldUntil = WallMs(1'790'000'000'123),
            .directories = {"gone"},
            .trash = {"t"}};
}

void tst_Target::record_comesBackAsItWas()
{
    for (const Record &record : {Record(), fullRecord()}) {
        const Result<Record> back = decodeRecord(encode(record));
        QVERIFY(back.has_value());
        QVERIFY(*back == record);
    }
}

void tst_Target::record_noticesEveryFlippedBit()
{
    const QByteArray bytes = encode(fullRecord());
    for (qsizetype at = 0; at < bytes.size() * 8; ++at) {
        QByteArray flipped = bytes;
        flipped[at / 8] = char(flipped[at / 8] ^ (1 << (at % 8)));
        QCOMPARE(decodeRecord(flipped).error().code, ErrorCode::corrupt);
    }
    for (qsizetype size = 0; size < bytes.size(); ++size)
        QVERIFY(!decodeRecord(bytes.first(size)).has_value());
}

void tst_Target::records_lastWholeOneCounts()
{
    const QByteArray one = encode(Record());
    const QByteArray both = one + encode(fullRecord());
    for (qsizetype size = 0; size <= both.size(); ++size) {
        const Result<LastRecord> last = decodeLast(both.first(size));
        QCOMPARE(last.has_value(), size >= one.size());
        if (!last)
            continue;
        QVERIFY(last->record == (size == both.size() ? fullRecord() : Record()));
        QCOMPARE(last->isAtEnd, size == one.size() || size == both.size());
    }
    for (qsizetype at = one.size() * 8; at < both.size() * 8; ++at) {
        QByteArray flipped = both;
        flipped[at / 8] = char(flipped[at / 8] ^ (1 << (at % 8)));
        const Result<LastRecord> last = decodeLast(flipped);
        QVERIFY(last && last->record == Record() && !last->isAtEnd);
    }
    // Not that of before: whoever wrote this one knew more.
    const QByteArray later = R"({"format":2})"
                             "\n";
    const auto unknown = decodeLast(one + later + config::Hash::of(later).hex() + '\n');
    QVERIFY(!unknown && unknown.error().message.contains(QStringLiteral("another version")));
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_Target)
#include "tst_target.moc"
