// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "store/store.h"

using namespace coffer;
using namespace coffer::store;

/// Takes the next bytes from the input: their number in two bytes, little-endian, then themselves.
static QByteArray takeBytes(QByteArrayView &input)
{
    const auto byteAt = [input](qsizetype at) { return static_cast<unsigned char>(input[at]); };
    const qsizetype length = input.size() < 2 ? 0 : byteAt(0) + 256 * byteAt(1);
    input = input.sliced(std::min<qsizetype>(2, input.size()));
    const QByteArrayView bytes = input.first(std::min(length, input.size()));
    input = input.sliced(bytes.size());
    return bytes.toByteArray();
}

/// The input is a list of rows: table, key, value. A restore of them ends with `corrupt` or with a
/// store that works; their hash is taken for right.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    Store store;
    QByteArrayView input(data, qsizetype(size));
    while (!input.isEmpty()) {
        const auto table = Table(static_cast<unsigned char>(input[0]));
        input = input.sliced(1);
        const QByteArray key = takeBytes(input);
        const Result<void> added = store.restoreRow({table, key, takeBytes(input)});
        if (!added) {
            COFFER_CHECK(added.error().code == ErrorCode::corrupt, "a wrong error code");
            return 0;
        }
    }
    const Result<void> finished = store.finishRestore(Slot(1), Hash128());
    COFFER_CHECK(!finished, "no state has this hash");
    COFFER_CHECK(store.query(encode(Question(List{"/"}))).isValid(), "the store does not answer");
    return 0;
}
