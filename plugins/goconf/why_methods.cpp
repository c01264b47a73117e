// SPDX-License-Identifier: Apache-2.0
#include "goconf/why_methods.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include "config/name.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Item;
using config::Place;
using config::Standing;
using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

static bool isNothing(const Item &item) { return std::holds_alternative<std::monostate>(item); }

static std::vector<rpc::Touch> touchesWhy(const rpc::Call &call)
{
    std::vector<rpc::Touch> touches = touchesService(call);
    const QByteArray host = textIn(call.params, "host");
    if (!host.isEmpty())
        touches.push_back({Access::Kind::read, hostPath(host), false});
    return touches;
}

Result<void> WhyMethods::start()
{
    const QByteArray schema = schemaOf(
        R"("service":$service,"scope":$scope,"host":$name,"version":$version,"draft":$draft,
            "place":{"type":"string","minLength":1,"maxLength":1024,
                "description":"section/key, section, path, or path#/pointer"},
            "kind":{"enum":["section","key","file","output"],
                "description":"of the place, where that could be two things"})",
        R"("service","place")");
    return m_context.methods().add(
        methodOf(u"goconf.why"_s,
                 u"Says what each layer has at a place, whose word counts, and which release "
                 "changed it last."_s,
                 schema, Access::Kind::read, &touchesWhy),
        *this, &WhyMethods::why);
}

// ---- what is looked at

/// What \a text may mean, the likelier first. Of a value within a file: the file.
static std::vector<Place> placesIn(const QByteArray &text, const QByteArray &kind)
{
    const bool isWithin = text.contains('#');
    const QByteArray whole = isWithin ? text.first(text.indexOf('#')) : text;
    const qsizetype slash = whole.indexOf('/');
    const QByteArray section = slash < 0 ? whole : whole.first(slash);
    const QByteArray key = slash < 0 ? QByteArray() : whole.sliced(slash + 1);
    const bool isFile = config::isFilePath(whole);
    std::vector<Place> places;
    const auto add = [&](bool isPossible, const char *name, Place place) {
        if (isPossible && (kind.isEmpty() || kind == name))
            places.push_back(std::move(place));
    };
    add(!isWithin && config::isName(section) && config::isName(key), "key",
        {Place::Kind::key, section, key});
    add(isFile, "file", {Place::Kind::file, {}, whole});
    add(isFile && kind == "output", "output", {Place::Kind::output, {}, whole});
    add(!isWithin && slash < 0 && config::isName(section), "section",
        {Place::Kind::section, section, {}});
    return places;
}

std::vector<const config::Layer *> WhyMethods::Stack::layers() const
{
    std::vector<const config::Layer *> layers;
    for (const Level &level : levels)
        layers.push_back(level.now.get());
    return layers;
}

Task<Answer<ViewId>> WhyMethods::viewOf(QCborMap params, Revision at)
{
    ViewId id{textIn(params, "service"), textIn(params, "scope", baseScope),
              textIn(params, "version"), textIn(params, "draft")};
    const QByteArray host = textIn(params, "host");
    if (host.isEmpty())
        co_return id;
    id.host = host;
    const auto file = co_await fileAt(m_library.store(), hostPath(host), at);
    if (!file)
        co_return file.error();
    if (!*file) {
        co_return Failure::of(
            Code::notFound,
            u"host: there is no %1; goconf.host.list says which there are"_s.arg(textOf(host)));
    }
    const Result<HostRecord> record = HostRecord::parse((*file)->value);
    if (!record)
        co_return record.error();
    if (!record->wants(id.service)) {
        co_return Failure::of(Code::invalidArgument,
                              u"host: %1 does not get %2"_s.arg(textOf(host), textOf(id.service)));
    }
    if (params.contains(u"scope"_s) && id.scope != record->idc) {
        co_return Failure::of(Code::invalidArgument, u"scope: %1 is in %2; leave it out"_s.arg(
                                                         textOf(host), textOf(record->idc)));
    }
    id.scope = record->idc;
    co_return id;
}

/// The layers of what is seen at \a id.
Task<Answer<WhyMethods::Stack>> WhyMethods::stackOf(ViewId id, Revision at)
{
    ViewId without = id;
    without.draft.clear();
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(without, at, false);
    if (!view)
        co_return view.error();
    if (id.draft.isEmpty() && !(*view)->reachesHosts())
        co_return notLive((*view)->id);
    without.version = (*view)->version;
    Stack stack{{}, at, (*view)->version};
    const goconf::Stack &parts = (*view)->stack;
    for (std::size_t i = 0; i < parts.layers().size(); ++i) {
        const auto &[of, snapshot] = parts.parts[i / 2];
        const bool isBase = i % 2 == 0;
        if (isBase ? hostOfScope(of.scope).has_value() : of.scope == baseScope)
            continue; // a host's layer has no base, and that of a service no own one
        const ViewId whose{of.service, of.scope, of.version, {}};
        Level level{parts.originOf(i), whose, snapshot, isBase};
        const Result<LayerPointer> layer = co_await m_library.layer(level.manifestIn(snapshot));
        if (!layer)
            co_return layer.error();
        level.live = *layer;
        level.now = *layer;
        stack.levels.push_back(level);
    }
    if (id.draft.isEmpty())
        co_return stack;
    const Answer<Viewer::Pointer> edited = co_await m_viewer.read(id, at, false);
    if (!edited)
        co_return edited.error();
    const DraftId pending{id.service, id.scope, id.draft};
    const Result<DraftState> draft = co_await m_drafts.read(pending, at);
    if (!draft)
        co_return draft.error();
    const auto own =
        std::find_if(stack.levels.rbegin(), stack.levels.rend(), [&id](const Level &level) {
            return level.of.service == id.service && level.of.scope == id.scope;
        });
    Level &top = *own; // the scope's own layer
    top.now = (*edited)->edited();
    top.draft = *draft;
    co_return stack;
}

