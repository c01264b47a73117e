// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "base/check.h"
#include "base/mutant.h"
#include "store/reader.h"

namespace coffer::store {

/// How many old changes are dropped at a slot: twice as many as it makes, so that what was
/// compacted goes away, and a few more.
static constexpr std::size_t droppedPerSlot = 256;

std::vector<Answer> Store::apply(Slot slot, WallMs stamp, const std::vector<QByteArray> &commands)
{
    if (m_needsNewerBuild || !canApply(commands)) {
        m_needsNewerBuild = true;
        return std::vector<Answer>(commands.size(), answer(Status::invalid));
    }
    moveTo(slot);
    m_time = mutantIsOn(Mutant::timeGoesBack) ? stamp : std::max(m_time, stamp);
    const std::uint64_t changesBefore = m_tree.history().end().changesEnd;
    removeReleased();
    std::vector<Answer> answers;
    answers.reserve(commands.size());
    for (const QByteArray &command : commands)
        answers.push_back(applyOne(command));
    const std::uint64_t made = m_tree.history().end().changesEnd - changesBefore;
    m_tree.tidy(droppedPerSlot + 2 * std::size_t(made));
    return answers;
}

/// False if one of \a commands raises the apply version to what this build does not know.
bool Store::canApply(const std::vector<QByteArray> &commands) const
{
    std::uint32_t version = m_applyVersion;
    for (const QByteArray &command : commands) {
        const auto raised = raisedVersion(command);
        if (raised && *raised == version + 1)
            ++version;
    }
    return version <= m_options.applyVersionMax;
}

void Store::applyLeaderStart(Slot slot)
{
    moveTo(slot);
    m_tenure = slot;
}

void Store::applyNothing(Slot slot) { moveTo(slot); }

void Store::moveTo(Slot slot)
{
    COFFER_CHECK(slot == m_applied.next(), "slots are applied one after the other");
    m_applied = slot;
}

void Store::removeReleased()
{
    if (!m_tree.hasReleased(m_time))
        return;
    m_tree.begin(m_time);
    m_tree.removeReleased(limits::releasesPerSlotMax);
    m_tree.commit();
}

Answer Store::applyOne(QByteArrayView bytes)
{
    const Result<Command> command = decodeCommand(bytes, m_applyVersion);
    if (!command)
        return answer(Status::invalid);
    if (!command->origin)
        return execute(*command);
    const Sessions::Admission admission = m_sessions.admit(*command->origin);
    if (const auto *refusal = std::get_if<Status>(&admission))
        return answer(*refusal);
    if (const auto *outcome = std::get_if<Answer>(&admission))
        return *outcome;
    const Answer outcome = execute(*command);
    m_sessions.keep(*command->origin, outcome);
    return outcome;
}

Answer Store::answer(Status status) const { return {.status = status, .revision = revision()}; }

Answer Store::answer(Status status, std::uint64_t found) const
{
    return {.status = status, .revision = revision(), .found = found};
}

Reply Store::query(QByteArrayView bytes) const
{
    const Result<Question> question = decodeQuestion(bytes);
    Reply reply{.revision = revision(), .floor = floor(), .appliedTime = m_time};
    if (!question)
        return reply;
    Reader(m_tree, m_sessions, reply).answer(*question);
    if (std::holds_alternative<StoreState>(*question)) {
        reply.figures = {.files = m_tree.size(),
                         .versions = m_tree.versionCount(),
                         .liveBytes = m_tree.liveBytes(),
                         .bytesMax = m_options.bytesMax,
                         .sessions = m_sessions.all().size(),
                         .applyVersion = m_applyVersion};
    }
    return reply;
}

std::optional<QByteArray> Store::upkeepCommand(const UpkeepPolicy &policy) const
{
    const std::optional<Revision> floor = dueFloor(policy, m_tree, m_time);
    if (!floor)
        return {};
    return encode(Command{{}, Compact{*floor}});
}

} // namespace coffer::store
