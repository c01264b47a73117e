// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"

#include <CLI/CLI.hpp>
#include <QFile>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct SchemaArguments
{
    std::string target;
    std::string path; ///< Of a file or output; empty: the keys.
    std::string file; ///< Here; empty: none.
    std::string draft;
    bool isDraft = false;
    bool isForced = false;
};

/// "the keys of shop", "app.yaml of shop".
QString subjectOf(const QCborMap &params)
{
    const QString path = params.value("path"_L1).toString();
    return u"%1 of %2"_s.arg(path.isEmpty() ? u"the keys"_s : path,
                             params.value("service"_L1).toString());
}

/// service and path, of a service alone.
Result<QCborMap> placeOf(const SchemaArguments &arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        return target.error();
    if (target->scope != "_all"_L1) {
        return Error{
            ErrorCode::invalid,
            u"expected SERVICE: a schema is for what hosts get, in whatever data centre"_s};
    }
    QCborMap params{{u"service"_s, target->service}};
    if (!arguments.path.empty())
        params.insert(u"path"_s, QString::fromStdString(arguments.path));
    return params;
}

/// A file here, or `-` for standard input.
Result<QString> textOf(const std::string &name)
{
    constexpr qint64 bytesMax = 1 << 20;
    if (name == "-") {
        const Result<QByteArray> bytes = valueOf(name);
        return bytes ? Result<QString>(QString::fromUtf8(*bytes)) : bytes.error();
    }
    QFile file(QString::fromStdString(name));
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::notFound, file.fileName() + u": "_s + file.errorString()};
    const QByteArray bytes = file.read(bytesMax);
    if (!bytes.isValidUtf8())
        return Error{ErrorCode::invalid, file.fileName() + u": expected UTF-8"_s};
    return QString::fromUtf8(bytes);
}

void noteUnused(Console &console, const QCborMap &answer, const QCborMap &params)
{
    if (answer.value("documents"_L1).toInteger() == 0) {
        const QString what = params.contains("draft"_L1) ? u"pending"_s : u"live"_s;
        console.aside(
            u"note: nothing was looked at; nothing of %1 is %2"_s.arg(subjectOf(params), what));
    }
}

// ---- verbs

Task<int> list(Console &console, SchemaArguments arguments)
{
    const Result<QCborMap> params = placeOf(arguments);
    if (!params)
        co_return console.fail(params.error());
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.schema.get"_s, *params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray schemas = outcome->toMap().value("schemas"_L1).toArray();
    for (const QCborValue value : schemas) {
        const QCborMap schema = value.toMap();
        const QString path = schema.value("path"_L1).toString();
        console.line(u"%1 %2  %3"_s.arg((path.isEmpty() ? u"(keys)"_s : path).leftJustified(24),
                                        timeText(schema.value("at"_L1)),
                                        schema.value("by"_L1).toString()));
    }
    if (schemas.isEmpty())
        console.aside(u"no schemas; `coffer config schema set SERVICE FILE` gives it one"_s);
    co_return ok;
}

Task<int> get(Console &console, SchemaArguments arguments)
{
    Result<QCborMap> params = placeOf(arguments);
    if (!params)
        co_return console.fail(params.error());
    params->insert(u"path"_s, QString::fromStdString(arguments.path));
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.schema.get"_s, *params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray schemas = outcome->toMap().value("schemas"_L1).toArray();
    const QByteArray text = schemas.first().toMap().value("schema"_L1).toString().toUtf8();
    console.raw(text.endsWith('\n') ? text : text + '\n');
    co_return ok;
}

Task<int> set(Console &console, SchemaArguments arguments)
{
    Result<QCborMap> params = placeOf(arguments);
    if (!params)
        co_return console.fail(params.error());
    const Result<QString> text = textOf(arguments.file);
    if (!text)
        co_return console.fail(text.error());
    params->insert(u"schema"_s, *text);
    params->insert(u"as"_s, ownName());
    if (arguments.isForced)
        params->insert(u"force"_s, true);
    const rpc::Outcome outcome = co_await askSafely(console, u"goconf.schema.set"_s, *params);
    if (!outcome)
        co_return failConfig(console, outcome.error());
    console.json(*outcome);
    const QCborMap answer = outcome->toMap();
    console.line(u"from now on %1 must fit to be published"_s.arg(subjectOf(*params)));
    if (console.isJson())
        co_return ok;
    noteUnused(console, answer, *params);
    if (!answer.value("faults"_L1).toArray().isEmpty()) {
        console.aside(u"what is live does not; nothing can be published before it does:"_s);
        showFaults(console, answer);
    }
    co_return ok;
}

