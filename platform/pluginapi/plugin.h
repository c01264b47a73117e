// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QCoroTask>
#include <QtPlugin>

#include <memory>

namespace coffer::pluginapi {

class PluginContext;

template<class T>
using Task = QCoro::Task<T>;

/// A service on a node that uses the replicated store.
///
/// Every node runs a copy of each plugin; what copies share is in the store. A plugin is no
/// replicated code: it needs no determinism, and an error in it cannot fork the state. All calls
/// come on the node thread, which serves everybody: nothing in a plugin may wait but by co_await,
/// and work of more than a few milliseconds goes through PluginContext::offload().
///
/// Life: made, start(), used, stop(), destroyed. Disabled and enabled again, it is a new object.
class Plugin
{
public:
    Plugin() = default;
    virtual ~Plugin() = default;
    Plugin(const Plugin &) = delete;
    Plugin &operator=(const Plugin &) = delete;

    /// Begins to serve: registers methods, jobs and listeners. \a context outlives the plugin. An
    /// error, or what it throws, is shown as the reason why the plugin failed; what it registered
    /// is taken back, and it is destroyed without a stop(). It has 30 seconds.
    [[nodiscard]] virtual Task<Result<void>> start(PluginContext &context) = 0;

    /// Ends what start() began, if anything is left to end. New calls do not reach it any more;
    /// calls, jobs and tasks under way are told (everything awaited from the context comes back
    /// early) and have five seconds to finish, this included. Then the plugin is destroyed; with a
    /// coroutine frame left it is never destroyed, which the log says.
    [[nodiscard]] virtual Task<void> stop() { co_return; }
};

/// Makes the plugin of a library; coffer_add_plugin() writes its only implementation.
class PluginFactory
{
public:
    virtual ~PluginFactory() = default;
    [[nodiscard]] virtual std::unique_ptr<Plugin> create() const = 0;
};

} // namespace coffer::pluginapi

#define COFFER_PLUGIN_IID "org.coffer.PluginFactory"
Q_DECLARE_INTERFACE(coffer::pluginapi::PluginFactory, COFFER_PLUGIN_IID)
