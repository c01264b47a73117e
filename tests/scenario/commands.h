// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenario/stage.h"

#include <QStringList>

namespace coffer::scenario {

/// The language of scenario files: one line, one thing done to the stage.
///
///     cluster 3 | cluster voters=1,2 observers=3     found a cluster and start its nodes
///     outsider 4                                     start a node that is no member
///     tick 1 [150ms] | tick 150ms                    let time pass, then tick one node or all
///     elect 1                                        have node 1 elected, in one line
///     propose 1 "x" | reconfigure 1 voters=1,2,4     what clients and administrators ask for
///     read 1 | transfer 1->2
///     deliver [1->2] [Accept]                        everything until quiet | once what matches
///     drop | duplicate | reverse [1->2] [Accept]     what is in flight
///     hold 2 | release 2                             its messages wait in flight
///     cut 2 | heal 2                                 its messages are lost
///     autosync [1] on|off, sync 1 [2]                when writes become durable
///     crash 2 | restart 2 | rollback 2 1             the last: lose that many durable records
///     checkpoint 1 | install 1->3
///     stuck 1 | unstuck 1 | lost 2->1 | skew 1 20s   full disk, broken connection, wrong clock
///     status | log 1 | inflight                      show
///     mute | unmute                                  leave out what is not the point
class Commands
{
public:
    explicit Commands(Stage &stage) : m_stage(stage) {}

    /// Carries out \a line; what cannot be done or understood prints a line "error: …".
    void run(const QString &line);

private:
    void dispatch(const QString &verb);
    bool dispatchNetwork(const QString &verb);
    bool dispatchNode(const QString &verb);
    void cluster();
    void tick();
    void propose(const consensus::Entry &entry);
    void autoSync();
    [[nodiscard]] NodeId node() const;
    [[nodiscard]] consensus::MemberSet members() const;
    [[nodiscard]] Stage::Filter filter() const;
    /// Both ends of "1->2".
    [[nodiscard]] std::pair<NodeId, NodeId> link() const;
    void error(const QString &what);

    Stage &m_stage;
    QString m_line;
    QStringList m_words; ///< Behind the verb.
    std::uint64_t m_reads = 0;
};

} // namespace coffer::scenario
