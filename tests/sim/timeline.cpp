// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline.h"

namespace coffer::sim {

Timeline::Timeline(const Scheduler &world, bool isTracing) : m_world(world), m_isTracing(isTracing)
{}

void Timeline::mix(std::uint64_t kind, std::uint64_t a, std::uint64_t b)
{
    // Two cheap multiply-xor lanes: order matters here, unlike in the store's sums.
    const auto time = std::uint64_t(m_world.now().count());
    m_hash.low = (m_hash.low ^ (kind + a * 31 + time)) * 0x9e3779b97f4a7c15ULL;
    m_hash.low ^= m_hash.low >> 29;
    m_hash.high = (m_hash.high + b + (m_hash.low << 1)) * 0xd6e8feb86659fd93ULL;
    m_hash.high ^= m_hash.high >> 31;
}

void Timeline::frame(std::size_t machine, const QByteArray &bytes, bool isArrival)
{
    const Hash128 content = rowHash(std::uint8_t(isArrival), {}, bytes);
    mix(isArrival ? 1 : 2, machine, content.low);
    Event event;
    event.machine = machine;
    event.frame = bytes;
    event.isArrival = isArrival;
    add(std::move(event));
}

void Timeline::note(const QString &text)
{
    mix(3, 0, rowHash(0, {}, text.toUtf8()).low);
    Event event;
    event.text = text;
    add(std::move(event));
}

void Timeline::add(Event event)
{
    event.time = m_world.now();
    if (m_isTracing)
        std::fprintf(stderr, "%s\n", qUtf8Printable(describe(event)));
    if (m_events.size() < eventsMax) {
        m_events.push_back(std::move(event));
        return;
    }
    m_events[m_next] = std::move(event);
    m_next = (m_next + 1) % eventsMax;
}

QString Timeline::describe(const Event &event)
{
    const QString time =
        QStringLiteral("%1 ms ").arg(double(event.time.count()) / 1000.0, 11, 'f', 3);
    if (event.frame.isEmpty())
        return time + QStringLiteral("   ") + event.text;
    const QString arrow = event.isArrival ? QStringLiteral("gets") : QStringLiteral("says");
    return time + QStringLiteral("m%1 %2 ").arg(event.machine).arg(arrow)
           + describeFrame(event.frame);
}

QString Timeline::text() const
{
    QString text;
    for (std::size_t i = 0; i < m_events.size(); ++i) {
        const std::size_t index = (m_next + i) % m_events.size();
        text += describe(m_events[index]) + QLatin1Char('\n');
    }
    return text;
}

} // namespace coffer::sim
