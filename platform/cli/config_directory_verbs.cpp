// SPDX-License-Identifier: Apache-2.0
#include "cli/config_layers.h"
#include "cli/config_verbs.h"
#include "cli/config_words.h"
#include "cli/service_directory.h"
#include "config/change.h"
#include "config/directory.h"
#include "config/name.h"

#include <CLI/CLI.hpp>
#include <QJsonObject>

#include <algorithm>
#include <memory>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

constexpr qsizetype editsMax = 500;           ///< Of one call,
constexpr qsizetype editBytesMax = 2'000'000; ///< and what they may have together.
constexpr std::size_t shownMax = 50;          ///< Changes of a layer, for people.

QString text(const QByteArray &utf8) { return QString::fromUtf8(utf8); }

// ---- export

struct ExportArguments
{
    std::string target;
    std::string folder;
    std::string version;
    std::string draft;
    bool isDraft = false;
    bool isForced = false;

    [[nodiscard]] QString draftName() const
    {
        return isDraft && draft.empty() ? u"main"_s : QString::fromStdString(draft);
    }
};

struct ExportTarget
{
    QString service;
    QByteArrayList scopes; ///< Those that were named; none: all.
};

/// "shop", "shop@sh001,_all".
Result<ExportTarget> exportTarget(const std::string &words)
{
    const QByteArray whole = QByteArray::fromStdString(words);
    const qsizetype at = whole.indexOf('@');
    ExportTarget target{text(at < 0 ? whole : whole.first(at)), {}};
    if (Result<void> checked = config::checkName(target.service.toUtf8(), "service"); !checked)
        return checked.error();
    for (const QByteArray &scope : at < 0 ? QByteArrayList() : whole.sliced(at + 1).split(',')) {
        const Result<void> checked =
            scope == "_all" ? Result<void>() : config::checkName(scope, "IDC");
        if (!checked)
            return checked.error();
        target.scopes += scope;
    }
    return target;
}

Task<rpc::Outcome> exportLayer(Console &console, DirectoryWriter &writer, QCborMap view)
{
    const QByteArray scope = view.value("scope"_L1).toString().toUtf8();
    const rpc::Answer<StoredLayer> stored = co_await fetchLayer(console, view);
    if (!stored)
        co_return stored.error();
    const config::Layer &layer = stored->layer;
    if (!view.contains("draft"_L1) && !stored->version.isEmpty())
        view.insert(u"version"_s, stored->version);
    std::size_t keys = 0;
    for (const config::Section &section : layer.sections)
        keys += section.keys.size();
    QCborMap told{{u"scope"_s, text(scope)},
                  {u"version"_s, stored->version},
                  {u"keys"_s, qint64(keys)},
                  {u"files"_s, qint64(layer.files.size())},
                  {u"outputs"_s, qint64(layer.outputs.size())}};
    if (layer.isEmpty() && scope != "_all") // an IDC without anything of its own
        co_return QCborValue(nullptr);
    const Result<void> written = writer.writeLayer(scope, layer);
    if (!written)
        co_return written.error();
    for (const config::File &file : layer.files) {
        QCborMap params = view;
        params.insert(u"path"_s, text(file.path));
        params.insert(u"own"_s, true);
        const rpc::Outcome bytes = co_await fileContent(console, params);
        if (!bytes)
            co_return bytes;
        if (config::Hash::of(bytes->toByteArray()) != file.content)
            co_return rpc::Failure::of(rpc::Code::conflict,
                                       text(file.path)
                                           + u" was changed while it was exported; try again"_s);
        const Result<void> done = writer.writeFile(scope, file.path, bytes->toByteArray());
        if (!done)
            co_return done.error();
    }
    co_return QCborValue(told);
}

