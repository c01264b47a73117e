// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/content_cache.h"
#include "goconf/reading.h"
#include "goconf/stack.h"

#include "config/snapshot.h"
#include "pluginapi/context.h"

#include <vector>

namespace coffer::goconf {

/// Reads what is published: pointers, snapshots, layers and contents, all at the revision that the
/// caller names; and stores objects. Everything that has a hash is checked against it: `corrupt` if
/// it is another. Layers and contents are cached by hash. Decoding is done on another thread.
///
/// Errors: `notFound` names what there is none of; otherwise those of the store. Node thread.
class Library
{
public:
    static constexpr std::size_t cacheBytes = std::size_t(64) << 20;

    /// \a context must outlive this. A piece that is stored again after \a renewAfter is written
    /// again: FleetSweep removes what nobody names and is old.
    explicit Library(pluginapi::PluginContext &context,
                     std::chrono::milliseconds renewAfter = std::chrono::hours(1))
        : m_context(context), m_renewAfter(renewAfter), m_cache(cacheBytes)
    {}
    Library(const Library &) = delete;
    Library &operator=(const Library &) = delete;
    ~Library() = default;

    [[nodiscard]] pluginapi::Store &store() { return m_context.store(); }

    /// `notFound` if there is no such service. _global is always there, perhaps without anything.
    [[nodiscard]] Task<Result<ServiceState>> service(QByteArray service, Revision at);
    /// `notFound` if there is no such service, or no such scope: no such IDC or host.
    [[nodiscard]] Task<Result<void>> known(QByteArray service, QByteArray scope, Revision at);
    [[nodiscard]] Task<Result<std::vector<QByteArray>>> services(Revision at);
    /// Only that one, or all for ""; `notFound` if there is no such service.
    [[nodiscard]] Task<Result<std::vector<QByteArray>>> services(QByteArray only, Revision at);
    [[nodiscard]] Task<Result<std::vector<QByteArray>>> idcs(Revision at);
    /// By name; records that cannot be read are left out, and logged.
    [[nodiscard]] Task<Result<std::map<QByteArray, HostRecord>>> hosts(Revision at);
    /// Any version of a scope; of an IDC without a pointer, that of the base layer. So it is with
    /// what was live before in an IDC that followed the base layer then.
    [[nodiscard]] Task<Result<Snapshot>> snapshot(QByteArray service, QByteArray scope,
                                                  QByteArray version, Revision at);

    /// The IDC of a host; `notFound` if there is no such host.
    [[nodiscard]] Task<Result<QByteArray>> idcOf(QByteArray host, Revision at);
    /// What lies below the layer that is edited in \a scope.
    [[nodiscard]] Task<Result<Stack>> below(ServiceState state, QByteArray scope, Revision at);
    /// A sentence on why there is no such version (any more), and what to do.
    [[nodiscard]] Task<Result<QString>> whyNot(QByteArray service, QByteArray version, Revision at);

    /// The layer under a manifest; the empty one for a null hash. Never null.
    [[nodiscard]] Task<Result<LayerPointer>> layer(config::Hash manifest);
    /// The layer that is edited in \a scope: the base layer, or the own one of an IDC.
    [[nodiscard]] Task<Result<LayerPointer>> layerOf(QByteArray service, QByteArray scope,
                                                     QByteArray version, Revision at);
    /// The snapshots of what is live together, lowest first.
    [[nodiscard]] Task<Result<Stack>> stackOf(Editions editions);
    /// All layers as one.
    [[nodiscard]] Task<Result<LayerPointer>> effective(Stack stack);

    /// The bytes of a file.
    [[nodiscard]] Task<Result<QByteArray>> content(config::Hash hash, std::uint64_t bytes);
    /// Those of all files of a layer; at most limits::serviceBytesMax, `refused` if it were more.
    [[nodiscard]] Task<Result<config::Contents>> contentsOf(LayerPointer layer);

    /// A piece of an object, and what a transaction guards so that it stays.
    struct Stored
    {
        QByteArray path;
        Revision created;
    };
    /// Stores what is not there yet; the bytes are cut into pieces. True objects only: nobody
    /// checks the hash here.
    [[nodiscard]] Task<Result<std::vector<Stored>>> putObjects(std::vector<config::Object> objects);
    /// The same of one piece. Other bytes at \a path are replaced.
    [[nodiscard]] Task<Result<Stored>> putPiece(QByteArray path, QByteArray bytes);

    /// Whether the content with this hash is stored, whole and right.
    [[nodiscard]] Task<Result<bool>> isWhole(config::Hash hash);
    /// The pieces of content that is there; `notFound` if one of them is not.
    [[nodiscard]] Task<Result<std::vector<Stored>>> storedPieces(config::Hash hash,
                                                                 std::uint64_t bytes);
    /// The parts that a manifest names.
    [[nodiscard]] Task<Result<std::vector<config::Hash>>> partsOf(config::Hash manifest);

private:
    [[nodiscard]] Task<Result<ScopeState>> scope(QByteArray service, QByteArray scope,
                                                 store::FileView pointer, Revision at);
    [[nodiscard]] Task<Result<Snapshot>> namedSnapshot(QByteArray path, Revision at);
    [[nodiscard]] Task<Result<QByteArray>> readPiece(config::Hash hash, std::size_t piece);
    [[nodiscard]] Task<Result<LayerPointer>> readLayer(config::Hash manifest);

    pluginapi::PluginContext &m_context;
    std::chrono::milliseconds m_renewAfter;
    ContentCache m_cache;
};

} // namespace coffer::goconf
