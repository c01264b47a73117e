// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/draw.h"
#include "sim/scheduler.h"

#include <QByteArray>

#include <cstdint>
#include <functional>
#include <vector>

namespace coffer::sim {

/// How frames travel over every link.
struct LinkPolicy
{
    SimTime delayMin{50};
    SimTime delayMax{500};
    SimTime tailMax{0}; ///< Of the few very late frames.
    int tailPermille = 0;
    int lossPermille = 0;
    int duplicatePermille = 0;
    bool isOrdered = true; ///< Like TCP: no frame overtakes another.
};

/// The wires between machines. Frames are bytes; a machine is a number from 0.
///
/// Each direction of each link may be cut (frames are lost) or clogged (frames wait until it is
/// free again). Resource; one thread.
class SimNetwork
{
public:
    using Deliver = std::function<void(std::size_t machine, const QByteArray &frame)>;
    using Lost = std::function<void(std::size_t machine, std::size_t peer)>;

    /// \a world and \a draw must outlive the network. \a lost tells a machine that its connection
    /// to another one broke.
    SimNetwork(Scheduler &world, Draw &draw, std::size_t machines, Deliver deliver, Lost lost);

    void setPolicy(const LinkPolicy &policy) { m_policy = policy; }
    [[nodiscard]] const LinkPolicy &policy() const { return m_policy; }

    void send(std::size_t from, std::size_t to, const QByteArray &frame);

    /// Frames from \a from to \a to are lost from now on, mostly those on their way included.
    void cut(std::size_t from, std::size_t to);
    void cutBoth(std::size_t a, std::size_t b);
    /// Frames from \a from to \a to take \a lag longer.
    void setLag(std::size_t from, std::size_t to, SimTime lag) { link(from, to).lag = lag; }
    /// Frames to and from \a machine wait.
    void clog(std::size_t machine);
    void unclog(std::size_t machine);
    /// Ends every cut, lag and clog.
    void heal();
    [[nodiscard]] bool isCut(std::size_t from, std::size_t to) const;
    [[nodiscard]] bool isHealthy() const { return m_cuts == 0 && m_clogs == 0; }

    /// The process on \a machine ended: whoever had a connection notices soon.
    void machineDied(std::size_t machine);

    struct Counts
    {
        std::uint64_t sent = 0;
        std::uint64_t delivered = 0;
        std::uint64_t lost = 0;
        std::uint64_t duplicated = 0;
        std::uint64_t late = 0;
    };
    [[nodiscard]] const Counts &counts() const { return m_counts; }

private:
    struct Link
    {
        bool isCut = false;
        std::uint64_t cuts = 0; ///< A frame is lost if this changed while it travelled.
        SimTime lag{0};
        SimTime last{0}; ///< When the last frame arrives.
        std::vector<QByteArray> held;
    };

    Link &link(std::size_t from, std::size_t to) { return m_links[from * m_machines + to]; }
    [[nodiscard]] const Link &link(std::size_t from, std::size_t to) const
    {
        return m_links[from * m_machines + to];
    }
    [[nodiscard]] bool isClogged(std::size_t from, std::size_t to) const;
    void travel(std::size_t from, std::size_t to, const QByteArray &frame);
    void arrive(std::size_t from, std::size_t to, const QByteArray &frame);
    void noticeLoss(std::size_t machine, std::size_t peer, SimTime latest);

    Scheduler &m_world;
    Draw &m_draw;
    std::size_t m_machines;
    Deliver m_deliver;
    Lost m_lost;
    LinkPolicy m_policy;
    std::vector<Link> m_links;
    std::vector<bool> m_clogged;
    std::size_t m_cuts = 0;
    std::size_t m_clogs = 0;
    Counts m_counts;
};

} // namespace coffer::sim
