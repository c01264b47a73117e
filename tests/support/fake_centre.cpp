// SPDX-License-Identifier: Apache-2.0
#include "support/fake_centre.h"

#include "net/spawn.h"

#include <deque>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::test {

struct FakeCentre::Stream
{
    rpc::Subscription subscription;
    std::deque<QCborMap> events;
    bool isPumping = false;
};

FakeCentre::~FakeCentre() = default;

FakeCentre::FakeCentre()
{
    const auto add = [this](const char *name, auto handler) {
        rpc::Method method;
        method.name = QString::fromLatin1(name);
        method.params = R"({"type":"object"})";
        method.access = {.kind = rpc::Access::Kind::open};
        m_registrations.push_back(*registry.add(
            method, [this, handler](rpc::Call &call) { return (this->*handler)(call); }));
    };
    add("goconf.join", &FakeCentre::join);
    add("goconf.follow", &FakeCentre::follow);
    add("goconf.fetch", &FakeCentre::fetch);
    add("goconf.report", &FakeCentre::report);
}

QString FakeCentre::open()
{
    m_door = std::make_unique<Door>(registry, clock);
    const Result<void> started =
        m_door->server.start(QHostAddress(QHostAddress::LocalHost), m_port);
    if (!started)
        qFatal("%s", qUtf8Printable(started.error().message));
    m_port = m_door->server.serverPort();
    return u"127.0.0.1:%1"_s.arg(m_port);
}

void FakeCentre::close()
{
    m_stream.reset();
    m_door.reset();
}

QString FakeCentre::lastState() const
{
    return reports.empty() ? QString() : reports.back().value(u"state"_s).toString();
}

QString FakeCentre::lastVersion() const
{
    return reports.empty() ? QString() : reports.back().value(u"version"_s).toString();
}

QByteArray FakeCentre::bundleOf(const QByteArray &path, const QByteArray &bytes)
{
    return config::encode(config::Bundle{{{path, {}, bytes}}});
}

void FakeCentre::publish(const QString &service, const QString &version, const QByteArray &bundle)
{
    wanted[service] = {version, bundle};
    offer(service);
}

void FakeCentre::send(const QCborMap &event)
{
    if (!m_stream)
        return;
    m_stream->events.push_back(event);
    if (!std::exchange(m_stream->isPumping, true))
        spawn(pump(m_stream), "centre");
}

/// Sends what there is whenever there is room for it.
QCoro::Task<void> FakeCentre::pump(std::shared_ptr<Stream> stream)
{
    while (!stream->events.empty()) {
        const bool hasRoom = co_await stream->subscription.room();
        if (!hasRoom)
            co_return;
        stream->subscription.send(stream->events.front(), {});
        stream->events.pop_front();
    }
    stream->isPumping = false;
}

void FakeCentre::beat() { send({{u"kind"_s, u"heartbeat"_s}, {u"revision"_s, 7}}); }

void FakeCentre::offer(const QString &service)
{
    const Version &version = wanted.at(service);
    send({{u"kind"_s, u"offer"_s},
          {u"service"_s, service},
          {u"version"_s, version.name},
          {u"root"_s, version.root()},
          {u"release"_s, u"r1"_s},
          {u"id"_s, u"0000000000000001-0badcafe"_s},
          {u"bytes"_s, version.bundle.size()},
          {u"message"_s, u"why"_s}});
}

QCoro::Task<rpc::Outcome> FakeCentre::join(rpc::Call &call)
{
    if (call.params.value(u"token"_s).toString() != u"token")
        co_return rpc::Failure::of(rpc::Code::denied, u"this token is not known"_s);
    co_return QCborMap{{u"secret"_s, QString(64, u'a')},
                       {u"idc"_s, u"sh001"_s},
                       {u"services"_s, QCborArray{u"shop"_s}}};
}

QCoro::Task<rpc::Outcome> FakeCentre::follow(rpc::Call &call)
{
    follows.push_back(call.params);
    if (onFollow)
        onFollow();
    if (refusal) {
        const rpc::Failure failure = *refusal;
        co_return failure;
    }
    rpc::Answer<rpc::Subscription> subscription = call.subscribe();
    if (!subscription)
        co_return subscription.error();
    const qint64 id = qint64(subscription->id());
    m_stream = std::make_shared<Stream>(Stream{std::move(*subscription), {}, false});
    send({{u"kind"_s, u"welcome"_s},
          {u"ticket"_s, QString::number(++m_tickets)},
          {u"heartbeatMs"_s, 5000},
          {u"services"_s, QCborArray()}});
    for (const auto &[service, version] : wanted)
        offer(service);
    if (isComplete)
        beat();
    co_return QCborMap{{u"subscription"_s, id}};
}

QCoro::Task<rpc::Outcome> FakeCentre::fetch(rpc::Call &call)
{
    if (call.params.contains(u"what"_s)) {
        ++originsAsked;
        if (!origins)
            co_return rpc::Failure::of(rpc::Code::invalidArgument, u"what: not expected"_s);
        const QByteArray list = config::pack(*origins);
        co_return QCborMap{{u"packed"_s, list},
                           {u"offset"_s, 0},
                           {u"total"_s, list.size()},
                           {u"bytes"_s, 0},
                           {u"base"_s, QString()}};
    }
    fetches.push_back(call.params);
    if (const auto fault = std::exchange(fetchFault, {}))
        co_return *fault;
    if (call.params.value(u"ticket"_s).toString() != QString::number(m_tickets))
        co_return rpc::Failure::of(rpc::Code::denied, u"this ticket is not known"_s);
    const Version &version = wanted.at(call.params.value(u"service"_s).toString());
    const QByteArray asked = call.params.value(u"base"_s).toString().toLatin1();
    const auto base = bases.find(asked);
    const bool hasBase = base != bases.end();
    QByteArray packed = config::pack(version.bundle, hasBase ? base->second : QByteArray());
    if (hasBase && isForgettingBases)
        packed.back() = char(packed.back() ^ 1); // of its checksum
    if (isLying)
        packed = config::pack(version.bundle + '\0');
    const auto offset = qsizetype(call.params.value(u"offset"_s).toInteger());
    co_return QCborMap{{u"packed"_s, packed.mid(offset, pieceBytes)},
                       {u"offset"_s, offset},
                       {u"total"_s, packed.size()},
                       {u"bytes"_s, version.bundle.size()},
                       {u"base"_s, QString::fromLatin1(hasBase ? asked : QByteArray())}};
}

QCoro::Task<rpc::Outcome> FakeCentre::report(rpc::Call &call)
{
    if (const auto fault = std::exchange(reportFault, {}))
        co_return *fault; // it is const
    for (const QCborValue report : call.params.value(u"reports"_s).toArray())
        reports.push_back(report.toMap());
    co_return QCborMap();
}

} // namespace coffer::test
