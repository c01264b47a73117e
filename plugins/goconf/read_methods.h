// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/view.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.get, file, diff, draft.diff, history, show, and GET /v1/goconf/config. Node thread.
class ReadMethods
{
public:
    /// All must outlive this.
    ReadMethods(pluginapi::PluginContext &context, Library &library, Viewer &viewer)
        : m_context(context), m_library(library), m_viewer(viewer)
    {}
    ReadMethods(const ReadMethods &) = delete;
    ReadMethods &operator=(const ReadMethods &) = delete;
    ~ReadMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> get(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> file(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> diff(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> draftDiff(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> history(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> show(rpc::Call &call);

    struct Release
    {
        QByteArray id;
        Revision created;
        ReleaseRecord record;
    };
    [[nodiscard]] Task<Result<std::vector<store::FileView>>> releaseFiles(Revision at);
    [[nodiscard]] Task<Result<Release>> release(QByteArray id, Revision at);
    [[nodiscard]] Task<rpc::Outcome> compare(ViewId from, ViewId to, bool isEffective);
    [[nodiscard]] Task<rpc::Answer<QCborMap>> showTarget(QByteArray service,
                                                         ReleaseRecord::Target target, Revision at);
    [[nodiscard]] static QCborMap describe(const Release &release);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Viewer &m_viewer;
};

} // namespace coffer::goconf
