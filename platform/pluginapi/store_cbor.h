// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/cbor_fields.h"
#include "pluginapi/store.h"

#include <QCborMap>

/// Parameters and results of the store's methods as CBOR maps: docs/formats/store-methods.md. Both
/// sides of a connection use these functions.
///
/// Readers are total and strict: a member that is unknown, of another type or beyond the limits of
/// the store is `invalid` with its name, and so is every path, pattern or transaction that the
/// store would refuse whatever its state is. Writers of parameters leave out what is default.
namespace coffer::pluginapi {

struct ReadCall
{
    store::Question question;
    ReadOptions options;
};
struct CommitCall
{
    store::Transaction transaction;
    CommitOptions options;
    QByteArray command; ///< Both as the log has them: what commitCall() and its like checked.
};
struct HistoryCall
{
    HistoryRequest request;
    ReadOptions options;
};

/// writeCbor() gives the bytes of what toCbor() gives as values; it takes a tenth of the time.

/// The method that asks \a question: "store.get".
[[nodiscard]] const char *methodOf(const store::Question &question);

[[nodiscard]] QByteArray writeCbor(const store::Question &question, const ReadOptions &options);
[[nodiscard]] QCborMap toCbor(const store::Question &question, const ReadOptions &options);
/// \a method as methodOf() names it.
[[nodiscard]] Result<ReadCall> readCall(QLatin1String method, const CborSource &params);
[[nodiscard]] QByteArray writeCbor(const store::Reply &reply);
[[nodiscard]] QCborMap toCbor(const store::Reply &reply);
[[nodiscard]] Result<store::Reply> replyFromCbor(const CborSource &map);

[[nodiscard]] QByteArray writeCbor(const store::Transaction &transaction,
                                   const CommitOptions &options);
[[nodiscard]] QCborMap toCbor(const store::Transaction &transaction, const CommitOptions &options);
[[nodiscard]] Result<CommitCall> commitCall(const CborSource &params);
/// store.put and store.delete: {path, value, expected, ephemeral, lingerMs} and the origin.
[[nodiscard]] Result<CommitCall> putCall(const CborSource &params);
[[nodiscard]] Result<CommitCall> deleteCall(const CborSource &params);
[[nodiscard]] QByteArray writeCbor(const store::Answer &answer);
[[nodiscard]] QCborMap toCbor(const store::Answer &answer);
[[nodiscard]] Result<store::Answer> answerFromCbor(const CborSource &map);

[[nodiscard]] QByteArray writeCbor(const HistoryRequest &request, const ReadOptions &options);
[[nodiscard]] QCborMap toCbor(const HistoryRequest &request, const ReadOptions &options);
[[nodiscard]] Result<HistoryCall> historyCall(const CborSource &params);
[[nodiscard]] QByteArray writeCbor(const store::WatchRequest &request);
[[nodiscard]] QCborMap toCbor(const store::WatchRequest &request);
[[nodiscard]] Result<store::WatchRequest> watchCall(const CborSource &params);
[[nodiscard]] QByteArray writeCbor(const store::WatchAnswer &answer);
[[nodiscard]] QCborMap toCbor(const store::WatchAnswer &answer);
[[nodiscard]] Result<store::WatchAnswer> watchAnswerFromCbor(const CborSource &map);

/// The name of \a status in results: "ok", "guardFailed".
[[nodiscard]] QLatin1String nameOf(store::Status status);

} // namespace coffer::pluginapi
