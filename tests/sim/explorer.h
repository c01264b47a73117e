// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"
#include "store/command.h"

namespace coffer::sim {

/// One program that does what the clients with a history do not: every kind of guard, operation
/// and question, in trees that files and directories fight for, at revisions of now, the past and
/// the future, with files that linger and with compaction.
///
/// It asks once, without repeats, one request at a time. Its answers are compared with the shadow.
/// Resource; lives as long as the cluster's processes.
class Explorer
{
public:
    Explorer(Cluster &cluster, std::uint64_t seed, std::size_t number);
    Explorer(const Explorer &) = delete;
    Explorer &operator=(const Explorer &) = delete;

    void begin() { think(); }
    void rest() { m_isResting = true; }

private:
    void think();
    void act();
    void submit(const store::Command &command);
    void answered(const QByteArray &command, Slot floor, const Result<engine::Answer> &result);
    void ask();
    void toldOf(const Answers::Read &read, const Result<engine::Answer> &result);
    void useSession();
    [[nodiscard]] store::Transaction drawTransaction(bool hasSession);
    [[nodiscard]] store::Guard drawGuard();
    [[nodiscard]] store::Operation drawOperation(bool hasSession);
    [[nodiscard]] store::Question drawQuestion();
    [[nodiscard]] store::Page drawPage();
    [[nodiscard]] QByteArray drawPath();
    [[nodiscard]] Revision drawRevision();
    [[nodiscard]] Revision drawPast();
    [[nodiscard]] const test::StoreModel &model() const;

    Cluster &m_cluster;
    Draw m_draw;
    QByteArray m_name;
    bool m_isResting = false;
    std::uint64_t m_requests = 0; ///< Number of the newest one; answers to others are late.
    std::uint64_t m_values = 0;
    SessionId m_session;
    Sequence m_sequence;
    Slot m_seen;
};

} // namespace coffer::sim
