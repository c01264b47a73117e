// SPDX-License-Identifier: Apache-2.0
#include "goconf/search_methods.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"
#include "goconf/release_log.h"

#include "config/name.h"

#include <QCborArray>

#include <algorithm>
#include <tuple>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

// What one call looks at; the next one goes on.
static constexpr qsizetype bytesMax = qsizetype(16) << 20; ///< And one file more.
static constexpr qsizetype unitBytes = 64 * 1024;          ///< What a layer counts, however small.
static constexpr qsizetype entryBytes = 32;                ///< What an item of it counts.
static constexpr int messagesMax = 1'000;

// Parts of a scope that are no drafts: names of those do not begin so.
static constexpr char oldBase[] = "_base";
static constexpr char tryout[] = "_candidate";
static bool isDraft(const QByteArray &part) { return !part.isEmpty() && !part.startsWith('_'); }

struct SearchMethods::Search
{
    Needle needle = {};
    bool inMessages = false;
    bool inLayers = false;
    QByteArray service = {}; ///< "": all that the caller may read.
    QByteArray scope = {};   ///< "": all.
    QByteArray draft = {};   ///< "": what is live alone.
    rpc::Caller caller = {};
    Revision at = {};
    WallMs time{0};

    Unit unit = {}; ///< Where to go on: behind \c spot in it.
    Spot spot = {};
    std::optional<QByteArray> message = {}; ///< Behind this release; "": all messages.

    Allowance left = {};
    QCborArray hits = {};
    QByteArray next = {}; ///< Where the next call goes on; "": all was looked at.
    std::map<QByteArray, bool> mayRead = {};

    [[nodiscard]] Spot after(const Unit &of) const { return of.isSame(unit) ? spot : Spot(); }
    void stop(const Unit &in, const Spot &behind)
    {
        next = in.service + '|' + in.scope + '|' + in.part + '|' + behind.text();
    }
    void take(const Unit &in, Found found);
};

// ---- places to go on

static auto rankOf(const QByteArray &service, const QByteArray &scope, const QByteArray &part)
{
    return std::tuple(service, scope != baseScope && !scope.isEmpty(), scope, part);
}

bool SearchMethods::Unit::isBefore(const Unit &other) const
{
    return rankOf(service, scope, part) < rankOf(other.service, other.scope, other.part);
}

bool SearchMethods::Unit::isSame(const Unit &other) const
{
    return service == other.service && scope == other.scope && part == other.part;
}

static const char *fieldName(const Spot &spot)
{
    const bool isPath = spot.place.kind == config::Place::Kind::file
                        || spot.place.kind == config::Place::Kind::output;
    switch (spot.field) {
    case Field::value: return "values";
    case Field::comment: return "comments";
    case Field::name: return isPath ? "files" : "keys";
    case Field::content:
    case Field::all: break;
    }
    return "files";
}

static void putLine(QCborMap &map, const Hit &hit)
{
    map.insert(u"line"_s, hit.spot.line);
    map.insert(u"column"_s, qint64(hit.column));
    map.insert(u"text"_s, hit.text);
    map.insert(u"from"_s, qint64(hit.from));
    map.insert(u"to"_s, qint64(hit.to));
}

void SearchMethods::Search::take(const Unit &in, Found found)
{
    for (const Hit &hit : found.hits) {
        QCborMap map = placeCbor(hit.spot.place);
        map.insert(u"service"_s, textOf(in.service));
        map.insert(u"scope"_s, textOf(in.scope));
        map.insert(u"in"_s, QLatin1String(fieldName(hit.spot)));
        if (isDraft(in.part))
            map.insert(u"draft"_s, textOf(in.part));
        else
            map.insert(u"version"_s, textOf(in.version));
        if (in.part == oldBase)
            map.insert(u"layer"_s, textOf(baseScope));
        if (in.part == tryout)
            map.insert(u"candidate"_s, true);
        putLine(map, hit);
        hits.append(map);
    }
    left = found.left;
    if (found.stopped)
        stop(in, *found.stopped);
}

// ---- the method

static std::vector<rpc::Touch> touchesSearched(const rpc::Call &call)
{
    const bool isOne = call.params.contains("service"_L1);
    return isOne ? touchesService(call) : std::vector<rpc::Touch>();
}

