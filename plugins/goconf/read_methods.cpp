// SPDX-License-Identifier: Apache-2.0
#include "goconf/read_methods.h"

#include "goconf/item_cbor.h"
#include "goconf/layer_writer.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include "config/limits.h"
#include "config/name.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;
using Kind = Access::Kind;

/// What one call of history reads, and about what it answers: the next one goes on.
static constexpr std::size_t historyLooksMax = 1'000;
static constexpr std::size_t historyBytesMax = std::size_t(2) << 20;

static const char *const viewSchema = R"("scope":$scope,"version":$version,"draft":$draft)";

Result<void> ReadMethods::start()
{
    const QByteArray one = R"("service":$service,)" + QByteArray(viewSchema);
    const QByteArray side = R"({"type":"object","additionalProperties":false,"properties":{)"
                            + QByteArray(viewSchema) + "}}";
    pluginapi::Methods &methods = m_context.methods();
    for (const Result<void> &added :
         {methods.add(methodOf(u"goconf.get"_s,
                               u"Shows a configuration: live, of a version, or with a draft; "
                               "effective: all layers as one."_s,
                               schemaOf(one + R"(,"effective":{"type":"boolean"},"section":$name,
                                   "after":{"type":"string","maxLength":300},
                                   "limit":{"type":"integer","minimum":1,"maximum":20000})",
                                        R"("service")"),
                               Kind::read, &touchesService),
                      *this, &ReadMethods::get),
          methods.add(
              methodOf(u"goconf.file"_s,
                       u"Reads a file as hosts get it, outputs too: at most 256 KiB a call."_s,
                       schemaOf(one + R"(,"path":{"type":"string","maxLength":512},
                                   "offset":{"type":"integer","minimum":0},
                                   "own":{"type":"boolean","description":"the file that this layer
 has itself, whatever hosts get"})",
                                R"("service","path")"),
                       Kind::read, &touchesService),
              *this, &ReadMethods::file),
          methods.add(
              methodOf(u"goconf.diff"_s,
                       u"Compares two versions, IDCs or drafts of a service; effective: all "
                       "layers as one, as is usual between two scopes."_s,
                       schemaOf(R"("service":$service,"from":)" + side + R"(,"to":)" + side
                                    + R"(,"effective":{"type":"boolean"})",
                                R"("service","from","to")"),
                       Kind::read, &touchesService),
              *this, &ReadMethods::diff),
          methods.add(methodOf(u"goconf.draft.diff"_s, u"Compares a draft with what is live."_s,
                               schemaOf(R"("service":$service,"scope":$scope,"draft":$draft)",
                                        R"("service")"),
                               Kind::read, &touchesService),
                      *this, &ReadMethods::draftDiff),
          methods.add(methodOf(u"goconf.history"_s,
                               u"Lists releases, the newest first; with more there are older ones: "
                               "next is the `before` of the next call."_s,
                               schemaOf(R"("service":$service,"limit":{"type":"integer","minimum":1,
                                   "maximum":1000},"before":{"type":"string",
                                   "pattern":"^(r[1-9][0-9]{0,18}|[0-9a-f]{16}-[0-9a-f]{8})$"})"),
                               Kind::read, &touchesService),
                      *this, &ReadMethods::history),
          methods.add(
              methodOf(u"goconf.show"_s,
                       u"Shows a release (r1234 or its id): what it moved, "
                       "with the differences."_s,
                       schemaOf(R"("release":{"type":"string","maxLength":64})", R"("release")"),
                       Kind::read, &touchesAll),
              *this, &ReadMethods::show)}) {
        if (!added)
            return added;
    }
    return {};
}

static ViewId viewIn(const QByteArray &service, const QCborMap &params)
{
    return {service, textIn(params, "scope", baseScope), textIn(params, "version"),
            textIn(params, "draft")};
}

// ---- get

/// The versions that lie over one another, lowest first.
static QCborArray editionsCbor(const Stack &stack)
{
    QCborArray array;
    for (const Edition &edition : stack.editions()) {
        if (!edition.version.isEmpty())
            array.append(QCborMap{{u"service"_s, textOf(edition.service)},
                                  {u"scope"_s, textOf(edition.scope)},
                                  {u"version"_s, textOf(edition.version)}});
    }
    return array;
}

