// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "pluginapi/store_cbor.h"
#include "rpc/json.h"

using namespace coffer;
using namespace coffer::pluginapi;
using namespace Qt::StringLiterals;

/// What was read is written and read again to the same.
template<class Value>
static void checkTravels(const Result<Value> &value, Result<Value> (*read)(const CborSource &))
{
    if (!value) {
        COFFER_CHECK(value.error().code == ErrorCode::invalid, "a wrong error code");
        COFFER_CHECK(!value.error().message.isEmpty(), "an error without a sentence");
        return;
    }
    const Result<Value> again = read(toCbor(*value));
    COFFER_CHECK(again && *again == *value, "what was written is not what was read");
}

static void checkQuestions(const QCborMap &map)
{
    for (const char *method :
         {"store.get", "store.list", "store.range", "store.glob", "store.entries", "store.stat",
          "store.figures", "session.get", "session.list"}) {
        const Result<ReadCall> call = readCall(QLatin1String(method), map);
        if (!call)
            continue;
        COFFER_CHECK(qstrcmp(methodOf(call->question), method) == 0, "another question was read");
        const auto again = readCall(QLatin1String(method), toCbor(call->question, call->options));
        COFFER_CHECK(again && again->question == call->question, "a question did not travel");
    }
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    if (rpc::refuteCbor(bytes))
        return 0; // The border of both sides.
    QCborParserError fault;
    const QCborValue value = QCborValue::fromCbor(bytes, &fault);
    if (fault.error != QCborError::NoError || !value.isMap())
        return 0;
    const QCborMap map = value.toMap();
    checkQuestions(map);
    for (const auto &read : {&commitCall, &putCall, &deleteCall}) {
        const Result<CommitCall> call = read(map);
        if (!call)
            continue;
        const auto again = commitCall(toCbor(call->transaction, call->options));
        COFFER_CHECK(again && again->transaction == call->transaction,
                     "a transaction did not travel");
    }
    // In place it is what it is as values.
    COFFER_CHECK(bool(commitCall(bytes)) == bool(commitCall(map)),
                 "a commit is read otherwise in place");
    COFFER_CHECK(bool(replyFromCbor(bytes)) == bool(replyFromCbor(map)),
                 "a reply is read otherwise in place");
    (void)historyCall(map);
    (void)watchCall(map);
    checkTravels(replyFromCbor(map), &replyFromCbor);
    checkTravels(answerFromCbor(map), &answerFromCbor);
    checkTravels(watchAnswerFromCbor(map), &watchAnswerFromCbor);
    return 0;
}
