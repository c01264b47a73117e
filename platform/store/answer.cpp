// SPDX-License-Identifier: Apache-2.0
#include "store/answer.h"

#include "store/bytes_p.h"
#include "store/format_p.h"

namespace coffer::store {

static constexpr qsizetype answerBytes = 31;

QByteArray encode(const Answer &answer)
{
    ByteWriter writer(answerBytes);
    writer.number(format::version);
    writer.number(static_cast<std::uint8_t>(answer.status));
    writer.number(std::uint8_t((answer.isChanged ? format::answerIsChanged : 0)
                               | (answer.failedGuard ? format::answerHasGuard : 0)
                               | (answer.failedOperation ? format::answerHasOperation : 0)));
    writer.number(answer.failedGuard.value_or(0));
    writer.number(answer.failedOperation.value_or(0));
    writer.number(answer.revision.value());
    writer.number(answer.found);
    writer.number(answer.session.value());
    return writer.take();
}

Result<Answer> decodeAnswer(QByteArrayView bytes)
{
    ByteReader reader(bytes);
    const auto version = reader.number<std::uint8_t>();
    const auto status = reader.number<std::uint8_t>();
    const auto flags = reader.number<std::uint8_t>();
    const auto guard = reader.number<std::uint16_t>();
    const auto operation = reader.number<std::uint16_t>();
    Answer answer;
    answer.status = Status(status);
    answer.isChanged = (flags & format::answerIsChanged) != 0;
    answer.revision = Revision(reader.number<std::uint64_t>());
    answer.found = reader.number<std::uint64_t>();
    answer.session = SessionId(reader.number<std::uint64_t>());
    if ((flags & format::answerHasGuard) != 0)
        answer.failedGuard = guard;
    if ((flags & format::answerHasOperation) != 0)
        answer.failedOperation = operation;
    const bool isStatus =
        status >= std::uint8_t(Status::ok) && status <= std::uint8_t(Status::versionNotNext);
    const bool isGuardSound =
        (answer.failedGuard || guard == 0) && (answer.failedOperation || operation == 0);
    if (!reader.isAtEnd() || version != format::version || !isStatus || !isGuardSound
        || (flags & ~format::answerFlags) != 0) {
        return Error{ErrorCode::invalid, QStringLiteral("these bytes are no answer of a store")};
    }
    return answer;
}

} // namespace coffer::store
