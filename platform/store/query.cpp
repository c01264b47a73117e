// SPDX-License-Identifier: Apache-2.0
#include "store/query.h"

#include "store/bytes_p.h"
#include "store/format_p.h"
#include "store/limits.h"
#include "store/path.h"

namespace coffer::store {

using format::QuestionKind;

QByteArray encode(const Question &question)
{
    ByteWriter writer(64);
    writer.number(format::version);
    if (const auto *get = std::get_if<Get>(&question)) {
        writer.number(std::uint8_t(QuestionKind::get));
        writer.counted<std::uint16_t>(get->path);
    } else if (const auto *list = std::get_if<List>(&question)) {
        writer.number(std::uint8_t(QuestionKind::list));
        writer.counted<std::uint16_t>(list->path);
        writer.counted<std::uint16_t>(list->after);
    } else if (const auto *state = std::get_if<SessionState>(&question)) {
        writer.number(std::uint8_t(QuestionKind::session));
        writer.number(state->session.value());
    } else {
        writer.number(std::uint8_t(QuestionKind::revision));
    }
    return writer.take();
}

static Question readQuestion(ByteReader &reader)
{
    if (reader.number<std::uint8_t>() != format::version)
        reader.fail();
    switch (QuestionKind(reader.number<std::uint8_t>())) {
    case QuestionKind::get: {
        const QByteArrayView path = reader.counted<std::uint16_t>(limits::pathBytesMax);
        if (!isFilePath(path))
            reader.fail();
        return Get{path.toByteArray()};
    }
    case QuestionKind::list: {
        const QByteArrayView path = reader.counted<std::uint16_t>(limits::pathBytesMax);
        const QByteArrayView after = reader.counted<std::uint16_t>(limits::pathBytesMax);
        if (!isTreePath(path) || (!after.isEmpty() && !isFilePath(after)))
            reader.fail();
        return List{path.toByteArray(), after.toByteArray()};
    }
    case QuestionKind::session: return SessionState{SessionId(reader.number<std::uint64_t>())};
    case QuestionKind::revision: return StoreState{};
    }
    reader.fail();
    return StoreState{};
}

Result<Question> decodeQuestion(QByteArrayView bytes)
{
    ByteReader reader(bytes);
    Question question = readQuestion(reader);
    if (!reader.isAtEnd())
        return Error{ErrorCode::invalid, QStringLiteral("these bytes are no question to a store")};
    return question;
}

QByteArray encode(const Reply &reply)
{
    ByteWriter writer(64);
    writer.number(format::version);
    writer.number(std::uint8_t((reply.isValid ? format::replyIsValid : 0)
                               | (reply.hasMore ? format::replyHasMore : 0)
                               | (reply.isSessionAlive ? format::replySessionLives : 0)));
    writer.number(reply.revision.value());
    writer.number(std::uint64_t(reply.appliedTime.count()));
    writer.number(ByteWriter::clamped<std::uint16_t>(reply.files.size()));
    for (const FileView &file : reply.files) {
        writer.counted<std::uint16_t>(file.path);
        writer.number(file.revision.value());
        writer.number(file.created.value());
        writer.number(file.owner.value());
        writer.counted<std::uint32_t>(file.value);
    }
    return writer.take();
}

static FileView readFile(ByteReader &reader)
{
    FileView file;
    file.path = reader.counted<std::uint16_t>(limits::pathBytesMax).toByteArray();
    file.revision = Revision(reader.number<std::uint64_t>());
    file.created = Revision(reader.number<std::uint64_t>());
    file.owner = SessionId(reader.number<std::uint64_t>());
    file.value = reader.counted<std::uint32_t>(limits::valueBytesMax).toByteArray();
    if (!isFilePath(file.path))
        reader.fail();
    return file;
}

Result<Reply> decodeReply(QByteArrayView bytes)
{
    ByteReader reader(bytes);
    const auto version = reader.number<std::uint8_t>();
    const auto flags = reader.number<std::uint8_t>();
    Reply reply;
    reply.isValid = (flags & format::replyIsValid) != 0;
    reply.hasMore = (flags & format::replyHasMore) != 0;
    reply.isSessionAlive = (flags & format::replySessionLives) != 0;
    reply.revision = Revision(reader.number<std::uint64_t>());
    const auto timeMs = reader.number<std::uint64_t>();
    reply.appliedTime = WallMs(std::int64_t(timeMs));
    const std::size_t count = reader.number<std::uint16_t>();
    for (std::size_t i = 0; i < count && reader.isGood(); ++i)
        reply.files.push_back(readFile(reader));
    if (!reader.isAtEnd() || version != format::version || (flags & ~format::replyFlags) != 0
        || timeMs > std::uint64_t(INT64_MAX)) {
        return Error{ErrorCode::invalid, QStringLiteral("these bytes are no reply of a store")};
    }
    return reply;
}

} // namespace coffer::store
