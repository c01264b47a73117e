// SPDX-License-Identifier: Apache-2.0
#include "scenario/judge.h"

#include "scenario/describe.h"

#include <algorithm>
#include <set>

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

/// The slots that \a disk holds with a vote of \a ballot or the chosen value, as far as there is
/// none missing in between.
static Slot heldAt(const Ballot &ballot, const Judge::Disk &disk)
{
    std::set<Slot> held;
    Slot upTo = disk.base;
    for (const Record &record : disk.records) {
        if (const auto *vote = std::get_if<VoteRecord>(&record); vote && vote->ballot == ballot)
            held.insert(vote->slot);
        if (const auto *chosen = std::get_if<ChosenRecord>(&record))
            held.insert(chosen->slot);
        if (const auto *chosenUpTo = std::get_if<ChosenUpToRecord>(&record))
            upTo = std::max(upTo, chosenUpTo->slot);
    }
    while (held.contains(upTo.next()))
        upTo = upTo.next();
    return upTo;
}

void Judge::checkPromise(NodeId node, const Message &message, const Ballot &promised,
                         const Disk &disk)
{
    if (promisedIn(disk.records) < promised)
        m_findings
            << QString("%1 says '%2' before its promise is durable").arg(text(node), text(message));
}

void Judge::checkVotes(NodeId node, const Message &message, const Ballot &ballot, Slot durableTo,
                       const Disk &disk)
{
    checkPromise(node, message, ballot, disk);
    const Slot held = heldAt(ballot, disk);
    if (held < durableTo)
        m_findings << QString("%1 says '%2' but its disk holds no more than slot %3 at that ballot")
                          .arg(text(node), text(message), text(held));
}

void Judge::leave(NodeId node, const Message &message, const Disk &disk)
{
    if (const auto *prepare = std::get_if<Prepare>(&message))
        checkPromise(node, message, prepare->ballot, disk);
    if (const auto *promise = std::get_if<Promise>(&message))
        checkPromise(node, message, promise->ballot, disk);
    if (const auto *accepted = std::get_if<Accepted>(&message))
        checkVotes(node, message, accepted->ballot, accepted->durableTo, disk);
    if (const auto *ack = std::get_if<HeartbeatAck>(&message))
        checkVotes(node, message, ack->ballot, ack->durableTo, disk);
    if (const auto *accept = std::get_if<Accept>(&message)) {
        const auto place = std::pair(accept->ballot, accept->slot);
        const auto [found, isNew] = m_proposed.emplace(place, accept->entry);
        if (!isNew && found->second != accept->entry)
            m_findings
                << QString("%1 proposes a second value: '%2'").arg(text(node), text(message));
    }
}

} // namespace coffer::scenario
