// SPDX-License-Identifier: Apache-2.0
#include "agent/origin_files.h"

#include "agent/file_tree.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::agent {

OriginFiles::OriginFiles(Files &files, const QByteArray &state, const QByteArray &service)
    : m_files(files), m_directory(state + "/services/" + service + "/origins")
{}

QByteArray OriginFiles::pathOf(const config::Hash &root) const
{
    return m_directory + '/' + root.hex();
}

Result<void> OriginFiles::keep(const config::Hash &root, const config::OriginList &list)
{
    const Result<std::optional<FileStatus>> there = m_files.status(m_directory);
    if (!there)
        return there.error();
    if (!*there) {
        if (Result<void> made = m_files.makeDirectory(m_directory, 0700); !made)
            return made;
    }
    return replaceFile(m_files, pathOf(root), config::encode(list));
}

Result<config::OriginList> OriginFiles::read(const config::Hash &root)
{
    const Result<QByteArray> bytes = m_files.read(pathOf(root), config::OriginList::bytesMax);
    const Error unknown{ErrorCode::notFound,
                        u"no node has told this host where this version comes from; `coffer config "
                        "why` asks the cluster"_s};
    if (!bytes)
        return unknown;
    const Result<config::OriginList> list = config::decodeOrigins(*bytes);
    return list ? list : Result<config::OriginList>(unknown);
}

Result<void> OriginFiles::sweep(const std::vector<Generation> &kept)
{
    const Result<QByteArrayList> names = m_files.names(m_directory);
    if (!names)
        return names.error();
    for (const QByteArray &name : *names) {
        const auto isOf = [&name](const Generation &one) { return one.root.hex() == name; };
        if (std::any_of(kept.begin(), kept.end(), isOf))
            continue;
        if (Result<void> removed = m_files.remove(m_directory + '/' + name); !removed)
            return removed;
    }
    return {};
}

} // namespace coffer::agent
