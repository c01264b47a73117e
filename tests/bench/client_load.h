// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/trio.h"
#include "store/command.h"

#include <vector>

namespace coffer::bench {

/// So many clients of one node, each of which asks again as soon as it is
/// answered.
///
/// Ends the program when an answer is not the wished one.
class ClientLoad
{
public:
    enum class Kind {
        puts,        ///< Puts of valueBytes, without a session.
        sessionPuts, ///< The same, each client in a session of its own.
        reads        ///< Linearizable reads of one file.
    };
    static constexpr qsizetype valueBytes = 256;

    /// \a trio must be formed and outlive the load.
    ClientLoad(Trio &trio, std::size_t node, Kind kind, std::size_t clients,
               std::size_t files = 10'000);

    /// Opens the sessions, if there are any, and writes every file once.
    void prepare();
    /// Every client asks its first question. stop(): none asks another; waits for
    /// the last answer.
    void start();
    void stop();

    [[nodiscard]] std::uint64_t answered() const { return m_answered; }

private:
    struct Client
    {
        SessionId session;
        Sequence sequence;
        std::size_t file = 0;
    };

    void ask(std::size_t client);
    void heard(std::size_t client, const Result<engine::Answer> &result);
    [[nodiscard]] QByteArray putCommand(Client &client);
    void openSessions();

    Trio &m_trio;
    std::size_t m_node;
    Kind m_kind;
    std::vector<Client> m_clients;
    std::vector<QByteArray> m_puts;  ///< Encoded, without a session.
    std::vector<QByteArray> m_reads; ///< Encoded.
    std::uint64_t m_answered = 0;
    std::size_t m_outstanding = 0;
    bool m_isStopping = false;
};

} // namespace coffer::bench
