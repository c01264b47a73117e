// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"
#include "config/limits.h"
#include "config/name.h"
#include "config/render.h"

#include <CLI/CLI.hpp>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>

#include <memory>
#include <optional>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

constexpr qsizetype editsMax = 500; ///< Of one call.

struct EditArguments
{
    std::string target;
    std::string draft = "main";
    std::vector<std::string> words;
    std::string key;
    std::optional<std::string> value;
    std::string type;
    std::optional<std::string> comment;
    std::vector<std::string> choices;
    std::vector<std::string> paths;
    std::string final; ///< "true", "false"; "" if nothing is said.
    bool isSecret = false;
    bool isForced = false;
};

void addCommon(CLI::App *verb, const std::shared_ptr<EditArguments> &arguments)
{
    verb->add_option("target", arguments->target, targetHelp)->required();
    verb->add_option("--draft-name", arguments->draft, "Which draft")->capture_default_str();
    verb->add_flag("--force", arguments->isForced, "Also over a pending change of somebody else");
}

void addMarks(CLI::App *verb, const std::shared_ptr<EditArguments> &arguments)
{
    verb->add_flag("--final{true},--no-final{false}", arguments->final,
                   "No higher layer may have a say in it; --no-final takes that back");
    verb->add_flag("--secret", arguments->isSecret)->group(""); // for the sentence that refuses it
}

void putMarks(QCborMap &edit, const EditArguments &arguments)
{
    if (!arguments.final.empty())
        edit.insert(u"final"_s, arguments.final == "true");
    if (arguments.isSecret)
        edit.insert(u"secret"_s, true);
}

/// Adds \a edits to the draft, in several calls if they are many.
Task<int> edit(Console &console, EditArguments arguments, QCborArray edits)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap last;
    for (qsizetype done = 0; done < edits.size(); done += editsMax) {
        QCborArray some;
        for (qsizetype at = done; at < std::min(edits.size(), done + editsMax); ++at)
            some.append(edits.at(at));
        QCborMap params = target->params();
        params.insert(u"draft"_s, QString::fromStdString(arguments.draft));
        params.insert(u"as"_s, ownName());
        params.insert(u"edits"_s, some);
        if (arguments.isForced)
            params.insert(u"force"_s, true);
        const rpc::Outcome outcome = co_await askSafely(console, u"goconf.draft.edit"_s, params);
        if (!outcome)
            co_return failConfig(console, outcome.error());
        last = outcome->toMap();
    }
    console.json(last);
    const QString draft = QString::fromStdString(arguments.draft);
    console.line(u"%1 edited in the draft; `coffer config diff %2%3` shows what is pending"_s
                     .arg(edits.size())
                     .arg(QString::fromStdString(arguments.target),
                          draft == "main"_L1 ? QString() : u" --draft-name "_s + draft));
    co_return ok;
}

// ---- values

QCborMap placed(const char *op, const ConfigPlace &place)
{
    return {
        {u"op"_s, QString::fromLatin1(op)}, {u"section"_s, place.section}, {u"key"_s, place.key}};
}

/// \a value: nothing leaves it as it is.
Result<QCborMap> setOf(const EditArguments &arguments, const QString &place,
                       const std::optional<QString> &value)
{
    const Result<ConfigPlace> where = configPlace(place);
    if (!where)
        return where.error();
    if (where->section.isEmpty() && value) {
        QCborMap map{{u"op"_s, u"splice"_s},
                     {u"path"_s, where->file},
                     {u"pointer"_s, where->pointer},
                     {u"value"_s, *value}};
        putMarks(map, arguments);
        return map;
    }
    if (where->section.isEmpty())
        return Error{ErrorCode::invalid, u"'%1': expected a VALUE behind it"_s.arg(place)};
    QCborMap map = placed("set", *where);
    if (value)
        map.insert(u"value"_s, *value);
    putMarks(map, arguments);
    if (!arguments.type.empty())
        map.insert(u"type"_s, QString::fromStdString(arguments.type));
    if (arguments.comment)
        map.insert(u"comment"_s, QString::fromStdString(*arguments.comment));
    if (!arguments.choices.empty())
        map.insert(u"choices"_s, textsOf(arguments.choices));
    return map;
}

