// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_file_system.h"

#include <algorithm>

namespace coffer::storage {

static Error notThere(const QString &name)
{
    return {ErrorCode::notFound, name + QStringLiteral(": there is no such file")};
}

static Error full(const QString &name)
{
    return {ErrorCode::noSpace, name + QStringLiteral(": the disk is full")};
}

class MemoryFile final : public File
{
public:
    MemoryFile(MemoryFileSystem &system, QString name,
               std::shared_ptr<MemoryFileSystem::Content> content, bool isReadOnly)
        : m_system(system)
        , m_name(std::move(name))
        , m_content(std::move(content))
        , m_life(system.m_life)
        , m_isReadOnly(isReadOnly)
    {}

    [[nodiscard]] Result<std::uint64_t> size() override
    {
        if (auto error = refusal(FileCall::size))
            return *error;
        return std::uint64_t(m_content->visible.size());
    }

    [[nodiscard]] Result<QByteArray> read(std::uint64_t offset, std::uint64_t bytesMax) override
    {
        if (auto error = refusal(FileCall::read))
            return *error;
        const auto size = std::uint64_t(m_content->visible.size());
        const std::uint64_t begin = std::min(offset, size);
        const std::uint64_t count = std::min(bytesMax, size - begin);
        // Its own bytes: what is written later must not show in them.
        return QByteArray(m_content->visible.constData() + begin, qsizetype(count));
    }

    Result<void> write(std::uint64_t offset, QByteArrayView bytes) override
    {
        if (auto error = refusal(FileCall::write)) {
            if (m_life == m_system.m_life && !m_isReadOnly)
                put(offset, bytes.first(bytes.size() / 2), true);
            return *error;
        }
        if (!put(offset, bytes, false)) {
            put(offset, bytes.first(bytes.size() / 2), true);
            return full(m_name);
        }
        return {};
    }

    Result<void> preallocate(std::uint64_t wanted) override
    {
        if (auto error = refusal(FileCall::preallocate))
            return *error;
        const auto present = std::uint64_t(m_content->visible.size());
        if (wanted <= present)
            return {};
        if (!m_system.hasSpaceFor(wanted - present))
            return full(m_name);
        setSize(wanted);
        return {};
    }

    Result<void> resize(std::uint64_t wanted) override
    {
        if (auto error = refusal(FileCall::resize))
            return *error;
        setSize(wanted);
        return {};
    }

    Result<void> sync() override
    {
        const auto error = refusal(FileCall::sync);
        if (!error)
            MemoryFileSystem::settle(*m_content, [](std::size_t count) { return count; });
        m_content->sectors.clear();
        m_content->sizes.clear();
        if (error)
            return Error{ErrorCode::syncFailed, error->message};
        return {};
    }

private:
    [[nodiscard]] std::optional<Error> refusal(FileCall call) const
    {
        if (m_life != m_system.m_life)
            return Error{ErrorCode::io, m_name + QStringLiteral(": open before the power loss")};
        const bool isChange =
            call == FileCall::write || call == FileCall::preallocate || call == FileCall::resize;
        if (m_isReadOnly && isChange)
            return Error{ErrorCode::io, m_name + QStringLiteral(": open for reading only")};
        return m_system.fault(call, m_name);
    }

    void setSize(std::uint64_t size) { m_system.setSize(*m_content, size); }

    /// False, and nothing done, if there is no space for it.
    bool put(std::uint64_t offset, QByteArrayView bytes, bool isInsideOnly)
    {
        const auto present = std::uint64_t(m_content->visible.size());
        const std::uint64_t end = offset + std::uint64_t(bytes.size());
        if (end > present) {
            if (isInsideOnly || !m_system.hasSpaceFor(end - present))
                return false;
            setSize(end);
        }
        if (bytes.isEmpty())
            return true;
        std::copy(bytes.begin(), bytes.end(), m_content->visible.begin() + qsizetype(offset));
        constexpr std::uint64_t sector = MemoryFileSystem::sectorBytes;
        for (std::uint64_t i = offset / sector; i <= (end - 1) / sector; ++i)
            m_content->sectors[i].push_back(
                m_content->visible.mid(qsizetype(i) * qsizetype(sector), qsizetype(sector)));
        return true;
    }

    MemoryFileSystem &m_system;
    QString m_name;
    std::shared_ptr<MemoryFileSystem::Content> m_content;
    std::uint64_t m_life;
    bool m_isReadOnly;
};

class MemoryFileLock final : public FileLock
{
public:
    MemoryFileLock(MemoryFileSystem &system, QString name)
        : m_system(system), m_name(std::move(name)), m_life(system.m_life)
    {
        m_system.m_locks.insert(m_name);
    }
    ~MemoryFileLock() override
    {
        if (m_life == m_system.m_life)
            m_system.m_locks.erase(m_name);
    }
    MemoryFileLock(const MemoryFileLock &) = delete;
    MemoryFileLock &operator=(const MemoryFileLock &) = delete;

private:
    MemoryFileSystem &m_system;
    QString m_name;
    std::uint64_t m_life;
};

std::optional<Error> MemoryFileSystem::fault(FileCall call, const QString &name) const
{
    return m_faultHook ? m_faultHook(call, name) : std::nullopt;
}

std::uint64_t MemoryFileSystem::usedBytes() const
{
    std::uint64_t bytes = 0;
    for (const auto &[name, content] : m_visible)
        bytes += std::uint64_t(content->visible.size());
    return bytes;
}

bool MemoryFileSystem::hasSpaceFor(std::uint64_t more) const
{
    return !m_capacity || usedBytes() + more <= *m_capacity;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const QString &name, Open how)
{
    if (auto error = fault(FileCall::open, name))
        return *error;
    const auto found = m_visible.find(name);
    if (found == m_visible.end())
        return notThere(name);
    return std::unique_ptr<File>(
        std::make_unique<MemoryFile>(*this, name, found->second, how == Open::read));
}

Result<std::unique_ptr<File>> MemoryFileSystem::create(const QString &name)
{
    if (auto error = fault(FileCall::create, name))
        return *error;
    const auto found = m_visible.find(name);
    std::shared_ptr<Content> content;
    if (found != m_visible.end()) {
        content = found->second; // the same file: no change of the directory
        setSize(*content, 0);
    } else {
        content = std::make_shared<Content>();
        m_changes.push_back({{}, name, content});
        apply(m_changes.back(), m_visible);
    }
    return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, name, content, false));
}