/// Which layers there are to export.
Task<rpc::Answer<std::set<QByteArray>>> scopesOf(Console &console, ExportTarget target)
{
    const rpc::Outcome list = co_await findService(console, target.service);
    if (!list)
        co_return list.error();
    std::set<QByteArray> scopes{"_all"};
    const QCborMap map = list->toMap();
    for (const QCborValue idc : map.value("idcs"_L1).toArray())
        scopes.insert(idc.toString().toUtf8());
    for (const QByteArray &scope : target.scopes) {
        if (!scopes.contains(scope))
            co_return rpc::Failure::of(rpc::Code::notFound, u"there is no IDC "_s + text(scope));
    }
    if (!target.scopes.isEmpty())
        scopes = std::set<QByteArray>(target.scopes.begin(), target.scopes.end());
    co_return scopes;
}

Task<rpc::Outcome> exportLayers(Console &console, DirectoryWriter &writer, ExportTarget target,
                                ExportArguments arguments)
{
    const rpc::Answer<std::set<QByteArray>> scopes = co_await scopesOf(console, target);
    if (!scopes)
        co_return scopes.error();
    QCborArray layers;
    for (const QByteArray &scope : *scopes) {
        QCborMap view{{u"service"_s, target.service}, {u"scope"_s, text(scope)}};
        if (!arguments.version.empty())
            view.insert(u"version"_s, QString::fromStdString(arguments.version));
        if (!arguments.draftName().isEmpty())
            view.insert(u"draft"_s, arguments.draftName());
        const rpc::Outcome layer = co_await exportLayer(console, writer, view);
        const bool isMissing = !layer && layer.error().code == rpc::Code::notFound
                               && !arguments.version.empty() && target.scopes.isEmpty()
                               && scope != "_all";
        if (isMissing)
            console.aside(layer.error().message);
        else if (!layer)
            co_return layer;
        else if (layer->isMap())
            layers.append(*layer);
    }
    co_return QCborValue(layers);
}

Task<int> exportService(Console &console, ExportArguments arguments)
{
    const Result<ExportTarget> target = exportTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    const QString folder = QString::fromStdString(arguments.folder);
    const QString draft = arguments.draftName();
    DirectoryWriter writer;
    const Result<void> begun = writer.begin(folder, target->service.toUtf8(), arguments.isForced);
    if (!begun)
        co_return console.fail(begun.error());
    const auto before = co_await findDrafts(console, target->service, draft);
    if (!before)
        co_return console.fail(before.error());
    const rpc::Outcome layers = co_await exportLayers(console, writer, *target, arguments);
    if (!layers)
        co_return console.fail(layers.error());
    const auto after = co_await findDrafts(console, target->service, draft);
    if (!after)
        co_return console.fail(after.error());
    if (*before != *after) {
        const Error changed{ErrorCode::conflict,
                            u"the draft was edited while it was exported; try again"_s};
        co_return console.fail(changed);
    }
    const Result<void> done = writer.finish();
    if (!done)
        co_return console.fail(done.error());
    console.json(QCborMap{
        {u"service"_s, target->service}, {u"directory"_s, folder}, {u"layers"_s, *layers}});
    for (const QCborValue value : layers->toArray()) {
        const QCborMap layer = value.toMap();
        const QString version = layer.value("version"_L1).toString();
        console.line(
            u"%1 %2: %3 keys, %4 files, %5 outputs"_s
                .arg(layerText(target->service, layer.value("scope"_L1).toString().toUtf8()),
                     version.isEmpty() ? u"(nothing is published)"_s : version)
                .arg(layer.value("keys"_L1).toInteger())
                .arg(layer.value("files"_L1).toInteger())
                .arg(layer.value("outputs"_L1).toInteger()));
    }
    co_return ok;
}

// ---- import

struct ImportArguments
{
    std::string folder;
    std::string service;
    std::string draft = "main";
    bool isDryRun = false;
    bool isReplacing = false;
};

/// What has to be changed in one layer.
struct Plan
{
    QByteArray scope;
    QString version;                          ///< What is live now.
    std::vector<config::Change> changes = {}; ///< In the order in which they are sent.
    bool isOrdered = true; ///< The layer will be that of the directory, its order too.
};

const char *signOf(const config::Change &change)
{
    if (change.base.index() == 0)
        return "+";
    return change.now.index() == 0 ? "-" : "~";
}

