// SPDX-License-Identifier: Apache-2.0
#include "goconf/schema_methods.h"

#include "config/name.h"
#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

static constexpr int tries = 5;

/// It says what is live, where that does not fit.
static std::vector<rpc::Touch> touchesSet(const rpc::Call &call)
{
    std::vector<rpc::Touch> touches{
        {Access::Kind::write, servicePath(textIn(call.params, "service")), false}};
    for (const rpc::Touch &touch : touchesService(call))
        touches.push_back(touch);
    return touches;
}

static std::vector<rpc::Touch> touchesRemove(const rpc::Call &call)
{
    return {{Access::Kind::write, servicePath(textIn(call.params, "service")), false}};
}

Result<void> SchemaMethods::start()
{
    pluginapi::Methods &methods = m_context.methods();
    const QByteArray of = R"("service":$name,"path":{"type":"string","maxLength":512,
        "description":"of the file or output that it describes; else the keys"})";
    // Characters, of which each has up to four bytes: the rest is said by the reader of schemas.
    const QByteArray text = R"(,"schema":{"type":"string","minLength":1,"maxLength":65536,
        "description":"JSON Schema, draft-07, as text"})";
    rpc::Method check =
        methodOf(u"goconf.schema.check"_s,
                 u"Says what is wrong with a schema, and what does not fit it of what is live, or "
                 "of a draft; without a schema those that the service has."_s,
                 schemaOf(of + text + R"(,"scope":$scope,"draft":$draft)", R"("service")"),
                 Access::Kind::read, &touchesService);
    rpc::Method set = methodOf(
        u"goconf.schema.set"_s,
        u"Gives a service a JSON Schema: what does not fit is not published any more. Refused "
        "if what is live does not fit."_s,
        schemaOf(of + text + R"(,"as":$name,"force":{"type":"boolean",
            "description":"also if what is live does not fit"})",
                 R"("service","schema")"),
        Access::Kind::write, &touchesSet);
    check.deadline = set.deadline = std::chrono::seconds(60);
    for (const Result<void> &added :
         {methods.add(methodOf(u"goconf.schema.get"_s,
                               u"The schemas of a service: all, or that of one path (\"\": of "
                               "the keys)."_s,
                               schemaOf(of, R"("service")"), Access::Kind::read, &touchesService),
                      *this, &SchemaMethods::get),
          methods.add(check, *this, &SchemaMethods::check),
          methods.add(set, *this, &SchemaMethods::set),
          methods.add(methodOf(u"goconf.schema.remove"_s, u"Takes a schema from a service."_s,
                               schemaOf(of + R"(,"as":$name)", R"("service")"), Access::Kind::write,
                               &touchesRemove),
                      *this, &SchemaMethods::remove)}) {
        if (!added)
            return added;
    }
    return {};
}

static Failure noSchema(const QByteArray &service, const QByteArray &path,
                        const ServiceRecord &record)
{
    QStringList known;
    for (const auto &[some, mark] : record.schemas)
        known += some.isEmpty() ? u"for its keys"_s : u"for "_s + textOf(some);
    return Failure::of(
        Code::notFound,
        u"%1 has no schema for %2; %3"_s.arg(
            textOf(service), path.isEmpty() ? u"its keys"_s : textOf(path),
            known.isEmpty() ? u"it has none at all"_s : u"it has one "_s + known.join(u", "_s)));
}

// ---- looking

Task<rpc::Outcome> SchemaMethods::get(rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service");
    const bool isOne = call.params.contains(u"path"_s);
    const QByteArray path = textIn(call.params, "path");
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<ServiceState> state = co_await m_library.service(service, *at);
    if (!state)
        co_return state.error();
    QCborArray schemas;
    for (const auto &[of, mark] : state->record.schemas) {
        if (isOne && of != path)
            continue;
        const Result<QByteArray> text = co_await m_library.content(mark.hash, mark.bytes);
        if (!text)
            co_return text.error();
        schemas.append(QCborMap{{u"path"_s, textOf(of)},
                                {u"hash"_s, textOf(mark.hash.hex())},
                                {u"by"_s, textOf(mark.made.by)},
                                {u"at"_s, qint64(mark.made.at.count())},
                                {u"schema"_s, textOf(*text)}});
    }
    if (isOne && schemas.isEmpty())
        co_return noSchema(service, path, state->record);
    co_return QCborValue(QCborMap{{u"service"_s, textOf(service)}, {u"schemas"_s, schemas}});
}

Task<Answer<BoundSchema>> SchemaMethods::schemaIn(QCborMap params)
{
    const QByteArray path = textIn(params, "path");
    if (!path.isEmpty()) {
        if (const Result<void> checked = config::checkFilePath(path); !checked)
            co_return checked.error().in(u"path"_s);
    }
    const Result<BoundSchema> schema = co_await m_shelf.read(path, textIn(params, "schema"));
    if (!schema)
        co_return schema.error().in(u"schema"_s);
    co_return *schema;
}

Task<rpc::Outcome> SchemaMethods::check(rpc::Call &call)
{
    const DraftId id = draftIn(call.params);
    const bool isOfDraft = call.params.contains(u"draft"_s);
    std::optional<BoundSchema> trial;
    if (call.params.contains(u"schema"_s)) {
        const Answer<BoundSchema> schema = co_await schemaIn(call.params);
        if (!schema)
            co_return schema.error();
        trial = *schema;
    }
    Verdict verdict;
    if (isOfDraft) {
        const Answer<Verdict> found = co_await m_publisher.validate(id, trial);
        if (!found)
            co_return found.error();
        verdict = *found;
    } else {
        const Answer<LiveVerdict> found = co_await m_publisher.tryLive(id.service, trial);
        if (!found)
            co_return found.error();
        verdict = {found->faults, {}, found->documents};
    }
    co_return QCborValue(QCborMap{{u"ok"_s, verdict.faults.empty() && verdict.conflicts.empty()},
                                  {u"faults"_s, faultsCbor(verdict.faults)},
                                  {u"conflicts"_s, conflictsCbor(verdict.conflicts)},
                                  {u"documents"_s, qint64(verdict.documents)}});
}

