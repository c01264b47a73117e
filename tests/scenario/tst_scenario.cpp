// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "scenario/commands.h"
#include "scenario/script.h"

#include <QtTest>

#include <stdexcept>

using namespace coffer;
using namespace coffer::scenario;

[[noreturn]] static void throwFinding(std::string_view, int, std::string_view what)
{
    throw std::runtime_error(std::string(what));
}

/// Runs every file of cases/ and compares what the replicas do with what the file expects.
/// COFFER_REWRITE=1 writes what they do into the files; a changed expectation is committed only
/// when it can be explained. "# known bug: …" in a file says that its findings are known; the line
/// goes when the bug does.
class TestScenario : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { setCheckHandler(throwFinding); }
    void cleanupTestCase() { setCheckHandler(nullptr); }
    void conversation_data();
    void conversation();
    void script_keepsItsText();
    void unknownCommand_isAnError();

private:
    static QStringList run(const Script::Block &block, Stage &stage, Commands &commands);
};

static QDir casesFolder() { return QDir(QStringLiteral(COFFER_SCENARIO_CASES)); }

void TestScenario::conversation_data()
{
    QTest::addColumn<QString>("path");
    const QStringList files = casesFolder().entryList({"*.txt"}, QDir::Files, QDir::Name);
    QVERIFY(!files.isEmpty());
    for (const QString &file : files)
        QTest::newRow(qPrintable(file.section('.', 0, 0))) << casesFolder().filePath(file);
}

QStringList TestScenario::run(const Script::Block &block, Stage &stage, Commands &commands)
{
    try {
        for (const QString &command : block.commands())
            commands.run(command);
    } catch (const std::runtime_error &broken) {
        stage.setMuted(false);
        stage.print(QStringLiteral("error: broken invariant: ") + broken.what());
    }
    const QStringList lines = stage.takeTranscript();
    return lines.isEmpty() ? QStringList("ok") : lines;
}

void TestScenario::conversation()
{
    QFETCH(QString, path);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QString before = QString::fromUtf8(file.readAll());
    file.close();
    Script script(before);
    const bool isRewrite = qEnvironmentVariableIsSet("COFFER_REWRITE");

    Stage stage;
    Commands commands(stage);
    QStringList faults;
    for (std::size_t i = 0; i < script.blocks().size(); ++i) {
        const Script::Block block = script.blocks()[i];
        const QStringList lines = run(block, stage, commands);
        const QString place = QStringLiteral("line %1: ").arg(block.firstLine);
        for (const QString &line : lines.filter(QRegularExpression("^error: ")))
            faults << place + line;
        if (lines != block.expected && !isRewrite)
            faults << place + "expected\n  " + block.expected.join("\n  ") + "\nbut got\n  "
                          + lines.join("\n  ");
        script.setExpected(i, lines);
    }
    if (isRewrite && script.text() != before) {
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(script.text().toUtf8());
    }
    faults += stage.findings();
    // A file that says so on a line of its own waits for a repair of the rooms.
    if (before.contains("\n# known bug: "))
        QEXPECT_FAIL("", "known bug, see the file", Continue);
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join('\n')));
}

void TestScenario::script_keepsItsText()
{
    const QString text("# why\ncluster 3\n----\nok\n\n# next\nstatus\n\nlog 1\n----\none\ntwo\n");
    const Script script(text);
    QCOMPARE(script.blocks().size(), 2U);
    QCOMPARE(script.blocks()[1].commands(), QStringList({"status", "log 1"}));
    QCOMPARE(script.blocks()[1].expected, QStringList({"one", "two"}));
    QCOMPARE(script.text(), text);
}

void TestScenario::unknownCommand_isAnError()
{
    Stage stage;
    Commands commands(stage);
    commands.run("cluster 1");
    QVERIFY(stage.takeTranscript().filter("error:").isEmpty());
    commands.run("dance 1");
    commands.run("crash 7");
    QCOMPARE(stage.takeTranscript().filter("error:").size(), 2);
}

QTEST_APPLESS_MAIN(TestScenario)
#include "tst_scenario.moc"
