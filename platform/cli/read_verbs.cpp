// SPDX-License-Identifier: Apache-2.0
#include "cli/read_options.h"
#include "cli/verbs.h"
#include "pluginapi/store_cbor.h"

#include <QCborArray>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct ReadArguments
{
    std::string path = "/";
    ReadFlags flags;
    bool isRaw = false;
    bool hasDetail = false;
    bool hasValues = false;
    QStringList open; ///< tree: the directories that are shown.

    [[nodiscard]] QByteArray place() const { return QByteArray::fromStdString(path); }
};

Task<int> get(Console &console, ReadArguments arguments)
{
    store::Question question = store::Get{arguments.place(), arguments.flags.at()};
    const Result<store::Reply> reply =
        co_await console.store().read(std::move(question), arguments.flags.options());
    if (!reply)
        co_return console.fail(reply.error());
    if (std::optional<Error> error = pluginapi::errorOf(*reply))
        co_return console.fail(*error);
    if (reply->files.empty()) {
        co_return console.fail(Error{ErrorCode::notFound,
                                     u"there is no file %1; `coffer ls` shows what there is"_s.arg(
                                         QString::fromStdString(arguments.path))});
    }
    const store::FileView &file = reply->files.front();
    console.json(pluginapi::toCbor(*reply).value("files"_L1).toArray().first());
    console.raw(file.value);
    if (!arguments.isRaw && !file.value.endsWith('\n'))
        console.raw("\n");
    if (arguments.hasDetail) {
        console.aside(u"revision %1, created %2, %3 bytes"_s.arg(file.revision.value())
                          .arg(file.created.value())
                          .arg(file.valueBytes));
    }
    co_return ok;
}

template<class Paged>
using Show = void (*)(Console &, const store::Reply &, ReadArguments &);

/// Asks page by page, all of one revision, and shows each. The number that was found, or the exit
/// code of a failure, negative.
template<class Paged>
Task<int> pages(Console &console, Paged question, ReadArguments arguments, Show<Paged> show)
{
    int found = 0;
    for (;;) {
        store::Question page = question;
        const Result<store::Reply> reply =
            co_await console.store().read(std::move(page), arguments.flags.options());
        if (!reply)
            co_return -console.fail(reply.error());
        if (std::optional<Error> error = pluginapi::errorOf(*reply))
            co_return -console.fail(*error);
        show(console, *reply, arguments);
        found += int(reply->files.size() + reply->entries.size());
        if (!reply->hasMore)
            co_return found;
        question.at = reply->at;
        question.page.after = reply->resume;
    }
}

Task<int> finish(Console &console, QString nothing, Task<int> task)
{
    const int found = co_await task;
    if (found < 0)
        co_return -found;
    if (found == 0)
        co_return console.fail(Error{ErrorCode::notFound, nothing});
    co_return ok;
}

void showEntries(Console &console, const store::Reply &reply, ReadArguments &)
{
    const QCborArray entries = pluginapi::toCbor(reply).value("entries"_L1).toArray();
    for (const QCborValue entry : entries)
        console.json(entry);
    for (const store::EntryView &entry : reply.entries)
        console.line(QString::fromUtf8(entry.name) + (entry.isDirectory ? u"/"_s : QString()));
}

void showFiles(Console &console, const store::Reply &reply, ReadArguments &arguments)
{
    const QCborArray files = pluginapi::toCbor(reply).value("files"_L1).toArray();
    for (const QCborValue file : files)
        console.json(file);
    for (const store::FileView &file : reply.files) {
        const QString path = QString::fromUtf8(file.path);
        if (arguments.hasValues)
            console.line(path + u"\t"_s + shown(file.value));
        else if (arguments.hasDetail)
            console.line(
                u"%1\t%2\t%3"_s.arg(file.revision.value(), 10).arg(file.valueBytes, 8).arg(path));
        else
            console.line(path);
    }
}

