// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/context.h"
#include "pluginhost/exclusive_job.h"
#include "pluginhost/plugin_listeners.h"
#include "pluginhost/plugin_methods.h"
#include "pluginhost/plugin_settings.h"
#include "pluginhost/plugin_store.h"

#include <QSet>

namespace coffer::pluginhost {

/// What a host of plugins borrows; all has to outlive it.
struct PluginHostParts
{
    Clock &clock;
    Timers &timers;
    Workers &workers;
    pluginapi::Store &store;
    rpc::Registry &registry;
    net::HttpRouter &router;
    DoorCall door; ///< Empty: there is no HTTP.
};

/// What one run of a plugin is given. Node thread.
class RunContext final : public pluginapi::PluginContext
{
    Q_DISABLE_COPY_MOVE(RunContext)

public:
    template<class T>
    using Task = pluginapi::Task<T>;

    struct Given
    {
        QStringList names;
        QCborMap settings;
        pluginapi::Metrics &metrics; ///< Has to outlive this.
        bool isOpenToAll = false;
        ExclusiveOptions exclusive = {};
    };

    RunContext(std::shared_ptr<PluginRun> run, const PluginHostParts &parts, Given given);
    ~RunContext() override = default;

    [[nodiscard]] QString name() const override { return m_run->name(); }
    [[nodiscard]] bool isStopping() const override { return m_run->isStopping(); }
    [[nodiscard]] pluginapi::Store &store() override { return m_store; }
    [[nodiscard]] pluginapi::Methods &methods() override { return m_methods; }
    [[nodiscard]] pluginapi::PluginClock &clock() override { return m_clock; }
    [[nodiscard]] pluginapi::Logger &log() override { return m_log; }
    [[nodiscard]] pluginapi::Metrics &metrics() override { return m_metrics; }
    [[nodiscard]] LiveSettings &settings() override { return m_settings; }
    [[nodiscard]] pluginapi::Listeners &listeners() override { return m_listeners; }

    [[nodiscard]] Task<rpc::Outcome> call(QString method, QCborMap params,
                                          pluginapi::PluginCallOptions options = {}) override;
    [[nodiscard]] Result<void> exclusive(QString name, pluginapi::Job job) override;
    void spawn(Task<Result<void>> task, const char *name) override;

private:
    class Time final : public pluginapi::PluginClock
    {
    public:
        Time(std::shared_ptr<PluginRun> run, Clock &clock, Timers &timers)
            : m_run(std::move(run)), m_clock(clock), m_timers(timers)
        {}
        [[nodiscard]] Monotonic monotonic() const override { return m_clock.monotonic(); }
        [[nodiscard]] WallMs wall() const override { return m_clock.wall(); }
        [[nodiscard]] Task<bool> sleep(std::chrono::milliseconds time) override;

    private:
        std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
        Clock &m_clock;
        Timers &m_timers;
    };
    class Lines final : public pluginapi::Logger
    {
    public:
        explicit Lines(std::shared_ptr<PluginRun> run) : m_run(std::move(run)) {}
        void write(Level level, const QString &text) override;

    private:
        std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    };

    [[nodiscard]] Task<Result<void>> runElsewhere(std::function<void()> work) override;

    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    PluginHostParts m_parts;
    ExclusiveOptions m_exclusiveOptions;
    pluginapi::Metrics &m_metrics;
    PluginStore m_store;
    Time m_clock;
    Lines m_log;
    LiveSettings m_settings;
    PluginMethods m_methods;
    PluginListeners m_listeners;
    QSet<QString> m_jobs;
};

} // namespace coffer::pluginhost