/// "KEY VALUE", or any number of "KEY=VALUE".
Result<QCborArray> setsOf(const EditArguments &arguments)
{
    QCborArray edits;
    const auto add = [&](const QString &place,
                         const std::optional<QString> &value) -> Result<void> {
        const Result<QCborMap> made = setOf(arguments, place, value);
        if (!made)
            return made.error();
        edits.append(*made);
        return {};
    };
    if (arguments.value && arguments.words.empty()
        && arguments.key.find('=') == std::string::npos) {
        const Result<QByteArray> value = valueOf(*arguments.value);
        if (!value)
            return value.error();
        if (Result<void> added =
                add(QString::fromStdString(arguments.key), QString::fromUtf8(*value));
            !added)
            return added.error();
        return edits;
    }
    const bool isMarked = !arguments.final.empty() || arguments.comment;
    if (!arguments.value && isMarked && arguments.key.find('=') == std::string::npos) {
        const Result<void> added = add(QString::fromStdString(arguments.key), std::nullopt);
        return added ? Result<QCborArray>(edits) : Result<QCborArray>(added.error());
    }
    std::vector<std::string> words{arguments.key};
    if (arguments.value)
        words.push_back(*arguments.value);
    words.insert(words.end(), arguments.words.begin(), arguments.words.end());
    for (const std::string &word : words) {
        const QString text = QString::fromStdString(word);
        const qsizetype at = text.indexOf(u'=');
        if (at < 0)
            return Error{ErrorCode::invalid,
                         u"'%1': expected KEY VALUE, or KEY=VALUE..."_s.arg(text)};
        if (Result<void> added = add(text.first(at), text.mid(at + 1)); !added)
            return added.error();
    }
    return edits;
}

Task<int> set(Console &console, EditArguments arguments)
{
    const Result<QCborArray> edits = setsOf(arguments);
    if (!edits)
        co_return console.fail(edits.error());
    const int code = co_await edit(console, arguments, *edits);
    co_return code;
}

/// SECTION/KEY, or a SECTION alone.
Result<QCborMap> keyOrSection(const char *op, const QString &word)
{
    if (config::isName(word.toUtf8()))
        return QCborMap{{u"op"_s, QString::fromLatin1(op)}, {u"section"_s, word}};
    const Result<ConfigPlace> place = configPlace(word);
    if (!place)
        return place.error();
    if (place->section.isEmpty())
        return Error{ErrorCode::invalid, u"'%1': expected SECTION/KEY or SECTION"_s.arg(word)};
    return placed(op, *place);
}

Task<int> unset(Console &console, EditArguments arguments)
{
    QCborArray edits;
    for (const std::string &word : arguments.words) {
        const Result<QCborMap> made = keyOrSection("unset", QString::fromStdString(word));
        if (!made)
            co_return console.fail(made.error());
        edits.append(*made);
    }
    const int code = co_await edit(console, arguments, edits);
    co_return code;
}

Task<int> tombstone(Console &console, EditArguments arguments)
{
    QCborArray edits;
    std::vector<std::string> words = arguments.words;
    const std::size_t places = words.size();
    words.insert(words.end(), arguments.paths.begin(), arguments.paths.end());
    for (std::size_t i = 0; i < words.size(); ++i) {
        const QString word = QString::fromStdString(words[i]);
        const bool isPath = i >= places;
        const Result<QCborMap> made =
            isPath ? Result<QCborMap>(QCborMap{{u"op"_s, u"tombstone"_s}, {u"path"_s, word}})
                   : keyOrSection("tombstone", word);
        if (!made)
            co_return console.fail(made.error());
        QCborMap one = *made;
        if (arguments.comment)
            one.insert(u"comment"_s, QString::fromStdString(*arguments.comment));
        edits.append(one);
    }
    if (edits.isEmpty()) {
        const Error none{ErrorCode::invalid, u"expected SECTION/KEY, SECTION or --file PATH"_s};
        co_return console.fail(none);
    }
    const int code = co_await edit(console, arguments, edits);
    co_return code;
}

