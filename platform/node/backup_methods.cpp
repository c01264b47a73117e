// SPDX-License-Identifier: Apache-2.0
#include "node/backup_methods.h"

#include "base/eventual.h"
#include "base/limits.h"
#include "node/data_directory.h"
#include "node/store_schemas.h"

#include <QDir>
#include <QFileInfo>
#include <QStorageInfo>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

static constexpr Monotonic copyKept{60'000'000};
static constexpr std::chrono::seconds lookEvery{10};
/// What a copy leaves to the journal.
static constexpr std::uint64_t spaceKept = std::uint64_t(64) << 20;

BackupMethods::BackupMethods(Host &host, QString directory)
    : m_host(host), m_directory(std::move(directory))
{
    m_timer.setInterval(lookEvery);
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer,
                     [this] { dropUnused(m_host.clock().monotonic()); });
}

static rpc::Method method(const char *name, const char *summary, QByteArray params)
{
    rpc::Method of;
    of.name = QString::fromLatin1(name);
    of.summary = QString::fromLatin1(summary);
    of.params = std::move(params);
    of.result = R"({"type":"object"})";
    of.access.kind = rpc::Access::Kind::admin;
    return of;
}

MethodTable<BackupMethods> BackupMethods::methods() const
{
    const QByteArray backup = R"("backup":{"type":"integer","minimum":1})";
    rpc::Method beginning = method(
        "backup.begin", "Makes a copy of everything that is acknowledged.", schemas::object({}));
    beginning.deadline = std::chrono::minutes(10);
    rpc::Method reading =
        method("backup.read", "A piece of the copy; empty at its end.",
               schemas::object(backup + R"(,"offset":{"type":"integer","minimum":0})",
                               R"("backup","offset")"));
    reading.result =
        R"({"type":"object","properties":{"bytes":{"type":"string","contentEncoding":"base64"}}})";
    return {
        {std::move(beginning), &BackupMethods::begin},
        {std::move(reading), &BackupMethods::read},
        {method("backup.end", "Drops the copy.", schemas::object(backup, R"("backup")")),
         &BackupMethods::end},
    };
}

Result<void> BackupMethods::addTo(rpc::Registry &registry)
{
    return registerAll(registry, *this, methods(), m_registrations);
}

/// A copy must not be what fills the disk of the journal.
Result<void> BackupMethods::checkSpace() const
{
    if (m_directory.isEmpty())
        return {};
    std::uint64_t needed = 0;
    for (const QFileInfo &file : QDir(m_directory).entryInfoList({u"checkpoint-*"_s}, QDir::Files))
        needed += std::uint64_t(file.size());
    const auto free =
        std::uint64_t(std::max<qint64>(0, QStorageInfo(m_directory).bytesAvailable()));
    if (free >= needed + spaceKept)
        return {};
    return Error{
        ErrorCode::noSpace,
        u"the disk of this node has %1 MiB free, and a copy may take %2 MiB besides what "
        "the journal needs; ask another node with --endpoints, or free some space"_s.arg(free >> 20)
            .arg((needed + spaceKept) >> 20)};
}

QCoro::Task<Result<BackupMethods::File>> BackupMethods::copy()
{
    // What a linearizable read sees holds everything that was acknowledged before.
    Eventual<engine::Answer> seen({ErrorCode::unavailable, u"the node ended"_s});
    m_host.engine().read(engine::ReadMode::linearizable, Slot(), {}, seen.setter());
    m_host.requestFlush();
    const Result<engine::Answer> answer = co_await seen;
    if (!answer)
        co_return answer.error();
    Eventual<File> made({ErrorCode::unavailable, u"the node ended"_s});
    m_host.engine().exportCheckpoint(answer->slot, made.setter());
    m_host.requestFlush();
    const Result<File> file = co_await made;
    co_return file;
}

BackupMethods::Task BackupMethods::begin(rpc::Call &call)
{
    if (m_copies.size() + m_making >= copiesMax) {
        rpc::Failure busy = rpc::Failure::of(
            rpc::Code::unavailable,
            u"this node makes or holds %1 copies already; try again, or ask another node"_s.arg(
                copiesMax));
        busy.retryAfter = std::chrono::seconds(5);
        co_return busy;
    }
    if (const Result<void> room = checkSpace(); !room)
        co_return rpc::Failure::of(rpc::Code::limit, room.error().message);
    const QPointer<Host> host(&m_host);
    ++m_making;
    const Result<File> file = co_await copy();
    if (!host)
        co_return rpc::Failure::of(rpc::Code::unavailable, u"the node ended"_s);
    --m_making;
    if (!file)
        co_return file.error();
    if (call.isCancelled())
        co_return rpc::Failure::of(rpc::Code::cancelled, u"nobody waits for the copy any more"_s);
    // 53 bits: what JSON can carry.
    const auto name = qint64(m_host.random().next() >> 11) + 1;
    m_copies[name] = {*file, m_host.clock().monotonic()};
    m_timer.start();
    const storage::CheckpointHeader &header = (*file)->header();
    co_return QCborValue(QCborMap{{u"backup"_s, name},
                                  {u"size"_s, qint64((*file)->size())},
                                  {u"cluster"_s, idText(header.cluster.value())},
                                  {u"applied"_s, qint64(header.applied.value())}});
}

static rpc::Failure isGone()
{
    return rpc::Failure::of(rpc::Code::notFound,
                            u"this node has no such copy: it is dropped after a minute in which "
                            "nobody asks for it, and other nodes do not have it; begin again"_s);
}

BackupMethods::Task BackupMethods::read(rpc::Call &call)
{
    const auto found = m_copies.find(call.params.value("backup"_L1).toInteger());
    if (found == m_copies.end())
        co_return isGone();
    found->second.usedAt = m_host.clock().monotonic();
    const auto offset = std::uint64_t(call.params.value("offset"_L1).toInteger());
    const Result<QByteArray> bytes = found->second.file->read(offset, limits::chunkBytesMax);
    if (!bytes)
        co_return bytes.error();
    co_return QCborValue(QCborMap{{u"bytes"_s, *bytes}});
}

BackupMethods::Task BackupMethods::end(rpc::Call &call)
{
    if (m_copies.erase(call.params.value("backup"_L1).toInteger()) == 0)
        co_return isGone();
    co_return QCborValue(QCborMap());
}

void BackupMethods::dropUnused(Monotonic now)
{
    std::erase_if(m_copies,
                  [now](const auto &copy) { return now - copy.second.usedAt > copyKept; });
    if (m_copies.empty())
        m_timer.stop();
}

} // namespace coffer::node
