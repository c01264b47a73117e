// SPDX-License-Identifier: Apache-2.0
#include "goconf/reading.h"

namespace coffer::goconf {

using pluginapi::errorOf;
using pluginapi::ReadMode;
using pluginapi::ReadOptions;
using pluginapi::Store;

static constexpr WallMs farAway{253'402'300'799'000}; ///< The end of the year 9999.

QByteArray nameIn(const QByteArray &path) { return path.sliced(path.lastIndexOf('/') + 1); }

Task<Result<Moment>> newestMoment(Store &store)
{
    const store::Question question = store::Stat{"/config", {}};
    const Result<store::Reply> reply = co_await store.read(question);
    if (!reply)
        co_return reply.error();
    if (const std::optional<Error> error = errorOf(*reply))
        co_return *error;
    co_return Moment{reply->at, reply->appliedTime};
}

Task<Result<WallMs>> timeNow(Store &store)
{
    store::Transaction question;
    question.guards.emplace_back(store::TimeReached{farAway});
    const Result<store::Answer> answer = co_await store.commit(question);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::guardFailed)
        co_return WallMs(std::int64_t(answer->found));
    if (const std::optional<Error> error = errorOf(*answer))
        co_return *error;
    co_return farAway;
}

Task<Result<Revision>> newestRevision(Store &store)
{
    const Result<Moment> moment = co_await newestMoment(store);
    if (!moment)
        co_return moment.error();
    co_return moment->at;
}

Task<Result<std::optional<store::FileView>>> fileAt(Store &store, QByteArray path, Revision at)
{
    const store::Question question = store::Get{path, at};
    const ReadOptions options{ReadMode::session, at};
    const Result<store::Reply> reply = co_await store.read(question, options);
    if (!reply)
        co_return reply.error();
    if (const std::optional<Error> error = errorOf(*reply))
        co_return *error;
    if (reply->files.empty())
        co_return std::optional<store::FileView>();
    co_return std::optional(reply->files.front());
}

Task<Result<std::vector<store::FileView>>> filesAt(Store &store, QByteArray tree, Revision at,
                                                   store::Detail detail)
{
    std::vector<store::FileView> files;
    store::List list{.path = tree, .page = {}, .at = at};
    list.page.detail = detail;
    const ReadOptions options{ReadMode::session, at};
    for (;;) {
        const store::Question question = list;
        const Result<store::Reply> reply = co_await store.read(question, options);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = errorOf(*reply))
            co_return *error;
        files.insert(files.end(), reply->files.begin(), reply->files.end());
        list.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    co_return files;
}

Task<Result<std::vector<QByteArray>>> namesAt(Store &store, QByteArray directory, Revision at)
{
    std::vector<QByteArray> names;
    store::Entries entries{.path = directory, .page = {}, .at = at};
    const ReadOptions options{ReadMode::session, at};
    for (;;) {
        const store::Question question = entries;
        const Result<store::Reply> reply = co_await store.read(question, options);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = errorOf(*reply))
            co_return *error;
        for (const store::EntryView &entry : reply->entries)
            names.push_back(entry.name);
        entries.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    co_return names;
}

} // namespace coffer::goconf