Task<rpc::Outcome> ReadMethods::get(rpc::Call &call)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const ViewId id = viewIn(textIn(call.params, "service"), call.params);
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(id, *at, false);
    if (!view)
        co_return view.error();
    QCborMap answer{{u"service"_s, textOf((*view)->id.service)},
                    {u"scope"_s, textOf((*view)->id.scope)},
                    {u"version"_s, textOf((*view)->version)},
                    {u"revision"_s, qint64(at->value())}};
    const bool isEffective = call.params.value(u"effective"_s).toBool();
    if (isEffective && !(*view)->reachesHosts())
        co_return notLive((*view)->id);
    config::Merged merged;
    if (isEffective)
        merged = (*view)->merged();
    else
        merged.layer = *(*view)->edited();
    if ((*view)->until != WallMs(0))
        answer.insert(u"until"_s, qint64((*view)->until.count()));
    if (isEffective)
        answer.insert(u"layers"_s, editionsCbor((*view)->stack));
    LayerWriter writer(isEffective ? &merged : nullptr, (*view)->stack);
    const std::optional<QByteArray> next = writer.writeSections(answer, merged.layer, call.params);
    if (!next) {
        co_return Failure::of(
            Code::conflict,
            u"after: %1 is not there any more: begin anew, or name the version"_s.arg(
                textOf(textIn(call.params, "after"))));
    }
    writer.writeFiles(answer, merged.layer);
    writer.writeTombstones(answer, merged.layer);
    if (!next->isEmpty())
        answer.insert(u"next"_s, textOf(*next));
    co_return QCborValue(answer);
}

static QCborValue pieceOf(const QByteArray &bytes, qint64 offset, const config::Hash &hash,
                          const config::FileRights &rights)
{
    QCborMap map{{u"bytes"_s, bytes.mid(offset, config::limits::chunkBytesMax)},
                 {u"offset"_s, offset},
                 {u"total"_s, qint64(bytes.size())},
                 {u"hash"_s, textOf(hash.hex())}};
    putRights(map, rights);
    return map;
}

/// A file as the layer has it: nothing is rendered.
Task<rpc::Outcome> ReadMethods::ownFile(Viewer::Pointer view, QByteArray path, qint64 offset)
{
    const LayerPointer layer = view->edited();
    const config::File *file = layer->file(path);
    if (file == nullptr) {
        co_return Failure::of(Code::notFound,
                              u"path: this layer has no file %1 of its own; goconf.get says which "
                              "there are"_s.arg(textOf(path)));
    }
    const auto merged = view->material.contents.find(file->content); // of a draft
    if (merged != view->material.contents.end())
        co_return pieceOf(merged->second, offset, file->content, file->rights);
    const Result<QByteArray> bytes = co_await m_library.content(file->content, file->bytes);
    if (!bytes)
        co_return bytes.error();
    co_return pieceOf(*bytes, offset, file->content, file->rights);
}

Task<rpc::Outcome> ReadMethods::file(rpc::Call &call)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const ViewId id = viewIn(textIn(call.params, "service"), call.params);
    const bool isOwn = call.params.value(u"own"_s).toBool();
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(id, *at, !isOwn);
    if (!view)
        co_return view.error();
    const qint64 offset = call.params.value(u"offset"_s).toInteger();
    const QByteArray path = textIn(call.params, "path");
    if (isOwn) {
        const rpc::Outcome own = co_await ownFile(*view, path, offset);
        co_return own;
    }
    if (!(*view)->reachesHosts())
        co_return notLive((*view)->id);
    const Answer<config::Bundle> bundle = co_await m_viewer.bundle(*view);
    if (!bundle)
        co_return bundle.error();
    for (const config::BundleFile &file : bundle->files) {
        if (file.path == path)
            co_return pieceOf(file.bytes, offset, config::Hash::of(file.bytes), file.rights);
    }
    co_return Failure::of(Code::notFound,
                          u"path: there is no file or output %1; goconf.get says which "
                          "there are"_s.arg(textOf(path)));
}

// ---- diff

Task<rpc::Outcome> ReadMethods::compare(ViewId from, ViewId to, bool isEffective)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Answer<Viewer::Pointer> before = co_await m_viewer.read(from, *at, true);
    if (!before)
        co_return before.error();
    const Answer<Viewer::Pointer> after = co_await m_viewer.read(to, *at, true);
    if (!after)
        co_return after.error();
    const Answer<Viewer::Difference> difference =
        co_await m_viewer.difference(*before, *after, isEffective);
    if (!difference)
        co_return difference.error();
    QCborMap map{{u"from"_s, textOf((*before)->version)}, {u"to"_s, textOf((*after)->version)}};
    putDifferences(map, difference->changes, shownMax);
    map.insert(u"text"_s, diffsCbor(difference->text));
    if (!to.draft.isEmpty())
        map.insert(u"conflicts"_s, conflictsCbor((*after)->conflicts));
    co_return QCborValue(map);
}

Task<rpc::Outcome> ReadMethods::diff(rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service");
    const ViewId from = viewIn(service, call.params.value(u"from"_s).toMap());
    const ViewId to = viewIn(service, call.params.value(u"to"_s).toMap());
    const bool isEffective = call.params.value(u"effective"_s).toBool(from.scope != to.scope);
    const rpc::Outcome done = co_await compare(from, to, isEffective);
    co_return done;
}

