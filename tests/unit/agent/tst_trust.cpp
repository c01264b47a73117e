// SPDX-License-Identifier: Apache-2.0
#include "agent/trust.h"
#include "unit/agent/switch_kit.h"

#include <QTest>

namespace coffer::agent {

/// Who may lead an agent of root where.
class tst_Trust : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void root_writesWhereOthersCannot();
    void root_refusesWhatOthersMayWrite_data();
    void root_refusesWhatOthersMayWrite();
    void root_writesThereIfItIsTold();
    void root_saysAtOnceWhatItWillRefuse();
    void root_takesOverNoLinkOutOfWhatIsShared();
    void anotherUser_writesWhereItMay();
    void links_areLookedThrough();
    void signal_isSentToNobodyAnotherUserNames_data();
    void signal_isSentToNobodyAnotherUserNames();

private:
    std::unique_ptr<Host> m_host;
};

void tst_Trust::init()
{
    m_host = std::make_unique<Host>(targetOf(Target::Style::files));
    m_host->disk.userNumber = 0;
    for (const QByteArray &path : {QByteArray("/"), QByteArray("/etc"), destination})
        m_host->disk.give(path, 0, 0755);
    QVERIFY(m_host->start().has_value());
}

void tst_Trust::root_writesWhereOthersCannot()
{
    m_host->disk.give("/etc", 0, 01777); // sticky, and what is in it is root's
    QCOMPARE(m_host->apply(versionOne()).state, Verdict::State::healthy);
}

void tst_Trust::root_refusesWhatOthersMayWrite_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<int>("owner");
    QTest::addColumn<int>("mode");
    QTest::addRow("another user's") << destination << 4711 << 0755;
    QTest::addRow("for the group") << destination << 0 << 0775;
    QTest::addRow("for all") << destination << 0 << 0757;
    QTest::addRow("a directory above it") << QByteArray("/etc") << 0 << 0777;
    QTest::addRow("another user's above it") << QByteArray("/etc") << 4711 << 0755;
    QTest::addRow("sticky, and another user's") << destination << 4711 << 01777;
}

void tst_Trust::root_refusesWhatOthersMayWrite()
{
    QFETCH(QByteArray, path);
    QFETCH(int, owner);
    QFETCH(int, mode);
    m_host->disk.give(path, std::uint32_t(owner), std::uint16_t(mode));
    const int steps = m_host->disk.steps();
    const Verdict verdict = m_host->apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::failed);
    const QString said = QStringLiteral("%1 belongs to user %2 and has mode 0%3")
                             .arg(QString::fromUtf8(path))
                             .arg(owner)
                             .arg(mode, 0, 8);
    QVERIFY2(verdict.error.startsWith(said), qPrintable(verdict.error));
    QVERIFY(verdict.error.contains(QStringLiteral("shared = true")));
    QCOMPARE(m_host->showsVersion(), QByteArray("none"));
    QCOMPARE(m_host->disk.steps(), steps);
}

void tst_Trust::root_writesThereIfItIsTold()
{
    m_host->disk.give(destination, 4711, 0775);
    m_host->target.isShared = true;
    QVERIFY(m_host->start().has_value());
    QCOMPARE(m_host->apply(versionOne()).state, Verdict::State::healthy);
}

void tst_Trust::root_saysAtOnceWhatItWillRefuse()
{
    m_host->target.minInterval = std::chrono::minutes(5);
    QVERIFY(m_host->start().has_value());
    QCOMPARE(m_host->apply(versionOne()).state, Verdict::State::healthy);
    const Monotonic before = m_host->actions.now;
    m_host->disk.give(destination, 4711, 0755);
    for (const Version &version : {versionOne(), versionTwo()}) {
        const Verdict verdict = m_host->apply(version);
        QCOMPARE(verdict.state, Verdict::State::failed);
        QVERIFY2(verdict.error.contains(QLatin1String("belongs to user 4711")),
                 qPrintable(verdict.error));
        QCOMPARE(m_host->actions.now, before);
    }
}

void tst_Trust::root_takesOverNoLinkOutOfWhatIsShared()
{
    Host host(targetOf(Target::Style::directory));
    host.disk.userNumber = 0;
    host.disk.give("/", 0, 0755);
    host.disk.give("/etc", 0, 0755);
    host.disk.give(destination, 0, 0755);
    host.target.isShared = true;
    host.disk.putLink(destination + "/current", "/etc/cron.d");
    QVERIFY(host.start().has_value());
    const Verdict verdict = host.apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::failed);
    QVERIFY2(verdict.error.contains(QLatin1String("/etc/shop/current leads to /etc/cron.d: root")),
             qPrintable(verdict.error));
    QVERIFY(host.isTidy());
    host.target.isShared = false; // Then it is where only root has put it.
    QVERIFY(host.start().has_value());
    QCOMPARE(host.apply(versionOne()).state, Verdict::State::healthy);
}

void tst_Trust::anotherUser_writesWhereItMay()
{
    m_host->disk.give(destination, 4711, 0775);
    m_host->disk.userNumber = 1000;
    QCOMPARE(m_host->apply(versionOne()).state, Verdict::State::healthy);
}

void tst_Trust::links_areLookedThrough()
{
    MemoryFiles &disk = m_host->disk;
    disk.put("/srv/data/shop/x", "");
    disk.putLink("/way", "srv/./data");
    for (const QByteArray &path : {QByteArray("/srv"), QByteArray("/srv/data/shop")})
        disk.give(path, 0, 0755);
    disk.give("/srv/data", 0, 0755);
    QVERIFY(checkOwners(disk, "/way/shop").has_value());
    disk.give("/srv/data", 0, 0777);
    QCOMPARE(checkOwners(disk, "/way/shop").error().code, ErrorCode::denied);
    disk.give("/srv/data", 0, 0755);
    disk.give("/way", 4711, 0777);
    QCOMPARE(checkOwners(disk, "/way/shop").error().code, ErrorCode::denied);
    disk.putLink("/circle", "/circle");
    QCOMPARE(checkOwners(disk, "/circle").error().code, ErrorCode::invalid);
    QVERIFY(checkOwners(disk, "/nothing/at/all").has_value());
}

void tst_Trust::signal_isSentToNobodyAnotherUserNames_data()
{
    QTest::addColumn<bool>("isLink");
    QTest::addRow("a link") << true;
    QTest::addRow("another user's") << false;
}

void tst_Trust::signal_isSentToNobodyAnotherUserNames()
{
    QFETCH(bool, isLink);
    m_host->target.reload = {.kind = Reload::Kind::signal, .pidFile = "/run/shop.pid"};
    QVERIFY(m_host->start().has_value());
    m_host->disk.put("/run/shop.real", "4711\n");
    if (isLink) {
        m_host->disk.putLink("/run/shop.pid", "/run/shop.real");
    } else {
        m_host->disk.put("/run/shop.pid", "4711\n");
        m_host->disk.give("/run/shop.pid", 4711, 0644);
    }
    const Verdict verdict = m_host->apply(versionOne());
    QCOMPARE(verdict.state, Verdict::State::rolledBack);
    QVERIFY2(verdict.error.contains(QStringLiteral("no signal was sent")),
             qPrintable(verdict.error));
    QVERIFY(m_host->actions.sent.empty());
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_Trust)
#include "tst_trust.moc"
