// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/effects.h"

#include <QStringList>

#include <map>

namespace coffer::scenario {

/// Watches a scenario and knows what must hold in every one, whatever its file expects: one value
/// a slot, applied in order; one value a ballot and slot; nothing said before it is durable.
///
/// Value. Broken rules are collected as sentences.
class Judge
{
public:
    /// \a node applies \a chosen; it has applied everything up to \a applied.
    void apply(NodeId node, Slot applied, const consensus::ChosenEntry &chosen);
    /// \a message leaves \a node, whose journal holds \a durable.
    void leave(NodeId node, const consensus::Message &message,
               const std::vector<consensus::Record> &durable);

    [[nodiscard]] const QStringList &findings() const { return m_findings; }

private:
    void checkClaim(NodeId node, const consensus::Message &message, const Ballot &claimed,
                    const std::vector<consensus::Record> &durable);

    std::map<Slot, consensus::Entry> m_chosen;
    std::map<std::pair<Ballot, Slot>, consensus::Entry> m_proposed;
    QStringList m_findings;
};

} // namespace coffer::scenario
