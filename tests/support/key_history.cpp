// SPDX-License-Identifier: Apache-2.0
#include "support/key_history.h"

#include <algorithm>

namespace coffer::test::linearizability {

namespace {

bool isJudged(const Operation &operation)
{
    if (operation.outcome == Operation::Outcome::failed)
        return false;
    return operation.isWrite()
           || (operation.mode == Operation::Mode::linearizable
               && operation.outcome == Operation::Outcome::ok);
}

Step toStep(const Operation &operation, std::size_t index, KeyHistory &key)
{
    using Outcome = Operation::Outcome;
    Step step;
    step.operation = index;
    step.called = operation.called;
    step.isKnown = operation.outcome != Outcome::unknown;
    if (step.isKnown)
        step.returned = *operation.returned;
    step.after = key.intern(operation.newValue);
    if (operation.kind == Operation::Kind::get) {
        step.before = key.intern(operation.seen);
    } else if (operation.kind == Operation::Kind::cas) {
        step.before = key.intern(operation.expected);
        if (operation.outcome == Outcome::mismatch)
            step.kind = Step::Kind::refusal;
        else if (step.before != step.after) // Else it only looks.
            step.kind = Step::Kind::swap;
    } else if (operation.outcome != Outcome::absent) {
        step.kind = Step::Kind::write;
    }
    return step;
}

} // namespace

std::map<QByteArray, KeyHistory> splitByKey(const History &history)
{
    std::map<QByteArray, KeyHistory> keys;
    const std::vector<Operation> &operations = history.operations();
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (!isJudged(operations[i]))
            continue;
        KeyHistory &key = keys[operations[i].key];
        if (key.values.empty())
            key.values.emplace_back();
        const Step step = toStep(operations[i], i, key);
        if (step.isKnown || step.isWriting())
            key.steps.push_back(step);
    }
    for (auto &[name, key] : keys) {
        std::stable_sort(key.steps.begin(), key.steps.end(),
                         [](const Step &a, const Step &b) { return a.called < b.called; });
    }
    return keys;
}

} // namespace coffer::test::linearizability