Result<void> SearchMethods::start()
{
    rpc::Method method =
        methodOf(u"goconf.search"_s,
                 u"Finds a text in what is live, with draft also in the drafts of that name, and "
                 u"in messages "
                 "of releases: in all services that the caller may read, or in one."_s,
                 schemaOf(R"("text":{"type":"string","minLength":1,"maxLength":256},
            "service":$service,"scope":$scope,"draft":$draft,"caseSensitive":{"type":"boolean"},
            "in":{"type":"array","maxItems":5,"items":{"enum":["keys","values","comments","files",
                "messages"]},"description":"where; everywhere if it is not given"},
            "limit":{"type":"integer","minimum":1,"maximum":1000},
            "after":{"type":"string","maxLength":1024,"description":"next of the answer before"})",
                          R"("text")"),
                 Access::Kind::read, &touchesSearched);
    method.access.isForAll = true; // each service is asked for when it is looked through
    return m_context.methods().add(std::move(method), *this, &SearchMethods::search);
}

Answer<SearchMethods::SearchPointer> SearchMethods::wishOf(const rpc::Call &call)
{
    const QString text = call.params.value(u"text"_s).toString();
    if (text.contains(u'\n') || text.contains(u'\r'))
        return Failure::of(Code::invalidArgument, u"text: expected a part of one line"_s);
    const bool isSensitive = call.params.value(u"caseSensitive"_s).toBool();
    const auto search = std::make_shared<Search>();
    search->needle.matcher =
        QStringMatcher(text, isSensitive ? Qt::CaseSensitive : Qt::CaseInsensitive);
    const std::vector<QByteArray> in = textsIn(call.params, "in");
    const bool isAll = !call.params.contains("in"_L1);
    const auto isIn = [&](const char *name) {
        return isAll || std::find(in.begin(), in.end(), name) != in.end();
    };
    search->needle.inKeys = isIn("keys");
    search->needle.inValues = isIn("values");
    search->needle.inComments = isIn("comments");
    search->needle.inFiles = isIn("files");
    search->inMessages = isIn("messages");
    search->inLayers = search->needle.inKeys || search->needle.inValues || search->needle.inComments
                       || search->needle.inFiles;
    search->service = textIn(call.params, "service");
    search->scope = textIn(call.params, "scope");
    search->draft = textIn(call.params, "draft");
    search->caller = call.caller;
    search->left = {qsizetype(call.params.value(u"limit"_s).toInteger(100)), bytesMax};

    const QByteArray after = textIn(call.params, "after");
    if (after.isEmpty())
        return search;
    if (after == "#" || (after.startsWith('#') && config::isName(after.sliced(1)))) {
        search->message = after.sliced(1);
        return search;
    }
    const QList<QByteArray> words = after.split('|');
    const std::optional<Spot> spot = Spot::parse(words.value(3));
    if (words.size() != 4 || !spot)
        return Failure::of(Code::invalidArgument,
                           u"after: expected what `next` of the answer before said"_s);
    search->unit = {words[0], words[1], words[2]};
    search->spot = *spot;
    return search;
}

Task<rpc::Outcome> SearchMethods::search(rpc::Call &call)
{
    const Answer<SearchPointer> wish = wishOf(call);
    if (!wish)
        co_return wish.error();
    const SearchPointer &search = *wish;
    if (!search->service.isEmpty()) {
        const std::optional<Failure> denied = co_await denial(search, search->service);
        if (denied)
            co_return *denied;
    }
    const Result<Moment> moment = co_await newestMoment(m_library.store());
    if (!moment)
        co_return moment.error();
    search->at = moment->at;
    search->time = moment->time;
    if (!search->service.isEmpty()) {
        const QByteArray scope = search->scope.isEmpty() ? baseScope : search->scope;
        const Result<void> known = co_await m_library.known(search->service, scope, search->at);
        if (!known)
            co_return known.error();
    }
    if (search->inLayers && !search->message) {
        const Answer<bool> done = co_await searchServices(search);
        if (!done)
            co_return done.error();
    }
    const bool isForMessages = search->inMessages && search->next.isEmpty();
    if (isForMessages && search->left.isUsedUp()) {
        search->next = "#";
    } else if (isForMessages) {
        const Answer<bool> done = co_await searchMessages(search);
        if (!done)
            co_return done.error();
    }
    QCborMap answer{{u"hits"_s, search->hits}, {u"revision"_s, qint64(search->at.value())}};
    if (!search->next.isEmpty())
        answer.insert(u"next"_s, textOf(search->next));
    co_return QCborValue(answer);
}

/// There is no release before r1, so that this asks for rights and nothing else.
Task<std::optional<Failure>> SearchMethods::denial(SearchPointer search, QByteArray service)
{
    const auto known = search->mayRead.find(service);
    if (known != search->mayRead.end() && known->second)
        co_return std::nullopt;
    const QCborMap params{{u"service"_s, textOf(service)}, {u"before"_s, u"r1"_s}};
    pluginapi::PluginCallOptions options;
    options.caller = search->caller;
    const rpc::Outcome outcome = co_await m_context.call(u"goconf.history"_s, params, options);
    search->mayRead.insert_or_assign(service, outcome.has_value());
    if (outcome)
        co_return std::nullopt;
    Failure failure = outcome.error();
    co_return failure;
}

