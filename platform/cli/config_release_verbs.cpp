// SPDX-License-Identifier: Apache-2.0
#include "cli/config_release.h"
#include "cli/config_verbs.h"
#include "cli/config_words.h"
#include "cli/fleet_view.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <optional>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

// ---- what a release does, for people

/// "shop@sh001: 2 hosts (web-1, web-2)", "shop@host:web-1: 1 host (web-1)".
QString classText(const QCborMap &one)
{
    QStringList names;
    for (const QCborValue name : one.value("names"_L1).toArray())
        names.append(name.toString());
    const qint64 hosts = one.value("hosts"_L1).toInteger();
    if (hosts > names.size() && !names.isEmpty())
        names.append(u"..."_s);
    const QString host = one.value("host"_L1).toString();
    return u"%1: %2 %3%4"_s
        .arg(targetText(one.value("service"_L1).toString(),
                        host.isEmpty() ? one.value("idc"_L1).toString() : u"_host@"_s + host))
        .arg(hosts)
        .arg(hosts == 1 ? u"host"_s : u"hosts"_s,
             names.isEmpty() ? QString() : u" ("_s + names.join(u", "_s) + u')');
}

/// Which hosts' files change, and how; those that change alike together.
void showBlast(Console &console, const QCborMap &map)
{
    std::vector<std::pair<QString, QStringList>> groups; // diff, classes
    for (const QCborValue value : map.value("blast"_L1).toArray()) {
        const QCborMap one = value.toMap();
        const QString diff = one.value("diff"_L1).toString();
        const auto same = std::find_if(groups.begin(), groups.end(),
                                       [&diff](const auto &group) { return group.first == diff; });
        if (same == groups.end())
            groups.emplace_back(diff, QStringList{classText(one)});
        else
            same->second.append(classText(one));
    }
    for (const auto &[diff, classes] : groups) {
        for (const QString &text : classes)
            console.line(u"changes at "_s + text);
        showDiff(console, diff);
    }
    if (groups.empty())
        console.line(u"no host's files change"_s);
}

QString versionsText(const QCborMap &map)
{
    QStringList texts;
    const QCborMap versions = map.value("versions"_L1).toMap();
    for (const auto &entry : versions)
        texts.append(entry.first.toString() + u' ' + entry.second.toString());
    for (const QCborValue value : map.value("moved"_L1).toArray()) {
        const QCborMap moved = value.toMap();
        const QString service = moved.value("service"_L1).toString();
        if (!versions.contains(service))
            texts.append(targetText(service, moved.value("scope"_L1).toString()) + u' '
                         + moved.value("to"_L1).toString());
    }
    return texts.join(u", "_s);
}

void showRelease(Console &console, const QCborMap &map, bool isDryRun)
{
    console.json(map);
    showBlast(console, map);
    for (const QCborValue value : map.value("moved"_L1).toArray()) {
        const QCborMap moved = value.toMap();
        const QString service = moved.value("service"_L1).toString();
        if (map.value("versions"_L1).toMap().contains(service))
            continue; // all of it goes to one version
        console.line(u"%1: %2 -> %3"_s.arg(targetText(service, moved.value("scope"_L1).toString()),
                                           moved.value("from"_L1).toString(),
                                           moved.value("to"_L1).toString()));
    }
    for (const QCborValue value : map.value("moved"_L1).toArray()) {
        const QCborMap moved = value.toMap();
        if (const QCborValue until = moved.value("until"_L1); until.isInteger())
            console.line(u"%1 until %2"_s.arg(targetText(moved.value("service"_L1).toString(),
                                                         moved.value("scope"_L1).toString()),
                                              timeText(until)));
    }
    if (!map.value("faults"_L1).toArray().isEmpty() && !console.isJson()) {
        console.aside(u"what is gone back to does not fit the schema of now:"_s);
        showFaults(console, map);
    }
    QString text = u"released %1: %2"_s.arg(map.value("release"_L1).toString(), versionsText(map));
    if (const QString canary = namesText(map.value("canary"_L1)); !canary.isEmpty())
        text += u", to be tried by "_s + canary;
    console.line(isDryRun ? u"nothing was released: this was a dry run"_s : text);
}

} // namespace

