// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "consensus/entry.h"
#include "sim/scheduler.h"

#include <QByteArray>
#include <QString>

#include <cstdio>
#include <vector>

namespace coffer::sim {

/// What happened: a hash of all of it, and the last events as people read them.
///
/// Frames are kept as bytes and described only when they are printed. Resource; one thread.
class Timeline
{
public:
    /// \a world must outlive it. With \a isTracing every event is printed at once.
    Timeline(const Scheduler &world, bool isTracing);

    /// A frame left (\a isArrival false) or reached \a machine.
    void frame(std::size_t machine, const QByteArray &bytes, bool isArrival);
    /// Something that is not a frame, said in few words.
    void note(const QString &text);
    /// Something that happens often: only for the hash, and for the trace.
    void mix(std::uint64_t kind, std::uint64_t a, std::uint64_t b);

    [[nodiscard]] const Hash128 &hash() const { return m_hash; }
    /// The last events, oldest first.
    [[nodiscard]] QString text() const;

private:
    struct Event
    {
        SimTime time{0};
        std::size_t machine = 0;
        QByteArray frame;
        QString text;
        bool isArrival = false;
    };
    static constexpr std::size_t eventsMax = 400;

    [[nodiscard]] static QString describe(const Event &event);
    void add(Event event);

    const Scheduler &m_world;
    bool m_isTracing;
    Hash128 m_hash;
    std::vector<Event> m_events;
    std::size_t m_next = 0;
};

/// One line that says what \a frame says.
[[nodiscard]] QString describeFrame(const QByteArray &frame);
/// One line that says what \a entry does.
[[nodiscard]] QString describeEntry(Slot slot, const consensus::Entry &entry);

} // namespace coffer::sim
