// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"

#include <QRandomGenerator>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::client {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

static constexpr milliseconds pauseMin{20};
static constexpr std::size_t connectDoublingsMax = 3;
/// Before a call is tried again where a node said UNAVAILABLE without a time.
static constexpr milliseconds retryPause{50};

namespace {

/// Time that is left for a call.
class Deadline
{
public:
    explicit Deadline(milliseconds timeout) : m_end(Clock::now() + timeout) {}
    [[nodiscard]] milliseconds left() const
    {
        return std::max(milliseconds(0),
                        std::chrono::duration_cast<milliseconds>(m_end - Clock::now()));
    }

private:
    Clock::time_point m_end;
};

Eventual<bool> sleep(milliseconds time, QObject *context)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the client ended"_s});
    QTimer::singleShot(time, context, [set = over.setter()] { set(true); });
    return over;
}

} // namespace

Client::Client(Options options, QObject *parent) : QObject(parent), m_options(std::move(options))
{
    if (m_options.isShuffled && !m_options.nodes.empty())
        m_next = QRandomGenerator::global()->bounded(quint32(m_options.nodes.size()));
    m_connectTimer.setSingleShot(true);
    m_pauseTimer.setSingleShot(true);
    connect(&m_connectTimer, &QTimer::timeout, this, [this] { onClosed(u"no answer in time"_s); });
    connect(&m_pauseTimer, &QTimer::timeout, this, &Client::attempt);
    m_trouble = u"not connected yet"_s;
    m_pauseTimer.start(0);
}

Client::~Client()
{
    m_isEnding = true;
    for (const auto &set : std::exchange(m_waiting, {}))
        set(false);
    dropSpare();
    // This may be called from deep within the connection, by a task that has what it waited for.
    if (Connection *gone = std::exchange(m_connection, nullptr)) {
        gone->disconnect(this);
        gone->setParent(nullptr);
        gone->deleteLater();
    }
}

Client::State Client::state() const
{
    return connection() == nullptr ? State::connecting : State::connected;
}

Connection *Client::connection() const
{
    return m_connection != nullptr && m_connection->isOpen() ? m_connection : nullptr;
}

QUrl Client::node() const { return connection() == nullptr ? QUrl() : m_options.nodes[m_next]; }

// ---- the connection

void Client::attempt()
{
    if (m_options.nodes.empty()) {
        m_trouble = u"no node is known"_s;
        return;
    }
    m_connection = connectionTo(m_next);
    connect(m_connection, &Connection::opened, this, &Client::onOpened);
    connect(m_connection, &Connection::closed, this, &Client::onClosed);
    connect(m_connection, &Connection::silent, this, &Client::onSilent);
    const std::size_t rounds = m_failures / m_options.nodes.size();
    m_connectTimer.start(m_options.connectTimeout * (1 << std::min(rounds, connectDoublingsMax)));
    m_connection->open();
}

Connection *Client::connectionTo(std::size_t node)
{
    Patience patience{m_options.pingEvery, m_options.leaveAfter, m_options.doubtAfter};
    if (m_options.nodes.size() == 1) { // It would come back to the same one.
        patience.leaveAfter = {};
        patience.doubtAfter = {};
    }
    auto *connection = new Connection(m_options.link(m_options.nodes[node]), patience);
    connection->setParent(this);
    return connection;
}

void Client::onOpened()
{
    m_connectTimer.stop();
    m_trouble.clear();
    Q_EMIT stateChanged(State::connected);
    for (const auto &set : std::exchange(m_waiting, {}))
        set(true);
}

/// Nodes are tried in turn without a pause, once around; then with pauses of any length up to a
/// growing bound. To be let in is no success: where no node can serve, clients would go round in
/// circles.
milliseconds Client::pause()
{
    if (m_failures < m_options.nodes.size())
        return milliseconds(0);
    const auto rounds = std::min<std::size_t>(m_failures / m_options.nodes.size(), 16);
    const milliseconds longest = std::min(m_options.pauseMax, pauseMin * (1 << rounds));
    return pauseMin / 2
           + milliseconds(QRandomGenerator::global()->bounded(int(longest.count()) + 1));
}

