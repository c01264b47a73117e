// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_limits.h"
#include "net/http_message.h"

#include <QByteArrayView>

#include <cstdint>
#include <memory>
#include <optional>

namespace coffer::net {

/// What a peer may send. The defaults are the bounds of limits.
struct HttpBounds
{
    int requestLineBytesMax = limits::requestLineBytesMax;
    int headBytesMax = limits::headBytesMax;
    std::int64_t bodyBytesMax = limits::bodyBytesMax;
};

/// Reads one request from bytes, however they are cut. Knows no socket. Boost.Beast inside.
///
/// It takes a head (request line and headers) only when that is there as a whole: until then
/// parse() takes nothing and wants the same bytes again with more behind them. So a connection can
/// look at a head and still leave it in the socket (for an upgrade).
class HttpParser
{
public:
    enum class State {
        head,     ///< Wants more of the head.
        body,     ///< Has the head, wants more of the body.
        complete, ///< takeRequest().
        refused   ///< refusal(); the connection cannot go on.
    };

    explicit HttpParser(const HttpBounds &bounds = {});
    ~HttpParser();
    Q_DISABLE_COPY_MOVE(HttpParser)

    /// Reads on and returns how many of \a bytes are taken. At most one step: the head alone, or as
    /// much of the body as is there. Total: any bytes give one of the states.
    qsizetype parse(QByteArrayView bytes);

    [[nodiscard]] State state() const { return m_state; }
    /// In state body or complete. Body, address and hangup are empty before complete.
    [[nodiscard]] const HttpRequest &request() const { return m_request; }
    [[nodiscard]] HttpRequest takeRequest() { return std::move(m_request); }
    [[nodiscard]] bool isKeepAlive() const { return m_isKeepAlive; }
    [[nodiscard]] bool isOld() const { return m_isOld; }
    /// The peer waits for "100 Continue" before it sends the body.
    [[nodiscard]] bool expectsContinue() const { return m_expectsContinue; }
    [[nodiscard]] bool isWebSocketUpgrade() const;
    /// In state refused: the response that says why.
    [[nodiscard]] const HttpResponse &refusal() const { return m_refusal; }

private:
    struct Beast;

    qsizetype parseHead(QByteArrayView bytes);
    qsizetype parseBody(QByteArrayView bytes);
    qsizetype findEnd(QByteArrayView bytes);
    void readHead();
    void finish();
    void refuse(int status, const char *code, const QString &why);
    void refuseWith(int error);

    HttpBounds m_bounds;
    std::unique_ptr<Beast> m_beast;
    State m_state = State::head;
    qsizetype m_seen = 0; ///< Bytes of the head that have been looked at, ...
    int m_lines = 0;      ///< ... and the ends of lines in them.
    HttpRequest m_request;
    HttpResponse m_refusal;
    bool m_isKeepAlive = false;
    bool m_isOld = false;
    bool m_expectsContinue = false;
};

} // namespace coffer::net
