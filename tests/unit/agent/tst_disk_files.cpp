// SPDX-License-Identifier: Apache-2.0
#include "agent/disk_files.h"
#include "agent/file_tree.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <unistd.h>

namespace coffer::agent {

class tst_DiskFiles : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void makeFile_givesBytesAndRights();
    void makeFile_refusesWhatIsThere();
    void read_isBounded();
    void read_followsNoLink();
    void rename_replacesALink();
    void removeTree_followsNoLink();
    void replaceFile_goesOverALeftover();
    void userId_knowsNamesAndNumbers();
    void status_saysWhatIsThere();
    void lock_refusesASecondAndNamesTheFirst();
    void share_changesNothingAndKeepsAgentsAway();
    void root_followsNoLinkOfAnotherUser();

private:
    [[nodiscard]] QByteArray in(const char *name) const
    {
        return QFile::encodeName(m_folder.path()) + '/' + name;
    }
    QTemporaryDir m_folder;
    DiskFiles m_files;
};

void tst_DiskFiles::makeFile_givesBytesAndRights()
{
    QVERIFY(m_files.makeFile(in("a"), "bytes", {.mode = 0440, .owner = ::getuid()}).has_value());
    QCOMPARE(m_files.read(in("a"), 5), QByteArray("bytes"));
    QCOMPARE(int((*m_files.status(in("a")))->mode), 0440);
    QVERIFY(m_files.makeFile(in("b"), "bytes", {.mode = 0600}).has_value());
    QVERIFY(m_files.append(in("b"), " and more").has_value());
    QCOMPARE(m_files.read(in("b"), 14), QByteArray("bytes and more"));
    QCOMPARE(m_files.append(in("nothing"), "x").error().code, ErrorCode::notFound);
    QVERIFY(m_files.makeDirectory(in("d"), 0755).has_value());
    QCOMPARE(int((*m_files.status(in("d")))->mode), 0755);
    QVERIFY(m_files.sync(in("d")).has_value());
}

void tst_DiskFiles::makeFile_refusesWhatIsThere()
{
    QVERIFY(m_files.makeFile(in("there"), "x", {.mode = 0600}).has_value());
    QCOMPARE(m_files.makeFile(in("there"), "x", {.mode = 0600}).error().code, ErrorCode::conflict);
    QVERIFY(m_files.makeLink(in("there"), in("pointer")).has_value());
    QVERIFY(!m_files.makeFile(in("pointer"), "x", {.mode = 0600}).has_value());
    QVERIFY(!m_files.append(in("pointer"), "x").has_value());
}

void tst_DiskFiles::read_isBounded()
{
    QVERIFY(m_files.makeFile(in("long"), QByteArray(100, 'x'), {.mode = 0600}).has_value());
    QCOMPARE(m_files.read(in("long"), 100)->size(), 100);
    QCOMPARE(m_files.read(in("long"), 99).error().code, ErrorCode::invalid);
    QCOMPARE(m_files.read(in("nothing"), 99).error().code, ErrorCode::notFound);
    QVERIFY(!m_files.read(QFile::encodeName(m_folder.path()), 99).has_value());
    QVERIFY(!m_files.read("/dev/zero", 99).has_value());
}

void tst_DiskFiles::read_followsNoLink()
{
    QVERIFY(m_files.makeFile(in("secret"), "x", {.mode = 0600}).has_value());
    QVERIFY(m_files.makeLink("secret", in("way")).has_value());
    QVERIFY(!m_files.read(in("way"), 99).has_value());
    QCOMPARE(m_files.linkTarget(in("way")), QByteArray("secret"));
}

void tst_DiskFiles::rename_replacesALink()
{
    QVERIFY(m_files.makeLink("one", in("current")).has_value());
    QVERIFY(m_files.makeLink("two", in("next")).has_value());
    QVERIFY(m_files.rename(in("next"), in("current")).has_value());
    QCOMPARE(m_files.linkTarget(in("current")), QByteArray("two"));
}

void tst_DiskFiles::removeTree_followsNoLink()
{
    QVERIFY(m_files.makeDirectory(in("kept"), 0755).has_value());
    QVERIFY(m_files.makeFile(in("kept/file"), "x", {.mode = 0600}).has_value());
    QVERIFY(m_files.makeDirectory(in("tree"), 0755).has_value());
    QVERIFY(m_files.makeDirectory(in("tree/sub"), 0755).has_value());
    QVERIFY(m_files.makeFile(in("tree/sub/file"), "x", {.mode = 0600}).has_value());
    QVERIFY(m_files.makeLink("../kept", in("tree/link")).has_value());
    const std::vector<QByteArray> expected{"link", "sub/file"};
    QCOMPARE(filesBelow(m_files, in("tree")), expected);
    QCOMPARE(m_files.removeDirectory(in("tree")).error().code, ErrorCode::conflict);
    QVERIFY(removeTree(m_files, in("tree")).has_value());
    QVERIFY(!m_files.status(in("tree"))->has_value());
    QVERIFY(m_files.status(in("kept/file"))->has_value());
    QVERIFY(removeTree(m_files, in("tree")).has_value());
}

