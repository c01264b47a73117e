// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_host.h"

#include "pluginhost/plugin_order.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using namespace pluginapi;

Q_LOGGING_CATEGORY(hostLog, "coffer.plugins")

/// Before the end of its time to stop, a plugin's answers that still lack are given up.
static constexpr int cutPart = 5;

struct PluginHost::Entry
{
    PluginSpec spec;
    Make make;
    std::optional<rpc::Schema> schema;
    QString fault = {}; ///< Why it can never run.
    std::vector<Entry *> needs = {};
    PluginMetrics metrics;
    PluginState state = PluginState::waiting;
    QString reason = {};
    QString settingsFault = {};
    int leaked = 0;
    bool isFailed = false; ///< Until it is enabled anew.

    // Of the present run. The plugin goes before what it was given.
    std::shared_ptr<PluginRun> run = {}; // shared with everything that the plugin was given
    std::unique_ptr<RunContext> context = {};
    std::unique_ptr<Plugin> plugin = {};

    explicit Entry(PluginSpec of, Make by)
        : spec(std::move(of)), make(std::move(by)), metrics(spec.name)
    {}
};

QLatin1String nameOf(PluginState state)
{
    switch (state) {
    case PluginState::refused: return "refused"_L1;
    case PluginState::waiting: return "waiting"_L1;
    case PluginState::disabled: return "disabled"_L1;
    case PluginState::starting: return "starting"_L1;
    case PluginState::started: return "started"_L1;
    case PluginState::failed: return "failed"_L1;
    case PluginState::stopping: return "stopping"_L1;
    case PluginState::stopped: break;
    }
    return "stopped"_L1;
}

PluginHost::PluginHost(const PluginHostParts &parts, PluginHostOptions options)
    : m_parts(parts)
    , m_options(std::move(options))
    , m_meter(std::make_shared<Meter>(parts.clock))
    , m_wishes(parts.store, parts.timers,
               [this](const std::set<QString> &changed) { onWishes(changed); })
{}

PluginHost::~PluginHost()
{
    m_life.reset(); // frames that come back now find it gone
    m_isStopping = true;
    m_wishes.stop();
    for (auto entry = m_entries.rbegin(); entry != m_entries.rend(); ++entry) {
        if (const auto run = (*entry)->run) {
            run->setOnIdle({});
            run->cut();
            end(**entry, run->frames() == 0);
        }
    }
    m_meter->detach();
}

// ---- before the start

void PluginHost::add(PluginSpec spec, Make make)
{
    auto entry = std::make_shared<Entry>(std::move(spec), std::move(make));
    if (Result<rpc::Schema> schema = rpc::Schema::parse(entry->spec.settings))
        entry->schema = std::move(*schema);
    else
        entry->fault = u"settings: "_s + schema.error().message;
    m_entries.push_back(std::move(entry));
}

void PluginHost::addRefused(PluginSpec spec, QString reason)
{
    auto entry = std::make_shared<Entry>(std::move(spec), Make());
    entry->fault = std::move(reason);
    m_entries.push_back(std::move(entry));
}

Result<void> PluginHost::resolve()
{
    std::vector<Shared> able;
    std::vector<Shared> unable;
    std::vector<PluginSpec> specs;
    for (const Shared &entry : m_entries) {
        (entry->fault.isEmpty() ? able : unable).push_back(entry);
        if (entry->fault.isEmpty())
            specs.push_back(entry->spec);
    }
    const PluginOrder found = orderOf(specs);
    m_entries.clear();
    for (const std::size_t index : found.order) {
        for (const std::size_t need : found.needs.at(index))
            able[index]->needs.push_back(able[need].get());
        m_entries.push_back(able[index]);
    }
    for (const auto &[index, fault] : found.faults) {
        able[index]->fault = fault;
        m_entries.push_back(able[index]);
    }
    m_entries.insert(m_entries.end(), unable.begin(), unable.end());
    for (const Shared &entry : m_entries) {
        if (entry->fault.isEmpty())
            continue;
        entry->state = PluginState::refused;
        entry->reason = entry->fault;
        qCWarning(hostLog).noquote()
            << "plugin" << entry->spec.name << entry->spec.file << "cannot run:" << entry->fault;
    }
    for (const auto &[name, settings] : m_options.settings) {
        const Shared entry = find(name);
        if (!entry)
            return Error{ErrorCode::invalid, u"plugins.%1: there is no such plugin"_s.arg(name)};
        const auto why = entry->schema ? entry->schema->refute(settings) : std::nullopt;
        if (why)
            return Error{ErrorCode::invalid, u"plugins.%1: %2"_s.arg(name, *why)};
    }
    return {};
}

