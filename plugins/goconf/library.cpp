// SPDX-License-Identifier: Apache-2.0
#include "goconf/library.h"

#include "config/limits.h"
#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include <algorithm>
#include <array>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Hash;
using pluginapi::ReadMode;
using pluginapi::ReadOptions;

static constexpr std::size_t pieceBytes = config::limits::chunkBytesMax;
/// What is hashed or decoded here rather than on another thread.
static constexpr qsizetype smallBytes = 64 * 1024;

static Error notFound(const QString &what) { return {ErrorCode::notFound, what}; }

static Error noService(const QByteArray &service)
{
    return notFound(
        u"there is no service %1; goconf.service.list says which there are"_s.arg(textOf(service)));
}

// ---- what is where

Task<Result<ScopeState>> Library::scope(QByteArray service, QByteArray scope,
                                        store::FileView pointer, Revision at)
{
    ScopeState state;
    const Result<Pointer> parsed = Pointer::parse(pointer.value);
    if (!parsed)
        co_return parsed.error().in(textOf(pointer.path));
    state.pointer = *parsed;
    state.revision = pointer.revision;
    if (!parsed->current.isEmpty()) {
        const QByteArray path = snapshotPath(service, scope, parsed->current);
        const Result<Snapshot> live = co_await namedSnapshot(path, at);
        if (!live)
            co_return live.error();
        state.live = *live;
    }
    if (parsed->candidate) {
        const QByteArray path = snapshotPath(service, scope, parsed->candidate->version);
        const Result<Snapshot> candidate = co_await namedSnapshot(path, at);
        if (!candidate)
            co_return candidate.error();
        state.candidate = *candidate;
    }
    co_return state;
}

/// One that a pointer names, and so is there.
Task<Result<Snapshot>> Library::namedSnapshot(QByteArray path, Revision at)
{
    const Result<std::optional<store::FileView>> file = co_await fileAt(store(), path, at);
    if (!file)
        co_return file.error();
    if (!*file)
        co_return Error{ErrorCode::corrupt, textOf(path) + u" is missing"_s};
    const Result<Snapshot> snapshot = Snapshot::parse((*file)->value);
    if (!snapshot)
        co_return snapshot.error().in(textOf(path));
    co_return *snapshot;
}

Task<Result<ServiceState>> Library::service(QByteArray service, Revision at)
{
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(store(), servicePath(service), at);
    if (!file)
        co_return file.error();
    if (!*file && service == globalService)
        co_return ServiceState{service, {}, {}, {}, {}};
    if (!*file)
        co_return noService(service);
    const Result<ServiceRecord> record = ServiceRecord::parse((*file)->value);
    if (!record)
        co_return record.error().in(textOf((*file)->path));
    ServiceState state{service, *record, (*file)->revision, (*file)->created, {}};
    const Result<std::vector<QByteArray>> scopes = co_await namesAt(store(), treePath(service), at);
    if (!scopes)
        co_return scopes.error();
    for (const QByteArray &name : *scopes) {
        const Result<std::optional<store::FileView>> pointer =
            co_await fileAt(store(), pointerPath(service, name), at);
        if (!pointer)
            co_return pointer.error();
        if (!*pointer)
            continue;
        const Result<ScopeState> found = co_await scope(service, name, **pointer, at);
        if (!found)
            co_return found.error();
        state.scopes.insert_or_assign(name, *found);
    }
    co_return state;
}

Task<Result<void>> Library::known(QByteArray service, QByteArray scope, Revision at)
{
    const auto record = co_await fileAt(store(), servicePath(service), at);
    if (!record)
        co_return record.error();
    if (!*record && service != globalService)
        co_return noService(service);
    if (scope == baseScope)
        co_return Result<void>();
    if (const std::optional<QByteArray> host = hostOfScope(scope)) {
        const Result<QByteArray> idc = co_await idcOf(*host, at);
        if (!idc)
            co_return idc.error();
        co_return Result<void>();
    }
    const auto idc = co_await fileAt(store(), idcPath(scope), at);
    if (!idc)
        co_return idc.error();
    if (!*idc) {
        co_return notFound(
            u"there is no IDC %1; goconf.idc.list says which there are"_s.arg(textOf(scope)));
    }
    co_return Result<void>();
}

Task<Result<std::vector<QByteArray>>> Library::services(Revision at)
{
    return namesAt(store(), "/config/_service", at);
}

Task<Result<std::vector<QByteArray>>> Library::services(QByteArray only, Revision at)
{
    if (only.isEmpty()) {
        const Result<std::vector<QByteArray>> all = co_await services(at);
        co_return all;
    }
    const Result<void> found = co_await known(only, baseScope, at);
    if (!found)
        co_return found.error();
    std::vector<QByteArray> one;
    one.push_back(only);
    co_return one;
}

