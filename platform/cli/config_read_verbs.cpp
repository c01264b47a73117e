// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct ReadArguments
{
    std::string target;
    std::string place;
    std::string version;
    std::string draft;
    bool isDraft = false;
    bool isEffective = false;
};

QCborMap viewOf(const ConfigTarget &target, const ReadArguments &arguments)
{
    QCborMap params = target.params();
    if (!arguments.version.empty())
        params.insert(u"version"_s, QString::fromStdString(arguments.version));
    if (arguments.isDraft || !arguments.draft.empty()) {
        params.insert(u"draft"_s, arguments.draft.empty()
                                      ? u"main"_s
                                      : QString::fromStdString(arguments.draft));
    }
    return params;
}

void showComment(Console &console, const QCborMap &of, const QString &indent)
{
    const QString comment = of.value("comment"_L1).toString();
    for (const QString &line : comment.split(u'\n', Qt::SkipEmptyParts))
        console.line(indent + u"# "_s + line);
}

/// Behind an item: whether it is final, and where it is from.
QString fromText(const QCborMap &of)
{
    const QString mark = of.value("final"_L1).toBool() ? u"   final"_s : QString();
    const QString from = of.value("from"_L1).toString();
    return from.isEmpty() ? mark : mark + u"   <- "_s + (from == "_all"_L1 ? u"service"_s : from);
}

QString rightsText(const QCborMap &of)
{
    const QString owner = of.value("owner"_L1).toString();
    const QString group = of.value("group"_L1).toString();
    QString text = of.value("mode"_L1).toString();
    if (!owner.isEmpty() || !group.isEmpty())
        text += u" %1:%2"_s.arg(owner, group);
    return text;
}

/// \a shown: the section that the page before ended within.
void showSections(Console &console, const QCborMap &view, const QString &shown)
{
    for (const QCborValue value : view.value("sections"_L1).toArray()) {
        const QCborMap section = value.toMap();
        const QString name = section.value("name"_L1).toString();
        if (name != shown) {
            showComment(console, section, {});
            console.line(u"[%1]"_s.arg(name));
        }
        for (const QCborValue entry : section.value("keys"_L1).toArray()) {
            const QCborMap key = entry.toMap();
            showComment(console, key, u"  "_s);
            console.line(u"  %1 = %2   (%3)%4"_s.arg(
                key.value("name"_L1).toString(), key.value("value"_L1).toString(),
                key.value("type"_L1).toString(), fromText(key)));
        }
    }
}

void showFiles(Console &console, const QCborMap &view)
{
    for (const QCborValue value : view.value("outputs"_L1).toArray()) {
        const QCborMap output = value.toMap();
        console.line(u"%1  rendered as %2, %3%4"_s.arg(output.value("path"_L1).toString(),
                                                       output.value("format"_L1).toString(),
                                                       rightsText(output), fromText(output)));
    }
    for (const QCborValue value : view.value("files"_L1).toArray()) {
        const QCborMap file = value.toMap();
        console.line(u"%1  file of %2 bytes, %3%4"_s.arg(file.value("path"_L1).toString())
                         .arg(file.value("bytes"_L1).toInteger())
                         .arg(rightsText(file), fromText(file)));
    }
}

/// Of a layer of a host.
QString endText(const QCborMap &view)
{
    const QCborValue until = view.value("until"_L1);
    return until.isInteger() ? u", until "_s + timeText(until) : QString();
}

void showTombstones(Console &console, const QCborMap &view)
{
    for (const QCborValue value : view.value("tombstones"_L1).toArray()) {
        const QCborMap tombstone = value.toMap();
        showComment(console, tombstone, {});
        console.line(u"%1  tombstone of a %2%3"_s.arg(tombstone.value("place"_L1).toString(),
                                                      tombstone.value("kind"_L1).toString(),
                                                      fromText(tombstone)));
    }
}