// ---- what is wanted

PluginHost::Shared PluginHost::find(const QString &plugin) const
{
    const auto found = std::find_if(m_entries.begin(), m_entries.end(), [&](const Shared &entry) {
        return entry->spec.name == plugin;
    });
    return found == m_entries.end() ? nullptr : *found;
}

bool PluginHost::isWanted(const Entry &entry) const
{
    return !m_isStopping && m_wishes.isRead() && entry.fault.isEmpty() && !entry.isFailed
           && m_wishes.wishOf(entry.spec.name).isEnabled
           && std::all_of(entry.needs.begin(), entry.needs.end(),
                          [this](const Entry *need) { return isWanted(*need); });
}

/// What of its needs does not run, for people; empty if all do.
QString PluginHost::lacks(const Entry &entry) const
{
    for (const Entry *need : entry.needs) {
        if (need->state != PluginState::started)
            return u"it needs '%1', which is %2"_s.arg(need->spec.name, nameOf(need->state));
    }
    return {};
}

PluginHost::Shared PluginHost::nextToStop() const
{
    for (auto entry = m_entries.rbegin(); entry != m_entries.rend(); ++entry) {
        if ((*entry)->state == PluginState::started && !isWanted(**entry))
            return *entry;
    }
    return nullptr;
}

PluginHost::Shared PluginHost::nextToStart() const
{
    for (const Shared &entry : m_entries) {
        if (entry->state != PluginState::started && isWanted(*entry) && lacks(*entry).isEmpty())
            return entry;
    }
    return nullptr;
}

bool PluginHost::isSettled() const { return (m_wishes.isRead() || m_isStopping) && !m_isSettling; }

/// Those of this node below those for all nodes; without the latter if they do not fit.
Result<QCborMap> PluginHost::settingsOf(Entry &entry)
{
    const auto own = m_options.settings.find(entry.spec.name);
    const QCborMap below = own == m_options.settings.end() ? QCborMap() : own->second;
    const QCborMap all = merged(below, m_wishes.wishOf(entry.spec.name).settings);
    entry.settingsFault.clear();
    if (const auto why = entry.schema->refute(all)) {
        entry.settingsFault = *why;
        return Error{ErrorCode::invalid, *why};
    }
    return all;
}

void PluginHost::changeSettings(Entry &entry)
{
    Result<QCborMap> settings = settingsOf(entry);
    if (!settings)
        qCWarning(hostLog).noquote()
            << "plugin" << entry.spec.name
            << "keeps its settings; the new ones are not valid:" << settings.error().message;
    else if (entry.context)
        entry.context->settings().change(*settings);
}

void PluginHost::onWishes(const std::set<QString> &changed)
{
    for (const Shared &entry : m_entries) {
        if (!entry->fault.isEmpty() || !changed.contains(entry->spec.name))
            continue;
        entry->isFailed = false;
        if (entry->context)
            changeSettings(*entry);
    }
    if (!m_isSettling)
        coffer::spawn(settle(), "plugins");
}

/// Stops and starts, one after the other, until everything is as it is wanted. Runs once at a time.
Task<void> PluginHost::settle()
{
    const QPointer<QObject> self(m_life.get());
    m_isSettling = true;
    while (self) {
        if (const Shared entry = nextToStop())
            co_await stopOne(entry);
        else if (const Shared other = nextToStart())
            co_await startOne(other);
        else
            break;
    }
    if (self)
        told();
}

/// Everything is settled: says of those that do not run why, and tells who waits.
void PluginHost::told()
{
    m_isSettling = false;
    for (const Shared &entry : m_entries) {
        if (!entry->fault.isEmpty() || entry->isFailed || entry->state == PluginState::started)
            continue;
        const bool isEnabled = m_wishes.wishOf(entry->spec.name).isEnabled;
        entry->state = m_isStopping ? PluginState::stopped
                       : isEnabled  ? PluginState::waiting
                                    : PluginState::disabled;
        entry->reason = isEnabled && !m_isStopping ? lacks(*entry) : QString();
    }
    for (const auto &set : std::exchange(m_onSettled, {}))
        set(true);
}

// ---- one plugin

