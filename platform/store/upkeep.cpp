// SPDX-License-Identifier: Apache-2.0
#include "store/upkeep.h"

#include <algorithm>

namespace coffer::store {

using Step = History::Step;

/// The revision of the last step that \a isOver, an attribute that no later step has again.
template<class IsOver>
static Revision lastOver(const std::deque<Step> &steps, const IsOver &isOver)
{
    const auto end = std::partition_point(steps.begin(), steps.end(), isOver);
    return end == steps.begin() ? Revision() : std::prev(end)->revision;
}

std::optional<Revision> dueFloor(const UpkeepPolicy &policy, const Tree &tree, WallMs now)
{
    const std::deque<Step> &steps = tree.history().steps();
    const Step &last = tree.history().end();
    const Step &floor = tree.history().upTo(tree.compacted());
    const auto first = std::partition_point(steps.begin(), steps.end(), [&tree](const Step &step) {
        return step.revision <= tree.compacted();
    });
    if (first == steps.end())
        return {};
    Revision due = tree.compacted();
    const std::uint64_t count = std::uint64_t(steps.end() - first);
    if (policy.keepRevisions && count > *policy.keepRevisions + *policy.keepRevisions / 8)
        due = std::max(due, (steps.end() - std::int64_t(*policy.keepRevisions) - 1)->revision);
    const std::uint64_t bytes = last.bytes - floor.bytes;
    if (policy.keepBytes && bytes > *policy.keepBytes + *policy.keepBytes / 8) {
        const std::uint64_t most = *policy.keepBytes;
        due = std::max(due, lastOver(steps, [&last, most](const Step &step) {
                           return last.bytes - step.bytes >= most;
                       }));
    }
    const auto isOlder = [now](const Step &step, std::chrono::milliseconds age) {
        return now.count() > age.count() && step.time < now - age;
    };
    if (policy.keepAge && isOlder(*first, *policy.keepAge + *policy.keepAge / 8)) {
        due = std::max(due, lastOver(steps, [&policy, &isOlder](const Step &step) {
                           return isOlder(step, *policy.keepAge);
                       }));
    }
    return due > tree.compacted() ? std::optional(due) : std::nullopt;
}

} // namespace coffer::store
