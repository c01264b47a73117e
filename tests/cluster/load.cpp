// SPDX-License-Identifier: Apache-2.0
#include "cluster/load.h"

#include "client/remote_store.h"
#include "cluster/evidence.h"
#include "net/spawn.h"

#include <QDir>
#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QTemporaryFile>
#include <QTimer>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::test {

using client::Task;
using Outcome = Operation::Outcome;

static const QByteArray tree = "/load";

namespace {

struct Member
{
    explicit Member(client::Options options) : client(std::move(options)), store(client) {}
    client::Client client;
    client::RemoteStore store;
};

store::WatchRequest wantsAll()
{
    Result<store::Glob> glob = store::Glob::parse(tree + "/**");
    return {std::move(*glob), Revision(1), true, store::WatchKinds::all};
}

} // namespace

/// Shared with the frames of the coroutines: whoever is resumed looks at isAborted first.
struct LoadState
{
    Load::Options options;
    QElapsedTimer clock;
    QRandomGenerator random;
    std::vector<std::unique_ptr<Member>> members; ///< Clients, then watchers, then who ends it.
    Evidence evidence;
    std::map<QByteArray, std::optional<QByteArray>> lastSeen;
    std::size_t values = 0; ///< That were made up.
    std::size_t writes = 0;
    std::size_t reads = 0;
    std::size_t failures = 0;
    std::size_t working = 0;
    QStringList surprises; ///< Errors that nobody should see.
    QString waitsFor;      ///< Whom the end waits for.
    bool isStopping = false;
    bool isAborted = false;
    bool isRead = false; ///< The last reads are done.

    [[nodiscard]] std::uint64_t now() const { return std::uint64_t(clock.nsecsElapsed()); }
    [[nodiscard]] QByteArray keyAt(unsigned index) const
    {
        return tree + "/k" + QByteArray::number(index);
    }
    [[nodiscard]] client::Options optionsOf(std::size_t index) const;
    [[nodiscard]] Operation draw(std::size_t index);
    void add(Operation operation);
};

client::Options LoadState::optionsOf(std::size_t index) const
{
    client::Options of;
    of.nodes = options.nodes;
    std::rotate(of.nodes.begin(), of.nodes.begin() + std::ptrdiff_t(index % of.nodes.size()),
                of.nodes.end());
    of.isShuffled = false;
    of.timeout = options.timeout;
    of.connectTimeout = std::chrono::milliseconds(1000);
    of.pingEvery = std::chrono::milliseconds(500);
    return of;
}

Operation LoadState::draw(std::size_t index)
{
    Operation operation;
    operation.process = "c" + QByteArray::number(qulonglong(index));
    operation.key = keyAt(unsigned(random.bounded(int(options.keys))));
    const int dice = random.bounded(100);
    if (dice < 35) {
        operation.kind = Operation::Kind::put;
    } else if (dice < 60) {
        operation.kind = Operation::Kind::cas;
        operation.expected = lastSeen[operation.key];
    } else if (dice < 70) {
        operation.kind = Operation::Kind::del;
    } else {
        operation.kind = Operation::Kind::get;
        if (dice >= 90)
            operation.mode = Operation::Mode::session;
    }
    const bool hasValue =
        operation.kind == Operation::Kind::put || operation.kind == Operation::Kind::cas;
    if (hasValue)
        operation.newValue = "v" + QByteArray::number(qulonglong(++values));
    return operation;
}

void LoadState::add(Operation operation)
{
    if (operation.returned && operation.outcome != Outcome::failed) {
        (operation.isWrite() ? writes : reads) += 1;
        if (operation.isDone())
            lastSeen[operation.key] = operation.newValue;
        else if (!operation.isWrite())
            lastSeen[operation.key] = operation.seen;
    } else if (operation.isWrite()) {
        ++failures;
    }
    evidence.history.append(std::move(operation));
}

namespace {

Eventual<bool> pauseOf(std::chrono::milliseconds time)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the program ended"_s});
    QTimer::singleShot(time, [set = over.setter()] { set(true); });
    return over;
}

store::Transaction transactionOf(const Operation &operation)
{
    store::Transaction transaction;
    if (operation.kind == Operation::Kind::cas && operation.expected)
        transaction.guards.push_back(store::ValueEquals{operation.key, *operation.expected});
    else if (operation.kind == Operation::Kind::cas)
        transaction.guards.push_back(store::Missing{operation.key});
    if (operation.newValue)
        transaction.operations.push_back(store::Put{operation.key, *operation.newValue, false, {}});
    else
        transaction.operations.push_back(store::Delete{operation.key});
    return transaction;
}

/// What an answer to a write means; nothing if it is none that a healthy client can get.
std::optional<Outcome> outcomeOf(const store::Answer &answer, const Operation &operation)
{
    switch (answer.status) {
    case store::Status::ok:
        if (answer.isChanged)
            return Outcome::ok;
        return operation.kind == Operation::Kind::del ? std::optional(Outcome::absent)
                                                      : std::nullopt;
    case store::Status::guardFailed: return Outcome::mismatch;
    case store::Status::sessionGone: return Outcome::failed;
    default: return std::nullopt;
    }
}

} // namespace