Task<int> tree(Console &console, ReadArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params = viewOf(*target, arguments);
    if (arguments.isEffective)
        params.insert(u"effective"_s, true);
    for (QString after;;) {
        const rpc::Outcome outcome = co_await askToRead(console, u"goconf.get"_s, params);
        if (!outcome)
            co_return console.fail(outcome.error());
        console.json(*outcome);
        const QCborMap view = outcome->toMap();
        const QString version = view.value("version"_L1).toString();
        if (after.isEmpty())
            console.aside(version.isEmpty() ? u"nothing is published yet"_s
                                            : version + endText(view));
        showSections(console, view, after.section(u'/', 0, 0));
        after = view.value("next"_L1).toString();
        if (after.isEmpty()) {
            showFiles(console, view);
            showTombstones(console, view);
            break;
        }
        params.insert(u"after"_s, after);
    }
    co_return ok;
}

Task<int> cat(Console &console, ReadArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params = viewOf(*target, arguments);
    params.insert(u"path"_s, QString::fromStdString(arguments.place));
    const rpc::Outcome bytes = co_await fileContent(console, params);
    if (!bytes)
        co_return console.fail(bytes.error());
    console.json(QCborMap{{u"path"_s, params.value("path"_L1)}, {u"bytes"_s, *bytes}});
    console.raw(bytes->toByteArray());
    co_return ok;
}

/// The one key of a view; an empty map if it has none.
QCborMap keyIn(const QCborMap &view, const ConfigPlace &place)
{
    for (const QCborValue value : view.value("sections"_L1).toArray()) {
        const QCborMap section = value.toMap();
        if (section.value("name"_L1).toString() != place.section)
            continue;
        for (const QCborValue key : section.value("keys"_L1).toArray()) {
            if (key.toMap().value("name"_L1).toString() == place.key)
                return key.toMap();
        }
    }
    return {};
}

/// Why a key that is not there is missing; "" if no tombstone is why.
QString tombstoneText(const QCborMap &view, const ConfigPlace &place)
{
    const QString key = place.section + u'/' + place.key;
    for (const QCborValue value : view.value("tombstones"_L1).toArray()) {
        const QCborMap tombstone = value.toMap();
        const QString of = tombstone.value("place"_L1).toString();
        const QString kind = tombstone.value("kind"_L1).toString();
        const QString from = tombstone.value("from"_L1).toString(u"it"_s);
        if ((kind == "key"_L1 && of == key) || (kind == "section"_L1 && of == place.section))
            return u": %1 has a tombstone of %2"_s.arg(from, of);
    }
    return {};
}

