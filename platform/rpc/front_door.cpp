// SPDX-License-Identifier: Apache-2.0
#include "rpc/front_door.h"

#include "rpc/answers.h"
#include "rpc/json.h"
#include "rpc/limits.h"
#include "rpc/socket_pipe.h"

#include <QJsonObject>
#include <QPointer>
#include <QUrl>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

using net::HttpRequest;
using net::HttpResponse;

/// The form that a Content-Type names.
std::optional<Form> formOf(const QByteArray &contentType)
{
    const QByteArray type = contentType.split(';').first().trimmed().toLower();
    if (type == "application/json")
        return Form::json;
    if (type == "application/cbor")
        return Form::cbor;
    return {};
}

/// A page of another site in a browser may open a WebSocket to us, and its Origin is all that
/// tells. Programs send none.
bool isForeign(const HttpRequest &request)
{
    const QByteArray origin = request.header("Origin");
    return !origin.isEmpty()
           && QUrl(QString::fromLatin1(origin)).authority()
                  != QString::fromLatin1(request.header("Host"));
}

/// What the headers say of a call; members of the call itself go before.
void addHeaders(Request &request, const HttpRequest &http)
{
    bool isNumber = false;
    const qint64 deadline = http.header("Coffer-Deadline-Ms").toLongLong(&isNumber);
    if (!request.deadlineMs && isNumber && deadline > 0)
        request.deadlineMs = deadline;
    const QByteArray trace = http.header("traceparent");
    if (request.traceparent.isEmpty() && isTraceparent(QString::fromLatin1(trace)))
        request.traceparent = trace;
}

Failure stopping() { return Failure::of(Code::unavailable, u"This node is stopping."_s); }

/// The calls of one request of HTTP: they are cancelled when its peer hangs up.
class HttpLane
{
public:
    HttpLane(Caller caller, const HttpRequest &request)
        : m_lane(std::make_shared<Lane>(std::move(caller))), m_hangup(request.hangup)
    {
        if (m_hangup)
            m_hangup->onHangup([this] { m_lane.reset(); });
    }
    ~HttpLane()
    {
        if (m_hangup)
            m_hangup->stopListening();
    }
    Q_DISABLE_COPY_MOVE(HttpLane)

    [[nodiscard]] std::weak_ptr<Lane> lane() const { return m_lane; }

private:
    std::shared_ptr<Lane> m_lane; // shared so that calls can see it go
    std::shared_ptr<net::Hangup> m_hangup;
};

} // namespace

FrontDoor::FrontDoor(Registry &registry, net::HttpRouter &router, const Clock &clock)
    : m_clock(clock), m_flights(registry, clock)
{
    using net::HttpRequest;
    keep(router.add("POST", "/rpc", [this](HttpRequest r) { return post(std::move(r)); }));
    keep(router.addWebSocket("/rpc", [this](HttpRequest r) { return offer(std::move(r)); }));
    keep(router.add("GET", "/healthz", [this](HttpRequest r) { return health(std::move(r)); }));
    keep(router.add("GET", "/readyz", [this](HttpRequest r) { return readiness(std::move(r)); }));
    m_lifeTimer.setInterval(std::chrono::seconds(30));
    connect(&m_lifeTimer, &QTimer::timeout, this, &FrontDoor::checkLife);
    m_lifeTimer.start();
}

FrontDoor::~FrontDoor()
{
    const auto pipes = std::exchange(m_pipes, {});
    qDeleteAll(pipes);
}

void FrontDoor::keep(Result<net::HttpRouter::Route> route)
{
    if (!route)
        qFatal("%s", qUtf8Printable(route.error().message)); // two front doors on one router
    m_routes.push_back(std::move(*route));
}

QCoro::Task<Answer<Caller>> FrontDoor::identify(HttpRequest request)
{
    Caller caller{.name = u"anonymous"_s, .address = request.address};
    if (!m_identify)
        co_return caller;
    Credentials credentials{
        .bearer = {}, .certificateName = request.certificateName, .address = request.address};
    const QByteArray authorization = request.header("Authorization");
    if (authorization.left(7).compare("Bearer ", Qt::CaseInsensitive) == 0)
        credentials.bearer = authorization.mid(7).trimmed();
    Answer<Caller> found = co_await m_identify(std::move(credentials));
    if (found)
        found->address = request.address;
    co_return found;
}

/// Adds what becomes of a call; nothing is answered to a notification.
static QCoro::Task<void> collect(QCoro::Task<Outcome> call, std::optional<QCborValue> id,
                                 std::shared_ptr<Answers> answers) // shared with the request
{
    const Outcome outcome = co_await call;
    if (id)
        answers->add(*id, outcome);
}

