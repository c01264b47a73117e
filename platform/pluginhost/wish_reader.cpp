// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/wish_reader.h"

#include "base/eventual.h"
#include "rpc/spawn.h"

#include <QLoggingCategory>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using namespace pluginapi;

Q_LOGGING_CATEGORY(wishLog, "coffer.plugins")

static const QByteArray pattern = "/coffer/plugins/*/state";
static constexpr std::chrono::milliseconds pause{500};
static constexpr int writesMax = 5;

static QByteArray pathOf(const QString &plugin)
{
    return "/coffer/plugins/" + plugin.toUtf8() + "/state";
}

WishReader::WishReader(Store &store, Timers &timers, Changed changed)
    : m_store(store), m_timers(timers), m_changed(std::move(changed))
{}

void WishReader::start() { spawn(follow(), "plugins"); }

void WishReader::stop()
{
    m_isStopping = true;
    m_watch.reset();
}

PluginWish WishReader::wishOf(const QString &plugin) const
{
    const auto found = m_wishes.find(plugin);
    return found == m_wishes.end() ? PluginWish() : found->second;
}

void WishReader::take(const QByteArray &path, const QByteArray *value, std::set<QString> &changed)
{
    const QString plugin = QString::fromUtf8(path.split('/').value(3));
    if (value == nullptr) {
        m_wishes.erase(plugin);
    } else if (Result<PluginWish> wish = PluginWish::parse(*value)) {
        m_wishes[plugin] = std::move(*wish);
    } else {
        qCWarning(wishLog).noquote() << path << "is not obeyed:" << wish.error().message;
    }
    changed.insert(plugin);
}

Task<void> WishReader::follow()
{
    const QPointer<WishReader> self(this);
    while (self && !m_isStopping) {
        Result<void> done = co_await readAll();
        if (self && done && !m_isStopping)
            done = co_await readChanges();
        if (!self || m_isStopping)
            break;
        if (!done)
            qCDebug(wishLog).noquote() << "settings of plugins:" << done.error().message;
        Eventual<bool> later({ErrorCode::unavailable, u"the node ends"_s});
        m_timers.after(pause, [set = later.setter()] { set(true); });
        (void)co_await later;
    }
}

Task<Result<void>> WishReader::readAll()
{
    const QPointer<WishReader> self(this);
    std::map<QByteArray, QByteArray> files;
    store::Match match{pattern, {}, {}};
    Revision at;
    for (bool hasMore = true; hasMore;) {
        const Result<store::Reply> reply = co_await m_store.read(match);
        if (!reply)
            co_return reply.error();
        if (std::optional<Error> error = errorOf(*reply))
            co_return *error;
        for (const store::FileView &file : reply->files)
            files[file.path] = file.value;
        at = match.at = reply->at;
        match.page.after = reply->resume;
        hasMore = reply->hasMore;
        if (!self)
            co_return Error{ErrorCode::unavailable, u"the node ends"_s};
    }
    std::set<QString> changed;
    for (const auto &[plugin, wish] : std::exchange(m_wishes, {}))
        changed.insert(plugin);
    for (const auto &[path, value] : files)
        take(path, &value, changed);
    m_progress = at;
    m_isRead = true;
    m_changed(changed);
    co_return Result<void>();
}

Task<Result<void>> WishReader::readChanges()
{
    const QPointer<WishReader> self(this);
    const Result<store::Glob> glob = store::Glob::parse(pattern);
    if (!glob)
        co_return glob.error();
    m_watch = m_store.watch({*glob, m_progress.next(), false, store::WatchKinds::all});
    while (true) {
        const Result<store::WatchAnswer> answer = co_await m_watch->next();
        if (!answer)
            co_return answer.error();
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        if (batch == nullptr || !self || m_isStopping)
            co_return Result<void>(); // What is compacted is read anew.
        std::set<QString> changed;
        for (const store::WatchEvent &event : batch->events) {
            const bool isPut = event.kind == store::WatchEvent::Kind::put;
            take(event.path, isPut ? &event.now.value : nullptr, changed);
        }
        m_progress = batch->progress;
        m_changed(changed);
    }
}

Task<Result<Revision>> WishReader::write(QString plugin, Change change)
{
    const QPointer<WishReader> self(this);
    for (int count = 0; count < writesMax; ++count) {
        const auto file = co_await m_store.get(pathOf(plugin));
        if (!file)
            co_return file.error();
        PluginWish wish;
        if (*file) {
            // What cannot be read is written anew.
            wish = PluginWish::parse((*file)->value).value_or(PluginWish());
        }
        if (Result<void> changed = change(wish); !changed)
            co_return changed.error();
        if (!self)
            co_return Error{ErrorCode::unavailable, u"the node ends"_s};
        const Result<Revision> put = co_await m_store.put(pathOf(plugin), wish.toJson(),
                                                          *file ? (*file)->revision : Revision(0));
        if (put || put.error().code != ErrorCode::conflict || !self)
            co_return put;
    }
    co_return Error{ErrorCode::unavailable,
                    u"others write the state of this plugin at the same time; try again"_s};
}

} // namespace coffer::pluginhost
