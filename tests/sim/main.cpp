// SPDX-License-Identifier: Apache-2.0
#include "sim/campaign.h"
#include "sim/options.h"
#include "support/linearizability.h"
#include "support/revision_oracle.h"

#include <QFile>

#include <cstdio>

using namespace coffer;
using namespace coffer::sim;

static int checkHistory(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        std::fprintf(stderr, "coffer-sim: cannot read %s\n", qUtf8Printable(path));
        return 2;
    }
    const Result<test::History> history = test::History::parse(file.readAll());
    if (!history) {
        std::fprintf(stderr, "coffer-sim: %s\n", qUtf8Printable(history.error().message));
        return 2;
    }
    const auto revisions = test::checkRevisions(*history);
    if (revisions)
        std::printf("revisions: %s\n%s\n", qUtf8Printable(test::ruleName(revisions->rule)),
                    qUtf8Printable(revisions->explanation));
    const test::LinearizabilityVerdict verdict = test::checkLinearizability(*history);
    if (!verdict.isOk())
        std::printf("linearizability: %s\n", qUtf8Printable(verdict.explanation));
    if (revisions || verdict.kind == test::LinearizabilityVerdict::Kind::violation)
        return 1;
    std::printf("%zu operations, %s\n", history->operations().size(),
                verdict.isOk() ? "no violation" : "undecided");
    return 0;
}

int main(int count, char **values)
{
    QStringList arguments;
    for (int i = 1; i < count; ++i)
        arguments += QString::fromLocal8Bit(values[i]);
    const Result<CommandLine> line = parseCommandLine(arguments);
    if (!line) {
        std::fprintf(stderr, "coffer-sim: %s\n%s", qUtf8Printable(line.error().message),
                     helpText());
        return 2;
    }
    if (line->isHelp) {
        std::fputs(helpText(), stdout);
        return 0;
    }
    if (!line->historyFile.isEmpty())
        return checkHistory(line->historyFile);
    if (line->isMutantList || !line->mutant.isEmpty()) {
        std::fprintf(stderr, "coffer-sim: this build has no mutants; use coffer-sim-mutants\n");
        return 2;
    }
    return runCampaign(*line);
}
