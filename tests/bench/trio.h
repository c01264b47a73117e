// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "engine/engine.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace coffer::bench {

inline constexpr std::size_t trioSize = 3;

/// Virtual time of the whole trio: what the clocks of all nodes show.
class TrioClock final : public Clock
{
public:
    [[nodiscard]] Monotonic monotonic() const override { return m_now; }
    [[nodiscard]] WallMs wall() const override
    {
        return WallMs(1'700'000'000'000) + std::chrono::duration_cast<WallMs>(m_now);
    }
    void set(Monotonic now) { m_now = now; }

private:
    Monotonic m_now{1'000'000};
};

/// Three real engines in one thread, joined by queues of encoded frames.
///
/// A turn of a node is what an event loop does: finished journal writes, the
/// frames that have arrived, what its clients ask, one flush. Nodes take turns
/// one after the other; between two rounds the clock goes on. Nothing else is
/// virtual: codec, consensus, engine and store ship.
class Trio
{
public:
    enum class Storage { memory, none };
    struct Settings
    {
        engine::Options engine;
        Storage storage = Storage::memory;
        Monotonic round{100}; ///< What the clock goes on by, at least, when all had a turn.
        /// A frame's way and a journal write take a random time up to these.
        Monotonic linkMax{0};
        Monotonic diskMax{0};
        std::uint64_t seed = 1;
        bool isNamingFrames = false; ///< Counts frames by kind, which costs a decoding each.
    };
    struct Traffic
    {
        std::uint64_t frames = 0;
        std::uint64_t bytes = 0;
        std::map<std::string, std::uint64_t> kinds; ///< With Settings::isNamingFrames.
    };

    explicit Trio(const Settings &settings);
    ~Trio();

    /// Founds the cluster, and goes on until one node serves and all know it.
    /// Ends the program if that takes longer than a minute of virtual time.
    void form();
    /// Every node that has something to do takes a turn; then time goes on.
    void round();
    /// Rounds until \a isDone. Ends the program after a minute of virtual time.
    void runUntil(const std::function<bool()> &isDone, const char *what);

    [[nodiscard]] std::size_t leader() const; ///< Must have one.
    [[nodiscard]] std::size_t follower() const { return (leader() + 1) % trioSize; }
    [[nodiscard]] engine::Engine &engine(std::size_t node);
    /// A client of \a node asked something: the node takes a turn although no
    /// frame came.
    void wake(std::size_t node);
    /// The process of \a node is gone. If \a isNoticed, its peers see their
    /// connections break.
    void crash(std::size_t node, bool isNoticed);

    [[nodiscard]] Monotonic now() const { return m_clock.monotonic(); }
    [[nodiscard]] const Traffic &traffic() const { return m_traffic; }
    /// Allocations within the turns of \a node.
    [[nodiscard]] std::uint64_t allocations(std::size_t node) const;
    /// Ends the program unless all nodes, once quiet, have the same state.
    void checkAgreement();

private:
    class Node;

    void carry(std::size_t from, std::size_t to, const QByteArray &frame);
    [[nodiscard]] Monotonic randomTime(Monotonic most);

    Settings m_settings;
    SeededRandom m_random;
    TrioClock m_clock;
    Traffic m_traffic;
    std::array<std::unique_ptr<Node>, trioSize> m_nodes;
};

} // namespace coffer::bench