void Client::onClosed(const QString &why)
{
    const bool wasOpen = m_trouble.isEmpty();
    m_connectTimer.stop();
    dropSpare();
    m_trouble = u"%1: %2"_s.arg(m_options.nodes[m_next].authority(), why);
    if (Connection *gone = std::exchange(m_connection, nullptr)) {
        if (gone->hasServed())
            m_failures = 0;
        gone->disconnect(this);
        gone->setParent(nullptr); // who loses a call may end this client, and it is what calls
        gone->deleteLater();
    }
    ++m_failures;
    m_next = (m_next + 1) % m_options.nodes.size();
    m_pauseTimer.start(pause());
    if (wasOpen)
        Q_EMIT stateChanged(State::connecting);
}

void Client::leave(const QString &why)
{
    if (connection() != nullptr && m_options.nodes.size() > 1)
        onClosed(why);
}

// ---- the one in doubt

/// The node may stand still, or the way to it: another one is connected before it is left.
void Client::onSilent()
{
    if (m_spare != nullptr)
        return;
    do // the next one each time, but not the one in doubt
        m_spareNode = (m_spareNode + 1) % m_options.nodes.size();
    while (m_spareNode == m_next);
    m_spare = connectionTo(m_spareNode);
    connect(m_spare, &Connection::opened, this, &Client::onSpareOpened);
    connect(m_spare, &Connection::closed, this, &Client::dropSpare);
    m_spare->open();
}

void Client::dropSpare()
{
    if (Connection *gone = std::exchange(m_spare, nullptr)) {
        gone->disconnect(this);
        gone->setParent(nullptr);
        gone->deleteLater();
    }
}

void Client::onSpareOpened()
{
    if (!m_connection->isSilent()) {
        dropSpare();
        return;
    }
    Connection *next = std::exchange(m_spare, nullptr);
    next->disconnect(this);
    next->setParent(nullptr); // it is what calls, and who loses a call may end this client
    const QPointer<Client> self(this);
    m_connection->giveUp(u"the node says nothing, and another one does"_s);
    if (!self || !next->isOpen()) {
        next->deleteLater();
        return;
    }
    m_pauseTimer.stop();
    m_next = m_spareNode;
    m_connection = next;
    m_connection->setParent(this);
    connect(m_connection, &Connection::closed, this, &Client::onClosed);
    connect(m_connection, &Connection::silent, this, &Client::onSilent);
    onOpened();
}

// ---- calls

Task<rpc::Answer<Connection *>> Client::connected(milliseconds timeout)
{
    const QPointer<Client> self(this);
    const rpc::Failure over = rpc::Failure::of(rpc::Code::cancelled, u"the client ended"_s);
    if (m_isEnding)
        co_return over;
    if (connection() == nullptr) {
        Eventual<bool> opened({ErrorCode::unavailable, over.message});
        const auto set = opened.setter();
        m_waiting.push_back(set);
        QTimer::singleShot(timeout, this, [self, set] {
            set(false); // Whoever waited may end the client.
            if (self)
                std::erase_if(self->m_waiting, [](const auto &some) { return some.isSet(); });
        });
        const Result<bool> waited = co_await opened;
        if (!waited || !self || m_isEnding)
            co_return over;
    }
    if (Connection *open = connection())
        co_return open;
    co_return rpc::Failure::of(rpc::Code::unavailable,
                               u"no node can be reached (%1)"_s.arg(m_trouble));
}

namespace {

/// What a failure means for the next try.
struct Verdict
{
    bool isAgain = false;
    bool isUnsettled = false;
};

Verdict judge(const rpc::Failure &failure, bool isSafe)
{
    const bool isOpen =
        failure.code == rpc::Code::unknownOutcome || failure.code == rpc::Code::deadline;
    return {failure.isRetryable || (isOpen && isSafe), isOpen};
}

} // namespace

/// Of a call that was sent and not answered.
static rpc::Failure unanswered(const QString &why, Repeat repeat)
{
    if (repeat == Repeat::read) {
        return rpc::Failure::of(
            rpc::Code::unavailable,
            u"there was no answer: %1; nothing was to be changed, so try again"_s.arg(why));
    }
    return rpc::Failure::of(rpc::Code::unknownOutcome,
                            u"the outcome is not known: "_s + why + u"; it may be done or not"_s);
}

