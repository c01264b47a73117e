// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

#include <CLI/CLI.hpp>
#include <QCborArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

void showPlugin(Console &console, const QCborMap &map)
{
    const auto text = [&map](QLatin1String name) { return map.value(name).toString(); };
    QString line = text("name"_L1).leftJustified(16) + u' ' + text("version"_L1).leftJustified(9)
                   + u' ' + text("state"_L1).leftJustified(9);
    if (map.contains("reason"_L1))
        line += u' ' + text("reason"_L1);
    else
        line += u' ' + text("summary"_L1);
    console.line(line.trimmed());
    if (map.contains("settingsFault"_L1))
        console.line(u"    its settings for all nodes are not obeyed: "_s
                     + text("settingsFault"_L1));
    if (map.contains("leaked"_L1))
        console.line(
            u"    %1 earlier runs did not end; restart the node to get their memory back"_s.arg(
                map.value("leaked"_L1).toInteger()));
}

Task<int> list(Console &console)
{
    client::CallOptions options;
    options.repeat = client::Repeat::read;
    const QCborMap none;
    const rpc::Outcome outcome = co_await console.client().call(u"plugins.list"_s, none, options);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray plugins = outcome->toMap().value("plugins"_L1).toArray();
    for (const QCborValue plugin : plugins)
        showPlugin(console, plugin.toMap());
    if (plugins.isEmpty())
        console.aside(u"this node has no plugins"_s);
    co_return ok;
}

/// Repeating it does no harm: it says what is wanted. Fails if the plugin then does not run.
Task<int> change(Console &console, QString method, QCborMap params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::safe;
    const rpc::Outcome outcome = co_await console.client().call(method, params, options);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborMap plugin = outcome->toMap();
    showPlugin(console, plugin);
    const bool isFailed = plugin.value("state"_L1).toString() == "failed"_L1;
    co_return int(isFailed ? failure : ok);
}

Task<int> configure(Console &console, QString plugin, std::string argument)
{
    const Result<QByteArray> text = valueOf(argument);
    if (!text)
        co_return console.fail(text.error());
    const QJsonDocument settings = QJsonDocument::fromJson(*text);
    if (!settings.isObject()) {
        const Error fault{ErrorCode::invalid,
                          u"settings: expected a JSON object, as {\"greeting\":\"Hello\"}"_s};
        co_return console.fail(fault);
    }
    const QCborMap params{{u"plugin"_s, plugin},
                          {u"settings"_s, QCborMap::fromJsonObject(settings.object())}};
    co_return co_await change(console, u"plugins.configure"_s, params);
}

} // namespace

void addPluginVerbs(CLI::App &app, Run &run)
{
    CLI::App *plugins = app.add_subcommand("plugins", "The plugins, and what is wanted of them");
    plugins->require_subcommand(0, 1);
    plugins->callback([&run, plugins] {
        if (plugins->get_subcommands().empty())
            run = &list;
    });
    plugins->add_subcommand("list", "Those of the node that answers")->callback([&run] {
        run = &list;
    });
    for (const auto &[name, summary, method] :
         {std::tuple("enable", "Let one run on all nodes; one that failed is tried again",
                     u"plugins.enable"_s),
          std::tuple("disable", "Stop one on all nodes, and those that need it",
                     u"plugins.disable"_s)}) {
        auto plugin = std::make_shared<std::string>();
        CLI::App *verb = plugins->add_subcommand(name, summary);
        verb->add_option("plugin", *plugin, "As `coffer plugins` shows it")->required();
        verb->callback([&run, plugin, method = method] {
            const QCborMap params{{u"plugin"_s, QString::fromStdString(*plugin)}};
            run = [method, params](Console &console) { return change(console, method, params); };
        });
    }
    auto plugin = std::make_shared<std::string>();
    auto settings = std::make_shared<std::string>();
    CLI::App *set = plugins->add_subcommand("set", "Replace the settings it has on all nodes");
    set->add_option("plugin", *plugin, "As `coffer plugins` shows it")->required();
    set->add_option("settings", *settings, "A JSON object; - reads it from standard input")
        ->required();
    set->callback([&run, plugin, settings] {
        const QString name = QString::fromStdString(*plugin);
        run = [name, text = *settings](Console &console) { return configure(console, name, text); };
    });
}

} // namespace coffer::cli
