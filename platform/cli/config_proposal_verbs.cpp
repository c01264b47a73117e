// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct ProposalArguments
{
    std::string target;
    std::string from; ///< revert: a version; promote: SERVICE@IDC.
    std::vector<std::string> places;
    std::string draft = "main";
    bool isForced = false;
};

void addCommon(CLI::App *verb, const std::shared_ptr<ProposalArguments> &arguments)
{
    verb->add_option("places", arguments->places,
                     "Only these: sections, SECTION/KEY, paths of files");
    verb->add_option("--draft-name", arguments->draft, "Which draft")->capture_default_str();
    verb->add_flag("--force", arguments->isForced, "Also over a pending change of somebody else");
}

Task<int> propose(Console &console, ProposalArguments arguments, QString method, QCborMap params)
{
    params.insert(u"draft"_s, QString::fromStdString(arguments.draft));
    params.insert(u"as"_s, ownName());
    if (!arguments.places.empty())
        params.insert(u"places"_s, textsOf(arguments.places));
    if (arguments.isForced)
        params.insert(u"force"_s, true);
    const rpc::Outcome outcome = co_await askSafely(console, method, params);
    if (!outcome)
        co_return failConfig(console, outcome.error());
    console.json(*outcome);
    const qint64 changed = outcome->toMap().value("changed"_L1).toInteger();
    if (changed == 0) {
        console.line(u"nothing to change: it is like that already"_s);
        co_return ok;
    }
    const QString layer = QString::fromStdString(arguments.target);
    console.line(u"%1 changed in the draft; `coffer config diff %2` shows what is pending, `coffer "
                 "config publish %2` makes it live"_s.arg(changed)
                     .arg(layer));
    co_return ok;
}

Task<int> revert(Console &console, ProposalArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params = target->params();
    params.insert(u"version"_s, QString::fromStdString(arguments.from));
    const int code = co_await propose(console, arguments, u"goconf.draft.revert"_s, params);
    co_return code;
}

Task<int> promote(Console &console, ProposalArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    const Result<ConfigTarget> from = configTarget(arguments.from);
    if (!from)
        co_return console.fail(from.error());
    if (from->service != target->service || from->scope == u"_all") {
        co_return console.fail(Error{
            ErrorCode::invalid,
            u"expected SERVICE@IDC, whose own layer is taken, and the same SERVICE or another "
            "IDC of it, as in: coffer config promote shop@sh001 shop@bj001"_s});
    }
    QCborMap params = target->params();
    params.insert(u"from"_s, from->scope);
    const int code = co_await propose(console, arguments, u"goconf.draft.promote"_s, params);
    co_return code;
}

} // namespace

void addConfigProposalVerbs(CLI::App &config, Run &run)
{
    auto back = std::make_shared<ProposalArguments>();
    CLI::App *verb = config.add_subcommand(
        "revert", "Take back what one version changed, in a draft; what came later stays");
    verb->add_option("target", back->target, "SERVICE, or SERVICE@IDC")->required();
    verb->add_option("version", back->from, "As `coffer config history` shows it: v7")->required();
    addCommon(verb, back);
    verb->callback(
        [&run, back] { run = [back](Console &console) { return revert(console, *back); }; });

    auto over = std::make_shared<ProposalArguments>();
    verb = config.add_subcommand(
        "promote", "Bring the own layer of an IDC to another one, or into the service, in a draft");
    verb->add_option("from", over->from, "SERVICE@IDC: what is live there")->required();
    verb->add_option("to", over->target, "SERVICE@IDC that becomes like it, or SERVICE")
        ->required();
    addCommon(verb, over);
    verb->callback(
        [&run, over] { run = [over](Console &console) { return promote(console, *over); }; });
}

} // namespace coffer::cli