Task<int> remove(Console &console, SchemaArguments arguments)
{
    Result<QCborMap> params = placeOf(arguments);
    if (!params)
        co_return console.fail(params.error());
    params->insert(u"as"_s, ownName());
    // Sent once: a repetition would say that there is none.
    const rpc::Outcome outcome =
        co_await console.client().call(u"goconf.schema.remove"_s, *params, {});
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    console.line(u"%1 has no schema for %2 any more"_s.arg(params->value("service"_L1).toString(),
                                                           subjectOf(*params)));
    co_return ok;
}

Task<int> check(Console &console, SchemaArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params = target->params();
    if (!arguments.path.empty())
        params.insert(u"path"_s, QString::fromStdString(arguments.path));
    const bool isPending = arguments.isDraft || !arguments.draft.empty();
    if (!isPending && target->scope != "_all"_L1) {
        co_return console.fail(
            Error{ErrorCode::invalid,
                  u"expected SERVICE, whose data centres are all looked at, or --draft with it"_s});
    }
    if (isPending) {
        params.insert(u"draft"_s, arguments.draft.empty()
                                      ? u"main"_s
                                      : QString::fromStdString(arguments.draft));
    }
    if (!arguments.file.empty()) {
        const Result<QString> text = textOf(arguments.file);
        if (!text)
            co_return console.fail(text.error());
        params.insert(u"schema"_s, *text);
    }
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.schema.check"_s, params);
    if (!outcome)
        co_return failConfig(console, outcome.error());
    console.json(*outcome);
    const QCborMap answer = outcome->toMap();
    const bool isFine = answer.value("ok"_L1).toBool();
    if (console.isJson())
        co_return isFine ? int(ok) : int(failure);
    const QString name = QString::fromStdString(arguments.target);
    if (isFine) {
        console.line(u"%1: all of it fits"_s.arg(name));
        noteUnused(console, answer, params);
        co_return ok;
    }
    rpc::Failure shown =
        rpc::Failure::of(rpc::Code::invalidArgument, u"%1 does not fit"_s.arg(name));
    shown.details = answer;
    (void)failConfig(console, shown);
    co_return int(failure);
}

using Verb = Task<int> (*)(Console &, SchemaArguments);

/// The verb, and its arguments.
std::pair<CLI::App *, std::shared_ptr<SchemaArguments>>
addVerb(CLI::App &schema, Run &run, std::pair<const char *, const char *> words, Verb verb)
{
    auto arguments = std::make_shared<SchemaArguments>();
    CLI::App *added = schema.add_subcommand(words.first, words.second);
    added->callback([&run, arguments, verb] {
        run = [arguments, verb](Console &console) { return verb(console, *arguments); };
    });
    return {added, arguments};
}

void addPath(CLI::App *verb, const std::shared_ptr<SchemaArguments> &arguments)
{
    verb->add_option("--for", arguments->path,
                     "A file or output that it describes, rather than the keys");
}

} // namespace

void addConfigSchemaVerbs(CLI::App &config, Run &run)
{
    CLI::App *schema =
        config.add_subcommand("schema", "JSON Schemas: what configuration has to look like");
    schema->require_subcommand(1);

    auto [lists, listed] = addVerb(*schema, run, {"list", "Those of a service"}, &list);
    lists->add_option("service", listed->target, "SERVICE")->required();

    auto [gets, got] = addVerb(*schema, run, {"get", "The text of one"}, &get);
    gets->add_option("service", got->target, "SERVICE")->required();
    addPath(gets, got);

    auto [sets, setting] = addVerb(
        *schema, run, {"set", "Publish only what fits it; refused if what is live does not"}, &set);
    sets->add_option("service", setting->target, "SERVICE")->required();
    sets->add_option("file", setting->file, "The schema (draft-07); - for standard input")
        ->required();
    addPath(sets, setting);
    sets->add_flag("--force", setting->isForced, "Also if what is live does not fit");

    auto [removes, removed] = addVerb(*schema, run, {"remove", "Take one away"}, &remove);
    removes->add_option("service", removed->target, "SERVICE")->required();
    addPath(removes, removed);

    auto [checks, checked] = addVerb(
        *schema, run, {"check", "Try a schema, or those that are set, on what is live or pending"},
        &check);
    checks->add_option("target", checked->target, "SERVICE; with --draft also SERVICE@IDC")
        ->required();
    checks->add_option("file", checked->file,
                       "A schema that is not set; - for standard input. Else those that are");
    addPath(checks, checked);
    checks->add_option("--draft-name", checked->draft, "On the changes of this draft");
    checks->add_flag("--draft", checked->isDraft, "On what is pending, rather than live");
}

} // namespace coffer::cli
