// SPDX-License-Identifier: Apache-2.0
#include "support/linearizability.h"

#include "support/key_history.h"

#include <QStringList>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

// The search is Wing and Gong's with Lowe's memoisation, driven by returns ("just in time"): an
// operation is linearized no earlier than the first return that needs it. A state of the search is
// the next return that is not yet explained, the value of the key, and the operations open there
// that are not linearized. Four observations keep the number of states small; tst_linearizability
// compares the result with plain enumeration:
//
// 1. An operation that only looks (get, refused cas, del of nothing) and holds now is linearized
//    at once: it changes nothing, so waiting gains nothing.
// 2. A put or del that nobody sees before the next put or del can stand directly before that one.
//    So when a put is linearized, all open puts become "hideable": when they return they may be
//    dropped. The same holds for a put of the value that the key has already.
// 3. Therefore a put is linearized before its return only if something open sees its value next,
//    and a write of unknown outcome only then, for unseen it might as well never have happened.
//    If the key has that value already, it only serves to hide puts that are not hideable yet.
// 4. Of two states that differ only in this, the one with fewer unknown writes spent and more
//    hideable puts can do all that the other can; the other is not searched.

namespace coffer::test {

using linearizability::absentValue;
using linearizability::KeyHistory;
using linearizability::Step;
using linearizability::StepId;
using linearizability::Value;

namespace {

/// How many comparisons of states take as long as making one, roughly.
constexpr std::uint64_t comparisonsPerState = 20;

/// The call or the return of a step. Calls come before returns of the same time.
struct Event
{
    std::uint64_t time;
    bool isReturn;
    StepId step;

    auto operator<=>(const Event &) const = default;
};

/// Unknown writes that do the same, and so can stand for one another.
struct UnknownGroup
{
    Step step;                      ///< Any of them.
    std::vector<std::size_t> calls; ///< Their call events, rising.
    std::size_t lastUse = 0;        ///< The last event at which something may see \c step.after.
};

/// A known step that is called and not linearized.
struct Open
{
    StepId step;
    bool isHideable;
};

/// A state of the search. Everything that returned before event \c next is linearized.
struct State
{
    std::size_t next = 0;
    Value value = absentValue;
    std::vector<Open> open;           ///< In the order of calls.
    std::vector<std::uint32_t> spent; ///< Group of each unknown write used and not forgotten.
};

/// What can be linearized next, or dropped because it is hidden.
struct Choice
{
    enum class Kind { linearize, hide, unknown };
    Kind kind;
    std::uint32_t id; ///< A StepId, or for unknown the index of a group.
};

using Words = std::vector<std::uint32_t>;

struct WordsHash
{
    std::size_t operator()(const Words &words) const
    {
        std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
        for (const std::uint32_t word : words) {
            hash = (hash ^ word) * 0xbf58476d1ce4e5b9ULL;
            hash ^= hash >> 29;
        }
        return static_cast<std::size_t>(hash);
    }
};

/// Searches a linearization of one key's history.
class Search
{
public:
    enum class Answer { found, impossible, gaveUp };

    explicit Search(const KeyHistory &key);

    Answer run(std::uint64_t effortMax);
    [[nodiscard]] std::uint64_t statesVisited() const { return m_statesVisited; }
    /// After impossible: the first return that no order of the operations before it explains.
    [[nodiscard]] std::size_t stuckStep() const { return m_events[m_stuckAt].step; }
    [[nodiscard]] const std::set<Value> &stuckValues() const { return m_stuckValues; }
    /// After impossible: the other steps that had been called and may have been open there.
    [[nodiscard]] std::vector<StepId> openWhereStuck() const;

private:
    struct Frame
    {
        State state;
        std::vector<Choice> choices; ///< Best last: they are taken from the back.
    };
    struct Wanted
    {
        bool isAny = false; ///< A refused cas waits for any change.
        std::set<Value> values;
    };

    void noteLastUses(std::size_t values);
    void advance(State &state) const;
    void setValue(State &state, Value value) const;
    [[nodiscard]] State after(const State &state, const Choice &choice) const;
    [[nodiscard]] std::vector<Choice> choicesOf(const State &state) const;
    void addUnknownChoices(const State &state, const Wanted &wanted,
                           std::vector<Choice> &choices) const;
    [[nodiscard]] Wanted wantedAt(const State &state) const;
    [[nodiscard]] bool isUseful(const State &state, const Step &step, const Wanted &wanted) const;
    [[nodiscard]] bool isUnspent(const State &state, std::uint32_t group) const;
    [[nodiscard]] bool isNew(const State &state);
    void noteStuck(const State &state);

