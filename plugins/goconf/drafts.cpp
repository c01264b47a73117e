// SPDX-License-Identifier: Apache-2.0
#include "goconf/drafts.h"

#include "goconf/record_fields.h"
#include "goconf/release_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static constexpr std::chrono::minutes sweepEvery{5};

static std::vector<config::Change> changesOf(const PendingChanges &pending)
{
    std::vector<config::Change> changes;
    std::vector<const Pending *> asEdited; // of the same index in changes
    changes.reserve(pending.size());
    asEdited.reserve(pending.size());
    for (const auto &[place, one] : pending) {
        changes.push_back(one.record.change);
        asEdited.push_back(&one);
    }
    std::vector<std::size_t> order(changes.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(asEdited[a]->created, changes[a].order)
               < std::pair(asEdited[b]->created, changes[b].order);
    });
    std::uint32_t number = 0;
    for (const std::size_t index : order) {
        ++number;
        if (changes[index].order > 0)
            changes[index].order = number;
    }
    return changes;
}

/// What the files of a draft say.
static Result<DraftState> stateOf(const DraftId &id, const std::vector<store::FileView> &files)
{
    DraftState state{.id = id};
    PendingChanges pending;
    state.files = files.size();
    const QByteArray edited = editedPath(id);
    const QByteArray taken = takenPath(id);
    for (const store::FileView &file : files) {
        if (file.path == edited)
            state.edited = file.revision;
        else if (file.path == taken)
            state.takenUpTo = takenUpTo(file.value);
    }
    for (const store::FileView &file : files) {
        if (file.path == edited || file.path == taken || file.revision <= state.takenUpTo)
            continue;
        const Result<DraftRecord> record = DraftRecord::parse(file.value);
        if (!record)
            return record.error().in(textOf(file.path));
        if (changePath(id, record->change.place) != file.path)
            return Error{ErrorCode::corrupt, textOf(file.path) + u": it is of another place"_s};
        pending.emplace(record->change.place, Pending{*record, file.revision, file.created});
    }
    state.changes = std::make_shared<std::vector<config::Change>>(changesOf(pending));
    state.pending = std::make_shared<PendingChanges>(std::move(pending));
    return state;
}

Task<Result<DraftState>> Drafts::read(DraftId id, Revision at)
{
    Result<std::vector<store::FileView>> files =
        co_await filesAt(m_library.store(), draftPath(id), at);
    if (!files)
        co_return files.error();
    const auto list = std::make_shared<const std::vector<store::FileView>>(std::move(*files));
    const auto work = [id, list] { return stateOf(id, *list); };
    Result<DraftState> state = Error{};
    if (list->size() < 50) {
        state = work();
    } else {
        const Result<Result<DraftState>> made = co_await m_context.offload(work);
        if (!made)
            co_return made.error();
        state = *made;
    }
    if (state)
        state->at = at;
    co_return state;
}

Task<Result<std::vector<DraftId>>> Drafts::list(QByteArray service, Revision at)
{
    std::vector<DraftId> drafts;
    const Result<std::vector<QByteArray>> scopes =
        co_await namesAt(m_library.store(), treePath(service), at);
    if (!scopes)
        co_return scopes.error();
    for (const QByteArray &scope : *scopes) {
        const QByteArray path = treePath(service) + '/' + scope + "/draft";
        const Result<std::vector<QByteArray>> names = co_await namesAt(m_library.store(), path, at);
        if (!names)
            co_return names.error();
        for (const QByteArray &name : *names)
            drafts.push_back({service, scope, name});
    }
    co_return drafts;
}

/// What apply() may need in order to merge texts of files: where the live one is another.
Task<Result<config::Contents>> Drafts::contentsToMerge(LayerPointer live, ChangesPointer of)
{
    config::Contents contents;
    for (const config::Change &change : *of) {
        if (change.place.kind != config::Place::Kind::file)
            continue;
        const config::Item theirs = config::itemAt(*live, change.place);
        if (theirs == change.base || theirs == change.now)
            continue;
        const std::vector<config::Item> sides{change.base, change.now, theirs};
        for (const config::Item &item : sides) {
            const auto *file = std::get_if<config::File>(&item);
            if (file == nullptr)
                continue;
            const Result<QByteArray> bytes = co_await m_library.content(file->content, file->bytes);
            if (!bytes)
                co_return bytes.error();
            contents.insert_or_assign(file->content, *bytes);
        }
    }
    co_return contents;
}