QString valueText(const config::Item &item)
{
    const auto *key = std::get_if<config::Key>(&item);
    return key == nullptr ? QString() : text(key->value.text).left(60);
}

void show(Console &console, const QString &service, const Plan &plan)
{
    QCborArray places;
    for (const config::Change &change : plan.changes) {
        places.append(QCborMap{{u"place"_s, text(change.place.shown())},
                               {u"kind"_s, config::jsonOf(change.place)[u"kind"_s].toString()},
                               {u"change"_s, QLatin1String(signOf(change))}});
    }
    console.json(QCborMap{{u"service"_s, service},
                          {u"scope"_s, text(plan.scope)},
                          {u"version"_s, plan.version},
                          {u"changes"_s, places}});
    const std::size_t count = plan.changes.size();
    console.line(u"%1: %2 %3 %4"_s.arg(layerText(service, plan.scope))
                     .arg(count)
                     .arg(count == 1 ? u"change"_s : u"changes"_s, plan.version.isEmpty()
                                                                       ? u"(nothing is live yet)"_s
                                                                       : u"to "_s + plan.version));
    for (std::size_t i = 0; i < std::min(shownMax, plan.changes.size()); ++i) {
        const config::Change &change = plan.changes[i];
        QString line = u"  %1 %2"_s.arg(QLatin1String(signOf(change)), text(change.place.shown()));
        const QString before = valueText(change.base);
        const QString after = valueText(change.now);
        if (!before.isEmpty() && !after.isEmpty())
            line += u": %1 -> %2"_s.arg(before, after);
        else if (!after.isEmpty())
            line += u": "_s + after;
        console.line(line);
    }
    if (plan.changes.size() > shownMax)
        console.line(u"  and %1 more"_s.arg(plan.changes.size() - shownMax));
    if (!plan.isOrdered)
        console.aside(u"%1: what is there keeps its order, and what is new comes behind it; the "
                      "order of the directory is another"_s.arg(layerText(service, plan.scope)));
}

Task<rpc::Answer<Plan>> planLayer(Console &console, QString service, QByteArray scope,
                                  config::Layer wanted)
{
    const QCborMap view{{u"service"_s, service}, {u"scope"_s, text(scope)}};
    const rpc::Answer<StoredLayer> live = co_await fetchLayer(console, view);
    if (!live)
        co_return live.error();
    Plan plan{scope, live->version, config::diff(live->layer, wanted), true};
    plan.isOrdered = config::apply(live->layer, plan.changes, {}).layer == wanted;
    // What goes makes room first, and what is new comes in its order.
    std::stable_sort(plan.changes.begin(), plan.changes.end(), [](const auto &a, const auto &b) {
        return std::pair(a.now.index() != 0, a.order) < std::pair(b.now.index() != 0, b.order);
    });
    co_return plan;
}

QCborMap putOf(const config::Change &change)
{
    const QJsonValue item = config::jsonOf(change.place, change.now);
    return {{u"op"_s, u"put"_s},
            {u"place"_s, QCborMap::fromJsonObject(config::jsonOf(change.place))},
            {u"item"_s, QCborValue::fromJsonValue(item)}};
}

/// Contents first, so that an edit only names what is there.
Task<rpc::Outcome> uploadFiles(Console &console, QString folder, Plan plan)
{
    for (const config::Change &change : plan.changes) {
        const auto *file = std::get_if<config::File>(&change.now);
        const auto *before = std::get_if<config::File>(&change.base);
        if (file == nullptr || (before != nullptr && before->content == file->content))
            continue;
        const QString path = filePathIn(folder, plan.scope, file->path);
        const Result<QByteArray> bytes = fileBytes(path);
        if (!bytes)
            co_return bytes.error();
        if (config::Hash::of(*bytes) != file->content)
            co_return rpc::Failure::of(rpc::Code::conflict,
                                       path + u" was changed while it was imported; try again"_s);
        const rpc::Outcome stored = co_await uploadContent(console, *bytes);
        if (!stored)
            co_return stored;
    }
    co_return QCborValue(true);
}

