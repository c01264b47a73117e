// SPDX-License-Identifier: Apache-2.0
#include "unit/store/driver.h"
#include "unit/store/random_command.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using namespace coffer::store::test;

/// Random commands against the naive model. COFFER_TEST_SEED repeats a run.
class TestStoreModel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void store_doesAsTheModel();
    void apply_isTotal();
};

static std::uint64_t seed()
{
    const QByteArray given = qgetenv("COFFER_TEST_SEED");
    const std::uint64_t seed = given.isEmpty() ? 20'240'613 : given.toULongLong();
    qInfo("COFFER_TEST_SEED=%llu", static_cast<unsigned long long>(seed));
    return seed;
}

static bool isSame(const Store &store, const Model &model)
{
    std::map<std::string, Model::File> files;
    store.tree().visit("/", {}, [&files](const QByteArray &path, const File &file) {
        files[path.toStdString()] = {file.value().toByteArray().toStdString(),
                                     file.revision().value(), file.created().value(),
                                     file.owner().value()};
        return true;
    });
    if (files != model.files || store.sessions().all().size() != model.sessions.size())
        return false;
    for (const auto &[id, session] : model.sessions) {
        const Session *real = store.sessions().find(SessionId(id));
        if (real == nullptr || real->acknowledged.value() != session.acknowledged
            || real->timeToLive.count() != session.timeToLiveMs
            || real->outcomes.size() != session.outcomes.size()) {
            return false;
        }
    }
    return store.revision().value() == model.revision
           && store.appliedTime().count() == model.timeMs;
}

/// One store, the model beside it, and a checkpoint behind it.
struct World
{
    explicit World(std::uint64_t start) : random(start) {}

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
        return command ? model.apply(*command) : model.answer(Status::invalid);
    }
    void remember(const QByteArray &bytes)
    {
        if (sent.size() < 50)
            sent.push_back(bytes);
        else
            sent[random.below(sent.size())] = bytes;
    }
    void applyBatch();
    void restart();

    SeededRandom random;
    Model model;
    RandomCommand make{random, model};
    Store store;
    Rows rows;
    std::vector<QByteArray> sent;
};

void World::applyBatch()
{
    const WallMs stamp(model.timeMs + 3 - std::int64_t(random.below(6)));
    model.timeMs = std::max<std::int64_t>(model.timeMs, stamp.count());
    std::vector<QByteArray> batch;
    std::vector<Answer> answers;
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
        batch.push_back(nextBytes());
        answers.push_back(expected(batch.back()));
        remember(batch.back());
    }
    QCOMPARE(store.apply(store.applied().next(), stamp, batch), answers);
}

void World::restart()
{
    rows.follow(store);
    QCOMPARE(rows.hash(), store.hash());
    Result<Store> copy = restored(rows.all(), store.applied(), store.hash());
    QVERIFY2(copy, copy ? "" : qPrintable(copy.error().message));
    QCOMPARE(copy->hash(), store.hash());
    store = std::move(*copy);
}

void TestStoreModel::store_doesAsTheModel()
{
    World world(seed());
    for (int step = 0; step < 20'000 && !QTest::currentTestFailed(); ++step) {
        if (world.random.below(50) == 0) {
            world.store.applyLeaderStart(world.store.applied().next());
            world.model.tenure = world.store.applied().value();
        }
        if (world.random.below(50) == 0)
            world.store.applyNothing(world.store.applied().next());
        world.applyBatch();
        if (world.random.below(10) == 0)
            QVERIFY2(isSame(world.store, world.model), qPrintable(QString::number(step)));
        if (world.random.below(30) == 0)
            world.restart();
    }
    QVERIFY(world.model.revision > 1000);
    QVERIFY(world.model.newestSession > 100);
}

void TestStoreModel::apply_isTotal()
{
    World world(seed());
    for (int step = 0; step < 200; ++step) {
        world.applyBatch();
        const QByteArray bytes = encode(world.make.command());
        for (qsizetype at = 0; at < bytes.size() && !QTest::currentTestFailed(); ++at) {
            QByteArray flipped = bytes;
            flipped[at] = char(flipped[at] ^ (1 << world.random.below(8)));
            const Answer answer = world.expected(flipped);
            const Slot slot = world.store.applied().next();
            QCOMPARE(world.store.apply(slot, WallMs(0), {flipped})[0], answer);
        }
    }
    QVERIFY(isSame(world.store, world.model));
}

QTEST_APPLESS_MAIN(TestStoreModel)
#include "tst_store_model.moc"
