// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/history.h"

namespace coffer::test {

/// A rule about revisions that a history breaks, and where.
struct RevisionViolation
{
    enum class Rule {
        duplicate, ///< Two writes have the same revision.
        realTime,  ///< An answer was given before another one began, but has the higher revision.
        session,   ///< A session read is older than what its process had been told before.
        content,   ///< An answer at revision r does not fit the last write at or below r.
        invented   ///< A read found a value that nobody had begun to write.
    };

    Rule rule = Rule::duplicate;
    std::size_t operation = 0; ///< Index in the history of the operation that breaks the rule.
    QString explanation;       ///< For people, several lines.
};

/// The name of \a rule in reports and test data: "duplicate", "real-time", "session", "content",
/// "invented".
[[nodiscard]] QString ruleName(RevisionViolation::Rule rule);

/// The first rule about revisions that \a history breaks, in the order of the enum; empty if none.
///
/// Only answers that name a revision are judged, except by \c invented, which judges session and
/// local reads without one. Writes without a known revision may explain a value once each, at a
/// revision that no other write has; whether all these choices fit together is not searched, so
/// an empty answer is no proof. A violation is always real. Takes O(n log n).
[[nodiscard]] std::optional<RevisionViolation> checkRevisions(const History &history);

} // namespace coffer::test
