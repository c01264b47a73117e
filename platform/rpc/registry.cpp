// SPDX-License-Identifier: Apache-2.0
#include "rpc/registry.h"

#include "rpc/entry.h"
#include "rpc/limits.h"

#include <QCborArray>
#include <QLoggingCategory>
#include <QRegularExpression>

#include <exception>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {

Q_LOGGING_CATEGORY(rpcLog, "coffer.rpc")

struct Registration::Home
{
    Registry *registry;
};

namespace {

/// Counts a call in flight for as long as it lives.
class Flight
{
public:
    explicit Flight(Entry &entry) : m_entry(entry) { ++m_entry.inFlight; }
    ~Flight() { --m_entry.inFlight; }
    Q_DISABLE_COPY_MOVE(Flight)

private:
    Entry &m_entry;
};

Error unfit(const QString &name, const QString &why)
{
    return {ErrorCode::invalid, u"method %1: %2"_s.arg(name, why)};
}

bool isName(const QString &name)
{
    static const QRegularExpression form(
        QStringLiteral("\\A[a-z][a-zA-Z0-9]*(\\.[a-z][a-zA-Z0-9]*)+\\z"));
    return name.size() <= limits::methodNameBytesMax && form.match(name).hasMatch();
}

Failure broken(const QString &method, const char *what)
{
    qCCritical(rpcLog, "%s threw: %s", qUtf8Printable(method), what);
    Failure failure = Failure::of(Code::internal,
                                  u"%1 failed inside the server; its log says why."_s.arg(method));
    failure.outcome = WriteOutcome::unknown;
    return failure;
}

QString nameOf(Access::Kind kind)
{
    switch (kind) {
    case Access::Kind::open: return u"open"_s;
    case Access::Kind::read: return u"read"_s;
    case Access::Kind::write: return u"write"_s;
    case Access::Kind::admin: break;
    }
    return u"admin"_s;
}

bool isChange(const Method &method)
{
    return method.access.kind == Access::Kind::write || method.access.kind == Access::Kind::admin;
}

/// A failed write says what became of it; what does not say was refused before it was submitted.
Failure settled(Failure failure, const Method &method)
{
    if (!isChange(method))
        failure.outcome = WriteOutcome::none;
    else if (failure.outcome == WriteOutcome::none)
        failure.outcome = WriteOutcome::failed;
    return failure;
}

} // namespace

Registration::Registration(std::shared_ptr<Entry> entry, std::weak_ptr<Home> home)
    : m_entry(std::move(entry)), m_home(std::move(home))
{}

Registration &Registration::operator=(Registration &&other) noexcept
{
    if (this == &other)
        return *this;
    reset();
    m_entry = std::move(other.m_entry);
    m_home = std::move(other.m_home);
    return *this;
}

void Registration::reset()
{
    const std::shared_ptr<Home> home = std::exchange(m_home, {}).lock();
    if (home && m_entry)
        home->registry->m_entries.erase(m_entry->method().name);
}

int Registration::inFlight() const { return m_entry ? m_entry->inFlight : 0; }

Registry::Registry() : m_home(std::make_shared<Registration::Home>())
{
    m_home->registry = this;
    Method discover{.name = u"rpc.discover"_s,
                    .summary = u"All methods of this node, as an OpenRPC document."_s};
    discover.access.kind = Access::Kind::open;
    Result<Registration> added =
        add(std::move(discover), [this](Call &call) { return answerDiscover(call); });
    m_discover = std::move(*added);
}

Registry::~Registry() = default;

