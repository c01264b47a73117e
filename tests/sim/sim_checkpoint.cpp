// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_checkpoint.h"

#include "engine/store_layout.h"
#include "sim/finding.h"
#include "storage/memory_checkpoint.h"
#include "storage/sqlite_checkpoint.h"

#include <map>
#include <utility>

namespace coffer::sim {

using storage::CheckpointFile;
using storage::CheckpointHeader;
using storage::DiskCall;
using storage::Row;

namespace {

// ---- the twin

class MemoryCheckpointDisk final : public CheckpointDisk
{
public:
    explicit MemoryCheckpointDisk(FaultHook hook) { m_memory.setFaultHook(std::move(hook)); }

    std::unique_ptr<storage::Checkpoint> open() override
    {
        return std::make_unique<storage::MemoryCheckpoint>(m_memory);
    }
    Slot checkpointed() const override { return m_memory.checkpointed(); }
    void processEnds() override {}
    void processEnded(bool) override {}
    Image image() const override { return {m_memory.image(), {}, {}}; }
    void restore(const Image &image) override { m_memory.restore(image.memory); }

private:
    storage::MemoryDisk m_memory;
};

// ---- SQLite

class SqliteCheckpointDisk final : public CheckpointDisk
{
public:
    SqliteCheckpointDisk(FaultHook hook, std::uint64_t seed)
        : m_hook(std::move(hook)), m_random(seed), m_vfs(seed)
    {}

    std::unique_ptr<storage::Checkpoint> open() override;
    Slot checkpointed() const override { return m_checkpointed; }
    void processEnds() override { m_vfs.halt(); }
    void processEnded(bool isPowerLoss) override
    {
        if (isPowerLoss)
            m_vfs.restart();
        else
            m_vfs.restartProcess();
    }
    Image image() const override { return {{}, m_vfs.image(), m_checkpointed}; }
    void restore(const Image &image) override
    {
        m_vfs.restore(image.files);
        m_checkpointed = image.checkpointed;
    }

    const QByteArray &vfs() const { return m_vfs.name(); }
    void setCheckpointed(Slot slot) { m_checkpointed = slot; }

    /// Does \a work, with what the hook wants of it.
    template<class Work>
    auto step(DiskCall call, Work work) -> decltype(work())
    {
        bool isLast = false;
        try {
            if (const std::optional<Error> error = m_hook(call))
                m_vfs.failAt(m_random.below(8) + 1, error->code == ErrorCode::noSpace
                                                        ? test::SimVfs::Fault::full
                                                        : test::SimVfs::Fault::io);
        } catch (const MachineDown &) {
            isLast = true;
            m_vfs.failAt(m_random.below(30) + 1, test::SimVfs::Fault::crash);
        }
        auto result = work();
        m_vfs.clearFault();
        if (isLast || m_vfs.isDown())
            throw MachineDown();
        return result;
    }

private:
    FaultHook m_hook;
    SeededRandom m_random;
    test::SimVfs m_vfs;
    Slot m_checkpointed;
};

class SqliteRun final : public storage::Checkpoint
{
public:
    explicit SqliteRun(SqliteCheckpointDisk &disk)
        : m_disk(disk)
        , m_inner({.directory = QStringLiteral("/data"),
                   .layout = engine::storeLayout(),
                   .vfs = disk.vfs()})
    {}

    Result<std::optional<CheckpointHeader>> open() override
    {
        auto header = m_disk.step(DiskCall::open, [this] { return m_inner.open(); });
        if (header)
            m_disk.setCheckpointed(header->has_value() ? (*header)->applied : Slot());
        return header;
    }
    Result<void> load(const std::function<Result<void>(const Row &)> &visit) override
    {
        return m_disk.step(DiskCall::load, [&] { return m_inner.load(visit); });
    }
    Result<void> commit(const CheckpointHeader &header, const std::vector<Row> &rows) override
    {
        Result<void> done =
            m_disk.step(DiskCall::commit, [&] { return m_inner.commit(header, rows); });
        if (done)
            m_disk.setCheckpointed(header.applied);
        return done;
    }
    Result<std::shared_ptr<CheckpointFile>> exportFile() override
    {
        return m_disk.step(DiskCall::exportFile, [this] { return m_inner.exportFile(); });
    }
    Result<void> receive(std::uint64_t offset, const QByteArray &piece) override
    {
        return m_disk.step(DiskCall::receive, [&] { return m_inner.receive(offset, piece); });
    }
    Result<std::pair<CheckpointHeader, QByteArray>>
    stage(const storage::CheckpointTrial &trial) override
    {
        auto staged = m_disk.step(DiskCall::stage, [&] { return m_inner.stage(trial); });
        if (staged)
            m_staged[staged->second] = staged->first.applied;
        return staged;
    }
    Result<void> activate(const QByteArray &generation) override
    {
        Result<void> done =
            m_disk.step(DiskCall::activate, [&] { return m_inner.activate(generation); });
        if (const auto known = m_staged.find(generation); done && known != m_staged.end())
            m_disk.setCheckpointed(known->second);
        return done;
    }

private:
    SqliteCheckpointDisk &m_disk;
    storage::SqliteCheckpoint m_inner;
    std::map<QByteArray, Slot> m_staged;
};

std::unique_ptr<storage::Checkpoint> SqliteCheckpointDisk::open()
{
    return std::make_unique<SqliteRun>(*this);
}

} // namespace

std::unique_ptr<CheckpointDisk> makeMemoryCheckpointDisk(CheckpointDisk::FaultHook hook)
{
    return std::make_unique<MemoryCheckpointDisk>(std::move(hook));
}

std::unique_ptr<CheckpointDisk> makeSqliteCheckpointDisk(CheckpointDisk::FaultHook hook,
                                                         std::uint64_t seed)
{
    return std::make_unique<SqliteCheckpointDisk>(std::move(hook), seed);
}

} // namespace coffer::sim