QCborMap releaseParams(const ReleaseArguments &arguments)
{
    QCborMap params{{u"message"_s, QString::fromStdString(arguments.message)},
                    {u"as"_s, ownName()}};
    if (arguments.yes)
        params.insert(u"yes"_s, qint64(*arguments.yes));
    if (arguments.isDryRun)
        params.insert(u"dryRun"_s, true);
    else
        params.insert(u"key"_s, randomHex(8));
    if (!arguments.idcs.empty())
        params.insert(u"idcs"_s, textsOf(arguments.idcs));
    return params;
}

namespace {

Result<QCborMap> publishParams(const ReleaseArguments &arguments)
{
    QCborArray targets;
    QCborMap expected;
    for (const std::string &text : arguments.targets) {
        const Result<ConfigTarget> target = configTarget(text);
        if (!target)
            return target.error();
        QCborMap map = target->params();
        map.insert(u"draft"_s, QString::fromStdString(arguments.draft));
        targets.append(map);
    }
    for (const std::string &text : arguments.expected) {
        const QString whole = QString::fromStdString(text);
        const qsizetype at = whole.indexOf(u'=');
        const Result<ConfigTarget> target =
            configTarget(whole.first(std::max<qsizetype>(at, 0)).toStdString());
        if (!target)
            return target.error().in(u"--expect"_s);
        expected.insert(target->service + u'@' + target->scope, whole.mid(at + 1));
    }
    QCborMap params = releaseParams(arguments);
    params.insert(u"targets"_s, targets);
    if (!arguments.expires.empty())
        params.insert(u"expires"_s, QString::fromStdString(arguments.expires));
    if (!expected.isEmpty())
        params.insert(u"expected"_s, expected);
    if (!arguments.canary.empty())
        params.insert(u"canary"_s, textsOf(arguments.canary));
    if (arguments.isReplacement)
        params.insert(u"replace"_s, true);
    return params;
}

/// Whether it reaches other hosts than those of its services and IDCs: then it is awaited by name.
bool isOfOtherHosts(const ReleaseArguments &arguments)
{
    return std::any_of(arguments.targets.begin(), arguments.targets.end(),
                       [](const std::string &text) {
                           const Result<ConfigTarget> target = configTarget(text);
                           return target && (target->host() || target->service == "_global"_L1);
                       });
}

/// Where a publish moves something: the IDCs whose own layers it is of, if it is of such alone.
/// Empty: everywhere.
QCborArray idcsOf(const ReleaseArguments &arguments)
{
    QCborArray idcs;
    for (const std::string &text : arguments.targets) {
        const Result<ConfigTarget> target = configTarget(text);
        if (!target || target->scope == "_all"_L1 || isOfOtherHosts(arguments))
            return {};
        idcs.append(target->scope);
    }
    return idcs;
}

std::vector<QString> servicesOf(const ReleaseArguments &arguments)
{
    std::vector<QString> services;
    for (const std::string &text : arguments.targets) {
        if (const Result<ConfigTarget> target = configTarget(text))
            services.push_back(target->service);
    }
    return services;
}

} // namespace

Task<Done> release(Console &console, ReleaseArguments arguments, QString method, QCborMap params)
{
    Done done;
    const rpc::Outcome outcome = co_await askSafely(console, method, params);
    if (!outcome) {
        done.code = failConfig(console, outcome.error());
        co_return done;
    }
    done.answer = outcome->toMap();
    showRelease(console, done.answer, arguments.isDryRun);
    if (!arguments.waits || arguments.isDryRun)
        co_return done;
    FleetWish wish{servicesOf(arguments), params.value("idcs"_L1).toArray()};
    if (wish.idcs.isEmpty() && method == u"goconf.publish")
        wish.idcs = idcsOf(arguments);
    wish.limit = std::chrono::milliseconds(std::int64_t(arguments.waitSeconds * 1000));
    wish.isOfAllServices = isOfOtherHosts(arguments);
    if (wish.isOfAllServices)
        wish.release = done.answer.value("id"_L1).toString();
    if (done.answer.contains("canary"_L1)) {
        wish.release = done.answer.value("id"_L1).toString();
        wish.hosts = done.answer.value("canary"_L1).toArray();
    }
    done.code = co_await awaitFleet(console, wish);
    co_return done;
}

