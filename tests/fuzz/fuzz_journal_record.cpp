// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/codec.h"
#include "fuzz/journal_input.h"

using namespace coffer;
using namespace coffer::engine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const auto record =
        fuzz::journalRecordOf(QByteArray(reinterpret_cast<const char *>(data), qsizetype(size)));
    const auto decoded = codec::fromJournal(record);
    const auto founding = codec::decodeFounding(record);
    COFFER_CHECK(decoded || decoded.error().code == ErrorCode::corrupt, "a wrong error code");
    COFFER_CHECK(founding || founding.error().code == ErrorCode::corrupt, "a wrong error code");
    COFFER_CHECK(!decoded || !founding, "a record of two kinds");
    if (decoded) {
        const auto again = codec::fromJournal(codec::toJournal(*decoded));
        COFFER_CHECK(again && *again == *decoded, "a record that does not come back");
    }
    if (founding) {
        const auto again = codec::decodeFounding(codec::foundingRecord(*founding));
        COFFER_CHECK(again && *again == *founding, "a founding that does not come back");
    }
    return 0;
}
