// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "consensus/record.h"
#include "engine/peer_message.h"
#include "storage/journal.h"

/// Between the types of consensus and engine and the bytes of wire. The only place that knows
/// both. Pure; any thread. Decoders are total: any bytes give a value or `invalid` with the name
/// of the field at fault, and never more memory than a small multiple of the input.
namespace coffer::engine::codec {

[[nodiscard]] QByteArray encodeFrame(const PeerFrame &frame);
[[nodiscard]] Result<PeerFrame> decodeFrame(const QByteArray &bytes);

/// The body of an EntryKind::commands entry.
struct Batch
{
    WallMs stamp; ///< The leader's wall clock when it composed the batch.
    std::vector<QByteArray> commands;
    bool operator==(const Batch &) const = default;
};
[[nodiscard]] QByteArray encodeBatch(const Batch &batch);
[[nodiscard]] Result<Batch> decodeBatch(const QByteArray &bytes);

[[nodiscard]] storage::JournalRecord toJournal(const consensus::Record &record);
/// Errors: `corrupt` when the kind is not one of consensus or the payload makes no sense.
[[nodiscard]] Result<consensus::Record> fromJournal(const storage::JournalRecord &record);

[[nodiscard]] storage::JournalRecord foundingRecord(const Founding &founding);
[[nodiscard]] Result<Founding> decodeFounding(const storage::JournalRecord &record);

[[nodiscard]] QByteArray encodeConfiguration(const consensus::Configuration &configuration);
[[nodiscard]] Result<consensus::Configuration> decodeConfiguration(const QByteArray &bytes);

} // namespace coffer::engine::codec