Task<Result<std::vector<QByteArray>>> Library::idcs(Revision at)
{
    return namesAt(store(), "/config/_idc", at);
}

Task<Result<std::map<QByteArray, HostRecord>>> Library::hosts(Revision at)
{
    const Result<std::vector<store::FileView>> files =
        co_await filesAt(store(), "/config/_host", at);
    if (!files)
        co_return files.error();
    std::map<QByteArray, HostRecord> hosts;
    for (const store::FileView &file : *files) {
        const Result<HostRecord> record = HostRecord::parse(file.value);
        if (record)
            hosts.insert_or_assign(nameIn(file.path), *record);
        else
            m_context.log().warning(textOf(file.path) + u": "_s + record.error().message);
    }
    co_return hosts;
}

Task<Result<Snapshot>> Library::snapshot(QByteArray service, QByteArray scope, QByteArray version,
                                         Revision at)
{
    std::vector<QByteArray> paths{snapshotPath(service, scope, version)};
    const Result<std::optional<store::FileView>> pointer =
        co_await fileAt(store(), pointerPath(service, scope), at);
    if (!pointer)
        co_return pointer.error();
    const Result<Pointer> own =
        *pointer ? Pointer::parse((*pointer)->value) : Result<Pointer>(Pointer());
    if (!own)
        co_return own.error().in(textOf(pointerPath(service, scope)));
    if (!*pointer || own->previous == version)
        paths.push_back(snapshotPath(service, baseScope, version));
    for (const QByteArray &path : paths) {
        const Result<std::optional<store::FileView>> file = co_await fileAt(store(), path, at);
        if (!file)
            co_return file.error();
        if (!*file)
            continue;
        const Result<Snapshot> snapshot = Snapshot::parse((*file)->value);
        if (!snapshot)
            co_return snapshot.error().in(textOf(path));
        co_return *snapshot;
    }
    const Result<QString> reason = co_await whyNot(service, version, at);
    if (!reason)
        co_return reason.error();
    co_return notFound(u"%1 has no version %2 in %3: %4"_s.arg(textOf(service), textOf(version),
                                                               textOf(scope), *reason));
}

/// What has become of a version that is not there, and what to do.
Task<Result<QString>> Library::whyNot(QByteArray service, QByteArray version, Revision at)
{
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(store(), servicePath(service), at);
    if (!file)
        co_return file.error();
    const Result<ServiceRecord> record =
        *file ? ServiceRecord::parse((*file)->value) : Result<ServiceRecord>(ServiceRecord());
    if (!record)
        co_return record.error().in(textOf(servicePath(service)));
    const std::optional<std::uint64_t> number = versionNumber(version);
    if (number && *number <= record->last) {
        co_return u"it was built for other IDCs alone, or removed since because nobody used it "
                  u"(the "
                  "settings keep_versions and keep_days); goconf.history says which are kept"_s;
    }
    co_return u"goconf.history says which there are"_s;
}

Task<Result<QByteArray>> Library::idcOf(QByteArray host, Revision at)
{
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(store(), hostPath(host), at);
    if (!file)
        co_return file.error();
    if (!*file)
        co_return notFound(
            u"there is no host %1; goconf.host.list says which there are"_s.arg(textOf(host)));
    const Result<HostRecord> record = HostRecord::parse((*file)->value);
    if (!record)
        co_return record.error().in(textOf((*file)->path));
    co_return QByteArray(record->idc);
}

Task<Result<Stack>> Library::below(ServiceState state, QByteArray scope, Revision at)
{
    const std::optional<QByteArray> host = hostOfScope(scope);
    Result<QByteArray> idc = scope;
    if (host)
        idc = co_await idcOf(*host, at);
    if (!idc)
        co_return idc.error();
    Stack stack;
    Services services{{state.name, state}};
    if (state.name != globalService) {
        const Result<ServiceState> global = co_await service(globalService, at);
        if (!global)
            co_return global.error();
        services.emplace(globalService, *global);
        if (const auto part = partOf(services, globalService, *idc))
            stack.parts.push_back(*part);
    }
    auto part = partOf(services, state.name, *idc);
    if (part && scope != baseScope) {
        if (!host)
            part->snapshot.own = {}; // which is what is edited
        stack.parts.push_back(*part);
    }
    co_return stack;
}

// ---- layers

Task<Result<LayerPointer>> Library::layer(Hash manifest)
{
    if (manifest.isNull())
        co_return LayerPointer(std::make_shared<config::Layer>());
    if (const LayerPointer known = m_cache.layer(manifest))
        co_return known;
    const Result<LayerPointer> read = co_await readLayer(manifest);
    co_return read;
}

