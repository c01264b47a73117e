// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/codec.h"

using namespace coffer;
using namespace coffer::engine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const auto decoded = codec::decodeBatch(bytes);
    if (!decoded) {
        COFFER_CHECK(decoded.error().code == ErrorCode::invalid, "an error of the wrong code");
        return 0;
    }
    const auto again = codec::decodeBatch(codec::encodeBatch(*decoded));
    COFFER_CHECK(again && *again == *decoded, "a batch that does not come back");
    return 0;
}
