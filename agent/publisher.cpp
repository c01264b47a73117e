// SPDX-License-Identifier: Apache-2.0
#include "agent/publisher.h"

#include "agent/directory_publisher.h"
#include "agent/file_tree.h"
#include "agent/place_publisher.h"
#include "agent/trust.h"
#include "config/limits.h"

#include <algorithm>
#include <set>

namespace coffer::agent {

std::unique_ptr<Publisher> Publisher::make(const Target &target, Files &files)
{
    if (target.style == Target::Style::directory)
        return std::make_unique<DirectoryPublisher>(target, files);
    return std::make_unique<PlacePublisher>(target, files);
}

Publisher::Publisher(const Target &target, Files &files, const QByteArray &staged)
    : m_target(target)
    , m_files(files)
    , m_destination(target.destination)
    , m_work(target.destination + "/.coffer-" + target.service)
    , m_staged(m_work + staged)
{}

Result<void> Publisher::checkDestination()
{
    const QString path = QString::fromUtf8(m_destination);
    const Result<std::optional<FileStatus>> status = m_files.status(m_destination);
    if (!status)
        return status.error();
    if (!status->has_value())
        return Error{
            ErrorCode::invalid,
            QStringLiteral("the destination %1 does not exist; make the directory").arg(path)};
    if ((*status)->kind == FileStatus::Kind::directory)
        return m_files.user() != 0 || m_target.isShared ? Result<void>()
                                                        : checkOwners(m_files, m_destination);
    if ((*status)->isMountPoint)
        return Error{
            ErrorCode::invalid,
            QStringLiteral("the destination %1 is a single file that is mounted there; such "
                           "a file cannot be replaced: mount its directory instead")
                .arg(path)};
    return Error{
        ErrorCode::invalid,
        QStringLiteral("the destination %1 is not a directory; name the directory that the "
                       "files lie in, not a file or a link")
            .arg(path)};
}

Result<void> Publisher::stage(const config::Bundle &bundle)
{
    for (const config::BundleFile &file : bundle.files) {
        if (file.path.startsWith(".coffer-"))
            return Error{ErrorCode::invalid,
                         QStringLiteral("%1: names that begin with .coffer- are the agent's own")
                             .arg(QString::fromUtf8(file.path))};
    }
    if (m_staged != m_work) {
        if (Result<void> made = m_files.makeDirectory(m_work, 0700); !made)
            return made;
    }
    if (Result<void> made = m_files.makeDirectory(m_staged, 0755); !made)
        return made;
    std::vector<QByteArray> directories{m_staged}; // outermost first
    for (const config::BundleFile &file : bundle.files) {
        const Result<std::vector<QByteArray>> missing =
            missingDirectories(m_files, m_staged, parentOf(file.path));
        if (!missing)
            return missing.error();
        for (const QByteArray &directory : *missing) {
            directories.push_back(m_staged + '/' + directory);
            if (Result<void> made = m_files.makeDirectory(directories.back(), 0755); !made)
                return made;
        }
        const Result<Rights> rights = rightsOf(file);
        if (!rights)
            return rights.error();
        const QByteArray path = m_staged + '/' + file.path;
        if (Result<void> made = m_files.makeFile(path, file.bytes, *rights); !made)
            return made;
    }
    for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
        if (Result<void> synced = m_files.sync(*directory); !synced)
            return synced;
    }
    return {};
}

Result<void> Publisher::checkStaged(const config::Bundle &bundle)
{
    const Result<std::vector<Finding>> findings = compareTree(m_staged, bundle);
    if (!findings)
        return findings.error();
    if (findings->empty())
        return {};
    return Error{ErrorCode::corrupt,
                 QStringLiteral("the staged copy is not what was written to it (%1); the check "
                                "command must not change it")
                     .arg(QString::fromUtf8(findings->front().path))};
}

Result<void> Publisher::clear()
{
    for (const QByteArray &path : {m_work, linkForth(), linkBack()}) {
        if (Result<void> removed = removeTree(m_files, path); !removed)
            return removed;
    }
    return {};
}

