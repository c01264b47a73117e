// SPDX-License-Identifier: Apache-2.0
#include "example/flags_plugin.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::example {

using namespace pluginapi;
using rpc::Access;
using rpc::Code;
using rpc::Failure;

static constexpr std::chrono::seconds againAfter{1}; ///< When the store could not be read.

static const char *const nameSchema = R"({"type":"string","pattern":"^[a-z0-9-]{1,64}$"})";

static QByteArray pathOf(const QCborMap &params)
{
    return "/flags/" + params.value(u"flag"_s).toString().toUtf8();
}

static QString nameOf(const QByteArray &path)
{
    return QString::fromUtf8(path.sliced(path.lastIndexOf('/') + 1));
}

// ---- start

Task<Result<void>> FlagsPlugin::start(PluginContext &context)
{
    m_context = &context;
    addMetrics();
    readSettings();
    context.settings().onChanged([this] { readSettings(); });
    if (const Result<void> added = addMethods(); !added)
        co_return added.error();
    context.spawn(keepFlags(), "keep flags");
    co_return context.exclusive(
        u"sweep"_s, [this](std::shared_ptr<Duty> duty) { return sweep(std::move(duty)); });
}

void FlagsPlugin::addMetrics()
{
    Metrics &metrics = m_context->metrics();
    m_checkedOn = &metrics.counter("checks_total", "Checks, by answer.", {{"answer", "on"}});
    m_checkedOff = &metrics.counter("checks_total", "Checks, by answer.", {{"answer", "off"}});
    m_swept = &metrics.counter("swept_total", "Flags removed because their time was over.");
    m_known = &metrics.gauge("known", "Flags that this node knows.");
}

/// The schema has checked them; what nobody set is absent.
void FlagsPlugin::readSettings()
{
    const QCborMap values = m_context->settings().values();
    m_flagsMax = values.value(u"flagsMax"_s).toInteger(1'000);
    m_sweepEvery = std::chrono::seconds(values.value(u"sweepSeconds"_s).toInteger(60));
}

Result<void> FlagsPlugin::addMethods()
{
    const QByteArray name = nameSchema;
    rpc::Method set;
    set.name = u"flags.set"_s;
    set.summary = u"Turns a flag on for a percentage of all subjects."_s;
    set.params = R"({"type":"object","required":["flag","percent"],"additionalProperties":false,
        "properties":{"flag":)"
                 + name + R"(,
            "percent":{"type":"integer","minimum":0,"maximum":100},
            "untilMs":{"type":"integer","minimum":1}}})";
    set.access = {Access::Kind::write};

    rpc::Method remove;
    remove.name = u"flags.remove"_s;
    remove.summary = u"Forgets a flag."_s;
    remove.params = R"({"type":"object","required":["flag"],"additionalProperties":false,
        "properties":{"flag":)"
                    + name + "}}";
    remove.access = {Access::Kind::write};

    rpc::Method check;
    check.name = u"flags.check"_s;
    check.summary = u"Says whether a flag is on for a subject: a user, a host."_s;
    check.params = R"({"type":"object","required":["flag","subject"],"additionalProperties":false,
        "properties":{"flag":)"
                   + name + R"(,"subject":{"type":"string","maxLength":256}}})";
    check.access = {Access::Kind::read};

    rpc::Method follow;
    follow.name = u"flags.follow"_s;
    follow.summary = u"Tells every change of flags; from: the revision to go on from."_s;
    follow.params = R"({"type":"object","additionalProperties":false,
        "properties":{"from":{"type":"integer","minimum":1}}})";
    follow.access = {Access::Kind::read};

    Methods &methods = m_context->methods();
    for (const Result<void> &added :
         {methods.add(set, *this, &FlagsPlugin::set),
          methods.add(remove, *this, &FlagsPlugin::remove),
          methods.add(check, *this, &FlagsPlugin::check),
          methods.addFeed(follow, *this, &FlagsPlugin::follow),
          methods.addRoute({.path = "/v1/flags/check", .method = check.name})}) {
        if (!added)
            return added;
    }
    return {};
}

// ---- methods: what they are given has passed the schema

Task<rpc::Outcome> FlagsPlugin::set(rpc::Call &call)
{
    const QByteArray path = pathOf(call.params);
    if (!m_flags.contains(path) && qint64(m_flags.size()) >= m_flagsMax) {
        co_return Failure::of(
            Code::limit,
            u"There are %1 flags; remove some, or raise the setting flagsMax."_s.arg(m_flagsMax));
    }
    Flag flag{.percent = int(call.params.value(u"percent"_s).toInteger())};
    if (const QCborValue until = call.params.value(u"untilMs"_s); until.isInteger())
        flag.until = WallMs(until.toInteger());
    const Result<Revision> done = co_await m_context->store().put(path, flag.toJson());
    if (!done)
        co_return Failure::of(done.error());
    co_return QCborValue(QCborMap{{u"revision"_s, qint64(done->value())}});
}

Task<rpc::Outcome> FlagsPlugin::remove(rpc::Call &call)
{
    const Result<bool> removed = co_await m_context->store().remove(pathOf(call.params));
    if (!removed)
        co_return Failure::of(removed.error());
    co_return QCborValue(QCborMap{{u"removed"_s, *removed}});
}

