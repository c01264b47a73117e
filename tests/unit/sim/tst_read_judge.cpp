// SPDX-License-Identifier: Apache-2.0
#include "sim/read_judge.h"
#include "store/store.h"

#include <QTest>

using namespace coffer;
using namespace coffer::sim;
using namespace coffer::store;

namespace {

Page page(std::uint32_t limit, Detail detail = Detail::values, const QByteArray &after = {})
{
    return {after, limit, detail};
}

/// A store and the model of it, which have three files and a floor.
struct World
{
    World()
    {
        model.keepsAll = true;
        model.bytesMax = 1'000;
        apply({Put{"/a", "1"}});
        apply({Put{"/b/c", "2"}, Put{"/b/d", "3"}});
        apply({Delete{"/b/c"}});
        apply(Command{{}, Compact{Revision(2)}});
        moment = {store.revision(), store.floor(), store.appliedTime()};
    }
    void apply(const std::vector<Operation> &operations)
    {
        apply(Command{{}, Transaction{{}, operations, {}}});
    }
    void apply(const Command &command)
    {
        model.beginSlot(7);
        const Answer expected = model.apply(command);
        const auto given = store.apply(store.applied().next(), WallMs(7), {encode(command)});
        QCOMPARE(given.front(), expected);
    }
    [[nodiscard]] Reply ask(const Question &question) const
    {
        return store.query(encode(question));
    }
    [[nodiscard]] bool isRight(const Reply &reply, const Question &question) const
    {
        return whatIsWrong(reply, question, moment, model).isEmpty();
    }

    Store store;
    test::StoreModel model;
    StoreMoment moment;
};

const std::vector<Question> &questions()
{
    static const std::vector<Question> all{
        Get{"/a"},
        Get{"/b/c", Revision(2)},
        Get{"/b/c"},
        List{"/"},
        List{"/b", page(1), Revision(2)},
        List{"/", page(0, Detail::keys, "/a")},
        List{"/", page(0, Detail::count), Revision(2)},
        Range{"/b", "/b/d", {}, Revision(2)},
        Match{"/*/d"},
        Entries{"/"},
        Entries{"/b", {}, Revision(2)},
        Stat{"/b"},
        Stat{"/a", Revision(3)},
        Get{"/a", Revision(1)},
        Get{"/a", Revision(4)},
    };
    return all;
}

} // namespace

/// The judge of reads has to accept what is right, and nothing else.
class TestReadJudge : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void reply_isRight()
    {
        const World world;
        for (const Question &question : questions())
            QCOMPARE(whatIsWrong(world.ask(question), question, world.moment, world.model),
                     QString());
    }

    void reply_toAnotherQuestion()
    {
        const World world;
        QVERIFY(!world.isRight(world.ask(Get{"/b/d"}), Get{"/a"}));
        QVERIFY(!world.isRight(world.ask(Get{"/b/c"}), Get{"/b/c", Revision(2)}));
        QVERIFY(!world.isRight(world.ask(List{"/b"}), List{"/"}));
        QVERIFY(!world.isRight(world.ask(Entries{"/b"}), Entries{"/b", {}, Revision(2)}));
        QVERIFY(!world.isRight(world.ask(Stat{"/a"}), Stat{"/b"}));
        QVERIFY(!world.isRight(world.ask(Match{"/**"}), Match{"/*/d"}));
    }

    void reply_ofAnotherMoment()
    {
        const World world;
        for (const Question &question : questions()) {
            Reply reply = world.ask(question);
            reply.floor = Revision(1);
            QVERIFY(!world.isRight(reply, question));
            reply = world.ask(question);
            reply.revision = reply.revision.next();
            QVERIFY(!world.isRight(reply, question));
        }
    }

    void floor_isExact()
    {
        const World world;
        Reply below = world.ask(Get{"/a", Revision(1)});
        QCOMPARE(below.status, ReplyStatus::compacted);
        below.status = ReplyStatus::ok;
        QVERIFY(!world.isRight(below, Get{"/a", Revision(1)}));
        Reply at = world.ask(Get{"/a", Revision(2)});
        QCOMPARE(at.status, ReplyStatus::ok);
        at.status = ReplyStatus::compacted;
        QVERIFY(!world.isRight(at, Get{"/a", Revision(2)}));
    }

    void page_thatEndsTooEarly()
    {
        const World world;
        Reply reply = world.ask(List{"/", page(1)});
        QVERIFY(world.isRight(reply, List{"/", page(1)}));
        reply.hasMore = false;
        QVERIFY(!world.isRight(reply, List{"/", page(1)}));
    }
};

QTEST_APPLESS_MAIN(TestReadJudge)
#include "tst_read_judge.moc"
