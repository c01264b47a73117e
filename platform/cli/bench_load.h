// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"
#include "cli/latencies.h"

#include <QRandomGenerator>

#include <chrono>
#include <map>
#include <memory>
#include <vector>

namespace coffer::cli {

/// What `coffer bench` is to do. Value.
struct BenchPlan
{
    enum class Mode { write, read, mixed, watch };

    Mode mode = Mode::write;
    unsigned clients = 16;    ///< Connections, each with a session of its own.
    unsigned outstanding = 1; ///< Requests of each that wait for their answers.
    unsigned bytes = 256;     ///< Of a value.
    unsigned keys = 10'000;
    double seconds = 10;
    double rate = 0;         ///< Operations a second of all together; 0: as fast as it goes.
    unsigned readShare = 90; ///< Of mixed, in percent.
    pluginapi::ReadMode readMode = pluginapi::ReadMode::linearizable;
    QByteArray prefix = "/coffer-bench";
};

/// The load of `coffer bench`: closed loops of clients that wait for each answer.
///
/// A write counts when its durable acknowledgement is there. With a rate, time runs from when an
/// operation was due, so that a server which stalls is not flattered. Resource; one thread.
class BenchLoad
{
    Q_DISABLE_COPY_MOVE(BenchLoad)

public:
    BenchLoad(client::Options options, BenchPlan plan);
    ~BenchLoad();

    /// Connects, opens the sessions and writes what will be read.
    [[nodiscard]] Task<Result<void>> prepare();
    /// Runs until the time is over; calls \a progress about once a second.
    [[nodiscard]] Task<Result<void>> run(std::function<void(const QString &)> progress);
    /// Deletes what was written, and ends the sessions.
    [[nodiscard]] Task<Result<void>> cleanUp();

    [[nodiscard]] const Latencies &latencies() const { return m_latencies; }
    /// Of watch: from a write to the last watcher.
    [[nodiscard]] const Latencies &lastLatencies() const { return m_last; }
    [[nodiscard]] double seconds() const;
    /// How many operations ended with which error.
    [[nodiscard]] const std::map<QString, std::uint64_t> &errors() const { return m_errors; }

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Member
    {
        explicit Member(const client::Options &options) : client(options), store(client) {}
        client::Client client;
        client::RemoteStore store;
    };

    [[nodiscard]] Task<Result<bool>> fill(std::size_t first, std::size_t step);
    [[nodiscard]] Task<Result<bool>> work(Member &member);
    [[nodiscard]] Task<Result<bool>> one(Member &member);
    [[nodiscard]] Task<Result<bool>> listen(Member &member);
    [[nodiscard]] Task<Result<bool>> tell(Member &writer);
    [[nodiscard]] QByteArray keyAt(std::uint64_t index) const;
    [[nodiscard]] bool isOver() const { return std::chrono::steady_clock::now() >= m_end; }
    void note(Time since, const Result<bool> &done);

    BenchPlan m_plan;
    QRandomGenerator m_random;
    QByteArray m_value;
    std::vector<std::unique_ptr<Member>> m_members;
    Latencies m_latencies;
    Latencies m_last;
    std::map<QString, std::uint64_t> m_errors;
    Time m_begin;
    Time m_end;
    std::uint64_t m_turns = 0; ///< Operations that were begun.

    // Of watch.
    Time m_written;
    std::size_t m_untold = 0;
    std::optional<Eventual<bool>::Setter> m_allTold;
};

} // namespace coffer::cli
