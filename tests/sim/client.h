// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"
#include "store/command.h"
#include "support/history.h"

#include <map>
#include <optional>

namespace coffer::sim {

/// One program that uses the store: one request at a time, over any node, with or without a
/// session. Every answer is judged, every operation on a shared key is recorded.
///
/// A client with a session repeats a command until it knows the outcome or loses patience; one
/// without sends it once. Resource; lives as long as the cluster's processes.
class Client
{
public:
    Client(Cluster &cluster, test::History &history, std::uint64_t seed, std::size_t number);
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    void begin();
    /// Begins no new request.
    void rest() { m_isResting = true; }
    /// Records what is still open as of unknown outcome. Called once, at the end.
    void finish();

private:
    /// One request and what became of it so far.
    struct Request
    {
        test::Operation operation;
        bool isRecorded = false;
        QByteArray command; ///< Of a write.
        Answers::Read read; ///< Of a read.
        Slot floorAtCall;
        std::uint64_t opensNonce = 0;
        std::optional<Sequence> sequence;
        int attempts = 0;
        bool mayBeDone = false; ///< An earlier attempt may have worked.
        SimTime deadline{0};
    };

    void think();
    void act();
    void openSession();
    void beginWrite();
    void beginPrivateWrite();
    void beginLargeWrite();
    void beginRead();
    void keepAlive();
    [[nodiscard]] store::Transaction drawTransaction(test::Operation &operation);
    void setCommand(Request &request, const store::Transaction &transaction);
    void submit(Request request);
    void attempt();
    void sendWrite(SimNode &node);
    void sendRead(SimNode &node);
    void writeAnswered(std::uint64_t number, const Result<engine::Answer> &result);
    void writeFailed(const Error &error);
    void sessionOpened(const store::Answer &answer);
    void writeDone(const store::Answer &said);
    void readAnswered(std::uint64_t number, const Result<engine::Answer> &result);
    void timedOut(std::uint64_t number, int attempt);
    void end(test::Operation::Outcome outcome);
    void forgetSession();
    [[nodiscard]] SimNode &drawNode();
    [[nodiscard]] QByteArray drawKey();
    [[nodiscard]] QByteArray newValue();
    /// The history's clock: a counter of events, so that no two answers share a time.
    [[nodiscard]] std::uint64_t stamp() const;

    Cluster &m_cluster;
    test::History &m_history;
    Draw m_draw;
    std::size_t m_number;
    std::size_t m_ownNode = 0;
    QByteArray m_name;
    bool m_hasSessions = false;
    bool m_isResting = false;

    std::optional<Request> m_request;
    std::uint64_t m_requests = 0; ///< Number of the newest one; answers to others are late.
    std::uint64_t m_values = 0;
    Slot m_seen;
    std::map<QByteArray, std::optional<QByteArray>> m_known; ///< Last value seen, by key.

    SessionId m_session;
    std::chrono::milliseconds m_timeToLive{0};
    SimTime m_openAsked{0};
    SimTime m_nextKeepAlive{0};
    Sequence m_sequence;
    Sequence m_acknowledged;
};

} // namespace coffer::sim
