// SPDX-License-Identifier: Apache-2.0
#include "net/http_connection.h"

#include "net/spawn.h"

#include <QLoggingCategory>
#include <QPointer>
#include <QSslCertificate>
#include <QSslSocket>

#include <sys/socket.h>

#include <array>
#include <exception>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::net {
namespace {

Q_LOGGING_CATEGORY(httpLog, "coffer.net")

HttpResponse broken(const QByteArray &path, const char *what)
{
    qCCritical(httpLog, "the handler of %s threw: %s", path.constData(), what);
    return HttpResponse::error(500, u"INTERNAL"_s,
                               u"This failed inside the server; its log says why."_s);
}

QString nameIn(const QTcpSocket &socket)
{
    const auto *tls = qobject_cast<const QSslSocket *>(&socket);
    if (!tls || tls->peerCertificate().isNull())
        return {};
    return tls->peerCertificate().subjectInfo(QSslCertificate::CommonName).value(0);
}

} // namespace

HttpConnection::HttpConnection(std::unique_ptr<QTcpSocket> socket, HttpHost &host)
    : m_socket(std::move(socket)), m_host(host), m_since(host.now())
{
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    m_socket->setReadBufferSize(limits::readBufferBytes);
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &HttpConnection::advance);
    connect(m_socket.get(), &QTcpSocket::bytesWritten, this, &HttpConnection::noteProgress);
    connect(m_socket.get(), &QTcpSocket::disconnected, this, &HttpConnection::end);
}

HttpConnection::~HttpConnection()
{
    if (m_hangup)
        m_hangup->happen();
    if (m_socket)
        m_socket->disconnect(this);
}

bool HttpConnection::isIdle() const { return m_state == State::reading && !m_parser; }

void HttpConnection::end()
{
    if (const auto hangup = std::exchange(m_hangup, {}))
        hangup->happen();
    deleteLater();
}

void HttpConnection::checkTime()
{
    const Monotonic age = m_host.now() - m_since;
    const HttpPatience &patience = m_host.patience();
    if (!m_socket || m_state == State::answering)
        return; // handlers have their own deadlines
    if (m_state == State::lingering) {
        const bool isSending = m_socket->bytesToWrite() > 0;
        if (age >= (isSending ? patience.idleTimeMax : patience.lingerTimeMax))
            m_socket->abort();
    } else if (m_parser && age >= patience.requestTimeMax) {
        refuse(HttpResponse::error(
            408, u"DEADLINE"_s,
            u"A request is sent within %1 seconds."_s.arg(patience.requestTimeMax.count() / 1000)));
    } else if (!m_parser && age >= patience.idleTimeMax) {
        m_socket->abort(); // also a peer that does not fetch its answers
    }
}

void HttpConnection::noteProgress()
{
    if (!m_parser)
        m_since = m_host.now(); // a peer that fetches its answer is not idle
    advance();
}

void HttpConnection::advance()
{
    if (m_isAdvancing)
        return; // a handler that answered at once: the loop below goes on
    m_isAdvancing = true;
    while (m_socket && step()) {}
    m_isAdvancing = false;
}

/// Does one thing; true if there may be more to do at once.
bool HttpConnection::step()
{
    if (m_state == State::lingering) {
        linger();
        return false;
    }
    if (m_state == State::answering || m_socket->bytesToWrite() > limits::unsentBytesMax
        || m_socket->bytesAvailable() == 0)
        return false;
    if (!m_parser) {
        m_parser = std::make_unique<HttpParser>(m_host.patience().bounds);
        m_since = m_host.now();
    }
    return m_parser->state() == HttpParser::State::head ? readHead() : readBody();
}

bool HttpConnection::readHead()
{
    // The head stays in the socket until it is known not to be an upgrade.
    QByteArray bytes(m_host.patience().bounds.headBytesMax, Qt::Uninitialized);
    const qint64 size = m_socket->peek(bytes.data(), bytes.size());
    const qsizetype taken = m_parser->parse(QByteArrayView(bytes).first(qMax(qint64(0), size)));
    if (m_parser->state() == HttpParser::State::head)
        return false;
    m_isUpgrade =
        m_parser->state() == HttpParser::State::complete && m_parser->isWebSocketUpgrade();
    if (m_isUpgrade && m_socket->bytesAvailable() > taken) {
        // Qt's handshake would swallow them, and the peer wait for an answer for ever.
        refuse(HttpResponse::error(400, u"INVALID_REQUEST"_s,
                                   u"Wait for the answer to the upgrade before sending frames."_s));
        return true;
    }
    if (!m_isUpgrade)
        m_socket->skip(taken);
    if (m_parser->state() == HttpParser::State::body && m_parser->expectsContinue())
        m_socket->write("HTTP/1.1 100 Continue\r\n\r\n");
    if (m_parser->state() != HttpParser::State::body)
        route();
    return true;
}

