// SPDX-License-Identifier: Apache-2.0
#include "unit/storage/checkpoint_life.h"

#include <utility>

namespace coffer::test {

using namespace coffer::storage;

CheckpointLife::CheckpointLife(std::uint64_t seed) : m_vfs(seed), m_random(seed ^ 0x5eed)
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
    commits(5);
    m_steps.emplace_back([this] { return exportAndCompare(); });
    commits(2);
    m_steps.emplace_back([this] { return start(); });
    commits(1);
    m_steps.emplace_back([this] { return receive(true); });
    commits(4);
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
        Result<void> done = step();
        if (!done && done.error().code == ErrorCode::noSpace) {
            ++m_retries;
            m_vfs.clearFault();
            m_vfs.setCapacity(std::nullopt);
            m_random = before; // the same step
            m_slot = slot;
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

/// Few keys, so that they are written again, deleted and made anew; some values fill pages.
std::vector<Row> CheckpointLife::changes()
{
    std::vector<Row> rows;
    const std::uint64_t count = 1 + m_random.below(30);
    for (std::uint64_t i = 0; i < count; ++i) {
        Row row;
        row.table = std::uint8_t(1 + m_random.below(2));
        row.key = "/key/" + QByteArray::number(qulonglong(m_random.below(60)));
        const std::uint64_t kind = m_random.below(12);
        const std::uint64_t bytes = kind < 9 ? m_random.below(300) : m_random.below(20'000);
        if (kind > 1)
            row.value = QByteArray(qsizetype(bytes), char('a' + m_random.below(26)));
        rows.push_back(std::move(row));
    }
    return rows;
}

Result<void> CheckpointLife::commit()
{
    const std::vector<Row> rows = changes();
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
    const Result<QByteArray> file = exportOf(*m_checkpoint);
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
    SimVfs other(1);
    const auto source = onDisk(other);
    m_slot += 100;
    const CheckpointHeader header = headerAt(m_slot);
    const std::vector<Row> rows = changes();
    Content theirs;
    theirs.commit(header, rows);
    if (Result<void> committed = source->commit(header, rows); !committed)
        return committed;
    const Result<QByteArray> file = exportOf(*source);
    if (!file)
        return file.error();
    const Result<Staged> staged = stageFile(*m_checkpoint, *file, 5000);
    if (!staged)
        return staged.error();
    if (staged->first != header)
        return Error{ErrorCode::invalid, QStringLiteral("stage() returned another header")};
    if (!isInstalled)
        return {};
    m_named = staged->second;
    m_sure = theirs;
    return m_checkpoint->activate(m_named);
}

bool CheckpointLife::isRefusingEverything()
{
    const auto isRefused = [](const auto &result) { return !result.has_value(); };
    return isRefused(m_checkpoint->open()) && isRefused(m_checkpoint->commit(headerAt(1), {}))
           && isRefused(m_checkpoint->load([](const Row &) -> Result<void> { return {}; }))
           && isRefused(m_checkpoint->exportFile()) && isRefused(m_checkpoint->receive(0, "x"))
           && isRefused(m_checkpoint->stage()) && isRefused(m_checkpoint->activate(m_named));
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

Result<void> CheckpointLife::goOn()
{
    for (int i = 0; i < 2; ++i) {
        if (Result<void> done = commit(); !done)
            return done;
    }
    if (Result<void> done = exportAndCompare(); !done)
        return done;
    if (Result<void> done = receive(true); !done)
        return done;
    return commit();
}

} // namespace coffer::test
