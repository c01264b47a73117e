// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/session.h"

#include <deque>
#include <map>

namespace coffer::testkit {

/// A client's connection to one node, without a socket: real JSON-RPC messages in CBOR. One thread.
class Connection final : private rpc::Pipe
{
    Q_DISABLE_COPY_MOVE(Connection)

public:
    /// \a flights has to outlive this.
    explicit Connection(rpc::Flights &flights);
    ~Connection() override;

    /// Sends a call; its number.
    [[nodiscard]] qint64 call(const QString &method, const QCborMap &params);
    /// The answer to call \a number once it is there; each only once.
    [[nodiscard]] std::optional<rpc::Outcome> takeAnswer(qint64 number);
    /// Events of a subscription that have come so far; each only once.
    [[nodiscard]] std::deque<QCborValue> takeEvents(std::uint64_t subscription);
    /// Why a subscription ended, if it did.
    [[nodiscard]] std::optional<rpc::Failure> endOf(std::uint64_t subscription) const;

private:
    void send(const QByteArray &message, rpc::Form form) override;
    [[nodiscard]] qint64 unsentBytes() const override { return 0; }
    void cut(const QString &why) override;

    qint64 m_lastNumber = 0;
    std::map<qint64, rpc::Outcome> m_answers;
    std::map<std::uint64_t, std::deque<QCborValue>> m_events;
    std::map<std::uint64_t, rpc::Failure> m_ends;
    rpc::Session m_session;
};

} // namespace coffer::testkit