Task<rpc::Outcome> ReadMethods::draftDiff(rpc::Call &call)
{
    const DraftId id = draftIn(call.params);
    const ViewId live{id.service, id.scope, {}, {}};
    const ViewId edited{id.service, id.scope, {}, id.draft};
    const rpc::Outcome done = co_await compare(live, edited, false);
    co_return done;
}

// ---- history

Task<Result<ReadMethods::Release>> ReadMethods::release(QByteArray id, Revision at)
{
    const auto file = co_await fileAt(m_library.store(), releasePath(id), at);
    if (!file)
        co_return file.error();
    if (!*file)
        co_return Error{ErrorCode::notFound, u"there is no release "_s + textOf(id)};
    const Result<ReleaseRecord> record = ReleaseRecord::parse((*file)->value);
    if (!record)
        co_return record.error().in(textOf((*file)->path));
    co_return Release{id, (*file)->created, *record};
}

/// Which of the versions that a release made live can be gone back to.
Task<Result<ReadMethods::Kept>> ReadMethods::lookUpKept(Release release, Kept kept, Revision at)
{
    for (const ReleaseRecord::Service &service : release.record.services) {
        for (const ReleaseRecord::Target &target : service.targets) {
            const auto scope = std::pair(service.service, target.scope);
            if (kept.contains(scope))
                continue;
            const QByteArray tree = treePath(service.service) + '/' + target.scope + "/snapshot";
            const Result<std::vector<QByteArray>> names =
                co_await namesAt(m_library.store(), tree, at);
            if (!names)
                co_return names.error();
            kept[scope] = std::set<QByteArray>(names->begin(), names->end());
        }
    }
    co_return kept;
}

QCborMap ReadMethods::describe(const Release &release, const Kept &kept)
{
    QCborArray services;
    for (const ReleaseRecord::Service &service : release.record.services) {
        QCborArray targets;
        for (const ReleaseRecord::Target &target : service.targets) {
            const auto versions = kept.find({service.service, target.scope});
            targets.append(QCborMap{
                {u"scope"_s, textOf(target.scope)},
                {u"from"_s, textOf(target.from)},
                {u"to"_s, textOf(target.to)},
                {u"kept"_s, versions != kept.end() && versions->second.contains(target.to)}});
        }
        services.append(QCborMap{{u"service"_s, textOf(service.service)}, {u"targets"_s, targets}});
    }
    QCborMap map{{u"release"_s, u"r%1"_s.arg(release.created.value())},
                 {u"id"_s, textOf(release.id)},
                 {u"kind"_s, textOf(nameOf(release.record.kind))},
                 {u"change"_s, textOf(release.record.change)},
                 {u"services"_s, services},
                 {u"message"_s, textOf(release.record.message)},
                 {u"by"_s, textOf(release.record.made.by)},
                 {u"at"_s, qint64(release.record.made.at.count())},
                 {u"from"_s, textOf(release.record.from)},
                 {u"hosts"_s, qint64(release.record.hosts)}};
    if (!release.record.canary.empty())
        map.insert(u"canary"_s, arrayOf(release.record.canary));
    if (!release.record.candidate.isEmpty())
        map.insert(u"candidate"_s, textOf(release.record.candidate));
    return map;
}

static bool isOf(const ReleaseRecord &record, const QByteArray &service)
{
    return service.isEmpty()
           || std::any_of(record.services.begin(), record.services.end(),
                          [&service](const auto &one) { return one.service == service; });
}

/// A part of the history: what of \a keys is asked for. What it is asked for in is in \a page.
Task<Result<ReadMethods::Page>> ReadMethods::addPage(Page page, std::vector<ReleaseKey> keys,
                                                     QByteArray service, Revision at)
{
    for (const ReleaseKey &key : keys) {
        if (key.created >= page.bound)
            continue;
        page.isFull = page.releases.size() >= page.limit || page.looked == historyLooksMax
                      || page.bytes > historyBytesMax;
        if (page.isFull)
            break;
        const Result<Release> one = co_await release(key.id, at);
        if (!one)
            co_return one.error();
        ++page.looked;
        page.last = key.id;
        if (!isOf(one->record, service))
            continue;
        Result<Kept> kept = co_await lookUpKept(*one, std::move(page.kept), at);
        if (!kept)
            co_return kept.error();
        page.kept = std::move(*kept);
        const QCborMap shown = describe(*one, page.kept);
        page.bytes += std::size_t(one->record.message.size()) + 100;
        for (const ReleaseRecord::Service &of : one->record.services)
            page.bytes += of.targets.size() * 50;
        page.releases.append(shown);
    }
    co_return page;
}

