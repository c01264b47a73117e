// SPDX-License-Identifier: Apache-2.0
#include "cli/config_release.h"
#include "cli/config_verbs.h"
#include "cli/config_words.h"

#include <CLI/CLI.hpp>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

/// "2 h 5 min", for people.
QString ageText(const QCborValue &milliseconds)
{
    const qint64 minutes = milliseconds.toInteger() / 60'000;
    if (minutes >= 2 * 24 * 60)
        return u"%1 days"_s.arg(minutes / (24 * 60));
    if (minutes >= 60)
        return u"%1 h %2 min"_s.arg(minutes / 60).arg(minutes % 60);
    return minutes == 0 ? u"less than a minute"_s : u"%1 min"_s.arg(minutes);
}

void showCandidate(Console &console, const QCborMap &candidate)
{
    const auto text = [&candidate](QLatin1StringView name) {
        return candidate.value(name).toString();
    };
    const QCborArray hosts = candidate.value("hosts"_L1).toArray();
    console.line(u"%1 %2  %3  for %4  by %5  %6"_s.arg(
        text("service"_L1), text("version"_L1), text("release"_L1),
        ageText(candidate.value("ageMs"_L1)), text("by"_L1), text("message"_L1)));
    for (const QCborValue value : hosts) {
        const QCborMap host = value.toMap();
        const QString has = host.value("has"_L1).toString();
        QString line = u"  %1 %2 %3 %4"_s.arg(host.value("host"_L1).toString().leftJustified(16),
                                              host.value("idc"_L1).toString().leftJustified(8),
                                              host.value("state"_L1).toString().leftJustified(11),
                                              has.isEmpty() ? u"nothing yet"_s : u"has "_s + has);
        if (const QCborValue since = host.value("since"_L1); since.toInteger() > 0)
            line += u"  since "_s + timeText(since);
        console.line(line);
        if (const QString error = host.value("error"_L1).toString(); !error.isEmpty())
            console.line(u"      "_s + error);
    }
    console.line(u"  %1 of %2 are healthy with it"_s.arg(candidate.value("healthy"_L1).toInteger())
                     .arg(hosts.size()));
}

Task<int> canaryStatus(Console &console, std::string service)
{
    QCborMap params;
    if (!service.empty())
        params.insert(u"service"_s, QString::fromStdString(service));
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.canary.list"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray candidates = outcome->toMap().value("candidates"_L1).toArray();
    for (const QCborValue candidate : candidates)
        showCandidate(console, candidate.toMap());
    if (candidates.isEmpty())
        console.aside(u"nothing is tried; `coffer config publish SERVICE --canary HOST,... -m WHY` "
                      "begins that"_s);
    else
        console.aside(u"`coffer config canary promote SERVICE` makes it live for all, `abandon` "
                      "gives it up"_s);
    co_return ok;
}

Task<int> endCanary(Console &console, ReleaseArguments arguments, QString method)
{
    const Result<ConfigTarget> target = configTarget(arguments.targets.front());
    if (!target)
        co_return console.fail(target.error());
    if (target->scope != "_all"_L1) {
        const Error fault{ErrorCode::invalid,
                          u"'%1': expected SERVICE: what is tried ends wherever it is"_s.arg(
                              QString::fromStdString(arguments.targets.front()))};
        co_return console.fail(fault);
    }
    QCborMap params = releaseParams(arguments);
    if (arguments.message.empty())
        params.remove(u"message"_s);
    params.insert(u"service"_s, target->service);
    if (!arguments.expected.empty())
        params.insert(u"expected"_s, QString::fromStdString(arguments.expected.front()));
    const Done done = co_await release(console, arguments, method, params);
    co_return done.code;
}

} // namespace

void addConfigCanaryVerbs(CLI::App &config, Run &run)
{
    CLI::App *canary = config.add_subcommand("canary", "What some hosts try before all get it");
    canary->require_subcommand(0, 1);
    auto service = std::make_shared<std::string>();
    const auto status = [&run, service] {
        run = [service](Console &console) { return canaryStatus(console, *service); };
    };
    canary->callback([canary, status] {
        if (canary->get_subcommands().empty())
            status();
    });
    CLI::App *verb = canary->add_subcommand("status", "Since when, and how each host does");
    verb->add_option("service", *service, "Only of this one");
    verb->callback(status);
    for (const auto &[name, summary] :
         {std::pair("promote", "Make live for all what some hosts are trying"),
          std::pair("abandon", "Give it up: its hosts go back, the draft is as it was")}) {
        auto arguments = std::make_shared<ReleaseArguments>();
        const QString method = u"goconf.canary."_s + QLatin1String(name);
        verb = canary->add_subcommand(name, summary);
        verb->add_option("service", arguments->targets, "SERVICE")->required()->expected(1);
        verb->add_option("-m,--message", arguments->message, "Why; else that of the candidate");
        verb->add_option("--expect", arguments->expected, "The version that is meant, as v8")
            ->expected(1);
        addReleaseOptions(verb, arguments);
        verb->callback([&run, arguments, method] {
            run = [arguments, method](Console &console) {
                return endCanary(console, *arguments, method);
            };
        });
    }
}

} // namespace coffer::cli
