// SPDX-License-Identifier: Apache-2.0
#include "unit/storage/checkpoint_life.h"

#include <algorithm>
#include <utility>

namespace coffer::test {

using namespace coffer::storage;

/// Few keys, so that they are written again, deleted and made anew; some values fill pages.
static std::vector<Row> changes(Random &random)
{
    std::vector<Row> rows;
    const std::uint64_t count = 1 + random.below(15);
    for (std::uint64_t i = 0; i < count; ++i) {
        Row row;
        row.table = std::uint8_t(1 + random.below(2));
        row.key = "/key/" + QByteArray::number(qulonglong(random.below(60)));
        const std::uint64_t kind = random.below(12);
        const std::uint64_t bytes = kind < 10 ? random.below(300) : random.below(20'000);
        if (kind > 1)
            row.value = QByteArray(qsizetype(bytes), char('a' + random.below(26)));
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<ForeignFile> makeForeignFile(std::uint64_t seed, std::uint64_t applied)
{
    SimVfs vfs(seed);
    SeededRandom random(seed);
    ForeignFile file;
    const auto source = onDisk(vfs);
    const CheckpointHeader header = headerAt(applied);
    const std::vector<Row> rows = changes(random);
    file.content.commit(header, rows);
    if (Result<void> committed = source->commit(header, rows); !committed)
        return committed.error();
    const Result<QByteArray> bytes = exportOf(*source);
    if (!bytes)
        return bytes.error();
    file.bytes = *bytes;
    return file;
}

CheckpointLife::CheckpointLife(std::uint64_t seed, const std::vector<ForeignFile> &foreign)
    : m_vfs(seed), m_random(seed ^ 0x5eed), m_foreign(foreign)
{
    planSteps();
}

void CheckpointLife::planSteps()
{
    const auto commits = [this](int count) {
        for (int i = 0; i < count; ++i)
            m_steps.emplace_back([this] { return commit(); });
    };
    m_steps.emplace_back([this] { return start(); });
    commits(4);
    m_steps.emplace_back([this] { return exportAndCompare(); });
    commits(1);
    m_steps.emplace_back([this] { return start(); });
    commits(1);
    m_steps.emplace_back([this] { return receive(true); });
    commits(2);
    m_steps.emplace_back([this] { return receive(false); });
    commits(1);
    m_steps.emplace_back([this] { return start(); });
    m_steps.emplace_back([this] { return receive(true); });
    m_steps.emplace_back([this] { return start(); });
    commits(2);
    m_steps.emplace_back([this] { return exportAndCompare(); });
}

Result<void> CheckpointLife::run()
{
    for (const Step &step : m_steps) {
        if (Result<void> done = step(); !done)
            return done;
    }
    return {};
}

Result<void> CheckpointLife::runWithRetries()
{
    for (const Step &step : m_steps) {
        const SeededRandom before = m_random;
        const std::uint64_t slot = m_slot;
        const std::size_t received = m_received;
        Result<void> done = step();
        if (!done && done.error().code == ErrorCode::noSpace) {
            ++m_retries;
            m_vfs.clearFault();
            m_vfs.setCapacity(std::nullopt);
            m_random = before; // the same step
            m_slot = slot;
            m_received = received;
            done = step();
        }
        if (!done)
            return done;
    }
    return {};
}

Result<void> CheckpointLife::start()
{
    m_checkpoint.reset();
    m_checkpoint = onDisk(m_vfs);
    if (!m_named.isEmpty()) {
        if (Result<void> activated = m_checkpoint->activate(m_named); !activated)
            return activated;
    }
    const auto opened = m_checkpoint->open();
    if (!opened)
        return opened.error();
    return {};
}

Result<void> CheckpointLife::commit()
{
    const std::vector<Row> rows = changes(m_random);
    const CheckpointHeader header = headerAt(++m_slot);
    m_open = m_sure;
    m_open->commit(header, rows);
    if (Result<void> committed = m_checkpoint->commit(header, rows); !committed)
        return committed;
    m_sure = *std::exchange(m_open, std::nullopt);
    return {};
}

Result<void> CheckpointLife::exportAndCompare()
{
    const auto exported = m_checkpoint->exportFile();
    if (!exported)
        return exported.error();
    const Result<QByteArray> file = (*exported)->read(0, std::size_t((*exported)->size()));
    m_hasFailedToRead = !file;
    if (!file)
        return file.error();
    SimVfs other(1);
    const auto target = onDisk(other);
    const Result<Staged> staged = stageFile(*target, *file);
    if (!staged)
        return Error{ErrorCode::invalid, QStringLiteral("a foreign node refuses the export: ")
                                             + staged.error().message};
    if (Result<void> activated = target->activate(staged->second); !activated)
        return activated;
    const Result<Content> content = contentOf(*target);
    if (!content || *content != m_sure)
        return Error{ErrorCode::invalid, QStringLiteral("an export is not the last commit")};
    return {};
}

/// What another node has committed comes here; with \a isInstalled the journal names it.
Result<void> CheckpointLife::receive(bool isInstalled)
{
    const ForeignFile &file = m_foreign[m_received++ % m_foreign.size()];
    const Result<Staged> staged = stageFile(*m_checkpoint, file.bytes, 20'000);
    if (!staged)
        return staged.error();
    if (staged->first != *file.content.header)
        return Error{ErrorCode::invalid, QStringLiteral("stage() returned another header")};
    if (!isInstalled)
        return {};
    m_named = staged->second;
    m_sure = file.content;
    m_slot = std::max(m_slot, m_sure.header->applied.value());
    return m_checkpoint->activate(m_named);
}

bool CheckpointLife::isRefusingEverything()
{
    const auto isRefused = [](const auto &result) { return !result.has_value(); };
    return isRefused(m_checkpoint->open()) && isRefused(m_checkpoint->commit(headerAt(1), {}))
           && isRefused(m_checkpoint->load([](const Row &) -> Result<void> { return {}; }))
           && isRefused(m_checkpoint->exportFile()) && isRefused(m_checkpoint->receive(0, "x"))
           && isRefused(m_checkpoint->stage(acceptAll()))
           && isRefused(m_checkpoint->activate(m_named));
}

QString CheckpointLife::difference()
{
    const Result<Content> content = contentOf(*m_checkpoint);
    if (!content)
        return content.error().message;
    if (m_open && *content == *m_open)
        m_sure = *m_open;
    m_open.reset();
    const auto applied = [](const Content &of) {
        return of.header ? of.header->applied.value() : 0;
    };
    if (*content == m_sure)
        return {};
    return QStringLiteral("found slot %1 with %2 rows, expected slot %3 with %4")
        .arg(applied(*content))
        .arg(content->rows.size())
        .arg(applied(m_sure))
        .arg(m_sure.rows.size());
}

Result<void> CheckpointLife::goOn(bool isInstalling)
{
    for (int i = 0; i < 2; ++i) {
        if (Result<void> done = commit(); !done)
            return done;
    }
    if (!isInstalling)
        return {};
    if (Result<void> done = receive(true); !done)
        return done;
    return commit();
}

} // namespace coffer::test
