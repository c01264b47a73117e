// SPDX-License-Identifier: Apache-2.0
#include "node/local_watches.h"

#include "base/eventual.h"

#include <QPointer>

#include <utility>

namespace coffer::node {

using pluginapi::Task;

/// How many readers are woken before the event loop goes on.
static constexpr std::size_t wakesMax = 256;

/// One reader's watch; its frames may live longer than it.
struct LocalWatches::Shared
{
    using Wake = Eventual<bool>;

    explicit Shared(store::WatchRequest of) : request(std::move(of)) {}

    store::WatchRequest request;
    store::WatchId id;    ///< None before the first next(), and after the end.
    bool isDue = true;    ///< There may be something.
    bool isEnded = false; ///< After an error, or compacted.
    std::optional<Wake::Setter> waiter = {};
    Revision progress = request.from.previous();
    Revision told = progress; ///< As its reader was told last.

    void wake()
    {
        isDue = true;
        if (const auto set = std::exchange(waiter, {}))
            (*set)(true);
    }
};

class LocalWatches::Reader final : public pluginapi::Watch
{
public:
    Reader(LocalWatches &home, store::WatchRequest request)
        : m_home(&home), m_shared(std::make_shared<Shared>(std::move(request)))
    {}
    ~Reader() override
    {
        m_shared->isEnded = true;
        if (m_home && !m_shared->id.isNone()) {
            m_home->m_known.erase(m_shared->id);
            if (store::Watches *watches = m_home->m_host.watches())
                watches->remove(m_shared->id);
        }
        m_shared->wake();
    }
    Q_DISABLE_COPY_MOVE(Reader)

    [[nodiscard]] Task<Result<store::WatchAnswer>> next() override
    {
        return read(m_home, m_shared);
    }
    [[nodiscard]] Revision progress() const override { return m_shared->progress; }

private:
    static Task<Result<store::WatchAnswer>> read(QPointer<LocalWatches> home,
                                                 std::shared_ptr<Shared> shared);
    static std::optional<Result<store::WatchAnswer>> tryNext(LocalWatches &home, Shared &shared);
    static Result<store::WatchAnswer> ended(Shared &shared, Result<store::WatchAnswer> result)
    {
        shared.isEnded = true;
        return result;
    }
    static std::optional<Result<store::WatchAnswer>> add(LocalWatches &home,
                                                         std::shared_ptr<Shared> shared);

