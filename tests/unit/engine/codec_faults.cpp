// SPDX-License-Identifier: Apache-2.0
#include "unit/engine/codec_faults.h"

#include "wire/peer.pb.h"

namespace coffer::engine {

static const std::vector<Fault> faults{
    {"no sender", "fetch", "frame.from", [](wire::PeerHead &head) { head.clear_from(); }},
    {"no run", "fetch", "frame.run", [](wire::PeerHead &head) { head.clear_run(); }},
    {"no message", "fetch", "frame.message", [](wire::PeerHead &head) { head.clear_message(); }},
    {"bulk too long", "fetch", "frame.bulk", [](wire::PeerHead &head) { head.set_bulk_bytes(1); }},
    {"pre-vote without ballot", "pre_vote", "pre_vote.ballot",
     [](wire::PeerHead &head) { head.mutable_pre_vote()->clear_ballot(); }},
    {"pre-vote reply of nobody", "pre_vote_reply", "pre_vote_reply.ballot.node",
     [](wire::PeerHead &head) { head.mutable_pre_vote_reply()->mutable_ballot()->clear_node(); }},
    {"prepare in no epoch", "prepare", "prepare.ballot.epoch",
     [](wire::PeerHead &head) { head.mutable_prepare()->mutable_ballot()->clear_epoch(); }},
    {"prepare from slot 0", "prepare", "prepare.from",
     [](wire::PeerHead &head) { head.mutable_prepare()->clear_from(); }},
    {"promise without ballot", "promise", "promise.ballot",
     [](wire::PeerHead &head) { head.mutable_promise()->clear_ballot(); }},
    {"promise from slot 0", "promise", "promise.from",
     [](wire::PeerHead &head) { head.mutable_promise()->clear_from(); }},
    {"promise without chunks", "promise", "promise.chunk",
     [](wire::PeerHead &head) { head.mutable_promise()->clear_chunks(); }},
    {"promise with a chunk behind the last", "promise", "promise.chunk",
     [](wire::PeerHead &head) { head.mutable_promise()->set_chunk(head.promise().chunks()); }},
    {"promise of too many chunks", "promise", "promise.chunks",
     [](wire::PeerHead &head) { head.mutable_promise()->set_chunks(65'537); }},
    {"promise with more votes than follow", "promise", "promise.votes",
     [](wire::PeerHead &head) { head.mutable_promise()->set_votes(head.promise().votes() + 1); }},
    {"promise with too many votes", "promise", "promise.votes",
     [](wire::PeerHead &head) { head.mutable_promise()->set_votes(0xffffffff); }},
    {"promise with fewer votes than follow", "promise", "frame.bulk",
     [](wire::PeerHead &head) { head.mutable_promise()->set_votes(head.promise().votes() - 1); }},
    {"promise with votes of another epoch", "promise", "promise.votes.ballot.epoch",
     [](wire::PeerHead &head) { head.mutable_promise()->mutable_ballot()->set_epoch(77); }},
    {"promise with a vote below from", "promise", "promise.votes.slot",
     [](wire::PeerHead &head) { head.mutable_promise()->set_from(1'000'000); }},
    {"refusal of nothing", "refusal", "refusal.refused",
     [](wire::PeerHead &head) { head.mutable_refusal()->clear_refused(); }},
    {"accept without ballot", "accept", "accept.ballot",
     [](wire::PeerHead &head) { head.mutable_accept()->clear_ballot(); }},
    {"accept for slot 0", "accept", "accept.slot",
     [](wire::PeerHead &head) { head.mutable_accept()->clear_slot(); }},
    {"accept of an unknown kind", "accept", "accept.entry.kind",
     [](wire::PeerHead &head) {
         head.mutable_accept()->mutable_entry()->set_kind(static_cast<wire::EntryKind>(4));
     }},
    {"accept of a negative kind", "accept", "accept.entry.kind",
     [](wire::PeerHead &head) {
         head.mutable_accept()->mutable_entry()->set_kind(static_cast<wire::EntryKind>(-1));
     }},
    {"accept with a body longer than the bulk", "accept", "accept.entry",
     [](wire::PeerHead &head) {
         head.mutable_accept()->mutable_entry()->set_body_bytes(head.bulk_bytes() + 1);
     }},
    {"accept with a body shorter than the bulk", "accept", "frame.bulk",
     [](wire::PeerHead &head) {
         head.mutable_accept()->mutable_entry()->set_body_bytes(head.bulk_bytes() - 1);
     }},
    {"accept with a huge body", "accept", "accept.entry.body",
     [](wire::PeerHead &head) {
         head.mutable_accept()->mutable_entry()->set_body_bytes(0xffffffff);
     }},
    {"accept of a no-op with a body", "accept", "accept.entry.body",
     [](wire::PeerHead &head) { head.mutable_accept()->mutable_entry()->clear_kind(); }},
    {"accept of commands with members", "accept", "accept.entry.members",
     [](wire::PeerHead &head) {
         head.mutable_accept()->mutable_entry()->mutable_members()->add_voters(1);
     }},
    {"accepted without ballot", "accepted", "accepted.ballot",
     [](wire::PeerHead &head) { head.mutable_accepted()->clear_ballot(); }},
    {"heartbeat without ballot", "heartbeat", "heartbeat.ballot",
     [](wire::PeerHead &head) { head.mutable_heartbeat()->clear_ballot(); }},
    {"heartbeat answer without ballot", "heartbeat_ack", "heartbeat_ack.ballot",
     [](wire::PeerHead &head) { head.mutable_heartbeat_ack()->clear_ballot(); }},
    {"fetch from slot 0", "fetch", "fetch.from",
     [](wire::PeerHead &head) { head.mutable_fetch()->clear_from(); }},
    {"chosen from slot 0", "chosen", "chosen.from",
     [](wire::PeerHead &head) { head.mutable_chosen()->clear_from(); }},
    {"chosen beyond the last slot", "chosen", "chosen.from",
     [](wire::PeerHead &head) { head.mutable_chosen()->set_from(~std::uint64_t(0) - 100); }},
    {"chosen without entries", "chosen", "chosen.entries",
     [](wire::PeerHead &head) { head.mutable_chosen()->clear_entries(); }},
    {"chosen with more entries than follow", "chosen", "chosen.entries",
     [](wire::PeerHead &head) { head.mutable_chosen()->set_entries(30); }},
    {"reconfigured to no epoch", "reconfigured", "reconfigured.epoch",
     [](wire::PeerHead &head) { head.mutable_reconfigured()->clear_epoch(); }},
    {"transfer in no epoch", "transfer", "transfer.epoch",
     [](wire::PeerHead &head) { head.mutable_transfer()->clear_epoch(); }},
    {"standing answer without the question", "standing_ack", "standing_ack.checked",
     [](wire::PeerHead &head) { head.mutable_standing_ack()->clear_checked(); }},
    {"request of no kind", "request", "request.kind",
     [](wire::PeerHead &head) { head.mutable_request()->clear_kind(); }},
    {"request of an unknown kind", "request", "request.kind",
     [](wire::PeerHead &head) {
         head.mutable_request()->set_kind(static_cast<wire::RequestKind>(6));
     }},
    {"keep-alive of no session", "request", "request.session",
     [](wire::PeerHead &head) {
         head.mutable_request()->set_kind(wire::REQUEST_KIND_KEEP_ALIVE);
         head.mutable_request()->clear_session();
     }},
    {"reconfigure without members", "request", "request.members",
     [](wire::PeerHead &head) {
         head.mutable_request()->set_kind(wire::REQUEST_KIND_RECONFIGURE);
         head.mutable_request()->clear_members();
     }},
    {"reconfigure without epoch", "request", "request.if_epoch",
     [](wire::PeerHead &head) {
         head.mutable_request()->set_kind(wire::REQUEST_KIND_RECONFIGURE);
         head.mutable_request()->clear_if_epoch();
     }},
    {"transfer to nobody", "request", "request.target",
     [](wire::PeerHead &head) {
         head.mutable_request()->set_kind(wire::REQUEST_KIND_TRANSFER);
         head.mutable_request()->clear_target();
     }},
    {"reply of no status", "reply", "reply.status",
     [](wire::PeerHead &head) { head.mutable_reply()->clear_status(); }},
    {"reply of an unknown status", "reply", "reply.status",
     [](wire::PeerHead &head) {
         head.mutable_reply()->set_status(static_cast<wire::ReplyStatus>(6));
     }},
    {"reply that is not UTF-8", "reply", "reply.message",
     [](wire::PeerHead &head) { head.mutable_reply()->set_message("\xc3"); }},
    {"reply with too long a sentence", "reply", "reply.message",
     [](wire::PeerHead &head) { head.mutable_reply()->set_message(std::string(4097, 'x')); }},
    {"peers out of order", "probe", "probe.peers",
     [](wire::PeerHead &head) {
         head.mutable_probe()->add_peers("b");
         head.mutable_probe()->add_peers("a");
     }},
    {"a peer that is not UTF-8", "probe", "probe.peers",
     [](wire::PeerHead &head) { head.mutable_probe()->add_peers("\xff"); }},
    {"too many peers", "probe", "probe.peers",
     [](wire::PeerHead &head) {
         for (int i = 0; i < 65; ++i)
             head.mutable_probe()->add_peers("");
     }},
    {"a peer with too long an address", "probe", "probe.peers",
     [](wire::PeerHead &head) { head.mutable_probe()->add_peers(std::string(513, 'x')); }},
    {"too long an address", "probe_reply", "probe_reply.address",
     [](wire::PeerHead &head) { head.mutable_probe_reply()->set_address(std::string(513, 'x')); }},
    {"empty with a founding", "probe_reply", "probe_reply.founding",
     [](wire::PeerHead &head) {
         head.mutable_probe_reply()->set_is_empty(true);
         head.mutable_probe_reply()->mutable_founding();
     }},
    {"not empty without a founding", "probe_reply", "probe_reply.founding",
     [](wire::PeerHead &head) {
         head.mutable_probe_reply()->set_is_empty(false);
         head.mutable_probe_reply()->clear_founding();
     }},
    {"found without cluster", "found", "found.founding.cluster",
     [](wire::PeerHead &head) { head.mutable_found()->mutable_founding()->clear_cluster(); }},
    {"found without members", "found", "found.founding: a configuration needs",
     [](wire::PeerHead &head) { head.mutable_found()->mutable_founding()->clear_members(); }},
    {"found with a member twice", "found", "found.founding: members must be sorted",
     [](wire::PeerHead &head) {
         wire::MemberSet &members = *head.mutable_found()->mutable_founding()->mutable_members();
         members.clear_voters();
         members.add_voters(2);
         members.add_voters(2);
     }},
};

const std::vector<Fault> &codecFaults() { return faults; }

} // namespace coffer::engine
