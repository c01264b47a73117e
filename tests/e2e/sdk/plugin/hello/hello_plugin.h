// tidy: allow(dead-file) it belongs to a build of its own
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pluginapi/context.h>
#include <pluginapi/plugin.h>

namespace hello {

/// Greets, and counts the greetings of all nodes in the file /hello/count.
class HelloPlugin final : public coffer::pluginapi::Plugin
{
public:
    template<class T>
    using Task = coffer::pluginapi::Task<T>;

    [[nodiscard]] Task<coffer::Result<void>>
    start(coffer::pluginapi::PluginContext &context) override;

private:
    [[nodiscard]] Task<coffer::rpc::Outcome> greet(coffer::rpc::Call &call);

    coffer::pluginapi::PluginContext *m_context = nullptr;
};

} // namespace hello
