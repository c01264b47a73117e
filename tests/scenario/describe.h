// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/effects.h"

#include <QString>

/// What the protocol says and writes, as short text for transcripts. A ballot reads
/// epoch.round.node; a field that is 0 or empty is left out where that is the usual case.
namespace coffer::scenario {

[[nodiscard]] QString text(NodeId node);
[[nodiscard]] QString text(Slot slot);
[[nodiscard]] QString text(const Ballot &ballot);
/// "1,2,3".
[[nodiscard]] QString text(const std::vector<NodeId> &nodes);
/// "voters=1,2,3 observers=4".
[[nodiscard]] QString text(const consensus::MemberSet &members);
[[nodiscard]] QString text(const consensus::Entry &entry);
[[nodiscard]] QString text(const consensus::Message &message);
[[nodiscard]] QString text(const consensus::Record &record);
/// The first word of text(message).
[[nodiscard]] QString kindOf(const consensus::Message &message);

} // namespace coffer::scenario