Task<Result<LayerPointer>> Library::readLayer(Hash manifest)
{
    const Result<QByteArray> head = co_await readPiece(manifest, 0);
    if (!head)
        co_return head.error();
    const Result<std::vector<Hash>> names = config::partsOf(*head);
    if (!names)
        co_return names.error();
    std::map<Hash, QByteArray> parts;
    std::size_t bytes = std::size_t(head->size());
    for (const Hash &name : *names) {
        const Result<QByteArray> part = co_await readPiece(name, 0);
        if (!part)
            co_return part.error();
        bytes += std::size_t(part->size());
        parts.insert_or_assign(name, *part);
    }
    const auto work = [manifest, text = *head, parts]() -> Result<LayerPointer> {
        if (Hash::of(text) != manifest)
            return Error{ErrorCode::corrupt, u"a manifest is not what its hash says"_s};
        const auto part = [&parts](const Hash &hash) -> Result<QByteArray> {
            const auto found = parts.find(hash);
            if (found == parts.end())
                return notFound(u"a part of a layer"_s);
            return found->second;
        };
        const Result<config::Layer> layer = config::decodeLayer(text, part);
        if (!layer)
            return layer.error();
        return LayerPointer(std::make_shared<config::Layer>(*layer));
    };
    const Result<Result<LayerPointer>> decoded = co_await m_context.offload(work);
    if (!decoded)
        co_return decoded.error();
    if (!*decoded)
        co_return decoded->error().in(u"layer "_s + textOf(manifest.brief()));
    m_cache.keep(manifest, **decoded, bytes * 4); // about what strings and vectors add
    co_return **decoded;
}

Task<Result<LayerPointer>> Library::layerOf(QByteArray service, QByteArray scope,
                                            QByteArray version, Revision at)
{
    const Result<Snapshot> found = co_await snapshot(service, scope, version, at);
    if (!found)
        co_return found.error();
    const Hash manifest = scope == baseScope ? found->base : found->own;
    const Result<LayerPointer> read = co_await layer(manifest);
    co_return read;
}

Task<Result<Stack>> Library::stackOf(Editions editions)
{
    const Result<Revision> at = co_await newestRevision(store());
    if (!at)
        co_return at.error();
    Stack stack;
    for (const Edition &edition : editions) {
        const Result<Snapshot> found =
            co_await snapshot(edition.service, edition.scope, edition.version, *at);
        if (!found)
            co_return found.error();
        stack.parts.push_back({edition, *found});
    }
    co_return stack;
}

Task<Result<LayerPointer>> Library::effective(Stack stack)
{
    std::vector<LayerPointer> layers;
    const std::vector<Hash> manifests = stack.layers();
    for (const Hash &manifest : manifests) {
        if (manifest.isNull())
            continue;
        const Result<LayerPointer> one = co_await layer(manifest);
        if (!one)
            co_return one;
        layers.push_back(*one);
    }
    if (layers.size() == 1) {
        const LayerPointer only = layers.front();
        co_return only;
    }
    const auto work = [layers]() -> LayerPointer {
        std::vector<const config::Layer *> all(layers.size());
        std::transform(layers.begin(), layers.end(), all.begin(),
                       [](const LayerPointer &one) { return one.get(); });
        return std::make_shared<config::Layer>(config::merge(all).layer);
    };
    const Result<LayerPointer> merged = co_await m_context.offload(work);
    co_return merged;
}

// ---- contents

/// A piece never changes, so that any node that has it has the right one; who lags asks again.
Task<Result<QByteArray>> Library::readPiece(Hash hash, std::size_t piece)
{
    const QByteArray path = objectPath(hash, piece);
    static constexpr std::array modes{ReadMode::local, ReadMode::linearizable};
    for (const ReadMode mode : modes) {
        const ReadOptions options{mode, {}};
        const Result<std::optional<store::FileView>> file = co_await store().get(path, options);
        if (!file)
            co_return file.error();
        if (*file)
            co_return (*file)->value;
    }
    co_return notFound(u"the content %1 is not in the store"_s.arg(textOf(hash.brief())));
}

Task<Result<QByteArray>> Library::content(Hash hash, std::uint64_t bytes)
{
    const std::optional<QByteArray> known = m_cache.content(hash);
    if (known && std::uint64_t(known->size()) == bytes)
        co_return *known;
    QByteArray content;
    const std::size_t pieces = std::max<std::size_t>(1, (bytes + pieceBytes - 1) / pieceBytes);
    for (std::size_t i = 0; i < pieces && std::uint64_t(content.size()) <= bytes; ++i) {
        const Result<QByteArray> piece = co_await readPiece(hash, i);
        if (!piece)
            co_return piece.error();
        content += *piece;
    }
    const auto work = [content] { return Hash::of(content); };
    Hash found;
    if (content.size() <= smallBytes) {
        found = work();
    } else {
        const Result<Hash> made = co_await m_context.offload(work);
        if (!made)
            co_return made.error();
        found = *made;
    }
    if (std::uint64_t(content.size()) != bytes || found != hash) {
        co_return Error{
            ErrorCode::corrupt,
            u"what is stored as %1 is not the %2 bytes of that SHA-256"_s.arg(textOf(hash.brief()))
                .arg(bytes)};
    }
    m_cache.keep(hash, content);
    co_return content;
}