Task<rpc::Outcome> ReadMethods::history(rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service");
    const QByteArray before = textIn(call.params, "before");
    const Result<Moment> moment = co_await newestMoment(m_library.store());
    if (!moment)
        co_return moment.error();
    if (!service.isEmpty()) {
        const Result<void> known = co_await m_library.known(service, baseScope, moment->at);
        if (!known)
            co_return known.error();
    }
    Page page;
    page.limit = call.params.value(u"limit"_s).toInteger(50);
    std::optional<ReleaseKey> last;
    if (before == "r1") // there is none before it
        co_return QCborValue(QCborMap{{u"releases"_s, page.releases}, {u"more"_s, false}});
    if (before.startsWith('r')) {
        page.bound = Revision(before.sliced(1).toULongLong());
    } else if (!before.isEmpty()) {
        const Result<std::optional<ReleaseKey>> known =
            co_await ReleaseLog::find(m_library.store(), before, moment->at, moment->time);
        if (!known)
            co_return known.error();
        if (!*known)
            co_return Failure::of(Code::notFound,
                                  u"before: there is no release "_s + textOf(before));
        last = *known;
    }
    ReleaseLog log(m_library.store(), moment->at, moment->time, last);
    for (;;) {
        const Result<std::vector<ReleaseKey>> keys = co_await log.next();
        if (!keys)
            co_return keys.error();
        if (keys->empty())
            break;
        Result<Page> more = co_await addPage(std::move(page), *keys, service, moment->at);
        if (!more)
            co_return more.error();
        page = std::move(*more);
        if (page.isFull) {
            co_return QCborValue(QCborMap{
                {u"releases"_s, page.releases}, {u"more"_s, true}, {u"next"_s, textOf(page.last)}});
        }
    }
    co_return QCborValue(QCborMap{{u"releases"_s, page.releases}, {u"more"_s, false}});
}

/// Without layers for "": nothing was live.
Task<Answer<Viewer::Pointer>> ReadMethods::versionOf(QByteArray service, QByteArray scope,
                                                     QByteArray version, Revision at)
{
    if (version.isEmpty())
        co_return Viewer::Pointer(std::make_shared<View>());
    // Of what lay below and over it then nobody knows any more: the layers of the scope alone.
    const ViewId id{.service = service, .scope = scope, .version = version, .isAlone = true};
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(id, at, true);
    co_return view;
}

Task<Answer<QCborMap>> ReadMethods::showTarget(QByteArray service, ReleaseRecord::Target target,
                                               Revision at)
{
    QCborMap map{{u"service"_s, textOf(service)},
                 {u"scope"_s, textOf(target.scope)},
                 {u"from"_s, textOf(target.from)},
                 {u"to"_s, textOf(target.to)}};
    const Answer<Viewer::Pointer> after = co_await versionOf(service, target.scope, target.to, at);
    if (!after && after.error().code == Code::notFound) {
        map.insert(u"gone"_s, after.error().message); // so there is nothing to compare
        co_return map;
    }
    if (!after)
        co_return after.error();
    const Answer<Viewer::Pointer> before =
        co_await versionOf(service, target.scope, target.from, at);
    if (!before && before.error().code == Code::notFound) {
        map.insert(u"gone"_s, before.error().message);
        co_return map;
    }
    if (!before)
        co_return before.error();
    const Answer<Viewer::Difference> difference =
        co_await m_viewer.difference(*before, *after, true);
    if (!difference)
        co_return difference.error();
    putDifferences(map, difference->changes, 1'000);
    map.insert(u"text"_s, diffsCbor(difference->text));
    co_return map;
}

Task<rpc::Outcome> ReadMethods::show(rpc::Call &call)
{
    const QByteArray id = textIn(call.params, "release");
    const Result<Moment> moment = co_await newestMoment(m_library.store());
    if (!moment)
        co_return moment.error();
    const Revision at = moment->at;
    std::optional<ReleaseKey> key;
    if (config::isName(id)) {
        const Result<std::optional<ReleaseKey>> known =
            co_await ReleaseLog::find(m_library.store(), id, at, moment->time);
        if (!known)
            co_return known.error();
        key = *known;
    }
    if (!key)
        co_return Failure::of(Code::notFound, u"there is no release "_s + textOf(id));
    const Result<Release> found = co_await release(key->id, at);
    if (!found)
        co_return found.error();
    const Result<Kept> kept = co_await lookUpKept(*found, {}, at);
    if (!kept)
        co_return kept.error();
    QCborMap answer = describe(*found, *kept);
    QCborArray targets;
    for (const ReleaseRecord::Service &service : found->record.services) {
        for (const ReleaseRecord::Target &target : service.targets) {
            const Answer<QCborMap> one = co_await showTarget(service.service, target, at);
            if (!one)
                co_return one.error();
            targets.append(*one);
        }
    }
    answer.insert(u"targets"_s, targets);
    co_return QCborValue(answer);
}

} // namespace coffer::goconf