// ---- since when

/// The snapshot that was live before; nothing if it is not kept any more.
Task<Result<std::optional<Snapshot>>> WhyMethods::parentOf(ViewId of, Revision at)
{
    // What an IDC had before it had a pointer of its own is of the base layer's scope.
    const std::vector<QByteArray> scopes{of.scope, QByteArray(baseScope)};
    for (const QByteArray &scope : scopes) {
        const QByteArray path = snapshotPath(of.service, scope, of.version);
        const auto file = co_await fileAt(m_library.store(), path, at);
        if (!file)
            co_return file.error();
        if (!*file)
            continue;
        const Result<Snapshot> snapshot = Snapshot::parse((*file)->value);
        if (!snapshot)
            co_return snapshot.error().in(textOf(path));
        co_return std::optional(*snapshot);
    }
    co_return std::optional<Snapshot>();
}

static Standing::Word wordOf(const LayerPointer &layer, const Place &place)
{
    return config::standingOf({layer.get()}, place).words.front();
}

/// Nothing if no version that is kept had another word of it.
Task<Result<std::optional<WhyMethods::Since>>> WhyMethods::sinceOf(Level level, Place place,
                                                                   Revision at)
{
    const Standing::Word word = wordOf(level.live, place);
    ViewId of = level.of;
    Since since{of.version, level.snapshot};
    if (of.version.isEmpty())
        co_return std::optional<Since>();
    int layers = 0;
    for (int i = 0; i < versionsMax; ++i) {
        of.version = since.snapshot.parent;
        if (of.version.isEmpty()) // the first that there was
            co_return isNothing(word.item) ? std::optional<Since>() : std::optional(since);
        const Result<std::optional<Snapshot>> parent = co_await parentOf(of, at);
        if (!parent)
            co_return parent.error();
        if (!*parent)
            break;
        const config::Hash before = level.manifestIn(**parent);
        if (before != level.manifestIn(since.snapshot)) {
            if (++layers > layersMax)
                break;
            const Result<LayerPointer> layer = co_await m_library.layer(before);
            if (!layer)
                co_return layer.error();
            if (wordOf(*layer, place) != word)
                co_return std::optional(since);
        }
        since = {of.version, **parent};
    }
    since.isCut = true;
    co_return std::optional(since);
}

Task<Result<QCborMap>> WhyMethods::describe(Since since, Revision at)
{
    QCborMap map{{u"version"_s, textOf(since.version)},
                 {u"by"_s, textOf(since.snapshot.author)},
                 {u"at"_s, qint64(since.snapshot.at.count())},
                 {u"message"_s, textOf(since.snapshot.note)}};
    if (since.isCut)
        map.insert(u"isCut"_s, true);
    if (since.snapshot.release.isEmpty())
        co_return map;
    const auto file = co_await fileAt(m_library.store(), releasePath(since.snapshot.release), at);
    if (!file)
        co_return file.error();
    map.insert(u"id"_s, textOf(since.snapshot.release));
    if (*file)
        map.insert(u"release"_s, u"r%1"_s.arg((*file)->created.value()));
    co_return map;
}

Task<Result<QCborMap>> WhyMethods::describeLevel(Level level, Place place, Standing::Word word,
                                                 Revision at)
{
    QCborMap map{{u"layer"_s, textOf(level.name)},
                 {u"version"_s, textOf(level.of.version)},
                 {u"item"_s, itemCbor(word.item)}};
    if (word.isOfSection)
        map.insert(u"isOfSection"_s, true);
    if (level.draft && wordOf(level.live, place) != word) {
        std::vector<Place> places{place, {Place::Kind::section, place.section, {}}};
        if (place.isPath())
            places.back() = sibling(place);
        for (const Place &one : places) {
            const auto found = level.draft->pending->find(one);
            if (found == level.draft->pending->end() || map.contains(u"pending"_s))
                continue;
            const Trace &made = found->second.record.made;
            map.insert(u"pending"_s, QCborMap{{u"draft"_s, textOf(level.draft->id.draft)},
                                              {u"by"_s, textOf(made.by)},
                                              {u"at"_s, qint64(made.at.count())}});
        }
        co_return map;
    }
    const Result<std::optional<Since>> since = co_await sinceOf(level, place, at);
    if (!since)
        co_return since.error();
    // Of a layer that has nothing and may never have had: there is nothing to tell.
    if (*since && !(isNothing(word.item) && (*since)->isCut)) {
        const Result<QCborMap> changed = co_await describe(**since, at);
        if (!changed)
            co_return changed.error();
        map.insert(u"changed"_s, *changed);
    }
    co_return map;
}

