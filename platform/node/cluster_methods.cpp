// SPDX-License-Identifier: Apache-2.0
#include "node/cluster_methods.h"

#include "base/eventual.h"
#include "node/store_schemas.h"

#include <QCborArray>
#include <QPointer>
#include <QTimer>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

using Kind = rpc::Access::Kind;

/// Between two tries of a change that waits until a new member has caught up.
static constexpr std::chrono::milliseconds catchUpPause{200};

namespace {

QString nameOf(NodeId node) { return u"%1"_s.arg(node.value(), 16, 16, QLatin1Char('0')); }

QCborArray namesOf(const std::vector<NodeId> &nodes)
{
    QCborArray names;
    for (const NodeId node : nodes)
        names.append(nameOf(node));
    return names;
}

rpc::Answer<NodeId> nodeIn(const rpc::Call &call, QLatin1String parameter)
{
    const QString text = call.params.value(parameter).toString();
    bool isNumber = false;
    const NodeId node(text.toULongLong(&isNumber, 16));
    if (!isNumber || node.isNone() || text.size() > 16) {
        return rpc::Failure::of(rpc::Code::invalidArgument,
                                u"%1: '%2' is no node; expected its 16 hexadecimal digits, as "
                                "members.list shows them"_s.arg(parameter, text.left(64)));
    }
    return node;
}

bool contains(const std::vector<NodeId> &nodes, NodeId node)
{
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

void insert(std::vector<NodeId> &nodes, NodeId node)
{
    nodes.insert(std::lower_bound(nodes.begin(), nodes.end(), node), node);
}

rpc::Failure refused(const QString &why)
{
    rpc::Failure failure = rpc::Failure::of(rpc::Code::refused, why);
    failure.outcome = rpc::WriteOutcome::failed;
    return failure;
}

rpc::Failure isNoMember(NodeId node)
{
    return rpc::Failure::of(rpc::Code::notFound,
                            u"node %1 is no member; members.list shows who is"_s.arg(nameOf(node)));
}

rpc::Method method(const char *name, const char *summary, QByteArray params, Kind kind)
{
    rpc::Method of;
    of.name = QString::fromLatin1(name);
    of.summary = QString::fromLatin1(summary);
    of.params = std::move(params);
    of.result = R"({"type":"object"})";
    of.access.kind = kind;
    return of;
}

} // namespace

MethodTable<ClusterMethods> ClusterMethods::methods() const
{
    const QByteArray none = schemas::object({});
    const QByteArray nodeSchema = R"({"type":"string","minLength":1,"maxLength":16})";
    const QByteArray node = schemas::object(R"("node":)" + nodeSchema, R"("node")");
    const QByteArray swap = schemas::object(R"("node":)" + nodeSchema + R"(,"by":)" + nodeSchema
                                                + R"(,"wait":{"type":"boolean"})",
                                            R"("node","by")");
    rpc::Method replacing = method("members.replace",
                                   "Gives the place of a member to another node, once that has "
                                   "caught up.",
                                   swap, Kind::admin);
    replacing.deadline = std::chrono::minutes(5);
    rpc::Method status =
        method("cluster.status", "How this node and its cluster are.", none, Kind::read);
    rpc::Method listing = method("members.list", "Voters and observers.", none, Kind::read);
    status.access.isForAll = true;
    listing.access.isForAll = true;
    return {
        {std::move(status), &ClusterMethods::status},
        {method("cluster.stateHash", "The hash of what this node has applied.", none, Kind::read),
         &ClusterMethods::stateHash},
        {std::move(listing), &ClusterMethods::list},
        {method("members.add", "Makes a node an observer.", node, Kind::admin),
         &ClusterMethods::add},
        {method("members.promote", "Makes an observer a voter.", node, Kind::admin),
         &ClusterMethods::promote},
        {method("members.remove", "Ends the membership of a node.", node, Kind::admin),
         &ClusterMethods::remove},
        {std::move(replacing), &ClusterMethods::replace},
        {method("leader.transfer", "Hands leadership to a voter.", node, Kind::admin),
         &ClusterMethods::transfer},
    };
}

Result<void> ClusterMethods::addTo(rpc::Registry &registry)
{
    return registerAll(registry, *this, methods(), m_registrations);
}

// ---- questions

QCborMap ClusterMethods::members() const
{
    const consensus::Configuration configuration = m_host.status().configuration;
    return {{u"epoch"_s, qint64(configuration.epoch.value())},
            {u"voters"_s, namesOf(configuration.members.voters)},
            {u"observers"_s, namesOf(configuration.members.observers)}};
}

ClusterMethods::Task ClusterMethods::status(rpc::Call &)
{
    const engine::Status status = m_host.status();
    const store::Store &store = m_host.store();
    QCborMap map = members();
    const auto number = [&map](const QString &name, std::uint64_t value) {
        map.insert(name, qint64(value));
    };
    map.insert(u"node"_s, nameOf(status.self));
    map.insert(u"cluster"_s, u"%1"_s.arg(status.cluster.value(), 16, 16, QLatin1Char('0')));
    map.insert(u"version"_s, QStringLiteral(COFFER_VERSION));
    if (!status.leader.isNone())
        map.insert(u"leader"_s, nameOf(status.leader));
    map.insert(u"leading"_s, status.isLeading);
    map.insert(u"fenced"_s, status.isFenced);
    number(u"chosen"_s, status.chosenUpTo.value());
    number(u"applied"_s, status.applied.value());
    number(u"checkpointed"_s, status.checkpointed.value());
    number(u"firstSlot"_s, status.firstSlot.value());
    number(u"framesRefused"_s, status.framesRefused);
    if (!status.held.empty()) {
        QCborArray held;
        for (const auto &[node, slot] : status.held)
            held.append(QCborMap{{u"node"_s, nameOf(node)}, {u"slot"_s, qint64(slot.value())}});
        map.insert(u"held"_s, held);
    }
    map.insert(u"differing"_s, namesOf(status.differing));
    number(u"revision"_s, store.revision().value());
    number(u"floor"_s, store.floor().value());
    number(u"timeMs"_s, std::uint64_t(store.appliedTime().count()));
    number(u"files"_s, store.tree().size());
    number(u"liveBytes"_s, store.tree().liveBytes());
    number(u"sessions"_s, store.sessions().all().size());
    if (const store::Watches *watches = m_host.watches())
        number(u"watches"_s, watches->size());
    co_return QCborValue(map);
}

ClusterMethods::Task ClusterMethods::stateHash(rpc::Call &)
{
    const Hash128 hash = m_host.store().hash();
    co_return QCborValue(QCborMap{{u"applied"_s, qint64(m_host.store().applied().value())},
                                  {u"revision"_s, qint64(m_host.store().revision().value())},
                                  {u"hash"_s, u"%1%2"_s.arg(hash.high, 16, 16, QLatin1Char('0'))
                                                  .arg(hash.low, 16, 16, QLatin1Char('0'))}});
}

rpc::Answer<consensus::Configuration> ClusterMethods::configuration() const
{
    consensus::Configuration now = m_host.status().configuration;
    if (now.epoch.isNone())
        return rpc::Failure::of(
            rpc::Code::unavailable,
            u"This node belongs to no cluster yet, and does not know the members; ask another."_s);
    return now;
}

ClusterMethods::Task ClusterMethods::list(rpc::Call &)
{
    const rpc::Answer<consensus::Configuration> known = configuration();
    if (!known)
        co_return known.error();
    co_return QCborValue(members());
}

// ---- changes

QCoro::Task<Result<bool>> ClusterMethods::reconfigure(consensus::MemberSet members, Epoch ifEpoch)
{
    Eventual<engine::Answer> answer(
        {ErrorCode::unknown, u"the node ended before the answer came; look at the members"_s});
    m_host.engine().reconfigure(members, ifEpoch, answer.setter());
    m_host.requestFlush();
    const Result<engine::Answer> result = co_await answer;
    if (!result)
        co_return result.error();
    co_return true;
}

ClusterMethods::Task ClusterMethods::add(rpc::Call &call)
{
    const rpc::Answer<NodeId> node = nodeIn(call, "node"_L1);
    if (!node)
        co_return node.error();
    const rpc::Answer<consensus::Configuration> known = configuration();
    if (!known)
        co_return known.error();
    consensus::Configuration now = *known;
    if (now.members.isMember(*node))
        co_return QCborValue(members());
    insert(now.members.observers, *node);
    const Result<bool> done = co_await reconfigure(now.members, now.epoch);
    if (!done)
        co_return done.error();
    co_return QCborValue(members());
}

ClusterMethods::Task ClusterMethods::promote(rpc::Call &call)
{
    const rpc::Answer<NodeId> node = nodeIn(call, "node"_L1);
    if (!node)
        co_return node.error();
    const rpc::Answer<consensus::Configuration> known = configuration();
    if (!known)
        co_return known.error();
    consensus::Configuration now = *known;
    if (now.members.isVoter(*node))
        co_return QCborValue(members());
    if (!now.members.isMember(*node))
        co_return isNoMember(*node);
    std::erase(now.members.observers, *node);
    insert(now.members.voters, *node);
    const Result<bool> done = co_await reconfigure(now.members, now.epoch);
    if (!done)
        co_return done.error();
    co_return QCborValue(members());
}

ClusterMethods::Task ClusterMethods::remove(rpc::Call &call)
{
    const rpc::Answer<NodeId> node = nodeIn(call, "node"_L1);
    if (!node)
        co_return node.error();
    const rpc::Answer<consensus::Configuration> known = configuration();
    if (!known)
        co_return known.error();
    consensus::Configuration now = *known;
    if (!now.members.isMember(*node))
        co_return QCborValue(members()); // As after a repeated call.
    std::erase(now.members.observers, *node);
    std::erase(now.members.voters, *node);
    if (now.members.voters.empty())
        co_return refused(u"the last voter cannot be removed"_s);
    const Result<bool> done = co_await reconfigure(now.members, now.epoch);
    if (!done)
        co_return done.error();
    co_return QCborValue(members());
}

ClusterMethods::Task ClusterMethods::replace(rpc::Call &call)
{
    const rpc::Answer<NodeId> old = nodeIn(call, "node"_L1);
    const rpc::Answer<NodeId> successor = nodeIn(call, "by"_L1);
    if (!old || !successor)
        co_return !old ? old.error() : successor.error();
    const QPointer<Host> host(&m_host);
    const rpc::Answer<consensus::Configuration> known = configuration();
    if (!known)
        co_return known.error();
    consensus::Configuration now = *known;
    if (!now.members.isMember(*old) && now.members.isMember(*successor))
        co_return QCborValue(members()); // As after a repeated call.
    if (!now.members.isMember(*old))
        co_return isNoMember(*old);
    if (now.members.isVoter(*successor))
        co_return refused(u"node %1 is a voter already"_s.arg(nameOf(*successor)));
    if (!now.members.isMember(*successor)) {
        insert(now.members.observers, *successor);
        const Result<bool> added = co_await reconfigure(now.members, now.epoch);
        if (!added)
            co_return added.error();
    }
    for (;;) {
        if (!host)
            co_return rpc::Failure::of(rpc::Code::unknownOutcome, u"the node ended"_s);
        now = m_host.status().configuration;
        const bool isVoter = now.members.isVoter(*old);
        std::erase(now.members.voters, *old);
        std::erase(now.members.observers, *old);
        if (isVoter) {
            std::erase(now.members.observers, *successor);
            insert(now.members.voters, *successor);
        }
        const Result<bool> done = co_await reconfigure(now.members, now.epoch);
        if (done)
            co_return QCborValue(members());
        const bool isToWait = call.params.value("wait"_L1).toBool(true);
        if (!isToWait || done.error().code != ErrorCode::refused || call.isCancelled() || !host)
            co_return done.error();
        Eventual<bool> pause({ErrorCode::unavailable, u"the node ended"_s});
        QTimer::singleShot(catchUpPause, host, [set = pause.setter()] { set(true); });
        const Result<bool> waited = co_await pause;
        if (!waited || call.isCancelled())
            co_return done.error();
    }
}

ClusterMethods::Task ClusterMethods::transfer(rpc::Call &call)
{
    const rpc::Answer<NodeId> node = nodeIn(call, "node"_L1);
    if (!node)
        co_return node.error();
    if (!contains(m_host.status().configuration.members.voters, *node))
        co_return refused(u"node %1 is no voter, and cannot lead"_s.arg(nameOf(*node)));
    Eventual<engine::Answer> answer(
        {ErrorCode::unknown, u"the node ended before the answer came"_s});
    m_host.engine().transferLeadership(*node, answer.setter());
    m_host.requestFlush();
    const Result<engine::Answer> result = co_await answer;
    if (!result)
        co_return result.error();
    co_return QCborValue(QCborMap());
}

} // namespace coffer::node
