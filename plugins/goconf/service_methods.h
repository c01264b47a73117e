// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/drafts.h"
#include "goconf/library.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// goconf.service.* and goconf.idc.*. Node thread.
class ServiceMethods
{
public:
    /// All must outlive this.
    ServiceMethods(pluginapi::PluginContext &context, Library &library, Drafts &drafts)
        : m_context(context), m_library(library), m_drafts(drafts)
    {}
    ServiceMethods(const ServiceMethods &) = delete;
    ServiceMethods &operator=(const ServiceMethods &) = delete;
    ~ServiceMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> listServices(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> createService(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> removeService(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> listIdcs(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> createIdc(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> removeIdc(rpc::Call &call);

    [[nodiscard]] Task<Result<QCborMap>> describe(QByteArray service, Revision at);
    [[nodiscard]] Task<rpc::Outcome> create(QByteArray path, QByteArray json, QString what);
    [[nodiscard]] Task<rpc::Outcome> removeEmpty(QByteArray path, QByteArray tree, QString what);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
};

} // namespace coffer::goconf
