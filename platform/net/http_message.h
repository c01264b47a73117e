// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QString>
#include <QStringList>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace coffer::net {

/// Names and values as they came, in order. Names compare without case.
using HttpHeaders = std::vector<std::pair<QByteArray, QByteArray>>;

/// Tells a handler that nobody waits for its response any more. Shared by connection and request.
class Hangup
{
public:
    [[nodiscard]] bool hasHappened() const { return m_hasHappened; }
    /// Calls \a callback when it happens; now, if it has. Dropped by stopListening().
    void onHangup(std::function<void()> callback);
    void stopListening() { m_callback = nullptr; }
    /// For the connection.
    void happen();

private:
    bool m_hasHappened = false;
    std::function<void()> m_callback;
};

/// One request, complete. Value; copies share the bytes.
struct HttpRequest
{
    QByteArray method;
    QByteArray path;  ///< Begins with '/'; as it came, percent signs included; no query.
    QByteArray query; ///< Behind the '?', as it came.
    HttpHeaders headers;
    QByteArray body;
    QString address;                ///< Of the peer: "192.0.2.1:5123".
    QString certificateName;        ///< Common name of the peer's verified certificate; "" without.
    std::shared_ptr<Hangup> hangup; // shared with the connection, which may go first

    /// The value of the first header with this name; empty if there is none.
    [[nodiscard]] QByteArray header(QByteArrayView name) const;
    /// The value of a member of the query, decoded; absent if it is not there.
    [[nodiscard]] std::optional<QByteArray> queryItem(QByteArrayView name) const;
    /// The first item whose name is none of \a known; nothing if there is none.
    [[nodiscard]] std::optional<QByteArray>
    itemBeyond(std::initializer_list<QByteArrayView> known) const;
    /// What If-Match and If-None-Match make of a GET of what has the ETag \a tag, quotes included:
    /// 200, 304 or 412 (RFC 9110, 13.2.2).
    [[nodiscard]] int statusFor(const QByteArray &tag) const;
    /// The path without percent encoding.
    [[nodiscard]] QByteArray decodedPath() const;
};

/// One response. Content-Length and Connection are the server's business. Value.
struct HttpResponse
{
    int status = 200;
    HttpHeaders headers;
    QByteArray body;
    QByteArray contentType = "application/json";

    [[nodiscard]] static HttpResponse json(int status, const QJsonObject &object);
    [[nodiscard]] static HttpResponse text(int status, const QByteArray &text);
    /// {"error": {"code": ..., "message": ...}}, as all errors of the front door look.
    [[nodiscard]] static HttpResponse error(int status, const QString &code,
                                            const QString &message);
    /// The same response with one header more.
    [[nodiscard]] HttpResponse with(const QByteArray &name, const QByteArray &value) &&;
};

/// Whether the value of a Host header names who was meant to be asked: a number (of any kind that
/// QHostAddress reads), localhost, one of \a names (in small letters, "*" is any), or nothing.
///
/// A page in a browser can make its own name lead to this machine, and then read what is answered
/// (DNS rebinding). The name in Host is all that tells.
[[nodiscard]] bool isHostAllowed(const QByteArray &host, const QStringList &names);

/// How a response leaves.
struct HttpFraming
{
    bool isKeepAlive = true;
    bool isHead = false; ///< The answer to HEAD: the length, not the body.
    bool isOld = false;  ///< The peer speaks HTTP/1.0: keep-alive is said.
};

/// The bytes of \a response. A header value with a line break is left out: it would be another
/// response.
[[nodiscard]] QByteArray serialize(const HttpResponse &response, const HttpFraming &framing);

} // namespace coffer::net
