// SPDX-License-Identifier: Apache-2.0
#include "agent/switcher_p.h"

#include "config/text_diff.h"

#include <algorithm>

namespace coffer::agent {

static FileDiff diffOf(const Finding &finding, Direction direction)
{
    const bool isToFound = direction == Direction::toFound;
    const bool isWanted = finding.wanted.has_value();
    const QByteArray wanted = isWanted ? finding.wanted->bytes : QByteArray();
    const QByteArray found = finding.found.value_or(QByteArray());
    FileDiff diff{.path = finding.path};
    const bool isThere = finding.found.has_value() || !finding.note.isEmpty();
    if (!isThere)
        diff.kind = isToFound ? FileDiff::Kind::removed : FileDiff::Kind::added;
    else if (!isWanted && finding.path != "current")
        diff.kind = isToFound ? FileDiff::Kind::added : FileDiff::Kind::removed;
    else if (isWanted && finding.found == wanted)
        diff.kind = FileDiff::Kind::rights;
    if (finding.found || !isThere) {
        const QByteArray none = "/dev/null";
        const QByteArray wantedName = isWanted ? finding.path : none;
        const QByteArray foundName = finding.found ? finding.path : none;
        diff.text = isToFound ? config::unifiedDiff(wantedName, foundName, wanted, found)
                              : config::unifiedDiff(foundName, wantedName, found, wanted);
    }
    if (diff.text.isEmpty())
        diff.text = finding.note;
    return diff;
}

std::vector<FileDiff> diffsOf(const std::vector<Finding> &findings, Direction direction)
{
    std::vector<FileDiff> diffs;
    diffs.reserve(findings.size());
    for (const Finding &finding : findings)
        diffs.push_back(diffOf(finding, direction));
    return diffs;
}

bool Switcher::Impl::scrubBundles()
{
    Record next = swap.record();
    bool isAppliedLost = false;
    std::erase_if(next.kept, [&](const Kept &kept) {
        const Result<QByteArray> bytes = swap.state().bundle(kept.generation.root);
        const bool isLost = !bytes
                            && (bytes.error().code == ErrorCode::notFound
                                || bytes.error().code == ErrorCode::corrupt);
        const bool isApplied = &kept == &next.kept.front();
        isAppliedLost = isAppliedLost || (isLost && isApplied);
        return isLost && !isApplied;
    });
    // If it cannot be saved, they are found again.
    if (next.kept.size() != swap.record().kept.size())
        static_cast<void>(swap.state().save(std::move(next)));
    return isAppliedLost;
}

QCoro::Task<Result<void>> Switcher::Impl::readyToScrub()
{
    if (swap.isLooking())
        co_return Result<void>();
    if (!swap.isRecovered() || swap.record().intent) {
        Result<void> recovered = swap.recover();
        if (!recovered && recovered.error().code != ErrorCode::corrupt)
            co_return recovered;
    }
    if (!swap.applied() || !swap.record().owesReload)
        co_return Result<void>();
    isRunning = true;
    Result<void> settled = co_await settle();
    leave();
    co_return settled;
}

QCoro::Task<DriftReport> Switcher::Impl::scrub()
{
    DriftReport report;
    if (isRunning)
        co_return report;
    const Result<void> ready = co_await readyToScrub();
    if (!ready)
        report.error = ready.error().message;
    if (!ready || !swap.applied())
        co_return report;
    report.isBundleLost = scrubBundles();
    if (report.isBundleLost)
        co_return report;
    const Result<QByteArray> bytes = swap.state().bundle(swap.applied()->root);
    const Result<config::Bundle> bundle = swap.bundleOf(swap.applied()->root);
    if (!bytes || !bundle) {
        report.error = (bytes ? bundle.error() : bytes.error()).message;
        co_return report;
    }
    const Result<std::vector<Finding>> findings = swap.compare(*bundle);
    if (!findings) {
        report.error = findings.error().message;
        co_return report;
    }
    report.files = diffsOf(*findings, Direction::toFound);
    if (report.files.empty() || target.drift != Target::Drift::repair || swap.isLooking())
        co_return report;
    isRunning = true;
    const Result<void> repaired = co_await repair(*bundle, *bytes);
    leave();
    report.isRepaired = repaired.has_value();
    if (!repaired)
        report.error = repaired.error().message;
    co_return report;
}

QCoro::Task<Result<void>> Switcher::Impl::repair(config::Bundle bundle, QByteArray bytes)
{
    const Generation to = *swap.applied();
    if (Result<void> staged = swap.stage(to, bundle, bytes); !staged)
        co_return staged;
    Result<void> done = swap.perform(to, bundle);
    // Owed until it succeeds: a reload that fails does not make a repair wrong.
    if (done)
        done = swap.commit(target.reload.kind != Reload::Kind::none);
    if (!done) {
        static_cast<void>(swap.undo());
        co_return done;
    }
    co_return co_await settle();
}

} // namespace coffer::agent
