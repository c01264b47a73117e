// SPDX-License-Identifier: Apache-2.0
#include "unit/store/random_command.h"

#include <QByteArrayList>

namespace coffer::store::test {

Command RandomCommand::command()
{
    Command command;
    if (!chance(4))
        command.origin = origin();
    switch (m_random.below(22)) {
    case 0:
        command.body = OpenSession{m_random.below(6), std::chrono::seconds(10 + m_random.below(2))};
        command.origin = chance(4) ? command.origin : std::nullopt;
        break;
    case 1: command.body = CloseSession{session()}; break;
    case 2: command.body = EndSession{session(), Slot(m_model.tenure - (chance(2) ? 1 : 0))}; break;
    case 3:
        command.body = Compact{Revision(
            std::max<std::uint64_t>(1, m_model.floor + m_random.below(chance(6) ? 60 : 8)))};
        break;
    case 4:
        if (chance(3)) {
            command.origin.reset();
            command.body = RaiseApplyVersion{std::uint32_t(2 + m_random.below(2))};
            break;
        }
        [[fallthrough]];
    default: command.body = transaction(command.origin.has_value());
    }
    return command;
}

QByteArray RandomCommand::damaged(QByteArray bytes)
{
    for (std::uint64_t left = 1 + m_random.below(3); left > 0 && !bytes.isEmpty(); --left) {
        const auto at = qsizetype(m_random.below(std::uint64_t(bytes.size())));
        switch (m_random.below(4)) {
        case 0: bytes.truncate(at); break;
        case 1: bytes.insert(at, char(m_random.below(256))); break;
        default: bytes[at] = char(m_random.below(256));
        }
    }
    return bytes;
}

QByteArray RandomCommand::garbage()
{
    QByteArray bytes;
    for (std::uint64_t left = m_random.below(60); left > 0; --left)
        bytes.append(char(chance(2) ? m_random.below(8) : m_random.below(256)));
    return bytes;
}

SessionId RandomCommand::session()
{
    const std::uint64_t newest = m_model.newestSession;
    return SessionId(std::max<std::uint64_t>(1, newest + 1 - std::min(newest, m_random.below(8))));
}

QByteArray RandomCommand::path()
{
    static const QByteArrayList paths{"/a",   "/a/b",   "/a/b/c", "/a-",   "/a0",  "/a/b.c",
                                      "/b",   "/b/a/c", "/a/%",   "/~",    "/b/0", "/c",
                                      "/c/d", "/c/e",   "/c.d",   "/c.d/e"};
    return paths[qsizetype(m_random.below(std::uint64_t(paths.size())))];
}

QByteArray RandomCommand::value()
{
    return QByteArray(qsizetype(m_random.below(4)), char('x' + m_random.below(2)));
}

Revision RandomCommand::revision()
{
    return Revision(1 + m_model.revision - std::min(m_model.revision, m_random.below(12)));
}

Origin RandomCommand::origin()
{
    const SessionId id = session();
    const auto known = m_model.sessions.find(id.value());
    const std::uint64_t acknowledged =
        known == m_model.sessions.end() ? 0 : known->second.acknowledged;
    std::uint64_t sequence = acknowledged + m_random.below(8);
    if (chance(8))
        sequence = acknowledged + 60 + m_random.below(8);
    sequence = std::max<std::uint64_t>(1, sequence);
    const std::uint64_t step = chance(6) ? m_random.below(4) : 0;
    return {id, Sequence(sequence), Sequence(std::min(sequence - 1, acknowledged + step))};
}

Guard RandomCommand::guard()
{
    const WallMs time(
        std::max<std::int64_t>(0, m_model.timeMs + 2 - std::int64_t(m_random.below(4))));
    switch (m_random.below(8)) {
    case 0: return RevisionEquals{path(), revision()};
    case 1: return Missing{path()};
    case 2: return CreatedEquals{path(), revision()};
    case 3: return ValueEquals{path(), value()};
    case 4: return SessionAlive{session()};
    case 5: return RevisionBelow{path(), revision()};
    case 6: return TimeWithin{time + WallMs(4), WallMs(std::int64_t(m_random.below(6)))};
    default: return TimeReached{time};
    }
}

Operation RandomCommand::operation(bool hasOrigin)
{
    switch (m_random.below(8)) {
    case 0:
    case 1: return Delete{path()};
    case 2: return DeleteTree{chance(20) ? QByteArray("/") : path()};
    default: {
        Put put{path(), value(), hasOrigin && chance(3)};
        if (put.isEphemeral && chance(2))
            put.linger = std::chrono::milliseconds(1 + m_random.below(12));
        return put;
    }
    }
}

Transaction RandomCommand::transaction(bool hasOrigin)
{
    Transaction transaction;
    for (std::uint64_t left = chance(2) ? 0 : 1 + m_random.below(2); left > 0; --left)
        transaction.guards.push_back(guard());
    for (std::uint64_t left = m_random.below(4); left > 0; --left)
        transaction.operations.push_back(operation(hasOrigin));
    for (std::uint64_t left = chance(2) ? 0 : m_random.below(3); left > 0; --left)
        transaction.otherwise.push_back(operation(hasOrigin));
    return transaction;
}

} // namespace coffer::store::test