QCoro::Task<HttpResponse> FrontDoor::post(HttpRequest request)
{
    const std::optional<Form> form = formOf(request.header("Content-Type"));
    if (!form)
        co_return HttpResponse::error(415, u"INVALID_REQUEST"_s,
                                      u"Content-Type: expected application/json or "
                                      "application/cbor."_s);
    const QPointer<FrontDoor> self(this);
    Answer<Caller> caller = co_await identify(request);
    if (!self || !caller)
        co_return responseOf(caller ? stopping() : caller.error());
    const HttpLane lane(std::move(*caller), request);
    Message message = readMessage(request.body, *form);
    const auto answers = std::make_shared<Answers>(message.isBatch, *form);
    // All are begun before one is awaited: the calls of a batch run beside each other.
    std::vector<QCoro::Task<void>> running;
    for (auto &call : message.calls) {
        if (auto *bad = std::get_if<BadRequest>(&call)) {
            answers->add(bad->id, bad->failure);
            continue;
        }
        Request &one = std::get<Request>(call);
        addHeaders(one, request);
        const std::optional<QCborValue> id = one.id;
        running.push_back(collect(m_flights.run(lane.lane(), std::move(one)), id, answers));
    }
    for (const QCoro::Task<void> &task : running)
        co_await task;
    HttpResponse response;
    response.status = answers->isEmpty() ? 204 : 200;
    response.contentType = *form == Form::json ? "application/json" : "application/cbor";
    if (!answers->isEmpty())
        response.body = answers->message();
    co_return response;
}

QCoro::Task<Outcome> FrontDoor::call(HttpRequest request, QString method, QCborMap params)
{
    const QPointer<FrontDoor> self(this);
    Answer<Caller> caller = co_await identify(request);
    if (!self || !caller)
        co_return caller ? stopping() : caller.error();
    const HttpLane lane(std::move(*caller), request);
    Request one;
    one.method = method;
    one.params = params;
    addHeaders(one, request);
    co_return co_await m_flights.run(lane.lane(), std::move(one));
}

QCoro::Task<net::WebSocketOffer> FrontDoor::offer(HttpRequest request)
{
    net::WebSocketOffer offered;
    if (isForeign(request)) {
        offered.refusal = HttpResponse::error(403, u"DENIED"_s,
                                              u"Origin: pages of other sites may not connect."_s);
        co_return offered;
    }
    const QPointer<FrontDoor> self(this);
    const Answer<Caller> caller = co_await identify(request);
    if (!self || !caller) {
        offered.refusal = responseOf(caller ? stopping() : caller.error());
        co_return offered;
    }
    offered.accepted = [this, self, known = *caller](std::unique_ptr<QWebSocket> socket) {
        if (!self)
            return; // went during the handshake
        auto *pipe = new SocketPipe(std::move(socket), m_flights, known,
                                    m_clock.monotonic()); // deletes itself
        m_pipes.insert(pipe);
        connect(pipe, &QObject::destroyed, this, [this, pipe] { m_pipes.remove(pipe); });
    };
    co_return offered;
}

QCoro::Task<HttpResponse> FrontDoor::health(HttpRequest)
{
    co_return HttpResponse::text(200, "ok\n");
}

QCoro::Task<HttpResponse> FrontDoor::readiness(HttpRequest)
{
    const QString why = m_readiness ? m_readiness() : QString();
    if (why.isEmpty())
        co_return HttpResponse::text(200, "ok\n");
    co_return HttpResponse::error(503, u"UNAVAILABLE"_s, why).with("Retry-After", "1");
}

HttpResponse FrontDoor::responseOf(const Failure &failure)
{
    const int status = httpStatusOf(failure.code);
    const QJsonObject error = toJson(toCbor(failure)).toObject();
    QJsonObject body = error["data"_L1].toObject();
    body["message"_L1] = failure.message;
    HttpResponse response = HttpResponse::json(status, {{u"error"_s, body}});
    if (failure.retryAfter.count() > 0) // whole seconds; the body has the milliseconds
        response.headers.emplace_back(
            "Retry-After", QByteArray::number((failure.retryAfter.count() + 999) / 1000));
    if (status == 401)
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

void FrontDoor::dismiss(Monotonic openedBefore, const QString &why, int most)
{
    const auto pipes = m_pipes; // some end meanwhile
    for (SocketPipe *pipe : pipes) {
        const bool isMeant =
            m_pipes.contains(pipe) && !pipe->isEnding() && pipe->openedAt() < openedBefore;
        if (!isMeant)
            continue;
        if (most-- <= 0)
            return;
        pipe->end(why);
    }
}

void FrontDoor::endSubscriptions(const std::function<bool(const Caller &)> &isMeant,
                                 const Failure &why)
{
    const auto pipes = m_pipes; // some end meanwhile
    for (SocketPipe *pipe : pipes) {
        Session *session = m_pipes.contains(pipe) ? pipe->session() : nullptr;
        if (session && session->subscriptionCount() > 0 && isMeant(session->caller()))
            session->endSubscriptions(why);
    }
}

void FrontDoor::checkLife()
{
    const auto pipes = m_pipes; // some end meanwhile
    for (SocketPipe *pipe : pipes) {
        if (m_pipes.contains(pipe))
            pipe->checkLife();
    }
}

} // namespace coffer::rpc
