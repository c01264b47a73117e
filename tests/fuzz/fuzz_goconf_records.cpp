// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "goconf/records.h"

using namespace coffer;
using namespace coffer::goconf;

/// What is read is written, and read again as the same.
template<class Record>
static void tryRecord(const QByteArray &json)
{
    const Result<Record> record = Record::parse(json);
    if (!record) {
        COFFER_CHECK(record.error().code == ErrorCode::corrupt, "a wrong error code");
        COFFER_CHECK(!record.error().message.isEmpty(), "refused without a reason");
        return;
    }
    const Result<Record> again = Record::parse(record->toJson());
    COFFER_CHECK(again && *again == *record, "a record does not come back");
}

/// The first byte says which record the others are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const QByteArray json = input.mid(1);
    switch (size == 0 ? 0 : input[0]) {
    case 's': tryRecord<ServiceRecord>(json); break;
    case 'i': tryRecord<IdcRecord>(json); break;
    case 'h': tryRecord<HostRecord>(json); break;
    case 'p': tryRecord<Pointer>(json); break;
    case 'n': tryRecord<Snapshot>(json); break;
    case 'r': tryRecord<ReleaseRecord>(json); break;
    case 'd': tryRecord<DraftRecord>(json); break;
    default: tryRecord<ReportRecord>(json); break;
    }
    return 0;
}