Task<int> describe(Console &console, EditArguments arguments)
{
    const QCborMap comment{{u"op"_s, u"comment"_s},
                           {u"section"_s, QString::fromStdString(arguments.words[0])},
                           {u"comment"_s, QString::fromStdString(arguments.words[1])}};
    const QCborArray edits{comment};
    const int code = co_await edit(console, arguments, edits);
    co_return code;
}

// ---- files

struct ImportArguments
{
    EditArguments edit;
    std::vector<std::string> sources;
    std::string asKeys;
    std::string path;
    std::string mode;
    std::string owner;
    std::string group;
};

struct Source
{
    QString file; ///< On this machine.
    QString path; ///< In the layer.
};

/// Files as they are, and those of directories with their paths below them.
std::vector<Source> sourcesOf(const ImportArguments &arguments)
{
    std::vector<Source> sources;
    for (const std::string &text : arguments.sources) {
        const QFileInfo info(QString::fromStdString(text));
        if (!info.isDir()) {
            const QString path = QString::fromStdString(arguments.path);
            sources.push_back({info.filePath(), path.isEmpty() ? info.fileName() : path});
            continue;
        }
        const QDir folder(info.absoluteFilePath());
        QDirIterator files(folder.path(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            const QString file = files.next();
            sources.push_back({file, folder.relativeFilePath(file)});
        }
    }
    std::sort(sources.begin(), sources.end(),
              [](const Source &a, const Source &b) { return a.path < b.path; });
    return sources;
}

Result<QByteArray> bytesOf(const QString &name)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::notFound, u"%1: %2"_s.arg(name, file.errorString())};
    QByteArray bytes = file.read(qint64(config::limits::fileBytesMax) + 1);
    if (std::size_t(bytes.size()) > config::limits::fileBytesMax) {
        return Error{ErrorCode::invalid, u"%1: a file has at most %2 MiB"_s.arg(name).arg(
                                             config::limits::fileBytesMax >> 20)};
    }
    return bytes;
}

/// Uploads the content; the edit that names it.
Task<rpc::Outcome> upload(Console &console, Source source, QByteArray bytes)
{
    const rpc::Outcome hash = co_await uploadContent(console, bytes);
    if (!hash)
        co_return hash;
    co_return QCborValue(QCborMap{{u"op"_s, u"file"_s},
                                  {u"path"_s, source.path},
                                  {u"object"_s, *hash},
                                  {u"bytes"_s, bytes.size()}});
}

Result<QCborArray> keysOf(const QByteArray &bytes, const QByteArray &format)
{
    const Result<config::Format> known = config::formatNamed(format);
    if (!known)
        return known.error();
    const Result<std::vector<config::Section>> sections = config::parseSections(*known, bytes);
    if (!sections)
        return sections.error();
    QCborArray edits;
    for (const config::Section &section : *sections) {
        const QString name = QString::fromUtf8(section.name);
        for (const config::Key &key : section.keys) {
            QCborMap edit{{u"op"_s, u"set"_s},
                          {u"section"_s, name},
                          {u"key"_s, QString::fromUtf8(key.name)},
                          {u"type"_s, QString::fromLatin1(config::nameOf(key.value.type))},
                          {u"value"_s, QString::fromUtf8(key.value.text)}};
            if (!key.comment.isEmpty())
                edit.insert(u"comment"_s, QString::fromUtf8(key.comment));
            edits.append(edit);
        }
        if (!section.comment.isEmpty())
            edits.append(QCborMap{{u"op"_s, u"comment"_s},
                                  {u"section"_s, name},
                                  {u"comment"_s, QString::fromUtf8(section.comment)}});
    }
    return edits;
}

Result<void> addRights(QCborMap &edit, const ImportArguments &arguments)
{
    if (!arguments.mode.empty()) {
        bool isNumber = false;
        const int mode = QString::fromStdString(arguments.mode).toInt(&isNumber, 8);
        if (!isNumber || mode < 0 || mode > 0777) {
            return Error{ErrorCode::invalid, u"--mode: '%1': expected octal digits, as 0640"_s.arg(
                                                 QString::fromStdString(arguments.mode))};
        }
        edit.insert(u"mode"_s, u"%1"_s.arg(mode, 4, 8, QLatin1Char('0')));
    }
    if (!arguments.owner.empty())
        edit.insert(u"owner"_s, QString::fromStdString(arguments.owner));
    if (!arguments.group.empty())
        edit.insert(u"group"_s, QString::fromStdString(arguments.group));
    return {};
}

