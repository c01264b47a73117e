// SPDX-License-Identifier: Apache-2.0
#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <cctype>

using namespace Qt::StringLiterals;

namespace coffer::net {

namespace http = boost::beast::http;

namespace {

/// A body in a QByteArray. Takes memory for what has come, not for what a Content-Length promises.
struct BytesBody
{
    using value_type = QByteArray;

    class reader
    {
    public:
        template<bool isRequest, class Fields>
        reader(http::header<isRequest, Fields> &, value_type &body) : m_body(body)
        {}
        void init(const boost::optional<std::uint64_t> &, boost::beast::error_code &error)
        {
            error = {};
        }
        template<class Buffers>
        std::size_t put(const Buffers &buffers, boost::beast::error_code &error)
        {
            error = {};
            std::size_t size = 0;
            for (const boost::asio::const_buffer buffer :
                 boost::beast::buffers_range_ref(buffers)) {
                m_body.append(static_cast<const char *>(buffer.data()), qsizetype(buffer.size()));
                size += buffer.size();
            }
            return size;
        }
        void finish(boost::beast::error_code &error) { error = {}; }

    private:
        value_type &m_body;
    };
};

} // namespace

/// The only place that knows Beast.
struct HttpParser::Beast
{
    http::request_parser<BytesBody> parser;
};

namespace {

QByteArray bytesOf(boost::beast::string_view view)
{
    return QByteArray(view.data(), qsizetype(view.size()));
}

/// Whether a list of tokens ("keep-alive, Upgrade") has \a token.
bool hasToken(const QByteArray &list, const char *token)
{
    const QList<QByteArray> tokens = list.split(',');
    return std::any_of(tokens.begin(), tokens.end(), [token](const QByteArray &some) {
        return some.trimmed().compare(token, Qt::CaseInsensitive) == 0;
    });
}

/// Whether the line of a chunk that has data is there as a whole, perhaps behind the end of another
/// chunk.
bool hasChunkLine(QByteArrayView bytes)
{
    const QByteArrayView line = bytes.sliced(bytes.startsWith("\r\n") ? 2 : 0);
    const auto *digit = std::find_if(line.begin(), line.end(), [](char c) { return c != '0'; });
    return digit != line.end() && std::isxdigit(static_cast<unsigned char>(*digit)) != 0
           && line.contains("\r\n");
}

} // namespace

HttpParser::HttpParser(const HttpBounds &bounds)
    : m_bounds(bounds), m_beast(std::make_unique<Beast>())
{
    m_beast->parser.eager(false);
    m_beast->parser.header_limit(std::uint32_t(bounds.headBytesMax));
    m_beast->parser.body_limit(std::uint64_t(bounds.bodyBytesMax));
}

HttpParser::~HttpParser() = default;

qsizetype HttpParser::parse(QByteArrayView bytes)
{
    if (m_state == State::head)
        return parseHead(bytes);
    if (m_state == State::body)
        return parseBody(bytes);
    return 0;
}

/// Beast takes a request line alone; this waits until the head is there as a whole.
qsizetype HttpParser::parseHead(QByteArrayView bytes)
{
    const qsizetype end = findEnd(bytes);
    if (m_state == State::refused || end < 0)
        return 0;
    boost::beast::error_code error;
    const std::size_t used =
        m_beast->parser.put(boost::asio::const_buffer(bytes.data(), std::size_t(end)), error);
    if (error || !m_beast->parser.is_header_done()) {
        refuseWith(error.value());
        return 0;
    }
    readHead();
    finish();
    return qsizetype(used);
}

/// Where the head ends, or -1. Looks at each byte once, however often it is shown. Refuses what
/// cannot become a head.
qsizetype HttpParser::findEnd(QByteArrayView bytes)
{
    const bool isLetter = bytes.isEmpty() || (bytes[0] >= 'A' && bytes[0] <= 'Z');
    if (!isLetter)
        refuseWith(0);
    while (m_state == State::head) {
        const qsizetype line = bytes.indexOf('\n', m_seen);
        const bool isFirst = m_lines == 0;
        const qsizetype size = line < 0 ? bytes.size() : line;
        if (isFirst && size > m_bounds.requestLineBytesMax)
            refuse(414, "LIMIT",
                   u"A request line has at most %1 bytes."_s.arg(m_bounds.requestLineBytesMax));
        else if (size >= m_bounds.headBytesMax)
            refuseWith(int(http::error::header_limit));
        else if (line == 0 || (line > 0 && bytes[line - 1] != '\r'))
            refuseWith(0);
        else if (line >= 3 && bytes[line - 2] == '\n')
            return line + 1;
        m_seen = line < 0 ? bytes.size() : line + 1;
        ++m_lines;
        if (line < 0) {
            --m_lines;
            break;
        }
    }
    return -1;
}

qsizetype HttpParser::parseBody(QByteArrayView bytes)
{
    qsizetype taken = 0;
    int idle = 0; // Beast may pass from one part of a chunk to the next without taking a byte
    while (m_state == State::body && idle < 2) {
        const QByteArrayView rest = bytes.sliced(taken);
        // Beast 1.81 asserts that it sees at least "0\r\n\r\n" once a last chunk has begun.
        // Whatever is left of a body in chunks is at least that long, so to wait for it loses
        // nothing.
        if (m_beast->parser.chunked() && rest.size() < 5)
            break;
        boost::beast::error_code error;
        const qsizetype size = m_beast->parser.get().body().size();
        const std::size_t used = m_beast->parser.put(
            boost::asio::const_buffer(rest.data(), std::size_t(rest.size())), error);
        taken += qsizetype(used);
        idle = used == 0 ? idle + 1 : 0;
        // A step takes a part of the body, or the head of a chunk, or the trailer. The latter two
        // are bounded like a head, whether they have come in pieces or at once.
        const bool isPart = m_beast->parser.get().body().size() > size;
        const bool isCut = error == http::error::need_more;
        const qsizetype line = isCut ? rest.size() : isPart ? 0 : qsizetype(used);
        const bool isLarge = m_beast->parser.chunked() && line > m_bounds.headBytesMax;
        // Beast 1.81 looks for the end of a quoted extension behind the end of its line, and counts
        // the chunk's bytes once more each time.
        if (isCut && m_beast->parser.chunked() && hasChunkLine(rest))
            error = http::error::bad_chunk_extension;
        if (isLarge && (isCut || !error))
            refuseWith(int(http::error::header_limit));
        else if (error == http::error::need_more)
            break;
        else if (error)
            refuseWith(error.value());
        else
            finish();
    }
    return taken;
}

void HttpParser::finish()
{
    if (m_state != State::body || !m_beast->parser.is_done())
        return;
    m_request.body = std::move(m_beast->parser.get().body());
    m_state = State::complete;
}

void HttpParser::readHead()
{
    const auto &head = m_beast->parser.get();
    m_state = State::body;
    m_request.method = bytesOf(head.method_string());
    m_isOld = head.version() < 11;
    m_isKeepAlive = head.keep_alive();
    for (const auto &field : head)
        m_request.headers.emplace_back(bytesOf(field.name_string()), bytesOf(field.value()));
    const QByteArray target = bytesOf(head.target());
    const qsizetype mark = target.indexOf('?');
    m_request.path = mark < 0 ? target : target.left(mark);
    m_request.query = mark < 0 ? QByteArray() : target.mid(mark + 1);
    if (target.size() > m_bounds.requestLineBytesMax)
        return refuse(
            414, "LIMIT",
            u"A request target has at most %1 bytes."_s.arg(m_bounds.requestLineBytesMax));
    if (head.version() != 10 && head.version() != 11)
        return refuse(400, "INVALID_REQUEST", u"Speak HTTP/1.1."_s);
    if (!target.startsWith('/'))
        return refuse(400, "INVALID_REQUEST",
                      u"The target of a request is a path that begins with '/'."_s);
    if (!m_isOld && head.count(http::field::host) != 1)
        return refuse(400, "INVALID_REQUEST", u"A request has one Host header."_s);
    const QByteArray coding = m_request.header("Transfer-Encoding");
    if (!coding.isEmpty() && coding.compare("chunked", Qt::CaseInsensitive) != 0)
        return refuse(501, "INVALID_REQUEST", u"The only Transfer-Encoding known is chunked."_s);
    const QByteArray expected = m_request.header("Expect");
    m_expectsContinue = !m_isOld && expected.compare("100-continue", Qt::CaseInsensitive) == 0;
    if (!expected.isEmpty() && !m_expectsContinue)
        refuse(417, "INVALID_REQUEST", u"The only Expect known is 100-continue."_s);
}

bool HttpParser::isWebSocketUpgrade() const
{
    return m_request.method == "GET" && hasToken(m_request.header("Connection"), "upgrade")
           && hasToken(m_request.header("Upgrade"), "websocket");
}

void HttpParser::refuse(int status, const char *code, const QString &why)
{
    m_state = State::refused;
    m_refusal = HttpResponse::error(status, QString::fromLatin1(code), why);
}

void HttpParser::refuseWith(int error)
{
    switch (http::error(error)) {
    case http::error::header_limit:
        return refuse(
            431, "LIMIT",
            u"The headers of a request have at most %1 bytes."_s.arg(m_bounds.headBytesMax));
    case http::error::body_limit:
        return refuse(413, "LIMIT",
                      u"The body of a request has at most %1 bytes."_s.arg(m_bounds.bodyBytesMax));
    default: return refuse(400, "INVALID_REQUEST", u"This is not a request of HTTP/1.1."_s);
    }
}

} // namespace coffer::net
