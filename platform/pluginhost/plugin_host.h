// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/plugin.h"
#include "pluginhost/plugin_context.h"
#include "pluginhost/plugin_metrics.h"
#include "pluginhost/plugin_spec.h"
#include "pluginhost/wish_reader.h"
#include "rpc/schema.h"

#include <QObject>

#include <map>
#include <optional>
#include <vector>

namespace coffer::pluginhost {

/// What is with a plugin. The names are shown to people and programs.
enum class PluginState {
    refused,  ///< Its library cannot be used: another build, no plugin, a name that is taken.
    waiting,  ///< Enabled, but what it needs does not run.
    disabled, ///< Operators do not want it.
    starting,
    started,
    failed, ///< It did not start; enabling it anew tries again.
    stopping,
    stopped ///< The host stops.
};
[[nodiscard]] QLatin1String nameOf(PluginState state);

/// One plugin, for people and programs. Value.
struct PluginReport
{
    PluginSpec spec;
    PluginState state = PluginState::refused;
    QString reason = {};        ///< Why it does not run.
    QString settingsFault = {}; ///< Why settings that were written for all nodes are not obeyed.
    int leaked = 0;             ///< Earlier runs that did not end: their memory is kept.
};

struct PluginHostOptions
{
    QByteArray node; ///< For people, in locks.
    /// Of this node, by plugin: [plugins.NAME] of cofferd.toml.
    std::map<QString, QCborMap> settings = {};
    bool isOpenToAll = false; ///< Listeners may serve others than this machine.
    std::chrono::milliseconds startMax{10'000};
    std::chrono::milliseconds stopMax{5'000}; ///< Of one plugin.
    ExclusiveOptions exclusive = {};
};

/// Decides over plugins: which of them run, in which order, and what happens to those that fail.
///
/// Life of a plugin: added (its spec was read, no code ran) → resolved (docs/ARCHITECTURE.md,
/// "Plugins") → made → started → stopped. One that fails takes down only those that need it.
/// Resource; node thread.
class PluginHost final : public QObject
{
    Q_DISABLE_COPY_MOVE(PluginHost)

public:
    template<class T>
    using Task = pluginapi::Task<T>;
    /// Makes the plugin; for a library, loads it.
    using Make = std::function<Result<std::unique_ptr<pluginapi::Plugin>>()>;

    PluginHost(const PluginHostParts &parts, PluginHostOptions options);
    /// Ends what still runs at once, without stop(): as in a crash, but orderly in memory.
    ~PluginHost() override;

    /// Before start(). A plugin that is part of the program, or a library that was looked into.
    void add(PluginSpec spec, Make make);
    /// Before start(). Something that was found and cannot be used; \a spec as far as it is known.
    void addRefused(PluginSpec spec, QString reason);
    /// After all are added: resolves them and checks the settings of this node. `invalid` names the
    /// plugin and the setting.
    [[nodiscard]] Result<void> resolve();

    /// Begins: reads from the store which are wanted, starts them. Needs a leader to get anywhere.
    void start();
    /// Stops all, dependents first. Done when all are.
    [[nodiscard]] Task<void> stop();

    /// True when nothing is left to be started or stopped.
    [[nodiscard]] bool isSettled() const;
    [[nodiscard]] std::vector<PluginReport> report() const;
    [[nodiscard]] std::optional<PluginReport> reportOf(const QString &plugin) const;
    /// The figures of all plugins, in the text format of Prometheus.
    [[nodiscard]] QByteArray metrics() const;

    /// For all nodes; done when this one has obeyed. Enabling one that failed tries it again.
    /// `notFound`: there is no such plugin here.
    [[nodiscard]] Task<Result<void>> setEnabled(QString plugin, bool isEnabled);
    /// Replaces the settings for all nodes. `invalid`: what the schema of the plugin says.
    [[nodiscard]] Task<Result<void>> configure(QString plugin, QCborMap settings);

private:
    struct Entry;
    using Shared = std::shared_ptr<Entry>; // shared with the frames of settle()

    [[nodiscard]] Shared find(const QString &plugin) const;
    [[nodiscard]] bool isWanted(const Entry &entry) const;
    [[nodiscard]] QString lacks(const Entry &entry) const;
    [[nodiscard]] Shared nextToStop() const;
    [[nodiscard]] Shared nextToStart() const;
    [[nodiscard]] Result<QCborMap> settingsOf(Entry &entry);
    void onWishes(const std::set<QString> &changed);
    void changeSettings(Entry &entry);
    [[nodiscard]] Task<void> settle();
    void told();
    [[nodiscard]] Task<Result<void>> await(Revision revision);
    [[nodiscard]] Task<void> startOne(Shared entry);
    [[nodiscard]] Task<void> stopOne(Shared entry);
    void makeRun(Entry &entry);
    [[nodiscard]] Task<bool> drained(std::shared_ptr<PluginRun> run);
    void end(Entry &entry, bool isDrained);

    std::unique_ptr<QObject> m_life = std::make_unique<QObject>(); ///< Null from the destructor on.
    PluginHostParts m_parts;
    PluginHostOptions m_options;
    std::shared_ptr<Meter> m_meter; // shared with runs that outlive this
    std::vector<Shared> m_entries;  ///< In the order in which they start.
    WishReader m_wishes;
    std::vector<Eventual<bool>::Setter> m_onSettled;
    bool m_isSettling = false;
    bool m_isStopping = false;
};

} // namespace coffer::pluginhost
