// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>
#include <QUrl>

#include <chrono>
#include <memory>
#include <vector>

namespace coffer::test {

struct LoadState;

/// Clients that write, read and watch a few keys while a test breaks things around them.
///
/// Each client has a connection and a session of its own and begins with another node. It asks one
/// thing at a time: a put, a conditional put, a deletion, a linearizable or a session read. No
/// value is written twice. What all of them were told is judged at the end: see evidence.h.
/// Resource; a thread with an event loop.
class Load
{
public:
    struct Options
    {
        std::vector<QUrl> nodes;
        unsigned clients = 6;
        unsigned watchers = 2;
        unsigned keys = 3;
        std::chrono::milliseconds pause{5};        ///< Between an answer and the next question.
        std::chrono::milliseconds timeout{10'000}; ///< Of a question.
    };

    explicit Load(Options options);
    ~Load();
    Load(const Load &) = delete;
    Load &operator=(const Load &) = delete;

    /// Begins. The cluster may be in any state; each client waits until it is served.
    void start();
    /// How many writes were acknowledged, of this and of the other clients; and reads answered.
    [[nodiscard]] std::size_t writes() const;
    [[nodiscard]] std::size_t reads() const;
    /// Writes that were refused, and those of which nobody knows.
    [[nodiscard]] std::size_t failures() const;
    /// No client and no watcher has a connection.
    [[nodiscard]] bool isDisconnected() const;

    /// Asks nothing new. The cluster has to work from now on: every key is read once more.
    void stop();
    /// Everything is answered and everybody was told everything; after stop().
    [[nodiscard]] bool isOver() const;
    /// What is wrong with what was seen, as sentences; and the file to which the history was
    /// written then, for `coffer-sim --check-history`. After isOver(). Without acknowledged writes,
    /// reads and events nothing was tested, and that is said.
    [[nodiscard]] QStringList violations() const;
    /// Who waits for what, for people.
    [[nodiscard]] QString describe() const;

private:
    std::shared_ptr<LoadState> m_state; // of the coroutines too, which may end later
};

} // namespace coffer::test
