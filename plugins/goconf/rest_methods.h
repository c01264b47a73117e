// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/view.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.render, and GET /v1/config/SERVICE/IDC: configuration for those without an agent. Node
/// thread.
class RestMethods
{
public:
    static constexpr std::chrono::seconds waitMax{50}; ///< Of a long poll.

    /// All must outlive this.
    RestMethods(pluginapi::PluginContext &context, Library &library, Viewer &viewer)
        : m_context(context), m_library(library), m_viewer(viewer)
    {}
    RestMethods(const RestMethods &) = delete;
    RestMethods &operator=(const RestMethods &) = delete;
    ~RestMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> render(rpc::Call &call);
    [[nodiscard]] Task<rpc::Answer<QCborMap>> renderOnce(QCborMap params);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Viewer &m_viewer;
};

} // namespace coffer::goconf