bool HttpConnection::readBody()
{
    // What the parser does not take (the head of a chunk, in part) stays in the socket.
    std::array<char, limits::readBufferBytes> bytes;
    const qint64 size = m_socket->peek(bytes.data(), qint64(bytes.size()));
    const qsizetype taken = m_parser->parse(QByteArrayView(bytes.data(), qMax(qint64(0), size)));
    m_socket->skip(taken);
    if (m_parser->state() == HttpParser::State::body)
        return taken > 0;
    route();
    return true;
}

void HttpConnection::route()
{
    if (m_parser->state() == HttpParser::State::refused)
        return refuse(m_parser->refusal());
    HttpRequest request = m_parser->takeRequest();
    m_isHead = request.method == "HEAD";
    m_state = State::answering;
    if (const std::optional<HttpResponse> refusal = m_host.refuse(request)) {
        m_socket->skip(m_isUpgrade ? m_socket->bytesAvailable() : 0);
        return refuse(*refusal);
    }
    HttpRouter::Match match = m_host.router().match(request, m_isUpgrade);
    if (m_isUpgrade && !match.webSocket) { // an upgrade is an offer that may be ignored
        m_socket->skip(m_socket->bytesAvailable());
        match.refusal = HttpResponse::error(404, u"NOT_FOUND"_s, u"Here is no WebSocket."_s);
        return refuse(*match.refusal);
    }
    if (match.refusal)
        return respond(*match.refusal);
    request.address = u"%1:%2"_s.arg(m_socket->peerAddress().toString()).arg(m_socket->peerPort());
    request.certificateName = nameIn(*m_socket);
    m_hangup = std::make_shared<Hangup>();
    request.hangup = m_hangup;
    if (match.webSocket)
        spawn(offer(*match.webSocket, std::move(request)), "upgrade to a WebSocket");
    else
        spawn(serve(*match.handler, std::move(request)), "answer of HTTP");
}

QCoro::Task<void> HttpConnection::serve(HttpHandler handler, HttpRequest request)
{
    const QPointer<HttpConnection> self(this);
    const QByteArray path = request.path;
    HttpResponse response;
    try {
        response = co_await handler(std::move(request));
    } catch (const std::exception &thrown) {
        response = broken(path, thrown.what());
    } catch (...) {
        response = broken(path, "no std::exception");
    }
    if (!self || !m_hangup)
        co_return; // the peer has gone
    m_hangup->stopListening();
    m_hangup.reset();
    respond(response);
    advance();
}

QCoro::Task<void> HttpConnection::offer(WebSocketHandler handler, HttpRequest request)
{
    const QPointer<HttpConnection> self(this);
    const QByteArray path = request.path;
    WebSocketOffer offered;
    try {
        offered = co_await handler(std::move(request));
    } catch (const std::exception &thrown) {
        offered.refusal = broken(path, thrown.what());
    } catch (...) {
        offered.refusal = broken(path, "no std::exception");
    }
    if (!self || !m_hangup)
        co_return;
    m_hangup.reset();
    if (offered.refusal) {
        refuse(*offered.refusal);
        co_return;
    }
    m_socket->disconnect(this);
    m_socket->setReadBufferSize(0); // a frame is read as a whole; its size has a bound of its own
    m_host.upgrade(std::move(m_socket), offered);
    deleteLater();
}

void HttpConnection::respond(const HttpResponse &response)
{
    const bool isKeepAlive = m_parser->isKeepAlive();
    m_socket->write(serialize(
        response, {.isKeepAlive = isKeepAlive, .isHead = m_isHead, .isOld = m_parser->isOld()}));
    m_parser.reset();
    m_state = State::reading;
    m_since = m_host.now();
    if (isKeepAlive)
        return;
    m_state = State::lingering;
    m_socket->disconnectFromHost();
}

/// Says why and ends the connection. Closing at once would reset it while the peer still sends,
/// and it would never read why.
void HttpConnection::refuse(const HttpResponse &response)
{
    m_socket->write(serialize(response, {.isKeepAlive = false, .isHead = m_isHead}));
    m_parser.reset();
    m_state = State::lingering;
    m_since = m_host.now();
    linger();
}

void HttpConnection::linger()
{
    m_socket->skip(m_socket->bytesAvailable());
    if (m_socket->bytesToWrite() > 0 || m_socket->state() != QAbstractSocket::ConnectedState)
        return;
    if (qobject_cast<QSslSocket *>(m_socket.get()))
        m_socket->disconnectFromHost();
    else // Qt cannot close one direction; the peer sees the end and closes the other
        ::shutdown(int(m_socket->socketDescriptor()), SHUT_WR);
}

} // namespace coffer::net