/// An error means "certainly not done" or "nobody knows"; all others are defects.
static QString noteError(Operation &operation, const Error &error, std::uint64_t now)
{
    const bool isExpected =
        error.code == ErrorCode::unavailable || error.code == ErrorCode::unknown;
    if (operation.isWrite() && error.code == ErrorCode::unavailable) {
        operation.outcome = Outcome::failed;
        operation.returned = now;
    }
    return isExpected ? QString() : u"%1 got %2"_s.arg(operation.toText(), error.message);
}

static Task<void> writeOne(std::shared_ptr<LoadState> state, std::size_t index, Operation operation)
{
    operation.called = state->now();
    const Result<store::Answer> answer =
        co_await state->members[index]->store.commit(transactionOf(operation));
    if (state->isAborted)
        co_return;
    if (!answer) {
        state->surprises += noteError(operation, answer.error(), state->now());
    } else if (const auto outcome = outcomeOf(*answer, operation)) {
        operation.outcome = *outcome;
        operation.returned = state->now();
        if (*outcome != Outcome::failed)
            operation.revision = answer->revision.value();
    } else {
        state->surprises += u"%1 was answered by status %2, changed %3"_s.arg(operation.toText())
                                .arg(int(answer->status))
                                .arg(answer->isChanged);
    }
    state->add(std::move(operation));
}

static Task<bool> readOne(std::shared_ptr<LoadState> state, std::size_t index, Operation operation)
{
    pluginapi::ReadOptions options;
    if (operation.mode == Operation::Mode::session)
        options.mode = pluginapi::ReadMode::session;
    store::Question question = store::Get{operation.key, {}};
    operation.called = state->now();
    const Result<store::Reply> reply =
        co_await state->members[index]->store.read(std::move(question), options);
    if (state->isAborted)
        co_return false;
    const bool isAnswered = reply && reply->status == store::ReplyStatus::ok;
    if (isAnswered) {
        operation.outcome = Outcome::ok;
        operation.returned = state->now();
        operation.revision = reply->revision.value();
        if (!reply->files.empty())
            operation.seen = reply->files.front().value;
    } else if (reply) {
        state->surprises +=
            u"%1 was answered by status %2"_s.arg(operation.toText()).arg(int(reply->status));
    } else {
        state->surprises += noteError(operation, reply.error(), state->now());
    }
    state->add(std::move(operation));
    co_return isAnswered;
}

static Task<void> work(std::shared_ptr<LoadState> state, std::size_t index)
{
    while (!state->isStopping) {
        Operation operation = state->draw(index);
        if (operation.isWrite())
            co_await writeOne(state, index, std::move(operation));
        else
            (void)co_await readOne(state, index, std::move(operation));
        Eventual<bool> pause = pauseOf(state->options.pause);
        (void)co_await pause;
    }
    --state->working;
}

static Task<void> listen(std::shared_ptr<LoadState> state, std::size_t member, std::size_t watcher)
{
    const auto watch = state->members[member]->store.watch(wantsAll());
    for (;;) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (state->isAborted)
            co_return;
        if (!answer) {
            state->surprises += u"watcher %1 ended: %2"_s.arg(watcher).arg(answer.error().message);
            co_return;
        }
        state->evidence.watchers[watcher].answer(*answer, Revision());
        if (std::holds_alternative<store::WatchCompacted>(*answer)) {
            state->surprises += u"watcher %1 was told that it is compacted"_s.arg(watcher);
            co_return;
        }
    }
}

/// All changes, as the cluster tells them afterwards.
static Task<bool> readHistory(std::shared_ptr<LoadState> state, std::size_t index)
{
    store::WatchRequest request = wantsAll();
    std::vector<RecordedChange> changes;
    Revision from(1);
    for (bool hasMore = true; hasMore;) {
        pluginapi::HistoryRequest page{request.glob, from, {}, 1000, true};
        const Result<store::WatchAnswer> answer =
            co_await state->members[index]->store.history(std::move(page));
        if (state->isAborted || !answer)
            co_return false;
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        if (batch == nullptr) {
            state->surprises += u"the history is compacted"_s;
            co_return true;
        }
        for (const store::WatchEvent &event : batch->events) {
            RecordedChange change{event.revision, event.path, {}, event.previous};
            if (event.kind == store::WatchEvent::Kind::put)
                change.now = event.now;
            changes.push_back(std::move(change));
        }
        from = batch->progress.next();
        hasMore = batch->hasMore;
    }
    state->evidence.changes = std::move(changes);
    co_return true;
}

