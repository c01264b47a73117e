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
                           R"("pattern":"^(_all|[A-Za-z0-9-][A-Za-z0-9._-]{0,127})$",)"
                           R"("description":"_all (the base layer, the default) or an IDC"})");
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
