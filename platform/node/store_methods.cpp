// SPDX-License-Identifier: Apache-2.0
#include "node/store_methods.h"

#include "node/access_control.h"
#include "node/store_schemas.h"
#include "node/store_touches.h"
#include "pluginapi/cbor_fields.h"
#include "pluginapi/store_cbor.h"
#include "rpc/spawn.h"
#include "store/limits.h"

#include <memory>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using namespace pluginapi;
using Kind = rpc::Access::Kind;

/// What a watcher was told last.
struct LastBatch
{
    store::WatchAnswer answer;
    QCborValue encoded; ///< Undefined: nothing was told yet.
};

namespace {

/// What a reader made, as Method::decode wants it. Said in full: an std::any would hold an Error
/// too.
template<class Value>
rpc::Answer<std::any> decoded(Result<Value> value)
{
    if (!value)
        return rpc::Answer<std::any>(tl::unexpect, rpc::Failure::of(value.error()));
    return rpc::Answer<std::any>(tl::in_place, std::move(*value));
}

/// A Method::decode of a reader of pluginapi/store_cbor.h.
template<class Value>
std::function<rpc::Answer<std::any>(const rpc::Params &)>
decoder(Result<Value> (*read)(const CborSource &))
{
    return [read](const rpc::Params &params) { return decoded(read(params.cbor())); };
}

rpc::Method method(const char *name, const char *summary, QByteArray params, QByteArray result,
                   rpc::Access access)
{
    rpc::Method of;
    of.name = QString::fromLatin1(name);
    of.summary = QString::fromLatin1(summary);
    of.params = std::move(params);
    of.result = std::move(result);
    of.access = std::move(access);
    return of;
}

rpc::Method question(const char *name, const char *summary, const char *pathParameter)
{
    rpc::Method of = method(name, summary, schemas::question(name), schemas::reply(),
                            {Kind::read, QString::fromLatin1(pathParameter)});
    of.decode = [name](const rpc::Params &params) {
        return decoded(readCall(QLatin1String(name), params.cbor()));
    };
    of.touches = &touchesOfQuestion;
    return of;
}

/// A method that touches the caller's own sessions alone.
rpc::Method personal(rpc::Method of)
{
    of.access.isForAll = true;
    return of;
}

rpc::Method committing(rpc::Method of)
{
    of.touches = &touchesOfCommit;
    return of;
}

template<class Value>
rpc::Method typed(rpc::Method of, Result<Value> (*read)(const CborSource &))
{
    of.decode = decoder(read);
    return of;
}

/// An answer that was not ok, for callers who needed it to be.
rpc::Failure failureOf(const store::Answer &answer, const Error &error)
{
    rpc::Failure failure = rpc::Failure::of(error);
    failure.outcome = rpc::WriteOutcome::failed;
    failure.details = toCbor(answer);
    return failure;
}

rpc::Outcome settled(const rpc::Call &call, const store::Answer &answer)
{
    if (std::optional<Error> error = errorOf(answer))
        return failureOf(answer, *error);
    return call.encoded(writeCbor(answer));
}

/// "session" alone.
Result<SessionId> sessionOf(const CborSource &params)
{
    CborFields fields(params.bytes());
    fields.require("session");
    const SessionId session(fields.number("session"));
    if (session.isNone())
        fields.fail("session", u"has to be at least 1"_s);
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return session;
}

/// A watch and where it goes; shared by the coroutine and the callback of the connection's end.
struct Stream
{
    rpc::Subscription subscription;
    std::unique_ptr<Watch> watch;
    std::shared_ptr<LastBatch> last; // frames outlive the methods
};

/// Watchers of one glob are told the same, one after the other: it is encoded once.
QCborValue encodedOf(LastBatch &last, const store::WatchAnswer &answer)
{
    if (last.encoded.isUndefined() || last.answer != answer)
        last = {answer, rpc::encoded(writeCbor(answer))};
    return last.encoded;
}

QCoro::Task<Result<void>> pump(std::shared_ptr<Stream> stream)
{
    while (stream->watch) {
        const bool hasRoom = co_await stream->subscription.room();
        if (!hasRoom || !stream->watch)
            break;
        const Result<store::WatchAnswer> answer = co_await stream->watch->next();
        if (!stream->subscription.isOpen())
            break;
        if (!answer) {
            stream->subscription.end(rpc::Failure::of(answer.error()));
            break;
        }
        if (const auto *compacted = std::get_if<store::WatchCompacted>(&*answer)) {
            rpc::Failure failure = rpc::Failure::of(
                rpc::Code::compacted,
                u"The history up to revision %1 is compacted: list at a newer revision and watch "
                "from the one behind it."_s.arg(compacted->floor.value()));
            failure.details.insert(u"floor"_s, qint64(compacted->floor.value()));
            stream->subscription.end(failure);
            break;
        }
        // While it slept others may have filled the connection: all of its watches wake at once.
        const bool hasRoomStill = co_await stream->subscription.room();
        if (!hasRoomStill)
            break;
        const Revision resume = std::get<store::WatchBatch>(*answer).progress.next();
        stream->subscription.send(encodedOf(*stream->last, *answer), qint64(resume.value()));
    }
    co_return Result<void>();
}

} // namespace

