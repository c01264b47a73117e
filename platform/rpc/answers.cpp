// SPDX-License-Identifier: Apache-2.0
#include "rpc/answers.h"

#include "rpc/limits.h"
#include "rpc/message.h"

using namespace Qt::StringLiterals;

namespace coffer::rpc {

/// Answers up to this size always have a place: 256 of them are 4 MiB.
static constexpr std::size_t smallBytes = 16'384;

void Answers::add(const QCborValue &id, const Outcome &outcome)
{
    QCborMap answer = answerOf(id, outcome);
    if (m_isBatch) {
        const auto bytes = std::size_t(answer.toCborValue().toCbor().size());
        if (bytes > smallBytes && m_bytes + bytes > limits::messageBytesMax) {
            answer = answerOf(
                id, Failure::of(Code::limit,
                                u"The answers of this batch are larger than %1 bytes; ask for less "
                                "at once."_s.arg(limits::messageBytesMax)));
        } else {
            m_bytes += bytes;
        }
    }
    m_answers.append(answer);
}

} // namespace coffer::rpc