Task<int> import(Console &console, ImportArguments arguments)
{
    QCborArray edits;
    const std::vector<Source> sources = sourcesOf(arguments);
    for (const Source &source : sources) {
        const Result<QByteArray> bytes = bytesOf(source.file);
        if (!bytes)
            co_return console.fail(bytes.error());
        if (!arguments.asKeys.empty()) {
            const Result<QCborArray> keys =
                keysOf(*bytes, QByteArray::fromStdString(arguments.asKeys));
            if (!keys)
                co_return console.fail(keys.error().in(source.file));
            for (const QCborValue key : *keys) {
                QCborMap edit = key.toMap();
                if (edit.value("op"_L1) == "set"_L1)
                    putMarks(edit, arguments.edit);
                edits.append(edit);
            }
            continue;
        }
        if (Result<void> path = config::checkFilePath(source.path.toUtf8()); !path)
            co_return console.fail(path.error());
        const rpc::Outcome made = co_await upload(console, source, *bytes);
        if (!made)
            co_return console.fail(made.error());
        QCborMap edit = made->toMap();
        if (Result<void> added = addRights(edit, arguments); !added)
            co_return console.fail(added.error());
        putMarks(edit, arguments.edit);
        edits.append(edit);
    }
    if (edits.isEmpty()) {
        const Error none{ErrorCode::invalid, u"there is nothing to import"_s};
        co_return console.fail(none);
    }
    const int code = co_await edit(console, arguments.edit, edits);
    co_return code;
}

Task<int> output(Console &console, ImportArguments arguments, std::string format,
                 std::vector<std::string> sections)
{
    QCborMap made{{u"op"_s, u"output"_s},
                  {u"path"_s, QString::fromStdString(arguments.path)},
                  {u"format"_s, QString::fromStdString(format)}};
    if (!sections.empty())
        made.insert(u"sections"_s, textsOf(sections));
    if (Result<void> added = addRights(made, arguments); !added)
        co_return console.fail(added.error());
    putMarks(made, arguments.edit);
    const QCborArray edits{made};
    const int code = co_await edit(console, arguments.edit, edits);
    co_return code;
}

Task<int> removeFiles(Console &console, EditArguments arguments, const char *op)
{
    QCborArray edits;
    for (const std::string &word : arguments.words)
        edits.append(QCborMap{{u"op"_s, QString::fromLatin1(op)},
                              {u"path"_s, QString::fromStdString(word)}});
    const int code = co_await edit(console, arguments, edits);
    co_return code;
}

