// SPDX-License-Identifier: Apache-2.0
#include "sim/statements.h"

#include "base/limits.h"
#include "sim/finding.h"

#include <algorithm>

namespace coffer::sim {

namespace m = consensus;

/// One overload for each kind of message that claims something.
struct Statements::Visitor
{
    Ledger &ledger;
    DurableImage &speaker;
    const engine::PeerFrame &frame;

    void operator()(const m::Prepare &prepare) const
    {
        checkOwn(prepare.ballot, "Prepare");
        checkMayVote(prepare.ballot, "Prepare");
        checkPromised(prepare.ballot, "Prepare");
    }
    void operator()(const m::Promise &promise) const
    {
        checkMayVote(promise.ballot, "Promise");
        checkPromised(promise.ballot, "Promise");
        checkChosen(promise.chosenUpTo, "Promise");
        for (const m::VoteReport &vote : promise.votes) {
            if (!speaker.hasVote(vote.slot, vote.ballot, entryHash(vote.entry)))
                report("P6",
                       QStringLiteral("%1 reports a vote for slot %2 at ballot %3 that is not "
                                      "on its disk")
                           .arg(toText(frame.from))
                           .arg(vote.slot.value())
                           .arg(toText(vote.ballot)));
        }
        if (isVoter(promise.ballot))
            speaker.told.promised = std::max(speaker.told.promised, promise.ballot);
    }
    void operator()(const m::Accept &accept) const
    {
        checkOwn(accept.ballot, "Accept");
        checkMayVote(accept.ballot, "Accept");
        checkChosen(accept.chosenUpTo, "Accept");
        ledger.proposed(frame.run, accept.ballot, accept.slot, accept.entry);
    }
    void operator()(const m::Accepted &accepted) const
    {
        checkVotes(accepted.ballot, accepted.durableTo, "Accepted");
    }
    void operator()(const m::HeartbeatAck &ack) const
    {
        checkVotes(ack.ballot, ack.durableTo, "HeartbeatAck");
    }
    void operator()(const m::Heartbeat &heartbeat) const
    {
        checkOwn(heartbeat.ballot, "Heartbeat");
        checkChosen(heartbeat.chosenUpTo, "Heartbeat");
    }
    void operator()(const m::Chosen &chosen) const
    {
        checkChosen(chosen.chosenUpTo, "Chosen");
        Slot slot = chosen.from;
        for (const m::Entry &entry : chosen.entries) {
            if (ledger.chosenHash(slot) != entryHash(entry))
                report("P7", QStringLiteral("%1 hands on a value for slot %2 that is not the "
                                            "chosen one")
                                 .arg(toText(frame.from))
                                 .arg(slot.value()));
            slot = slot.next();
        }
    }
    void operator()(const m::Reconfigured &reconfigured) const
    {
        checkChosen(reconfigured.chosenUpTo, "Reconfigured");
        if (ledger.configuration(reconfigured.epoch) == nullptr)
            report("P16", QStringLiteral("%1 speaks of epoch %2, which no chosen entry began")
                              .arg(toText(frame.from))
                              .arg(reconfigured.epoch.value()));
    }
    void operator()(const m::Transfer &transfer) const
    {
        checkChosen(transfer.chosenUpTo, "Transfer");
    }
    template<class Other>
    void operator()(const Other &) const
    {}

    [[nodiscard]] bool isVoter(const Ballot &ballot) const
    {
        const m::Configuration *configuration = ledger.configuration(ballot.epoch);
        if (configuration == nullptr)
            return false;
        const auto &voters = configuration->members.voters;
        return std::find(voters.begin(), voters.end(), speaker.node()) != voters.end();
    }
    void checkOwn(const Ballot &ballot, const char *what) const
    {
        if (ballot.node != frame.from)
            report("P4", QStringLiteral("%1 sends %2 with ballot %3, which is not its own")
                             .arg(toText(frame.from), QString::fromLatin1(what), toText(ballot)));
    }
    void checkMayVote(const Ballot &ballot, const char *what) const
    {
        if (speaker.isAmputated && isVoter(ballot))
            report("P20", QStringLiteral("%1 lost durable state, yet sends %2 at ballot %3")
                              .arg(toText(frame.from), QString::fromLatin1(what), toText(ballot)));
        if (speaker.isFenced() && isVoter(ballot))
            report("P20", QStringLiteral("%1 is fenced, yet sends %2 at ballot %3")
                              .arg(toText(frame.from), QString::fromLatin1(what), toText(ballot)));
    }
    void checkPromised(const Ballot &ballot, const char *what) const
    {
        if (speaker.promised() < ballot)
            report("P6", QStringLiteral("%1 sends %2 for ballot %3, but its disk promises %4")
                             .arg(toText(frame.from), QString::fromLatin1(what), toText(ballot),
                                  toText(speaker.promised())));
    }
    void checkChosen(Slot upTo, const char *what) const
    {
        if (upTo > ledger.chosenTo())
            report("P7", QStringLiteral("%1 says in %2 that slot %3 is chosen, but only %4 is")
                             .arg(toText(frame.from), QString::fromLatin1(what))
                             .arg(upTo.value())
                             .arg(ledger.chosenTo().value()));
    }
    void checkVotes(const Ballot &ballot, Slot durableTo, const char *what) const
    {
        if (!isVoter(ballot))
            return;
        checkMayVote(ballot, what);
        checkPromised(ballot, what);
        const Slot missing = speaker.firstMissing(ballot, durableTo, ledger);
        if (!missing.isNone())
            report("P6", QStringLiteral("%1 says in %2 that it voted up to slot %3 at ballot %4, "
                                        "but its disk says otherwise: %5")
                             .arg(toText(frame.from), QString::fromLatin1(what))
                             .arg(durableTo.value())
                             .arg(toText(ballot), speaker.describe(missing, ledger)));
        speaker.told.promised = std::max(speaker.told.promised, ballot);
        if (speaker.told.ballot == ballot) {
            speaker.told.durableTo = std::max(speaker.told.durableTo, durableTo);
        } else if (speaker.told.ballot < ballot) {
            speaker.told.ballot = ballot;
            speaker.told.durableTo = durableTo;
        }
    }
};

void Statements::check(DurableImage &speaker, const engine::PeerFrame &frame, qsizetype bytes)
{
    if (std::size_t(bytes) > limits::frameBytesMax)
        report("P19", QStringLiteral("a frame of %1 bytes").arg(bytes));
    if (frame.from != speaker.node())
        report("P4", QStringLiteral("%1 sends a frame in the name of %2")
                         .arg(toText(speaker.node()), toText(frame.from)));
    if (const auto *message = std::get_if<consensus::Message>(&frame.body))
        std::visit(Visitor{m_ledger, speaker, frame}, *message);
}

} // namespace coffer::sim
