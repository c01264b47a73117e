// SPDX-License-Identifier: Apache-2.0
#include "unit/agent/memory_files.h"

#include <algorithm>

namespace coffer::agent {

static Error wrong(ErrorCode code, const QByteArray &path, const char *why)
{
    return {code, QStringLiteral("%1: %2").arg(QString::fromUtf8(path), QLatin1String(why))};
}

MemoryFiles::MemoryFiles() { m_inodes[0] = {.kind = FileStatus::Kind::directory}; }

std::optional<MemoryFiles::Number> MemoryFiles::find(const QByteArray &path) const
{
    Number at = 0;
    for (const QByteArray &part : path.split('/')) {
        if (part.isEmpty())
            continue;
        const Inode *inode = &m_inodes.at(at);
        if (inode->kind == FileStatus::Kind::link)
            return std::nullopt; // Links are not followed here; nothing of ours needs it.
        const auto found = inode->names.find(part);
        if (found == inode->names.end())
            return std::nullopt;
        at = found->second;
    }
    return at;
}

Result<std::pair<MemoryFiles::Number, QByteArray>> MemoryFiles::place(const QByteArray &path) const
{
    const qsizetype slash = path.lastIndexOf('/');
    const std::optional<Number> parent = find(path.first(slash));
    if (!parent || m_inodes.at(*parent).kind != FileStatus::Kind::directory)
        return wrong(ErrorCode::notFound, path, "no such directory");
    return std::pair(*parent, path.sliced(slash + 1));
}

Result<void> MemoryFiles::alive() const
{
    return m_isDead ? Result<void>(Error{ErrorCode::io, QStringLiteral("the process is dead")})
                    : Result<void>();
}

Result<void> MemoryFiles::step(const QByteArray &path)
{
    const int number = m_steps++;
    if (number == m_dieAt)
        m_isDead = true;
    if (m_isDead)
        return alive();
    if (number == m_failAt || (m_isLasting && m_failAt >= 0 && number > m_failAt))
        return m_error.in(QString::fromUtf8(path));
    return {};
}

void MemoryFiles::failAt(int step, Error error, bool isLasting)
{
    m_failAt = m_steps + step;
    m_error = std::move(error);
    m_isLasting = isLasting;
}

void MemoryFiles::heal() { m_failAt = -1; }

bool MemoryFiles::touches(const Change &change, const Change &other)
{
    for (const Edit &one : change) {
        for (const Edit &two : other) {
            if (one.directory == two.directory && one.name == two.name)
                return true;
        }
    }
    return false;
}

static void edit(std::map<QByteArray, int> &names, const QByteArray &name, std::optional<int> inode)
{
    if (inode)
        names[name] = *inode;
    else
        names.erase(name);
}

void MemoryFiles::change(Change change)
{
    for (const Edit &one : change)
        edit(m_inodes.at(one.directory).names, one.name, one.inode);
    m_pending.push_back(std::move(change));
}

void MemoryFiles::makeDurable(const Change &change)
{
    for (const Edit &one : change)
        edit(m_inodes.at(one.directory).durableNames, one.name, one.inode);
}

/// What was synced stays when something is appended to it; the rest is there up to some byte, or
/// has its length but zeroes in it.
QByteArray MemoryFiles::torn(const Inode &inode, bool isShort, Random &random)
{
    const QByteArray &seen = inode.seen.bytes;
    const qsizetype kept = seen.startsWith(inode.durable.bytes) ? inode.durable.bytes.size() : 0;
    const qsizetype whole = kept + qsizetype(random.below(std::uint64_t(seen.size() - kept)));
    QByteArray bytes = seen.first(whole);
    if (!isShort)
        bytes.append(QByteArray(seen.size() - whole, '\0'));
    return bytes;
}

void MemoryFiles::reboot(Loss loss, Random &random)
{
    m_isDead = false;
    m_dieAt = -1;
    heal();
    if (loss == Loss::none)
        return;
    std::vector<Change> lost;
    for (const Change &change : m_pending) {
        const bool isBlocked = std::any_of(lost.begin(), lost.end(), [&](const Change &earlier) {
            return touches(change, earlier);
        });
        if (isBlocked || random.below(2) == 0)
            lost.push_back(change);
        else
            makeDurable(change);
    }
    m_pending.clear();
    for (auto &[number, inode] : m_inodes) {
        inode.names = inode.durableNames;
        const std::uint64_t chance = random.below(4);
        if (chance == 0)
            inode.durable = inode.seen;
        else if (chance < 3 && inode.kind == FileStatus::Kind::file
                 && inode.durable.bytes != inode.seen.bytes)
            inode.durable.bytes = torn(inode, chance == 1, random);
        inode.seen = inode.durable;
    }
}

void MemoryFiles::give(const QByteArray &path, std::uint32_t owner, std::uint16_t mode)
{
    Inode &inode = m_inodes.at(find(path).value());
    for (Content *content : {&inode.seen, &inode.durable}) {
        content->owner = owner;
        content->mode = mode;
    }
}

void MemoryFiles::settle()
{
    for (const Change &change : std::exchange(m_pending, {}))
        makeDurable(change);
    for (auto &[number, inode] : m_inodes)
        inode.durable = inode.seen;
}

Result<std::optional<FileStatus>> MemoryFiles::status(const QByteArray &path)
{
    if (Result<void> lives = alive(); !lives)
        return lives.error();
    const std::optional<Number> number = find(path);
    if (!number)
        return std::optional<FileStatus>();
    const Inode &inode = m_inodes.at(*number);
    return std::optional<FileStatus>(FileStatus{.kind = inode.kind,
                                                .bytes = std::uint64_t(inode.seen.bytes.size()),
                                                .mode = inode.seen.mode,
                                                .owner = inode.seen.owner,
                                                .group = inode.seen.group,
                                                .isMountPoint = inode.isMountPoint});
}

Result<QByteArray> MemoryFiles::read(const QByteArray &path, std::uint64_t bytesMax)
{
    if (Result<void> lives = alive(); !lives)
        return lives.error();
    const std::optional<Number> number = find(path);
    if (!number)
        return wrong(ErrorCode::notFound, path, "not there");
    const Inode &inode = m_inodes.at(*number);
    if (inode.kind != FileStatus::Kind::file || std::uint64_t(inode.seen.bytes.size()) > bytesMax)
        return wrong(ErrorCode::invalid, path, "no file, or too large");
    return inode.seen.bytes;
}

Result<QByteArray> MemoryFiles::linkTarget(const QByteArray &path)
{
    if (Result<void> lives = alive(); !lives)
        return lives.error();
    const std::optional<Number> number = find(path);
    if (!number || m_inodes.at(*number).kind != FileStatus::Kind::link)
        return wrong(ErrorCode::notFound, path, "no link");
    return m_inodes.at(*number).seen.bytes;
}

Result<QByteArrayList> MemoryFiles::names(const QByteArray &directory)
{
    if (Result<void> lives = alive(); !lives)
        return lives.error();
    const std::optional<Number> number = find(directory);
    if (!number || m_inodes.at(*number).kind != FileStatus::Kind::directory)
        return wrong(ErrorCode::notFound, directory, "no directory");
    QByteArrayList names;
    for (const auto &[name, inode] : m_inodes.at(*number).names)
        names.append(name);
    return names;
}

Result<std::uint32_t> MemoryFiles::userId(const QByteArray &name)
{
    if (name == "www")
        return 33U;
    return wrong(ErrorCode::notFound, name, "no such user");
}

Result<std::uint32_t> MemoryFiles::groupId(const QByteArray &name) { return userId(name); }

Result<void> MemoryFiles::add(const QByteArray &path, Inode inode)
{
    const auto where = place(path);
    if (!where)
        return where.error();
    if (find(path))
        return wrong(ErrorCode::conflict, path, "is there already");
    const Number number = m_next++;
    m_inodes[number] = std::move(inode);
    change({{where->first, where->second, number}});
    return {};
}

Result<void> MemoryFiles::makeDirectory(const QByteArray &path, std::uint16_t mode)
{
    if (Result<void> done = step(path); !done)
        return done;
    return add(
        path,
        {.kind = FileStatus::Kind::directory, .seen = {.mode = mode}, .durable = {.mode = mode}});
}

Result<void> MemoryFiles::makeFile(const QByteArray &path, QByteArrayView bytes,
                                   const Rights &rights)
{
    if (Result<void> made = createFile(path); !made)
        return made;
    if (Result<void> written = write(path, bytes); !written)
        return written;
    if (Result<void> set = setRights(path, rights); !set)
        return set;
    return sync(path);
}

Result<void> MemoryFiles::append(const QByteArray &path, QByteArrayView bytes)
{
    if (Result<void> written = write(path, bytes); !written)
        return written;
    return sync(path);
}

Result<void> MemoryFiles::createFile(const QByteArray &path)
{
    if (Result<void> done = step(path); !done)
        return done;
    return add(path, {.seen = {.mode = 0600}});
}

Result<void> MemoryFiles::write(const QByteArray &path, QByteArrayView bytes)
{
    const std::optional<Number> number = find(path);
    const bool wasAlive = !m_isDead;
    if (Result<void> done = step(path); !done) {
        // A part was written: both a death and a full disk can come in the middle.
        if (number && wasAlive)
            m_inodes.at(*number).seen.bytes += bytes.first(bytes.size() / 2).toByteArray();
        return done;
    }
    if (!number || m_inodes.at(*number).kind != FileStatus::Kind::file)
        return wrong(ErrorCode::notFound, path, "no file");
    m_inodes.at(*number).seen.bytes += bytes.toByteArray();
    return {};
}

Result<void> MemoryFiles::setRights(const QByteArray &path, const Rights &rights)
{
    if (Result<void> done = step(path); !done)
        return done;
    const std::optional<Number> number = find(path);
    if (!number)
        return wrong(ErrorCode::notFound, path, "not there");
    Content &content = m_inodes.at(*number).seen;
    content.mode = rights.mode;
    content.owner = rights.owner.value_or(content.owner);
    content.group = rights.group.value_or(content.group);
    return {};
}

Result<void> MemoryFiles::sync(const QByteArray &path)
{
    if (Result<void> done = step(path); !done)
        return done.error().code == ErrorCode::io
                   ? Result<void>(Error{ErrorCode::syncFailed, done.error().message})
                   : done;
    const std::optional<Number> number = find(path);
    if (!number)
        return wrong(ErrorCode::notFound, path, "not there");
    Inode &inode = m_inodes.at(*number);
    inode.durable = inode.seen;
    if (inode.kind != FileStatus::Kind::directory)
        return {};
    // Every change of this directory, and what these need of earlier ones.
    std::vector<bool> isNeeded(m_pending.size());
    for (std::size_t at = m_pending.size(); at-- > 0;) {
        for (const Edit &one : m_pending[at])
            isNeeded[at] = isNeeded[at] || one.directory == *number;
        for (std::size_t later = at + 1; later < m_pending.size(); ++later)
            isNeeded[at] =
                isNeeded[at] || (isNeeded[later] && touches(m_pending[at], m_pending[later]));
    }
    std::vector<Change> left;
    for (std::size_t at = 0; at < m_pending.size(); ++at) {
        if (isNeeded[at])
            makeDurable(m_pending[at]);
        else
            left.push_back(m_pending[at]);
    }
    m_pending = std::move(left);
    return {};
}

Result<void> MemoryFiles::link(const QByteArray &path, const QByteArray &newPath)
{
    if (Result<void> done = step(path); !done)
        return done;
    const std::optional<Number> number = find(path);
    const auto where = place(newPath);
    if (!number || !where || m_inodes.at(*number).kind != FileStatus::Kind::file)
        return wrong(ErrorCode::notFound, path, "cannot be linked");
    if (find(newPath))
        return wrong(ErrorCode::conflict, newPath, "is there already");
    change({{where->first, where->second, *number}});
    return {};
}

Result<void> MemoryFiles::makeLink(const QByteArray &target, const QByteArray &path)
{
    if (Result<void> done = step(path); !done)
        return done;
    return add(
        path,
        {.kind = FileStatus::Kind::link, .seen = {.bytes = target}, .durable = {.bytes = target}});
}

Result<void> MemoryFiles::rename(const QByteArray &from, const QByteArray &to)
{
    if (Result<void> done = step(to); !done)
        return done;
    const std::optional<Number> number = find(from);
    const auto source = place(from);
    const auto target = place(to);
    if (!number || !source || !target)
        return wrong(ErrorCode::notFound, from, "cannot be renamed");
    const std::optional<Number> there = find(to);
    if (there == number)
        return {}; // Two names of one file: POSIX says that nothing happens.
    if (there && m_inodes.at(*there).isMountPoint)
        return wrong(ErrorCode::io, to, "is a mount point");
    if (there && m_inodes.at(*there).kind == FileStatus::Kind::directory)
        return wrong(ErrorCode::conflict, to, "is a directory");
    change(
        {{source->first, source->second, std::nullopt}, {target->first, target->second, *number}});
    return {};
}

Result<void> MemoryFiles::remove(const QByteArray &path)
{
    if (Result<void> done = step(path); !done)
        return done;
    const std::optional<Number> number = find(path);
    const auto where = place(path);
    if (!number || !where)
        return wrong(ErrorCode::notFound, path, "not there");
    if (m_inodes.at(*number).kind == FileStatus::Kind::directory)
        return wrong(ErrorCode::io, path, "is a directory");
    change({{where->first, where->second, std::nullopt}});
    return {};
}

Result<void> MemoryFiles::removeDirectory(const QByteArray &path)
{
    if (Result<void> done = step(path); !done)
        return done;
    const std::optional<Number> number = find(path);
    const auto where = place(path);
    if (!number || !where)
        return wrong(ErrorCode::notFound, path, "not there");
    if (!m_inodes.at(*number).names.empty())
        return wrong(ErrorCode::conflict, path, "is not empty");
    change({{where->first, where->second, std::nullopt}});
    return {};
}

void MemoryFiles::put(const QByteArray &path, const QByteArray &bytes, std::uint16_t mode)
{
    for (qsizetype slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
        const QByteArray directory = path.first(slash);
        if (!find(directory))
            static_cast<void>(
                add(directory, {.kind = FileStatus::Kind::directory, .seen = {.mode = 0755}}));
    }
    const std::optional<Number> there = find(path);
    if (there)
        m_inodes.at(*there).seen = {.bytes = bytes, .mode = mode};
    else if (!path.endsWith('/'))
        static_cast<void>(add(path, {.seen = {.bytes = bytes, .mode = mode}}));
    settle();
}

void MemoryFiles::putLink(const QByteArray &path, const QByteArray &target)
{
    static_cast<void>(add(path, {.kind = FileStatus::Kind::link, .seen = {.bytes = target}}));
    settle();
}

void MemoryFiles::putMountPoint(const QByteArray &path)
{
    put(path, "mounted");
    m_inodes.at(*find(path)).isMountPoint = true;
}

void MemoryFiles::damage(const QByteArray &path, const QByteArray &bytes)
{
    m_inodes.at(*find(path)).seen.bytes = bytes;
    settle();
}

} // namespace coffer::agent
