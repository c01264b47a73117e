// SPDX-License-Identifier: Apache-2.0
#include "sim/mutant_names.h"

#include <algorithm>

namespace coffer::sim {

static constexpr std::array<MutantInfo, mutantCount> table{{
    {Mutant::epochNotInBallot, "epochNotInBallot", "Ballots are compared without their epoch."},
    {Mutant::oldVotesKept, "oldVotesKept", "Votes above the stop-sign survive into the next epoch.",
     Emphasis::members},
    {Mutant::noPhaseOneInNewEpoch, "noPhaseOneInNewEpoch",
     "The old leader proposes in the new epoch without phase 1.", Emphasis::members},
    {Mutant::votesOutOfOrder, "votesOutOfOrder",
     "A voter votes for a slot though it lacks one below."},
    {Mutant::naiveChosenUpTo, "naiveChosenUpTo",
     "chosenUpTo is believed whatever ballot the own vote is at."},
    {Mutant::proposePastStop, "proposePastStop",
     "The leader goes on above a stop-sign that is not chosen.", Emphasis::members},
    {Mutant::keepAboveStop, "keepAboveStop",
     "Recovered values above a recovered stop-sign are kept.", Emphasis::members},
    {Mutant::acceptBelowPromise, "acceptBelowPromise", "A voter votes below its promise."},
    {Mutant::chooseWithMinority, "chooseWithMinority", "One vote less than a quorum is enough."},
    {Mutant::countObservers, "countObservers", "Observers' votes count.", Emphasis::members},
    {Mutant::recoveredValueReplaced, "recoveredValueReplaced",
     "A new leader fills open slots with no-ops, whatever was voted."},
    {Mutant::lowestBallotRecovered, "lowestBallotRecovered",
     "The value of the lowest ballot is taken instead of the highest.", Emphasis::leaders},
    {Mutant::firstChunkIsWholePromise, "firstChunkIsWholePromise",
     "Phase 1 does not wait for all chunks.", Emphasis::largeValues},
    {Mutant::resumedBallot, "resumedBallot", "A restarted leader uses its last ballot again."},
    {Mutant::voteBeforeSync, "voteBeforeSync", "Accepted leaves before the vote is durable."},
    {Mutant::promiseBeforeSync, "promiseBeforeSync", "Promise leaves before it is durable."},
    {Mutant::promiseNotWritten, "promiseNotWritten", "Promises live in memory alone."},
    {Mutant::prepareBeforeOwnPromise, "prepareBeforeOwnPromise",
     "Prepare leaves before the own promise is durable."},
    {Mutant::ownVoteCountedEarly, "ownVoteCountedEarly",
     "The leader counts its vote while it is being written."},
    {Mutant::chosenUpToNotRecorded, "chosenUpToNotRecorded",
     "What is known as chosen is never made durable."},
    {Mutant::failedSyncRetried, "failedSyncRetried",
     "A failed fsync is tried again, and the second answer believed."},
    {Mutant::failedAppendIgnored, "failedAppendIgnored",
     "A full disk is taken for a written group."},
    {Mutant::truncateAboveCheckpoint, "truncateAboveCheckpoint",
     "The journal forgets slots that no checkpoint holds."},
    {Mutant::promiseLostAtInstall, "promiseLostAtInstall",
     "An installed checkpoint wipes the promise and votes above it.", Emphasis::checkpoints},
    {Mutant::standingIgnored, "standingIgnored",
     "A voter whose disk was rolled back goes on voting.", Emphasis::rollback},
    {Mutant::newVoterWithoutPrefix, "newVoterWithoutPrefix",
     "A voter claims slots below its first vote that it never had."},
    {Mutant::foundWithMajority, "foundWithMajority", "A majority of empty peers founds a cluster."},
    {Mutant::noLeaderStartBarrier, "noLeaderStartBarrier",
     "Commands and reads before the own LeaderStart is applied.", Emphasis::leaders},
    {Mutant::readWithoutRound, "readWithoutRound", "Reads need no proof of leadership.",
     Emphasis::reads},
    {Mutant::readRoundOfAnyEpoch, "readRoundOfAnyEpoch",
     "Whoever answers counts for a read round, member or not.", Emphasis::reads},
    {Mutant::readAckOfOlderRound, "readAckOfOlderRound",
     "Answers to an earlier round prove a later read.", Emphasis::reads},
    {Mutant::applyOutOfOrder, "applyOutOfOrder",
     "A slot is applied though the one below is missing."},
    {Mutant::divergenceIgnored, "divergenceIgnored",
     "State hashes are compared, and nothing follows."},
    {Mutant::lostReplySentAgain, "lostReplySentAgain",
     "A command without a session is sent to a second leader."},
    {Mutant::skipDedupe, "skipDedupe", "A repeated command is applied again."},
    {Mutant::dedupeLeftOutOfCheckpoint, "dedupeLeftOutOfCheckpoint",
     "Outcomes are not part of a checkpoint."},
    {Mutant::sessionEndedByDeposedLeader, "sessionEndedByDeposedLeader",
     "EndSession of an earlier tenure takes effect.", Emphasis::sessions},
    {Mutant::ephemeralLeftBehind, "ephemeralLeftBehind",
     "A session's end leaves its ephemeral files."},
    {Mutant::keepAliveWithoutRound, "keepAliveWithoutRound",
     "KeepAlive is answered by whoever believes to lead.", Emphasis::sessions},
}};

const std::array<MutantInfo, mutantCount> &mutants() { return table; }

const MutantInfo *mutantNamed(const QString &name)
{
    const auto found = std::find_if(table.begin(), table.end(), [&name](const MutantInfo &info) {
        return name == QLatin1String(info.name);
    });
    return found == table.end() ? nullptr : &*found;
}

} // namespace coffer::sim
