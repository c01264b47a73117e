// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/message.h"

#include <QList>

namespace coffer::rpc {

/// The answers to one message: one, or those of a batch together. Value.
class Answers
{
public:
    Answers(bool isBatch, Form form) : m_isBatch(isBatch), m_form(form) {}

    /// Adds the answer to the call \a id. Large answers for which a batch has no room any more
    /// (limits::messageBytesMax) become LIMIT; small ones, those to all writes, are never lost.
    void add(const QCborValue &id, const Outcome &outcome);
    [[nodiscard]] bool isEmpty() const { return m_answers.isEmpty(); }
    /// The bytes of all. Only if it is not empty.
    [[nodiscard]] QByteArray message() const;

private:
    bool m_isBatch;
    Form m_form;
    std::size_t m_bytes = 0; ///< Of a batch.
    QList<QByteArray> m_answers;
};

} // namespace coffer::rpc
