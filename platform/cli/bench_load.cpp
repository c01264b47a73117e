// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_load.h"

#include <QCoreApplication>
#include <QTimer>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::cli {

using std::chrono::duration_cast;
using Steady = std::chrono::steady_clock;
using Mode = BenchPlan::Mode;

/// Writes under way while the keys are filled in.
static constexpr std::size_t fillWidth = 32;

static Eventual<bool> sleepUntil(Steady::time_point due)
{
    Eventual<bool> over({ErrorCode::unavailable, u"the program ended"_s});
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Steady::now());
    QTimer::singleShot(std::max(left, std::chrono::milliseconds(0)), Qt::PreciseTimer, qApp,
                       [set = over.setter()] { set(true); });
    return over;
}

BenchLoad::BenchLoad(client::Options options, BenchPlan plan)
    : m_plan(std::move(plan)), m_random(QRandomGenerator::securelySeeded())
{
    options.isShuffled = false;
    const std::size_t writers = m_plan.mode == Mode::watch ? 1 : 0;
    m_value.resize(qsizetype(m_plan.bytes));
    for (char &byte : m_value)
        byte = char('a' + m_random.bounded(26));
    const std::vector<QUrl> nodes = options.nodes;
    for (std::size_t index = 0; index < m_plan.clients + writers; ++index) {
        // Spread evenly: each begins with another node.
        std::rotate_copy(nodes.begin(), nodes.begin() + std::ptrdiff_t(index % nodes.size()),
                         nodes.end(), options.nodes.begin());
        m_members.push_back(std::make_unique<Member>(options));
    }
}

BenchLoad::~BenchLoad() = default;

double BenchLoad::seconds() const
{
    return std::chrono::duration<double>(std::min(Steady::now(), m_end) - m_begin).count();
}

QByteArray BenchLoad::keyAt(std::uint64_t index) const
{
    return m_plan.prefix + "/key" + QByteArray::number(index % m_plan.keys);
}

// ---- before and after

Task<Result<bool>> BenchLoad::fill(std::size_t first, std::size_t step)
{
    for (std::size_t key = first; key < m_plan.keys; key += step) {
        Member &member = *m_members[key % m_members.size()];
        const Result<Revision> put = co_await member.store.put(keyAt(key), m_value);
        if (!put)
            co_return put.error();
    }
    co_return true;
}

Task<Result<void>> BenchLoad::prepare()
{
    // The first write of each opens its session.
    std::vector<Task<Result<Revision>>> first;
    for (const auto &member : m_members)
        first.push_back(member->store.put(keyAt(first.size()), m_value));
    for (auto &task : first) {
        const Result<Revision> done = co_await task;
        if (!done)
            co_return done.error();
    }
    if (m_plan.mode != Mode::read && m_plan.mode != Mode::mixed)
        co_return Result<void>();
    std::vector<Task<Result<bool>>> fillers;
    for (std::size_t lane = 0; lane < fillWidth; ++lane)
        fillers.push_back(fill(lane, fillWidth));
    for (auto &task : fillers) {
        const Result<bool> done = co_await task;
        if (!done)
            co_return done.error();
    }
    co_return Result<void>();
}

Task<Result<void>> BenchLoad::cleanUp()
{
    store::Transaction transaction;
    transaction.operations.push_back(store::DeleteTree{m_plan.prefix});
    for (bool isDone = false; !isDone;) {
        // A transaction touches so many files at most; a tree may have more.
        Result<store::Answer> answer = co_await m_members.front()->store.commit(transaction);
        if (!answer)
            co_return answer.error();
        isDone = answer->status != store::Status::limitReached;
        if (isDone)
            break;
        store::List list{m_plan.prefix, {}, {}};
        list.page.detail = store::Detail::keys;
        store::Question question = list;
        const Result<store::Reply> some =
            co_await m_members.front()->store.read(std::move(question));
        if (!some)
            co_return some.error();
        store::Transaction piece;
        for (const store::FileView &file : some->files)
            piece.operations.push_back(store::Delete{file.path});
        answer = co_await m_members.front()->store.commit(std::move(piece));
        if (!answer)
            co_return answer.error();
    }
    std::vector<Task<Result<void>>> ends;
    for (const auto &member : m_members)
        ends.push_back(member->store.finish());
    for (auto &task : ends)
        (void)co_await task;
    co_return Result<void>();
}

// ---- the loops

void BenchLoad::note(Time since, const Result<bool> &done)
{
    if (done) {
        m_latencies.add(duration_cast<Latencies::Time>(Steady::now() - since));
        return;
    }
    ++m_errors[QString(rpc::nameOf(rpc::Failure::of(done.error()).code))];
}

