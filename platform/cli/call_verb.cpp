// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "rpc/json.h"
#include "rpc/schema.h"

#include <CLI/CLI.hpp>
#include <QCborArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct CallArguments
{
    std::string method;
    std::vector<std::string> members; ///< NAME=VALUE; VALUE is JSON, or else text.
    std::string json;
};

/// The methods of the node that was asked, as rpc.discover tells.
Task<rpc::Answer<QCborArray>> discover(Console &console)
{
    client::CallOptions options;
    options.repeat = client::Repeat::read;
    const rpc::Outcome outcome = co_await console.client().call(u"rpc.discover"_s, {}, options);
    if (!outcome)
        co_return outcome.error();
    co_return outcome->toMap().value("methods"_L1).toArray();
}

QJsonValue jsonOf(const QByteArray &text)
{
    QJsonParseError fault;
    const QJsonDocument document = QJsonDocument::fromJson('[' + text + ']', &fault);
    const bool isJson = fault.error == QJsonParseError::NoError && document.array().size() == 1;
    return isJson ? document.array().first() : QJsonValue(QString::fromUtf8(text));
}

Result<QJsonObject> paramsOf(const CallArguments &arguments)
{
    QJsonObject params;
    if (!arguments.json.empty()) {
        const Result<QByteArray> text = valueOf(arguments.json);
        if (!text)
            return text.error();
        QJsonParseError fault;
        const QJsonDocument document = QJsonDocument::fromJson(*text, &fault);
        if (!document.isObject()) {
            const bool isJson = fault.error == QJsonParseError::NoError;
            return Error{ErrorCode::invalid,
                         u"--params: expected a JSON object"_s
                             + (isJson ? QString() : u": "_s + fault.errorString())};
        }
        params = document.object();
    }
    for (const std::string &member : arguments.members) {
        const std::size_t at = member.find('=');
        if (at == std::string::npos) {
            return Error{ErrorCode::invalid,
                         u"'%1': expected NAME=VALUE"_s.arg(QString::fromStdString(member))};
        }
        params.insert(QString::fromStdString(member.substr(0, at)),
                      jsonOf(QByteArray::fromStdString(member.substr(at + 1))));
    }
    return params;
}

/// \a params as the method wants them; byte strings are byte strings.
rpc::Answer<QCborMap> converted(const QCborMap &method, const QJsonObject &params)
{
    const QCborValue document =
        method.value("params"_L1).toArray().first().toMap().value("schema"_L1);
    const QByteArray text =
        QJsonDocument(rpc::toJson(document).toObject()).toJson(QJsonDocument::Compact);
    const Result<rpc::Schema> schema = rpc::Schema::parse(text);
    if (!schema)
        return schema.error();
    const rpc::Answer<QCborValue> value = schema->fromJson(params);
    if (!value)
        return value.error();
    if (const std::optional<QString> why = schema->refute(*value))
        return rpc::Failure::of(rpc::Code::invalidArgument, *why);
    return value->toMap();
}

/// What only reads may be asked twice. Open methods, which need no right, may change something.
client::CallOptions optionsFor(const QCborMap &method)
{
    const QString kind = method.value("x-access"_L1).toMap().value("kind"_L1).toString();
    client::CallOptions options;
    if (kind == "read"_L1)
        options.repeat = client::Repeat::read;
    return options;
}

Task<int> call(Console &console, CallArguments arguments)
{
    const Result<QJsonObject> params = paramsOf(arguments);
    if (!params)
        co_return console.fail(params.error());
    const rpc::Answer<QCborArray> methods = co_await discover(console);
    if (!methods)
        co_return console.fail(methods.error());
    const QString wanted = QString::fromStdString(arguments.method);
    for (const QCborValue value : *methods) {
        const QCborMap method = value.toMap();
        const QString name = method.value("name"_L1).toString();
        if (wanted.isEmpty()) {
            console.json(method);
            console.line(name.leftJustified(24) + method.value("summary"_L1).toString());
        }
        if (name != wanted)
            continue;
        if (method.value("x-subscription"_L1).toBool()) {
            const Error fault{
                ErrorCode::invalid,
                u"%1 opens a subscription, which would end with this command; `coffer watch` "
                "follows changes of files, `coffer config` and `coffer fleet` wait with --wait"_s
                    .arg(name)};
            co_return console.fail(fault);
        }
        const rpc::Answer<QCborMap> cbor = converted(method, *params);
        if (!cbor)
            co_return console.fail(cbor.error());
        const rpc::Outcome outcome =
            co_await console.client().call(name, *cbor, optionsFor(method));
        if (!outcome)
            co_return console.fail(outcome.error());
        console.json(*outcome);
        console.raw(QJsonDocument(rpc::toJson(*outcome).toObject()).toJson());
        co_return ok;
    }
    if (wanted.isEmpty())
        co_return ok;
    co_return console.fail(
        rpc::Failure::of(rpc::Code::methodNotFound, u"the node has no method "_s + wanted));
}

} // namespace

void addCallVerb(CLI::App &app, Run &run)
{
    auto arguments = std::make_shared<CallArguments>();
    CLI::App *verb = app.add_subcommand("call", "Call any method; without a name, list them");
    verb->add_option("method", arguments->method, "As store.stat");
    verb->add_option("params", arguments->members, "NAME=VALUE; VALUE is JSON, or else text");
    verb->add_option("--params", arguments->json, "All of them as one JSON object; - reads it");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return call(console, *arguments); };
    });
}

} // namespace coffer::cli
