// SPDX-License-Identifier: Apache-2.0
#include "fuzz/front_corpus.h"

#include <QCborArray>
#include <QCborMap>
#include <QCborValue>

namespace coffer::fuzz {

using namespace Qt::StringLiterals;

void writeFront(
    const std::function<void(const QString &, const QString &, const QByteArray &)> &write)
{
    const QString http = u"fuzz_http"_s;
    write(http, u"get"_s,
          "GET /a?b=c%20d HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    write(http, u"length"_s, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    write(http, u"chunks"_s,
          "PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    write(http, u"upgrade"_s,
          "GET /rpc HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    write(http, u"old"_s, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    const QString json = u"fuzz_json_rpc"_s;
    const QByteArray call = R"({"jsonrpc":"2.0","method":"a.c","id":1,"deadlineMs":5,)"
                            R"("params":{"p":"/a","v":"x","n":9007199254740993,"l":[null]}})";
    write(json, u"call"_s, call);
    write(json, u"base64"_s,
          R"({"jsonrpc":"2.0","method":"a.c","id":"x",)"
          R"("params":{"p":"/a","vBase64":"YQ==","e":null}})");
    write(json, u"batch"_s, '[' + call + R"(,{"jsonrpc":"2.0","method":"a.b"},1])");
    write(json, u"discover"_s, R"({"jsonrpc":"2.0","method":"rpc.discover","id":1})");
    write(json, u"unsubscribe"_s,
          R"({"jsonrpc":"2.0","method":"rpc.unsubscribe","params":{"subscription":1},"id":1})");

    const QString cbor = u"fuzz_cbor_rpc"_s;
    const QCborMap params{{u"p"_s, u"/a"_s}, {u"v"_s, QByteArray("\xff")}, {u"n"_s, 3}};
    const QCborMap request{
        {u"jsonrpc"_s, u"2.0"_s}, {u"id"_s, 1}, {u"method"_s, u"a.c"_s}, {u"params"_s, params}};
    write(cbor, u"call"_s, QCborValue(request).toCbor());
    write(cbor, u"batch"_s, QCborValue(QCborArray{request, 1, request}).toCbor());
    write(cbor, u"not-utf8"_s,
          QByteArray::fromHex("6f736a")
              + "\xbf"
                "code\x9fsj#\xbf\x9fga");
    write(cbor, u"endless"_s, QByteArray::fromHex("9fbf616101ff7f61616162ffff"));

    const QString schema = u"fuzz_schema"_s;
    write(schema, u"object"_s,
          R"({"type":"object","required":["a"],"properties":{"a":{"type":"integer","minimum":1}},)"
          "\"additionalProperties\":false}\n{\"a\":1}");
    write(schema, u"recursion"_s,
          R"({"definitions":{"t":{"properties":{"t":{"$ref":"#/definitions/t"},)"
          R"("v":{"type":"string","contentEncoding":"base64"}}}},"anyOf":[{"$ref":)"
          "\"#/definitions/t\"},{\"not\":{}}]}\n{\"t\":{\"t\":{\"vBase64\":\"YQ==\"}}}");
}

} // namespace coffer::fuzz
