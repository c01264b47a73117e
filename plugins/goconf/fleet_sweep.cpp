// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_sweep.h"

#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static constexpr char objectsTree[] = "/config/_object";

FleetSweep::FleetSweep(pluginapi::PluginContext &context, Library &library, Times times)
    : m_context(context)
    , m_library(library)
    , m_times(times)
    , m_objects(context.metrics().counter("swept_objects_total", "Pieces of objects removed."))
    , m_snapshots(context.metrics().counter("swept_snapshots_total",
                                            "Snapshots removed because nobody needs them."))
{}

Result<void> FleetSweep::start()
{
    return m_context.exclusive(u"sweep"_s,
                               [this](DutyPointer duty) { return run(std::move(duty)); });
}

Task<Result<void>> FleetSweep::run(DutyPointer duty)
{
    bool goesOn = co_await duty->sleep(m_times.firstAfter);
    while (goesOn) {
        const Result<void> swept = co_await sweepOnce(duty);
        const bool isBeaten = !swept && swept.error().code == ErrorCode::conflict;
        if (!swept && !isBeaten && !duty->isOver())
            m_context.log().warning(u"removes nothing: "_s + swept.error().message);
        goesOn = co_await duty->sleep(isBeaten ? m_times.againAfter : m_times.every);
    }
    co_return Result<void>();
}

RetentionLimits FleetSweep::limits() const
{
    RetentionLimits limits = RetentionLimits::of(m_context.settings().values());
    limits.objectAge = m_times.objectsKept.value_or(limits.objectAge);
    return limits;
}

Task<Result<void>> FleetSweep::sweepOnce(DutyPointer duty)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<std::vector<QByteArray>> names =
        co_await namesAt(m_library.store(), "/config", *at);
    if (!names)
        co_return names.error();
    Hashes named;
    for (const QByteArray &service : *names) {
        if (service.startsWith('_') && service != globalService)
            continue;
        const Result<Hashes> found = co_await sweepService(duty, service, *at);
        if (!found)
            co_return found.error().in(textOf(service));
        named.insert(found->begin(), found->end());
    }
    // Every publish writes its service's record: none came since, so nothing else is named now.
    const Result<std::vector<store::FileView>> records =
        co_await filesAt(m_library.store(), "/config/_service", *at);
    if (!records)
        co_return records.error();
    std::vector<store::Guard> guards;
    for (const store::FileView &file : *records) {
        guards.emplace_back(store::RevisionEquals{file.path, file.revision});
        const Result<ServiceRecord> record = ServiceRecord::parse(file.value);
        if (!record)
            co_return record.error().in(textOf(file.path));
        for (const auto &[path, mark] : record->schemas)
            named.insert(mark.hash);
    }
    const Result<void> swept = co_await sweepObjects(duty, named, guards, *at);
    co_return swept;
}

/// Contents of files that a pending change names, on either side.
static void addContents(const config::Item &item, std::set<config::Hash> &named)
{
    if (const auto *file = std::get_if<config::File>(&item))
        named.insert(file->content);
}

namespace {

/// The files of one service, by what they are.
struct ServiceFiles
{
    std::vector<store::Guard> pointers; ///< That they are as they were.
    std::set<QByteArray> used;
    std::uint64_t last = 0; ///< The highest number of a version.
    std::vector<store::FileView> snapshots;
    std::set<config::Hash> drafts; ///< Contents that they name.
    std::optional<Error> fault;

    void add(const store::FileView &file);

private:
    void addPointer(const store::FileView &file);
    void addDraft(const store::FileView &file);
};

} // namespace

void ServiceFiles::addPointer(const store::FileView &file)
{
    const Result<Pointer> pointer = Pointer::parse(file.value);
    if (!pointer) {
        fault = pointer.error();
        return;
    }
    pointers.emplace_back(store::RevisionEquals{file.path, file.revision});
    used.insert({pointer->current, pointer->previous, pointer->last});
    if (pointer->candidate)
        used.insert(pointer->candidate->version);
    last = std::max(last, versionNumber(pointer->last).value_or(0));
}

void ServiceFiles::addDraft(const store::FileView &file)
{
    const QByteArray name = nameIn(file.path);
    if (name == "_edited" || name == "_taken")
        return;
    const Result<DraftRecord> draft = DraftRecord::parse(file.value);
    if (!draft) {
        fault = draft.error();
        return;
    }
    addContents(draft->change.base, drafts);
    addContents(draft->change.now, drafts);
}

/// "/config/<service>/<scope>/<kind>/...".
void ServiceFiles::add(const store::FileView &file)
{
    const QByteArray kind = file.path.split('/').value(4);
    if (kind == "current") {
        addPointer(file);
    } else if (kind == "snapshot") {
        snapshots.push_back(file);
    } else if (kind == "draft") {
        addDraft(file);
    } else if (kind == "agent") {
        const Result<ReportRecord> report = ReportRecord::parse(file.value);
        if (report)
            used.insert(report->version);
        else
            fault = report.error();
    }
}

