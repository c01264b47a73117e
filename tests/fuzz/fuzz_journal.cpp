// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "fuzz/journal_files.h"
#include "storage/file_journal.h"

using namespace coffer;
using namespace coffer::storage;

/// What a start reads; nothing if it refuses.
static std::optional<std::vector<JournalRecord>> replay(MemoryFileSystem &files)
{
    std::vector<JournalRecord> records;
    FileJournal journal(files, {});
    const Result<void> replayed = journal.replay([&](const JournalRecord &record) -> Result<void> {
        records.push_back(record);
        return {};
    });
    if (!replayed) {
        const ErrorCode code = replayed.error().code;
        COFFER_CHECK(code == ErrorCode::corrupt || code == ErrorCode::refused, "a wrong error");
        return std::nullopt;
    }
    return records;
}

/// Whatever stands in the segments, a start ends; and what it accepts it gives again, also after a
/// power loss and with a record behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    MemoryFileSystem files;
    files.restore(
        fuzz::journalFilesOf(QByteArray(reinterpret_cast<const char *>(data), qsizetype(size))));
    auto records = replay(files);
    if (!records)
        return 0;
    files.crash([](std::size_t) { return std::size_t(0); });
    COFFER_CHECK(replay(files) == records, "a journal that is read differently again");
    {
        FileJournal::Options options;
        options.segmentBytes = 8192;
        FileJournal journal(files, options);
        const auto ignore = [](const JournalRecord &) { return Result<void>(); };
        COFFER_CHECK(journal.replay(ignore), "a journal that is refused at the third time");
        records->push_back({RecordKind::promise, Slot(), {}, {}});
        COFFER_CHECK(journal.append({records->back()}), "no append to a journal that was accepted");
        COFFER_CHECK(journal.sync(), "no sync");
    }
    files.crash([](std::size_t) { return std::size_t(0); });
    COFFER_CHECK(replay(files) == records, "an append that is lost");
    return 0;
}
