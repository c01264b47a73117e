// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/release_log.h"
#include "goconf/view.h"

#include "pluginapi/context.h"

#include <QCborArray>

#include <map>
#include <set>
#include <utility>

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
    [[nodiscard]] Task<rpc::Outcome> ownFile(Viewer::Pointer view, QByteArray path, qint64 offset);
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
    /// By service and scope, the versions that were not removed yet.
    using Kept = std::map<std::pair<QByteArray, QByteArray>, std::set<QByteArray>>;
    /// What one call of history has gathered.
    struct Page
    {
        Revision bound{INT64_MAX}; ///< Only those that were created before.
        qint64 limit = 0;
        QCborArray releases = {};
        Kept kept = {};
        std::size_t looked = 0;
        std::size_t bytes = 0;
        QByteArray last = {}; ///< The id of the last one that was looked at.
        bool isFull = false;  ///< There are more.
    };
    [[nodiscard]] Task<Result<Page>> addPage(Page page, std::vector<ReleaseKey> keys,
                                             QByteArray service, Revision at);
    [[nodiscard]] Task<Result<Kept>> lookUpKept(Release release, Kept kept, Revision at);
    [[nodiscard]] Task<Result<Release>> release(QByteArray id, Revision at);
    [[nodiscard]] Task<rpc::Outcome> compare(ViewId from, ViewId to, bool isEffective);
    [[nodiscard]] Task<rpc::Answer<Viewer::Pointer>> versionOf(QByteArray service, QByteArray scope,
                                                               QByteArray version, Revision at);
    [[nodiscard]] Task<rpc::Answer<QCborMap>> showTarget(QByteArray service,
                                                         ReleaseRecord::Target target, Revision at);
    [[nodiscard]] static QCborMap describe(const Release &release, const Kept &kept);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Viewer &m_viewer;
};

} // namespace coffer::goconf
