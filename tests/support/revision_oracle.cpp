// SPDX-License-Identifier: Apache-2.0
#include "support/revision_oracle.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

namespace coffer::test {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using Rule = RevisionViolation::Rule;
using Revision = std::uint64_t;
using Time = std::uint64_t;
using Finding = std::optional<RevisionViolation>;

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

bool isAnsweredGet(const Operation &operation)
{
    return operation.kind == Kind::get && operation.outcome == Outcome::ok;
}

/// May have taken effect, at a revision that nobody was told.
bool isUnnumbered(const Operation &operation)
{
    return operation.isWrite() && !operation.revision
           && (operation.outcome == Outcome::ok || operation.outcome == Outcome::unknown);
}

/// Answers must not be older than what was answered before they were asked.
bool isLinearizable(const Operation &operation)
{
    return operation.isWrite() || operation.mode == Operation::Mode::linearizable;
}

/// The rules, over one history.
class Oracle
{
public:
    explicit Oracle(const History &history);

    [[nodiscard]] Finding check() const;

private:
    /// What somebody was told about a key at a revision.
    struct Sight
    {
        Revision revision;
        bool isRefusal; ///< Holds anything but \c value; sorted behind what holds it.
        std::size_t operation;
        const std::optional<QByteArray> *value; ///< Lies in the history.
    };
    /// A value that only a write without a known revision can explain.
    struct Appearance
    {
        Time deadline; ///< The write must have been called by then.
        const Sight *sight;
        std::size_t lastWrite; ///< The last numbered write, or none.
    };
    struct KeyRecord
    {
        std::vector<std::size_t> numbered; ///< Writes with a revision, by revision.
        std::vector<Sight> sights;         ///< By revision.
        std::map<std::optional<QByteArray>, std::vector<Time>> unnumbered; ///< Calls, by value.
    };

    [[nodiscard]] Finding checkDuplicates() const;
    template<class Breaks>
    [[nodiscard]] Finding checkOrder(const std::vector<std::size_t> &operations, Rule rule,
                                     Breaks breaks) const;
    [[nodiscard]] Finding checkRealTime() const;
    [[nodiscard]] Finding checkSessions() const;
    [[nodiscard]] Finding checkContents() const;
    [[nodiscard]] Finding checkContent(const KeyRecord &key) const;
    [[nodiscard]] Finding checkAppearances(const KeyRecord &key,
                                           std::vector<Appearance> appearances) const;
    [[nodiscard]] Finding checkInvented() const;

    [[nodiscard]] std::map<QByteArray, KeyRecord> recordsByKey() const;
    void addSight(const Operation &operation, std::size_t index, KeyRecord &key) const;
    [[nodiscard]] bool hasFreeRevision(Revision above, Revision upTo) const;
    [[nodiscard]] Time firstReturnFrom(Revision revision) const;
    [[nodiscard]] bool isOtherValuePossible(const KeyRecord &key, const Sight &refusal) const;
    [[nodiscard]] Finding misfit(const Sight &sight, std::size_t lastWrite) const;