void PluginHost::makeRun(Entry &entry)
{
    Result<QCborMap> settings = settingsOf(entry);
    if (!settings) { // Those of this node were checked before the start.
        qCWarning(hostLog).noquote()
            << "plugin" << entry.spec.name
            << "does not get its settings for all nodes:" << settings.error().message;
        const auto own = m_options.settings.find(entry.spec.name);
        settings = own == m_options.settings.end() ? QCborMap() : own->second;
    }
    ExclusiveOptions exclusive = m_options.exclusive;
    exclusive.holder = m_options.node;
    entry.run = std::make_shared<PluginRun>(entry.spec.name, m_meter);
    entry.context =
        std::make_unique<RunContext>(entry.run, m_parts,
                                     RunContext::Given{entry.spec.names(), *settings, entry.metrics,
                                                       m_options.isOpenToAll, exclusive});
}

/// Whatever \a call does with the plugin; what it throws is an error.
static Task<void> guarded(std::shared_ptr<PluginRun> run, Plugin *plugin, PluginContext *context,
                          Eventual<void>::Setter set)
{
    const PluginRun::Frame frame(run);
    Result<void> done;
    try {
        if (context != nullptr) {
            const Task<Result<void>> task =
                run->enter(u"start()"_s, [&] { return plugin->start(*context); });
            done = co_await task;
        } else {
            const Task<void> task = run->enter(u"stop()"_s, [&] { return plugin->stop(); });
            co_await task;
        }
    } catch (...) {
        const QString what = run->caught(context != nullptr ? "start()" : "stop()");
        done = Error{ErrorCode::refused, u"it threw: "_s + what};
    }
    set(std::move(done));
}

Task<void> PluginHost::startOne(Shared entry)
{
    const QPointer<QObject> self(m_life.get());
    entry->state = PluginState::starting;
    entry->reason.clear();
    makeRun(*entry);
    Eventual<void> started({ErrorCode::refused, u"it did not start"_s});
    const auto set = started.setter();
    Result<std::unique_ptr<Plugin>> made = entry->make();
    if (made) {
        entry->plugin = std::move(*made);
        const auto limit = m_options.startMax;
        m_parts.timers.after(limit, [set, limit] {
            set(Error{ErrorCode::refused,
                      u"it did not start within %1 s"_s.arg(limit.count() / 1000)});
        });
        coffer::spawn(guarded(entry->run, entry->plugin.get(), entry->context.get(), set),
                      "plugin start");
    } else {
        set(made.error());
    }
    const Result<void> done = co_await started;
    if (!self)
        co_return;
    if (done) {
        entry->state = PluginState::started;
        qCInfo(hostLog).noquote() << "plugin" << entry->spec.name << entry->spec.version
                                  << "started";
        co_return;
    }
    qCWarning(hostLog).noquote() << "plugin" << entry->spec.name
                                 << "failed to start:" << done.error().message;
    entry->isFailed = true;
    entry->run->stop();
    const bool isDrained = co_await drained(entry->run);
    if (!self)
        co_return;
    end(*entry, isDrained);
    entry->state = PluginState::failed;
    entry->reason = done.error().message;
}

Task<void> PluginHost::stopOne(Shared entry)
{
    const QPointer<QObject> self(m_life.get());
    entry->state = PluginState::stopping;
    const std::shared_ptr<PluginRun> run = entry->run;
    run->stop();
    Eventual<void> stopped({ErrorCode::refused, u"it did not stop"_s});
    coffer::spawn(guarded(run, entry->plugin.get(), nullptr, stopped.setter()), "plugin stop");
    const bool isDrained = co_await drained(run);
    if (!self)
        co_return;
    end(*entry, isDrained);
    entry->state = PluginState::stopped;
    qCInfo(hostLog).noquote() << "plugin" << entry->spec.name << "stopped";
}

/// Waits until nothing of \a run is under way, false if that takes too long. Answers in a turn of
/// its own, with no code of the plugin on the stack.
Task<bool> PluginHost::drained(std::shared_ptr<PluginRun> run)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the node ends"_s});
    const auto set = over.setter();
    Timers &timers = m_parts.timers;
    // What became idle may have something under way again: looked at once more, in the later turn.
    const auto look = [set, weak = std::weak_ptr(run)] {
        const auto present = weak.lock();
        if (present && present->frames() == 0)
            set(true);
    };
    run->setOnIdle([&timers, look] { timers.after(std::chrono::milliseconds(0), look); });
    timers.after(std::chrono::milliseconds(0), look);
    timers.after(m_options.stopMax * (cutPart - 1) / cutPart, [weak = std::weak_ptr(run)] {
        if (const auto present = weak.lock())
            present->cut();
    });
    timers.after(m_options.stopMax, [set] { set(false); });
    const Result<bool> isDrained = co_await over;
    run->setOnIdle({});
    run->cut();
    co_return isDrained.value_or(false) && run->frames() == 0;
}