Task<Result<config::Contents>> Library::contentsOf(LayerPointer layer)
{
    config::Contents contents;
    std::uint64_t total = 0;
    for (const config::File &file : layer->files) {
        total += file.bytes;
        if (total > config::limits::serviceBytesMax) {
            co_return Error{ErrorCode::refused,
                            u"the files of a service may have %1 MiB together"_s.arg(
                                config::limits::serviceBytesMax >> 20)};
        }
        const Result<QByteArray> bytes = co_await content(file.content, file.bytes);
        if (!bytes)
            co_return bytes.error().in(textOf(file.path));
        contents.insert_or_assign(file.content, *bytes);
    }
    co_return contents;
}

Task<Result<std::vector<Library::Stored>>> Library::storedPieces(Hash hash, std::uint64_t bytes)
{
    std::vector<Stored> stored;
    const std::size_t pieces = std::max<std::size_t>(1, (bytes + pieceBytes - 1) / pieceBytes);
    for (std::size_t i = 0; i < pieces; ++i) {
        const store::Question question = store::Stat{objectPath(hash, i), {}};
        const Result<store::Reply> reply = co_await store().read(question);
        if (!reply)
            co_return reply.error();
        if (reply->files.empty())
            co_return notFound(u"the content %1 is not in the store"_s.arg(textOf(hash.brief())));
        stored.push_back({objectPath(hash, i), reply->files.front().created});
    }
    co_return stored;
}

Task<Result<bool>> Library::isWhole(Hash hash)
{
    QByteArray bytes;
    std::vector<qsizetype> ends;
    for (std::size_t i = 0; std::size_t(bytes.size()) <= config::limits::fileBytesMax; ++i) {
        const QByteArray path = objectPath(hash, i);
        const Result<std::optional<store::FileView>> piece = co_await store().get(path);
        if (!piece)
            co_return piece.error();
        if (!*piece)
            break;
        bytes += (*piece)->value;
        ends.push_back(bytes.size());
    }
    // Any number of pieces: somebody may have put others behind the last one.
    const auto work = [hash, bytes, ends] {
        return std::any_of(ends.begin(), ends.end(), [&](qsizetype end) {
            return Hash::of(QByteArrayView(bytes).first(end)) == hash;
        });
    };
    const Result<bool> found = co_await m_context.offload(work);
    co_return found;
}

Task<Result<std::vector<Hash>>> Library::partsOf(Hash manifest)
{
    if (manifest.isNull())
        co_return std::vector<Hash>();
    const Result<QByteArray> head = co_await readPiece(manifest, 0);
    if (!head)
        co_return head.error();
    co_return config::partsOf(*head);
}

Task<Result<Library::Stored>> Library::putPiece(QByteArray path, QByteArray bytes)
{
    for (int i = 0; i < 3; ++i) {
        const Result<std::optional<store::FileView>> there = co_await store().get(path);
        if (!there)
            co_return there.error();
        if (*there && (*there)->value == bytes
            && m_context.clock().wall() - (*there)->time < m_renewAfter)
            co_return Stored{path, (*there)->created};
        // Other bytes there were put by somebody who guessed the hash.
        const Revision seen = *there ? (*there)->revision : Revision(0);
        const Result<Revision> put = co_await store().put(path, bytes, seen);
        if (put && *there)
            co_return Stored{path, (*there)->created};
        if (put)
            co_return Stored{path, *put};
        if (put.error().code != ErrorCode::conflict && put.error().code != ErrorCode::unknown)
            co_return put.error();
    }
    co_return Error{ErrorCode::unavailable, u"could not store %1; try again"_s.arg(textOf(path))};
}

Task<Result<std::vector<Library::Stored>>> Library::putObjects(std::vector<config::Object> objects)
{
    std::vector<Stored> stored;
    for (const config::Object &object : objects) {
        const std::vector<QByteArray> pieces = config::piecesOf(object.bytes);
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            const Result<Stored> put = co_await putPiece(objectPath(object.hash, i), pieces[i]);
            if (!put)
                co_return put.error();
            stored.push_back(*put);
        }
    }
    co_return stored;
}

} // namespace coffer::goconf