void showTree(Console &console, const store::Reply &reply, ReadArguments &arguments)
{
    const QCborArray files = pluginapi::toCbor(reply).value("files"_L1).toArray();
    for (const QCborValue file : files)
        console.json(file);
    QStringList &last = arguments.open;
    const qsizetype skipped = arguments.path == "/" ? 0 : qsizetype(arguments.path.size());
    for (const store::FileView &file : reply.files) {
        const QStringList parts =
            QString::fromUtf8(file.path.mid(skipped)).split(u'/', Qt::SkipEmptyParts);
        qsizetype same = 0;
        while (same < last.size() && same + 1 < parts.size() && last[same] == parts[same])
            ++same;
        last = last.mid(0, same);
        for (qsizetype depth = same; depth < parts.size(); ++depth) {
            const bool isFile = depth + 1 == parts.size();
            const QString value =
                isFile && arguments.hasValues ? u" = "_s + shown(file.value) : QString();
            console.line(QString(2 * depth, u' ') + parts[depth] + (isFile ? value : u"/"_s));
            if (!isFile)
                last.append(parts[depth]);
        }
    }
}

Task<int> ls(Console &console, ReadArguments arguments)
{
    store::Entries entries{arguments.place(), {}, arguments.flags.at()};
    const QString path = QString::fromStdString(arguments.path);
    co_return co_await finish(
        console, u"there is no directory "_s + path,
        pages(console, std::move(entries), std::move(arguments), &showEntries));
}

store::Page pageOf(const ReadArguments &arguments)
{
    store::Page page;
    page.detail = arguments.hasValues ? store::Detail::values : store::Detail::keys;
    return page;
}

Task<int> tree(Console &console, ReadArguments arguments)
{
    store::List list{arguments.place(), pageOf(arguments), arguments.flags.at()};
    const QString path = QString::fromStdString(arguments.path);
    co_return co_await finish(console, u"there is nothing at "_s + path,
                              pages(console, std::move(list), std::move(arguments), &showTree));
}

Task<int> find(Console &console, ReadArguments arguments)
{
    store::Match match{arguments.place(), pageOf(arguments), arguments.flags.at()};
    const QString pattern = QString::fromStdString(arguments.path);
    co_return co_await finish(console, u"nothing matches "_s + pattern,
                              pages(console, std::move(match), std::move(arguments), &showFiles));
}

using Verb = Task<int> (*)(Console &, ReadArguments);

CLI::App *addVerb(CLI::App &app, Run &run, const char *name, const char *summary, Verb verb,
                  const std::shared_ptr<ReadArguments> &arguments)
{
    CLI::App *added = app.add_subcommand(name, summary);
    arguments->flags.addTo(*added);
    added->callback([&run, arguments, verb] {
        run = [arguments, verb](Console &console) { return verb(console, *arguments); };
    });
    return added;
}

} // namespace

void addReadVerbs(CLI::App &app, Run &run)
{
    auto arguments = std::make_shared<ReadArguments>();
    CLI::App *verb = addVerb(app, run, "get", "Print the value of a file", &get, arguments);
    verb->add_option("path", arguments->path, "As /service/key")->required();
    verb->add_flag("--raw", arguments->isRaw, "No line break behind the value");
    verb->add_flag("-l,--long", arguments->hasDetail, "Say revision and size on standard error");

    arguments = std::make_shared<ReadArguments>();
    verb = addVerb(app, run, "ls", "List the entries of a directory", &ls, arguments);
    verb->add_option("path", arguments->path, "A directory; / if it is left out");

    arguments = std::make_shared<ReadArguments>();
    verb = addVerb(app, run, "tree", "Show all files of a tree", &tree, arguments);
    verb->add_option("path", arguments->path, "A directory; / if it is left out");
    verb->add_flag("--values", arguments->hasValues, "With their values");

    arguments = std::make_shared<ReadArguments>();
    verb = addVerb(app, run, "find", "Print the files that match a pattern", &find, arguments);
    verb->add_option("pattern", arguments->path, "* and ? within a name, ** across, as /app/**")
        ->required();
    verb->add_flag("--values", arguments->hasValues, "With their values");
    verb->add_flag("-l,--long", arguments->hasDetail, "With revision and size");
}

} // namespace coffer::cli
