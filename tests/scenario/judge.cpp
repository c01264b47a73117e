// SPDX-License-Identifier: Apache-2.0
#include "scenario/judge.h"

#include "scenario/describe.h"

namespace coffer::scenario {

using namespace consensus;

void Judge::apply(NodeId node, Slot applied, const ChosenEntry &chosen)
{
    if (chosen.slot != applied.next())
        m_findings << QString("%1 applies slot %2 behind slot %3")
                          .arg(text(node), text(chosen.slot), text(applied));
    const auto [found, isNew] = m_chosen.emplace(chosen.slot, chosen.entry);
    if (!isNew && found->second != chosen.entry)
        m_findings << QString("%1 takes %3 for the value of slot %2, which is %4")
                          .arg(text(node), text(chosen.slot), text(chosen.entry),
                               text(found->second));
}

/// The highest ballot that \a durable promises, by a promise or by a vote.
static Ballot promisedIn(const std::vector<Record> &durable)
{
    Ballot highest;
    for (const Record &record : durable) {
        if (const auto *promise = std::get_if<PromiseRecord>(&record))
            highest = std::max(highest, promise->ballot);
        if (const auto *vote = std::get_if<VoteRecord>(&record))
            highest = std::max(highest, vote->ballot);
    }
    return highest;
}

void Judge::checkClaim(NodeId node, const Message &message, const Ballot &claimed,
                       const std::vector<Record> &durable)
{
    if (promisedIn(durable) < claimed)
        m_findings
            << QString("%1 says '%2' before its promise is durable").arg(text(node), text(message));
}

void Judge::leave(NodeId node, const Message &message, const std::vector<Record> &durable)
{
    if (const auto *prepare = std::get_if<Prepare>(&message))
        checkClaim(node, message, prepare->ballot, durable);
    if (const auto *promise = std::get_if<Promise>(&message))
        checkClaim(node, message, promise->ballot, durable);
    if (const auto *accepted = std::get_if<Accepted>(&message))
        checkClaim(node, message, accepted->ballot, durable);
    if (const auto *ack = std::get_if<HeartbeatAck>(&message))
        checkClaim(node, message, ack->ballot, durable);
    if (const auto *accept = std::get_if<Accept>(&message)) {
        const auto place = std::pair(accept->ballot, accept->slot);
        const auto [found, isNew] = m_proposed.emplace(place, accept->entry);
        if (!isNew && found->second != accept->entry)
            m_findings
                << QString("%1 proposes a second value: '%2'").arg(text(node), text(message));
    }
}

} // namespace coffer::scenario
