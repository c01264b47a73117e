// SPDX-License-Identifier: Apache-2.0
#include "agent/directory_publisher.h"

#include "agent/file_tree.h"

namespace coffer::agent {

Result<QByteArray> DirectoryPublisher::current()
{
    const QByteArray path = m_destination + "/current";
    const Result<std::optional<FileStatus>> status = m_files.status(path);
    if (!status)
        return status.error();
    if (!status->has_value())
        return QByteArray();
    if ((*status)->kind != FileStatus::Kind::link)
        return Error{ErrorCode::invalid,
                     QStringLiteral("%1 is not a link, and is not ours; move it away, or name "
                                    "another destination")
                         .arg(QString::fromUtf8(path))};
    return m_files.linkTarget(path);
}

Result<void> DirectoryPublisher::checkCurrent(const QByteArray &target)
{
    const bool leadsOut = target.contains('/') || target == "..";
    if (!leadsOut || !m_target.isShared || m_files.user() != 0)
        return {};
    return Error{ErrorCode::denied,
                 QStringLiteral("%1/current leads to %2: root takes over no link that leads out of "
                                "a shared destination; remove it")
                     .arg(QString::fromUtf8(m_destination), QString::fromUtf8(target))};
}

Result<QByteArray> DirectoryPublisher::wayBack()
{
    // The second: of an agent that died before it was replaced by this one.
    for (const QByteArray &path : {linkBack(), m_work + "/back"}) {
        const Result<std::optional<FileStatus>> status = m_files.status(path);
        if (!status)
            return status.error();
        if (status->has_value() && (*status)->kind == FileStatus::Kind::link)
            return path;
    }
    return QByteArray();
}

Result<std::pair<QByteArray, bool>> DirectoryPublisher::nameFor(const config::Hash &root,
                                                                const config::Bundle &bundle)
{
    for (int number = 0; number < 1000; ++number) {
        QByteArray name = root.brief();
        if (number > 0)
            name += '.' + QByteArray::number(number);
        const QByteArray path = m_destination + '/' + name;
        const Result<std::optional<FileStatus>> status = m_files.status(path);
        if (!status)
            return status.error();
        if (!status->has_value())
            return std::pair(name, true);
        if ((*status)->kind != FileStatus::Kind::directory)
            continue;
        const Result<std::vector<Finding>> findings = compareTree(path, bundle);
        if (findings && findings->empty())
            return std::pair(name, false);
    }
    return Error{ErrorCode::refused,
                 QStringLiteral("%1 is full of damaged copies of %2; remove them")
                     .arg(QString::fromUtf8(m_destination), QLatin1String(root.brief()))};
}

Result<Intent> DirectoryPublisher::prepare(const Generation &to, const config::Bundle &bundle,
                                           const std::vector<QByteArray> & /*ours*/,
                                           const Record & /*record*/)
{
    const Result<QByteArray> before = current();
    if (!before)
        return before.error();
    if (Result<void> checked = checkCurrent(*before); !checked)
        return checked.error();
    const Result<std::pair<QByteArray, bool>> name = nameFor(to.root, bundle);
    if (!name)
        return name.error();
    // Both links now, so that neither the switch nor its undoing needs space.
    if (Result<void> made = m_files.makeLink(name->first, linkForth()); !made)
        return made.error();
    if (!before->isEmpty()) {
        if (Result<void> made = m_files.makeLink(*before, linkBack()); !made)
            return made.error();
    }
    // A name that is there may be one that was never made durable.
    if (!name->second) {
        if (Result<void> synced = syncTree(m_files, m_destination + '/' + name->first); !synced)
            return synced.error();
    }
    return Intent{
        .to = to, .directory = name->first, .isDirectoryNew = name->second, .linkBefore = *before};
}

Result<void> DirectoryPublisher::perform(const Intent &intent)
{
    if (intent.isDirectoryNew) {
        const QByteArray path = m_destination + '/' + intent.directory;
        if (Result<void> renamed = m_files.rename(stagedPath(), path); !renamed)
            return renamed;
    }
    // The directory is durable before anything names it, and what leads back before it is needed.
    if (Result<void> synced = m_files.sync(m_destination); !synced)
        return synced;
    if (Result<void> renamed = m_files.rename(linkForth(), m_destination + "/current"); !renamed)
        return renamed;
    return m_files.sync(m_destination);
}

Result<void> DirectoryPublisher::undo(const Intent &intent)
{
    const Result<QByteArray> now = current();
    if (!now)
        return now.error();
    const QByteArray link = m_destination + "/current";
    if (*now == intent.directory && intent.linkBefore.isEmpty()) {
        if (Result<void> removed = m_files.remove(link); !removed)
            return removed;
    } else if (*now == intent.directory && intent.linkBefore != intent.directory) {
        const Result<QByteArray> back = wayBack();
        if (!back)
            return back.error();
        // Somebody removed it, or a record that came later was lost with the disk's block: nothing
        // leads back. A scrub finds the difference.
        if (back->isEmpty())
            return {};
        if (Result<void> renamed = m_files.rename(*back, link); !renamed)
            return renamed;
    }
    // Even if there was nothing to do: what did it before may have died before this.
    if (Result<void> synced = m_files.sync(m_destination); !synced)
        return synced;
    if (!intent.isDirectoryNew)
        return {};
    return removeGeneration(intent.directory);
}

Result<std::vector<Finding>> DirectoryPublisher::compare(const config::Bundle &bundle,
                                                         const std::vector<QByteArray> &ours,
                                                         const Record &record)
{
    const Result<QByteArray> now = current();
    if (!now)
        return now.error();
    std::vector<Finding> findings;
    if (now->contains('/') || now->startsWith("..")) { // It is not followed out of here.
        findings.push_back({.path = "current", .note = "names " + *now + ", which is not ours"});
        return findings;
    }
    const QByteArray base = m_destination + '/' + *now;
    const Result<std::optional<FileStatus>> status = m_files.status(base);
    if (!status)
        return status.error();
    if (now->isEmpty() || !status->has_value()) {
        for (const config::BundleFile &file : bundle.files)
            findings.push_back({.path = file.path, .wanted = file});
        return findings;
    }
    const bool isOurs =
        ours.empty() || record.kept.empty() || record.kept.front().directory == *now;
    Result<std::vector<Finding>> inside = compareTree(base, bundle);
    if (inside && !isOurs)
        inside->push_back(
            {.path = "current",
             .note = "names " + *now + " instead of " + record.kept.front().directory});
    return inside;
}

Result<bool> DirectoryPublisher::isMissing(const config::Bundle & /*bundle*/, const Record &record)
{
    if (record.kept.empty())
        return false;
    const QByteArray link = m_destination + "/current";
    const QByteArray directory = m_destination + '/' + record.kept.front().directory;
    for (const QByteArray &path : {link, directory}) {
        const Result<std::optional<FileStatus>> status = m_files.status(path);
        if (!status)
            return status.error();
        if (!status->has_value())
            return true;
    }
    return false;
}

} // namespace coffer::agent
