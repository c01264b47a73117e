// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/context.h"
#include "pluginapi/plugin.h"
#include "pluginhost/plugin_host.h"

namespace coffer::pluginhost {

/// What a test sees of its plugin, over all of its runs.
struct Script
{
    std::function<pluginapi::Task<Result<void>>(pluginapi::PluginContext &)> onStart;
    std::function<void()> onStop;
    pluginapi::PluginContext *context = nullptr; ///< While it runs.
    int alive = 0;                               ///< Objects that are not destroyed.
};

/// A plugin that does what a test says.
class Scripted final : public pluginapi::Plugin
{
public:
    explicit Scripted(std::shared_ptr<Script> script) : m_script(std::move(script))
    {
        ++m_script->alive;
    }
    ~Scripted() override
    {
        --m_script->alive;
        m_script->context = nullptr;
    }
    [[nodiscard]] pluginapi::Task<Result<void>> start(pluginapi::PluginContext &context) override
    {
        m_script->context = &context;
        return m_script->onStart ? m_script->onStart(context) : fine();
    }
    [[nodiscard]] pluginapi::Task<void> stop() override
    {
        if (m_script->onStop)
            m_script->onStop();
        co_return;
    }

private:
    [[nodiscard]] static pluginapi::Task<Result<void>> fine() { co_return Result<void>(); }

    std::shared_ptr<Script> m_script; // shared with the test
};

/// Makes a new one for each run.
[[nodiscard]] inline PluginHost::Make scripted(const std::shared_ptr<Script> &script)
{
    return [script]() -> Result<std::unique_ptr<pluginapi::Plugin>> {
        return std::unique_ptr<pluginapi::Plugin>(std::make_unique<Scripted>(script));
    };
}

} // namespace coffer::pluginhost
