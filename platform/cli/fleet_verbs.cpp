// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"
#include "cli/fleet_view.h"
#include "cli/verbs.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct HostArguments
{
    std::string host;
    std::string idc;
    std::vector<std::string> services;
    std::vector<std::string> labels;
    std::string note;
    std::string state;
    std::string service;
    bool waits = false;
    double seconds = 60;
};

Result<QCborMap> hostParams(const HostArguments &arguments)
{
    QCborMap params{{u"host"_s, QString::fromStdString(arguments.host)}};
    if (!arguments.idc.empty())
        params.insert(u"idc"_s, QString::fromStdString(arguments.idc));
    if (!arguments.services.empty())
        params.insert(u"services"_s, textsOf(arguments.services));
    if (!arguments.note.empty())
        params.insert(u"note"_s, QString::fromStdString(arguments.note));
    QCborMap labels;
    for (const std::string &label : arguments.labels) {
        const QString text = QString::fromStdString(label);
        const qsizetype at = text.indexOf(u'=');
        if (at <= 0)
            return Error{ErrorCode::invalid, u"--label: '%1': expected NAME=VALUE"_s.arg(text)};
        labels.insert(text.first(at), text.mid(at + 1));
    }
    if (!labels.isEmpty())
        params.insert(u"labels"_s, labels);
    return params;
}

/// Sent once: a second one would make the token of the first void.
Task<int> enroll(Console &console, HostArguments arguments)
{
    const Result<QCborMap> params = hostParams(arguments);
    if (!params)
        co_return console.fail(params.error());
    const rpc::Outcome outcome =
        co_await console.client().call(u"goconf.host.enroll"_s, *params, {});
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    QStringList nodes;
    for (const QUrl &node : console.client().options().nodes)
        nodes.append(node.toString(QUrl::RemovePath));
    const QString host = QString::fromStdString(arguments.host);
    const QString token = outcome->toMap().value("token"_L1).toString();
    console.line(u"coffer-agent join %1 %2 --host %3"_s.arg(nodes.join(u','), token, host));
    console.aside(u"Run this on %1, once, within a day. It is shown this once."_s.arg(host));
    co_return ok;
}

Task<int> change(Console &console, HostArguments arguments, QString method)
{
    const Result<QCborMap> params = hostParams(arguments);
    if (!params)
        co_return console.fail(params.error());
    const rpc::Outcome outcome = co_await askSafely(console, method, *params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    co_return ok;
}

Task<int> hosts(Console &console)
{
    const QCborMap none;
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.host.list"_s, none);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    for (const QCborValue value : outcome->toMap().value("hosts"_L1).toArray()) {
        const QCborMap host = value.toMap();
        QStringList words;
        for (const QCborValue service : host.value("services"_L1).toArray())
            words.append(service.toString());
        const QCborMap labels = host.value("labels"_L1).toMap();
        QString line = host.value("host"_L1).toString().leftJustified(16) + u' '
                       + host.value("idc"_L1).toString().leftJustified(8) + u' ' + words.join(u',');
        for (const auto &label : labels)
            line += u"  %1=%2"_s.arg(label.first.toString(), label.second.toString());
        console.line(line + u"  "_s + host.value("note"_L1).toString());
    }
    co_return ok;
}

Task<int> fleet(Console &console, HostArguments arguments)
{
    if (arguments.waits && !arguments.service.empty()) {
        FleetWish wish;
        wish.services = {QString::fromStdString(arguments.service)};
        if (!arguments.idc.empty())
            wish.idcs.append(QString::fromStdString(arguments.idc));
        wish.limit = std::chrono::milliseconds(std::int64_t(arguments.seconds * 1000));
        const int code = co_await awaitFleet(console, wish);
        co_return code;
    }
    QCborMap params;
    for (const auto &[name, text] :
         {std::pair(u"service"_s, arguments.service), std::pair(u"idc"_s, arguments.idc),
          std::pair(u"state"_s, arguments.state)}) {
        if (!text.empty())
            params.insert(name, QString::fromStdString(text));
    }
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.fleet"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray rows = outcome->toMap().value("hosts"_L1).toArray();
    for (const QCborValue row : rows)
        showFleetLine(console, row.toMap());
    const bool isFiltered = !params.isEmpty();
    if (rows.isEmpty() && isFiltered)
        console.aside(u"no host is like that; `coffer fleet` without options shows all"_s);
    else if (rows.isEmpty())
        console.aside(
            u"no hosts; `coffer fleet enroll NAME --idc IDC --service SERVICE` adds one"_s);
    co_return ok;
}

void addHostOptions(CLI::App *verb, const std::shared_ptr<HostArguments> &arguments)
{
    verb->add_option("host", arguments->host, "Its name")->required();
    verb->add_option("--service", arguments->services, "What it runs; may be given several times");
    verb->add_option("--label", arguments->labels, "NAME=VALUE; may be given several times");
    verb->add_option("--note", arguments->note, "For people");
}

} // namespace

void addFleetVerbs(CLI::App &app, Run &run)
{
    auto arguments = std::make_shared<HostArguments>();
    CLI::App *fleetVerb =
        app.add_subcommand("fleet", "Which host wants, has and failed what, and why");
    fleetVerb->require_subcommand(0, 1);
    fleetVerb->add_option("--service", arguments->service, "Only of this service");
    fleetVerb->add_option("--idc", arguments->idc, "Only of this data centre");
    fleetVerb->add_option("--state", arguments->state,
                          "Only healthy, failed, rolledBack, drifted, held, waiting, offline or "
                          "unknown");
    fleetVerb->add_flag("--wait", arguments->waits, "Until all of --service are healthy");
    fleetVerb->add_option("--wait-seconds", arguments->seconds, "How long at most")
        ->check(CLI::Range(0.1, 86'400.0));
    fleetVerb->callback([&run, arguments, fleetVerb] {
        if (fleetVerb->get_subcommands().empty())
            run = [arguments](Console &console) { return fleet(console, *arguments); };
    });

    auto host = std::make_shared<HostArguments>();
    CLI::App *verb = fleetVerb->add_subcommand("enroll", "Admit a host; prints what to run there");
    addHostOptions(verb, host);
    verb->add_option("--idc", host->idc, "Its data centre")->required();
    verb->callback(
        [&run, host] { run = [host](Console &console) { return enroll(console, *host); }; });
    host = std::make_shared<HostArguments>();
    verb = fleetVerb->add_subcommand("set", "Change what is known of a host");
    addHostOptions(verb, host);
    verb->add_option("--idc", host->idc, "Its data centre");
    verb->callback([&run, host] {
        run = [host](Console &console) { return change(console, *host, u"goconf.host.set"_s); };
    });
    host = std::make_shared<HostArguments>();
    verb = fleetVerb->add_subcommand("remove", "Forget a host; its agent is not let in any more");
    verb->add_option("host", host->host, "Its name")->required();
    verb->callback([&run, host] {
        run = [host](Console &console) { return change(console, *host, u"goconf.host.remove"_s); };
    });
    fleetVerb->add_subcommand("hosts", "All hosts that were admitted")->callback([&run] {
        run = &hosts;
    });
}

} // namespace coffer::cli
