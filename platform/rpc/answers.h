// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/error.h"

#include <QCborArray>

namespace coffer::rpc {

/// The answers to one message: one, or those of a batch together. Value.
class Answers
{
public:
    explicit Answers(bool isBatch) : m_isBatch(isBatch) {}

    /// Adds the answer to the call \a id. Large answers for which a batch has no room any more
    /// (limits::messageBytesMax) become LIMIT; small ones, those to all writes, are never lost.
    void add(const QCborValue &id, const Outcome &outcome);
    [[nodiscard]] bool isEmpty() const { return m_answers.isEmpty(); }
    /// As it is written. Only if it is not empty.
    [[nodiscard]] QCborValue message() const
    {
        return m_isBatch ? QCborValue(m_answers) : m_answers.first();
    }

private:
    bool m_isBatch;
    std::size_t m_bytes = 0; ///< Of a batch.
    QCborArray m_answers;
};

} // namespace coffer::rpc