namespace {

// ---- publish

/// One release per IDC under one change id; ends at the first whose hosts do not all follow.
Task<int> publishByIdc(Console &console, ReleaseArguments arguments)
{
    QString change = QString::fromStdString(arguments.change);
    arguments.idcs = arguments.byIdc; // a word that is no IDC is said before anything is done
    Result<QCborMap> whole = publishParams(arguments);
    if (!whole)
        co_return console.fail(whole.error());
    whole->insert(u"dryRun"_s, true);
    whole->remove(u"key"_s);
    if (!change.isEmpty())
        whole->insert(u"change"_s, change);
    const rpc::Outcome possible = co_await askSafely(console, u"goconf.publish"_s, *whole);
    if (!possible)
        co_return failConfig(console, possible.error());
    arguments.waits = true;
    for (std::size_t index = 0; index < arguments.byIdc.size(); ++index) {
        arguments.idcs = {arguments.byIdc[index]};
        Result<QCborMap> params = publishParams(arguments);
        if (!params)
            co_return console.fail(params.error());
        if (!change.isEmpty())
            params->insert(u"change"_s, change);
        console.aside(u"%1 (%2 of %3)"_s.arg(QString::fromStdString(arguments.byIdc[index]))
                          .arg(index + 1)
                          .arg(arguments.byIdc.size()));
        const Done done = co_await release(console, arguments, u"goconf.publish"_s, *params);
        change = done.answer.value("change"_L1).toString(change);
        if (done.code == ok)
            continue;
        if (!change.isEmpty()) {
            console.aside(
                u"Stopped: later IDCs are untouched. To undo those done: coffer config "
                "rollback %1 --change %2 -m 'why'"_s.arg(servicesOf(arguments).front(), change));
        }
        co_return done.code;
    }
    co_return ok;
}

Task<int> publish(Console &console, ReleaseArguments arguments)
{
    if (!arguments.byIdc.empty() && !arguments.isDryRun) {
        const int code = co_await publishByIdc(console, arguments);
        co_return code;
    }
    const Result<QCborMap> params = publishParams(arguments);
    if (!params)
        co_return console.fail(params.error());
    const Done done = co_await release(console, arguments, u"goconf.publish"_s, *params);
    co_return done.code;
}

Task<int> validate(Console &console, ReleaseArguments arguments)
{
    int code = ok;
    for (const std::string &text : arguments.targets) {
        const Result<ConfigTarget> target = configTarget(text);
        if (!target)
            co_return console.fail(target.error());
        QCborMap params = target->params();
        params.insert(u"draft"_s, QString::fromStdString(arguments.draft));
        const rpc::Outcome outcome = co_await askToRead(console, u"goconf.validate"_s, params);
        if (!outcome)
            co_return failConfig(console, outcome.error());
        console.json(*outcome);
        if (outcome->toMap().value("ok"_L1).toBool()) {
            console.line(u"%1: nothing is wrong"_s.arg(QString::fromStdString(text)));
            continue;
        }
        const bool isInConflict = !outcome->toMap().value("conflicts"_L1).toArray().isEmpty();
        const rpc::Code fault = isInConflict ? rpc::Code::conflict : rpc::Code::invalidArgument;
        if (code != conflict) // which publish looks at first
            code = isInConflict ? conflict : usage;
        if (console.isJson())
            continue;
        rpc::Failure shown =
            rpc::Failure::of(fault, u"%1 cannot be published"_s.arg(QString::fromStdString(text)));
        shown.details = outcome->toMap();
        (void)failConfig(console, shown);
    }
    co_return code;
}

// ---- rollback

Task<int> rollback(Console &console, ReleaseArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.targets.front());
    if (!target)
        co_return console.fail(target.error());
    if (int(!arguments.to.empty()) + int(arguments.isUndo) + int(!arguments.change.empty()) != 1) {
        const Error fault{
            ErrorCode::invalid,
            u"say where to: --to VERSION, --undo (the version before), or --change ID"_s};
        co_return console.fail(fault);
    }
    if (target->host()) {
        const Error fault{
            ErrorCode::invalid,
            u"a layer of a host is not rolled back: coffer config expire %1 ends it"_s.arg(
                QString::fromStdString(arguments.targets.front()))};
        co_return console.fail(fault);
    }
    QCborMap params = releaseParams(arguments);
    params.insert(u"service"_s, target->service);
    if (target->scope != "_all"_L1)
        params.insert(u"idcs"_s, QCborArray{target->scope});
    if (!arguments.to.empty())
        params.insert(u"to"_s, QString::fromStdString(arguments.to));
    if (arguments.isUndo)
        params.insert(u"undo"_s, true);
    if (arguments.isEach)
        params.insert(u"each"_s, true);
    if (arguments.isAbandoning)
        params.insert(u"abandon"_s, true);
    if (!arguments.change.empty())
        params.insert(u"change"_s, QString::fromStdString(arguments.change));
    const Done done = co_await release(console, arguments, u"goconf.rollback"_s, params);
    co_return done.code;
}

