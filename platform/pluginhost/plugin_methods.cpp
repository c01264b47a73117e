// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_methods.h"

#include "rpc/front_door.h"
#include "rpc/json.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QUrlQuery>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using namespace pluginapi;

using Run = std::shared_ptr<PluginRun>;                    // shared with the host
using SharedHandler = std::shared_ptr<const rpc::Handler>; // shared by the calls under way
using SharedFeed = std::shared_ptr<const Feed>;            // the same
using SharedRoute = std::shared_ptr<const RestRoute>;      // the same

static rpc::Failure internal(const QString &method)
{
    return rpc::Failure::of(rpc::Code::internal,
                            u"%1 failed inside the server; its log says why."_s.arg(method));
}

/// The registry catches what the handler throws.
static QCoro::Task<rpc::Outcome> serve(Run run, SharedHandler handler, rpc::Call &call)
{
    const PluginRun::Frame frame(run);
    const QCoro::Task<rpc::Outcome> task =
        run->enter(call.method, [&] { return (*handler)(call); });
    rpc::Outcome outcome = co_await task;
    co_return outcome;
}

static QCoro::Task<void> fill(Run run, SharedFeed feed, FeedCall call)
{
    const PluginRun::Frame frame(run);
    const auto subscription = call.subscription;
    const QString method = call.method;
    const PluginRun::Ticket ticket =
        run->when(PluginRun::Moment::stop, [run = run.get(), subscription] {
            subscription->end(rpc::Failure::of(run->goneError(ErrorCode::unavailable)));
        });
    rpc::Failure why = internal(method);
    try {
        const QCoro::Task<Result<void>> task =
            run->enter(method, [&] { return (*feed)(std::move(call)); });
        const Result<void> done = co_await task;
        why = done ? rpc::Failure::of(rpc::Code::cancelled, u"The feed is complete."_s)
                   : rpc::Failure::of(done.error());
    } catch (...) {
        (void)run->caught(qUtf8Printable(method));
    }
    subscription->end(why);
}

static QCoro::Task<rpc::Outcome> openFeed(Run run, SharedFeed feed, rpc::Call &call)
{
    rpc::Answer<rpc::Subscription> opened = call.subscribe();
    if (!opened)
        co_return opened.error();
    const auto id = qint64(opened->id());
    auto subscription = std::make_shared<rpc::Subscription>(std::move(*opened));
    coffer::spawn(fill(run, feed, FeedCall{call.method, call.params, call.caller, subscription}),
                  "plugin feed");
    co_return QCborValue(QCborMap{{u"subscription"_s, id}});
}

static rpc::Answer<QCborMap> paramsOf(const RestRoute &route, const net::HttpRequest &request)
{
    if (route.params)
        return route.params(request);
    QCborMap params;
    const QUrlQuery query(QString::fromUtf8(request.query));
    for (const auto &[name, value] : query.queryItems(QUrl::FullyDecoded))
        params.insert(name, value);
    return params;
}

/// The router makes 500 of what is thrown.
static QCoro::Task<net::HttpResponse> answerRoute(Run run, SharedRoute route, DoorCall door,
                                                  net::HttpRequest request)
{
    const PluginRun::Frame frame(run);
    const rpc::Answer<QCborMap> params =
        run->enter(route->method, [&] { return paramsOf(*route, request); });
    if (!params)
        co_return rpc::FrontDoor::responseOf(params.error());
    const rpc::Outcome outcome = co_await door(request, route->method, *params);
    if (!outcome)
        co_return rpc::FrontDoor::responseOf(outcome.error());
    if (route->response)
        co_return run->enter(route->method, [&] { return route->response(request, *outcome); });
    const QJsonValue json = rpc::toJson(*outcome);
    net::HttpResponse response;
    response.body = json.isArray() ? QJsonDocument(json.toArray()).toJson(QJsonDocument::Compact)
                                   : QJsonDocument(json.toObject()).toJson(QJsonDocument::Compact);
    co_return response;
}

PluginMethods::PluginMethods(Run run, QStringList names, rpc::Registry &registry,
                             net::HttpRouter &router, DoorCall door)
    : m_run(std::move(run))
    , m_names(std::move(names))
    , m_registry(registry)
    , m_router(router)
    , m_door(std::move(door))
    , m_ticket(m_run->when(PluginRun::Moment::stop, [this] { takeBack(); }))
{}

void PluginMethods::takeBack()
{
    m_registrations.clear();
    m_routes.clear();
}

Result<void> PluginMethods::checkRunning() const
{
    if (m_run->isStopping())
        return m_run->goneError(ErrorCode::unavailable);
    return {};
}

Result<void> PluginMethods::checkName(const QString &method) const
{
    const bool isOwn = std::any_of(m_names.begin(), m_names.end(), [&](const QString &name) {
        return method.startsWith(name + u'.');
    });
    if (isOwn)
        return {};
    return Error{ErrorCode::invalid,
                 u"method %1: a plugin registers methods below its own names alone: %2"_s.arg(
                     method, m_names.join(u".*, "_s) + u".*"_s)};
}

Result<void> PluginMethods::checkPath(const QByteArray &path) const
{
    const bool isOwn = std::any_of(m_names.begin(), m_names.end(), [&](const QString &name) {
        const QByteArray own = "/v1/" + name.toUtf8();
        return path == own || path.startsWith(own + '/');
    });
    if (isOwn)
        return {};
    return Error{ErrorCode::invalid,
                 u"route %1: a plugin registers routes below its own names alone: /v1/%2"_s.arg(
                     QString::fromUtf8(path), m_names.join(u", /v1/"_s))};
}

Result<void> PluginMethods::add(rpc::Method method, rpc::Handler handler)
{
    for (const Result<void> &checked : {checkRunning(), checkName(method.name)}) {
        if (!checked)
            return checked.error();
    }
    auto wrapped = [run = m_run, shared = std::make_shared<const rpc::Handler>(std::move(handler))](
                       rpc::Call &call) { return serve(run, shared, call); };
    auto added = m_registry.add(std::move(method), std::move(wrapped));
    if (!added)
        return added.error();
    m_registrations.push_back(std::move(*added));
    return {};
}

Result<void> PluginMethods::addFeed(rpc::Method method, Feed feed)
{
    auto opening = [run = m_run, shared = std::make_shared<const Feed>(std::move(feed))](
                       rpc::Call &call) { return openFeed(run, shared, call); };
    method.isSubscription = true;
    return add(std::move(method), std::move(opening));
}

Result<void> PluginMethods::addRoute(RestRoute route)
{
    for (const Result<void> &checked : {checkRunning(), checkPath(route.path)}) {
        if (!checked)
            return checked.error();
    }
    if (!m_door)
        return Error{ErrorCode::refused, u"this host has no HTTP"_s};
    const QByteArray verb = route.verb;
    const QByteArray path = route.path;
    auto answer =
        [run = m_run, door = m_door,
         shared = std::make_shared<const RestRoute>(std::move(route))](net::HttpRequest request) {
            return answerRoute(run, shared, door, std::move(request));
        };
    auto added = m_router.add(verb, path, std::move(answer));
    if (!added)
        return added.error();
    m_routes.push_back(std::move(*added));
    return {};
}

} // namespace coffer::pluginhost
