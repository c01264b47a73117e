// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "cli/whole_number.h"
#include "pluginapi/store_cbor.h"

#include <CLI/CLI.hpp>
#include <QCborArray>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

/// A call whose answer is shown by \a show, or as JSON.
using Show = void (*)(Console &, const QCborMap &);

Task<int> ask(Console &console, QString method, QCborMap params, Show show,
              client::Repeat repeat = client::Repeat::safe)
{
    client::CallOptions options;
    options.repeat = repeat;
    const rpc::Outcome outcome = co_await console.client().call(method, params, options);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    show(console, outcome->toMap());
    co_return ok;
}

void showNothing(Console &, const QCborMap &) {}

void showMembers(Console &console, const QCborMap &map)
{
    console.line(u"epoch %1"_s.arg(map.value("epoch"_L1).toInteger()));
    for (const QCborValue node : map.value("voters"_L1).toArray())
        console.line(u"%1  voter"_s.arg(node.toString()));
    for (const QCborValue node : map.value("observers"_L1).toArray())
        console.line(u"%1  observer"_s.arg(node.toString()));
}

void showFloor(Console &console, const QCborMap &map)
{
    console.line(u"revision %1 is now the oldest that can be read, of %2"_s
                     .arg(map.value("found"_L1).toInteger())
                     .arg(map.value("revision"_L1).toInteger()));
}

// ---- status

/// What one node says of itself; a failure if it says nothing.
Task<rpc::Outcome> statusOf(client::Options options)
{
    client::Client client(std::move(options));
    client::CallOptions reading;
    reading.repeat = client::Repeat::read;
    const QCborMap none;
    rpc::Outcome outcome = co_await client.call(u"cluster.status"_s, none, reading);
    co_return outcome;
}

QString roleOf(const QCborMap &map)
{
    if (map.value("fenced"_L1).toBool())
        return u"fenced"_s;
    if (map.value("leading"_L1).toBool())
        return u"leader"_s;
    const QCborValue self = map.value("node"_L1);
    const auto isIn = [&](QLatin1String list) { return map.value(list).toArray().contains(self); };
    if (isIn("voters"_L1))
        return u"follower"_s;
    return isIn("observers"_L1) ? u"observer"_s : u"outsider"_s;
}

/// One node as it was found.
struct Found
{
    QUrl node;
    rpc::Outcome status;
};

void showNode(Console &console, const Found &found, qint64 newest)
{
    const QString place = found.node.authority().leftJustified(22);
    if (!found.status) {
        console.line(place + u"  unreachable: "_s + found.status.error().message);
        return;
    }
    const QCborMap map = found.status->toMap();
    const qint64 applied = map.value("applied"_L1).toInteger();
    QString line = place
                   + u"  %1  %2 applied %3"_s
                         .arg(map.value("node"_L1).toString(), roleOf(map).leftJustified(8))
                         .arg(applied);
    if (newest > applied)
        line += u", %1 behind"_s.arg(newest - applied);
    line += u", checkpoint %1"_s.arg(map.value("checkpointed"_L1).toInteger());
    if (!map.value("differing"_L1).toArray().isEmpty())
        line += u"  ALARM: its state differs from that of other members"_s;
    console.line(line);
}

void showStore(Console &console, const QCborMap &map)
{
    const auto number = [&map](QLatin1String name) { return map.value(name).toInteger(); };
    console.line(u"store: revision %1, kept from %2, %3 files, %4 bytes, %5 sessions"_s
                     .arg(number("revision"_L1))
                     .arg(number("floor"_L1))
                     .arg(number("files"_L1))
                     .arg(number("liveBytes"_L1))
                     .arg(number("sessions"_L1)));
}

/// Of the node that answers; none if it cannot say.
Task<QCborArray> pluginsOf(Console &console)
{
    const QCborMap none;
    const rpc::Outcome outcome = co_await console.client().call(u"plugins.list"_s, none);
    co_return outcome ? outcome->toMap().value("plugins"_L1).toArray() : QCborArray();
}

void showPlugins(Console &console, const QCborArray &plugins)
{
    QStringList parts;
    for (const QCborValue plugin : plugins) {
        const QCborMap map = plugin.toMap();
        parts.append(map.value("name"_L1).toString() + u' ' + map.value("state"_L1).toString());
    }
    if (!parts.isEmpty())
        console.line(u"plugins: "_s + parts.join(u", "_s));
}