    QPointer<LocalWatches> m_home;
    std::shared_ptr<Shared> m_shared;
};

/// Makes the watch known; an answer only if it ends before it began.
std::optional<Result<store::WatchAnswer>> LocalWatches::Reader::add(LocalWatches &home,
                                                                    std::shared_ptr<Shared> shared)
{
    auto added = home.m_host.watches()->add(shared->request);
    if (!added)
        return ended(*shared, added.error());
    if (const auto *compacted = std::get_if<store::WatchCompacted>(&*added))
        return ended(*shared, store::WatchAnswer(*compacted));
    shared->id = std::get<store::WatchId>(*added);
    home.m_known.insert_or_assign(shared->id, shared);
    return {};
}

std::optional<Result<store::WatchAnswer>> LocalWatches::Reader::tryNext(LocalWatches &home,
                                                                        Shared &shared)
{
    shared.isDue = false;
    Result<store::WatchAnswer> answer = home.m_host.watches()->next(shared.id);
    home.schedule(); // It may be ready again at once.
    const auto *batch = answer ? std::get_if<store::WatchBatch>(&*answer) : nullptr;
    if (batch == nullptr) {
        home.m_known.erase(shared.id);
        shared.id = {};
        return ended(shared, std::move(answer));
    }
    shared.progress = batch->progress;
    if (batch->events.empty() && !batch->hasMore && !home.isOldNews(shared.told))
        return {};
    shared.told = batch->progress;
    return answer;
}

Task<Result<store::WatchAnswer>> LocalWatches::Reader::read(QPointer<LocalWatches> home,
                                                            std::shared_ptr<Shared> shared)
{
    for (;;) {
        if (shared->isEnded || !home) {
            co_return Error{ErrorCode::unavailable,
                            QStringLiteral("the watch has ended; begin another one")};
        }
        const bool hasState = home->m_host.watches() != nullptr;
        if (!hasState) {
            home->m_stalled.push_back(shared);
            shared->isDue = false;
        } else if (shared->id.isNone()) {
            if (auto answer = add(*home, shared))
                co_return std::move(*answer);
        }
        if (shared->isDue || (hasState && home->isOldNews(shared->told))) {
            if (auto answer = tryNext(*home, *shared))
                co_return std::move(*answer);
        }
        if (shared->isDue)
            continue;
        Shared::Wake wake({ErrorCode::unavailable, QStringLiteral("the node ended")});
        shared->waiter = wake.setter();
        const Result<bool> woken = co_await wake;
        if (!woken)
            co_return woken.error();
    }
}

LocalWatches::LocalWatches(Host &host) : m_host(host)
{
    host.addAppliedHook(this, [this] { onApplied(); });
}

LocalWatches::~LocalWatches()
{
    for (const auto &[id, weak] : std::exchange(m_known, {})) {
        if (const std::shared_ptr<Shared> shared = weak.lock()) {
            shared->isEnded = true;
            shared->wake();
        }
    }
}

std::unique_ptr<pluginapi::Watch> LocalWatches::open(store::WatchRequest request)
{
    if (request.from.isNone())
        request.from = m_host.store().revision().next();
    return std::make_unique<Reader>(*this, std::move(request));
}

void LocalWatches::onApplied()
{
    if (m_host.watches() == nullptr)
        return;
    for (const auto &weak : std::exchange(m_stalled, {})) {
        if (const std::shared_ptr<Shared> shared = weak.lock())
            shared->wake();
    }
    if (const Revision floor = m_host.store().floor(); floor != m_floor) {
        m_floor = floor;
        m_reminding = {}; // From the first one again.
        m_isReminding = true;
    }
    pump();
}

/// A reader whose last news is among the oldest quarter of the history, or older, could soon not
/// resume elsewhere although it missed nothing.
bool LocalWatches::isOldNews(Revision told) const
{
    const std::uint64_t floor = m_host.store().floor().value();
    return told.value() < floor + (m_host.store().revision().value() - floor) / 4;
}

/// Wakes up to \a most readers that wait with old news; each then tells its progress.
void LocalWatches::remind(std::size_t most)
{
    std::vector<std::shared_ptr<Shared>> found; // Those that are woken change the map.
    auto known = m_known.upper_bound(m_reminding);
    for (; known != m_known.end() && found.size() < most; ++known) {
        m_reminding = known->first;
        const std::shared_ptr<Shared> shared = known->second.lock();
        if (shared && shared->waiter && isOldNews(shared->told))
            found.push_back(shared);
    }
    m_isReminding = known != m_known.end();
    for (const std::shared_ptr<Shared> &shared : found)
        shared->wake();
}

void LocalWatches::schedule()
{
    const store::Watches *watches = m_host.watches();
    if (m_isScheduled || watches == nullptr || !(m_isReminding || watches->hasReady()))
        return;
    m_isScheduled = true;
    QMetaObject::invokeMethod(
        this, [this] { pump(); }, Qt::QueuedConnection);
}

void LocalWatches::pump()
{
    m_isScheduled = false;
    store::Watches *watches = m_host.watches();
    if (watches == nullptr)
        return;
    for (const store::WatchId id : watches->takeReady(wakesMax)) {
        const auto known = m_known.find(id);
        if (known == m_known.end())
            continue;
        if (const std::shared_ptr<Shared> shared = known->second.lock())
            shared->wake();
    }
    if (m_isReminding)
        remind(wakesMax);
    schedule();
}

} // namespace coffer::node