    const History &m_history;
    const std::vector<Operation> &m_operations;
    std::vector<std::size_t> m_all;      ///< Index of each operation.
    std::vector<std::size_t> m_numbered; ///< Writes with a revision, by revision.
    std::vector<std::size_t> m_answers;  ///< Answers with a revision, by revision.
    std::vector<Time> m_firstReturns;    ///< By position in m_answers: earliest return from there.
};

Oracle::Oracle(const History &history) : m_history(history), m_operations(history.operations())
{
    for (std::size_t i = 0; i < m_operations.size(); ++i) {
        m_all.push_back(i);
        if (m_operations[i].revision)
            m_answers.push_back(i);
    }
    std::stable_sort(m_answers.begin(), m_answers.end(), [&](std::size_t a, std::size_t b) {
        return *m_operations[a].revision < *m_operations[b].revision;
    });
    std::copy_if(m_answers.begin(), m_answers.end(), std::back_inserter(m_numbered),
                 [&](std::size_t i) { return m_operations[i].isDone(); });
    m_firstReturns.resize(m_answers.size());
    Time first = std::numeric_limits<Time>::max();
    for (std::size_t i = m_answers.size(); i-- > 0;) {
        first = std::min(first, *m_operations[m_answers[i]].returned);
        m_firstReturns[i] = first;
    }
}

Finding Oracle::check() const
{
    for (const auto rule :
         {&Oracle::checkDuplicates, &Oracle::checkRealTime, &Oracle::checkSessions,
          &Oracle::checkContents, &Oracle::checkInvented}) {
        if (Finding finding = (this->*rule)())
            return finding;
    }
    return std::nullopt;
}

Finding Oracle::checkDuplicates() const
{
    for (std::size_t i = 1; i < m_numbered.size(); ++i) {
        const std::size_t before = m_numbered[i - 1];
        const std::size_t after = m_numbered[i];
        if (m_operations[before].revision == m_operations[after].revision) {
            return RevisionViolation{
                Rule::duplicate, after,
                QStringLiteral("two writes have one revision\n  %1\n  %2\n")
                    .arg(m_history.describe(before), m_history.describe(after))};
        }
    }
    return std::nullopt;
}

/// Compares each of \a operations that has a revision with the newest answer among them that was
/// given before it began: breaks(newest revision, operation) says whether that is a violation.
template<class Breaks>
Finding Oracle::checkOrder(const std::vector<std::size_t> &operations, Rule rule,
                           Breaks breaks) const
{
    std::vector<std::size_t> called;
    for (const std::size_t i : operations) {
        if (m_operations[i].revision)
            called.push_back(i);
    }
    std::vector<std::size_t> returned = called;
    std::stable_sort(called.begin(), called.end(), [&](std::size_t a, std::size_t b) {
        return m_operations[a].called < m_operations[b].called;
    });
    std::stable_sort(returned.begin(), returned.end(), [&](std::size_t a, std::size_t b) {
        return *m_operations[a].returned < *m_operations[b].returned;
    });
    std::size_t next = 0;
    std::size_t newest = none;
    for (const std::size_t i : called) {
        const Operation &operation = m_operations[i];
        for (; *m_operations[returned[next]].returned < operation.called; ++next) {
            if (newest == none
                || *m_operations[newest].revision < *m_operations[returned[next]].revision)
                newest = returned[next];
        }
        if (newest != none && breaks(*m_operations[newest].revision, operation)) {
            return RevisionViolation{
                rule, i,
                QStringLiteral("answered first, with a revision too high for the second\n"
                               "  %1\n  %2\n")
                    .arg(m_history.describe(newest), m_history.describe(i))};
        }
    }
    return std::nullopt;
}

Finding Oracle::checkRealTime() const
{
    return checkOrder(m_all, Rule::realTime, [](Revision newest, const Operation &operation) {
        // A write makes a revision that did not exist before; other answers may repeat one.
        return operation.isDone() ? *operation.revision <= newest
                                  : isLinearizable(operation) && *operation.revision < newest;
    });
}

Finding Oracle::checkSessions() const
{
    std::map<QByteArray, std::vector<std::size_t>> processes;
    for (const std::size_t i : m_all)
        processes[m_operations[i].process].push_back(i);
    for (const auto &[name, operations] : processes) {
        const auto isBack = [](Revision newest, const Operation &operation) {
            return operation.mode == Operation::Mode::session && *operation.revision < newest;
        };
        if (Finding finding = checkOrder(operations, Rule::session, isBack))
            return finding;
    }
    return std::nullopt;
}

void Oracle::addSight(const Operation &operation, std::size_t index, KeyRecord &key) const
{
    const Revision revision = *operation.revision;
    if (isAnsweredGet(operation))
        key.sights.push_back({revision, false, index, &operation.seen});
    else if (operation.outcome == Outcome::absent)
        key.sights.push_back({revision, false, index, &operation.newValue});
    else if (operation.outcome == Outcome::mismatch)
        key.sights.push_back({revision, true, index, &operation.expected});
    else if (operation.kind == Kind::cas)
        key.sights.push_back({revision - 1, false, index, &operation.expected});
}

std::map<QByteArray, Oracle::KeyRecord> Oracle::recordsByKey() const
{
    std::map<QByteArray, KeyRecord> keys;
    for (const std::size_t i : m_answers) {
        KeyRecord &key = keys[m_operations[i].key];
        addSight(m_operations[i], i, key);
        if (m_operations[i].isDone())
            key.numbered.push_back(i);
    }
    for (const Operation &operation : m_operations) {
        if (isUnnumbered(operation))
            keys[operation.key].unnumbered[operation.newValue].push_back(operation.called);
    }
    for (auto &[name, key] : keys) {
        std::stable_sort(key.sights.begin(), key.sights.end(), [](const Sight &a, const Sight &b) {
            return std::tie(a.revision, a.isRefusal) < std::tie(b.revision, b.isRefusal);
        });
        for (auto &[value, calls] : key.unnumbered)
            std::sort(calls.begin(), calls.end());
    }
    return keys;
}

/// Whether one of the revisions above \a above and up to \a upTo is no numbered write's.
bool Oracle::hasFreeRevision(Revision above, Revision upTo) const
{
    const auto upperBound = [&](Revision limit) {
        return std::upper_bound(
            m_numbered.begin(), m_numbered.end(), limit,
            [&](Revision revision, std::size_t i) { return revision < *m_operations[i].revision; });
    };
    return static_cast<Revision>(upperBound(upTo) - upperBound(above)) < upTo - above;
}

/// When it was first known outside that the store had reached \a revision.
Time Oracle::firstReturnFrom(Revision revision) const
{
    const auto it = std::lower_bound(
        m_answers.begin(), m_answers.end(), revision,
        [&](std::size_t i, Revision limit) { return *m_operations[i].revision < limit; });
    return it == m_answers.end() ? std::numeric_limits<Time>::max()
                                 : m_firstReturns[static_cast<std::size_t>(it - m_answers.begin())];
}

bool Oracle::isOtherValuePossible(const KeyRecord &key, const Sight &refusal) const
{
    const Time deadline = firstReturnFrom(refusal.revision);
    return std::any_of(key.unnumbered.begin(), key.unnumbered.end(), [&](const auto &entry) {
        return entry.first != *refusal.value && entry.second.front() <= deadline;
    });
}

Finding Oracle::misfit(const Sight &sight, std::size_t lastWrite) const
{
    const QString last = lastWrite == none ? QStringLiteral("no write at or below it")
                                           : m_history.describe(lastWrite);
    return RevisionViolation{
        Rule::content, sight.operation,
        QStringLiteral("an answer about revision %1 does not fit the last write\n"
                       "  answer: %2\n  last write known: %3\n"
                       "  and no write of unknown revision can explain it\n")
            .arg(QString::number(sight.revision), m_history.describe(sight.operation), last)};
}

/// Replays what was told about one key in the order of revisions.
Finding Oracle::checkContent(const KeyRecord &key) const
{
    std::vector<Appearance> appearances;
    std::optional<QByteArray> value;
    Revision settled = 0; ///< \c value is certain at this revision.
    std::size_t lastWrite = none;
    auto write = key.numbered.begin();
    for (const Sight &sight : key.sights) {
        for (; write != key.numbered.end() && m_operations[*write].revision <= sight.revision;
             ++write) {
            lastWrite = *write;
            value = m_operations[lastWrite].newValue;
            settled = *m_operations[lastWrite].revision;
        }
        const bool isRoom = hasFreeRevision(settled, sight.revision);
        if (sight.isRefusal) {
            if (*sight.value == value && (!isRoom || !isOtherValuePossible(key, sight)))
                return misfit(sight, lastWrite);
            continue;
        }
        if (*sight.value != value) {
            if (!isRoom)
                return misfit(sight, lastWrite);
            appearances.push_back({firstReturnFrom(sight.revision), &sight, lastWrite});
            value = *sight.value;
        }
        settled = sight.revision;
    }
    return checkAppearances(key, std::move(appearances));
}

/// Gives each appearance a write of its value that was called in time, each write once.
Finding Oracle::checkAppearances(const KeyRecord &key, std::vector<Appearance> appearances) const
{
    std::stable_sort(
        appearances.begin(), appearances.end(),
        [](const Appearance &a, const Appearance &b) { return a.deadline < b.deadline; });
    std::map<std::optional<QByteArray>, std::size_t> used;
    for (const Appearance &appearance : appearances) {
        const auto it = key.unnumbered.find(*appearance.sight->value);
        std::size_t &count = used[*appearance.sight->value];
        if (it == key.unnumbered.end() || count == it->second.size()
            || it->second[count] > appearance.deadline)
            return misfit(*appearance.sight, appearance.lastWrite);
        ++count;
    }
    return std::nullopt;
}

Finding Oracle::checkContents() const
{
    for (const auto &[name, key] : recordsByKey()) {
        if (Finding finding = checkContent(key))
            return finding;
    }
    return std::nullopt;
}

Finding Oracle::checkInvented() const
{
    std::map<std::pair<QByteArray, QByteArray>, Time> firstCalls;
    for (const Operation &operation : m_operations) {
        if (!operation.isWrite() || !operation.newValue
            || !(operation.isDone() || operation.outcome == Outcome::unknown))
            continue;
        const auto [it, isNew] =
            firstCalls.try_emplace({operation.key, *operation.newValue}, operation.called);
        it->second = std::min(it->second, operation.called);
    }
    for (const std::size_t i : m_all) {
        const Operation &operation = m_operations[i];
        if (!isAnsweredGet(operation) || isLinearizable(operation) || operation.revision
            || !operation.seen)
            continue;
        const auto it = firstCalls.find({operation.key, *operation.seen});
        if (it == firstCalls.end() || it->second > *operation.returned) {
            return RevisionViolation{
                Rule::invented, i,
                QStringLiteral("nobody had begun to write what this read found\n  %1\n")
                    .arg(m_history.describe(i))};
        }
    }
    return std::nullopt;
}

} // namespace

QString ruleName(Rule rule)
{
    switch (rule) {
    case Rule::duplicate: return QStringLiteral("duplicate");
    case Rule::realTime: return QStringLiteral("real-time");
    case Rule::session: return QStringLiteral("session");
    case Rule::content: return QStringLiteral("content");
    case Rule::invented: break;
    }
    return QStringLiteral("invented");
}

std::optional<RevisionViolation> checkRevisions(const History &history)
{
    return Oracle(history).check();
}

} // namespace coffer::test