/// A last write, for the watchers have to see something; a last read of all; what happened.
static Task<void> finish(std::shared_ptr<LoadState> state, std::size_t index)
{
    while (state->working > 0) {
        state->waitsFor = u"the answers of %1 clients"_s.arg(state->working);
        Eventual<bool> pause = pauseOf(state->options.pause);
        (void)co_await pause;
    }
    state->waitsFor = u"a last write"_s;
    for (std::size_t before = state->writes; before == state->writes && !state->isAborted;) {
        Operation last;
        last.process = "last";
        last.kind = Operation::Kind::put;
        last.key = tree + "/last";
        last.newValue = "v" + QByteArray::number(qulonglong(++state->values));
        co_await writeOne(state, index, std::move(last));
    }
    for (unsigned key = 0; key < state->options.keys && !state->isAborted; ++key) {
        state->waitsFor = u"a last read of "_s + QString::fromUtf8(state->keyAt(key));
        for (bool isRead = false; !isRead && !state->isAborted;) {
            Operation last;
            last.process = "last";
            last.key = state->keyAt(key);
            isRead = co_await readOne(state, index, std::move(last));
        }
    }
    state->waitsFor = u"the history"_s;
    for (bool isRead = false; !isRead && !state->isAborted;)
        isRead = co_await readHistory(state, index);
    if (state->isAborted)
        co_return;
    if (!state->evidence.changes.empty())
        state->evidence.newest = state->evidence.changes.back().revision;
    state->waitsFor = u"the watchers"_s;
    state->isRead = true;
}

Load::Load(Options options) : m_state(std::make_shared<LoadState>())
{
    const QByteArray given = qgetenv("COFFER_LOAD_SEED");
    const quint32 seed = given.isEmpty() ? QRandomGenerator::global()->generate() : given.toUInt();
    qInfo("load: COFFER_LOAD_SEED=%u", seed);
    m_state->random.seed(seed);
    m_state->options = std::move(options);
}

/// Ending the clients resumes whoever waits for them.
Load::~Load()
{
    m_state->isAborted = true;
    m_state->isStopping = true;
    const auto members = std::exchange(m_state->members, {});
}

void Load::start()
{
    LoadState &state = *m_state;
    state.clock.start();
    const std::size_t all = state.options.clients + state.options.watchers + 1;
    for (std::size_t index = 0; index < all; ++index)
        state.members.push_back(std::make_unique<Member>(state.optionsOf(index)));
    for (std::size_t watcher = 0; watcher < state.options.watchers; ++watcher) {
        state.evidence.watchers.emplace_back(wantsAll());
        spawn(listen(m_state, state.options.clients + watcher, watcher), "listen");
    }
    for (std::size_t index = 0; index < state.options.clients; ++index) {
        ++state.working;
        spawn(work(m_state, index), "work");
    }
}

void Load::stop()
{
    if (!std::exchange(m_state->isStopping, true))
        spawn(finish(m_state, m_state->members.size() - 1), "finish");
}

std::size_t Load::writes() const { return m_state->writes; }
std::size_t Load::reads() const { return m_state->reads; }
std::size_t Load::failures() const { return m_state->failures; }

bool Load::isDisconnected() const
{
    const auto &members = m_state->members;
    return std::all_of(members.begin(), members.end(), [](const auto &member) {
        return member->client.state() == client::Client::State::connecting;
    });
}

bool Load::isOver() const
{
    const LoadState &state = *m_state;
    const auto isTold = [&state](const WatchChecker &watcher) {
        return watcher.resumeFrom() > state.evidence.newest;
    };
    const auto &watchers = state.evidence.watchers;
    return state.isRead
           && (!state.surprises.isEmpty() || std::all_of(watchers.begin(), watchers.end(), isTold));
}

/// Writes \a history for `coffer-sim --check-history`; where.
static QString keep(const History &history)
{
    QTemporaryFile file(QDir::temp().filePath(u"coffer-history-XXXXXX.txt"_s));
    file.setAutoRemove(false);
    if (!file.open() || file.write(history.toText()) < 0 || !file.flush())
        return u"no file: "_s + file.errorString();
    return file.fileName();
}

QStringList Load::violations() const
{
    const LoadState &state = *m_state;
    QStringList found = state.surprises;
    found.removeAll(QString());
    found += judge(state.evidence);
    if (state.writes == 0 || state.reads == 0)
        found += u"nothing was tested: %1 writes and %2 reads were answered"_s.arg(state.writes)
                     .arg(state.reads);
    for (std::size_t index = 0; index < state.evidence.watchers.size(); ++index) {
        if (state.evidence.watchers[index].events() == 0)
            found += u"watcher %1 saw nothing"_s.arg(index);
    }
    if (!found.isEmpty())
        found += u"what the clients saw is in "_s + keep(state.evidence.history);
    return found;
}

QString Load::describe() const
{
    const LoadState &state = *m_state;
    QString text = u"%1 writes, %2 reads, %3 failures; waits for %4"_s.arg(state.writes)
                       .arg(state.reads)
                       .arg(state.failures)
                       .arg(state.waitsFor);
    for (const auto &member : state.members)
        text += u"; "_s + member->client.node().authority() + u' ' + member->client.trouble();
    return text;
}

} // namespace coffer::test