Result<void> Publisher::removeGeneration(const QByteArray &directory)
{
    return removeTree(m_files, m_destination + '/' + directory);
}

Result<Rights> Publisher::rightsOf(const config::BundleFile &file)
{
    Rights rights{.mode = std::uint16_t(file.rights.mode & m_target.modeMask)};
    const QByteArray owner = file.rights.owner.isEmpty() ? m_target.owner : file.rights.owner;
    const QByteArray group = file.rights.group.isEmpty() ? m_target.group : file.rights.group;
    if (!owner.isEmpty()) {
        const Result<std::uint32_t> id = m_files.userId(owner);
        if (!id)
            return id.error().in(QString::fromUtf8(file.path));
        rights.owner = *id;
    }
    if (!group.isEmpty()) {
        const Result<std::uint32_t> id = m_files.groupId(group);
        if (!id)
            return id.error().in(QString::fromUtf8(file.path));
        rights.group = *id;
    }
    return rights;
}

static QByteArray noteOn(const FileStatus &status, const Rights &rights)
{
    QByteArrayList notes;
    if (status.mode != rights.mode)
        notes.append("mode 0" + QByteArray::number(status.mode, 8) + " instead of 0"
                     + QByteArray::number(rights.mode, 8));
    if (rights.owner && status.owner != *rights.owner)
        notes.append("owner " + QByteArray::number(status.owner) + " instead of "
                     + QByteArray::number(*rights.owner));
    if (rights.group && status.group != *rights.group)
        notes.append("group " + QByteArray::number(status.group) + " instead of "
                     + QByteArray::number(*rights.group));
    return notes.join(", ");
}

Result<std::optional<Finding>> Publisher::compareFile(const QByteArray &path,
                                                      const config::BundleFile &wanted)
{
    Finding finding{.path = wanted.path, .wanted = wanted};
    const Result<std::optional<FileStatus>> status = m_files.status(path);
    if (!status)
        return status.error();
    if (!status->has_value())
        return std::optional<Finding>(finding);
    if ((*status)->kind != FileStatus::Kind::file) {
        finding.note = "is not a regular file";
        return std::optional<Finding>(finding);
    }
    const Result<Rights> rights = rightsOf(wanted);
    if (!rights)
        return rights.error();
    finding.note = noteOn(**status, *rights);
    Result<QByteArray> bytes = m_files.read(path, config::limits::fileBytesMax);
    if (!bytes && bytes.error().code != ErrorCode::invalid)
        return bytes.error();
    if (!bytes)
        finding.note = "has " + QByteArray::number(quint64((*status)->bytes)) + " bytes instead of "
                       + QByteArray::number(wanted.bytes.size());
    else
        finding.found = *std::move(bytes);
    if (finding.found == wanted.bytes && finding.note.isEmpty())
        return std::optional<Finding>();
    return std::optional<Finding>(std::move(finding));
}

Result<std::vector<Finding>> Publisher::compareTree(const QByteArray &base,
                                                    const config::Bundle &bundle)
{
    std::vector<Finding> findings;
    std::set<QByteArray> wanted;
    for (const config::BundleFile &file : bundle.files) {
        wanted.insert(file.path);
        Result<std::optional<Finding>> finding = compareFile(base + '/' + file.path, file);
        if (!finding)
            return finding.error();
        if (finding->has_value())
            findings.push_back(**std::move(finding));
    }
    const Result<std::vector<QByteArray>> present = filesBelow(m_files, base);
    if (!present)
        return present.error();
    std::uint64_t room = 1 << 20; // Of what others have put here, to be shown.
    for (const QByteArray &path : *present) {
        if (wanted.contains(path))
            continue;
        Finding extra{.path = path, .note = "does not belong here"};
        if (const Result<QByteArray> bytes = m_files.read(base + '/' + path, room)) {
            room -= std::uint64_t(bytes->size());
            extra.found = *bytes;
        }
        findings.push_back(std::move(extra));
    }
    return findings;
}

} // namespace coffer::agent