Task<Result<bool>> BenchLoad::one(Member &member)
{
    const bool isRead =
        m_plan.mode == Mode::read
        || (m_plan.mode == Mode::mixed && m_random.bounded(100) < int(m_plan.readShare));
    const QByteArray key = keyAt(m_random.bounded(m_plan.keys));
    if (isRead) {
        pluginapi::ReadOptions options;
        options.mode = m_plan.readMode;
        const auto file = co_await member.store.get(key, options);
        if (!file)
            co_return file.error();
        co_return true;
    }
    const Result<Revision> put = co_await member.store.put(key, m_value);
    if (!put)
        co_return put.error();
    co_return true;
}

Task<Result<bool>> BenchLoad::work(Member &member)
{
    while (!isOver()) {
        Time since = Steady::now();
        if (m_plan.rate > 0) {
            const std::chrono::duration<double> offset(double(m_turns++) / m_plan.rate);
            since = m_begin + duration_cast<Steady::duration>(offset);
            if (since >= m_end)
                break;
            if (since > Steady::now()) {
                Eventual<bool> due = sleepUntil(since);
                (void)co_await due;
            }
        }
        const Result<bool> done = co_await one(member);
        note(since, done);
    }
    co_return true;
}

Task<Result<bool>> BenchLoad::listen(Member &member)
{
    Result<store::Glob> glob = store::Glob::parse(m_plan.prefix + "/watched");
    if (!glob)
        co_return glob.error();
    const auto watch = member.store.watch({std::move(*glob), {}, false, store::WatchKinds::all});
    for (;;) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (!answer)
            co_return answer.error();
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        for (std::size_t n = batch ? batch->events.size() : 0; n > 0 && m_untold > 0; --n) {
            m_latencies.add(duration_cast<Latencies::Time>(Steady::now() - m_written));
            if (--m_untold > 0)
                continue;
            m_last.add(duration_cast<Latencies::Time>(Steady::now() - m_written));
            if (const auto set = std::exchange(m_allTold, {}))
                (*set)(true);
        }
    }
}

/// Writes, and waits until all are told, so that each event belongs to the newest write.
Task<Result<bool>> BenchLoad::tell(Member &writer)
{
    while (!isOver()) {
        if (m_plan.rate > 0) {
            const std::chrono::duration<double> offset(double(m_turns++) / m_plan.rate);
            Eventual<bool> due = sleepUntil(m_begin + duration_cast<Steady::duration>(offset));
            (void)co_await due;
        }
        Eventual<bool> told({ErrorCode::unavailable, u"the program ended"_s});
        m_allTold = told.setter();
        m_untold = m_plan.clients;
        m_written = Steady::now();
        const Result<Revision> put = co_await writer.store.put(m_plan.prefix + "/watched", m_value);
        if (!put) {
            note(m_written, put.error());
            continue;
        }
        (void)co_await told;
    }
    co_return true;
}

Task<Result<void>> BenchLoad::run(std::function<void(const QString &)> progress)
{
    std::vector<Task<Result<bool>>> listeners;
    if (m_plan.mode == Mode::watch) {
        for (std::size_t index = 0; index + 1 < m_members.size(); ++index)
            listeners.push_back(listen(*m_members[index]));
        Eventual<bool> begun = sleepUntil(Steady::now() + std::chrono::milliseconds(500));
        (void)co_await begun; // The watches are open by then, or their first event comes late.
    }
    m_begin = Steady::now();
    m_end =
        m_begin + duration_cast<Steady::duration>(std::chrono::duration<double>(m_plan.seconds));
    QTimer timer;
    std::uint64_t before = 0;
    QObject::connect(&timer, &QTimer::timeout, &timer, [this, &before, progress] {
        progress(u"%1 s: %2/s"_s.arg(seconds(), 0, 'f', 0).arg(m_latencies.count() - before));
        before = m_latencies.count();
    });
    timer.start(1000);
    std::vector<Task<Result<bool>>> workers;
    if (m_plan.mode == Mode::watch)
        workers.push_back(tell(*m_members.back()));
    else {
        for (const auto &member : m_members) {
            for (unsigned lane = 0; lane < m_plan.outstanding; ++lane)
                workers.push_back(work(*member));
        }
    }
    for (auto &task : workers) {
        const Result<bool> done = co_await task;
        if (!done)
            co_return done.error();
    }
    co_return Result<void>();
}

} // namespace coffer::cli
