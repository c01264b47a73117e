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

struct WatchArguments
{
    std::string pattern;
    std::uint64_t from = 0;
    std::uint64_t upTo = 0;
    std::uint64_t count = 0;
    bool withPrevious = false;
};

/// Shows events, \a left at most; how many are left.
std::uint64_t show(Console &console, const store::WatchBatch &batch, std::uint64_t left)
{
    const QCborArray events =
        pluginapi::toCbor(store::WatchAnswer(batch)).value("events"_L1).toArray();
    for (std::size_t index = 0; index < batch.events.size() && left > 0; ++index, --left) {
        const store::WatchEvent &event = batch.events[index];
        console.json(events[qsizetype(index)]);
        const bool isPut = event.kind == store::WatchEvent::Kind::put;
        const QString before = event.isPreviousCut ? u"  (was too much to show)"_s
                               : event.previous
                                   ? u"  (was "_s + shown(event.previous->value) + u")"_s
                                   : QString();
        console.line(u"%1 %2 %3%4%5"_s.arg(event.revision.value())
                         .arg(isPut ? u"put"_s : u"del"_s, QString::fromUtf8(event.path),
                              isPut ? u" "_s + shown(event.now.value) : QString(), before));
    }
    return left;
}

Error compacted(const store::WatchCompacted &at)
{
    return {ErrorCode::compacted,
            u"the history up to revision %1 is compacted"_s.arg(at.floor.value())};
}

std::uint64_t limitOf(const WatchArguments &arguments)
{
    return arguments.count == 0 ? UINT64_MAX : arguments.count;
}

Task<int> watch(Console &console, WatchArguments arguments)
{
    Result<store::Glob> glob = store::Glob::parse(QByteArray::fromStdString(arguments.pattern));
    if (!glob)
        co_return console.fail(glob.error());
    store::WatchRequest request{std::move(*glob), Revision(arguments.from), arguments.withPrevious,
                                store::WatchKinds::all};
    const std::unique_ptr<pluginapi::Watch> watch = console.store().watch(std::move(request));
    std::uint64_t left = limitOf(arguments);
    while (left > 0) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (!answer)
            co_return console.fail(answer.error());
        if (const auto *gone = std::get_if<store::WatchCompacted>(&*answer))
            co_return console.fail(compacted(*gone));
        left = show(console, std::get<store::WatchBatch>(*answer), left);
    }
    co_return ok;
}

Task<int> history(Console &console, WatchArguments arguments)
{
    Result<store::Glob> glob = store::Glob::parse(QByteArray::fromStdString(arguments.pattern));
    if (!glob)
        co_return console.fail(glob.error());
    pluginapi::HistoryRequest request{std::move(*glob), Revision(arguments.from),
                                      Revision(arguments.upTo), 1'000, arguments.withPrevious};
    bool isAllThatIsKept = request.from.isNone();
    if (isAllThatIsKept)
        request.from = Revision(1);
    std::uint64_t left = limitOf(arguments);
    for (bool hasMore = true; hasMore && left > 0;) {
        const Result<store::WatchAnswer> answer = co_await console.store().history(request);
        if (!answer)
            co_return console.fail(answer.error());
        const auto *gone = std::get_if<store::WatchCompacted>(&*answer);
        if (gone != nullptr && !isAllThatIsKept)
            co_return console.fail(compacted(*gone));
        if (gone != nullptr) {
            request.from = gone->floor.next();
            continue;
        }
        isAllThatIsKept = false; // nothing may be left out from here on
        const auto &batch = std::get<store::WatchBatch>(*answer);
        left = show(console, batch, left);
        hasMore = batch.hasMore;
        request.from = batch.progress.next();
    }
    co_return ok;
}

} // namespace

void addWatchVerbs(CLI::App &app, Run &run)
{
    auto arguments = std::make_shared<WatchArguments>();
    CLI::App *verb = app.add_subcommand("watch", "Print changes as they happen");
    verb->add_option("pattern", arguments->pattern, "As /app/** or /app/key")->required();
    verb->add_option("--from", arguments->from, "The first revision to see; else from now on")
        ->check(wholeNumber());
    verb->add_option("--count", arguments->count, "End after so many")->check(wholeNumber());
    verb->add_flag("--previous", arguments->withPrevious, "With what was there before");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return watch(console, *arguments); };
    });

    arguments = std::make_shared<WatchArguments>();
    verb = app.add_subcommand("history", "Print earlier changes");
    verb->add_option("pattern", arguments->pattern, "As /app/** or /app/key")->required();
    verb->add_option("--from", arguments->from, "The first revision; else the oldest kept")
        ->check(wholeNumber());
    verb->add_option("--to", arguments->upTo, "The last revision; else the newest")
        ->check(wholeNumber());
    verb->add_option("--count", arguments->count, "At most so many")->check(wholeNumber());
    verb->add_flag("--previous", arguments->withPrevious, "With what was there before");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return history(console, *arguments); };
    });
}

} // namespace coffer::cli
