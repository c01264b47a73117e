// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/publisher.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.validate, publish, rollback, canary.promote and canary.abandon. Node thread.
class ReleaseMethods
{
public:
    /// All must outlive this.
    ReleaseMethods(pluginapi::PluginContext &context, Publisher &publisher)
        : m_context(context), m_publisher(publisher)
    {}
    ReleaseMethods(const ReleaseMethods &) = delete;
    ReleaseMethods &operator=(const ReleaseMethods &) = delete;
    ~ReleaseMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> validate(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> publish(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> rollback(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> promote(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> abandon(rpc::Call &call);
    [[nodiscard]] Result<void> startCanary();
    [[nodiscard]] ReleaseWish wishOf(const rpc::Call &call) const;

    pluginapi::PluginContext &m_context;
    Publisher &m_publisher;
};

} // namespace coffer::goconf
