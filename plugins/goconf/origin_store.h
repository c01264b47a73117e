// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/bundle_cache.h"
#include "goconf/bundle_store.h"
#include "goconf/library.h"

#include "base/eventual.h"

#include <map>
#include <vector>

namespace coffer::goconf {

/// Where what is in bundles comes from, for agents: worked out and packed once for all hosts that
/// get the same editions. Those used last are kept, within bounds of bytes. Heavy work is done on
/// another thread; who asks for what is being made waits for that.
///
/// Errors: `notFound` if there is no such version, `refused` if the list would be too large, else
/// those of Library. Node thread.
class OriginStore
{
public:
    static constexpr std::size_t packedBytesMax = std::size_t(16) << 20;

    /// Both must outlive this.
    OriginStore(pluginapi::PluginContext &context, Library &library)
        : m_context(context), m_library(library), m_packed(packedBytesMax)
    {}
    OriginStore(const OriginStore &) = delete;
    OriginStore &operator=(const OriginStore &) = delete;
    ~OriginStore() = default;

    /// A config::OriginList, packed.
    [[nodiscard]] Task<Result<QByteArray>> packed(Editions editions);
    /// \a service was removed: one of that name later has other content under its versions.
    void forget() { m_packed = BundleCache<Editions>(packedBytesMax); }

private:
    [[nodiscard]] Task<Result<QByteArray>> make(Editions editions);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    BundleCache<Editions> m_packed;
    std::map<Editions, std::vector<Eventual<QByteArray>::Setter>> m_making;
};

} // namespace coffer::goconf