Task<int> discard(Console &console, EditArguments arguments)
{
    const Result<ConfigTarget> target = configTarget(arguments.target);
    if (!target)
        co_return console.fail(target.error());
    QCborMap params = target->params();
    params.insert(u"draft"_s, QString::fromStdString(arguments.draft));
    if (!arguments.words.empty())
        params.insert(u"places"_s, textsOf(arguments.words));
    const rpc::Outcome outcome = co_await askSafely(console, u"goconf.draft.discard"_s, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    console.line(
        u"%1 pending changes discarded"_s.arg(outcome->toMap().value("discarded"_L1).toInteger()));
    co_return ok;
}

// ---- the verbs

void addRightsOptions(CLI::App *verb, const std::shared_ptr<ImportArguments> &arguments)
{
    verb->add_option("--mode", arguments->mode, "Permissions on hosts, octal; 0644 if not given");
    verb->add_option("--owner", arguments->owner, "Owner on hosts; else what the host says");
    verb->add_option("--group", arguments->group, "Group on hosts; else what the host says");
}

void addValueVerbs(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<EditArguments>();
    CLI::App *verb = config.add_subcommand(
        "set", "Set keys in the draft: SECTION/KEY VALUE, or KEY=VALUE...; FILE#/POINTER VALUE");
    addCommon(verb, arguments);
    // Not one list of words: the parser would take [a,b] apart.
    verb->add_option("key", arguments->key, "KEY, or KEY=VALUE")->required();
    verb->add_option("value", arguments->value, "VALUE, - is stdin; or KEY=VALUE");
    verb->add_option("more", arguments->words, "KEY=VALUE...");
    verb->add_option("--type", arguments->type,
                     "string int float bool duration size enum list json; else as it was");
    verb->add_option("--comment", arguments->comment, "For those who read it later");
    verb->add_option("--choice", arguments->choices,
                     "A word of an enum; may be given several times");
    addMarks(verb, arguments);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return set(console, *arguments); };
    });

    arguments = std::make_shared<EditArguments>();
    verb = config.add_subcommand("unset", "Remove keys, and tombstones, in the draft");
    addCommon(verb, arguments);
    verb->add_option("keys", arguments->words, "SECTION/KEY...; SECTION where that is a tombstone")
        ->required();
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return unset(console, *arguments); };
    });

    arguments = std::make_shared<EditArguments>();
    verb = config.add_subcommand("tombstone",
                                 "Say in the draft that what lower layers have is not there; "
                                 "unset, remove-file or remove-output takes that back");
    addCommon(verb, arguments);
    verb->add_option("places", arguments->words,
                     "SECTION/KEY...; SECTION: none of its keys, also those that come later");
    verb->add_option("--file", arguments->paths, "Path of a file or output; may be given again");
    verb->add_option("--comment", arguments->comment, "Why");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return tombstone(console, *arguments); };
    });

    arguments = std::make_shared<EditArguments>();
    verb = config.add_subcommand("describe", "Set the comment of a section in the draft");
    addCommon(verb, arguments);
    verb->add_option("words", arguments->words, "SECTION TEXT")->required()->expected(2);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return describe(console, *arguments); };
    });

    arguments = std::make_shared<EditArguments>();
    verb = config.add_subcommand("discard", "Throw pending changes away: all, or the named ones");
    addCommon(verb, arguments);
    verb->add_option("places", arguments->words, "As `coffer config diff` shows them");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return discard(console, *arguments); };
    });
}

void addFileVerbs(CLI::App &config, Run &run)
{
    const std::string formats = config::formatNames().toStdString();
    auto arguments = std::make_shared<ImportArguments>();
    const auto common = [&arguments] {
        return std::shared_ptr<EditArguments>(arguments, &arguments->edit);
    };
    CLI::App *verb = config.add_subcommand(
        "import", "Files, or directories of files, into the draft: byte for byte, or as keys");
    addCommon(verb, common());
    verb->add_option("sources", arguments->sources, "Files and directories")
        ->required()
        ->check(CLI::ExistingPath);
    verb->add_option("--as-keys", arguments->asKeys, "Read them as " + formats);
    verb->add_option("--path", arguments->path, "What a single file is called on hosts");
    addRightsOptions(verb, arguments);
    addMarks(verb, common());
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return import(console, *arguments); };
    });

    arguments = std::make_shared<ImportArguments>();
    auto format = std::make_shared<std::string>();
    auto sections = std::make_shared<std::vector<std::string>>();
    verb = config.add_subcommand("output", "Render keys as a file of hosts, in the draft");
    addCommon(verb, common());
    verb->add_option("path", arguments->path, "What it is called on hosts")->required();
    verb->add_option("--format", *format, formats)->required();
    verb->add_option("--section", *sections,
                     "Only these, in this order; may be given several times");
    addRightsOptions(verb, arguments);
    addMarks(verb, common());
    verb->callback([&run, arguments, format, sections] {
        run = [arguments, format, sections](Console &console) {
            return output(console, *arguments, *format, *sections);
        };
    });

    for (const auto &[name, summary, op] :
         {std::tuple("remove-file", "Remove files in the draft", "removeFile"),
          std::tuple("remove-output", "Remove outputs in the draft", "removeOutput")}) {
        auto removal = std::make_shared<EditArguments>();
        verb = config.add_subcommand(name, summary);
        addCommon(verb, removal);
        verb->add_option("paths", removal->words, "As `coffer config tree` shows them")->required();
        verb->callback([&run, removal, op = op] {
            run = [removal, op](Console &console) { return removeFiles(console, *removal, op); };
        });
    }
}

} // namespace

void addConfigEditVerbs(CLI::App &config, Run &run)
{
    addValueVerbs(config, run);
    addFileVerbs(config, run);
}

} // namespace coffer::cli
