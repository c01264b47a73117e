// SPDX-License-Identifier: Apache-2.0
#include "rpc/answers.h"

#include "base/cbor.h"
#include "rpc/limits.h"

using namespace Qt::StringLiterals;

namespace coffer::rpc {

/// Answers up to this size always have a place: 256 of them are 4 MiB.
static constexpr std::size_t smallBytes = 16'384;

void Answers::add(const QCborValue &id, const Outcome &outcome)
{
    QByteArray answer = writeAnswer(id, outcome, m_form);
    if (m_isBatch) {
        const auto bytes = std::size_t(answer.size());
        if (bytes > smallBytes && m_bytes + bytes > limits::messageBytesMax) {
            const Failure tooMuch = Failure::of(
                Code::limit, u"The answers of this batch are larger than %1 bytes; ask for less at "
                             "once."_s.arg(limits::messageBytesMax));
            answer = writeAnswer(id, tooMuch, m_form);
        } else {
            m_bytes += bytes;
        }
    }
    m_answers.append(answer);
}

QByteArray Answers::message() const
{
    if (!m_isBatch)
        return m_answers.first();
    if (m_form == Form::json)
        return '[' + m_answers.join(',') + ']';
    return cbor::arrayHead(std::size_t(m_answers.size())) + m_answers.join();
}

} // namespace coffer::rpc