/// From memory: no round of consensus, and so perhaps some milliseconds old.
Task<rpc::Outcome> FlagsPlugin::check(rpc::Call &call)
{
    if (!m_isLoaded)
        co_return Failure::of(Code::unavailable, u"This node is still reading the flags."_s);
    const QByteArray path = pathOf(call.params);
    const auto found = m_flags.find(path);
    const QByteArray subject = call.params.value(u"subject"_s).toString().toUtf8();
    const bool isOn =
        found != m_flags.end() && found->second.isOnFor(path, subject, m_context->clock().wall());
    (isOn ? m_checkedOn : m_checkedOff)->add();
    co_return QCborValue(QCborMap{{u"on"_s, isOn}});
}

/// {flag, percent, untilMs}, or {flag, removed: true}; resumes by revision.
static QCborMap eventOf(const store::WatchEvent &event)
{
    QCborMap map;
    if (event.kind == store::WatchEvent::Kind::deleted)
        map.insert(u"removed"_s, true);
    else if (const Result<Flag> flag = Flag::parse(event.now.value))
        map = flag->toCbor();
    map.insert(u"flag"_s, nameOf(event.path));
    return map;
}

Task<Result<void>> FlagsPlugin::follow(FeedCall call)
{
    const Result<store::Glob> glob = store::Glob::parse("/flags/*");
    if (!glob)
        co_return glob.error();
    const Revision from(std::uint64_t(call.params.value(u"from"_s).toInteger(0)));
    // When the reader leaves, the watch ends, and with it next(). Shared: either may go first.
    const auto watch =
        std::make_shared<std::unique_ptr<Watch>>(m_context->store().watch({*glob, from}));
    call.subscription->onClosed([watch] { watch->reset(); });
    for (;;) {
        const bool hasRoom = co_await call.subscription->room();
        if (!hasRoom)
            break;
        const Result<store::WatchAnswer> answer = co_await (*watch)->next();
        if (!answer)
            co_return answer.error();
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        if (batch == nullptr)
            co_return Error{ErrorCode::compacted, u"from: that is no longer kept"_s};
        for (const store::WatchEvent &event : batch->events)
            call.subscription->send(eventOf(event), qint64(event.revision.next().value()));
    }
    co_return Result<void>();
}

// ---- what every copy does: know all flags

Task<Result<void>> FlagsPlugin::keepFlags()
{
    while (!m_context->isStopping()) {
        const Result<Revision> loaded = co_await loadFlags();
        if (loaded) {
            const Result<void> watched = co_await watchFlags(loaded->next());
            if (!watched && !m_context->isStopping())
                m_context->log().warning(u"reads the flags anew: "_s + watched.error().message);
        }
        const bool goesOn = co_await m_context->clock().sleep(againAfter);
        if (!goesOn)
            break;
    }
    co_return Result<void>();
}

/// All flags at one revision; that revision.
Task<Result<Revision>> FlagsPlugin::loadFlags()
{
    std::map<QByteArray, Flag> flags;
    store::List list{.path = "/flags"};
    for (;;) {
        const store::Question question = list;
        const Result<store::Reply> reply = co_await m_context->store().read(question);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = errorOf(*reply))
            co_return *error;
        for (const store::FileView &file : reply->files) {
            if (const Result<Flag> flag = Flag::parse(file.value))
                flags.insert_or_assign(file.path, *flag);
        }
        list.at = reply->at;
        list.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    m_flags = std::move(flags);
    m_known->set(double(m_flags.size()));
    m_isLoaded = true;
    const Revision at = list.at;
    co_return at;
}

Task<Result<void>> FlagsPlugin::watchFlags(Revision from)
{
    const Result<store::Glob> glob = store::Glob::parse("/flags/*");
    if (!glob)
        co_return glob.error();
    const std::unique_ptr<Watch> watch = m_context->store().watch({*glob, from});
    while (!m_context->isStopping()) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (!answer)
            co_return answer.error();
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        if (batch == nullptr)
            co_return Error{ErrorCode::compacted, u"the history was compacted"_s};
        for (const store::WatchEvent &event : batch->events)
            note(event);
    }
    co_return Result<void>();
}

void FlagsPlugin::note(const store::WatchEvent &event)
{
    const Result<Flag> flag = Flag::parse(event.now.value);
    if (event.kind == store::WatchEvent::Kind::put && flag)
        m_flags.insert_or_assign(event.path, *flag);
    else
        m_flags.erase(event.path);
    m_known->set(double(m_flags.size()));
}

// ---- what one copy does: remove what is over

Task<Result<void>> FlagsPlugin::sweep(std::shared_ptr<Duty> duty)
{
    for (bool isOn = true; isOn;) {
        const Result<void> swept = co_await sweepOnce(duty);
        if (!swept)
            co_return swept.error();
        isOn = co_await duty->sleep(m_sweepEvery);
    }
    co_return Result<void>();
}

/// The guards make it harmless to be late: the flag may have been set anew, or another copy may
/// have the job by now.
Task<Result<void>> FlagsPlugin::sweepOnce(std::shared_ptr<Duty> duty)
{
    const std::map<QByteArray, Flag> flags = m_flags; // others may change it while we wait
    for (const auto &[path, flag] : flags) {
        if (!flag.isExpired(m_context->clock().wall()) || duty->isOver())
            continue;
        store::Transaction removal;
        removal.guards = {duty->guard(), store::ValueEquals{path, flag.toJson()}};
        removal.operations = {store::Delete{path}};
        const Result<store::Answer> answer = co_await m_context->store().commit(removal);
        if (!answer)
            co_return answer.error();
        if (answer->status == store::Status::ok)
            m_swept->add();
    }
    co_return Result<void>();
}

} // namespace coffer::example
