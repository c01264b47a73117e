// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "fuzz/rpc_input.h"
#include "rpc/json.h"

#include <QCborValue>

/// The input is one binary message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArrayView input(data, qsizetype(size));
    if (!coffer::rpc::refuteCbor(input)) {
        // What the scan lets through is small enough for Qt, sound, and has no tags.
        QCborParserError error;
        const QCborValue value = QCborValue::fromCbor(input.toByteArray(), &error);
        COFFER_CHECK(error.error == QCborError::NoError, "Qt refuses what the scan let through");
        COFFER_CHECK(!value.isTag(), "a tag came through");
        static_cast<void>(coffer::rpc::toJson(value));
    }
    coffer::fuzz::feedSession(input, coffer::rpc::Form::cbor);
    return 0;
}
