// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Deliberate bugs, one at a time, that prove the simulator finds such bugs. Shipping builds
/// contain none of them: mutantIsOn() is a constant there, and the code behind it is gone. Only
/// coffer-sim-mutants compiles the rooms with COFFER_MUTANTS.
namespace coffer {

enum class Mutant {
    none,
    // ballots, votes, quorums
    epochNotInBallot,         ///< Ballots are compared without their epoch.
    oldVotesKept,             ///< Votes above the stop-sign survive into the next epoch.
    noPhaseOneInNewEpoch,     ///< The old leader proposes in the new epoch without phase 1.
    votesOutOfOrder,          ///< A voter votes for a slot though it lacks one below.
    naiveChosenUpTo,          ///< chosenUpTo is believed whatever ballot the own vote is at.
    proposePastStop,          ///< The leader goes on above a stop-sign that is not chosen.
    keepAboveStop,            ///< Recovered values above a recovered stop-sign are kept.
    acceptBelowPromise,       ///< A voter votes below its promise.
    chooseWithMinority,       ///< One vote less than a quorum is enough.
    countObservers,           ///< Observers' votes count.
    recoveredValueReplaced,   ///< A new leader fills open slots with no-ops, whatever was voted.
    lowestBallotRecovered,    ///< The value of the lowest ballot is taken instead of the highest.
    firstChunkIsWholePromise, ///< Phase 1 does not wait for all chunks.
    resumedBallot,            ///< A restarted leader uses its last ballot again.
    // durability
    voteBeforeSync,          ///< Accepted leaves before the vote is durable.
    promiseBeforeSync,       ///< Promise leaves before it is durable.
    promiseNotWritten,       ///< Promises live in memory alone.
    prepareBeforeOwnPromise, ///< Prepare leaves before the own promise is durable.
    ownVoteCountedEarly,     ///< The leader counts its vote while it is being written.
    chosenUpToNotRecorded,   ///< What is known as chosen is never made durable.
    failedSyncRetried,       ///< A failed fsync is tried again, and the second answer believed.
    failedAppendIgnored,     ///< A full disk is taken for a written group.
    truncateAboveCheckpoint, ///< The journal forgets slots that no checkpoint holds.
    promiseLostAtInstall,    ///< An installed checkpoint wipes the promise and votes above it.
    standingIgnored,         ///< A voter whose disk was rolled back goes on voting.
    // epochs, founding
    newVoterWithoutPrefix, ///< A voter claims slots below its first vote that it never had.
    foundWithMajority,     ///< A majority of empty peers founds a cluster.
    // reads, sessions, apply
    noLeaderStartBarrier,        ///< Commands and reads before the own LeaderStart is applied.
    readWithoutRound,            ///< Reads need no proof of leadership.
    readRoundOfAnyEpoch,         ///< Whoever answers counts for a read round, member or not.
    readAckOfOlderRound,         ///< Answers to an earlier round prove a later read.
    applyOutOfOrder,             ///< A slot is applied though the one below is missing.
    divergenceIgnored,           ///< State hashes are compared, and nothing follows.
    lostReplySentAgain,          ///< A command without a session is sent to a second leader.
    skipDedupe,                  ///< A repeated command is applied again.
    dedupeLeftOutOfCheckpoint,   ///< Outcomes are not part of a checkpoint.
    sessionEndedByDeposedLeader, ///< EndSession of an earlier tenure takes effect.
    ephemeralLeftBehind,         ///< A session's end leaves its ephemeral files.
    keepAliveWithoutRound,       ///< KeepAlive is answered by whoever believes to lead.
    // store
    compactedReadAnswered,   ///< A read below the floor is answered.
    compactionDropsBase,     ///< The newest version at the floor or below is dropped.
    quotaNotCounted,         ///< Files grow without bound.
    createdKeptAcrossDelete, ///< A file that is made anew keeps its created revision.
    deleteTreeMissesLast,    ///< A delete tree leaves the last file.
    pagingIgnoresRevision,   ///< Pages after the first show the state of now.
    versionOrderedByHash,    ///< Changes of one revision are ordered by a hash.
    lingerOnClose,           ///< Files linger although their session was closed.
    timeGoesBack,            ///< Applied time follows the leader's clock back.
    elseBranchForgotten,     ///< A failed guard does nothing.
    floorNotInCheckpoint,    ///< A restored store does not know its floor.
    // watches
    watchProgressBeforeEvents, ///< A watch's progress is ahead of events it has not shown.
    watchEventLostAtResume,    ///< A watch begins one revision late.
    watchRevisionSplit,        ///< A batch ends inside a revision; the rest of it is lost.
    watchMissesDeletes,        ///< Watches do not see deletions.
    compactionInOneReplica,    ///< A store that was restored says that it compacts, and does not.
    // journal, checkpoint
    journalTailBelieved,        ///< The checksum of a group's records is not looked at.
    journalRecordNotChained,    ///< A group is believed behind any other.
    damageTakenForTail,         ///< Damage in the middle is cut off like an unfinished write.
    markBeforeSync,             ///< A mark says that a group is durable before it is.
    segmentNameNotSynced,       ///< The name of a new segment is not made durable.
    segmentRemovedTooEarly,     ///< Segments go before what must outlive them is written again.
    journalNotTruncated,        ///< The journal forgets nothing.
    tailNotMadeDurable,         ///< A start believes a tail that the disk may not have.
    headerNamesUnsyncedCluster, ///< A segment names the cluster of a record that may be lost.
    appliedSlotApartFromData,   ///< A checkpoint's slot is committed before its rows.
    checkpointNotSynced,        ///< A checkpoint is committed without a sync.
    stagedBeforeSynced,         ///< A received checkpoint is named before it is durable.
    installBeforeRecord,        ///< It takes the old one's place before the journal says so.
    restoredFilesNotCounted,    ///< A restored store counts no files.
    simulatorEnd,
    count
};

#ifdef COFFER_MUTANTS
[[nodiscard]] bool mutantIsOn(Mutant mutant);
/// Switches one mutant on for the whole program, or all off with Mutant::none.
void selectMutant(Mutant mutant);
#else
[[nodiscard]] constexpr bool mutantIsOn(Mutant) { return false; }
#endif

} // namespace coffer