Task<int> expire(Console &console, ReleaseArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.targets.front());
    if (!target)
        co_return console.fail(target.error());
    if (!target->host()) {
        const Error fault{ErrorCode::invalid,
                          u"expected SERVICE@host:HOST: only layers of hosts end"_s};
        co_return console.fail(fault);
    }
    QCborMap params = releaseParams(arguments);
    params.insert(u"service"_s, target->service);
    params.insert(u"host"_s, *target->host());
    const Done done = co_await release(console, arguments, u"goconf.rollback"_s, params);
    co_return done.code;
}

// ---- what was

void showHistoryLine(Console &console, const QCborMap &release)
{
    QStringList moves;
    for (const QCborValue value : release.value("services"_L1).toArray()) {
        const QCborMap service = value.toMap();
        for (const QCborValue moved : service.value("targets"_L1).toArray()) {
            const QCborMap target = moved.toMap();
            const QString scope = target.value("scope"_L1).toString();
            const QString name = service.value("service"_L1).toString();
            const QString to = target.value("to"_L1).toString();
            const bool isGone =
                !to.isEmpty() && target.contains("kept"_L1) && !target.value("kept"_L1).toBool();
            moves.append(u"%1 %2->%3%4"_s.arg(
                targetText(name, scope), target.value("from"_L1).toString(u"-"_s),
                to.isEmpty() ? u"-"_s : to, isGone ? u" (gone)"_s : QString()));
        }
    }
    console.line(u"%1  %2  %3  %4  %5"_s.arg(
        release.value("release"_L1).toString().leftJustified(8), timeText(release.value("at"_L1)),
        release.value("kind"_L1).toString().leftJustified(8),
        release.value("by"_L1).toString().leftJustified(10),
        // One of several lines must not look like another release.
        release.value("message"_L1).toString().replace(u'\n', u"\n          | "_s)));
    const QString canary = namesText(release.value("canary"_L1));
    console.line(u"          %1%2"_s.arg(moves.join(u", "_s),
                                         canary.isEmpty() ? canary : u" for "_s + canary));
}

Task<int> history(Console &console, std::string service, int limit, std::string before)
{
    QCborMap params{{u"limit"_s, limit}};
    if (!before.empty())
        params.insert(u"before"_s, QString::fromStdString(before));
    if (!service.empty())
        params.insert(u"service"_s, QString::fromStdString(service));
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.history"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    for (const QCborValue release : outcome->toMap().value("releases"_L1).toArray())
        showHistoryLine(console, release.toMap());
    if (outcome->toMap().value("more"_L1).toBool()) {
        console.aside(u"there are older ones: --before %1 shows them"_s.arg(
            outcome->toMap().value("next"_L1).toString()));
    }
    co_return ok;
}

Task<int> show(Console &console, std::string name)
{
    const QCborMap params{{u"release"_s, QString::fromStdString(name)}};
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.show"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborMap release = outcome->toMap();
    showHistoryLine(console, release);
    for (const QCborValue value : release.value("targets"_L1).toArray()) {
        const QCborMap target = value.toMap();
        console.line(
            targetText(target.value("service"_L1).toString(), target.value("scope"_L1).toString())
            + u':');
        if (target.contains("gone"_L1))
            console.line(u"no differences are known: "_s + target.value("gone"_L1).toString());
        else
            showDifferences(console, target);
    }
    co_return ok;
}

// ---- the verbs

} // namespace

void addReleaseOptions(CLI::App *verb, const std::shared_ptr<ReleaseArguments> &arguments)
{
    verb->add_flag("--dry-run", arguments->isDryRun, "Only show what would change, and where");
    verb->add_option("--yes", arguments->yes, "That many hosts may change; needed above 20");
    verb->add_flag("--wait", arguments->waits, "Until the hosts have followed; says who has not");
    verb->add_option("--wait-seconds", arguments->waitSeconds, "How long to wait at most")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
}

