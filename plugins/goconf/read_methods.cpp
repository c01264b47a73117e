// SPDX-License-Identifier: Apache-2.0
#include "goconf/read_methods.h"

#include "goconf/item_cbor.h"
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
    const QByteArray one = R"("service":$name,)" + QByteArray(viewSchema);
    const QByteArray side = R"({"type":"object","additionalProperties":false,"properties":{)"
                            + QByteArray(viewSchema) + "}}";
    pluginapi::Methods &methods = m_context.methods();
    for (const Result<void> &added :
         {methods.add(methodOf(u"goconf.get"_s,
                               u"Shows a configuration: live, of a version, or with a draft; "
                               "effective: base and own layer as one."_s,
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
                                   "offset":{"type":"integer","minimum":0})",
                                R"("service","path")"),
                       Kind::read, &touchesService),
              *this, &ReadMethods::file),
          methods.add(
              methodOf(u"goconf.diff"_s,
                       u"Compares two versions, IDCs or drafts of a service; effective: base "
                       "and own layer as one, as is usual between two scopes."_s,
                       schemaOf(R"("service":$name,"from":)" + side + R"(,"to":)" + side
                                    + R"(,"effective":{"type":"boolean"})",
                                R"("service","from","to")"),
                       Kind::read, &touchesService),
              *this, &ReadMethods::diff),
          methods.add(
              methodOf(u"goconf.draft.diff"_s, u"Compares a draft with what is live."_s,
                       schemaOf(R"("service":$name,"scope":$scope,"draft":$draft)", R"("service")"),
                       Kind::read, &touchesService),
              *this, &ReadMethods::draftDiff),
          methods.add(methodOf(u"goconf.history"_s,
                               u"Lists releases, the newest first; with more there are older ones: "
                               "next is the `before` of the next call."_s,
                               schemaOf(R"("service":$name,"limit":{"type":"integer","minimum":1,
                                   "maximum":1000},"before":{"type":"string",
                                   "pattern":"^r[1-9][0-9]{0,18}$"})"),
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

namespace {

/// Writes one layer as the answer of goconf.get.
class LayerWriter
{
public:
    LayerWriter(const config::Origins *origins, QByteArray idc)
        : m_origins(origins), m_idc(std::move(idc))
    {}

    /// Keys behind \a after ("section/key"), at most \a limit; the last one shown, if there are
    /// more.
    QByteArray writeSections(QCborMap &answer, const config::Layer &layer, const QCborMap &params)
    {
        const QByteArray only = textIn(params, "section");
        const QByteArray after = textIn(params, "after");
        qint64 left = params.value(u"limit"_s).toInteger(10'000);
        bool isBehind = after.isEmpty();
        QByteArray last;
        QCborArray sections;
        for (const config::Section &section : layer.sections) {
            if (!only.isEmpty() && section.name != only)
                continue;
            QCborArray keys;
            for (const config::Key &key : section.keys) {
                const QByteArray place = section.name + '/' + key.name;
                if (isBehind && left-- <= 0) {
                    addSection(sections, section, keys);
                    answer.insert(u"sections"_s, sections);
                    return last;
                }
                if (isBehind)
                    keys.append(keyMap(key, place));
                last = place;
                isBehind = isBehind || place == after;
            }
            if (!keys.isEmpty() || section.keys.empty())
                addSection(sections, section, keys);
        }
        answer.insert(u"sections"_s, sections);
        return {};
    }

    void writeFiles(QCborMap &answer, const config::Layer &layer) const
    {
        QCborArray files;
        for (const config::File &file : layer.files)
            files.append(named(itemCbor(file).toMap(), "path", file.path));
        QCborArray outputs;
        for (const config::Output &output : layer.outputs)
            outputs.append(named(itemCbor(output).toMap(), "path", output.path));
        answer.insert(u"files"_s, files);
        answer.insert(u"outputs"_s, outputs);
    }

private:
    static void addSection(QCborArray &sections, const config::Section &section,
                           const QCborArray &keys)
    {
        sections.append(QCborMap{{u"name"_s, textOf(section.name)},
                                 {u"comment"_s, textOf(section.comment)},
                                 {u"keys"_s, keys}});
    }

    [[nodiscard]] QCborMap keyMap(const config::Key &key, const QByteArray &place) const
    {
        QCborMap map = named(itemCbor(key).toMap(), "name", place);
        map.insert(u"name"_s, textOf(key.name));
        return map;
    }

    [[nodiscard]] QCborMap named(QCborMap map, const char *member, const QByteArray &place) const
    {
        map.insert(QLatin1String(member), textOf(place));
        if (m_origins == nullptr)
            return map;
        const auto origin = m_origins->find(place);
        const bool isOwn = origin != m_origins->end() && origin->second == 1;
        map.insert(u"from"_s, textOf(isOwn ? m_idc : QByteArray(baseScope)));
        return map;
    }

    const config::Origins *m_origins;
    QByteArray m_idc;
};

} // namespace

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
    config::Merged merged;
    if (isEffective)
        merged = (*view)->merged();
    else
        merged.layer = *(*view)->edited();
    LayerWriter writer(isEffective ? &merged.origins : nullptr, (*view)->id.scope);
    const QByteArray next = writer.writeSections(answer, merged.layer, call.params);
    writer.writeFiles(answer, merged.layer);
    if (!next.isEmpty())
        answer.insert(u"next"_s, textOf(next));
    co_return QCborValue(answer);
}

Task<rpc::Outcome> ReadMethods::file(rpc::Call &call)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const ViewId id = viewIn(textIn(call.params, "service"), call.params);
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(id, *at, true);
    if (!view)
        co_return view.error();
    const Answer<config::Bundle> bundle = co_await m_viewer.bundle(*view);
    if (!bundle)
        co_return bundle.error();
    const QByteArray path = textIn(call.params, "path");
    for (const config::BundleFile &file : bundle->files) {
        if (file.path != path)
            continue;
        const qint64 offset = call.params.value(u"offset"_s).toInteger();
        QCborMap map{{u"bytes"_s, file.bytes.mid(offset, config::limits::chunkBytesMax)},
                     {u"offset"_s, offset},
                     {u"total"_s, qint64(file.bytes.size())},
                     {u"hash"_s, textOf(config::Hash::of(file.bytes).hex())}};
        putRights(map, file.rights);
        co_return QCborValue(map);
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

Task<Result<std::vector<store::FileView>>> ReadMethods::releaseFiles(Revision at)
{
    Result<std::vector<store::FileView>> files =
        co_await filesAt(m_library.store(), "/config/_release", at, store::Detail::keys);
    if (!files)
        co_return files.error();
    std::sort(files->begin(), files->end(),
              [](const auto &a, const auto &b) { return a.created > b.created; });
    co_return *files;
}

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

QCborMap ReadMethods::describe(const Release &release)
{
    QCborArray services;
    for (const ReleaseRecord::Service &service : release.record.services) {
        QCborArray targets;
        for (const ReleaseRecord::Target &target : service.targets) {
            targets.append(QCborMap{{u"scope"_s, textOf(target.scope)},
                                    {u"from"_s, textOf(target.from)},
                                    {u"to"_s, textOf(target.to)}});
        }
        services.append(QCborMap{{u"service"_s, textOf(service.service)}, {u"targets"_s, targets}});
    }
    return {{u"release"_s, u"r%1"_s.arg(release.created.value())},
            {u"id"_s, textOf(release.id)},
            {u"kind"_s, textOf(nameOf(release.record.kind))},
            {u"change"_s, textOf(release.record.change)},
            {u"services"_s, services},
            {u"message"_s, textOf(release.record.message)},
            {u"by"_s, textOf(release.record.made.by)},
            {u"at"_s, qint64(release.record.made.at.count())},
            {u"from"_s, textOf(release.record.from)},
            {u"hosts"_s, qint64(release.record.hosts)}};
}

Task<rpc::Outcome> ReadMethods::history(rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service");
    const qint64 limit = call.params.value(u"limit"_s).toInteger(50);
    const QByteArray before = textIn(call.params, "before");
    const Revision bound(before.isEmpty() ? INT64_MAX : before.sliced(1).toULongLong());
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const auto files = co_await releaseFiles(*at);
    if (!files)
        co_return files.error();
    QCborArray releases;
    std::size_t looked = 0;
    std::size_t bytes = 0;
    Revision last = bound;
    for (const store::FileView &file : *files) {
        if (file.created >= bound)
            continue;
        if (releases.size() >= limit || looked == historyLooksMax || bytes > historyBytesMax) {
            co_return QCborValue(QCborMap{{u"releases"_s, releases},
                                          {u"more"_s, true},
                                          {u"next"_s, u"r%1"_s.arg(last.value())}});
        }
        const Result<Release> one = co_await release(nameIn(file.path), *at);
        if (!one)
            co_return one.error();
        ++looked;
        last = file.created;
        const std::vector<ReleaseRecord::Service> &of = one->record.services;
        const auto isMeant = [&service](const ReleaseRecord::Service &s) {
            return service.isEmpty() || s.service == service;
        };
        if (std::none_of(of.begin(), of.end(), isMeant))
            continue;
        bytes += file.valueBytes;
        releases.append(describe(*one));
    }
    co_return QCborValue(QCborMap{{u"releases"_s, releases}, {u"more"_s, false}});
}

Task<Answer<QCborMap>> ReadMethods::showTarget(QByteArray service, ReleaseRecord::Target target,
                                               Revision at)
{
    QCborMap map{{u"service"_s, textOf(service)},
                 {u"scope"_s, textOf(target.scope)},
                 {u"from"_s, textOf(target.from)},
                 {u"to"_s, textOf(target.to)}};
    const ViewId to{service, target.scope, target.to, {}};
    const Answer<Viewer::Pointer> after = co_await m_viewer.read(to, at, true);
    if (!after)
        co_return after.error();
    Viewer::Pointer before = std::make_shared<View>();
    if (!target.from.isEmpty()) {
        const ViewId from{service, target.scope, target.from, {}};
        const Answer<Viewer::Pointer> read = co_await m_viewer.read(from, at, true);
        if (!read)
            co_return read.error();
        before = *read;
    }
    const Answer<Viewer::Difference> difference =
        co_await m_viewer.difference(before, *after, true);
    if (!difference)
        co_return difference.error();
    putDifferences(map, difference->changes, 1'000);
    map.insert(u"text"_s, diffsCbor(difference->text));
    co_return map;
}

Task<rpc::Outcome> ReadMethods::show(rpc::Call &call)
{
    QByteArray id = textIn(call.params, "release");
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    bool isNumber = false;
    const Revision created(id.sliced(id.isEmpty() ? 0 : 1).toULongLong(&isNumber));
    if (id.startsWith('r') && isNumber) {
        const auto files = co_await releaseFiles(*at);
        if (!files)
            co_return files.error();
        for (const store::FileView &file : *files) {
            if (file.created == created)
                id = nameIn(file.path);
        }
    }
    if (!config::isName(id))
        co_return Failure::of(Code::notFound, u"there is no release "_s + textOf(id));
    const Result<Release> found = co_await release(id, *at);
    if (!found)
        co_return found.error();
    QCborMap answer = describe(*found);
    QCborArray targets;
    for (const ReleaseRecord::Service &service : found->record.services) {
        for (const ReleaseRecord::Target &target : service.targets) {
            const Answer<QCborMap> one = co_await showTarget(service.service, target, *at);
            if (!one)
                co_return one.error();
            targets.append(*one);
        }
    }
    answer.insert(u"targets"_s, targets);
    co_return QCborValue(answer);
}

} // namespace coffer::goconf
