// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "rpc/call.h"
#include "rpc/method.h"

#include <QByteArray>
#include <QString>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace coffer::node {

struct AuditOptions
{
    QString directory;                      ///< Made if it is missing.
    qint64 fileBytesMax = qint64(16) << 20; ///< Then another file is begun.
    int filesMax = 8;                       ///< The oldest is deleted.
    std::size_t linesMax = 16'384;          ///< That wait to be written.
};

/// Lines that lie in a directory: audit.jsonl is the newest file, audit.1.jsonl the one before.
///
/// write() never waits for the disk: a thread does. If that falls behind, lines are dropped, and a
/// line says how many. Lines are not synced. Resource; write() on one thread.
class AuditLog
{
public:
    /// Errors: `io`, with the path.
    [[nodiscard]] static Result<std::unique_ptr<AuditLog>> open(AuditOptions options);
    /// Writes what waits.
    ~AuditLog();
    AuditLog(const AuditLog &) = delete;
    AuditLog &operator=(const AuditLog &) = delete;

    /// \a line ends with a line feed.
    void write(QByteArray line);
    /// Lines that were dropped so far, for the queue was full or the disk refused them.
    [[nodiscard]] std::uint64_t dropped() const;

private:
    explicit AuditLog(AuditOptions options);
    void run();
    void append(const QByteArray &bytes);
    void rotate();
    [[nodiscard]] QString pathOf(int number) const;

    AuditOptions m_options;
    mutable std::mutex m_mutex;
    std::condition_variable m_woken;
    std::deque<QByteArray> m_lines;
    std::uint64_t m_dropped = 0;
    bool m_isEnding = false;
    std::thread m_thread; ///< The last: it uses all of the above.
};

/// True if the audit wants to know of that call: it is a write, or was denied. Renewals of sessions
/// are no writes here.
[[nodiscard]] bool isAudited(const rpc::Method &method, const rpc::Outcome &outcome);
/// The line of one call: docs/access.md. Paths and texts are bounded, values are never in it.
[[nodiscard]] QByteArray auditLine(const rpc::Method &method, const rpc::Call &call,
                                   const rpc::Outcome &outcome, WallMs now);

} // namespace coffer::node
