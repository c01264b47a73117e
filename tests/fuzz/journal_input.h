// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/journal.h"

#include <QtEndian>

/// The input of fuzz_journal_record: kind (1 byte); slot, and epoch, round and node of the ballot
/// (8 bytes each, little endian; 0 where the input ends early); then the payload.
namespace coffer::fuzz {

[[nodiscard]] inline storage::JournalRecord journalRecordOf(const QByteArray &input)
{
    constexpr qsizetype headBytes = 1 + 4 * 8;
    const QByteArray head = input.left(headBytes).leftJustified(headBytes, '\0');
    const auto number = [&head](int index) {
        return qFromLittleEndian<quint64>(head.constData() + 1 + 8 * index);
    };
    return {static_cast<storage::RecordKind>(head.at(0)),
            Slot(number(0)),
            {Epoch(number(1)), number(2), NodeId(number(3))},
            input.mid(headBytes)};
}

[[nodiscard]] inline QByteArray inputOf(const storage::JournalRecord &record)
{
    QByteArray input(1, static_cast<char>(record.kind));
    for (const std::uint64_t number : {record.slot.value(), record.ballot.epoch.value(),
                                       record.ballot.round, record.ballot.node.value()}) {
        const quint64 bytes = qToLittleEndian(quint64(number));
        input.append(reinterpret_cast<const char *>(&bytes), sizeof bytes);
    }
    return input + record.payload;
}

} // namespace coffer::fuzz