Task<Result<config::Applied>> Drafts::apply(DraftState draft, LayerPointer live)
{
    const Result<config::Contents> contents = co_await contentsToMerge(live, draft.changes);
    if (!contents)
        co_return contents.error();
    const auto work = [live, changes = draft.changes, texts = *contents] {
        return config::apply(*live, *changes, texts);
    };
    const Result<config::Applied> applied = co_await m_context.offload(work);
    co_return applied;
}

Task<Result<std::uint64_t>> Drafts::count(DraftId id, Revision at)
{
    const Result<std::optional<store::FileView>> mark =
        co_await fileAt(m_library.store(), takenPath(id), at);
    if (!mark)
        co_return mark.error();
    const Revision taken = *mark ? takenUpTo((*mark)->value) : Revision();
    const Result<std::vector<store::FileView>> files =
        co_await filesAt(m_library.store(), draftPath(id), at, store::Detail::keys);
    if (!files)
        co_return files.error();
    const auto isPending = [&](const store::FileView &file) {
        return file.revision > taken && file.path != editedPath(id) && file.path != takenPath(id);
    };
    co_return std::uint64_t(std::count_if(files->begin(), files->end(), isPending));
}

// ---- waste

Result<void> Drafts::start()
{
    return m_context.exclusive(u"drafts"_s,
                               [this](DutyPointer duty) { return run(std::move(duty)); });
}

Task<Result<void>> Drafts::run(DutyPointer duty)
{
    bool goesOn = co_await duty->sleep(sweepEvery);
    while (goesOn) {
        const Result<void> swept = co_await sweepAll();
        if (!swept && !duty->isOver())
            m_context.log().warning(u"published drafts are left: "_s + swept.error().message);
        goesOn = co_await duty->sleep(sweepEvery);
    }
    co_return Result<void>();
}

Task<Result<void>> Drafts::sweepAll()
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<std::vector<QByteArray>> services = co_await m_library.services(*at);
    if (!services)
        co_return services.error();
    for (const QByteArray &service : *services) {
        const Result<std::vector<DraftId>> drafts = co_await list(service, *at);
        if (!drafts)
            co_return drafts.error();
        for (const DraftId &id : *drafts) {
            const Result<void> swept = co_await sweep(id);
            if (!swept)
                co_return swept.error();
        }
    }
    co_return Result<void>();
}

/// A file that is written anew meanwhile is newer than what was taken, and stays.
Task<Result<void>> Drafts::sweep(DraftId id)
{
    store::List list{.path = draftPath(id), .page = {}, .at = {}};
    list.page.detail = store::Detail::keys;
    const QByteArray path = takenPath(id);
    for (bool isMore = true; isMore;) {
        const Result<std::optional<store::FileView>> mark = co_await m_library.store().get(path);
        if (!mark)
            co_return mark.error();
        if (!*mark)
            co_return Result<void>();
        const Revision upTo = takenUpTo((*mark)->value);
        const store::Question question = list;
        const Result<store::Reply> reply = co_await m_library.store().read(question);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = pluginapi::errorOf(*reply))
            co_return *error;
        store::Transaction removal;
        for (const store::FileView &file : reply->files) {
            if (file.revision > upTo || file.path == path)
                continue;
            removal.guards.emplace_back(store::RevisionEquals{file.path, file.revision});
            removal.operations.emplace_back(store::Delete{file.path});
        }
        isMore = reply->hasMore;
        list.page.after = reply->resume;
        if (!isMore) { // nothing is left for it to speak of
            removal.guards.emplace_back(store::RevisionEquals{path, (*mark)->revision});
            removal.operations.emplace_back(store::Delete{path});
        }
        if (removal.operations.empty())
            continue;
        const Result<store::Answer> answer = co_await m_library.store().commit(removal);
        if (!answer)
            co_return answer.error();
        if (answer->status == store::Status::guardFailed) {
            list.page.after.clear(); // somebody edits: look again
            isMore = true;
        } else if (const std::optional<Error> error = pluginapi::errorOf(*answer)) {
            co_return *error;
        }
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
