// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "pluginapi/store_cbor.h"
#include "store/limits.h"

#include <QCborArray>
#include <QTest>

using namespace coffer;
using namespace coffer::pluginapi;
using namespace coffer::store;
using namespace Qt::StringLiterals;

namespace {

/// The value after a journey as bytes.
QCborMap travelled(const QCborMap &map)
{
    return QCborValue::fromCbor(map.toCborValue().toCbor()).toMap();
}

FileView file(const QByteArray &path, const QByteArray &value)
{
    FileView of;
    of.path = path;
    of.value = value;
    of.valueBytes = std::uint32_t(value.size());
    of.revision = Revision(7);
    of.created = Revision(3);
    of.owner = SessionId(2);
    of.time = WallMs(1'700'000'000'000);
    of.heldUntil = WallMs(5);
    return of;
}

} // namespace

class TestStoreCbor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void question_travels_data()
    {
        QTest::addColumn<int>("index");
        for (std::size_t index = 0; index < questions().size(); ++index)
            QTest::addRow("%s %zu", methodOf(questions()[index]), index) << int(index);
    }
    void question_travels()
    {
        QFETCH(int, index);
        const Question question = questions()[std::size_t(index)];
        for (const ReadOptions &options :
             {ReadOptions(), ReadOptions{ReadMode::session, Revision(9)},
              ReadOptions{ReadMode::local, {}}}) {
            const QCborMap map = travelled(toCbor(question, options));
            const Result<ReadCall> call = readCall(QLatin1String(methodOf(question)), map);
            QVERIFY2(call, call ? "" : qPrintable(call.error().message));
            QVERIFY(call->question == question);
            QCOMPARE(call->options.mode, options.mode);
            QCOMPARE(call->options.seen, options.seen);
        }
    }
    void question_withBadPathIsInvalid()
    {
        for (const char *path : {"a", "/a/", "//", "/ü", ""}) {
            const Result<ReadCall> call =
                readCall("store.get"_L1, QCborMap{{u"path"_s, QString::fromUtf8(path)}});
            QVERIFY2(!call, path);
            QCOMPARE(call.error().code, ErrorCode::invalid);
        }
        QVERIFY(!readCall("store.get"_L1, QCborMap()));
        QVERIFY(!readCall("store.nothing"_L1, QCborMap()));
    }

    void reply_travels()
    {
        Reply reply;
        reply.status = ReplyStatus::ok;
        reply.revision = Revision(12);
        reply.floor = Revision(3);
        reply.appliedTime = WallMs(99);
        reply.at = Revision(11);
        reply.files = {file("/a", "x"), file("/b", QByteArray("\0\xff", 2)), file("/c", "")};
        reply.files[0].heldUntil.reset();
        reply.files[0].owner = {};
        reply.files[2].valueBytes = 10; // The value was not asked for.
        reply.entries = {{"d", true}, {"f", false}};
        reply.sessions = {{SessionId(4), std::chrono::milliseconds(500), 1, 2}};
        reply.count = 5;
        reply.hasMore = true;
        reply.resume = "/b\x01";
        reply.isSessionAlive = true;
        reply.figures = StoreFigures{1, 2, 3, 4, 5, 6};
        const Result<Reply> back = replyFromCbor(travelled(toCbor(reply)));
        QVERIFY2(back, back ? "" : qPrintable(back.error().message));
        QVERIFY(*back == reply);
        for (const ReplyStatus status : {ReplyStatus::notYet, ReplyStatus::compacted}) {
            Reply other;
            other.status = status;
            QVERIFY(*replyFromCbor(travelled(toCbor(other))) == other);
        }
    }

    void transaction_travels()
    {
        Transaction transaction;
        transaction.guards = {
            RevisionEquals{"/a", Revision(1)}, Missing{"/b"},
            CreatedEquals{"/c", Revision(2)},  ValueEquals{"/d", "v"},
            SessionAlive{SessionId(3)},        TimeReached{WallMs(4)},
            RevisionBelow{"/e", Revision(5)},  TimeWithin{WallMs(6), std::chrono::milliseconds(7)}};
        transaction.operations = {Put{"/a", QByteArray("\0\xff", 2), false, {}},
                                  Put{"/e", "x", true, std::chrono::milliseconds(50)}, Delete{"/b"},
                                  DeleteTree{"/"}};
        transaction.otherwise = {Delete{"/z"}};
        const CommitOptions options{Origin{SessionId(8), Sequence(9), Sequence(8)}};
        const Result<CommitCall> call = commitCall(travelled(toCbor(transaction, options)));
        QVERIFY2(call, call ? "" : qPrintable(call.error().message));
        QVERIFY(call->transaction == transaction);
        QVERIFY(call->options.origin == options.origin);
        QCOMPARE(call->command, encode(Command{options.origin, transaction}));
        const Result<CommitCall> none = commitCall(travelled(toCbor(Transaction(), {})));
        QVERIFY(none && !none->options.origin);
    }
    void transaction_faultIsNamed()
    {
        const auto fault = [](const QCborMap &operation) {
            const Result<CommitCall> call =
                commitCall(QCborMap{{u"operations"_s, QCborArray{QCborMap(), operation}}});
            return call ? QString() : call.error().message;
        };
        QVERIFY(fault({}).startsWith(u"operations[0].do is missing"_s));
        const auto second = [](const QCborMap &operation) {
            const QCborMap good{{u"do"_s, u"delete"_s}, {u"path"_s, u"/a"_s}};
            const Result<CommitCall> call =
                commitCall(QCborMap{{u"operations"_s, QCborArray{good, operation}}});
            return call ? QString() : call.error().message;
        };
        QVERIFY(second({{u"do"_s, u"put"_s}, {u"path"_s, u"/a"_s}})
                    .startsWith(u"operations[1].value"_s));
        QVERIFY(
            second({{u"do"_s, u"move"_s}, {u"path"_s, u"/a"_s}}).startsWith(u"operations[1].do"_s));
        QVERIFY(!second({{u"do"_s, u"delete"_s}, {u"path"_s, u"b"_s}}).isEmpty());
        QVERIFY(!second({{u"do"_s, u"put"_s},
                         {u"path"_s, u"/e"_s},
                         {u"value"_s, QByteArray()},
                         {u"ephemeral"_s, true}})
                     .isEmpty()); // Nobody owns it.
    }
    void put_limitsBothSides()
    {
        const QByteArray large(qsizetype(limits::valueBytesMax), 'x');
        QVERIFY(putCall(QCborMap{{u"path"_s, u"/a"_s}, {u"value"_s, large}}));
        QVERIFY(!putCall(QCborMap{{u"path"_s, u"/a"_s}, {u"value"_s, large + "x"}}));
        QVERIFY(!putCall(QCborMap{{u"path"_s, u"/a"_s}, {u"value"_s, u"text"_s}}));
        const auto expected = putCall(
            QCborMap{{u"path"_s, u"/a"_s}, {u"value"_s, QByteArray("v")}, {u"expected"_s, 0}});
        QVERIFY(expected && expected->transaction.guards.front() == Guard(Missing{"/a"}));
    }

    void answer_travels()
    {
        for (int status = 1; status <= 15; ++status) {
            Answer answer;
            answer.status = Status(status);
            answer.isChanged = status % 2 == 0;
            answer.revision = Revision(std::uint64_t(status) << 40);
            if (status == 2) {
                answer.failedGuard = 0;
                answer.found = 0;
            }
            if (status == 10) {
                answer.failedOperation = 9'999;
                answer.found = 4;
            }
            answer.session = SessionId(status == 1 ? 5 : 0);
            const Result<Answer> back = answerFromCbor(travelled(toCbor(answer)));
            QVERIFY2(back, back ? "" : qPrintable(back.error().message));
            QVERIFY(*back == answer);
            QVERIFY((status == 1) == !errorOf(answer).has_value());
        }
    }

    void watch_travels()
    {
        WatchBatch batch;
        WatchEvent put;
        put.path = "/a";
        put.revision = Revision(4);
        put.now = {Revision(4), Revision(2), SessionId(9), WallMs(8), QByteArray("\0\xfe", 2)};
        put.previous = FileVersion{Revision(2), Revision(2), {}, WallMs(7), "before"};
        put.isPreviousCut = true;
        WatchEvent gone;
        gone.kind = WatchEvent::Kind::deleted;
        gone.path = "/b";
        gone.revision = Revision(4);
        batch.events = {put, gone};
        batch.progress = Revision(6);
        batch.hasMore = true;
        for (const WatchAnswer &answer : {WatchAnswer(batch), WatchAnswer(WatchBatch()),
                                          WatchAnswer(WatchCompacted{Revision(3)})}) {
            const auto back = watchAnswerFromCbor(travelled(toCbor(answer)));
            QVERIFY2(back, back ? "" : qPrintable(back.error().message));
            QVERIFY(*back == answer);
        }
        const WatchRequest request{*Glob::parse("/a/**"), Revision(3), true, WatchKinds::deletes};
        const auto back = watchCall(travelled(toCbor(request)));
        QVERIFY(back && back->glob == request.glob && back->from == request.from
                && back->withPrevious && back->kinds == request.kinds);
        QVERIFY(!watchCall(QCborMap{{u"pattern"_s, u"a"_s}}));
        QVERIFY(!watchCall(QCborMap()));
    }

    /// Whatever a map is bent to, reading it gives a value or a sentence.
    void bentMaps_areRefusedOrRead()
    {
        SeededRandom random(20'231'121);
        Transaction transaction;
        transaction.guards = {Missing{"/b"}};
        transaction.operations = {Put{"/a", "x", false, {}}, Delete{"/b"}};
        const QByteArray good = toCbor(transaction, {}).toCborValue().toCbor();
        int refused = 0;
        for (int round = 0; round < 20'000; ++round) {
            QByteArray bent = good;
            for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips)
                bent[qsizetype(random.below(std::uint64_t(bent.size())))] = char(random.next());
            QCborParserError fault;
            const QCborValue value = QCborValue::fromCbor(bent, &fault);
            if (fault.error != QCborError::NoError)
                continue; // Stopped at the border; such a value must not be touched.
            const QCborMap map = value.toMap();
            const Result<CommitCall> call = commitCall(map);
            refused += call ? 0 : 1;
            if (!call)
                QVERIFY(!call.error().message.isEmpty());
            else
                QVERIFY(commitCall(toCbor(call->transaction, call->options)));
        }
        QVERIFY(refused > 500);
    }

private:
    static const std::vector<Question> &questions()
    {
        static const Page page{"/a/b", 7, Detail::keys};
        static const std::vector<Question> all{
            Get{"/a", {}},
            Get{"/a", Revision(5)},
            List{"/", page, Revision(5)},
            List{"/a", {}, {}},
            SessionState{SessionId(3)},
            StoreState{},
            Range{"", "", page, {}},
            Range{"/a", "/b", {}, Revision(2)},
            Match{"/a/*", {"", 0, Detail::count}, Revision(1)},
            Entries{"/", page, {}},
            Stat{"/a", Revision(9)},
            SessionList{SessionId(2), 10},
            SessionList{},
        };
        return all;
    }
};

QTEST_APPLESS_MAIN(TestStoreCbor)
#include "tst_store_cbor.moc"