Task<int> status(Console &console)
{
    std::vector<Found> all;
    std::vector<Task<rpc::Outcome>> asked;
    for (const QUrl &node : console.client().options().nodes) {
        client::Options options = console.client().options();
        options.nodes = {node};
        options.timeout = std::min(options.timeout, std::chrono::milliseconds(2'000));
        asked.push_back(statusOf(std::move(options)));
        all.push_back({node, rpc::Outcome(QCborValue())});
    }
    qint64 newest = 0;
    const Found *best = nullptr;
    for (std::size_t index = 0; index < all.size(); ++index) {
        all[index].status = co_await asked[index];
        if (!all[index].status)
            continue;
        const QCborMap map = all[index].status->toMap();
        newest = std::max(newest, map.value("chosen"_L1).toInteger());
        if (best == nullptr || map.value("leading"_L1).toBool())
            best = &all[index];
    }
    QCborArray nodes;
    for (const Found &found : all) {
        QCborMap node{{u"endpoint"_s, found.node.authority()}};
        if (found.status)
            node.insert(u"status"_s, *found.status);
        else
            node.insert(u"error"_s, rpc::toCbor(found.status.error()));
        nodes.append(node);
    }
    QCborArray plugins;
    if (best != nullptr)
        plugins = co_await pluginsOf(console);
    console.json(QCborMap{{u"nodes"_s, nodes}, {u"plugins"_s, plugins}});
    if (best == nullptr) {
        co_return console.isJson() ? int(unavailable) : console.fail(all.front().status.error());
    }
    const QCborMap map = best->status->toMap();
    const QString leader = map.value("leader"_L1).toString();
    console.line(u"cluster %1, epoch %2, %3 voters, %4"_s.arg(map.value("cluster"_L1).toString())
                     .arg(map.value("epoch"_L1).toInteger())
                     .arg(map.value("voters"_L1).toArray().size())
                     .arg(leader.isEmpty() ? u"no leader"_s : u"leader "_s + leader));
    for (const Found &found : all)
        showNode(console, found, newest);
    showStore(console, map);
    showPlugins(console, plugins);
    co_return ok;
}

// ---- adding

/// One that only reads.
void addCall(CLI::App &parent, Run &run, const char *name, const char *summary,
             std::pair<const char *, Show> how)
{
    const QString method = QString::fromLatin1(how.first);
    const Show show = how.second;
    parent.add_subcommand(name, summary)->callback([&run, method, show] {
        run = [method, show](Console &console) {
            return ask(console, method, {}, show, client::Repeat::read);
        };
    });
}

/// A verb with one node, or two.
void addNodeCall(CLI::App &parent, Run &run, const char *name, const char *summary,
                 const QString &method)
{
    auto node = std::make_shared<std::string>();
    auto by = std::make_shared<std::string>();
    CLI::App *verb = parent.add_subcommand(name, summary);
    verb->add_option("node", *node, "As `coffer member list` shows it")->required();
    const bool isSwap = method == "members.replace"_L1;
    if (isSwap)
        verb->add_option("by", *by, "The node that takes its place")->required();
    verb->callback([&run, node, by, method, isSwap] {
        QCborMap params{{u"node"_s, QString::fromStdString(*node)}};
        if (isSwap)
            params.insert(u"by"_s, QString::fromStdString(*by));
        const Show show = method == "leader.transfer"_L1 ? &showNothing : &showMembers;
        run = [method, params, show](Console &console) {
            return ask(console, method, params, show);
        };
    });
}

void addMembers(CLI::App &app, Run &run)
{
    CLI::App *member = app.add_subcommand("member", "Who belongs to the cluster");
    member->require_subcommand(1);
    addCall(*member, run, "list", "Voters and observers", {"members.list", &showMembers});
    addNodeCall(*member, run, "add", "Make a node an observer", u"members.add"_s);
    addNodeCall(*member, run, "promote", "Make an observer a voter", u"members.promote"_s);
    addNodeCall(*member, run, "remove", "End a membership", u"members.remove"_s);
    addNodeCall(*member, run, "replace", "Give the place of a member to another node",
                u"members.replace"_s);
    addNodeCall(*member, run, "lead", "Hand leadership to a voter", u"leader.transfer"_s);
}

void showSession(Console &console, const QCborMap &map)
{
    console.line(u"%1"_s.arg(map.value("session"_L1).toInteger()));
}

void showSessions(Console &console, const QCborMap &map)
{
    for (const QCborValue value : map.value("sessions"_L1).toArray()) {
        const QCborMap session = value.toMap();
        console.line(
            u"%1  lives %2 ms, %3 ephemeral files"_s.arg(session.value("session"_L1).toInteger())
                .arg(session.value("timeToLiveMs"_L1).toInteger())
                .arg(session.value("ephemerals"_L1).toInteger()));
    }
}

void addSessions(CLI::App &app, Run &run)
{
    CLI::App *session = app.add_subcommand("session", "Sessions of clients");
    session->require_subcommand(1);
    addCall(*session, run, "list", "Those that are open", {"session.list", &showSessions});
    auto seconds = std::make_shared<double>(30);
    CLI::App *open = session->add_subcommand("open", "Open one; prints its number");
    open->add_option("--ttl", *seconds, "How many seconds it lives without being kept alive")
        ->check(CLI::Range(0.1, 86'400.0));
    open->callback([&run, seconds] {
        const QCborMap params{{u"timeToLiveMs"_s, qint64(*seconds * 1000)}};
        run = [params](Console &console) {
            return ask(console, u"session.open"_s, params, &showSession);
        };
    });
    for (const auto &[name, summary, method] :
         {std::tuple("keep-alive", "Renew one", u"session.keepAlive"_s),
          std::tuple("close", "End one; its ephemeral files go", u"session.close"_s)}) {
        auto number = std::make_shared<std::uint64_t>(0);
        CLI::App *verb = session->add_subcommand(name, summary);
        verb->add_option("session", *number, "Its number")->required()->check(wholeNumber(1));
        verb->callback([&run, number, method = method] {
            const QCborMap params{{u"session"_s, qint64(*number)}};
            run = [method, params](Console &console) {
                return ask(console, method, params, &showNothing);
            };
        });
    }
}

} // namespace

void addClusterVerbs(CLI::App &app, Run &run)
{
    app.add_subcommand("status", "The cluster at a glance")->callback([&run] { run = &status; });
    addMembers(app, run);
    addSessions(app, run);
    auto revision = std::make_shared<std::uint64_t>(0);
    CLI::App *compact = app.add_subcommand("compact", "Give up the history before a revision");
    compact->add_option("revision", *revision, "The oldest that can be read afterwards")
        ->required()
        ->check(wholeNumber(1));
    compact->callback([&run, revision] {
        const QCborMap params{{u"revision"_s, qint64(*revision)}};
        run = [params](Console &console) {
            return ask(console, u"store.compact"_s, params, &showFloor);
        };
    });
}

} // namespace coffer::cli