StoreMethods::StoreMethods(LocalStore &store, AccessControl *access)
    : m_store(store), m_access(access), m_last(std::make_shared<LastBatch>())
{}

StoreMethods::~StoreMethods() = default;

MethodTable<StoreMethods> StoreMethods::methods() const
{
    const rpc::Access read{Kind::read, u"path"_s};
    const rpc::Access matching{Kind::read, u"pattern"_s};
    const rpc::Access writing{Kind::write, u"path"_s};
    const rpc::Access write{Kind::write, {}};
    const QByteArray session = schemas::object(schemas::sessionMember, R"("session")");
    const QByteArray opening =
        schemas::object(R"("timeToLiveMs":{"type":"integer","minimum":100,"maximum":86400000},)"
                        R"("nonce":{"type":"integer","minimum":0})",
                        R"("timeToLiveMs")");
    const QByteArray revision =
        schemas::object(R"("revision":{"type":"integer","minimum":1})", R"("revision")");
    const QByteArray subscribed = schemas::object(
        R"("subscription":{"type":"integer"},"progress":{"type":"integer","minimum":0})");
    rpc::Method watching = typed(
        method("store.watch", "Tells every change that matches a pattern, from a revision on.",
               schemas::watch(), subscribed, matching),
        &watchCall);
    watching.isSubscription = true;
    return {
        {question("store.get", "One file.", "path"), &StoreMethods::ask},
        {question("store.list", "The files of a tree, page by page.", "path"), &StoreMethods::ask},
        {question("store.range", "The files between two paths.", "from"), &StoreMethods::ask},
        {question("store.glob", "The files that match a pattern.", "pattern"), &StoreMethods::ask},
        {question("store.entries", "The entries of a directory.", "path"), &StoreMethods::ask},
        {question("store.stat", "What a path is.", "path"), &StoreMethods::ask},
        {question("store.figures", "Figures of the whole store.", ""), &StoreMethods::ask},
        {personal(question("session.get", "Whether a session is open.", "")), &StoreMethods::ask},
        {question("session.list", "The open sessions.", ""), &StoreMethods::ask},
        {committing(
             typed(method("store.commit", "Guards and operations, all or nothing, in one revision.",
                          schemas::commit(), schemas::answer(), write),
                   &commitCall)),
         &StoreMethods::commit},
        {committing(
             typed(method("store.put", "Sets a file.", schemas::put(), schemas::answer(), writing),
                   &putCall)),
         &StoreMethods::change},
        {committing(typed(method("store.delete", "Deletes a file or a tree.", schemas::remove(),
                                 schemas::answer(), writing),
                          &deleteCall)),
         &StoreMethods::change},
        {typed(method("store.history", "Earlier changes that match a pattern, in order.",
                      schemas::history(), schemas::events(), matching),
               &historyCall),
         &StoreMethods::history},
        {std::move(watching), &StoreMethods::watch},
        {personal(method("session.open", "Opens a session that ends when it is not kept alive.",
                         opening, schemas::object(schemas::sessionMember, R"("session")"), write)),
         &StoreMethods::openSession},
        {personal(typed(
             method("session.keepAlive", "Renews a session.", session, schemas::object({}), write),
             &sessionOf)),
         &StoreMethods::keepAlive},
        {personal(typed(method("session.close", "Ends a session and deletes its ephemeral files.",
                               session, schemas::object({}), write),
                        &sessionOf)),
         &StoreMethods::closeSession},
        {method("store.compact", "Gives up the history before a revision.", revision,
                schemas::answer(), {Kind::admin, {}}),
         &StoreMethods::compact},
    };
}

Result<void> StoreMethods::addTo(rpc::Registry &registry)
{
    return registerAll(registry, *this, methods(), m_registrations);
}

static rpc::Failure nobodyWaits()
{
    return rpc::Failure::of(rpc::Code::cancelled, u"Nobody waits for this answer any more."_s);
}

/// Large answers are made one at a time, each when there is room for it: a caller with many
/// questions could ask for more than there is memory for.
StoreMethods::Task StoreMethods::ask(rpc::Call &call)
{
    const ReadCall &asked = call.as<ReadCall>();
    const Result<bool> isReady = co_await m_store.ready(asked.options);
    if (!isReady)
        co_return isReady.error();
    const bool hasRoom = co_await call.room();
    if (!hasRoom)
        co_return nobodyWaits();
    const store::Reply reply = m_store.look(asked.question);
    if (std::optional<Error> error = errorOf(reply)) {
        rpc::Failure failure = rpc::Failure::of(*error);
        failure.details = toCbor(reply);
        co_return failure;
    }
    co_return call.encoded(writeCbor(reply));
}

