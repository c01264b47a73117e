// SPDX-License-Identifier: Apache-2.0
#include "sim/counts.h"

#include <QString>

namespace coffer::sim {

namespace {

struct Figure
{
    const char *name;
    std::uint64_t Counts::*value;
};

constexpr std::array figures{
    Figure{"writes done", &Counts::writesDone},
    Figure{"writes failed", &Counts::writesFailed},
    Figure{"writes of unknown outcome", &Counts::writesUnknown},
    Figure{"linearizable reads", &Counts::linearizableReads},
    Figure{"session reads", &Counts::sessionReads},
    Figure{"local reads", &Counts::localReads},
    Figure{"reads failed", &Counts::readsFailed},
    Figure{"keep-alives", &Counts::keepAlives},
    Figure{"sessions opened", &Counts::sessionsOpened},
    Figure{"sessions expired", &Counts::sessionsExpired},
    Figure{"retries", &Counts::retries},
    Figure{"abandoned requests", &Counts::abandoned},
    Figure{"configurations changed", &Counts::changesDone},
    Figure{"changes not done", &Counts::changesRefused},
    Figure{"process starts", &Counts::restarts},
    Figure{"slots chosen", &Counts::slots},
    Figure{"epochs", &Counts::epochs},
    Figure{"checkpoints installed", &Counts::installs},
    Figure{"explorers' commands", &Counts::explorations},
    Figure{"of these refused", &Counts::refusals},
    Figure{"compactions", &Counts::compactions},
    Figure{"reads of the past", &Counts::oldReads},
    Figure{"reads below the floor", &Counts::compactedReads},
    Figure{"watch events", &Counts::watchEvents},
    Figure{"watches resumed", &Counts::watchResumes},
    Figure{"watches compacted", &Counts::watchCompactions},
    Figure{"bounds of journals checked", &Counts::boundsChecked},
    Figure{"liveness checked", &Counts::livenessChecked},
    Figure{"liveness not expected", &Counts::livenessSkipped},
};

} // namespace

Counts &Counts::operator+=(const Counts &other)
{
    for (std::size_t i = 0; i < faults.size(); ++i)
        faults[i] += other.faults[i];
    for (const Figure &figure : figures)
        this->*figure.value += other.*figure.value;
    return *this;
}

QString toText(const Counts &counts)
{
    QString text;
    for (const Figure &figure : figures)
        text += QStringLiteral("  %1 %2\n")
                    .arg(QString::fromLatin1(figure.name), -26)
                    .arg(counts.*figure.value, 12);
    text += QStringLiteral("faults\n");
    for (std::size_t i = 0; i < faultKinds; ++i)
        text += QStringLiteral("  %1 %2\n")
                    .arg(QString::fromLatin1(nameOf(FaultKind(i))), -26)
                    .arg(counts.faults[i], 12);
    return text;
}

} // namespace coffer::sim
