// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"
#include "cli/verbs.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

/// ", v8 is tried by web-1, web-2".
QString triedText(const QString &version, const QCborArray &hosts)
{
    const QString text = u", %1 is tried"_s.arg(version);
    if (hosts.isEmpty())
        return text;
    return text + u" by "_s
           + (hosts.size() > 5 ? u"%1 hosts"_s.arg(hosts.size()) : namesText(hosts));
}

Task<int> services(Console &console)
{
    const QCborMap none;
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.service.list"_s, none);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray list = outcome->toMap().value("services"_L1).toArray();
    for (const QCborValue value : list) {
        const QCborMap service = value.toMap();
        console.line(service.value("service"_L1).toString().leftJustified(20)
                     + service.value("note"_L1).toString());
        for (const QCborValue part : service.value("scopes"_L1).toArray()) {
            const QCborMap scope = part.toMap();
            const QString name = scope.value("scope"_L1).toString();
            const QString current = scope.value("current"_L1).toString();
            const QString word = name == "_all"_L1 ? u"(service)"_s : targetText({}, name);
            QString line =
                u"  %1 %2"_s.arg(word.leftJustified(18), current.isEmpty() ? u"-"_s : current);
            if (const QCborValue until = scope.value("until"_L1); until.isInteger())
                line += u" until "_s + timeText(until);
            if (const QString previous = scope.value("previous"_L1).toString(); !previous.isEmpty())
                line += u", before that "_s + previous;
            if (const QString tried = scope.value("candidate"_L1).toString(); !tried.isEmpty())
                line += triedText(tried, scope.value("canary"_L1).toArray());
            if (const qint64 pending = scope.value("draftChanges"_L1).toInteger(); pending > 0)
                line += u", %1 changes pending"_s.arg(pending);
            console.line(line);
        }
    }
    if (list.isEmpty())
        console.aside(u"no services; `coffer config service create NAME` makes one"_s);
    co_return ok;
}

Task<int> idcs(Console &console)
{
    const QCborMap none;
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.idc.list"_s, none);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray list = outcome->toMap().value("idcs"_L1).toArray();
    for (const QCborValue value : list) {
        const QCborMap idc = value.toMap();
        console.line(u"%1 %2 hosts  %3"_s.arg(idc.value("idc"_L1).toString().leftJustified(12))
                         .arg(idc.value("hosts"_L1).toInteger())
                         .arg(idc.value("note"_L1).toString()));
    }
    if (list.isEmpty())
        console.aside(u"no data centres; `coffer config idc create NAME` makes one"_s);
    co_return ok;
}

/// Sent once: a repetition would say that it exists, or that it does not.
Task<int> change(Console &console, QString method, QCborMap params, QString done)
{
    const rpc::Outcome outcome = co_await console.client().call(method, params, {});
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    console.line(done);
    co_return ok;
}

struct Words
{
    const char *verb; ///< "service": also the parameter.
    const char *what; ///< For people.
    Task<int> (*list)(Console &);
};

void addPlace(CLI::App &config, Run &run, const Words &words)
{
    CLI::App *place = config.add_subcommand(words.verb, words.what);
    place->require_subcommand(0, 1);
    place->callback([&run, place, list = words.list] {
        if (place->get_subcommands().empty())
            run = list;
    });
    place->add_subcommand("list", "All of them")->callback([&run, list = words.list] {
        run = list;
    });
    const QString name = QString::fromLatin1(words.verb);
    for (const auto &[verb, summary] :
         {std::pair("create", "Make one"), std::pair("remove", "Remove one that is empty")}) {
        auto id = std::make_shared<std::string>();
        auto note = std::make_shared<std::string>();
        CLI::App *made = place->add_subcommand(verb, summary);
        made->add_option("name", *id, "1 to 128 of A-Z a-z 0-9 . _ -")->required();
        const QString method = u"goconf.%1.%2"_s.arg(name, QString::fromLatin1(verb));
        if (verb == std::string_view("create"))
            made->add_option("--note", *note, "For people");
        made->callback([&run, id, note, name, method] {
            QCborMap params{{name, QString::fromStdString(*id)}};
            if (!note->empty())
                params.insert(u"note"_s, QString::fromStdString(*note));
            const QString done = u"%1 %2: done"_s.arg(name, QString::fromStdString(*id));
            run = [method, params, done](Console &console) {
                return change(console, method, params, done);
            };
        });
    }
}

} // namespace

void addConfigPlaceVerbs(CLI::App &config, Run &run)
{
    addPlace(config, run, {"service", "Services and what is live of them", &services});
    addPlace(config, run, {"idc", "Data centres", &idcs});
}

void addConfigVerbs(CLI::App &app, Run &run)
{
    CLI::App *config =
        app.add_subcommand("config", "Configuration of services: draft, diff, publish, roll back");
    config->require_subcommand(1);
    addConfigPlaceVerbs(*config, run);
    addConfigSearchVerb(*config, run);
    addConfigDirectoryVerbs(*config, run);
    addConfigReadVerbs(*config, run);
    addConfigWhyVerb(*config, run);
    addConfigEditVerbs(*config, run);
    addConfigProposalVerbs(*config, run);
    addConfigReleaseVerbs(*config, run);
    addConfigSchemaVerbs(*config, run);
}

} // namespace coffer::cli
