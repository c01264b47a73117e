// SPDX-License-Identifier: Apache-2.0
#include "goconf/method_kit.h"

#include <QCborArray>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Touch;

QByteArray schemaOf(const QByteArray &properties, const QByteArray &required)
{
    QByteArray text = properties;
    const QByteArray name = R"("type":"string","pattern":"^[A-Za-z0-9-][A-Za-z0-9._-]{0,127}$")";
    text.replace("$names", R"({"type":"array","maxItems":1000,"items":{)" + name + "}}");
    text.replace("$name", '{' + name + '}');
    text.replace("$scope", R"({"type":"string",)"
                           R"("pattern":"^(_all|(_host@)?[A-Za-z0-9-][A-Za-z0-9._-]{0,127})$",)"
                           R"("description":"_all (the base layer, the default), an IDC, or )"
                           R"(_host@HOST: the layer of one host"})");
    text.replace("$service", R"({"type":"string",)"
                             R"("pattern":"^(_global|[A-Za-z0-9-][A-Za-z0-9._-]{0,127})$",)"
                             R"("description":"a service, or _global: what lies below all"})");
    text.replace("$draft", '{' + name + R"(,"description":"main if it is not named"})");
    text.replace("$version", R"({"type":"string","pattern":"^v[1-9][0-9]{0,18}$"})");
    text.replace("$text", R"({"type":"string","maxLength":4096})");
    text.replace("$hash", R"({"type":"string","pattern":"^[0-9a-f]{64}$"})");
    return R"({"type":"object","additionalProperties":false,"required":[)" + required
           + R"(],"properties":{)" + text + "}}";
}

rpc::Method methodOf(const QString &name, const QString &summary, const QByteArray &schema,
                     Access::Kind kind, Touches touches)
{
    rpc::Method method;
    method.name = name;
    method.summary = summary;
    method.params = schema;
    method.access = {kind};
    method.touches = touches;
    method.deadline = std::chrono::seconds(30);
    return method;
}

QByteArray textIn(const QCborMap &params, const char *name, const QByteArray &otherwise)
{
    const QCborValue value = params.value(QLatin1String(name));
    return value.isString() ? value.toString().toUtf8() : otherwise;
}

std::vector<QByteArray> textsIn(const QCborMap &params, const char *name)
{
    std::vector<QByteArray> texts;
    for (const QCborValue value : params.value(QLatin1String(name)).toArray())
        texts.push_back(value.toString().toUtf8());
    return texts;
}

DraftId draftIn(const QCborMap &params)
{
    return {textIn(params, "service"), textIn(params, "scope", baseScope),
            textIn(params, "draft", "main")};
}

Trace traceOf(const rpc::Call &call, const pluginapi::PluginClock &clock)
{
    QByteArray by = call.caller.name.toUtf8();
    if (by.isEmpty() || by == "anonymous")
        by = textIn(call.params, "as", "anonymous");
    return {by, clock.wall()};
}

std::optional<rpc::Failure> hostFailure(const QByteArray &service, const QByteArray &host,
                                        const HostRecord *record)
{
    const QString name = QString::fromUtf8(host);
    if (service == globalService) {
        return rpc::Failure::of(
            rpc::Code::invalidArgument,
            u"scope: a host has layers of its own of services, not of _global"_s);
    }
    if (record == nullptr) {
        return rpc::Failure::of(
            rpc::Code::notFound,
            u"scope: there is no host %1; goconf.host.list says which there are"_s.arg(name));
    }
    if (record->wants(service))
        return std::nullopt;
    return rpc::Failure::of(
        rpc::Code::refused,
        u"scope: %1 does not get %2: change that by goconf.host.set first"_s.arg(
            name, QString::fromUtf8(service)));
}

std::vector<Touch> touchesService(const rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service");
    return {{Access::Kind::read, service.isEmpty() ? "/config" : treePath(service), true}};
}

std::vector<Touch> touchesDraft(const rpc::Call &call)
{
    return {{Access::Kind::write, draftPath(draftIn(call.params)), true}};
}

std::vector<Touch> touchesAll(const rpc::Call & /*call*/)
{
    return {{Access::Kind::read, "/config", true}};
}

} // namespace coffer::goconf
