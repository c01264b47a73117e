// SPDX-License-Identifier: Apache-2.0
#include "store/bytes_p.h"
#include "store/format_p.h"
#include "store/limits.h"
#include "store/path.h"
#include "store/query.h"

namespace coffer::store {

static void write(ByteWriter &writer, const FileView &file)
{
    const bool lacksValue = file.value.isEmpty() && file.valueBytes > 0;
    writer.counted<std::uint16_t>(file.path);
    writer.number(std::uint8_t((file.heldUntil ? format::fileIsHeld : 0)
                               | (lacksValue ? format::fileLacksValue : 0)));
    writer.number(file.revision.value());
    writer.number(file.created.value());
    writer.number(file.owner.value());
    writer.number(std::uint64_t(file.time.count()));
    if (file.heldUntil)
        writer.number(std::uint64_t(file.heldUntil->count()));
    if (lacksValue)
        writer.number(file.valueBytes);
    else
        writer.counted<std::uint32_t>(file.value);
}

static void write(ByteWriter &writer, const EntryView &entry)
{
    writer.number(std::uint8_t(entry.isDirectory));
    writer.counted<std::uint16_t>(entry.name);
}

static void write(ByteWriter &writer, const SessionInfo &session)
{
    writer.number(session.session.value());
    writer.number(std::uint64_t(session.timeToLive.count()));
    writer.number(session.ephemerals);
    writer.number(session.outcomes);
}

static void write(ByteWriter &writer, const StoreFigures &figures)
{
    writer.number(figures.files);
    writer.number(figures.versions);
    writer.number(figures.liveBytes);
    writer.number(figures.bytesMax);
    writer.number(figures.sessions);
    writer.number(figures.applyVersion);
}

template<class View>
static void writeAll(ByteWriter &writer, const std::vector<View> &views)
{
    writer.number(ByteWriter::clamped<std::uint16_t>(views.size()));
    for (const View &view : views)
        write(writer, view);
}

static qsizetype expectedBytes(const Reply &reply)
{
    qsizetype bytes = 128;
    for (const FileView &file : reply.files)
        bytes += 64 + file.path.size() + file.value.size();
    return bytes;
}

QByteArray encode(const Reply &reply)
{
    ByteWriter writer(expectedBytes(reply));
    writer.number(format::version);
    writer.number(std::uint8_t(reply.status));
    writer.number(std::uint8_t((reply.hasMore ? format::replyHasMore : 0)
                               | (reply.isSessionAlive ? format::replySessionLives : 0)
                               | (reply.figures ? format::replyHasState : 0)));
    writer.number(reply.revision.value());
    writer.number(reply.floor.value());
    writer.number(std::uint64_t(reply.appliedTime.count()));
    writer.number(reply.at.value());
    writer.number(reply.count);
    writer.counted<std::uint16_t>(reply.resume);
    writeAll(writer, reply.files);
    writeAll(writer, reply.entries);
    writeAll(writer, reply.sessions);
    if (reply.figures)
        write(writer, *reply.figures);
    return writer.take();
}

static std::int64_t readTime(ByteReader &reader)
{
    const auto time = reader.number<std::uint64_t>();
    if (time > std::uint64_t(INT64_MAX))
        reader.fail();
    return std::int64_t(time);
}

static void read(ByteReader &reader, FileView &file)
{
    file.path = reader.counted<std::uint16_t>(limits::pathBytesMax).toByteArray();
    const auto flags = reader.number<std::uint8_t>();
    file.revision = Revision(reader.number<std::uint64_t>());
    file.created = Revision(reader.number<std::uint64_t>());
    file.owner = SessionId(reader.number<std::uint64_t>());
    file.time = WallMs(readTime(reader));
    if ((flags & format::fileIsHeld) != 0)
        file.heldUntil = WallMs(readTime(reader));
    if ((flags & format::fileLacksValue) != 0) {
        file.valueBytes = reader.number<std::uint32_t>();
        if (file.valueBytes == 0 || file.valueBytes > limits::valueBytesMax)
            reader.fail();
    } else {
        file.value = reader.counted<std::uint32_t>(limits::valueBytesMax).toByteArray();
        file.valueBytes = std::uint32_t(file.value.size());
    }
    if (!isFilePath(file.path) || (flags & ~format::fileFlags) != 0)
        reader.fail();
}

static void read(ByteReader &reader, EntryView &entry)
{
    const auto isDirectory = reader.number<std::uint8_t>();
    entry.isDirectory = isDirectory != 0;
    entry.name = reader.counted<std::uint16_t>(limits::segmentBytesMax).toByteArray();
    if (isDirectory > 1 || entry.name.contains('/') || !isFilePath('/' + entry.name))
        reader.fail();
}

static void read(ByteReader &reader, SessionInfo &session)
{
    session.session = SessionId(reader.number<std::uint64_t>());
    session.timeToLive = std::chrono::milliseconds(readTime(reader));
    session.ephemerals = reader.number<std::uint32_t>();
    session.outcomes = reader.number<std::uint32_t>();
}

static void read(ByteReader &reader, StoreFigures &figures)
{
    figures.files = reader.number<std::uint64_t>();
    figures.versions = reader.number<std::uint64_t>();
    figures.liveBytes = reader.number<std::uint64_t>();
    figures.bytesMax = reader.number<std::uint64_t>();
    figures.sessions = reader.number<std::uint64_t>();
    figures.applyVersion = reader.number<std::uint32_t>();
}

template<class View>
static void readAll(ByteReader &reader, std::vector<View> &views)
{
    const std::size_t count = reader.number<std::uint16_t>();
    if (count > limits::listFilesMax)
        reader.fail();
    for (std::size_t i = 0; i < count && reader.isGood(); ++i)
        read(reader, views.emplace_back());
}

Result<Reply> decodeReply(QByteArrayView bytes)
{
    ByteReader reader(bytes);
    Reply reply;
    const auto version = reader.number<std::uint8_t>();
    reply.status = ReplyStatus(reader.number<std::uint8_t>());
    const auto flags = reader.number<std::uint8_t>();
    reply.hasMore = (flags & format::replyHasMore) != 0;
    reply.isSessionAlive = (flags & format::replySessionLives) != 0;
    reply.revision = Revision(reader.number<std::uint64_t>());
    reply.floor = Revision(reader.number<std::uint64_t>());
    reply.appliedTime = WallMs(readTime(reader));
    reply.at = Revision(reader.number<std::uint64_t>());
    reply.count = reader.number<std::uint64_t>();
    reply.resume = reader.counted<std::uint16_t>(limits::pathBytesMax + 1).toByteArray();
    readAll(reader, reply.files);
    readAll(reader, reply.entries);
    readAll(reader, reply.sessions);
    if ((flags & format::replyHasState) != 0)
        read(reader, reply.figures.emplace());
    if (!reader.isAtEnd() || version != format::version || (flags & ~format::replyFlags) != 0
        || reply.status < ReplyStatus::ok || reply.status > ReplyStatus::compacted
        || (!reply.resume.isEmpty() && !isPlace(reply.resume))) {
        return Error{ErrorCode::invalid, QStringLiteral("these bytes are no reply of a store")};
    }
    return reply;
}

} // namespace coffer::store