void tst_DiskFiles::replaceFile_goesOverALeftover()
{
    QVERIFY(m_files.makeFile(in("r"), "old", {.mode = 0600}).has_value());
    QVERIFY(m_files.makeFile(in("r.new"), "half", {.mode = 0600}).has_value());
    QVERIFY(replaceFile(m_files, in("r"), "new").has_value());
    QCOMPARE(m_files.read(in("r"), 10), QByteArray("new"));
    QVERIFY(!m_files.status(in("r.new"))->has_value());
}

void tst_DiskFiles::userId_knowsNamesAndNumbers()
{
    QCOMPARE(m_files.userId("root"), 0U);
    QCOMPARE(m_files.groupId("root"), 0U);
    QCOMPARE(m_files.userId("4711"), 4711U);
    QCOMPARE(m_files.userId("no-such-user-here").error().code, ErrorCode::notFound);
}

void tst_DiskFiles::status_saysWhatIsThere()
{
    QVERIFY(!m_files.status(in("nothing"))->has_value());
    QVERIFY((*m_files.status("/proc"))->isMountPoint);
    QVERIFY(!(*m_files.status(QFile::encodeName(m_folder.path())))->isMountPoint);
    QCOMPARE((*m_files.status("/dev/null"))->kind, FileStatus::Kind::other);
}

void tst_DiskFiles::lock_refusesASecondAndNamesTheFirst()
{
    const QByteArray state = in("state");
    {
        const auto first = StateLock::take(state);
        QVERIFY(first.has_value());
        const auto second = StateLock::take(state);
        QCOMPARE(second.error().code, ErrorCode::refused);
        QVERIFY2(second.error().message.contains(QStringLiteral("process %1;").arg(::getpid())),
                 qPrintable(second.error().message));
    }
    QVERIFY(StateLock::take(state).has_value());
    QVERIFY(!StateLock::take(in("no/such/parent")).has_value());
}

void tst_DiskFiles::share_changesNothingAndKeepsAgentsAway()
{
    const QByteArray state = in("shared");
    QVERIFY(StateLock::share(state)->get() == nullptr);
    QVERIFY(!m_files.status(state)->has_value());
    QVERIFY(StateLock::take(state).has_value());
    const auto first = StateLock::share(state);
    QVERIFY(first && *first);
    QVERIFY(StateLock::share(state).has_value());
    QCOMPARE(StateLock::take(state).error().code, ErrorCode::refused);
}

void tst_DiskFiles::root_followsNoLinkOfAnotherUser()
{
    if (::geteuid() != 0)
        QSKIP("only root can give a link to another user");
    QVERIFY(m_files.makeDirectory(in("goal"), 0755).has_value());
    QVERIFY(m_files.makeLink("goal", in("mine")).has_value());
    QVERIFY(m_files.makeLink("goal", in("his")).has_value());
    QVERIFY(m_files.makeLink("mine/../his", in("through")).has_value());
    QCOMPARE(::lchown(in("his").constData(), 4711, 4711), 0);
    QVERIFY(m_files.makeFile(in("mine/file"), "x", {.mode = 0600}).has_value());
    QCOMPARE(m_files.read(in("goal/file"), 10), QByteArray("x"));
    QCOMPARE(m_files.makeFile(in("his/file2"), "x", {.mode = 0600}).error().code,
             ErrorCode::denied);
    QCOMPARE(m_files.rename(in("mine/file"), in("through/file2")).error().code, ErrorCode::denied);
    QCOMPARE(m_files.remove(in("his/file")).error().code, ErrorCode::denied);
    QCOMPARE(m_files.status(in("his/file")).error().code, ErrorCode::denied);
    QCOMPARE(m_files.names(in("goal")), QByteArrayList{"file"});
    QVERIFY(!m_files.status(in("nowhere/file"))->has_value());
    QCOMPARE((*m_files.status("/"))->kind, FileStatus::Kind::directory);
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_DiskFiles)
#include "tst_disk_files.moc"
