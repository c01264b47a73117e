// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "net/http_parser.h"
#include "net/http_router.h"

using namespace coffer;
using namespace coffer::net;

/// All that a connection would see: requests as text, and how it ended.
static QByteArray read(QByteArrayView input, qsizetype piece)
{
    QByteArray seen;
    QByteArray waiting;
    auto parser = std::make_unique<HttpParser>(
        HttpBounds{.requestLineBytesMax = 64, .headBytesMax = 256, .bodyBytesMax = 128});
    for (qsizetype at = 0; at < input.size(); at += piece) {
        waiting += input.sliced(at, std::min(piece, input.size() - at)).toByteArray();
        for (qsizetype taken = 1; taken > 0;) {
            taken = parser->parse(waiting);
            COFFER_CHECK(taken >= 0 && taken <= waiting.size(), "takes what is not there");
            waiting.remove(0, taken);
            if (parser->state() == HttpParser::State::refused)
                return seen + '!';
            if (parser->state() != HttpParser::State::complete)
                continue;
            const HttpRequest request = parser->takeRequest();
            COFFER_CHECK(request.path.startsWith('/'), "a path without its slash");
            COFFER_CHECK(request.body.size() <= 128, "a body above its bound");
            static_cast<void>(request.queryItem("a"));
            static_cast<void>(request.decodedPath());
            static_cast<void>(
                isHostAllowed(request.header("Host"), {QStringLiteral("a"), QString()}));
            static_cast<void>(HttpRouter().match(request, parser->isWebSocketUpgrade()));
            seen += request.method + ' ' + request.path + '?' + request.query + ' ' + request.body
                    + (parser->isKeepAlive() ? "\n" : "\nclose\n");
            parser = std::make_unique<HttpParser>(
                HttpBounds{.requestLineBytesMax = 64, .headBytesMax = 256, .bodyBytesMax = 128});
        }
        // A head is bounded, and so is what is left of a body.
        COFFER_CHECK(waiting.size() <= 256 + piece, "bytes pile up");
    }
    return seen;
}

/// What a connection sends is understood in the same way however it is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArrayView input(data, qsizetype(size));
    const QByteArray whole = read(input, std::max<qsizetype>(1, input.size()));
    for (const qsizetype piece : {1, 3, 17}) {
        const QByteArray cut = read(input, piece);
        COFFER_CHECK(cut == whole, "the meaning depends on how it is cut");
    }
    return 0;
}
