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

    /// What is live, and the name of exactly that: of a file the root, else the hash of the layers.
    struct Shown
    {
        Viewer::Pointer view;
        config::Hash root;
        config::Hash tag;
    };
    [[nodiscard]] Task<rpc::Answer<Shown>> look(QCborMap params);
    [[nodiscard]] Task<rpc::Answer<config::Hash>> rootOf(Viewer::Pointer view);
    [[nodiscard]] Task<rpc::Outcome> answer(Shown shown, QCborMap params);

    struct Wait
    {
        std::unique_ptr<pluginapi::Watch> watch; ///< Null: it is over.
        Monotonic until;
    };
    [[nodiscard]] Task<void> awaitMove(std::shared_ptr<Wait> wait, QByteArray service, Revision at);
    [[nodiscard]] Task<Result<void>> endLater(std::shared_ptr<Wait> wait, Monotonic until);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Viewer &m_viewer;
    std::map<config::Hash, config::Hash> m_roots; ///< By the hash of the layers; some.
};

} // namespace coffer::goconf
