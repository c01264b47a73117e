// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/context.h"
#include "pluginapi/plugin.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>

/// What tests of goconf do to the world of a plugin: a clock that is wrong, and calls that come
/// between what another call reads and what it writes.
namespace staged {

/// What a test and the plugins share: a call that is made at the last moment before a transaction
/// that touches \c path, and the methods that were registered.
struct Backstage
{
    QByteArray path = {}; ///< Empty: none is set.
    QString method = {};
    QCborMap params = {};
    std::optional<coffer::rpc::Outcome> outcome = {}; ///< Of the call.
    std::map<QString, coffer::rpc::Method> methods = {};
};

/// The store of the host, where a trap may be.
class Store final : public coffer::pluginapi::Store
{
public:
    template<class T>
    using Task = coffer::pluginapi::Task<T>;

    Store(coffer::pluginapi::PluginContext &host, std::shared_ptr<Backstage> shared)
        : m_host(host), m_shared(std::move(shared))
    {}

    [[nodiscard]] Task<coffer::Result<coffer::store::Reply>>
    read(coffer::store::Question question, coffer::pluginapi::ReadOptions options) override
    {
        return m_host.store().read(std::move(question), options);
    }
    [[nodiscard]] Task<coffer::Result<coffer::store::Answer>>
    commit(coffer::store::Transaction transaction,
           coffer::pluginapi::CommitOptions options) override
    {
        if (isTrapped(transaction)) {
            m_shared->path.clear();
            const coffer::pluginapi::PluginCallOptions asNobody;
            m_shared->outcome = co_await m_host.call(m_shared->method, m_shared->params, asNobody);
        }
        const coffer::Result<coffer::store::Answer> answer =
            co_await m_host.store().commit(std::move(transaction), options);
        co_return answer;
    }
    [[nodiscard]] Task<coffer::Result<coffer::store::WatchAnswer>>
    history(coffer::pluginapi::HistoryRequest request,
            coffer::pluginapi::ReadOptions options) override
    {
        return m_host.store().history(std::move(request), options);
    }
    [[nodiscard]] std::unique_ptr<coffer::pluginapi::Watch>
    watch(coffer::store::WatchRequest request) override
    {
        return m_host.store().watch(std::move(request));
    }
    [[nodiscard]] Task<coffer::Result<coffer::SessionId>>
    openSession(coffer::store::OpenSession open) override
    {
        return m_host.store().openSession(open);
    }
    [[nodiscard]] Task<coffer::Result<void>> keepAlive(coffer::SessionId session) override
    {
        return m_host.store().keepAlive(session);
    }
    [[nodiscard]] Task<coffer::Result<void>> closeSession(coffer::SessionId session) override
    {
        return m_host.store().closeSession(session);
    }
    [[nodiscard]] Task<coffer::Result<coffer::store::Answer>>
    compact(coffer::Revision revision) override
    {
        return m_host.store().compact(revision);
    }

private:
    [[nodiscard]] bool isTrapped(const coffer::store::Transaction &transaction) const
    {
        const auto touches = [this](const coffer::store::Operation &operation) {
            return std::visit([this](const auto &one) { return one.path == m_shared->path; },
                              operation);
        };
        return !m_shared->path.isEmpty()
               && std::any_of(transaction.operations.begin(), transaction.operations.end(),
                              touches);
    }

    coffer::pluginapi::PluginContext &m_host;
    std::shared_ptr<Backstage> m_shared; // shared with the test
};

/// Those of the host; what is registered is noted.
class Methods final : public coffer::pluginapi::Methods
{
public:
    Methods(coffer::pluginapi::PluginContext &host, std::shared_ptr<Backstage> shared)
        : m_host(host), m_shared(std::move(shared))
    {}

