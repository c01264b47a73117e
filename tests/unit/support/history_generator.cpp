// SPDX-License-Identifier: Apache-2.0
#include "unit/support/history_generator.h"

#include <QRandomGenerator>
#include <QtGlobal>

#include <algorithm>
#include <iterator>

namespace coffer::test {

using Kind = Operation::Kind;
using Mode = Operation::Mode;
using Outcome = Operation::Outcome;

HistoryGenerator::HistoryGenerator(Random &random, const GeneratorOptions &options)
    : m_random(random), m_options(options)
{}

bool HistoryGenerator::chance(int percent)
{
    return m_random.below(100) < static_cast<std::uint64_t>(percent);
}

QByteArray HistoryGenerator::anyValue()
{
    return QByteArray::number(m_random.below(static_cast<std::uint64_t>(m_options.values)));
}

History HistoryGenerator::generate()
{
    m_history = {};
    m_revision = 0;
    m_versions.clear();
    for (int i = 0; i < m_options.operations; ++i) {
        Operation operation = begin(1'000'000 + 10 * static_cast<std::uint64_t>(i));
        if (operation.kind == Kind::get)
            doRead(operation);
        else
            doWrite(operation);
        m_history.append(operation);
    }
    return m_history;
}

Operation HistoryGenerator::begin(std::uint64_t effectTime)
{
    const auto spread = static_cast<std::uint64_t>(m_options.spread) + 1;
    Operation operation;
    operation.process =
        'p' + QByteArray::number(m_random.below(static_cast<std::uint64_t>(m_options.processes)));
    operation.key =
        'k' + QByteArray::number(m_random.below(static_cast<std::uint64_t>(m_options.keys)));
    operation.called = effectTime - m_random.below(spread);
    operation.returned = effectTime + m_random.below(spread);
    if (chance(m_options.readChance))
        return operation;
    const std::uint64_t kind = m_random.below(10);
    operation.kind = kind < 5 ? Kind::put : kind < 9 ? Kind::cas : Kind::del;
    if (operation.kind == Kind::put || (operation.kind == Kind::cas && !chance(10)))
        operation.newValue = anyValue();
    if (operation.kind == Kind::cas) {
        if (chance(60))
            operation.expected = valueAt(operation.key, m_revision);
        else if (chance(80))
            operation.expected = anyValue();
    }
    return operation;
}

/// The newest revision that the process of \a read had been told when it asked.
std::uint64_t HistoryGenerator::sessionFloor(const Operation &read) const
{
    std::uint64_t floor = 0;
    for (const Operation &other : m_history.operations()) {
        if (other.process == read.process && other.revision && other.returned < read.called)
            floor = std::max(floor, *other.revision);
    }
    return floor;
}

void HistoryGenerator::doRead(Operation &operation)
{
    std::uint64_t revision = m_revision;
    if (chance(m_options.weakReadChance)) {
        operation.mode = chance(50) ? Mode::session : Mode::local;
        const bool isSession = operation.mode == Mode::session;
        const std::uint64_t floor = isSession ? sessionFloor(operation) : 0;
        revision = floor + m_random.below(m_revision - floor + 1);
    }
    if (chance(m_options.unknownChance)) {
        operation.returned.reset();
        return;
    }
    operation.outcome = Outcome::ok;
    operation.seen = valueAt(operation.key, revision);
    if (chance(m_options.revisionChance))
        operation.revision = revision;
}

void HistoryGenerator::doWrite(Operation &operation)
{
    if (chance(20))
        ++m_revision; // Somebody wrote a key that is not recorded.
    if (chance(m_options.failedChance))
        operation.outcome = Outcome::failed;
    else if (chance(m_options.unknownChance))
        doUnknownWrite(operation);
    else
        doKnownWrite(operation);
}

void HistoryGenerator::doUnknownWrite(Operation &operation)
{
    operation.called -= m_random.below(300);
    operation.returned = operation.called + m_random.below(50); // The client may give up early.
    if (chance(50))
        operation.returned.reset();
    const bool isPossible =
        operation.kind != Kind::cas || operation.expected == valueAt(operation.key, m_revision);
    if (isPossible && chance(60))
        write(operation.key, operation.newValue);
}

void HistoryGenerator::doKnownWrite(Operation &operation)
{
    const MaybeValue current = valueAt(operation.key, m_revision);
    operation.outcome = Outcome::ok;
    if (operation.kind == Kind::cas && operation.expected != current)
        operation.outcome = Outcome::mismatch;
    else if (operation.kind == Kind::del && !current && chance(50))
        operation.outcome = Outcome::absent;
    else
        write(operation.key, operation.newValue);
    if (chance(m_options.revisionChance))
        operation.revision = m_revision;
}

void HistoryGenerator::write(const QByteArray &key, const MaybeValue &value)
{
    ++m_revision;
    m_versions[key][m_revision] = value;
}

HistoryGenerator::MaybeValue HistoryGenerator::valueAt(const QByteArray &key,
                                                       std::uint64_t revision) const
{
    const auto versions = m_versions.find(key);
    if (versions == m_versions.end())
        return std::nullopt;
    auto it = versions->second.upper_bound(revision);
    return it == versions->second.begin() ? std::nullopt : std::prev(it)->second;
}

std::uint64_t announcedSeed()
{
    bool isGiven = false;
    std::uint64_t seed = qEnvironmentVariable("COFFER_SEED").toULongLong(&isGiven);
    if (!isGiven)
        seed = QRandomGenerator::system()->generate();
    qInfo("COFFER_SEED=%llu", static_cast<unsigned long long>(seed));
    return seed;
}

} // namespace coffer::test
