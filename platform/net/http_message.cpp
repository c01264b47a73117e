// SPDX-License-Identifier: Apache-2.0
#include "net/http_message.h"

#include <QHostAddress>
#include <QJsonDocument>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace coffer::net {
namespace {

QByteArray reasonOf(int status)
{
    static constexpr std::array<std::pair<int, const char *>, 25> reasons{{
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    }};
    for (const auto &[known, reason] : reasons) {
        if (known == status)
            return reason;
    }
    return "Unknown";
}

bool isClean(const QByteArray &text) { return !text.contains('\r') && !text.contains('\n'); }

/// Percent signs and, in a query, plus signs.
QByteArray decoded(QByteArray text)
{
    text.replace('+', ' ');
    return QByteArray::fromPercentEncoding(text);
}

} // namespace

bool isHostAllowed(const QByteArray &host, const QStringList &names)
{
    QString name = QString::fromLatin1(host).trimmed().toLower();
    if (const qsizetype end = name.indexOf(u']'); name.startsWith(u'[') && end > 0)
        name = name.mid(1, end - 1);
    else
        name = name.section(u':', 0, 0);
    if (name.endsWith(u'.')) // the same name, written in full
        name.chop(1);
    return host.isEmpty() || name == "localhost"_L1 || !QHostAddress(name).isNull()
           || names.contains(name) || names.contains(u"*"_s);
}

void Hangup::onHangup(std::function<void()> callback)
{
    if (m_hasHappened)
        callback();
    else
        m_callback = std::move(callback);
}

void Hangup::happen()
{
    if (std::exchange(m_hasHappened, true))
        return;
    if (const auto callback = std::exchange(m_callback, {}))
        callback();
}

QByteArray HttpRequest::header(QByteArrayView name) const
{
    for (const auto &[some, value] : headers) {
        if (some.compare(name, Qt::CaseInsensitive) == 0)
            return value;
    }
    return {};
}

std::optional<QByteArray> HttpRequest::queryItem(QByteArrayView name) const
{
    const QList<QByteArray> items = query.split('&');
    for (const QByteArray &item : items) {
        const qsizetype sign = item.indexOf('=');
        const QByteArray key = sign < 0 ? item : item.left(sign);
        if (decoded(key) == name)
            return sign < 0 ? QByteArray() : decoded(item.mid(sign + 1));
    }
    return {};
}

std::optional<QByteArray> HttpRequest::itemBeyond(std::initializer_list<QByteArrayView> known) const
{
    for (const QByteArray &item : query.split('&')) {
        const QByteArray name = decoded(item.split('=').first());
        const bool isKnown = std::find(known.begin(), known.end(), name) != known.end();
        if (!isKnown && !item.isEmpty())
            return name;
    }
    return {};
}

/// Whether a list of ETags has \a tag in it. If-Match does not take weak ones.
static bool isNamed(const QByteArray &list, const QByteArray &tag, bool isWeakFine)
{
    for (QByteArray one : list.split(',')) {
        one = one.trimmed();
        if (isWeakFine && one.startsWith("W/"))
            one = one.sliced(2);
        if (one == "*" || one == tag)
            return true;
    }
    return false;
}

int HttpRequest::statusFor(const QByteArray &tag) const
{
    const QByteArray match = header("If-Match");
    if (!match.isEmpty() && !isNamed(match, tag, false))
        return 412;
    return isNamed(header("If-None-Match"), tag, true) ? 304 : 200;
}

QByteArray HttpRequest::decodedPath() const { return QByteArray::fromPercentEncoding(path); }

HttpResponse HttpResponse::json(int status, const QJsonObject &object)
{
    HttpResponse response;
    response.status = status;
    response.body = QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
    return response;
}

HttpResponse HttpResponse::text(int status, const QByteArray &text)
{
    HttpResponse response;
    response.status = status;
    response.body = text;
    response.contentType = "text/plain; charset=utf-8";
    return response;
}

HttpResponse HttpResponse::error(int status, const QString &code, const QString &message)
{
    return json(status, {{u"error"_s, QJsonObject{{u"code"_s, code}, {u"message"_s, message}}}});
}

HttpResponse HttpResponse::with(const QByteArray &name, const QByteArray &value) &&
{
    headers.emplace_back(name, value);
    return std::move(*this);
}

QByteArray serialize(const HttpResponse &response, const HttpFraming &framing)
{
    const bool hasBody = response.status != 204 && response.status != 304;
    QByteArray bytes;
    bytes.reserve(256 + (framing.isHead ? 0 : response.body.size()));
    bytes += "HTTP/1.1 " + QByteArray::number(response.status) + ' ' + reasonOf(response.status)
             + "\r\n";
    for (const auto &[name, value] : response.headers) {
        if (isClean(name) && isClean(value))
            bytes += name + ": " + value + "\r\n";
    }
    if (hasBody) {
        if (!response.contentType.isEmpty() && isClean(response.contentType))
            bytes += "Content-Type: " + response.contentType + "\r\n";
        bytes += "Content-Length: " + QByteArray::number(response.body.size()) + "\r\n";
    }
    if (!framing.isKeepAlive)
        bytes += "Connection: close\r\n";
    else if (framing.isOld)
        bytes += "Connection: keep-alive\r\n";
    bytes += "\r\n";
    if (hasBody && !framing.isHead)
        bytes += response.body;
    return bytes;
}

} // namespace coffer::net
