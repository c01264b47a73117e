// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "store/store.h"

using namespace coffer;
using namespace coffer::store;

static void checkIsCanonical(QByteArrayView bytes)
{
    const Result<Command> command = decodeCommand(bytes);
    COFFER_CHECK(command || command.error().code == ErrorCode::invalid, "a wrong error code");
    COFFER_CHECK(!command || encode(*command) == bytes, "a command has two encodings");
    const Result<Question> question = decodeQuestion(bytes);
    COFFER_CHECK(!question || encode(*question) == bytes, "a question has two encodings");
    const Result<Answer> answer = decodeAnswer(bytes);
    COFFER_CHECK(!answer || encode(*answer) == bytes, "an answer has two encodings");
}

static void checkIsRestored(Store &store)
{
    Store copy;
    for (const Row &row : store.takeChanges()) {
        // A first checkpoint also deletes rows that came and went before it.
        if (row.value)
            COFFER_CHECK(copy.restoreRow(row).has_value(), "an own row was refused");
    }
    const Result<void> finished = copy.finishRestore(store.applied(), store.hash());
    COFFER_CHECK(finished.has_value(), "the rows are not the state");
    COFFER_CHECK(copy.hash() == store.hash(), "a restored store has another hash");
}

/// Takes the next command from the input: its length in two bytes, little-endian, then itself.
static QByteArray takeCommand(QByteArrayView &input)
{
    const auto byteAt = [input](qsizetype at) { return static_cast<unsigned char>(input[at]); };
    const qsizetype length = input.size() < 2 ? 0 : byteAt(0) + 256 * byteAt(1);
    input = input.sliced(std::min<qsizetype>(2, input.size()));
    const QByteArrayView command = input.first(std::min(length, input.size()));
    input = input.sliced(command.size());
    return command.toByteArray();
}

/// The input is a list of commands, which find an open session with the id 1.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    Store store;
    const Command open{{}, OpenSession{1, std::chrono::seconds(10)}};
    static_cast<void>(store.apply(Slot(1), WallMs(1), {encode(open)}));
    QByteArrayView input(data, qsizetype(size));
    while (!input.isEmpty()) {
        const QByteArray bytes = takeCommand(input);
        checkIsCanonical(bytes);
        const Reply reply = store.query(bytes);
        COFFER_CHECK(*decodeReply(encode(reply)) == reply, "a reply does not survive its bytes");
        const WallMs stamp(bytes.size());
        const auto answers = store.apply(store.applied().next(), stamp, {bytes});
        COFFER_CHECK(*decodeAnswer(encode(answers[0])) == answers[0], "an answer got lost");
    }
    checkIsRestored(store);
    return 0;
}
