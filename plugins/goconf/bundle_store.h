// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/bundle_cache.h"
#include "goconf/host_class.h"
#include "goconf/library.h"

#include "base/eventual.h"
#include "config/bundle.h"
#include "pluginapi/metrics.h"

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace coffer::goconf {

/// Finished bundles: rendered once for all hosts that get the same editions, packed once for all
/// that have the same base. Those used last are kept, within bounds of bytes. Rendering, packing
/// and hashing are done on another thread; who asks for what is being made waits for that.
///
/// Errors: `notFound` if there is no such version, `refused` if it cannot be rendered, else those
/// of Library. Node thread.
class BundleStore
{
public:
    static constexpr std::size_t bundleBytesMax = std::size_t(128) << 20;
    static constexpr std::size_t packedBytesMax = std::size_t(64) << 20;
    static constexpr std::size_t knownMax = 20'000; ///< Whose root is remembered.

    /// Both must outlive this.
    BundleStore(pluginapi::PluginContext &context, Library &library);
    BundleStore(const BundleStore &) = delete;
    BundleStore &operator=(const BundleStore &) = delete;
    ~BundleStore() = default;

    struct Known
    {
        config::Hash root;
        qint64 bytes = 0; ///< Of the bundle, not packed.
    };
    /// Root and size; without rendering, if that was done once.
    [[nodiscard]] Task<Result<Known>> known(Editions editions);
    /// What is known to have \a root, of \a service, and is of these scopes alone.
    [[nodiscard]] std::optional<Editions> editionsWith(const QByteArray &service,
                                                       const std::vector<QByteArray> &scopes,
                                                       const config::Hash &root) const;

    struct Packed
    {
        QByteArray bytes;
        qint64 bundleBytes = 0;
    };
    /// The bundle, packed; with \a base, only what differs from that.
    [[nodiscard]] Task<Result<Packed>> packed(Editions want, std::optional<Editions> base);

    /// \a service was removed: one of that name later has other content under its versions.
    void forget(const QByteArray &service);

private:
    using Pair = std::pair<config::Hash, config::Hash>; ///< Base (null: none) and wanted root.
    template<class Name>
    using Waiting = std::map<Name, std::vector<Eventual<QByteArray>::Setter>>;

    [[nodiscard]] Task<Result<QByteArray>> bytesOf(Editions editions);
    [[nodiscard]] Task<Result<QByteArray>> render(Editions editions);
    void remember(const Editions &editions, const Known &known);
    [[nodiscard]] Task<Result<QByteArray>> pack(Pair name, QByteArray bytes, QByteArray base);
    [[nodiscard]] Task<Result<QByteArray>> packNow(Pair name, QByteArray bytes, QByteArray base);

    pluginapi::PluginContext &m_context;
    Library &m_library;
    pluginapi::Counter &m_rendered;
    std::map<Editions, Known> m_known;
    using Name = std::tuple<QByteArray, config::Hash, Editions>;
    std::set<Name> m_names; ///< The same by service and root.
    BundleCache<config::Hash> m_bundles;
    BundleCache<Pair> m_packed;
    Waiting<Editions> m_rendering;
    Waiting<Pair> m_packing;
};

} // namespace coffer::goconf