// ---- changing

Task<Result<std::optional<Revision>>> SchemaMethods::commit(QByteArray service,
                                                            ServiceRecord record, Seen seen,
                                                            std::vector<Library::Stored> pieces)
{
    store::Transaction transaction;
    const QByteArray path = servicePath(service);
    transaction.guards.emplace_back(store::RevisionEquals{path, seen.service});
    if (seen.global)
        transaction.guards.push_back(
            pluginapi::expectedRevision(servicePath(globalService), *seen.global));
    for (const Library::Stored &piece : pieces)
        transaction.guards.emplace_back(store::CreatedEquals{piece.path, piece.created});
    transaction.operations.emplace_back(store::Put{.path = path, .value = record.toJson()});
    // A release of _global, which looked at what is live by the schemas that were, is planned anew.
    transaction.operations.emplace_back(
        store::Put{.path = serviceReleasesPath(), .value = useMark});
    const Result<store::Answer> answer = co_await m_context.store().commit(transaction);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::guardFailed)
        co_return std::optional<Revision>();
    if (const std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return *error;
    co_return std::optional(answer->revision);
}

static Failure refusedByLive(const std::vector<ClassFault> &faults)
{
    Failure failure = faultsFailure(faults);
    failure.code = Code::refused;
    failure.message = u"what is live does not fit: %1. Publish what fits first, or say force; "
                      "then nothing can be published before it fits"_s.arg(failure.message);
    return failure;
}

Task<SchemaMethods::Attempt> SchemaMethods::trySet(Wish wish)
{
    const Answer<LiveVerdict> live = co_await m_publisher.tryLive(wish.service, wish.schema);
    if (!live)
        co_return live.error();
    if (!live->faults.empty() && !wish.isForced)
        co_return refusedByLive(live->faults);
    ServiceRecord record = live->state.record;
    QCborMap answer{{u"hash"_s, textOf(wish.schema.hash.hex())},
                    {u"documents"_s, qint64(live->documents)},
                    {u"faults"_s, faultsCbor(live->faults)}};
    const auto there = record.schemas.find(wish.schema.path);
    const bool isNew = there == record.schemas.end();
    if (!isNew && there->second.hash == wish.schema.hash) {
        answer.insert(u"changed"_s, false);
        co_return std::optional(answer);
    }
    if (isNew && record.schemas.size() >= ServiceRecord::schemasMax) {
        co_return Failure::of(Code::refused,
                              u"%1 has %2 schemas, which is the most"_s.arg(textOf(wish.service))
                                  .arg(ServiceRecord::schemasMax));
    }
    std::vector<config::Object> objects;
    objects.push_back({wish.schema.hash, wish.text});
    const auto stored = co_await m_library.putObjects(objects);
    if (!stored)
        co_return stored.error();
    record.schemas.insert_or_assign(
        wish.schema.path, SchemaMark{wish.schema.hash, std::uint64_t(wish.text.size()), wish.made});
    const Seen seen{live->state.revision, live->global};
    const Result<std::optional<Revision>> done =
        co_await commit(wish.service, record, seen, *stored);
    if (!done)
        co_return done.error();
    if (!*done)
        co_return std::optional<QCborMap>();
    answer.insert(u"changed"_s, true);
    answer.insert(u"revision"_s, qint64((*done)->value()));
    co_return std::optional(answer);
}

static Failure changedAllTheTime(const QByteArray &service)
{
    return Failure::of(Code::conflict,
                       u"%1 is being released or changed all the time; try again in a moment"_s.arg(
                           textOf(service)));
}

Task<rpc::Outcome> SchemaMethods::set(rpc::Call &call)
{
    const Trace made = traceOf(call, m_context.clock());
    const QCborMap params = call.params;
    const Answer<BoundSchema> schema = co_await schemaIn(params);
    if (!schema)
        co_return schema.error();
    const Wish wish{textIn(params, "service"), textIn(params, "schema"), *schema, made,
                    params.value(u"force"_s).toBool()};
    for (int i = 0; i < tries; ++i) {
        const Attempt attempt = co_await trySet(wish);
        if (!attempt)
            co_return attempt.error();
        if (*attempt)
            co_return QCborValue(**attempt);
    }
    co_return changedAllTheTime(wish.service);
}

Task<SchemaMethods::Attempt> SchemaMethods::tryRemove(QByteArray service, QByteArray path)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<ServiceState> state = co_await m_library.service(service, *at);
    if (!state)
        co_return state.error();
    ServiceRecord record = state->record;
    if (record.schemas.erase(path) == 0)
        co_return noSchema(service, path, record);
    const std::vector<Library::Stored> none;
    const Seen seen{state->revision, {}};
    const Result<std::optional<Revision>> done = co_await commit(service, record, seen, none);
    if (!done)
        co_return done.error();
    if (!*done)
        co_return std::optional<QCborMap>();
    co_return std::optional(QCborMap{{u"revision"_s, qint64((*done)->value())}});
}

Task<rpc::Outcome> SchemaMethods::remove(rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service");
    const QByteArray path = textIn(call.params, "path");
    for (int i = 0; i < tries; ++i) {
        const Attempt attempt = co_await tryRemove(service, path);
        if (!attempt)
            co_return attempt.error();
        if (*attempt)
            co_return QCborValue(**attempt);
    }
    co_return changedAllTheTime(service);
}

} // namespace coffer::goconf
