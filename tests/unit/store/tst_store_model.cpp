// SPDX-License-Identifier: Apache-2.0
#include "store/glob.h"
#include "unit/store/driver.h"
#include "unit/store/random_command.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using namespace coffer::store::test;

/// Random commands against the naive model. COFFER_TEST_SEED repeats one run.
class TestStoreModel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void store_doesAsTheModel();
    void apply_isTotal();
};

static constexpr std::uint64_t quota = 60;

static StoreOptions options() { return {.bytesMax = quota, .applyVersionMax = 1000}; }

/// One store, the model beside it, and a checkpoint behind it.
struct World
{
    explicit World(std::uint64_t start) : random(start)
    {
        model.bytesMax = quota;
        model.applyVersionMax = 1000;
    }

    [[nodiscard]] QByteArray nextBytes()
    {
        const std::uint64_t kind = random.below(20);
        if (kind < 3 && !sent.empty())
            return sent[random.below(sent.size())];
        if (kind == 3)
            return make.garbage();
        const QByteArray bytes = encode(make.command());
        return kind == 4 ? make.damaged(bytes) : bytes;
    }
    [[nodiscard]] Answer expected(const QByteArray &bytes)
    {
        const Result<Command> command = decodeCommand(bytes);
        const Answer answer = command ? model.apply(*command) : model.answer(Status::invalid);
        ++statuses[answer.status];
        return answer;
    }
    void remember(const QByteArray &bytes)
    {
        if (sent.size() < 50)
            sent.push_back(bytes);
        else
            sent[random.below(sent.size())] = bytes;
    }
    void step();
    void applyBatch();
    void restart();
    void compareSessions();
    void compareFiles(std::uint64_t at);
    void compareChanges();
    void compareTree(std::uint64_t at, const QByteArray &tree);
    void compareGlob(std::uint64_t at, const QByteArray &pattern);
    void compareEntries(std::uint64_t at, const QByteArray &path);
    void compareEdges();

    SeededRandom random;
    StoreModel model;
    RandomCommand make{random, model};
    Store store{options()};
    Rows rows;
    std::vector<QByteArray> sent;
    std::map<Status, int> statuses;
    int restarts = 0;
    std::uint64_t reads = 0;
};

void World::step()
{
    if (random.below(50) == 0) {
        store.applyLeaderStart(store.applied().next());
        model.tenure = store.applied().value();
    }
    if (random.below(50) == 0)
        store.applyNothing(store.applied().next());
    applyBatch();
    if (random.below(8) == 0)
        rows.follow(store);
    if (random.below(10) == 0) {
        compareSessions();
        compareChanges();
        compareEdges();
        for (std::uint64_t at = model.floor; at <= model.revision; ++at)
            compareFiles(at);
        QCOMPARE(store.hash(), store.auditHash());
        QCOMPARE(store.tree().liveBytes(), model.liveBytes());
    }
    if (random.below(30) == 0)
        restart();
}

void World::applyBatch()
{
    const WallMs stamp(model.timeMs + 3 - std::int64_t(random.below(6)));
    model.beginSlot(stamp.count());
    std::vector<QByteArray> batch;
    std::vector<Answer> answers;
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
        batch.push_back(nextBytes());
        answers.push_back(expected(batch.back()));
        remember(batch.back());
    }
    const std::vector<Answer> given = store.apply(store.applied().next(), stamp, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const QByteArray text = batch[i].toHex() + ": " + encode(given[i]).toHex() + " instead of "
                                + encode(answers[i]).toHex();
        QVERIFY2(given[i] == answers[i], text.constData());
    }
    QCOMPARE(store.revision().value(), model.revision);
    QCOMPARE(store.floor().value(), model.floor);
    QCOMPARE(store.appliedTime().count(), model.timeMs);
    QCOMPARE(store.applyVersion(), model.applyVersion);
}

void World::restart()
{
    rows.follow(store);
    Result<Store> copy = restored(rows.all(), store.applied(), store.hash(), options());
    QVERIFY2(copy, copy ? "" : qPrintable(copy.error().message));
    QCOMPARE(copy->hash(), store.hash());
    QCOMPARE(copy->floor(), store.floor());
    ++restarts;
    store = std::move(*copy);
}

