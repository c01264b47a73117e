// SPDX-License-Identifier: Apache-2.0
#include "sim/client.h"

#include "sim/finding.h"
#include "store/query.h"

#include <utility>

namespace coffer::sim {

using namespace std::chrono_literals;
using test::Operation;

Client::Client(Cluster &cluster, test::History &history, std::uint64_t seed, std::size_t number)
    : m_cluster(cluster)
    , m_history(history)
    , m_draw(seed, 100 + number)
    , m_number(number)
    , m_name("c" + QByteArray::number(qulonglong(number)))
{
    m_hasSessions = m_draw.chance(cluster.plan().sessionPermille);
    m_timeToLive = std::chrono::milliseconds(
        m_draw.scaled(cluster.plan().timeToLiveMin.count(), cluster.plan().timeToLiveMax.count()));
    m_ownNode = m_draw.index(cluster.size());
}

/// Its own node, if it keeps to that one, or any.
SimNode &Client::drawNode()
{
    const bool isOwn = m_draw.chance(m_cluster.plan().stickyPermille);
    return m_cluster.node(isOwn ? m_ownNode : m_draw.index(m_cluster.size()));
}

std::uint64_t Client::stamp() const { return m_cluster.world().steps(); }

QByteArray Client::drawKey()
{
    return "/k/" + QByteArray::number(qulonglong(m_draw.index(m_cluster.plan().keys)));
}

QByteArray Client::newValue()
{
    const QByteArray filling(m_draw.chance(30) ? qsizetype(m_draw.scaled(1, 2'000)) : 0, 'x');
    return m_name + '.' + QByteArray::number(qulonglong(++m_values)) + filling;
}

void Client::begin() { think(); }

void Client::think()
{
    m_request.reset();
    const SimTime mean = m_cluster.plan().thinkTime;
    m_cluster.world().after(SimTime(m_draw.between(1, 2 * mean.count())), [this] { act(); });
}

void Client::act()
{
    if (m_isResting || m_request)
        return;
    if (m_hasSessions && m_session.isNone()) {
        openSession();
        return;
    }
    if (m_hasSessions && m_cluster.world().now() >= m_nextKeepAlive)
        keepAlive();
    if (m_hasSessions && m_draw.chance(100))
        beginPrivateWrite();
    else if (m_draw.chance(m_cluster.plan().largePermille))
        beginLargeWrite();
    else if (m_draw.chance(m_cluster.plan().readPermille))
        beginRead();
    else
        beginWrite();
}

void Client::openSession()
{
    Request request;
    request.opensNonce = m_draw.bits();
    request.command =
        encode(store::Command{{}, store::OpenSession{request.opensNonce, m_timeToLive}});
    m_openAsked = m_cluster.world().now();
    submit(std::move(request));
}

/// A transaction on one shared key, described in \a operation.
store::Transaction Client::drawTransaction(Operation &operation)
{
    const QByteArray key = drawKey();
    store::Transaction transaction;
    operation.key = key;
    if (m_draw.chance(500)) {
        operation.kind = Operation::Kind::put;
        operation.newValue = newValue();
        transaction.operations = {store::Put{key, *operation.newValue, false}};
        return transaction;
    }
    if (m_draw.chance(300)) {
        operation.kind = Operation::Kind::del;
        transaction.operations = {store::Delete{key}};
        return transaction;
    }
    operation.kind = Operation::Kind::cas;
    const auto known = m_known.find(key);
    if (known != m_known.end())
        operation.expected = known->second;
    if (operation.expected)
        transaction.guards = {store::ValueEquals{key, *operation.expected}};
    else
        transaction.guards = {store::Missing{key}};
    if (!operation.expected || m_draw.chance(800)) {
        operation.newValue = newValue();
        transaction.operations = {store::Put{key, *operation.newValue, false}};
    } else {
        transaction.operations = {store::Delete{key}};
    }
    return transaction;
}

void Client::setCommand(Request &request, const store::Transaction &transaction)
{
    store::Command command{{}, transaction};
    if (!m_session.isNone()) {
        m_sequence = m_sequence.next();
        request.sequence = m_sequence;
        command.origin = store::Origin{m_session, m_sequence, m_acknowledged};
    }
    request.command = encode(command);
}

void Client::beginWrite()
{
    Request request;
    request.isRecorded = true;
    setCommand(request, drawTransaction(request.operation));
    submit(std::move(request));
}

/// An ephemeral file of its own, which is not part of the history: it may vanish at any time.
void Client::beginPrivateWrite()
{
    Request request;
    const QByteArray path = "/e/" + m_name;
    setCommand(request, store::Transaction{{}, {store::Put{path, newValue(), true}}, {}});
    submit(std::move(request));
}

/// A file of its own again: the history has no room for such values.
void Client::beginLargeWrite()
{
    Request request;
    const QByteArray value = newValue() + QByteArray(m_cluster.plan().largeBytes, 'x');
    setCommand(request, store::Transaction{{}, {store::Put{"/l/" + m_name, value, false}}, {}});
    submit(std::move(request));
}

void Client::beginRead()
{
    Request request;
    request.isRecorded = true;
    Operation &operation = request.operation;
    operation.kind = Operation::Kind::get;
    operation.key = drawKey();
    request.read.question = store::Get{operation.key};
    request.read.seen = m_seen;
    if (m_draw.chance(500)) {
        operation.mode = Operation::Mode::linearizable;
        request.read.mode = engine::ReadMode::linearizable;
    } else if (m_draw.chance(500)) {
        operation.mode = Operation::Mode::session;
        request.read.mode = engine::ReadMode::session;
    } else {
        operation.mode = Operation::Mode::local;
        request.read.mode = engine::ReadMode::local;
    }
    submit(std::move(request));
}

void Client::submit(Request request)
{
    request.operation.process = m_name;
    request.operation.called = stamp();
    request.floorAtCall = m_cluster.oracle().answers().floor();
    request.read.floorAtCall = request.floorAtCall;
    request.deadline = m_cluster.world().now() + m_draw.time(200ms, 5s);
    if (!request.command.isEmpty())
        m_cluster.oracle().shadow().submitted(request.command);
    m_request = std::move(request);
    ++m_requests;
    attempt();
}

/// Sends the request to some node; nobody home is as good as no answer.
void Client::attempt()
{
    Request &request = *m_request;
    if (m_cluster.world().now() > request.deadline) {
        ++m_cluster.counts().abandoned;
        end(request.mayBeDone ? Operation::Outcome::unknown : Operation::Outcome::failed);
        return;
    }
    ++request.attempts;
    if (request.attempts > 1)
        ++m_cluster.counts().retries;
    SimNode &node = drawNode();
    if (!node.isRunning()) {
        m_cluster.world().after(m_draw.time(1ms, 100ms), [this, number = m_requests] {
            if (m_request && number == m_requests)
                attempt();
        });
        return;
    }
    if (request.command.isEmpty())
        sendRead(node);
    else
        sendWrite(node);
    m_cluster.world().after(
        m_draw.time(50ms, 2s),
        [this, number = m_requests, attempt = request.attempts] { timedOut(number, attempt); });
}

void Client::sendWrite(SimNode &node)
{
    node.post([this, number = m_requests, command = m_request->command](engine::Engine &engine) {
        engine.submit(command, [this, number](Result<engine::Answer> result) {
            writeAnswered(number, result);
        });
    });
}

void Client::sendRead(SimNode &node)
{
    const Answers::Read &read = m_request->read;
    const QByteArray question = store::encode(read.question);
    node.post([this, number = m_requests, read, question](engine::Engine &engine) {
        engine.read(read.mode, read.seen, question, [this, number](Result<engine::Answer> result) {
            readAnswered(number, result);
        });
    });
}

void Client::timedOut(std::uint64_t number, int attempt)
{
    if (!m_request || number != m_requests || m_request->attempts != attempt)
        return;
    Request &request = *m_request;
    const bool isWrite = !request.command.isEmpty();
    const bool isRepeatable = request.sequence || request.opensNonce != 0 || !isWrite;
    request.mayBeDone |= isWrite;
    if (isRepeatable) {
        this->attempt();
        return;
    }
    ++m_cluster.counts().abandoned;
    end(Operation::Outcome::unknown);
}

void Client::writeAnswered(std::uint64_t number, const Result<engine::Answer> &result)
{
    if (!m_request || number != m_requests)
        return; // Answered after the client had lost patience, or a second time.
    if (!result) {
        writeFailed(result.error());
        return;
    }
    const Result<store::Answer> said = store::decodeAnswer(result->bytes);
    if (!said)
        report("P11", QStringLiteral("a write was answered with garbage"));
    m_cluster.oracle().answers().writeDone(m_request->command, *result, m_request->floorAtCall);
    m_seen = std::max(m_seen, result->slot);
    m_request->mayBeDone = m_request->mayBeDone || result->isRepeated;
    if (m_request->opensNonce != 0)
        sessionOpened(*said);
    else
        writeDone(*said);
}

void Client::writeFailed(const Error &error)
{
    Request &request = *m_request;
    if (error.code == ErrorCode::invalid)
        report("P11", QStringLiteral("a sound command was refused: ") + error.message);
    const bool isRepeatable = request.sequence || request.opensNonce != 0;
    request.mayBeDone |= error.code == ErrorCode::unknown;
    if (!isRepeatable) {
        end(request.mayBeDone ? Operation::Outcome::unknown : Operation::Outcome::failed);
        return;
    }
    m_cluster.world().after(
        m_draw.time(1ms, 100ms), [this, number = m_requests, attempt = request.attempts] {
            if (m_request && number == m_requests && m_request->attempts == attempt)
                this->attempt();
        });
}

void Client::sessionOpened(const store::Answer &answer)
{
    if (answer.status != store::Status::ok || answer.session.isNone())
        report("P12",
               QStringLiteral("a session was not opened: status %1").arg(int(answer.status)));
    m_session = answer.session;
    m_sequence = Sequence();
    m_acknowledged = Sequence();
    m_nextKeepAlive = m_cluster.world().now() + SimTime(m_timeToLive) / 3;
    m_cluster.oracle().answers().sessionProlonged(m_session, m_timeToLive, m_openAsked);
    ++m_cluster.counts().sessionsOpened;
    think();
}

void Client::writeDone(const store::Answer &said)
{
    Operation &operation = m_request->operation;
    operation.revision = said.revision.value();
    switch (said.status) {
    case store::Status::ok:
        end(operation.kind == Operation::Kind::del && !said.isChanged ? Operation::Outcome::absent
                                                                      : Operation::Outcome::ok);
        return;
    case store::Status::guardFailed: end(Operation::Outcome::mismatch); return;
    case store::Status::sessionGone:
        // An earlier attempt, by the client or by its node, may have come before the end.
        forgetSession();
        end(m_request->mayBeDone ? Operation::Outcome::unknown : Operation::Outcome::failed);
        return;
    case store::Status::quotaExceeded:
        end(m_request->mayBeDone ? Operation::Outcome::unknown : Operation::Outcome::failed);
        return;
    default:
        report("P12",
               QStringLiteral("a sound command was answered with status %1").arg(int(said.status)));
    }
}

void Client::readAnswered(std::uint64_t number, const Result<engine::Answer> &result)
{
    if (!m_request || number != m_requests)
        return;
    if (!result) {
        end(Operation::Outcome::failed);
        return;
    }
    m_cluster.oracle().answers().readDone(m_request->read, *result);
    const Result<store::Reply> reply = store::decodeReply(result->bytes);
    m_seen = std::max(m_seen, result->slot);
    Operation &operation = m_request->operation;
    operation.revision = reply->revision.value();
    if (!reply->files.empty())
        operation.seen = reply->files.front().value;
    m_known[operation.key] = operation.seen;
    end(Operation::Outcome::ok);
}

void Client::forgetSession() { m_session = SessionId(); }

static void countRead(Counts &counts, const Operation &operation)
{
    if (operation.outcome == Operation::Outcome::failed)
        ++counts.readsFailed;
    else if (operation.mode == Operation::Mode::linearizable)
        ++counts.linearizableReads;
    else if (operation.mode == Operation::Mode::session)
        ++counts.sessionReads;
    else
        ++counts.localReads;
}

static void countWrite(Counts &counts, Operation::Outcome outcome)
{
    if (outcome == Operation::Outcome::failed)
        ++counts.writesFailed;
    else if (outcome == Operation::Outcome::unknown)
        ++counts.writesUnknown;
    else
        ++counts.writesDone;
}

/// The request is over as far as its client is concerned.
void Client::end(Operation::Outcome outcome)
{
    Request request = std::move(*m_request);
    Operation &operation = request.operation;
    operation.outcome = outcome;
    operation.returned = stamp();
    if (outcome == Operation::Outcome::failed || outcome == Operation::Outcome::unknown)
        operation.revision.reset();
    if (request.command.isEmpty())
        countRead(m_cluster.counts(), operation);
    else
        countWrite(m_cluster.counts(), outcome);
    if (request.isRecorded && operation.isWrite() && outcome == Operation::Outcome::ok)
        m_known[operation.key] = operation.newValue;
    if (request.isRecorded)
        m_history.append(std::move(operation));
    // An outcome that will never be asked for again is acknowledged as well: a late copy of the
    // command must then be refused.
    if (request.sequence && !m_session.isNone()) {
        m_acknowledged = *request.sequence;
        const bool isUnclear = outcome == Operation::Outcome::unknown;
        if (m_draw.chance(isUnclear ? 500 : m_cluster.plan().forgottenPermille))
            forgetSession();
    }
    think();
}

void Client::keepAlive()
{
    m_nextKeepAlive = m_cluster.world().now() + SimTime(m_timeToLive) / 3;
    SimNode &node = drawNode();
    if (!node.isRunning())
        return;
    const SimTime asked = m_cluster.world().now();
    node.post([this, asked, session = m_session](engine::Engine &engine) {
        engine.keepAlive(session, [this, asked, session](Result<engine::Answer> result) {
            if (!result)
                return;
            ++m_cluster.counts().keepAlives;
            m_cluster.oracle().answers().sessionProlonged(session, m_timeToLive, asked);
        });
    });
}

void Client::finish()
{
    m_isResting = true;
    if (!m_request || !m_request->isRecorded)
        return;
    Operation operation = m_request->operation;
    operation.outcome = Operation::Outcome::unknown;
    operation.returned.reset();
    if (operation.isWrite())
        m_history.append(std::move(operation));
    m_request.reset();
}

} // namespace coffer::sim
