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
    /// What removes something, and holds only if nothing of it came since it was looked at.
    using Removal = rpc::Answer<store::Transaction>;
    [[nodiscard]] Task<Removal> planServiceRemoval(QByteArray service);
    [[nodiscard]] Task<Removal> planIdcRemoval(QByteArray idc);
    [[nodiscard]] Task<Removal> beginRemoval(QByteArray record, QByteArray use, QString what,
                                             Revision at);
    /// REFUSED if something is pending in the draft; else guards that it stays so.
    [[nodiscard]] Task<Removal> guardDraft(store::Transaction removal, DraftId id, Revision at);
    using Plan = Task<Removal> (ServiceMethods::*)(QByteArray);
    [[nodiscard]] Task<rpc::Outcome> remove(QByteArray name, Plan plan);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    Drafts &m_drafts;
};

} // namespace coffer::goconf