void World::compareSessions()
{
    QCOMPARE(store.sessions().all().size(), model.sessions.size());
    for (const auto &[id, session] : model.sessions) {
        const Session *real = store.sessions().find(SessionId(id));
        QVERIFY(real);
        QCOMPARE(real->acknowledged.value(), session.acknowledged);
        QCOMPARE(real->timeToLive.count(), session.timeToLiveMs);
        QCOMPARE(real->outcomes.size(), session.outcomes.size());
    }
}

static Reply ask(const Store &store, const Question &question)
{
    return *decodeReply(encode(store.query(encode(question))));
}

/// All pages of \a question, each of one to three files.
template<class Question>
static std::vector<FileView> allPages(const Store &store, Question question, Random &random)
{
    std::vector<FileView> files;
    for (;;) {
        question.page.limit = std::uint32_t(1 + random.below(3));
        const Reply reply = ask(store, question);
        if (reply.status != ReplyStatus::ok || reply.at != question.at)
            return {};
        files.insert(files.end(), reply.files.begin(), reply.files.end());
        if (!reply.hasMore)
            return files;
        question.page.after = reply.resume;
    }
}

void World::compareFiles(std::uint64_t at)
{
    if (at == 0)
        return;
    ++reads;
    const StoreModel::Files &files = model.filesAt(at);
    std::vector<FileView> all;
    for (const auto &[key, file] : files)
        all.push_back(StoreModel::viewOf(key, file, true));
    QCOMPARE(allPages(store, List{"/", {}, Revision(at)}, random), all);
    const QByteArray path = make.anyPath();
    const auto found = files.find(StoreModel::keyOf(path));
    const Reply got = ask(store, Get{path, Revision(at)});
    QCOMPARE(got.files.size(), found == files.end() ? 0U : 1U);
    if (found != files.end())
        QCOMPARE(got.files[0], StoreModel::viewOf(found->first, found->second, true));
    compareTree(at, path);
    compareTree(at, "/a");
    compareGlob(at, "/a/**");
    compareGlob(at, "/*/?*");
    compareGlob(at, "/c**");
    compareEntries(at, "/");
    compareEntries(at, "/a");
    compareEntries(at, path);
}

void World::compareTree(std::uint64_t at, const QByteArray &tree)
{
    std::vector<FileView> expected;
    std::vector<FileView> after;
    for (const auto &[key, file] : model.filesAt(at)) {
        const QByteArray path = StoreModel::pathOf(key);
        if (isWithin(path, tree))
            expected.push_back(StoreModel::viewOf(key, file, false));
        if (key >= StoreModel::keyOf(tree) && key < StoreModel::keyOf("/c"))
            after.push_back(StoreModel::viewOf(key, file, true));
    }
    Page keys;
    keys.detail = Detail::keys;
    QCOMPARE(allPages(store, List{tree, keys, Revision(at)}, random), expected);
    QCOMPARE(allPages(store, Range{tree, "/c", {}, Revision(at)}, random), after);
    Page count;
    count.detail = Detail::count;
    QCOMPARE(ask(store, List{tree, count, Revision(at)}).count, expected.size());
}

void World::compareGlob(std::uint64_t at, const QByteArray &pattern)
{
    const Result<Glob> glob = Glob::parse(pattern);
    std::vector<FileView> expected;
    for (const auto &[key, file] : model.filesAt(at)) {
        if (glob->matches(StoreModel::pathOf(key)))
            expected.push_back(StoreModel::viewOf(key, file, true));
    }
    QCOMPARE(allPages(store, Match{pattern, {}, Revision(at)}, random), expected);
}

