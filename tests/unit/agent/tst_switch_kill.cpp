// SPDX-License-Identifier: Apache-2.0
#include "agent/disk_files.h"
#include "agent/file_tree.h"
#include "unit/agent/switch_kit.h"

#include <QFile>
#include <QProcess>
#include <QRandomGenerator>
#include <QTemporaryDir>
#include <QTest>

namespace coffer::agent {

/// A real process on a real disk, killed again and again.
class tst_SwitchKill : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void kill_leavesOneVersion_data();
    void kill_leavesOneVersion();
};

static constexpr int rounds = 25;

void tst_SwitchKill::kill_leavesOneVersion_data()
{
    QTest::addColumn<QString>("style");
    QTest::addRow("directory") << QStringLiteral("directory");
    QTest::addRow("files") << QStringLiteral("files");
}

/// What lies below \a base, without what is the agent's own.
static std::map<QByteArray, QByteArray> filesIn(DiskFiles &files, const QByteArray &base)
{
    std::map<QByteArray, QByteArray> found;
    for (const QByteArray &path : filesBelow(files, base).value_or(std::vector<QByteArray>())) {
        if (!path.startsWith(".coffer-"))
            found[path] = files.read(base + '/' + path, 10'000).value_or(QByteArray("unreadable"));
    }
    return found;
}

static QByteArray versionIn(DiskFiles &files, const QByteArray &base)
{
    const std::map<QByteArray, QByteArray> found = filesIn(files, base);
    for (const Version &version : {versionOne(), versionTwo(), versionThree()}) {
        std::map<QByteArray, QByteArray> wanted;
        for (const config::BundleFile &file : version.bundle.files)
            wanted[file.path] = file.bytes;
        if (found == wanted)
            return version.name;
    }
    return found.empty() ? "none" : "mixture";
}

/// Starts the child and kills it when it has told of \a steps steps.
static bool killAfter(const QByteArray &folder, const QString &style, qint64 steps)
{
    QProcess child;
    child.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    child.start(QStringLiteral(SWITCH_CHILD), {QFile::decodeName(folder), style});
    qint64 told = 0;
    while (told < steps) {
        if (child.bytesAvailable() == 0 && !child.waitForReadyRead())
            return false;
        told += child.readAll().size();
    }
    child.kill();
    return child.waitForFinished();
}

void tst_SwitchKill::kill_leavesOneVersion()
{
    QFETCH(QString, style);
    const bool isDirectory = style == QLatin1String("directory");
    bool isGiven = false;
    std::uint64_t seed = qEnvironmentVariable("COFFER_SEED").toULongLong(&isGiven);
    if (!isGiven)
        seed = QRandomGenerator::global()->generate();
    qInfo("COFFER_SEED=%llu", static_cast<unsigned long long>(seed));
    SeededRandom random(seed);

    const QTemporaryDir folder;
    const QByteArray path = QFile::encodeName(folder.path());
    DiskFiles files;
    Target target = targetOf(isDirectory ? Target::Style::directory : Target::Style::files);
    target.destination = path + "/target";
    QVERIFY(files.makeDirectory(path + "/target", 0755).has_value());
    QVERIFY(files.makeDirectory(path + "/state", 0700).has_value());
    for (int round = 0; round < rounds; ++round) {
        QVERIFY(killAfter(path, style, qint64(1 + random.below(400))));
        if (isDirectory) {
            const auto link = files.linkTarget(target.destination + "/current");
            if (link)
                QVERIFY(versionIn(files, target.destination + '/' + *link).startsWith('v'));
        }
        FakeActions actions;
        Switcher switcher(target, path + "/state", {files, actions, actions, random});
        const Result<void> recovered = switcher.recover();
        QVERIFY2(recovered.has_value(), recovered ? "" : qPrintable(recovered.error().message));
        const QByteArray base = isDirectory
                                    ? target.destination + '/'
                                          + files.linkTarget(target.destination + "/current")
                                                .value_or(QByteArray("none"))
                                    : target.destination;
        QCOMPARE(versionIn(files, base),
                 switcher.applied() ? switcher.applied()->version : QByteArray("none"));
        const Result<QByteArrayList> names = files.names(target.destination);
        QVERIFY(names.has_value());
        for (const QByteArray &name : *names)
            QVERIFY2(!name.startsWith(".coffer-"), name.constData());
    }
}

} // namespace coffer::agent

QTEST_GUILESS_MAIN(coffer::agent::tst_SwitchKill)
#include "tst_switch_kill.moc"
