// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "net/peer_frame.h"
#include "net/peer_hello.h"

#include <algorithm>

using namespace coffer;
using namespace coffer::net;

static void checkIntroduction(const PeerFrame &frame)
{
    if (frame.kind == PeerFrameKind::refusal) {
        const auto refusal = decodeRefusal(frame.payload);
        COFFER_CHECK(!refusal || decodeRefusal(encodeRefusal(*refusal)).value() == *refusal,
                     "a refusal that does not come back");
        return;
    }
    if (frame.kind == PeerFrameKind::addresses) {
        const auto addresses = decodeAddresses(frame.payload);
        COFFER_CHECK(!addresses
                         || decodeAddresses(encodeAddresses(*addresses)).value() == *addresses,
                     "addresses that do not come back");
        return;
    }
    const auto hello = decodeHello(frame.payload);
    if (!hello) {
        COFFER_CHECK(hello.error().code == ErrorCode::invalid, "an error of the wrong code");
        return;
    }
    COFFER_CHECK(decodeHello(encodeHello(*hello)).value() == *hello,
                 "a hello that does not come back");
    PeerHello own;
    own.node = NodeId(1);
    own.run = RunId(1);
    COFFER_CHECK(whyRefused(own, *hello).has_value() == whyRefused(*hello, own).has_value(),
                 "the two sides judge differently");
}

/// The first byte says how the rest is cut; then it is what a stranger sends. Besides, it is tried
/// as the inside of a frame: a checksum keeps chance out of there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const auto piece = qsizetype(data[0]) + 1;
    QByteArrayView rest(data + 1, qsizetype(size) - 1);
    for (const PeerFrameKind kind :
         {PeerFrameKind::hello, PeerFrameKind::refusal, PeerFrameKind::addresses})
        checkIntroduction({kind, rest.toByteArray()});
    PeerFrameReader reader;
    while (!rest.isEmpty()) {
        const QByteArrayView now = rest.first(std::min(piece, rest.size()));
        rest = rest.sliced(now.size());
        reader.feed(now);
        for (;;) {
            const auto frame = reader.next();
            if (!frame)
                return 0;
            if (!*frame)
                break;
            if ((*frame)->kind != PeerFrameKind::message)
                checkIntroduction(**frame);
            reader.setEstablished();
        }
        COFFER_CHECK(reader.waiting() <= qsizetype(size), "more is kept than was fed");
    }
    return 0;
}
