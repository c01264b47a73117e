// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/check.h"
#include "consensus/message.h"

#include <stdexcept>

/// Short ways to write the values that the unit tests of consensus are about.
namespace coffer::consensus {

inline Ballot ballot(std::uint64_t round, std::uint64_t node, std::uint64_t epoch = 1)
{
    return {Epoch(epoch), round, NodeId(node)};
}

inline std::vector<NodeId> nodes(std::initializer_list<std::uint64_t> values)
{
    std::vector<NodeId> list;
    for (std::uint64_t value : values)
        list.push_back(NodeId(value));
    return list;
}

inline MemberSet voters(std::initializer_list<std::uint64_t> values) { return {nodes(values), {}}; }

inline Entry command(const char *body) { return {EntryKind::commands, body, {}}; }

inline Entry stopSign() { return {EntryKind::reconfigure, {}, voters({1, 2, 4})}; }

/// While it lives, a broken invariant throws std::logic_error instead of ending the program.
class ThrowingChecks
{
public:
    ThrowingChecks() : m_before(setCheckHandler(raise)) {}
    ~ThrowingChecks() { setCheckHandler(m_before); }
    ThrowingChecks(const ThrowingChecks &) = delete;
    ThrowingChecks &operator=(const ThrowingChecks &) = delete;

private:
    [[noreturn]] static void raise(std::string_view, int, std::string_view what)
    {
        throw std::logic_error(std::string(what));
    }
    CheckHandler m_before;
};

} // namespace coffer::consensus
