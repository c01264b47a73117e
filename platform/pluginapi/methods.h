// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_message.h"
#include "rpc/method.h"

#include <memory>

namespace coffer::pluginapi {

template<class T>
using Task = QCoro::Task<T>;

/// A stream of notifications to one caller, as a feed sees it.
struct FeedCall
{
    QString method;
    QCborMap params; ///< Checked by the schema of the method.
    rpc::Caller caller;
    /// Where events go. It closes when the caller leaves or the plugin stops: room() answers false
    /// then. When the feed returns, it is ended.
    std::shared_ptr<rpc::Subscription> subscription; // shared with the host, which ends it
};

/// Fills a subscription until it is no longer open. Its error, or what it throws, is told to the
/// reader. A free or member function, never a capturing lambda.
using Feed = std::function<Task<Result<void>>(FeedCall)>;

/// A method in the form of REST. Caller, deadline, limits and rules are those of the method.
struct RestRoute
{
    QByteArray verb = "GET"; ///< "GET" answers HEAD too.
    /// "/v1/<own name>" or below it. A path that ends with '*' stands for all that begin so.
    QByteArray path;
    QString method; ///< The full name of a method, usually one of the plugin's own.
    /// The parameters that the request means; nullptr: the query's members, as texts.
    std::function<rpc::Answer<QCborMap>(const net::HttpRequest &)> params = nullptr;
    /// The response to a result; nullptr: 200 with the result as JSON.
    std::function<net::HttpResponse(const net::HttpRequest &, const QCborValue &)> response =
        nullptr;
};

/// Where a plugin registers what others reach of it. Everything is taken back when it stops.
///
/// Names are below the plugin's own name or one that it provides: plugin "example" may register
/// "example.greet" and "/v1/example/greeting". Errors: `invalid` names the rule that is broken.
class Methods
{
public:
    virtual ~Methods() = default;

    /// Registers a method; what its handler throws becomes INTERNAL.
    [[nodiscard]] virtual Result<void> add(rpc::Method method, rpc::Handler handler) = 0;
    /// Registers a method that opens a subscription: answers {"subscription": id} and lets \a feed
    /// fill it. Callers need a WebSocket.
    [[nodiscard]] virtual Result<void> addFeed(rpc::Method method, Feed feed) = 0;
    [[nodiscard]] virtual Result<void> addRoute(RestRoute route) = 0;

    /// The same with a member function of \a object, which lives as long as the plugin.
    template<class T>
    [[nodiscard]] Result<void> add(rpc::Method method, T &object,
                                   Task<rpc::Outcome> (T::*member)(rpc::Call &))
    {
        const auto handler = [&object, member](rpc::Call &call) { return (object.*member)(call); };
        return add(std::move(method), rpc::Handler(handler));
    }
    template<class T>
    [[nodiscard]] Result<void> addFeed(rpc::Method method, T &object,
                                       Task<Result<void>> (T::*member)(FeedCall))
    {
        const auto feed = [&object, member](FeedCall call) {
            return (object.*member)(std::move(call));
        };
        return addFeed(std::move(method), Feed(feed));
    }
};

} // namespace coffer::pluginapi
