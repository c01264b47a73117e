// SPDX-License-Identifier: Apache-2.0
#include "sim/explorer.h"

#include "sim/finding.h"
#include "store/query.h"

namespace coffer::sim {

using namespace std::chrono_literals;
using namespace store;

Explorer::Explorer(Cluster &cluster, std::uint64_t seed, std::size_t number)
    : m_cluster(cluster)
    , m_draw(seed, 300 + number)
    , m_name("x" + QByteArray::number(qulonglong(number)))
{}

const test::StoreModel &Explorer::model() const { return m_cluster.oracle().shadow().model(); }

void Explorer::think()
{
    const SimTime mean = m_cluster.plan().thinkTime;
    m_cluster.world().after(SimTime(m_draw.between(1, 3 * mean.count())), [this] { act(); });
}

void Explorer::act()
{
    if (m_isResting)
        return;
    ++m_requests;
    m_cluster.world().after(m_draw.time(100ms, 2s), [this, number = m_requests] {
        if (number == m_requests)
            think();
    });
    if (m_draw.chance(m_cluster.plan().compactPermille))
        submit({{}, Compact{std::max(Revision(1), drawPast())}});
    else if (m_draw.chance(450))
        ask();
    else if (m_draw.chance(350))
        useSession();
    else
        submit({{}, drawTransaction(false)});
}

/// Opens a session, works with it, and closes it, or lets it expire.
void Explorer::useSession()
{
    if (m_session.isNone()) {
        const auto timeToLive = std::chrono::milliseconds(m_draw.scaled(100, 3'000));
        submit({{}, OpenSession{m_draw.bits(), timeToLive}});
        return;
    }
    if (m_draw.chance(100)) {
        submit({{}, CloseSession{m_session}});
        return;
    }
    m_sequence = m_sequence.next();
    const Origin origin{m_session, m_sequence, Sequence(m_sequence.value() - 1)};
    submit({origin, drawTransaction(true)});
}

void Explorer::submit(const Command &command)
{
    const QByteArray bytes = encode(command);
    m_cluster.oracle().shadow().submitted(bytes);
    const Slot floor = m_cluster.oracle().answers().floor();
    SimNode &node = m_cluster.node(m_draw.index(m_cluster.size()));
    node.post([this, number = m_requests, bytes, floor](engine::Engine &engine) {
        engine.submit(bytes, [this, number, bytes, floor](const Result<engine::Answer> &result) {
            if (number == m_requests)
                answered(bytes, floor, result);
        });
    });
}

void Explorer::answered(const QByteArray &command, Slot floor, const Result<engine::Answer> &result)
{
    ++m_requests;
    think();
    if (!result) {
        if (result.error().code == ErrorCode::invalid)
            report("P11", QStringLiteral("a sound command was refused: ") + result.error().message);
        return;
    }
    m_cluster.oracle().answers().writeDone(command, *result, floor);
    m_seen = std::max(m_seen, result->slot);
    const Result<Answer> answer = decodeAnswer(result->bytes);
    if (answer->status == Status::sessionGone)
        m_session = SessionId();
    if (!answer->session.isNone()) {
        m_session = answer->session;
        m_sequence = Sequence();
    }
    ++m_cluster.counts().explorations;
    if (answer->status != Status::ok)
        ++m_cluster.counts().refusals;
    const Result<Command> decoded = decodeCommand(command);
    if (answer->status == Status::ok && std::holds_alternative<Compact>(decoded->body))
        ++m_cluster.counts().compactions;
    if (std::holds_alternative<CloseSession>(decoded->body))
        m_session = SessionId();
}

void Explorer::ask()
{
    static const std::vector<engine::ReadMode> modes{
        engine::ReadMode::linearizable, engine::ReadMode::session, engine::ReadMode::local};
    Answers::Read read;
    read.mode = m_draw.of(modes);
    read.seen = m_seen;
    read.floorAtCall = m_cluster.oracle().answers().floor();
    read.question = drawQuestion();
    const QByteArray question = encode(read.question);
    SimNode &node = m_cluster.node(m_draw.index(m_cluster.size()));
    node.post([this, number = m_requests, read, question](engine::Engine &engine) {
        engine.read(read.mode, read.seen, question,
                    [this, number, read](const Result<engine::Answer> &result) {
                        if (number == m_requests)
                            toldOf(read, result);
                    });
    });
}

void Explorer::toldOf(const Answers::Read &read, const Result<engine::Answer> &result)
{
    ++m_requests;
    think();
    if (!result)
        return;
    m_cluster.oracle().answers().readDone(read, *result);
    m_seen = std::max(m_seen, result->slot);
    const Result<Reply> reply = decodeReply(result->bytes);
    if (reply->status == ReplyStatus::compacted)
        ++m_cluster.counts().compactedReads;
    else if (reply->status == ReplyStatus::ok && reply->at < reply->revision)
        ++m_cluster.counts().oldReads;
}

QByteArray Explorer::drawPath()
{
    static const std::vector<QByteArray> paths{"/t/a",   "/t/a/b", "/t/b",   "/t/b/c", "/t/b/d/e",
                                               "/t/b-c", "/t/c",   "/t/c/1", "/u",     "/u/v"};
    return m_draw.of(paths);
}

/// A revision that is there, rarely one that is to come.
Revision Explorer::drawPast()
{
    const std::uint64_t newest = model().revision;
    const auto back = std::uint64_t(m_draw.scaled(1, 200)) - 1;
    if (m_draw.chance(50))
        return Revision(newest + back);
    return Revision(newest - std::min(newest, back));
}

/// None, some revision, or one near the floor.
Revision Explorer::drawRevision()
{
    if (m_draw.chance(400))
        return {};
    if (m_draw.chance(700))
        return drawPast();
    return Revision(model().floor + std::uint64_t(m_draw.between(1, 4)) - 1);
}

Guard Explorer::drawGuard()
{
    const QByteArray path = drawPath();
    const auto found = model().files.find(test::StoreModel::keyOf(path));
    const bool isThere = found != model().files.end();
    const Revision near = std::max(Revision(1), drawPast());
    const WallMs time(std::max<std::int64_t>(0, model().timeMs + m_draw.between(-200, 200)));
    switch (m_draw.index(8)) {
    case 0: return RevisionEquals{path, isThere ? Revision(found->second.revision) : near};
    case 1: return CreatedEquals{path, isThere ? Revision(found->second.created) : near};
    case 2: return ValueEquals{path, isThere ? found->second.value : QByteArray("none")};
    case 3: return SessionAlive{m_session.isNone() ? SessionId(1) : m_session};
    case 4: return TimeReached{time};
    case 5: return TimeWithin{time, std::chrono::milliseconds(m_draw.between(0, 200))};
    case 6: return RevisionBelow{path, near};
    default: return Missing{path};
    }
}

Operation Explorer::drawOperation(bool hasSession)
{
    const QByteArray path = drawPath();
    switch (m_draw.index(8)) {
    case 0:
    case 1: return Delete{path};
    case 2: return DeleteTree{m_draw.chance(200) ? QByteArray("/t") : path};
    default: break;
    }
    Put put{path, m_name + '.' + QByteArray::number(qulonglong(++m_values))};
    put.isEphemeral = hasSession && m_draw.chance(600);
    if (put.isEphemeral && m_draw.chance(600))
        put.linger = std::chrono::milliseconds(m_draw.scaled(1, 2'000));
    return put;
}

Transaction Explorer::drawTransaction(bool hasSession)
{
    Transaction transaction;
    for (std::int64_t left = m_draw.between(0, 2); left > 0; --left)
        transaction.guards.push_back(drawGuard());
    for (std::int64_t left = m_draw.between(1, 4); left > 0; --left)
        transaction.operations.push_back(drawOperation(hasSession));
    for (std::int64_t left = m_draw.between(0, 2); left > 0; --left)
        transaction.otherwise.push_back(drawOperation(hasSession));
    return transaction;
}

Page Explorer::drawPage()
{
    Page page;
    if (m_draw.chance(400))
        page.after = drawPath();
    page.limit = std::uint32_t(m_draw.index(4));
    page.detail = Detail(m_draw.between(1, 3));
    return page;
}

Question Explorer::drawQuestion()
{
    static const std::vector<QByteArray> trees{"/", "/t", "/t/b", "/u", "/k"};
    static const std::vector<QByteArray> globs{"/**", "/t/*", "/t/**", "/?/b*", "/t/b/**", "/*/c"};
    const Revision at = drawRevision();
    switch (m_draw.index(6)) {
    case 0: return List{m_draw.of(trees), drawPage(), at};
    case 1: return Range{drawPath(), drawPath(), drawPage(), at};
    case 2: return Match{m_draw.of(globs), drawPage(), at};
    case 3: return Entries{m_draw.of(trees), drawPage(), at};
    case 4: return Stat{m_draw.chance(500) ? m_draw.of(trees) : drawPath(), at};
    default: return Get{drawPath(), at};
    }
}

} // namespace coffer::sim
