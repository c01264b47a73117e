// SPDX-License-Identifier: Apache-2.0
#include "cluster/evidence.h"

#include "support/linearizability.h"
#include "support/revision_oracle.h"

#include <map>
#include <set>
#include <tuple>

namespace coffer::test {

namespace {

/// A key, and what it holds after a write; absent after a deletion.
using Effect = std::pair<QByteArray, std::optional<QByteArray>>;

QString describe(Revision revision, const Effect &effect)
{
    return QStringLiteral("revision %1, %2 = %3")
        .arg(revision.value())
        .arg(QString::fromUtf8(effect.first), QString::fromLatin1(valueText(effect.second)));
}

Effect effectOf(const RecordedChange &change)
{
    if (!change.now)
        return {change.path, std::nullopt};
    return {change.path, change.now->value};
}

/// Takes the changes of writes whose revision is known; says which of those are lost.
QStringList takeAcknowledged(const History &history, std::map<Revision, Effect> &changes)
{
    QStringList found;
    std::set<Revision> taken;
    for (std::size_t index = 0; index < history.operations().size(); ++index) {
        const Operation &operation = history.operations()[index];
        if (!operation.isDone() || !operation.revision)
            continue;
        const Revision revision(*operation.revision);
        const auto change = changes.find(revision);
        const Effect effect{operation.key, operation.newValue};
        if (change != changes.end() && change->second == effect)
            taken.insert(revision);
        else
            found += QStringLiteral("an acknowledged write is lost: ") + history.describe(index);
    }
    for (const Revision revision : taken)
        changes.erase(revision);
    return found;
}

/// What is left has to be from writes whose outcome is unknown, once from each.
QStringList takeUnknown(const History &history, const std::map<Revision, Effect> &changes)
{
    std::multiset<Effect> open;
    for (const Operation &operation : history.operations()) {
        const bool isKnown = operation.isDone() && operation.revision;
        const bool isPossible =
            operation.isDone() || operation.outcome == Operation::Outcome::unknown;
        if (operation.isWrite() && isPossible && !isKnown)
            open.insert({operation.key, operation.newValue});
    }
    QStringList found;
    for (const auto &[revision, effect] : changes) {
        const auto asked = open.find(effect);
        if (asked == open.end())
            found += QStringLiteral("nobody asked for this change, or it happened twice: ")
                     + describe(revision, effect);
        else
            open.erase(asked);
    }
    return found;
}

QStringList judgeChanges(const Evidence &evidence)
{
    QStringList found;
    std::map<Revision, Effect> changes;
    for (const RecordedChange &change : evidence.changes) {
        if (!changes.emplace(change.revision, effectOf(change)).second)
            found += QStringLiteral("two changes have one revision: ")
                     + describe(change.revision, effectOf(change));
    }
    found += takeAcknowledged(evidence.history, changes);
    found += takeUnknown(evidence.history, changes);
    return found;
}

QStringList judgeWatcher(const Evidence &evidence, std::size_t index)
{
    const WatchChecker &watcher = evidence.watchers[index];
    QStringList found;
    if (watcher.resumeFrom() <= evidence.newest)
        found += QStringLiteral("it was told up to revision %1 of %2")
                     .arg(watcher.resumeFrom().previous().value())
                     .arg(evidence.newest.value());
    found += watcher.violations(evidence.changes, evidence.newest);
    for (QString &each : found)
        each = QStringLiteral("watcher %1: %2").arg(index).arg(each);
    return found;
}

} // namespace

QStringList judge(const Evidence &evidence)
{
    QStringList found;
    const LinearizabilityVerdict verdict = checkLinearizability(evidence.history);
    if (!verdict.isOk())
        found += verdict.explanation; // undecided is no verdict either: the load is too dense then
    if (const auto broken = checkRevisions(evidence.history))
        found += ruleName(broken->rule) + QStringLiteral(": ") + broken->explanation;
    found += judgeChanges(evidence);
    for (std::size_t index = 0; index < evidence.watchers.size(); ++index)
        found += judgeWatcher(evidence, index);
    return found;
}

} // namespace coffer::test