    const std::vector<Step> &m_steps;
    std::vector<Event> m_events;
    std::vector<UnknownGroup> m_groups;
    std::map<Value, std::vector<std::uint32_t>> m_groupsByAfter;
    /// Of each state visited the parts that must agree, and then each set of burdens (unknown
    /// writes spent, puts that are not hideable) with which it was visited.
    std::unordered_map<Words, std::vector<Words>, WordsHash> m_visited;
    std::uint64_t m_statesVisited = 0;
    std::uint64_t m_effort = 0; ///< In comparisons of states.
    std::size_t m_stuckAt = 0;
    std::set<Value> m_stuckValues;
};

Search::Search(const KeyHistory &key) : m_steps(key.steps)
{
    for (StepId id = 0; id < m_steps.size(); ++id) {
        m_events.push_back({m_steps[id].called, false, id});
        if (m_steps[id].isKnown)
            m_events.push_back({m_steps[id].returned, true, id});
    }
    std::sort(m_events.begin(), m_events.end());
    std::map<std::tuple<Step::Kind, Value, Value>, std::size_t> groups;
    for (std::size_t i = 0; i < m_events.size(); ++i) {
        const Step &step = m_steps[m_events[i].step];
        if (step.isKnown)
            continue;
        const auto [it, isFirst] =
            groups.try_emplace({step.kind, step.before, step.after}, m_groups.size());
        if (isFirst)
            m_groups.push_back({step, {}, 0});
        m_groups[it->second].calls.push_back(i);
    }
    for (std::uint32_t group = 0; group < m_groups.size(); ++group)
        m_groupsByAfter[m_groups[group].step.after].push_back(group);
    noteLastUses(key.values.size());
}

/// Finds out when an unknown write can be forgotten, as nothing can see what it wrote any more.
void Search::noteLastUses(std::size_t values)
{
    std::vector<std::size_t> lastSight(values, 0); // By value: the event at which a step saw it.
    std::size_t lastRefusal = 0;                   // A refusal may see anything.
    for (std::size_t i = 0; i < m_events.size(); ++i) {
        const Step &step = m_steps[m_events[i].step];
        if (step.kind == Step::Kind::refusal)
            lastRefusal = i;
        else if (step.isKnown && step.kind != Step::Kind::write)
            lastSight[step.before] = i;
    }
    // An unknown cas sees a value for the sake of what it writes: latest sights first.
    std::set<std::pair<std::size_t, Value>> queue;
    for (Value value = 0; value < values; ++value)
        queue.emplace(lastSight[value], value);
    while (!queue.empty()) {
        const auto [sight, value] = *queue.rbegin();
        queue.erase(std::prev(queue.end()));
        for (const std::uint32_t group : m_groupsByAfter[value]) {
            const Step &step = m_groups[group].step;
            m_groups[group].lastUse = std::max(sight, lastRefusal);
            if (step.kind != Step::Kind::swap || lastSight[step.before] >= sight)
                continue;
            queue.erase({lastSight[step.before], step.before});
            queue.emplace(sight, step.before);
            lastSight[step.before] = sight;
        }
    }
}

Search::Answer Search::run(std::uint64_t effortMax)
{
    std::vector<Frame> stack;
    State state;
    advance(state);
    while (true) {
        if (state.next == m_events.size())
            return Answer::found;
        if (m_effort / comparisonsPerState >= effortMax)
            return Answer::gaveUp;
        if (isNew(state)) {
            ++m_statesVisited;
            noteStuck(state);
            std::vector<Choice> choices = choicesOf(state);
            stack.push_back({std::move(state), std::move(choices)});
        }
        while (!stack.empty() && stack.back().choices.empty())
            stack.pop_back();
        if (stack.empty())
            return Answer::impossible;
        Frame &frame = stack.back();
        const Choice choice = frame.choices.back();
        frame.choices.pop_back();
        state = after(frame.state, choice);
    }
}

/// Passes the events up to the first return of a step that is not linearized.
void Search::advance(State &state) const
{
    for (; state.next < m_events.size(); ++state.next) {
        const Event &event = m_events[state.next];
        const Step &step = m_steps[event.step];
        if (event.isReturn) {
            const bool isOpen = std::any_of(state.open.begin(), state.open.end(),
                                            [&](const Open &o) { return o.step == event.step; });
            if (isOpen)
                return;
        } else if (step.isKnown && !step.isLookingAt(state.value)) {
            const bool isNoChange = step.kind == Step::Kind::write && step.after == state.value;
            state.open.push_back({event.step, isNoChange});
        }
    }
}

/// Lets the key have \a value, with everything open that this settles.
void Search::setValue(State &state, Value value) const
{
    state.value = value;
    std::erase_if(state.open, [&](const Open &o) { return m_steps[o.step].isLookingAt(value); });
    for (Open &open : state.open) {
        const Step &step = m_steps[open.step];
        if (step.kind == Step::Kind::write && step.after == value)
            open.isHideable = true;
    }
}

State Search::after(const State &state, const Choice &choice) const
{
    State result = state;
    const bool isUnknown = choice.kind == Choice::Kind::unknown;
    const Step &step = isUnknown ? m_groups[choice.id].step : m_steps[choice.id];
    if (isUnknown) {
        auto &spent = result.spent;
        spent.insert(std::upper_bound(spent.begin(), spent.end(), choice.id), choice.id);
    } else {
        std::erase_if(result.open, [&](const Open &o) { return o.step == choice.id; });
    }
    if (choice.kind != Choice::Kind::hide) {
        for (Open &open : result.open) {
            if (step.kind == Step::Kind::write && m_steps[open.step].kind == Step::Kind::write)
                open.isHideable = true;
        }
        setValue(result, step.after);
    }
    advance(result);
    std::erase_if(result.spent,
                  [&](std::uint32_t group) { return m_groups[group].lastUse < result.next; });
    return result;
}

/// The values that something open sees, at once or after unknown cas that can still happen.
Search::Wanted Search::wantedAt(const State &state) const
{
    Wanted wanted;
    std::vector<Value> fresh;
    const auto add = [&](Value value) {
        if (wanted.values.insert(value).second)
            fresh.push_back(value);
    };
    for (const Open &open : state.open) {
        const Step &step = m_steps[open.step];
        wanted.isAny = wanted.isAny || step.kind == Step::Kind::refusal;
        if (step.kind == Step::Kind::look || step.kind == Step::Kind::swap)
            add(step.before);
    }
    while (!fresh.empty()) {
        const auto groups = m_groupsByAfter.find(fresh.back());
        fresh.pop_back();
        if (groups == m_groupsByAfter.end())
            continue;
        for (const std::uint32_t group : groups->second) {
            const Step &step = m_groups[group].step;
            if (step.kind == Step::Kind::swap && isUnspent(state, group))
                add(step.before);
        }
    }
    return wanted;
}

/// Whether it helps to let the key have what \a step writes, before its return asks for it.
bool Search::isUseful(const State &state, const Step &step, const Wanted &wanted) const
{
    if (!wanted.isAny && !wanted.values.contains(step.after))
        return false;
    // Without a change of value it can still hide others.
    return step.after != state.value
           || std::any_of(state.open.begin(), state.open.end(), [&](const Open &open) {
                  return !open.isHideable && m_steps[open.step].kind == Step::Kind::write;
              });
}

bool Search::isUnspent(const State &state, std::uint32_t group) const
{
    const std::vector<std::size_t> &calls = m_groups[group].calls;
    const auto called = std::lower_bound(calls.begin(), calls.end(), state.next) - calls.begin();
    const auto [first, last] = std::equal_range(state.spent.begin(), state.spent.end(), group);
    return called > last - first;
}

void Search::addUnknownChoices(const State &state, const Wanted &wanted,
                               std::vector<Choice> &choices) const
{
    const auto consider = [&](std::uint32_t group) {
        const Step &step = m_groups[group].step;
        if (step.isPossibleAt(state.value) && isUnspent(state, group)
            && isUseful(state, step, wanted))
            choices.push_back({Choice::Kind::unknown, group});
    };
    if (wanted.isAny) {
        for (std::uint32_t group = 0; group < m_groups.size(); ++group)
            consider(group);
        return;
    }
    for (const Value value : wanted.values) {
        if (const auto it = m_groupsByAfter.find(value); it != m_groupsByAfter.end())
            std::for_each(it->second.begin(), it->second.end(), consider);
    }
}

std::vector<Choice> Search::choicesOf(const State &state) const
{
    std::vector<Choice> choices;
    const Wanted wanted = wantedAt(state);
    addUnknownChoices(state, wanted, choices);
    const StepId target = m_events[state.next].step;
    std::vector<StepId> writes;
    bool isHideable = false;
    for (const Open &open : state.open) {
        const Step &step = m_steps[open.step];
        if (open.step == target)
            isHideable = open.isHideable;
        if (!step.isWriting() || !step.isPossibleAt(state.value))
            continue;
        if (open.step == target || step.kind == Step::Kind::swap || isUseful(state, step, wanted))
            writes.push_back(open.step);
    }
    // Best last: what gives the value that is waited for, then what returns first.
    const Step &waiting = m_steps[target];
    const auto rank = [&](StepId id) {
        const bool isAnswer =
            id == target
            || (waiting.kind != Step::Kind::write && waiting.isPossibleAt(m_steps[id].after));
        return std::tuple(!isAnswer, m_steps[id].returned, id);
    };
    std::sort(writes.begin(), writes.end(), [&](StepId a, StepId b) { return rank(b) < rank(a); });
    for (const StepId id : writes)
        choices.push_back({Choice::Kind::linearize, id});
    if (isHideable)
        choices.push_back({Choice::Kind::hide, target});
    return choices;
}

/// Remembers \a state; false if it, or one that can do as much, was there before.
bool Search::isNew(const State &state)
{
    Words key{static_cast<std::uint32_t>(state.next), state.value};
    Words burden = state.spent;
    for (const Open &open : state.open) {
        key.push_back(open.step);
        if (!open.isHideable)
            burden.push_back(static_cast<std::uint32_t>(m_groups.size()) + open.step);
    }
    const std::uint64_t effort = 1 + (key.size() + burden.size()) / 16;
    std::vector<Words> &burdens = m_visited[std::move(key)];
    m_effort += comparisonsPerState * effort;
    for (const Words &lighter : burdens) {
        m_effort += effort;
        if (std::includes(burden.begin(), burden.end(), lighter.begin(), lighter.end()))
            return false;
    }
    burdens.push_back(std::move(burden));
    return true;
}

void Search::noteStuck(const State &state)
{
    if (state.next < m_stuckAt)
        return;
    if (state.next > m_stuckAt)
        m_stuckValues.clear();
    m_stuckAt = state.next;
    m_stuckValues.insert(state.value);
}

std::vector<StepId> Search::openWhereStuck() const
{
    std::set<StepId> open;
    for (std::size_t i = 0; i < m_stuckAt; ++i) {
        if (m_events[i].isReturn)
            open.erase(m_events[i].step);
        else
            open.insert(m_events[i].step);
    }
    open.erase(m_events[m_stuckAt].step);
    return {open.begin(), open.end()};
}

QString explain(const History &history, const QByteArray &name, const KeyHistory &key,
                const Search &search)
{
    static constexpr int listedMax = 12;
    const Step &stuck = key.steps[search.stuckStep()];
    QString text =
        QStringLiteral("key %1 is not linearizable\n  cannot be linearized: %2\n")
            .arg(QString::fromLatin1(valueText(name)), history.describe(stuck.operation));
    QStringList values;
    for (const Value value : search.stuckValues()) {
        if (values.size() == listedMax)
            break;
        values += key.text(value);
    }
    const auto more = static_cast<qsizetype>(search.stuckValues().size()) - values.size();
    text += QStringLiteral("  values it could have met: %1").arg(values.join(QStringLiteral(", ")));
    text += more > 0 ? QStringLiteral(" and %1 more\n").arg(more) : QStringLiteral("\n");
    const std::vector<StepId> open = search.openWhereStuck();
    for (std::size_t i = 0; i < open.size() && i < listedMax; ++i)
        text += QStringLiteral("  open at its return: %1\n")
                    .arg(history.describe(key.steps[open[i]].operation));
    if (open.size() > listedMax)
        text += QStringLiteral("  and %1 more\n").arg(open.size() - listedMax);
    const bool isWritten = std::any_of(key.steps.begin(), key.steps.end(), [&](const Step &s) {
        return s.isWriting() && s.after == stuck.before;
    });
    if (!isWritten && stuck.kind != Step::Kind::write && stuck.kind != Step::Kind::refusal
        && stuck.before != absentValue)
        text += QStringLiteral("  nothing ever wrote %1\n").arg(key.text(stuck.before));
    return text;
}

} // namespace

LinearizabilityVerdict checkLinearizability(const History &history,
                                            const LinearizabilityOptions &options)
{
    using Kind = LinearizabilityVerdict::Kind;
    LinearizabilityVerdict verdict;
    std::uint64_t firstReturn = 0;
    for (const auto &[name, key] : linearizability::splitByKey(history)) {
        Search search(key);
        const Search::Answer answer = search.run(options.effortMaxPerKey);
        verdict.statesVisited += search.statesVisited();
        if (answer == Search::Answer::impossible) {
            const Step &stuck = key.steps[search.stuckStep()];
            if (verdict.kind == Kind::violation && stuck.returned >= firstReturn)
                continue;
            verdict.kind = Kind::violation;
            verdict.key = name;
            verdict.operation = stuck.operation;
            verdict.explanation = explain(history, name, key, search);
            firstReturn = stuck.returned;
        } else if (answer == Search::Answer::gaveUp && verdict.kind == Kind::ok) {
            verdict.kind = Kind::undecided;
            verdict.key = name;
            verdict.explanation =
                QStringLiteral("key %1 is undecided: gave up after %2 states\n"
                               "  allow more effort or record fewer overlapping operations\n")
                    .arg(QString::fromLatin1(valueText(name)))
                    .arg(search.statesVisited());
        }
    }
    return verdict;
}

} // namespace coffer::test