Result<Registration> Registry::add(Method method, Handler handler)
{
    const QString name = method.name;
    const bool isTaken = name.startsWith("rpc."_L1) && name != "rpc.discover"_L1;
    if (!isName(name) || isTaken)
        return unfit(name, u"a name is two or more words joined by dots, such as \"store.get\", of "
                           "at most %1 bytes, and does not begin with \"rpc.\""_s.arg(
                               limits::methodNameBytesMax));
    if (m_entries.contains(name))
        return unfit(name, u"registered already; one name has one handler"_s);
    Result<Schema> params = Schema::parse(method.params);
    if (!params)
        return unfit(name, u"schema of the parameters: "_s + params.error().message);
    Result<Schema> result = Schema::parse(method.result);
    if (!result)
        return unfit(name, u"schema of the result: "_s + result.error().message);
    auto entry = std::make_shared<Entry>(std::move(method), std::move(handler), std::move(*params),
                                         std::move(*result));
    m_entries.emplace(name, entry);
    return Registration(std::move(entry), m_home);
}

std::shared_ptr<const Entry> Registry::find(const QString &name) const
{
    const auto found = m_entries.find(name);
    return found == m_entries.end() ? nullptr : found->second;
}

Answer<std::shared_ptr<Entry>> Registry::admit(Call &call, Form form) const
{
    const auto found = m_entries.find(call.method);
    if (found == m_entries.end())
        return Failure::of(Code::methodNotFound, u"This node has no method %1; rpc.discover lists "
                                                 "those it has."_s.arg(call.method));
    const Entry &entry = *found->second;
    const Method &method = entry.method();
    if (form == Form::json || !method.decode) {
        if (const auto why = entry.params().refute(call.params.map()))
            return settled(Failure::of(Code::invalidArgument, *why), method);
    }
    if (method.decode) {
        Answer<std::any> decoded = method.decode(call.params);
        if (!decoded)
            return settled(std::move(decoded.error()), method);
        call.decoded = std::move(*decoded);
    }
    if (m_authorize && method.access.kind != Access::Kind::open) {
        if (auto why = m_authorize(method, call))
            return settled(std::move(*why), method);
    }
    return found->second;
}

QCoro::Task<Outcome> Registry::invoke(Call &call, Form form)
{
    // The frame may outlive this registry: from the first co_await on it uses the entry alone.
    const Answer<std::shared_ptr<Entry>> admitted = admit(call, form);
    if (!admitted)
        co_return admitted.error();
    const std::shared_ptr<Entry> &entry = *admitted;
    const Flight flight(*entry);
    std::optional<Outcome> outcome;
    try {
        outcome = co_await entry->handler()(call);
    } catch (const std::exception &thrown) {
        outcome = Outcome(broken(call.method, thrown.what()));
    } catch (...) {
        outcome = Outcome(broken(call.method, "no std::exception"));
    }
    if (!*outcome)
        co_return settled(std::move(outcome->error()), entry->method());
    co_return std::move(*outcome);
}

QCborMap Registry::discover() const
{
    QCborArray methods;
    for (const auto &[name, entry] : m_entries) {
        const Method &method = entry->method();
        QCborMap access{{u"kind"_s, nameOf(method.access.kind)}};
        if (!method.access.pathParameter.isEmpty())
            access.insert(u"path"_s, method.access.pathParameter);
        if (method.access.isForAll)
            access.insert(u"forAll"_s, true);
        QCborMap shown{
            {u"name"_s, name},
            {u"summary"_s, method.summary},
            {u"paramStructure"_s, u"by-name"_s},
            {u"params"_s, QCborArray{QCborMap{{u"name"_s, u"params"_s},
                                              {u"required"_s, true},
                                              {u"schema"_s, entry->params().document()}}}},
            {u"result"_s,
             QCborMap{{u"name"_s, u"result"_s}, {u"schema"_s, entry->result().document()}}},
            {u"x-access"_s, access},
            {u"x-deadline-ms"_s, qint64(method.deadline.count())},
        };
        if (method.isSubscription)
            shown.insert(u"x-subscription"_s, true);
        methods.append(shown);
    }
    return {{u"openrpc"_s, u"1.2.6"_s},
            {u"info"_s, QCborMap{{u"title"_s, u"Coffer"_s}, {u"version"_s, u"1"_s}}},
            {u"methods"_s, methods}};
}

QCoro::Task<Outcome> Registry::answerDiscover(Call &) { co_return Outcome(discover()); }

} // namespace coffer::rpc