Result<QStringList> MemoryFileSystem::names()
{
    if (auto error = fault(FileCall::names, {}))
        return *error;
    QStringList names;
    for (const auto &[name, content] : m_visible)
        names.append(name);
    return names;
}

Result<void> MemoryFileSystem::rename(const QString &from, const QString &to)
{
    if (auto error = fault(FileCall::rename, from))
        return *error;
    const auto found = m_visible.find(from);
    if (found == m_visible.end())
        return notThere(from);
    m_changes.push_back({from, to, found->second});
    apply(m_changes.back(), m_visible);
    return {};
}

Result<void> MemoryFileSystem::remove(const QString &name)
{
    if (auto error = fault(FileCall::remove, name))
        return *error;
    if (!m_visible.contains(name))
        return notThere(name);
    m_changes.push_back({name, {}, {}});
    apply(m_changes.back(), m_visible);
    return {};
}

Result<void> MemoryFileSystem::syncDirectory()
{
    if (auto error = fault(FileCall::syncDirectory, {}))
        return Error{ErrorCode::syncFailed, error->message};
    m_durable = m_visible;
    m_changes.clear();
    return {};
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const QString &name)
{
    if (auto error = fault(FileCall::lock, name))
        return *error;
    if (m_locks.contains(name))
        return Error{ErrorCode::refused, name + QStringLiteral(" is locked by another process")};
    return std::unique_ptr<FileLock>(std::make_unique<MemoryFileLock>(*this, name));
}

/// What is cut off reads as zeros if the file grows again.
void MemoryFileSystem::setSize(Content &content, std::uint64_t size)
{
    const auto before = std::uint64_t(content.visible.size());
    content.visible.resize(qsizetype(size), '\0');
    content.sizes.push_back(qsizetype(size));
    for (std::uint64_t i = size / sectorBytes; size < before && i * sectorBytes < before; ++i) {
        const qsizetype begin = qsizetype(i) * qsizetype(sectorBytes);
        QByteArray state = content.visible.mid(begin, qsizetype(sectorBytes));
        state.append(qsizetype(sectorBytes) - state.size(), '\0');
        content.sectors[i].push_back(std::move(state));
    }
}

/// A rename names a certain file: no other one that had its name once gets the new one.
void MemoryFileSystem::apply(const Change &change, Directory &directory)
{
    if (!change.from.isEmpty())
        directory.erase(change.from);
    if (!change.to.isEmpty())
        directory[change.to] = change.content;
}

/// Makes durable, of each thing that changed, the state after the chosen number of changes.
void MemoryFileSystem::settle(Content &content, const Choose &choose)
{
    qsizetype size = content.durable.size();
    if (const std::size_t count = choose(content.sizes.size()); count > 0)
        size = content.sizes[count - 1];
    for (const auto &[sector, states] : content.sectors) {
        const std::size_t count = choose(states.size());
        if (count == 0)
            continue;
        const QByteArray &state = states[count - 1];
        const auto begin = qsizetype(sector) * qsizetype(sectorBytes);
        if (content.durable.size() < begin + state.size())
            content.durable.resize(begin + state.size(), '\0');
        std::copy(state.begin(), state.end(), content.durable.begin() + begin);
    }
    content.durable.resize(size, '\0');
}

void MemoryFileSystem::goDown()
{
    m_visible = m_durable;
    for (const auto &[name, content] : m_visible) {
        content->visible = content->durable;
        content->sectors.clear();
        content->sizes.clear();
    }
    m_changes.clear();
    m_locks.clear();
    ++m_life;
}

void MemoryFileSystem::crash(const Choose &choose)
{
    for (const Change &change : m_changes) {
        if (choose(1) != 0)
            apply(change, m_durable);
    }
    for (const auto &[name, content] : m_durable)
        settle(*content, choose);
    goDown();
}

void MemoryFileSystem::crash(Random &random)
{
    crash([&random](std::size_t count) { return std::size_t(random.below(count + 1)); });
}

MemoryFileSystem::Image MemoryFileSystem::image() const
{
    Image image;
    for (const auto &[name, content] : m_durable)
        image[name] = content->durable;
    return image;
}

void MemoryFileSystem::restore(const Image &image)
{
    m_durable.clear();
    for (const auto &[name, bytes] : image) {
        m_durable[name] = std::make_shared<Content>();
        m_durable[name]->durable = bytes;
    }
    goDown();
}

bool MemoryFileSystem::flip(const QString &name, std::uint64_t offset, std::uint8_t mask)
{
    const auto found = m_durable.find(name);
    if (found == m_durable.end() || offset >= std::uint64_t(found->second->durable.size()))
        return false;
    for (QByteArray *bytes : {&found->second->durable, &found->second->visible}) {
        if (offset < std::uint64_t(bytes->size()))
            (*bytes)[qsizetype(offset)] = char(std::uint8_t(bytes->at(qsizetype(offset))) ^ mask);
    }
    return true;
}

} // namespace coffer::storage
