// SPDX-License-Identifier: Apache-2.0
#include "hello/hello_plugin.h"

using namespace coffer;

namespace hello {

HelloPlugin::Task<Result<void>> HelloPlugin::start(pluginapi::PluginContext &context)
{
    m_context = &context;
    rpc::Method greet;
    greet.name = QStringLiteral("hello.greet");
    greet.summary = QStringLiteral("Greets somebody, and says how many were greeted so far.");
    greet.params = R"({"type":"object","required":["name"],"additionalProperties":false,
        "properties":{"name":{"type":"string","maxLength":64}}})";
    greet.access = {rpc::Access::Kind::write};
    co_return context.methods().add(greet, *this, &HelloPlugin::greet);
}

/// Counts by a guard on what was read, again if somebody else was faster.
HelloPlugin::Task<rpc::Outcome> HelloPlugin::greet(rpc::Call &call)
{
    while (!call.isCancelled()) {
        const auto file = co_await m_context->store().get("/hello/count");
        if (!file)
            co_return rpc::Failure::of(file.error());
        const qint64 count = (*file ? (*file)->value.toLongLong() : 0) + 1;
        const Revision expected = *file ? (*file)->revision : Revision();
        const Result<Revision> done =
            co_await m_context->store().put("/hello/count", QByteArray::number(count), expected);
        if (!done && done.error().code == ErrorCode::conflict)
            continue;
        if (!done)
            co_return rpc::Failure::of(done.error());
        const QString name = call.params.value(QStringLiteral("name")).toString();
        const QCborMap answer{{QStringLiteral("greeting"), QStringLiteral("Hello, ") + name},
                              {QStringLiteral("count"), count}};
        co_return QCborValue(answer);
    }
    co_return rpc::Failure::of(rpc::Code::cancelled, QStringLiteral("nobody waits any more"));
}

} // namespace hello