QCoro::Task<rpc::Answer<bool>> StoreMethods::mayUse(rpc::Caller caller, QString method,
                                                    std::optional<SessionId> session)
{
    if (!session || !m_access || !m_access->table().isEnabled())
        co_return true;
    co_return co_await m_access->mayUse(std::move(caller), std::move(method), *session);
}

/// Any answer of the log is a result: a guard that failed may be what the caller hoped for.
StoreMethods::Task StoreMethods::commit(rpc::Call &call)
{
    const rpc::Answer<store::Answer> answer = co_await commitChecked(call);
    if (!answer)
        co_return answer.error();
    co_return call.encoded(writeCbor(*answer));
}

QCoro::Task<rpc::Answer<store::Answer>> StoreMethods::commitChecked(rpc::Call &call)
{
    const CommitCall &asked = call.as<CommitCall>();
    std::optional<SessionId> session;
    if (asked.options.origin)
        session = asked.options.origin->session;
    const rpc::Answer<bool> isOwn = co_await mayUse(call.caller, call.method, session);
    if (!isOwn)
        co_return isOwn.error();
    if (!*isOwn)
        co_return store::Answer{.status = store::Status::sessionGone};
    const Result<store::Answer> answer = co_await m_store.submit(asked.command, call.deadline);
    if (!answer)
        co_return answer.error();
    co_return *answer;
}

StoreMethods::Task StoreMethods::change(rpc::Call &call)
{
    const rpc::Answer<store::Answer> answer = co_await commitChecked(call);
    if (!answer)
        co_return answer.error();
    co_return settled(call, *answer);
}

StoreMethods::Task StoreMethods::history(rpc::Call &call)
{
    const HistoryCall &asked = call.as<HistoryCall>();
    const Result<bool> isReady = co_await m_store.ready(asked.options);
    if (!isReady)
        co_return isReady.error();
    const bool hasRoom = co_await call.room();
    if (!hasRoom)
        co_return nobodyWaits();
    const Result<store::WatchAnswer> answer = m_store.look(asked.request);
    if (!answer)
        co_return answer.error();
    co_return call.encoded(writeCbor(*answer));
}

StoreMethods::Task StoreMethods::watch(rpc::Call &call)
{
    rpc::Answer<rpc::Subscription> opened = call.subscribe();
    if (!opened)
        co_return opened.error();
    std::unique_ptr<Watch> watch = m_store.watch(call.as<store::WatchRequest>());
    const Revision progress = watch->progress();
    const std::uint64_t id = opened->id();
    auto stream = std::make_shared<Stream>(Stream{std::move(*opened), std::move(watch), m_last});
    stream->subscription.onClosed([weak = std::weak_ptr(stream)] {
        if (const auto closed = weak.lock())
            closed->watch.reset();
    });
    spawn(pump(stream), "store.watch");
    co_return QCborValue(
        QCborMap{{u"subscription"_s, qint64(id)}, {u"progress"_s, qint64(progress.value())}});
}

StoreMethods::Task StoreMethods::openSession(rpc::Call &call)
{
    CborFields fields(call.params.cbor());
    store::OpenSession open;
    open.timeToLive = std::chrono::milliseconds(fields.number("timeToLiveMs"));
    open.nonce = fields.number("nonce");
    if (std::optional<Error> fault = fields.finish())
        co_return *fault;
    if (m_access)
        open.nonce = m_access->nonceFor(call.caller, open.nonce);
    const Result<SessionId> session = co_await m_store.openSession(open, call.deadline);
    if (!session)
        co_return session.error();
    co_return QCborValue(QCborMap{{u"session"_s, qint64(session->value())}});
}

StoreMethods::Task StoreMethods::keepAlive(rpc::Call &call)
{
    const SessionId session = call.as<SessionId>();
    const rpc::Answer<bool> isOwn = co_await mayUse(call.caller, call.method, session);
    if (!isOwn)
        co_return isOwn.error();
    if (!*isOwn)
        co_return rpc::Failure::of(rpc::Code::notFound, u"the session has ended"_s);
    const Result<void> done = co_await m_store.keepAlive(session);
    if (!done)
        co_return done.error();
    co_return QCborValue(QCborMap());
}

StoreMethods::Task StoreMethods::closeSession(rpc::Call &call)
{
    const SessionId session = call.as<SessionId>();
    const rpc::Answer<bool> isOwn = co_await mayUse(call.caller, call.method, session);
    if (!isOwn)
        co_return isOwn.error();
    if (!*isOwn)
        co_return QCborValue(QCborMap());
    const Result<void> done = co_await m_store.closeSession(session, call.deadline);
    if (!done)
        co_return done.error();
    co_return QCborValue(QCborMap());
}

StoreMethods::Task StoreMethods::compact(rpc::Call &call)
{
    const Revision revision(std::uint64_t(call.params.value("revision"_L1).toInteger()));
    const Result<store::Answer> answer = co_await m_store.compact(revision, call.deadline);
    if (!answer)
        co_return answer.error();
    co_return settled(call, *answer);
}

} // namespace coffer::node
