// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "config/bundle.h"

#include <algorithm>

using namespace coffer;
using namespace coffer::config;

/// The first byte says what the others are: a bundle, or one that is packed, without a base or with
/// this one.
static const QByteArray base = "[core]\nlisten 0.0.0.0:8080\ntimeout 1500ms\n";

static constexpr std::size_t bytesMax = std::size_t(1) << 20;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const QByteArray input(reinterpret_cast<const char *>(data + 1), qsizetype(size - 1));
    if (data[0] == 'b') {
        const Result<Bundle> bundle = decodeBundle(input);
        COFFER_CHECK(!bundle || encode(*bundle) == input, "two encodings of one bundle");
        COFFER_CHECK(bundle || bundle.error().code == ErrorCode::invalid, "a wrong error code");
        return 0;
    }
    const QByteArray under = data[0] == 'p' ? QByteArray() : base;
    const Result<QByteArray> bytes = unpack(input, under, bytesMax);
    COFFER_CHECK(!bytes || std::size_t(bytes->size()) <= bytesMax, "more than was allowed");
    if (!bytes)
        return 0;
    const Result<QByteArray> again = unpack(pack(*bytes, under), under, bytesMax);
    COFFER_CHECK(again && *again == *bytes, "lost while packed");
    return 0;
}