namespace {

void addMoving(CLI::App *verb, const std::shared_ptr<ReleaseArguments> &arguments)
{
    verb->add_option("-m,--message", arguments->message, "Why, for those who read the history")
        ->required();
    verb->add_option("--idc", arguments->idcs, "Only these")->delimiter(',');
    addReleaseOptions(verb, arguments);
}

void addPublish(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<ReleaseArguments>();
    CLI::App *verb = config.add_subcommand("publish", "Make what is pending live, all or nothing");
    verb->add_option("targets", arguments->targets, targetHelp)->required();
    addMoving(verb, arguments);
    verb->add_option("--draft-name", arguments->draft, "Which draft")->capture_default_str();
    verb->add_option("--expires", arguments->expires,
                     "How long layers of hosts last, as 30m, 2h, 7d; needed for these");
    verb->add_option("--by-idc", arguments->byIdc,
                     "One IDC after the other, each when the hosts of the one before are healthy")
        ->delimiter(',');
    verb->add_option("--change", arguments->change, "Go on with a change that --by-idc began");
    verb->add_option("--expect", arguments->expected, "TARGET=VERSION that has to be live now");
    CLI::Option *canary =
        verb->add_option("--canary", arguments->canary,
                         "Only for these hosts, to try it; then `coffer config canary promote`")
            ->delimiter(',')
            ->excludes("--by-idc");
    verb->add_flag("--replace", arguments->isReplacement,
                   "With --canary: in place of what is tried now")
        ->needs(canary);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return publish(console, *arguments); };
    });
}

void addRollback(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<ReleaseArguments>();
    CLI::App *verb = config.add_subcommand("rollback", "Make an earlier version live again");
    verb->add_option("target", arguments->targets, "SERVICE, or SERVICE@IDC")
        ->required()
        ->expected(1);
    addMoving(verb, arguments);
    verb->add_option("--to", arguments->to, "A version, as v12");
    verb->add_flag("--undo", arguments->isUndo, "To what was live before the last switch");
    verb->add_flag("--each", arguments->isEach,
                   "With --undo and --idc: also behind different releases");
    verb->add_option("--change", arguments->change, "Undo all releases of a change");
    verb->add_flag("--abandon", arguments->isAbandoning, "Also give up what some hosts are trying");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return rollback(console, *arguments); };
    });
}

void addExpire(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<ReleaseArguments>();
    CLI::App *verb = config.add_subcommand("expire", "End the layer of a host before its time");
    verb->add_option("target", arguments->targets, "SERVICE@host:HOST")->required()->expected(1);
    verb->add_option("-m,--message", arguments->message, "Why, for those who read the history")
        ->required();
    addReleaseOptions(verb, arguments);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return expire(console, *arguments); };
    });
}

} // namespace

void addConfigReleaseVerbs(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<ReleaseArguments>();
    CLI::App *verb = config.add_subcommand("validate", "Whether what is pending can be published");
    verb->add_option("targets", arguments->targets, targetHelp)->required();
    verb->add_option("--draft-name", arguments->draft, "Which draft")->capture_default_str();
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return validate(console, *arguments); };
    });
    addPublish(config, run);
    addRollback(config, run);
    addExpire(config, run);
    addConfigCanaryVerbs(config, run);

    auto service = std::make_shared<std::string>();
    auto limit = std::make_shared<int>(20);
    verb = config.add_subcommand("history", "Releases, the newest first");
    verb->add_option("service", *service, "Only of this one");
    verb->add_option("--limit", *limit, "How many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    auto before = std::make_shared<std::string>();
    verb->add_option("--before", *before, "Only those before this one, as r1234");
    verb->callback([&run, service, limit, before] {
        run = [service, limit, before](Console &console) {
            return history(console, *service, *limit, *before);
        };
    });

    auto name = std::make_shared<std::string>();
    verb = config.add_subcommand("show", "One release, with what it changed");
    verb->add_option("release", *name, "As `history` shows it")->required();
    verb->callback(
        [&run, name] { run = [name](Console &console) { return show(console, *name); }; });
}

} // namespace coffer::cli