// ---- keys

/// Of some sections; of all of them if none is named.
static std::vector<Place> keysOf(const std::vector<QByteArray> &sections,
                                 const config::Layer &layer)
{
    std::vector<Place> keys;
    const auto add = [&keys](const config::Section &section) {
        for (const config::Key &key : section.keys)
            keys.push_back({Place::Kind::key, section.name, key.name});
    };
    if (sections.empty()) {
        for (const config::Section &section : layer.sections)
            add(section);
    }
    for (const QByteArray &name : sections) {
        if (const config::Section *section = layer.section(name))
            add(*section);
    }
    return keys;
}

static bool hasKeys(const std::vector<const config::Layer *> &layers, const QByteArray &name)
{
    return std::any_of(layers.begin(), layers.end(), [&name](const config::Layer *layer) {
        const config::Section *section = layer->section(name);
        return section != nullptr && !section->keys.empty();
    });
}

Task<Result<WhyMethods::Keys>> WhyMethods::keysIn(Stack stack, std::vector<QByteArray> sections)
{
    const auto work = [stack, sections] {
        const config::Merged merged = config::merge(stack.layers());
        Keys found;
        const std::vector<Place> keys = keysOf(sections, merged.layer);
        for (std::size_t i = 0; i < std::min(keys.size(), keysMax); ++i) {
            const QByteArray &from = stack.levels[merged.origins.at(keys[i])].name;
            found.list.append(
                QCborMap{{u"place"_s, textOf(keys[i].shown())}, {u"from"_s, textOf(from)}});
        }
        found.isMore = keys.size() > keysMax;
        return found;
    };
    const Result<Keys> found = co_await m_context.offload(work);
    co_return found;
}

// ---- the answer

Task<rpc::Outcome> WhyMethods::why(rpc::Call &call)
{
    const QCborMap params = call.params;
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const std::vector<Place> places = placesIn(textIn(params, "place"), textIn(params, "kind"));
    if (places.empty()) {
        co_return Failure::of(Code::invalidArgument,
                              u"place: expected section/key, a section, the path of a file or "
                              "output, or path#/pointer"_s);
    }
    const Answer<ViewId> id = co_await viewOf(params, *at);
    if (!id)
        co_return id.error();
    const Answer<Stack> stack = co_await stackOf(*id, *at);
    if (!stack)
        co_return stack.error();
    Place place = places.front();
    Standing standing = config::standingOf(stack->layers(), place);
    for (const Place &other : places) {
        if (standing.counts)
            break;
        const Standing found = config::standingOf(stack->layers(), other);
        const bool isSection = other.kind == Place::Kind::section;
        if (found.counts || (isSection && hasKeys(stack->layers(), other.section))) {
            place = other;
            standing = found;
        }
    }
    const Item item = standing.counts ? standing.words[*standing.counts].item : Item();
    if (std::holds_alternative<config::Output>(item))
        place.kind = Place::Kind::output;
    const auto answer = std::make_shared<QCborMap>(placeCbor(place));
    answer->insert(u"service"_s, textOf(id->service));
    answer->insert(u"scope"_s, textOf(id->scope));
    answer->insert(u"version"_s, textOf(stack->version));
    answer->insert(u"item"_s, itemCbor(item));
    if (standing.counts)
        answer->insert(u"from"_s, textOf(stack->levels[*standing.counts].name));
    QCborArray layers;
    for (std::size_t level = stack->levels.size(); level-- > 0;) {
        Result<QCborMap> one =
            co_await describeLevel(stack->levels[level], place, standing.words[level], *at);
        if (!one)
            co_return one.error();
        if (standing.counts == level)
            one->insert(u"counts"_s, true);
        if (standing.finalIn && level > *standing.finalIn && !isNothing(standing.words[level].item))
            one->insert(u"isForbidden"_s, true);
        layers.append(*one);
    }
    answer->insert(u"layers"_s, layers);
    std::vector<QByteArray> sections{place.section};
    const auto *output = std::get_if<config::Output>(&item);
    if (output != nullptr)
        sections = output->sections;
    if (output != nullptr || place.kind == Place::Kind::section) {
        const Result<Keys> keys = co_await keysIn(*stack, sections);
        if (!keys)
            co_return keys.error();
        answer->insert(u"keys"_s, keys->list);
        answer->insert(u"more"_s, keys->isMore);
    }
    co_return QCborValue(*answer);
}

} // namespace coffer::goconf
