// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/reading.h"
#include "goconf/records.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// Which hosts there are: goconf.host.enroll, .list, .set, .remove, and goconf.join, by which a
/// one-time token becomes the host's own secret. What a host may have comes from its record alone.
/// Node thread.
class HostMethods
{
public:
    static constexpr std::chrono::hours tokenLife{24};

    /// \a context must outlive this.
    explicit HostMethods(pluginapi::PluginContext &context) : m_context(context) {}
    HostMethods(const HostMethods &) = delete;
    HostMethods &operator=(const HostMethods &) = delete;
    ~HostMethods() = default;

    [[nodiscard]] Result<void> start();

    /// The layers of its own that a host has, and what is pending of them.
    struct OwnLayers
    {
        store::Guard guard;                        ///< That there are no others.
        QByteArray mark;                           ///< Of their use; empty if there is none.
        std::map<QByteArray, QByteArray> pointers; ///< By service; perhaps nothing is live there.
        std::vector<QByteArray> drafts;            ///< Trees.
    };

private:
    struct Found
    {
        HostRecord record;
        Revision revision;
    };
    [[nodiscard]] Task<rpc::Outcome> enroll(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> list(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> set(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> remove(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> join(rpc::Call &call);

    [[nodiscard]] Task<Result<std::optional<Found>>> find(QByteArray host);
    /// Whether the IDC is there and the record could be written.
    [[nodiscard]] Task<Result<void>> check(HostRecord record);
    [[nodiscard]] Task<Result<OwnLayers>> layersOf(QByteArray host);
    [[nodiscard]] Task<Result<void>> checkMove(QByteArray host, OwnLayers own);
    /// Writes the record over what was found. Reports that it no longer has a place for go with it;
    /// no record: all of them, and its layers. `refused` if it has layers and another IDC.
    [[nodiscard]] Task<Result<void>> write(QByteArray host, std::optional<Found> before,
                                           std::optional<HostRecord> now);
    /// Whether the host's record has \a secret; asked where a write has an unknown outcome.
    [[nodiscard]] Task<Result<bool>> hasSecret(QByteArray host, config::Hash secret);
    void apply(const QCborMap &params, const rpc::Caller &caller, HostRecord &record) const;

    pluginapi::PluginContext &m_context;
};

} // namespace coffer::goconf