void World::compareEntries(std::uint64_t at, const QByteArray &path)
{
    const QByteArray prefix = path == "/" ? path : path + '/';
    std::vector<EntryView> expected;
    for (const auto &[key, file] : model.filesAt(at)) {
        const QByteArray other = StoreModel::pathOf(key);
        if (!other.startsWith(prefix))
            continue;
        const QByteArray rest = other.sliced(prefix.size());
        const EntryView entry{rest.first(rest.contains('/') ? rest.indexOf('/') : rest.size()),
                              rest.contains('/')};
        if (expected.empty() || expected.back() != entry)
            expected.push_back(entry);
    }
    Entries question{path, {}, Revision(at)};
    std::vector<EntryView> entries;
    for (;;) {
        question.page.limit = std::uint32_t(1 + random.below(3));
        const Reply reply = ask(store, question);
        entries.insert(entries.end(), reply.entries.begin(), reply.entries.end());
        if (!reply.hasMore)
            break;
        question.page.after = reply.resume;
    }
    QCOMPARE(entries, expected);
    const Reply stat = ask(store, Stat{path, Revision(at)});
    const bool isFile = model.filesAt(at).contains(StoreModel::keyOf(path));
    QCOMPARE(stat.files.size(), isFile ? 1U : 0U);
    QCOMPARE(stat.count, expected.size());
}

void World::compareChanges()
{
    std::vector<StoreModel::Change> changes;
    store.changes().visitChanges(store.floor().next(), [&](const ChangeView &change) {
        const std::string key = StoreModel::keyOf(change.path.toByteArray());
        const std::uint64_t revision = change.revision.value();
        changes.push_back({revision, key});
        const auto isSame = [&key](const FileVersion *version, const StoreModel::Files &files) {
            const auto file = files.find(key);
            if (version == nullptr || file == files.end())
                return version == nullptr && file == files.end();
            return version->revision.value() == file->second.revision
                   && version->created.value() == file->second.created
                   && version->owner.value() == file->second.owner
                   && version->time.count() == file->second.timeMs
                   && version->value == file->second.value;
        };
        return isSame(change.now, model.filesAt(revision))
               && isSame(change.before, model.filesAt(revision - 1));
    });
    QCOMPARE(changes, model.changes);
}

void World::compareEdges()
{
    const Reply later = ask(store, Get{"/a", Revision(model.revision + 1)});
    QCOMPARE(later.status, ReplyStatus::notYet);
    if (model.floor < 2)
        return;
    const Reply below = ask(store, List{"/", {}, Revision(model.floor - 1)});
    QCOMPARE(below.status, ReplyStatus::compacted);
    QCOMPARE(below.floor.value(), model.floor);
    QVERIFY(below.files.empty());
}

static std::vector<std::uint64_t> seeds()
{
    const QByteArray given = qgetenv("COFFER_TEST_SEED");
    if (!given.isEmpty())
        return {given.toULongLong()};
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        seeds.push_back(seed);
    return seeds;
}

void TestStoreModel::store_doesAsTheModel()
{
    std::map<Status, int> statuses;
    std::uint64_t reads = 0;
    int restarts = 0;
    for (const std::uint64_t seed : seeds()) {
        World world(seed);
        for (int step = 0; step < 1'500 && !QTest::currentTestFailed(); ++step)
            world.step();
        if (QTest::currentTestFailed())
            QFAIL(qPrintable(QStringLiteral("COFFER_TEST_SEED=%1").arg(seed)));
        for (const auto &[status, count] : world.statuses)
            statuses[status] += count;
        reads += world.reads;
        restarts += world.restarts;
    }
    qInfo("%llu revisions read, %d restarts", static_cast<unsigned long long>(reads), restarts);
    for (int status = 1; status <= int(Status::versionNotNext); ++status) {
        const int count = statuses[Status(status)];
        qInfo("status %d: %d times", status, count);
        QVERIFY(count > 0 || status == int(Status::limitReached));
    }
}

void TestStoreModel::apply_isTotal()
{
    World world(seeds().front());
    for (int step = 0; step < 200; ++step) {
        world.applyBatch();
        const QByteArray bytes = encode(world.make.command());
        for (qsizetype at = 0; at < bytes.size() && !QTest::currentTestFailed(); ++at) {
            QByteArray flipped = bytes;
            flipped[at] = char(flipped[at] ^ (1 << world.random.below(8)));
            world.model.beginSlot(0);
            const Answer answer = world.expected(flipped);
            const Slot slot = world.store.applied().next();
            QCOMPARE(world.store.apply(slot, WallMs(0), {flipped})[0], answer);
        }
    }
    world.compareSessions();
    world.compareFiles(world.model.revision);
    world.compareChanges();
}

QTEST_APPLESS_MAIN(TestStoreModel)
#include "tst_store_model.moc"
