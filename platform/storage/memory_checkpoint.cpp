// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_checkpoint.h"

#include <QDataStream>
#include <QIODevice>

namespace coffer::storage {

static constexpr qsizetype hashBytes = 16;

namespace {

class MemoryFile final : public CheckpointFile
{
public:
    MemoryFile(CheckpointHeader header, QByteArray bytes)
        : m_header(std::move(header)), m_bytes(std::move(bytes))
    {}
    [[nodiscard]] const CheckpointHeader &header() const override { return m_header; }
    [[nodiscard]] std::uint64_t size() const override { return std::uint64_t(m_bytes.size()); }
    Result<QByteArray> read(std::uint64_t offset, std::size_t bytesMax) override
    {
        if (offset >= size())
            return QByteArray();
        return m_bytes.mid(qsizetype(offset), qsizetype(bytesMax));
    }

private:
    CheckpointHeader m_header;
    QByteArray m_bytes;
};

} // namespace

static QByteArray hashOf(QByteArrayView bytes)
{
    const Hash128 hash = rowHash(0, {}, bytes);
    QByteArray text;
    QDataStream(&text, QIODevice::WriteOnly) << quint64(hash.low) << quint64(hash.high);
    return text;
}

static QByteArray serialised(const MemoryDisk::Generation &generation)
{
    const CheckpointHeader &header = *generation.header;
    QByteArray bytes;
    QDataStream out(&bytes, QIODevice::WriteOnly);
    out << quint64(header.cluster.value()) << quint64(header.applied.value())
        << quint64(header.stateHash.low) << quint64(header.stateHash.high) << header.configuration
        << quint64(generation.rows.size());
    for (const auto &[place, value] : generation.rows)
        out << quint8(place.first) << place.second << value;
    return bytes + hashOf(bytes);
}

/// Nothing when the file is not whole or was changed on its way.
static std::optional<MemoryDisk::Generation> parsed(const QByteArray &file)
{
    const qsizetype size = file.size() - hashBytes;
    if (size < 0 || hashOf(QByteArrayView(file).first(size)) != file.last(hashBytes))
        return std::nullopt;
    quint64 cluster = 0;
    quint64 applied = 0;
    quint64 count = 0;
    CheckpointHeader header;
    QDataStream in(file.first(size));
    in >> cluster >> applied;
    quint64 low = 0;
    quint64 high = 0;
    in >> low >> high >> header.configuration >> count;
    header.cluster = ClusterId(cluster);
    header.applied = Slot(applied);
    header.stateHash = {low, high};
    MemoryDisk::Generation generation;
    generation.header = header;
    for (quint64 i = 0; i < count && in.status() == QDataStream::Ok; ++i) {
        quint8 table = 0;
        QByteArray key;
        QByteArray value;
        in >> table >> key >> value;
        generation.rows.insert_or_assign({table, key}, value);
    }
    if (in.status() != QDataStream::Ok || !in.atEnd())
        return std::nullopt;
    return generation;
}

Result<std::optional<CheckpointHeader>> MemoryCheckpoint::open()
{
    if (auto error = m_disk.fault(DiskCall::open))
        return *error;
    return m_disk.m_current.header;
}

Result<void> MemoryCheckpoint::load(const std::function<Result<void>(const Row &)> &visit)
{
    if (auto error = m_disk.fault(DiskCall::load))
        return *error;
    for (const auto &[place, value] : m_disk.m_current.rows) {
        if (const Result<void> visited = visit({place.first, place.second, value}); !visited)
            return visited.error();
    }
    return {};
}

Result<void> MemoryCheckpoint::commit(const CheckpointHeader &header, const std::vector<Row> &rows)
{
    if (auto error = m_disk.fault(DiskCall::commit))
        return *error;
    for (const Row &row : rows) {
        if (row.value)
            m_disk.m_current.rows.insert_or_assign({row.table, row.key}, *row.value);
        else
            m_disk.m_current.rows.erase({row.table, row.key});
    }
    m_disk.m_current.header = header;
    return {};
}

Result<std::shared_ptr<CheckpointFile>> MemoryCheckpoint::exportFile()
{
    if (auto error = m_disk.fault(DiskCall::exportFile))
        return *error;
    const MemoryDisk::Generation &current = m_disk.m_current;
    if (!current.header)
        return Error{ErrorCode::notFound, QStringLiteral("checkpoint: nothing was committed yet")};
    return std::make_shared<MemoryFile>(*current.header, serialised(current));
}

Result<void> MemoryCheckpoint::receive(std::uint64_t offset, const QByteArray &piece)
{
    if (auto error = m_disk.fault(DiskCall::receive))
        return *error;
    if (offset == 0) {
        m_received.clear();
        m_disk.m_staged.reset();
    }
    if (offset != std::uint64_t(m_received.size()))
        return Error{ErrorCode::invalid, QStringLiteral("checkpoint: a piece is not the next one")};
    m_received += piece;
    return {};
}

Result<std::pair<CheckpointHeader, QByteArray>>
MemoryCheckpoint::stage(const CheckpointTrial &trial)
{
    if (auto error = m_disk.fault(DiskCall::stage))
        return *error;
    std::optional<MemoryDisk::Generation> generation = parsed(m_received);
    m_received.clear();
    if (!generation)
        return Error{ErrorCode::corrupt,
                     QStringLiteral("checkpoint: the received file is damaged")};
    Result<void> tried;
    for (const auto &[place, value] : generation->rows) {
        if (tried)
            tried = trial.row({place.first, place.second, value});
    }
    if (tried)
        tried = trial.finish(*generation->header);
    if (!tried)
        return Error{ErrorCode::corrupt, tried.error().message};
    generation->name = "g" + QByteArray::number(qulonglong(++m_disk.m_generations));
    m_disk.m_staged = std::move(generation);
    return std::pair(*m_disk.m_staged->header, m_disk.m_staged->name);
}

Result<void> MemoryCheckpoint::activate(const QByteArray &generation)
{
    if (auto error = m_disk.fault(DiskCall::activate))
        return *error;
    if (m_disk.m_staged && m_disk.m_staged->name == generation) {
        m_disk.m_current = std::move(*m_disk.m_staged);
        m_disk.m_staged.reset();
        return {};
    }
    if (m_disk.m_current.name == generation) {
        m_disk.m_staged.reset();
        return {};
    }
    return Error{
        ErrorCode::notFound,
        QStringLiteral("checkpoint: there is no generation %1").arg(QString::fromUtf8(generation))};
}

} // namespace coffer::storage
