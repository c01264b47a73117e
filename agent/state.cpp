// SPDX-License-Identifier: Apache-2.0
#include "agent/state.h"

#include "agent/file_tree.h"
#include "config/limits.h"

namespace coffer::agent {

/// Of an encoded bundle: its files, and as much again for paths would be plenty.
static constexpr std::uint64_t bundleBytesMax = std::uint64_t(config::limits::serviceBytesMax) * 2;
/// What all records may come to before the last one replaces them.
static constexpr qsizetype recordsBytesMax = qsizetype(64) << 10;

State::State(Files &files, const QByteArray &state, const QByteArray &service)
    : m_files(files)
    , m_directory(state + "/services/" + service) // no name of a service is that of another file
{}

Result<void> State::look()
{
    const Result<QByteArray> bytes = m_files.read(m_directory + "/record", recordBytesMax);
    if (!bytes && bytes.error().code == ErrorCode::notFound)
        return {};
    if (!bytes)
        return bytes.error();
    Result<LastRecord> last = decodeLast(*bytes);
    if (!last)
        return last.error();
    m_record = std::move(last->record);
    return {};
}

Result<void> State::open()
{
    for (const QByteArray &path :
         {parentOf(m_directory), m_directory, m_directory + "/bundles", m_directory + "/damaged"}) {
        const Result<std::optional<FileStatus>> status = m_files.status(path);
        if (!status)
            return status.error();
        if (status->has_value())
            continue;
        if (Result<void> made = m_files.makeDirectory(path, 0700); !made)
            return made;
        if (Result<void> synced = m_files.sync(parentOf(path)); !synced)
            return synced;
    }
    const QByteArray path = m_directory + "/record";
    const Result<QByteArray> bytes = m_files.read(path, recordBytesMax);
    if (!bytes && bytes.error().code == ErrorCode::notFound) {
        m_isOpen = true;
        return {};
    }
    if (!bytes)
        return bytes.error();
    Result<LastRecord> last = decodeLast(*bytes);
    if (!last) {
        if (Result<void> moved = putAside(path, "record"); !moved)
            return moved;
        m_isOpen = true;
        return last.error();
    }
    // What was read may be what a process that died had not made durable yet. Nothing may be done
    // because of it before it is.
    for (const QByteArray &read : {path, m_directory}) {
        if (Result<void> synced = m_files.sync(read); !synced)
            return synced;
    }
    m_record = std::move(last->record);
    m_recordBytes = last->isAtEnd ? bytes->size() : 0;
    m_isOpen = true;
    m_isSure = true;
    return {};
}

Result<void> State::save(Record next)
{
    if (!m_isOpen)
        return Error{
            ErrorCode::io,
            QStringLiteral("the state of this service was never read, or is only looked at")};
    m_isSure = false;
    const QByteArray record = encode(next);
    const qsizetype before = std::exchange(m_recordBytes, 0); // After an error nobody knows.
    const bool isAppended = before > 0 && before + record.size() < recordsBytesMax;
    const Result<void> done = isAppended ? m_files.append(m_directory + "/record", record)
                                         : replaceFile(m_files, m_directory + "/record", record);
    if (!done)
        return done.error().in(QStringLiteral("the state was not kept"));
    m_recordBytes = isAppended ? before + record.size() : record.size();
    m_record = std::move(next);
    m_isSure = true;
    return {};
}

Result<void> State::keepBundle(const config::Hash &root, const QByteArray &bytes)
{
    if (bundle(root))
        return {};
    return replaceFile(m_files, m_directory + "/bundles/" + root.hex(), bytes);
}

Result<QByteArray> State::bundle(const config::Hash &root)
{
    const QByteArray path = m_directory + "/bundles/" + root.hex();
    Result<QByteArray> bytes = m_files.read(path, bundleBytesMax);
    if (!bytes && bytes.error().code == ErrorCode::notFound)
        return Error{
            ErrorCode::notFound,
            QStringLiteral("the bundle %1 is not kept here").arg(QLatin1String(root.brief()))};
    if (!bytes && bytes.error().code != ErrorCode::invalid)
        return bytes.error();
    if (bytes && config::Hash::of(*bytes) == root)
        return bytes;
    if (m_isOpen) {
        if (Result<void> moved = putAside(path, "bundle"); !moved)
            return moved.error();
    }
    return Error{ErrorCode::corrupt,
                 QStringLiteral("the kept bundle %1 was damaged").arg(QLatin1String(root.brief()))};
}

Result<void> State::sweepBundles()
{
    const Result<QByteArrayList> names = m_files.names(m_directory + "/bundles");
    if (!names)
        return names.error();
    for (const QByteArray &name : *names) {
        bool isKept = false;
        for (const Kept &kept : m_record.kept)
            isKept = isKept || kept.generation.root.hex() == name;
        if (isKept)
            continue;
        if (Result<void> removed = m_files.remove(m_directory + "/bundles/" + name); !removed)
            return removed;
    }
    return {};
}

Result<void> State::putAside(const QByteArray &path, const QByteArray &name)
{
    return m_files.rename(path, m_directory + "/damaged/" + name);
}

} // namespace coffer::agent
