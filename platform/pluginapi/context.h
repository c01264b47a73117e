// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "pluginapi/duty.h"
#include "pluginapi/methods.h"
#include "pluginapi/metrics.h"
#include "pluginapi/store.h"

#include <QCborMap>
#include <QString>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

QT_BEGIN_NAMESPACE
class QTcpSocket;
QT_END_NAMESPACE

/// What a plugin is given. All of it lives on the node thread, is used from there alone, and
/// outlives the plugin. When the plugin stops, everything that is awaited here comes back early.
namespace coffer::pluginapi {

/// Time, and waiting for it. The test kit's is virtual; plugins have no other clock or timer.
class PluginClock : public Clock
{
public:
    /// Waits; false, and early, if the plugin stops.
    [[nodiscard]] virtual Task<bool> sleep(std::chrono::milliseconds time) = 0;
};

/// Lines of the node's log under the plugin's name.
class Logger
{
public:
    enum class Level { debug, info, warning, error };

    virtual ~Logger() = default;
    virtual void write(Level level, const QString &text) = 0;

    void debug(const QString &text) { write(Level::debug, text); }
    void info(const QString &text) { write(Level::info, text); }
    void warning(const QString &text) { write(Level::warning, text); }
    void error(const QString &text) { write(Level::error, text); }
};

/// What operators say to the plugin: [plugins.NAME] of cofferd.toml, and above it, member by
/// member, what `coffer plugins set` wrote for the whole cluster. Always as the schema of the
/// plugin wants.
class PluginSettings
{
public:
    virtual ~PluginSettings() = default;
    /// As they are now; members that nobody set are absent.
    [[nodiscard]] virtual QCborMap values() const = 0;
    /// Calls \a callback after each change, until the plugin stops. What it throws is logged.
    virtual void onChanged(std::function<void()> callback) = 0;
};

/// TCP ports beside the front door, for protocols of a plugin's own.
class Listeners
{
public:
    struct Options
    {
        QString address;          ///< "127.0.0.1:8046"; port 0 takes one that is free.
        int connectionsMax = 256; ///< More are closed at once.
    };
    /// Serves one connection; it is closed when the task ends. The socket is the plugin's until
    /// then, and is aborted when the plugin stops. A free or member function.
    using Serve = std::function<Task<void>(std::shared_ptr<QTcpSocket>)>; // shared with the host

    virtual ~Listeners() = default;
    /// Listens at the setting "listen.\a name" if operators set it ({"listen": {"main": "..."}}),
    /// else at Options::address. The port that it got; `io` if it cannot be had, `refused` if it is
    /// beyond this machine and the node does not serve others.
    [[nodiscard]] virtual Result<quint16> listen(QString name, Options options, Serve serve) = 0;
};

struct PluginCallOptions
{
    std::chrono::milliseconds timeout{5000};
    /// On whose behalf; none: the plugin's own ("plugin example").
    std::optional<rpc::Caller> caller = {};
};

class PluginContext
{
public:
    PluginContext() = default;
    virtual ~PluginContext() = default;
    PluginContext(const PluginContext &) = delete;
    PluginContext &operator=(const PluginContext &) = delete;

    /// The name of the plugin.
    [[nodiscard]] virtual QString name() const = 0;
    /// True from the moment when the plugin is to stop.
    [[nodiscard]] virtual bool isStopping() const = 0;

    [[nodiscard]] virtual Store &store() = 0;
    [[nodiscard]] virtual Methods &methods() = 0;
    [[nodiscard]] virtual PluginClock &clock() = 0;
    [[nodiscard]] virtual Logger &log() = 0;
    [[nodiscard]] virtual Metrics &metrics() = 0;
    [[nodiscard]] virtual PluginSettings &settings() = 0;
    [[nodiscard]] virtual Listeners &listeners() = 0;

    /// Calls a method of this node, of another plugin for instance.
    [[nodiscard]] virtual Task<rpc::Outcome> call(QString method, QCborMap params,
                                                  PluginCallOptions options = {}) = 0;

    /// Lets \a job run on one node at a time, under \a name (a-z, 0-9 and '-'). If its node dies,
    /// another one begins it after some seconds. `invalid` if the name is taken or no name.
    [[nodiscard]] virtual Result<void> exclusive(QString name, Job job) = 0;

    /// Lets \a task run with nobody waiting for it; an error, or what it throws, is logged under
    /// \a name, a literal. The only way to do that in a plugin: the host waits for it at the end.
    virtual void spawn(Task<Result<void>> task, const char *name) = 0;

    /// Does \a work on another thread and answers what it returns; what it throws is thrown here.
    /// It uses nothing of the plugin but what it has copied. `unavailable` if too much waits. Give
    /// the work a name, and await offload(work): closures and aggregates that are made within an
    /// expression with co_await are destroyed twice by GCC 12.
    template<class Work>
    [[nodiscard]] Task<Result<std::invoke_result_t<Work>>> offload(Work work)
    {
        using T = std::invoke_result_t<Work>;
        const auto made = std::make_shared<Made<T>>();               // shared with the thread
        const auto shared = std::make_shared<Work>(std::move(work)); // the same
        return collect<T>(made, runElsewhere([made, shared] {
                              try {
                                  if constexpr (std::is_void_v<T>)
                                      (*shared)();
                                  else
                                      made->value.emplace((*shared)());
                              } catch (...) {
                                  made->thrown = std::current_exception();
                              }
                          }));
    }

protected:
    [[nodiscard]] virtual Task<Result<void>> runElsewhere(std::function<void()> work) = 0;

private:
    template<class T>
    struct Made
    {
        std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
        std::exception_ptr thrown;
    };
    template<class T>
    [[nodiscard]] static Task<Result<T>> collect(std::shared_ptr<Made<T>> made,
                                                 Task<Result<void>> running)
    {
        const Result<void> done = co_await running;
        if (!done)
            co_return done.error();
        if (made->thrown)
            std::rethrow_exception(made->thrown);
        if constexpr (std::is_void_v<T>)
            co_return Result<void>();
        else
            co_return Result<T>(std::move(*made->value));
    }
};

} // namespace coffer::pluginapi