Task<int> get(Console &console, ReadArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    const Result<ConfigPlace> place = configPlace(QString::fromStdString(arguments.place));
    if (!place)
        co_return console.fail(place.error());
    if (place->section.isEmpty()) {
        const Error fault{ErrorCode::invalid,
                          u"a value in a file is read with `coffer config cat %1 %2`"_s.arg(
                              QString::fromStdString(arguments.target), place->file)};
        co_return console.fail(fault);
    }
    QCborMap params = viewOf(*target, arguments);
    params.insert(u"effective"_s, target->scope != "_all"_L1);
    params.insert(u"section"_s, place->section);
    params.insert(u"limit"_s, 20'000);
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.get"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    const QCborMap key = keyIn(outcome->toMap(), *place);
    if (key.isEmpty()) {
        const Error none{ErrorCode::notFound,
                         u"%1 has no key %2%3; `coffer config tree %1` shows what there is"_s.arg(
                             QString::fromStdString(arguments.target),
                             QString::fromStdString(arguments.place),
                             tombstoneText(outcome->toMap(), *place))};
        co_return console.fail(none);
    }
    console.json(key);
    console.line(key.value("value"_L1).toString());
    if (key.value("final"_L1).toBool())
        console.aside(u"final: no higher layer may have a say in it"_s);
    co_return ok;
}

// ---- differences

struct DiffArguments
{
    std::string target;
    std::string from;
    std::string to;
    std::string draft = "main";
};

/// "v3", or "v3@sh001" of another scope; "draft"; "" for what is live.
QCborMap pointOf(const std::string &text, const ConfigTarget &target)
{
    QString version = QString::fromStdString(text);
    QString scope = target.scope;
    if (const qsizetype at = version.indexOf(u'@'); at >= 0) {
        scope = version.mid(at + 1);
        if (const Result<ConfigTarget> of =
                configTarget((target.service + u'@' + scope).toStdString()))
            scope = of->scope; // "host:web-1"; the node says what is wrong with another
        version = version.first(at);
    }
    QCborMap point{{u"scope"_s, scope}};
    if (!version.isEmpty())
        point.insert(u"version"_s, version);
    return point;
}

Task<int> diff(Console &console, DiffArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params;
    QString method = u"goconf.draft.diff"_s;
    if (arguments.from.empty()) {
        params = target->params();
        params.insert(u"draft"_s, QString::fromStdString(arguments.draft));
    } else {
        method = u"goconf.diff"_s;
        const QCborMap from = pointOf(arguments.from, *target);
        const QCborMap to = pointOf(arguments.to, *target);
        params = QCborMap{{u"service"_s, target->service}, {u"from"_s, from}, {u"to"_s, to}};
    }
    const rpc::Outcome outcome = co_await askToRead(console, method, params);
    if (!outcome)
        co_return failConfig(console, outcome.error());
    console.json(*outcome);
    showDifferences(console, outcome->toMap());
    co_return ok;
}

// ---- drafts

Task<int> drafts(Console &console, std::string only)
{
    QCborMap params;
    if (!only.empty())
        params.insert(u"service"_s, QString::fromStdString(only));
    const rpc::Outcome outcome = co_await askToRead(console, u"goconf.draft.list"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborArray list = outcome->toMap().value("drafts"_L1).toArray();
    for (const QCborValue value : list) {
        const QCborMap draft = value.toMap();
        QStringList by;
        for (const QCborValue name : draft.value("by"_L1).toArray())
            by.append(name.toString());
        const QString scope = draft.value("scope"_L1).toString();
        const QString service = draft.value("service"_L1).toString();
        console.line(u"%1  draft %2: %3 changes by %4"_s.arg(
            targetText(service, scope), draft.value("draft"_L1).toString(),
            QString::number(draft.value("changes"_L1).toInteger()), by.join(u", "_s)));
    }
    if (list.isEmpty())
        console.aside(u"no pending changes"_s);
    co_return ok;
}

void addView(CLI::App *verb, const std::shared_ptr<ReadArguments> &arguments)
{
    verb->add_option("target", arguments->target, targetHelp)->required();
    CLI::Option *version =
        verb->add_option("--at", arguments->version, "A version, as v12; else what is live");
    verb->add_option("--draft-name", arguments->draft, "With the changes of this draft")
        ->excludes(version);
    verb->add_flag("--draft", arguments->isDraft, "With the pending changes")->excludes(version);
}

} // namespace

void addConfigReadVerbs(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<ReadArguments>();
    CLI::App *verb = config.add_subcommand("tree", "Sections, keys, files and outputs of a layer");
    addView(verb, arguments);
    verb->add_flag("--effective", arguments->isEffective,
                   "What hosts get: all layers as one, and where each is from");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return tree(console, *arguments); };
    });

    arguments = std::make_shared<ReadArguments>();
    verb = config.add_subcommand("get", "The value of a key; of SERVICE@IDC the effective one");
    addView(verb, arguments);
    verb->add_option("key", arguments->place, "SECTION/KEY")->required();
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return get(console, *arguments); };
    });

    arguments = std::make_shared<ReadArguments>();
    verb = config.add_subcommand("cat", "The bytes of a file, or of an output as hosts get it");
    addView(verb, arguments);
    verb->add_option("path", arguments->place, "As `tree` shows it")->required();
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return cat(console, *arguments); };
    });

    auto points = std::make_shared<DiffArguments>();
    verb = config.add_subcommand(
        "diff", "What is pending; or the differences between two versions, v3 v4@sh001");
    verb->add_option("target", points->target, targetHelp)->required();
    CLI::Option *from = verb->add_option("from", points->from, "VERSION or VERSION@IDC");
    verb->add_option("to", points->to, "The same; else what is live")->needs(from);
    verb->add_option("--draft-name", points->draft, "Which draft")->capture_default_str();
    verb->callback(
        [&run, points] { run = [points](Console &console) { return diff(console, *points); }; });

    auto service = std::make_shared<std::string>();
    verb = config.add_subcommand("drafts", "Where changes are pending, and whose");
    verb->add_option("service", *service, "Only of this one");
    verb->callback([&run, service] {
        run = [service](Console &console) { return drafts(console, *service); };
    });
}

} // namespace coffer::cli