Task<rpc::Outcome> sendEdits(Console &console, QCborMap common, Plan plan)
{
    std::size_t sent = 0;
    while (sent < plan.changes.size()) {
        QCborArray edits;
        qsizetype bytes = 0;
        std::size_t next = sent;
        while (next < plan.changes.size() && edits.size() < editsMax && bytes < editBytesMax) {
            const config::Change &change = plan.changes[next++];
            edits.append(putOf(change));
            bytes += config::encode(change).size() + 1'000;
        }
        QCborMap params = common;
        params.insert(u"edits"_s, edits);
        const rpc::Outcome outcome = co_await askSafely(console, u"goconf.draft.edit"_s, params);
        if (!outcome) {
            console.aside(u"%1 of %2 changes are in the draft: `coffer config discard` takes them "
                          "out, --replace begins anew"_s.arg(sent)
                              .arg(plan.changes.size()));
            co_return outcome;
        }
        sent = next;
        console.progress(u"%1 of %2 changes"_s.arg(sent).arg(plan.changes.size()));
    }
    co_return QCborValue(true);
}

/// All faults of the directory, and of it against the cluster.
QStringList faultsOf(const ReadDirectory &read, const QCborMap &known, const QString &folder)
{
    QStringList faults = read.faults;
    const QCborArray idcs = known.value("idcs"_L1).toArray();
    for (const auto &[scope, layer] : read.directory.layers) {
        if (scope != "_all" && !idcs.contains(QCborValue(text(scope))))
            faults += u"%1/%2: there is no such IDC; `coffer config idc create %2` makes it"_s.arg(
                folder, text(scope));
    }
    return faults;
}

int failWith(Console &console, const QString &folder, const QStringList &faults)
{
    rpc::Failure failure = rpc::Failure::of(
        rpc::Code::invalidArgument, u"%1: %2 %3; nothing was changed"_s.arg(folder)
                                        .arg(faults.size())
                                        .arg(faults.size() == 1 ? u"fault"_s : u"faults"_s));
    failure.details.insert(u"faults"_s, QCborArray::fromStringList(faults));
    if (!console.isJson()) {
        for (const QString &fault : faults)
            console.aside(fault);
    }
    return console.fail(failure);
}

/// Nothing may be pending in a draft that is to be the difference; with --replace it goes away.
Task<rpc::Outcome> clearDrafts(Console &console, ImportArguments arguments, QString service,
                               std::vector<Plan> plans)
{
    const QString draft = QString::fromStdString(arguments.draft);
    const auto drafts = co_await findDrafts(console, service, draft);
    if (!drafts)
        co_return drafts.error();
    for (const Plan &plan : plans) {
        const auto found = drafts->find(plan.scope);
        if (found == drafts->end())
            continue;
        if (!arguments.isReplacing) {
            co_return rpc::Failure::of(
                rpc::Code::conflict,
                u"%1: %2 changes are pending in the draft %3: --draft-name takes another one, "
                "--replace throws them away"_s.arg(layerText(service, plan.scope))
                    .arg(found->second.value("changes"_L1).toInteger())
                    .arg(draft));
        }
        const QCborMap params{
            {u"service"_s, service}, {u"scope"_s, text(plan.scope)}, {u"draft"_s, draft}};
        if (arguments.isDryRun)
            continue;
        const rpc::Outcome done = co_await askSafely(console, u"goconf.draft.discard"_s, params);
        if (!done)
            co_return done;
    }
    co_return QCborValue(true);
}