Task<rpc::Outcome> Client::call(QString method, QCborMap params, CallOptions options)
{
    rpc::Outcome outcome =
        co_await callEncoded(std::move(method), params.toCborValue().toCbor(), options);
    if (outcome)
        outcome = rpc::decoded(*outcome);
    co_return std::move(outcome);
}

Task<rpc::Outcome> Client::callEncoded(QString method, QByteArray params, CallOptions options)
{
    Called called = co_await callCounted(std::move(method), params, options);
    co_return std::move(called.outcome);
}

Task<Called> Client::callCounted(QString method, QByteArray params, CallOptions options)
{
    const Deadline deadline(options.timeout.count() > 0 ? options.timeout : m_options.timeout);
    const QPointer<Client> self(this);
    const Repeat repeat = options.repeat;
    const bool isSafe = repeat != Repeat::never;
    bool isUnsettled = false; // A try may have been carried out.
    for (;;) {
        const rpc::Answer<Connection *> connection = co_await connected(deadline.left());
        if (!connection) {
            const rpc::Failure &failure = connection.error();
            co_return Called{isUnsettled ? unanswered(failure.message, repeat) : failure,
                             isUnsettled};
        }
        const milliseconds left = std::max(milliseconds(1), deadline.left());
        Eventual<rpc::Outcome> answer = (*connection)->call(method, params, left, options.repeat);
        Result<rpc::Outcome> outcome = co_await answer;
        if (!self)
            co_return Called{unanswered(u"the client ended"_s, repeat), isUnsettled};
        if (!outcome) { // The connection was lost.
            isUnsettled = true;
            if (!isSafe || deadline.left().count() == 0)
                co_return Called{unanswered(outcome.error().message, repeat), isUnsettled};
            continue;
        }
        if (*outcome)
            co_return Called{std::move(*outcome), isUnsettled};
        const rpc::Failure failure = outcome->error();
        const Verdict verdict = judge(failure, isSafe);
        isUnsettled = isUnsettled || verdict.isUnsettled;
        const milliseconds wait = std::max(retryPause, failure.retryAfter);
        if (!verdict.isAgain || deadline.left() <= wait) {
            const bool isVague = repeat == Repeat::read
                                     ? failure.code == rpc::Code::unknownOutcome
                                     : isUnsettled && failure.code == rpc::Code::unavailable;
            co_return Called{isVague ? unanswered(failure.message, repeat) : failure, isUnsettled};
        }
        Eventual<bool> pause = sleep(wait, self);
        const Result<bool> slept = co_await pause;
        if (!slept || !self)
            co_return Called{unanswered(u"the client ended"_s, repeat), isUnsettled};
    }
}

Error errorOf(const rpc::Failure &failure)
{
    const auto as = [&failure](ErrorCode code) { return Error{code, failure.message}; };
    if (failure.outcome == rpc::WriteOutcome::unknown)
        return as(ErrorCode::unknown);
    switch (failure.code) {
    case rpc::Code::notFound:
    case rpc::Code::methodNotFound: return as(ErrorCode::notFound);
    case rpc::Code::conflict: return as(ErrorCode::conflict);
    case rpc::Code::compacted: return as(ErrorCode::compacted);
    case rpc::Code::unavailable:
    case rpc::Code::deadline:
    case rpc::Code::cancelled: return as(ErrorCode::unavailable);
    case rpc::Code::unknownOutcome: return as(ErrorCode::unknown);
    case rpc::Code::denied: return as(ErrorCode::denied);
    case rpc::Code::unauthenticated: return as(ErrorCode::unauthenticated);
    case rpc::Code::refused:
    case rpc::Code::limit: return as(ErrorCode::refused);
    case rpc::Code::invalidArgument:
    case rpc::Code::invalidRequest:
    case rpc::Code::parseError: return as(ErrorCode::invalid);
    case rpc::Code::internal: break;
    }
    return as(ErrorCode::unavailable);
}

} // namespace coffer::client
