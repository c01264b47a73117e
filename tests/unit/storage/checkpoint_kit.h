// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/sqlite_checkpoint.h"
#include "support/checkpoint_trials.h"
#include "support/sim_vfs.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace coffer::test {

/// Tables as a store might have them, without views.
inline storage::CheckpointLayout plainLayout()
{
    storage::CheckpointLayout layout;
    layout.tables = {{1, "files"}, {2, "sessions"}};
    return layout;
}

inline storage::CheckpointHeader headerAt(std::uint64_t applied)
{
    return {ClusterId(5), Slot(applied), {applied, 1}, "configuration"};
}

/// A process's checkpoint on a simulated disk. Moves its log often.
inline std::unique_ptr<storage::SqliteCheckpoint>
onDisk(const SimVfs &vfs, const storage::CheckpointLayout &layout = plainLayout())
{
    return std::make_unique<storage::SqliteCheckpoint>(
        storage::SqliteCheckpoint::Options{QStringLiteral("/data"), layout, vfs.name(), 12});
}

/// What a checkpoint holds; empty without a header.
struct Content
{
    std::optional<storage::CheckpointHeader> header;
    std::map<std::pair<std::uint8_t, QByteArray>, QByteArray> rows;

    bool operator==(const Content &) const = default;

    void commit(const storage::CheckpointHeader &next, const std::vector<storage::Row> &changes)
    {
        header = next;
        for (const storage::Row &row : changes) {
            if (row.value)
                rows.insert_or_assign({row.table, row.key}, *row.value);
            else
                rows.erase({row.table, row.key});
        }
    }
};

inline Result<Content> contentOf(storage::Checkpoint &checkpoint)
{
    Content content;
    auto header = checkpoint.open();
    if (!header)
        return header.error();
    content.header = *header;
    const Result<void> loaded =
        checkpoint.load([&content](const storage::Row &row) -> Result<void> {
            content.rows.insert_or_assign({row.table, row.key}, *row.value);
            return {};
        });
    if (!loaded)
        return loaded.error();
    return content;
}

/// All bytes of an export, read in pieces; an Error if there is none.
inline Result<QByteArray> exportOf(storage::Checkpoint &checkpoint, std::size_t pieceBytes = 4096)
{
    const auto file = checkpoint.exportFile();
    if (!file)
        return file.error();
    QByteArray bytes;
    for (;;) {
        const Result<QByteArray> piece = (*file)->read(std::uint64_t(bytes.size()), pieceBytes);
        if (!piece || piece->isEmpty())
            return piece ? bytes : piece;
        bytes += *piece;
    }
}

using Staged = std::pair<storage::CheckpointHeader, QByteArray>;

inline Result<Staged> stageFile(storage::Checkpoint &checkpoint, const QByteArray &file,
                                qsizetype pieceBytes = 4096)
{
    for (qsizetype offset = 0; offset < file.size(); offset += pieceBytes) {
        const Result<void> taken =
            checkpoint.receive(std::uint64_t(offset), file.mid(offset, pieceBytes));
        if (!taken)
            return taken.error();
    }
    return checkpoint.stage(acceptAll());
}

} // namespace coffer::test
