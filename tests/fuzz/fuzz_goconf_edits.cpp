// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "goconf/edit.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace coffer;
using namespace coffer::goconf;

/// The input is the edits of a call as JSON, which two people make in turn. Those that are taken
/// leave only what a draft can be read with again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const QJsonArray edits = QJsonDocument::fromJson(input).array();
    EditTable table;
    int index = 0;
    for (const QJsonValue one : edits) {
        const auto edit = Edit::parse(QCborMap::fromJsonObject(one.toObject()), index);
        if (!edit) {
            COFFER_CHECK(edit.error().message.contains(QStringLiteral("edits[%1].").arg(index)),
                         "a fault that does not say where");
            continue;
        }
        const Trace who{index % 2 == 0 ? "ann" : "bob", WallMs(index)};
        const auto refused = table.apply(*edit, who, index % 3 == 0);
        COFFER_CHECK(!refused || !refused->message.isEmpty(), "refused without a reason");
        ++index;
    }
    for (const auto &[place, row] : table.rows) {
        if (!row.pending)
            continue;
        const Result<DraftRecord> again = DraftRecord::parse(row.pending->record.toJson());
        COFFER_CHECK(again && *again == row.pending->record, "a change does not come back");
    }
    return 0;
}
