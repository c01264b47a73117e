// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/replica.h"
#include "scenario/judge.h"

#include <deque>
#include <map>
#include <memory>
#include <set>

namespace coffer::scenario {

/// Nodes, their disks and the network between them, moved by hand.
///
/// Time stands still but for advance(). Nothing is delivered, synced or lost unless it is said.
/// What happens is added to the transcript. Node ids are small numbers here, for people.
class Stage
{
public:
    /// A class of messages in flight; an empty set or name means any.
    struct Filter
    {
        std::set<NodeId> from;
        std::set<NodeId> to;
        QString kind;
    };

    /// Makes nodes that hold the founding record of \a members, and starts them.
    void found(const consensus::MemberSet &members);
    /// Makes a node outside the members that knows only what the cluster was founded with.
    void addOutsider(NodeId node);

    void advance(Monotonic time) { m_now += time; }
    void step(NodeId node, const consensus::Event &event);
    /// What \a node has given to its disk becomes durable, or the first \a writes of it.
    void sync(NodeId node, std::size_t writes = std::size_t(-1));
    void setAutoSync(NodeId node, bool isOn) { m_actors.at(node).isAutoSync = isOn; }
    void setWallSkew(NodeId node, WallMs skew) { m_actors.at(node).skew = skew; }

    void crash(NodeId node);
    void restart(NodeId node);
    /// The disk of \a node, which is down, is back where it was \a records records ago.
    void rollBack(NodeId node, std::size_t records);
    /// \a node puts all it knows as chosen into a checkpoint, and forgets the entries.
    void makeCheckpoint(NodeId node);
    /// The checkpoint of \a source becomes the state of \a target.
    void install(NodeId source, NodeId target);

    /// Messages from or to \a node stay in flight while it is held.
    void setHeld(NodeId node, bool isHeld);
    /// Messages from or to \a node are lost while it is cut off.
    void setCut(NodeId node, bool isCut);
    /// Delivers what is in flight, and what comes of it where \a filter is empty.
    void deliver(const Filter &filter);
    void drop(const Filter &filter);
    void duplicate(const Filter &filter);
    void reverse(const Filter &filter);
    void printInFlight();
    /// Lets \a node win an election, with all nodes in reach.
    void elect(NodeId node);

    void printStatus();
    void printLog(NodeId node);
    void print(const QString &line);
    /// While muted nothing is added to the transcript.
    void setMuted(bool isMuted) { m_isMuted = isMuted; }

    [[nodiscard]] std::vector<NodeId> nodes() const;
    /// Null while the node is down or unknown.
    [[nodiscard]] const consensus::Replica *replica(NodeId node) const;
    [[nodiscard]] QStringList takeTranscript() { return std::exchange(m_transcript, {}); }
    [[nodiscard]] const QStringList &findings() const { return m_judge.findings(); }

private:
    struct Writing
    {
        std::vector<consensus::Record> records;
        std::uint64_t mark = 0;
        std::vector<consensus::Outgoing> held;
    };
    /// What was last printed about a node's role.
    struct Role
    {
        Ballot leading;
        bool isServing = false;
        NodeId leader;
        consensus::Configuration configuration;
    };
    struct Actor
    {
        std::unique_ptr<consensus::Replica> replica; ///< Null: down.
        std::vector<consensus::Record> durable;
        std::deque<Writing> writing;
        consensus::Configuration configuration; ///< Of the checkpoint, or the founding one.
        Slot base;                              ///< Of the checkpoint.
        bool isFenced = false;
        bool isAutoSync = true;
        WallMs skew{0};
        unsigned runs = 0;
        Slot applied;
        Role role;
    };
    struct Flying
    {
        NodeId from;
        consensus::Outgoing outgoing;
        RunId run; ///< Of the sender.
    };

    void start(NodeId node);
    [[nodiscard]] consensus::Moment moment(const Actor &actor) const;
    void carryOut(NodeId node, consensus::Effects effects);
    void apply(NodeId node, const std::vector<consensus::ChosenEntry> &chosen);
    void post(NodeId from, const std::vector<consensus::Outgoing> &messages);
    void printRole(NodeId node);
    void printSent(const char *verb, NodeId from, const std::vector<consensus::Outgoing> &messages);
    [[nodiscard]] bool isStuck(const Flying &flying) const;
    [[nodiscard]] static bool matches(const Filter &filter, const Flying &flying);
    /// Takes the first message in flight that may arrive out of the first \a among.
    [[nodiscard]] std::optional<Flying> take(const Filter &filter, std::size_t &among);

    std::map<NodeId, Actor> m_actors;
    consensus::Configuration m_founding;
    std::deque<Flying> m_flying;
    std::set<NodeId> m_held;
    std::set<NodeId> m_cut;
    Monotonic m_now{1'000'000};
    bool m_isMuted = false;
    QStringList m_transcript;
    Judge m_judge;
};

} // namespace coffer::scenario