    [[nodiscard]] coffer::Result<void> add(coffer::rpc::Method method,
                                           coffer::rpc::Handler handler) override
    {
        m_shared->methods.insert_or_assign(method.name, method);
        return m_host.methods().add(std::move(method), std::move(handler));
    }
    [[nodiscard]] coffer::Result<void> addFeed(coffer::rpc::Method method,
                                               coffer::pluginapi::Feed feed) override
    {
        return m_host.methods().addFeed(std::move(method), std::move(feed));
    }
    [[nodiscard]] coffer::Result<void> addRoute(coffer::pluginapi::RestRoute route) override
    {
        return m_host.methods().addRoute(std::move(route));
    }

private:
    coffer::pluginapi::PluginContext &m_host;
    std::shared_ptr<Backstage> m_shared; // shared with the test
};

class WrongClock final : public coffer::pluginapi::PluginClock
{
public:
    WrongClock(coffer::pluginapi::PluginClock &host, std::chrono::milliseconds skew)
        : m_host(host), m_skew(skew)
    {}
    [[nodiscard]] coffer::Monotonic monotonic() const override { return m_host.monotonic(); }
    [[nodiscard]] coffer::WallMs wall() const override { return m_host.wall() + m_skew; }
    [[nodiscard]] coffer::pluginapi::Task<bool> sleep(std::chrono::milliseconds time) override
    {
        return m_host.sleep(time);
    }

private:
    coffer::pluginapi::PluginClock &m_host;
    std::chrono::milliseconds m_skew;
};

class Context final : public coffer::pluginapi::PluginContext
{
public:
    Context(coffer::pluginapi::PluginContext &host, std::chrono::milliseconds skew,
            std::shared_ptr<Backstage> shared)
        : m_host(host)
        , m_clock(host.clock(), skew)
        , m_methods(host, shared)
        , m_store(host, std::move(shared))
    {}

    [[nodiscard]] QString name() const override { return m_host.name(); }
    [[nodiscard]] bool isStopping() const override { return m_host.isStopping(); }
    [[nodiscard]] coffer::pluginapi::Store &store() override { return m_store; }
    [[nodiscard]] coffer::pluginapi::Methods &methods() override { return m_methods; }
    [[nodiscard]] coffer::pluginapi::PluginClock &clock() override { return m_clock; }
    [[nodiscard]] coffer::pluginapi::Logger &log() override { return m_host.log(); }
    [[nodiscard]] coffer::pluginapi::Metrics &metrics() override { return m_host.metrics(); }
    [[nodiscard]] coffer::pluginapi::PluginSettings &settings() override
    {
        return m_host.settings();
    }
    [[nodiscard]] coffer::pluginapi::Listeners &listeners() override { return m_host.listeners(); }
    [[nodiscard]] coffer::pluginapi::Task<coffer::rpc::Outcome>
    call(QString method, QCborMap params, coffer::pluginapi::PluginCallOptions options) override
    {
        return m_host.call(std::move(method), std::move(params), std::move(options));
    }
    [[nodiscard]] coffer::Result<void> exclusive(QString name, coffer::pluginapi::Job job) override
    {
        return m_host.exclusive(std::move(name), std::move(job));
    }
    void spawn(coffer::pluginapi::Task<coffer::Result<void>> task, const char *name) override
    {
        m_host.spawn(std::move(task), name);
    }

protected:
    [[nodiscard]] coffer::pluginapi::Task<coffer::Result<void>>
    runElsewhere(std::function<void()> work) override
    {
        return m_host.offload(std::move(work));
    }

private:
    coffer::pluginapi::PluginContext &m_host;
    WrongClock m_clock;
    Methods m_methods;
    Store m_store;
};

/// A plugin in such a world.
class Plugin final : public coffer::pluginapi::Plugin
{
public:
    Plugin(std::unique_ptr<coffer::pluginapi::Plugin> plugin, std::chrono::milliseconds skew,
           std::shared_ptr<Backstage> shared)
        : m_skew(skew), m_shared(std::move(shared)), m_plugin(std::move(plugin))
    {}

    [[nodiscard]] coffer::pluginapi::Task<coffer::Result<void>>
    start(coffer::pluginapi::PluginContext &context) override
    {
        m_context.emplace(context, m_skew, m_shared);
        return m_plugin->start(*m_context);
    }
    [[nodiscard]] coffer::pluginapi::Task<void> stop() override { return m_plugin->stop(); }

private:
    std::chrono::milliseconds m_skew;
    std::shared_ptr<Backstage> m_shared; // shared with the test
    std::optional<Context> m_context;
    std::unique_ptr<coffer::pluginapi::Plugin> m_plugin;
};

} // namespace staged
