// SPDX-License-Identifier: Apache-2.0
#include "fuzz/store_calls_corpus.h"

#include "pluginapi/store_cbor.h"

using namespace Qt::StringLiterals;

namespace coffer::fuzz {

using namespace pluginapi;
using namespace store;

void writeStoreCalls(
    const std::function<void(const QString &, const QString &, const QByteArray &)> &write)
{
    const auto sample = [&write](const char *name, const QCborMap &map) {
        write(u"fuzz_store_calls"_s, QString::fromLatin1(name), map.toCborValue().toCbor());
    };
    const Page page{"/a", 3, Detail::keys};
    sample("get", toCbor(Get{"/a", Revision(2)}, {ReadMode::session, Revision(1)}));
    sample("list", toCbor(List{"/", page, {}}, {}));
    sample("range", toCbor(Range{"/a", "/b", page, {}}, {}));
    sample("glob", toCbor(Match{"/a/**", page, {}}, {}));
    sample("session", toCbor(SessionState{SessionId(1)}, {}));
    Transaction transaction;
    transaction.guards = {RevisionEquals{"/a", Revision(1)},
                          Missing{"/b"},
                          ValueEquals{"/a", "v"},
                          SessionAlive{SessionId(1)},
                          TimeReached{WallMs(1)},
                          TimeWithin{WallMs(1), WallMs(9)}};
    transaction.operations = {Put{"/e", "v", true, WallMs(5)}, Delete{"/a"}};
    transaction.otherwise = {DeleteTree{"/"}};
    sample("commit", toCbor(transaction, {Origin{SessionId(1), Sequence(2), Sequence(1)}}));
    sample("put", {{u"path"_s, u"/a"_s}, {u"value"_s, QByteArray("v")}, {u"expected"_s, 3}});
    Reply reply;
    reply.status = ReplyStatus::ok;
    FileView file;
    file.path = "/a";
    file.value = "v";
    file.valueBytes = 1;
    reply.files = {file};
    reply.entries = {{"d", true}};
    reply.sessions = {{SessionId(1), WallMs(100), 0, 0}};
    reply.figures = StoreFigures{};
    reply.hasMore = true;
    reply.resume = "/a";
    sample("reply", toCbor(reply));
    Answer answer;
    answer.status = Status::guardFailed;
    answer.failedGuard = 0;
    sample("answer", toCbor(answer));
    WatchEvent event;
    event.path = "/a";
    event.now.value = "v";
    event.previous = FileVersion();
    sample("events", toCbor(WatchAnswer(WatchBatch{{event}, Revision(3), true})));
    sample("compacted", toCbor(WatchAnswer(WatchCompacted{Revision(3)})));
}

} // namespace coffer::fuzz
