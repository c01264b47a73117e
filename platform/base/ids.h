// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace coffer {

/// A number that names one kind of thing and cannot be mixed up with another kind.
///
/// Value. The default is 0, which every kind below reserves for "none".
template<class Tag>
class StrongId
{
public:
    constexpr StrongId() = default;
    constexpr explicit StrongId(std::uint64_t value) : m_value(value) {}

    /// The bare number. Only for bytes and text.
    [[nodiscard]] constexpr std::uint64_t value() const { return m_value; }
    /// The id that follows this one.
    [[nodiscard]] constexpr StrongId next() const { return StrongId(m_value + 1); }
    /// The id before this one; that of 0 is 0.
    [[nodiscard]] constexpr StrongId previous() const
    {
        return StrongId(m_value == 0 ? 0 : m_value - 1);
    }
    /// True for the reserved 0.
    [[nodiscard]] constexpr bool isNone() const { return m_value == 0; }

    constexpr auto operator<=>(const StrongId &) const = default;

private:
    std::uint64_t m_value = 0;
};

/// One node, for ever: random, made with its data directory, never reused.
using NodeId = StrongId<struct NodeTag>;
/// One cluster, for ever: random, made when the cluster is founded.
using ClusterId = StrongId<struct ClusterTag>;
/// One process run of a node: random, made at each start.
using RunId = StrongId<struct RunTag>;
/// One configuration of members. The founding one is 1; 0 means "not a member of anything".
using Epoch = StrongId<struct EpochTag>;
/// One place in the replicated log. The first is 1.
using Slot = StrongId<struct SlotTag>;
/// One change of the store. The first is 1.
using Revision = StrongId<struct RevisionTag>;
/// One client session.
using SessionId = StrongId<struct SessionTag>;
/// One command within a session. The first is 1.
using Sequence = StrongId<struct SequenceTag>;

} // namespace coffer

template<class Tag>
struct std::hash<coffer::StrongId<Tag>>
{
    std::size_t operator()(const coffer::StrongId<Tag> &id) const noexcept
    {
        return std::hash<std::uint64_t>()(id.value());
    }
};