/// The plugin goes, or stays for ever: a frame that comes back must find what it was begun with.
void PluginHost::end(Entry &entry, bool isDrained)
{
    if (isDrained) {
        entry.plugin.reset();
        entry.context.reset();
    } else {
        ++entry.leaked;
        qCCritical(hostLog).noquote()
            << "plugin" << entry.spec.name << "did not end:" << entry.run->frames()
            << "coroutines are left; its memory is kept until the process ends";
        (void)entry.plugin.release();
        (void)entry.context.release();
    }
    entry.run.reset();
}

// ---- as a whole

void PluginHost::start() { m_wishes.start(); }

Task<void> PluginHost::stop()
{
    m_isStopping = true;
    m_wishes.stop();
    Eventual<bool> settled({ErrorCode::unavailable, u"the node ends"_s});
    m_onSettled.push_back(settled.setter());
    if (!m_isSettling)
        coffer::spawn(settle(), "plugins");
    (void)co_await settled;
}

static PluginReport reportOn(const PluginSpec &spec, PluginState state)
{
    PluginReport report;
    report.spec = spec;
    report.state = state;
    return report;
}

std::vector<PluginReport> PluginHost::report() const
{
    std::vector<PluginReport> all;
    for (const Shared &entry : m_entries) {
        PluginReport report = reportOn(entry->spec, entry->state);
        report.reason = entry->reason;
        report.settingsFault = entry->settingsFault;
        report.leaked = entry->leaked;
        all.push_back(std::move(report));
    }
    return all;
}

std::optional<PluginReport> PluginHost::reportOf(const QString &plugin) const
{
    for (PluginReport &report : report()) {
        if (report.spec.name == plugin)
            return std::move(report);
    }
    return std::nullopt;
}

QByteArray PluginHost::metrics() const
{
    QByteArray text;
    for (const Shared &entry : m_entries)
        text += entry->metrics.text();
    return text;
}

/// Until this node has taken in \a revision and is settled.
Task<Result<void>> PluginHost::await(Revision revision)
{
    const QPointer<QObject> self(m_life.get());
    while (self && (m_wishes.progress() < revision || m_isSettling)) {
        Eventual<bool> settled({ErrorCode::unavailable, u"the node ends"_s});
        m_onSettled.push_back(settled.setter());
        (void)co_await settled;
        if (!self || m_isStopping)
            break;
    }
    co_return Result<void>();
}

Task<Result<void>> PluginHost::setEnabled(QString plugin, bool isEnabled)
{
    const QPointer<QObject> self(m_life.get());
    if (!find(plugin))
        co_return Error{ErrorCode::notFound, u"there is no plugin '%1' on this node"_s.arg(plugin)};
    const WishReader::Change change = [isEnabled](PluginWish &wish) -> Result<void> {
        wish.isEnabled = isEnabled;
        return {};
    };
    const Result<Revision> written = co_await m_wishes.write(plugin, change);
    if (!written)
        co_return written.error();
    if (!self)
        co_return Result<void>();
    co_return co_await await(*written);
}

Task<Result<void>> PluginHost::configure(QString plugin, QCborMap settings)
{
    const QPointer<QObject> self(m_life.get());
    const Shared entry = find(plugin);
    if (!entry || !entry->schema)
        co_return Error{ErrorCode::notFound, u"there is no plugin '%1' on this node"_s.arg(plugin)};
    const auto own = m_options.settings.find(plugin);
    const QCborMap below = own == m_options.settings.end() ? QCborMap() : own->second;
    if (const auto why = entry->schema->refute(merged(below, settings)))
        co_return Error{ErrorCode::invalid, u"settings of %1: %2"_s.arg(plugin, *why)};
    const WishReader::Change change = [settings](PluginWish &wish) -> Result<void> {
        wish.settings = settings;
        if (wish.toJson().size() <= PluginWish::bytesMax)
            return {};
        return Error{ErrorCode::invalid,
                     u"settings: larger than %1 bytes"_s.arg(PluginWish::bytesMax)};
    };
    const Result<Revision> written = co_await m_wishes.write(plugin, change);
    if (!written)
        co_return written.error();
    if (!self)
        co_return Result<void>();
    co_return co_await await(*written);
}

} // namespace coffer::pluginhost
