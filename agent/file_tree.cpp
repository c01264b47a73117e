// SPDX-License-Identifier: Apache-2.0
#include "agent/file_tree.h"

#include <algorithm>

namespace coffer::agent {

Result<void> replaceFile(Files &files, const QByteArray &path, QByteArrayView bytes)
{
    const QByteArray fresh = path + ".new";
    if (Result<void> removed = removeTree(files, fresh); !removed)
        return removed;
    if (Result<void> made = files.makeFile(fresh, bytes, {.mode = 0600}); !made)
        return made;
    if (Result<void> renamed = files.rename(fresh, path); !renamed)
        return renamed;
    return files.sync(parentOf(path));
}

Result<std::vector<QByteArray>> missingDirectories(Files &files, const QByteArray &base,
                                                   const QByteArray &path)
{
    std::vector<QByteArray> missing;
    QByteArray below;
    for (const QByteArray &part : path.split('/')) {
        if (part.isEmpty())
            continue;
        below = below.isEmpty() ? part : below + '/' + part;
        const QByteArray whole = base + '/' + below;
        const Result<std::optional<FileStatus>> status = files.status(whole);
        if (!status)
            return status.error();
        if (!status->has_value())
            missing.push_back(below);
        else if ((*status)->kind != FileStatus::Kind::directory)
            return Error{ErrorCode::invalid,
                         QStringLiteral("%1 is not a directory, but a file is to lie below it; "
                                        "move it away")
                             .arg(QString::fromUtf8(whole))};
    }
    return missing;
}

Result<void> syncTree(Files &files, const QByteArray &directory)
{
    const Result<QByteArrayList> names = files.names(directory);
    if (!names)
        return names.error();
    for (const QByteArray &name : *names) {
        const QByteArray path = directory + '/' + name;
        const Result<std::optional<FileStatus>> status = files.status(path);
        if (!status)
            return status.error();
        if (!status->has_value() || (*status)->kind != FileStatus::Kind::directory)
            continue;
        if (Result<void> synced = syncTree(files, path); !synced)
            return synced;
    }
    return files.sync(directory);
}

Result<void> removeTree(Files &files, const QByteArray &path)
{
    const Result<std::optional<FileStatus>> status = files.status(path);
    if (!status)
        return status.error();
    if (!status->has_value())
        return {};
    if ((*status)->kind != FileStatus::Kind::directory)
        return files.remove(path);
    const Result<QByteArrayList> names = files.names(path);
    if (!names)
        return names.error();
    for (const QByteArray &name : *names) {
        if (Result<void> removed = removeTree(files, path + '/' + name); !removed)
            return removed;
    }
    return files.removeDirectory(path);
}

static Result<void> gather(Files &files, const QByteArray &base, const QByteArray &below,
                           std::vector<QByteArray> &found)
{
    const QByteArray directory = below.isEmpty() ? base : base + '/' + below;
    const Result<QByteArrayList> names = files.names(directory);
    if (!names)
        return names.error();
    for (const QByteArray &name : *names) {
        const QByteArray path = below.isEmpty() ? name : below + '/' + name;
        const Result<std::optional<FileStatus>> status = files.status(base + '/' + path);
        if (!status)
            return status.error();
        if (!status->has_value())
            continue;
        if ((*status)->kind != FileStatus::Kind::directory)
            found.push_back(path);
        else if (Result<void> gathered = gather(files, base, path, found); !gathered)
            return gathered;
    }
    return {};
}

Result<std::vector<QByteArray>> filesBelow(Files &files, const QByteArray &directory)
{
    std::vector<QByteArray> found;
    if (Result<void> gathered = gather(files, directory, {}, found); !gathered)
        return gathered.error();
    std::sort(found.begin(), found.end());
    return found;
}

QByteArray parentOf(const QByteArray &path)
{
    return path.first(std::max<qsizetype>(path.lastIndexOf('/'), 0));
}

} // namespace coffer::agent
