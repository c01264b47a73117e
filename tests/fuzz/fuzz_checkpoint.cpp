// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/store_layout.h"
#include "engine/store_machine.h"
#include "storage/sqlite_checkpoint.h"
#include "support/checkpoint_trials.h"
#include "support/sim_vfs.h"

using namespace coffer;
using namespace coffer::storage;

static SqliteCheckpoint::Options options(const test::SimVfs &vfs)
{
    return {QStringLiteral("/data"), engine::storeLayout(), vfs.name(), 12};
}

/// All rows, into a machine; whether they are a state is up to them.
static void load(SqliteCheckpoint &checkpoint, const CheckpointHeader &header)
{
    engine::StoreMachine machine;
    Result<void> restored;
    const Result<void> loaded = checkpoint.load([&](const Row &row) -> Result<void> {
        if (restored)
            restored = machine.restoreRow(row);
        return {};
    });
    COFFER_CHECK(loaded, "a file that was accepted cannot be loaded");
    if (restored)
        restored = machine.finishRestore(header.applied, header.stateHash);
    COFFER_CHECK(restored || restored.error().code == ErrorCode::corrupt, "a wrong error");
}

/// Whatever bytes come as a checkpoint, they are refused as a file of others, and the node goes on;
/// or they are a checkpoint like an own one, also after a power loss.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    test::SimVfs vfs(1);
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const CheckpointHeader own{ClusterId(1), Slot(1), {1, 2}, "own"};
    const std::vector<Row> rows{{4, "meta", "own"}};
    std::optional<std::pair<CheckpointHeader, QByteArray>> staged;
    {
        SqliteCheckpoint checkpoint(options(vfs));
        COFFER_CHECK(checkpoint.commit(own, rows), "no commit");
        const qsizetype half = bytes.size() / 2;
        COFFER_CHECK(checkpoint.receive(0, bytes.first(half)), "a piece was not taken");
        COFFER_CHECK(checkpoint.receive(std::uint64_t(half), bytes.mid(half)),
                     "the second was not");
        const auto result = checkpoint.stage(test::acceptAll());
        if (result)
            staged = *result;
        COFFER_CHECK(result || result.error().code == ErrorCode::corrupt, "a wrong error");
        COFFER_CHECK(result || checkpoint.commit(own, rows), "a refused file stops the node");
    }
    vfs.restart();
    SqliteCheckpoint checkpoint(options(vfs));
    if (!staged) {
        const auto header = checkpoint.open();
        COFFER_CHECK(header && *header == own, "a refused file changed the own one");
        return 0;
    }
    COFFER_CHECK(checkpoint.activate(staged->second), "an accepted file is not there");
    const auto header = checkpoint.open();
    COFFER_CHECK(header && *header == staged->first, "an accepted file is another one");
    load(checkpoint, staged->first);
    COFFER_CHECK(checkpoint.commit(own, rows), "no commit behind an accepted file");
    return 0;
}