static bool isDenial(const Failure &failure)
{
    return failure.code == Code::denied || failure.code == Code::unauthenticated;
}

// ---- layers and drafts

Task<Answer<bool>> SearchMethods::searchServices(SearchPointer search)
{
    std::vector<QByteArray> services{search->service};
    if (search->service.isEmpty()) {
        const Result<std::vector<QByteArray>> all = co_await m_library.services(search->at);
        if (!all)
            co_return all.error();
        services = *all;
        std::sort(services.begin(), services.end());
    }
    for (const QByteArray &service : services) {
        if (service < search->unit.service)
            continue;
        if (search->left.isUsedUp()) {
            search->stop({service}, {});
            co_return true;
        }
        const std::optional<Failure> denied = co_await denial(search, service);
        const bool isGone = denied && denied->code == Code::notFound; // since that revision
        if (denied && !isDenial(*denied) && !isGone)
            co_return *denied;
        search->left.bytes -= unitBytes;
        if (denied)
            continue;
        const Result<void> done = co_await searchService(search, service);
        if (!done)
            co_return done.error();
        if (!search->next.isEmpty())
            co_return true;
    }
    co_return true;
}

Task<Result<std::vector<SearchMethods::Unit>>> SearchMethods::unitsOf(SearchPointer search,
                                                                      QByteArray service)
{
    const Result<ServiceState> state = co_await m_library.service(service, search->at);
    if (!state)
        co_return state.error();
    std::vector<Unit> units;
    const ScopeState *base = state->scope(baseScope);
    const config::Hash liveBase = base == nullptr ? config::Hash() : base->live.base;
    for (const auto &[scope, one] : state->scopes) {
        const bool isBase = scope == baseScope;
        const QByteArray version = one.pointer.current;
        units.push_back({service, scope, {}, version, isBase ? one.live.base : one.live.own});
        if (!isBase && !hostOfScope(scope) && one.live.base != liveBase)
            units.push_back({service, scope, oldBase, version, one.live.base});
        const config::Hash tried = isBase ? one.candidate.base : one.candidate.own;
        if (one.pointer.candidate && tried != (isBase ? one.live.base : one.live.own))
            units.push_back({service, scope, tryout, one.pointer.candidate->version, tried});
    }
    if (!search->draft.isEmpty()) {
        const Result<std::vector<DraftId>> drafts = co_await m_drafts.list(service, search->at);
        if (!drafts)
            co_return drafts.error();
        for (const DraftId &draft : *drafts) {
            if (draft.draft == search->draft)
                units.push_back({service, draft.scope, draft.draft});
        }
    }
    std::erase_if(units, [&search](const Unit &unit) {
        const bool isOther = !search->scope.isEmpty() && unit.scope != search->scope;
        return isOther || unit.isBefore(search->unit);
    });
    std::sort(units.begin(), units.end(),
              [](const Unit &a, const Unit &b) { return a.isBefore(b); });
    co_return units;
}

Task<Result<void>> SearchMethods::searchService(SearchPointer search, QByteArray service)
{
    const Result<std::vector<Unit>> units = co_await unitsOf(search, service);
    if (!units)
        co_return units.error();
    for (const Unit &unit : *units) {
        if (search->left.isUsedUp()) {
            search->stop(unit, search->after(unit));
            co_return Result<void>();
        }
        const Result<void> done = co_await searchUnit(search, unit);
        if (!done)
            co_return done.error().in(textOf(unit.service + '@' + unit.scope));
        if (!search->next.isEmpty())
            co_return Result<void>();
    }
    co_return Result<void>();
}

Task<Result<SearchMethods::EntriesPointer>> SearchMethods::entries(SearchPointer search, Unit unit)
{
    if (isDraft(unit.part)) {
        const DraftId id{unit.service, unit.scope, unit.part};
        const Result<DraftState> draft = co_await m_drafts.read(id, search->at);
        if (!draft)
            co_return draft.error();
        const auto work = [from = draft->changes] {
            return EntriesPointer(std::make_shared<Entries>(entriesOf(*from)));
        };
        const Result<EntriesPointer> made = co_await m_context.offload(work);
        co_return made;
    }
    const Result<LayerPointer> layer = co_await m_library.layer(unit.manifest);
    if (!layer)
        co_return layer.error();
    const auto work = [from = *layer] {
        return EntriesPointer(std::make_shared<Entries>(entriesOf(*from)));
    };
    const Result<EntriesPointer> made = co_await m_context.offload(work);
    co_return made;
}

