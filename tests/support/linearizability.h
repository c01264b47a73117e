// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/history.h"

namespace coffer::test {

struct LinearizabilityOptions
{
    /// When the search of one key gives up, counted in its states: about two microseconds and
    /// 200 bytes each. Comparing states counts too, and so do large ones more than once.
    std::uint64_t effortMaxPerKey = 1'000'000;
};

/// What checkLinearizability() found.
struct LinearizabilityVerdict
{
    enum class Kind {
        ok,
        violation, ///< Certain, even if the search of another key was given up.
        undecided  ///< No violation found, and at least one key's search was given up.
    };

    Kind kind = Kind::ok;
    QByteArray key; ///< Of the violation, or of the first search given up.
    /// violation: index in the history of the operation that cannot be linearized. The operations
    /// that return before it does are linearizable: it ends the smallest bad prefix of its key.
    std::optional<std::size_t> operation;
    QString explanation; ///< For people, several lines; empty if ok.
    std::uint64_t statesVisited = 0;

    [[nodiscard]] bool isOk() const { return kind == Kind::ok; }
};

/// Whether the writes and the linearizable reads of \a history could have happened one after the
/// other, each at a moment between its call and its return, on a store whose keys begin absent.
///
/// Operations that end at the very time at which another begins count as concurrent. Failed
/// operations, unanswered reads and reads of other modes are left out; a write of unknown outcome
/// happens at any time after its call, or never. Revisions are ignored: see checkRevisions().
///
/// Keys are judged one by one, which is enough (linearizability is local). Time and memory grow
/// with the number of operations that overlap on one key, not with the length of the history.
/// The same history gives the same verdict and explanation on every machine. Of several keys'
/// violations, the one whose operation returned first is reported.
[[nodiscard]] LinearizabilityVerdict
checkLinearizability(const History &history, const LinearizabilityOptions &options = {});

} // namespace coffer::test