Task<Result<FleetSweep::Hashes>> FleetSweep::sweepService(DutyPointer duty, QByteArray service,
                                                          Revision at)
{
    const Result<std::vector<store::FileView>> all =
        co_await filesAt(m_library.store(), treePath(service), at);
    if (!all)
        co_return all.error();
    ServiceFiles files;
    for (const store::FileView &file : *all)
        files.add(file);
    if (files.fault)
        co_return *files.fault;
    std::vector<Retention::Version> versions;
    for (const store::FileView &file : files.snapshots)
        versions.push_back({nameIn(file.path), file.time});
    const Retention retention{.used = files.used, .last = files.last, .limits = limits()};
    const std::vector<QByteArray> dropped = retention.droppable(versions, m_context.clock().wall());
    const auto kept = std::partition(
        files.snapshots.begin(), files.snapshots.end(), [&dropped](const store::FileView &file) {
            return std::find(dropped.begin(), dropped.end(), nameIn(file.path)) != dropped.end();
        });
    Hashes named = files.drafts;
    for (auto it = kept; it != files.snapshots.end(); ++it) {
        const Result<Snapshot> snapshot = Snapshot::parse(it->value);
        if (!snapshot)
            co_return snapshot.error();
        const std::vector<config::Hash> manifests{snapshot->base, snapshot->own};
        for (const config::Hash &manifest : manifests) {
            const Result<Hashes> found = co_await namedBy(manifest);
            if (!found)
                co_return found.error();
            named.insert(found->begin(), found->end());
        }
    }
    const std::vector<store::FileView> gone(files.snapshots.begin(), kept);
    const Result<void> removed = co_await dropSnapshots(duty, files.pointers, gone);
    if (!removed)
        co_return removed.error();
    co_return named;
}

Task<Result<void>> FleetSweep::dropSnapshots(DutyPointer duty, std::vector<store::Guard> guards,
                                             std::vector<store::FileView> snapshots)
{
    if (snapshots.empty())
        co_return Result<void>();
    const double before = double(snapshots.size());
    const Result<void> removed = co_await removeAll(duty, snapshots, std::move(guards));
    if (removed)
        m_snapshots.add(before);
    co_return removed;
}

Task<Result<FleetSweep::Hashes>> FleetSweep::namedBy(config::Hash manifest)
{
    if (manifest.isNull())
        co_return Hashes();
    if (const auto found = m_named.find(manifest); found != m_named.end()) {
        const Hashes known = found->second; // co_return would move it out of the map
        co_return known;
    }
    const Result<std::optional<store::FileView>> file =
        co_await m_library.store().get(objectPath(manifest, 0));
    if (!file)
        co_return file.error();
    if (!*file) {
        co_return Error{ErrorCode::corrupt,
                        u"the manifest %1 is missing"_s.arg(textOf(manifest.hex()))};
    }
    const Result<std::vector<config::Hash>> parts = config::partsOf((*file)->value);
    if (!parts)
        co_return parts.error();
    const Result<LayerPointer> layer = co_await m_library.layer(manifest);
    if (!layer)
        co_return layer.error();
    Hashes named(parts->begin(), parts->end());
    named.insert(manifest);
    for (const config::File &content : (*layer)->files)
        named.insert(content.content);
    m_named.insert_or_assign(manifest, named);
    co_return named;
}

/// The hash in "/config/_object/<hash>.<n>".
static std::optional<config::Hash> hashOfPiece(const QByteArray &path)
{
    const QByteArray name = nameIn(path);
    return config::Hash::fromHex(name.first(std::max<qsizetype>(name.indexOf('.'), 0)));
}

Task<Result<void>> FleetSweep::sweepObjects(DutyPointer duty, Hashes named,
                                            std::vector<store::Guard> guards, Revision at)
{
    const Result<std::vector<store::FileView>> objects =
        co_await filesAt(m_library.store(), objectsTree, at, store::Detail::keys);
    if (!objects)
        co_return objects.error();
    const std::chrono::milliseconds kept = limits().objectAge;
    std::vector<store::FileView> orphans;
    for (const store::FileView &piece : *objects) {
        const std::optional<config::Hash> hash = hashOfPiece(piece.path);
        if (hash && !named.contains(*hash) && m_context.clock().wall() - piece.time > kept)
            orphans.push_back(piece);
    }
    std::erase_if(m_named, [&named](const auto &item) { return !named.contains(item.first); });
    const double count = double(orphans.size());
    const Result<void> removed = co_await removeAll(duty, std::move(orphans), guards);
    if (removed)
        m_objects.add(count);
    co_return removed;
}

Task<Result<void>> FleetSweep::removeAll(DutyPointer duty, std::vector<store::FileView> files,
                                         std::vector<store::Guard> guards)
{
    for (std::size_t first = 0; first < files.size() && !duty->isOver(); first += removalsMax) {
        store::Transaction removal;
        removal.guards = guards;
        removal.guards.push_back(duty->guard());
        const std::size_t end = std::min(files.size(), first + removalsMax);
        for (std::size_t i = first; i < end; ++i) {
            removal.guards.push_back(store::RevisionEquals{files[i].path, files[i].revision});
            removal.operations.push_back(store::Delete{files[i].path});
        }
        const Result<store::Answer> answer = co_await m_context.store().commit(removal);
        if (!answer)
            co_return answer.error();
        if (answer->status == store::Status::guardFailed)
            co_return Error{ErrorCode::conflict, u"something changed meanwhile"_s};
        if (const std::optional<Error> error = pluginapi::errorOf(*answer))
            co_return *error;
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