Task<Result<void>> SearchMethods::searchUnit(SearchPointer search, Unit unit)
{
    const Result<EntriesPointer> entries = co_await this->entries(search, unit);
    if (!entries)
        co_return entries.error();
    Result<void> done = co_await searchKeys(search, unit, *entries, false);
    if (done && search->next.isEmpty() && search->needle.inFiles)
        done = co_await searchFiles(search, unit, *entries);
    if (done && search->next.isEmpty())
        done = co_await searchKeys(search, unit, *entries, true);
    const std::size_t count = (*entries)->keys.size() + (*entries)->files.size();
    search->left.bytes -= unitBytes + qsizetype(count) * entryBytes;
    co_return done;
}

Task<Result<void>> SearchMethods::searchKeys(SearchPointer search, Unit unit,
                                             EntriesPointer entries, bool isOutputs)
{
    const auto work = [entries, isOutputs, needle = search->needle, after = search->after(unit),
                       left = search->left] {
        return searchEntries(isOutputs ? entries->outputs : entries->keys, needle, after, left);
    };
    const Result<Found> found = co_await m_context.offload(work);
    if (!found)
        co_return found.error();
    search->take(unit, *found);
    co_return Result<void>();
}

Task<Result<void>> SearchMethods::searchFiles(SearchPointer search, Unit unit,
                                              EntriesPointer entries)
{
    const Spot after = search->after(unit);
    for (const config::File &file : entries->files) {
        const config::Place place{config::Place::Kind::file, {}, file.path};
        if (!(after < Spot::behind(place)))
            continue;
        const Result<QByteArray> bytes = co_await m_library.content(file.content, file.bytes);
        if (!bytes)
            co_return bytes.error().in(textOf(file.path));
        const auto work = [path = file.path, text = *bytes, needle = search->needle, after,
                           left = search->left] {
            return searchFile(path, text, needle, after, left);
        };
        const Result<Found> found = co_await m_context.offload(work);
        if (!found)
            co_return found.error();
        search->take(unit, *found);
        if (!search->next.isEmpty())
            break;
    }
    co_return Result<void>();
}

// ---- messages

Task<Answer<bool>> SearchMethods::searchMessage(SearchPointer search, QByteArray id)
{
    const auto file = co_await fileAt(m_library.store(), releasePath(id), search->at);
    if (!file)
        co_return file.error();
    if (!*file)
        co_return false;
    const Result<ReleaseRecord> record = ReleaseRecord::parse((*file)->value);
    if (!record)
        co_return record.error().in(textOf((*file)->path));
    const std::vector<Hit> hits =
        searchLines(textOf(record->message), search->needle, search->left.hits);
    if (hits.empty())
        co_return false;
    QByteArray shown; // the first service of it that the caller asks for and may read
    for (const ReleaseRecord::Service &service : record->services) {
        if (!search->service.isEmpty() && service.service != search->service)
            continue;
        const std::optional<Failure> denied = co_await denial(search, service.service);
        if (denied && !isDenial(*denied))
            co_return *denied;
        if (denied)
            continue;
        shown = service.service;
        break;
    }
    if (shown.isEmpty())
        co_return false;
    for (const Hit &hit : hits) {
        QCborMap map{{u"service"_s, textOf(shown)},
                     {u"in"_s, u"messages"_s},
                     {u"release"_s, u"r%1"_s.arg((*file)->created.value())},
                     {u"id"_s, textOf(id)},
                     {u"by"_s, textOf(record->made.by)},
                     {u"at"_s, qint64(record->made.at.count())}};
        putLine(map, hit);
        search->hits.append(map);
    }
    search->left.hits -= qsizetype(hits.size());
    co_return true;
}

Task<Answer<bool>> SearchMethods::searchMessages(SearchPointer search)
{
    std::optional<ReleaseKey> before;
    if (search->message && !search->message->isEmpty()) {
        const Result<std::optional<ReleaseKey>> known = co_await ReleaseLog::find(
            m_library.store(), *search->message, search->at, search->time);
        if (!known)
            co_return known.error();
        if (!*known)
            co_return Failure::of(Code::invalidArgument,
                                  u"after: there is no release "_s + textOf(*search->message));
        before = *known;
    }
    ReleaseLog log(m_library.store(), search->at, search->time, before);
    for (int looked = 0;;) {
        const Result<std::vector<ReleaseKey>> keys = co_await log.next();
        if (!keys)
            co_return keys.error();
        if (keys->empty())
            co_return true;
        for (const ReleaseKey &key : *keys) {
            const Answer<bool> found = co_await searchMessage(search, key.id);
            if (!found)
                co_return found.error();
            if (++looked < messagesMax && search->left.hits > 0)
                continue;
            search->next = '#' + key.id;
            co_return true;
        }
    }
}

} // namespace coffer::goconf
