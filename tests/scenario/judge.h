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
    /// What a node holds durably: a checkpoint up to `base`, and the records of its journal.
    struct Disk
    {
        Slot base;
        const std::vector<consensus::Record> &records;
    };
    /// \a message leaves \a node, whose disk is \a disk.
    void leave(NodeId node, const consensus::Message &message, const Disk &disk);

    [[nodiscard]] const QStringList &findings() const { return m_findings; }

private:
    void checkPromise(NodeId node, const consensus::Message &message, const Ballot &promised,
                      const Disk &disk);
    void checkVotes(NodeId node, const consensus::Message &message, const Ballot &ballot,
                    Slot durableTo, const Disk &disk);

    std::map<Slot, consensus::Entry> m_chosen;
    std::map<std::pair<Ballot, Slot>, consensus::Entry> m_proposed;
    QStringList m_findings;
};

} // namespace coffer::scenario
