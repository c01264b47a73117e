// SPDX-License-Identifier: Apache-2.0
#include "client/endpoint.h"
#include "client/remote_store.h"
#include "rpc/spawn.h"

#include <QCoreApplication>

#include <cstdio>

using namespace coffer;
using pluginapi::Task;

static Error wrong(const QString &what) { return {ErrorCode::conflict, what}; }

/// Put, get, a write that is refused, and a watch that sees both changes in order.
static Task<Result<void>> tour(client::RemoteStore &store)
{
    const Result<Revision> first = co_await store.put("/sdk/greeting", "hello");
    if (!first)
        co_return first.error();
    const auto file = co_await store.get("/sdk/greeting");
    if (!file)
        co_return file.error();
    if (!*file || (*file)->value != "hello")
        co_return wrong(QStringLiteral("get: expected hello"));
    const Result<Revision> refused = co_await store.put("/sdk/greeting", "no", Revision());
    if (refused || refused.error().code != ErrorCode::conflict)
        co_return wrong(QStringLiteral("put of a file that is there: expected a conflict"));
    const Result<Revision> second = co_await store.put("/sdk/greeting", "good bye", *first);
    if (!second)
        co_return second.error();

    const auto watch = store.watch({store::Glob::parse("/sdk/**").value(), *first});
    QByteArrayList seen;
    while (seen.size() < 2) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (!answer)
            co_return answer.error();
        if (const auto *batch = std::get_if<store::WatchBatch>(&*answer)) {
            for (const store::WatchEvent &event : batch->events)
                seen.append(event.now.value);
        }
    }
    std::printf("seen: %s\n", seen.join(", then ").constData());
    co_return Result<void>();
}

static Task<void> carryOut(client::RemoteStore &store)
{
    Result<void> done = co_await tour(store);
    if (done)
        done = co_await store.finish();
    if (!done)
        std::fprintf(stderr, "client-example: %s\n", qUtf8Printable(done.error().message));
    QCoreApplication::exit(done ? 0 : 1);
}

int main(int count, char **arguments)
{
    QCoreApplication application(count, arguments);
    auto nodes = client::parseEndpoints(QCoreApplication::arguments().value(1));
    if (!nodes) {
        std::fprintf(stderr, "client-example: %s\n", qUtf8Printable(nodes.error().message));
        return 2;
    }
    client::Options options;
    options.nodes = std::move(*nodes);
    client::Client client(options);
    client::RemoteStore store(client);
    QMetaObject::invokeMethod(
        &client, [&store] { spawn(carryOut(store), "tour"); }, Qt::QueuedConnection);
    return QCoreApplication::exec();
}
