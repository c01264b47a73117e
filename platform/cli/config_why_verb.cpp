// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct WhyArguments
{
    std::string target;
    std::string place;
    std::string kind;
    std::string host;
    std::string version;
    std::string draft;
    bool isDraft = false;
};

constexpr qsizetype wideMax = 48; ///< Of a value or a message in the table.

QString cut(QString text)
{
    text.replace(u'\n', u' ');
    return text.size() > wideMax ? text.first(wideMax - 3) + u"..."_s : text;
}

/// "2s", "2s (final)", "output, env", "file, 12 bytes", "tombstone"; "-" where there is nothing.
QString itemText(const QCborMap &layer)
{
    const QCborMap item = layer.value("item"_L1).toMap();
    QString text;
    if (item.contains("tombstone"_L1))
        text = layer.contains("isOfSection"_L1) ? u"tombstone of the section"_s : u"tombstone"_s;
    else if (item.contains("value"_L1))
        text = cut(item.value("value"_L1).toString());
    else if (item.contains("format"_L1))
        text = u"output, %1"_s.arg(item.value("format"_L1).toString());
    else if (item.contains("hash"_L1))
        text = u"file, %1 bytes"_s.arg(item.value("bytes"_L1).toInteger());
    else if (!item.isEmpty())
        text = u"section"_s;
    else
        return u"-"_s;
    return item.value("final"_L1).toBool() ? text + u" (final)"_s : text;
}

QString nameText(const QString &service, const QString &layer)
{
    if (layer.startsWith("_global"_L1))
        return layer; // below all services
    return layer == "_all"_L1 ? service : service + u'@' + layer;
}

/// "<-- counts", "forbidden: it is final below".
QString verdictText(const QCborMap &layer)
{
    if (layer.value("counts"_L1).toBool())
        return u"<- counts"_s;
    return layer.value("isForbidden"_L1).toBool() ? u"final below"_s : QString();
}

/// "v7 r1234  2026-01-31 12:00:00  ann: faster".
QString changeText(const QCborMap &layer)
{
    if (layer.contains("pending"_L1)) {
        const QCborMap pending = layer.value("pending"_L1).toMap();
        return u"pending in draft %1  %2  %3"_s.arg(pending.value("draft"_L1).toString(),
                                                    timeText(pending.value("at"_L1)),
                                                    pending.value("by"_L1).toString());
    }
    const QCborMap changed = layer.value("changed"_L1).toMap();
    if (changed.isEmpty())
        return {};
    const QString version = changed.value("version"_L1).toString();
    return u"%1 %2  %3  %4: %5"_s.arg(
        changed.value("isCut"_L1).toBool() ? version + u" or before"_s : version,
        changed.value("release"_L1).toString(), timeText(changed.value("at"_L1)),
        changed.value("by"_L1).toString(), cut(changed.value("message"_L1).toString()));
}

void showLayers(Console &console, const QCborMap &answer)
{
    std::vector<QStringList> rows{{u"LAYER"_s, u"VALUE"_s, QString(), u"SINCE"_s}};
    const QString service = answer.value("service"_L1).toString();
    for (const QCborValue value : answer.value("layers"_L1).toArray()) {
        const QCborMap layer = value.toMap();
        rows.push_back({nameText(service, layer.value("layer"_L1).toString()), itemText(layer),
                        verdictText(layer), changeText(layer)});
    }
    std::vector<qsizetype> widths(4, 0);
    for (const QStringList &row : rows) {
        for (std::size_t i = 0; i < widths.size(); ++i)
            widths[i] = std::max(widths[i], row[qsizetype(i)].size());
    }
    for (const QStringList &row : rows) {
        QString line;
        for (std::size_t i = 0; i < widths.size(); ++i)
            line += row[qsizetype(i)].leftJustified(widths[i] + 2);
        console.line(line.trimmed());
    }
}

void showAnswer(Console &console, const QCborMap &answer)
{
    const QString place = answer.value("place"_L1).toString();
    const QString service = answer.value("service"_L1).toString();
    const QCborArray keys = answer.value("keys"_L1).toArray();
    if (answer.value("from"_L1).toString().isEmpty() && keys.isEmpty())
        console.line(u"no layer of %1 says anything of %2"_s.arg(
            nameText(service, answer.value("scope"_L1).toString()), place));
    showLayers(console, answer);
    for (const QCborValue value : answer.value("layers"_L1).toArray()) {
        const QCborMap layer = value.toMap();
        const QString comment = layer.value("item"_L1).toMap().value("comment"_L1).toString();
        if (!comment.isEmpty())
            console.line(u"# %1: %2"_s.arg(nameText(service, layer.value("layer"_L1).toString()),
                                           cut(comment)));
    }
    if (answer.value("kind"_L1).toString() == "output"_L1)
        console.line(u"it is rendered from:"_s);
    else if (!keys.isEmpty())
        console.line(u"its keys, of which `coffer config why` says more one by one:"_s);
    for (const QCborValue value : keys) {
        const QCborMap key = value.toMap();
        console.line(u"  %1  <- %2"_s.arg(key.value("place"_L1).toString(),
                                          nameText(service, key.value("from"_L1).toString())));
    }
    if (answer.value("more"_L1).toBool())
        console.line(u"  ..."_s);
}

Task<int> why(Console &console, WhyArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params{{u"service"_s, target->service},
                    {u"place"_s, QString::fromStdString(arguments.place)}};
    if (arguments.host.empty() || target->scope != "_all"_L1)
        params.insert(u"scope"_s, target->scope);
    for (const auto &[name, text] : {std::pair("host", arguments.host),
                                     {"kind", arguments.kind},
                                     {"version", arguments.version},
                                     {"draft", arguments.draft}}) {
        if (!text.empty())
            params.insert(QLatin1String(name), QString::fromStdString(text));
    }
    if (arguments.isDraft && arguments.draft.empty())
        params.insert(u"draft"_s, u"main"_s);
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.why"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    showAnswer(console, outcome->toMap());
    co_return ok;
}

} // namespace

void addConfigWhyVerb(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<WhyArguments>();
    CLI::App *verb = config.add_subcommand(
        "why", "Where a value comes from: what each layer says, whose word counts, since when");
    verb->add_option("target", arguments->target, "SERVICE, or SERVICE@IDC")->required();
    verb->add_option("place", arguments->place, "SECTION/KEY, SECTION, PATH, or PATH#/POINTER")
        ->required();
    verb->add_option("--kind", arguments->kind, "Of the place, where that could be two things")
        ->check(CLI::IsMember({"section", "key", "file", "output"}));
    verb->add_option("--host", arguments->host, "As this host sees it; then without @IDC");
    CLI::Option *version =
        verb->add_option("--at", arguments->version, "A version, as v12; else what is live");
    verb->add_option("--draft-name", arguments->draft, "With the changes of this draft")
        ->excludes(version);
    verb->add_flag("--draft", arguments->isDraft, "With the pending changes")->excludes(version);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return why(console, *arguments); };
    });
}

} // namespace coffer::cli