Task<rpc::Outcome> carryOut(Console &console, ImportArguments arguments, QString service,
                            std::vector<Plan> plans)
{
    const QString folder = QString::fromStdString(arguments.folder);
    for (const Plan &plan : plans) {
        const rpc::Outcome uploaded = co_await uploadFiles(console, folder, plan);
        if (!uploaded)
            co_return uploaded;
    }
    for (const Plan &plan : plans) {
        const QCborMap common{{u"service"_s, service},
                              {u"scope"_s, text(plan.scope)},
                              {u"draft"_s, QString::fromStdString(arguments.draft)},
                              {u"as"_s, ownName()}};
        const rpc::Outcome sent = co_await sendEdits(console, common, plan);
        if (!sent)
            co_return sent;
        const QCborMap view{
            {u"service"_s, service}, {u"scope"_s, text(plan.scope)}, {u"limit"_s, 1}};
        const rpc::Outcome live = co_await askToRead(console, u"goconf.get"_s, view);
        if (!live)
            co_return live;
        const QString version = live->toMap().value("version"_L1).toString();
        if (version != plan.version)
            co_return rpc::Failure::of(
                rpc::Code::conflict,
                u"%1: %2 was published meanwhile, and the draft would undo it; import again with "
                "--replace"_s.arg(layerText(service, plan.scope), version));
    }
    co_return QCborValue(true);
}

Task<int> importService(Console &console, ImportArguments arguments)
{
    const QString folder = QString::fromStdString(arguments.folder);
    const ReadDirectory read = readServiceDirectory(folder);
    QString service = QString::fromStdString(arguments.service);
    if (service.isEmpty())
        service = text(read.directory.service);
    if (!read.faults.isEmpty())
        co_return failWith(console, folder, read.faults);
    const rpc::Outcome known = co_await findService(console, service);
    if (!known)
        co_return console.fail(known.error());
    const QStringList faults = faultsOf(read, known->toMap(), folder);
    if (!faults.isEmpty())
        co_return failWith(console, folder, faults);
    std::vector<Plan> plans;
    std::size_t changes = 0;
    for (const auto &[scope, layer] : read.directory.layers) {
        const rpc::Answer<Plan> plan = co_await planLayer(console, service, scope, layer);
        if (!plan)
            co_return console.fail(plan.error());
        show(console, service, *plan);
        changes += plan->changes.size();
        plans.push_back(*plan);
    }
    const rpc::Outcome cleared = co_await clearDrafts(console, arguments, service, plans);
    if (!cleared)
        co_return console.fail(cleared.error());
    if (arguments.isDryRun)
        co_return ok;
    const rpc::Outcome done = co_await carryOut(console, arguments, service, plans);
    if (!done)
        co_return failConfig(console, done.error());
    if (changes == 0)
        console.line(u"nothing is to be changed: the directory is what is live"_s);
    else
        console.line(
            u"%1 changes are in the draft; `coffer config diff` shows them, `coffer config "
            "publish` makes them live"_s.arg(changes));
    co_return ok;
}

} // namespace

void addConfigDirectoryVerbs(CLI::App &config, Run &run)
{
    auto source = std::make_shared<ExportArguments>();
    CLI::App *verb = config.add_subcommand(
        "export", "Write a service as a directory, to edit or to keep under version control");
    verb->add_option("target", source->target, "SERVICE, or some layers: SERVICE@IDC,IDC")
        ->required();
    verb->add_option("directory", source->folder, "Where; it must not be there")->required();
    CLI::Option *version =
        verb->add_option("--at", source->version, "A version, as v12; else what is live");
    verb->add_flag("--draft", source->isDraft, "With the pending changes")->excludes(version);
    verb->add_option("--draft-name", source->draft, "With the changes of this draft")
        ->excludes(version);
    verb->add_flag("--force", source->isForced, "Replace an export that is there");
    verb->callback([&run, source] {
        run = [source](Console &console) { return exportService(console, *source); };
    });

    auto target = std::make_shared<ImportArguments>();
    verb = config.add_subcommand("import-service",
                                 "Make the draft lead from what is live to what a directory says");
    verb->add_option("directory", target->folder, "As `export` writes it")
        ->required()
        ->check(CLI::ExistingDirectory);
    verb->add_option("service", target->service, "Which one; else the one that was exported");
    verb->add_option("--draft-name", target->draft, "Which draft")->capture_default_str();
    verb->add_flag("--dry-run", target->isDryRun, "Only say what would be changed");
    verb->add_flag("--replace", target->isReplacing, "Throw away what is pending in that draft");
    verb->callback([&run, target] {
        run = [target](Console &console) { return importService(console, *target); };
    });
}

} // namespace coffer::cli
