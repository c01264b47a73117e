// SPDX-License-Identifier: Apache-2.0
#include "agent/place_publisher.h"

#include "agent/file_tree.h"
#include "config/limits.h"

#include <algorithm>

namespace coffer::agent {

Result<std::optional<Intent::Step>> PlacePublisher::stepFor(const config::BundleFile &file)
{
    const QByteArray path = placeOf(file.path);
    const Result<std::optional<FileStatus>> status = m_files.status(path);
    if (!status)
        return status.error();
    if (!status->has_value())
        return std::optional<Step>({Step::Kind::add, file.path});
    const QString name = QString::fromUtf8(path);
    if ((*status)->isMountPoint)
        return Error{ErrorCode::invalid,
                     QStringLiteral("%1 is a single file that is mounted there; such a file cannot "
                                    "be replaced: mount its directory instead")
                         .arg(name)};
    if ((*status)->kind != FileStatus::Kind::file)
        return Error{
            ErrorCode::invalid,
            QStringLiteral("%1 is there and is not a regular file; move it away").arg(name)};
    const Result<std::optional<Finding>> finding = compareFile(path, file);
    if (!finding)
        return finding.error();
    if (!finding->has_value())
        return std::optional<Step>();
    return std::optional<Step>({Step::Kind::replace, file.path});
}

Result<void> PlacePublisher::keepOld(const QByteArray &path)
{
    const QByteArray base = m_work + "/old";
    const Result<std::vector<QByteArray>> missing =
        missingDirectories(m_files, base, parentOf(path));
    if (!missing)
        return missing.error();
    for (const QByteArray &directory : *missing) {
        if (Result<void> made = m_files.makeDirectory(base + '/' + directory, 0700); !made)
            return made;
    }
    return m_files.link(placeOf(path), keptOf(path));
}

Result<Intent> PlacePublisher::prepare(const Generation &to, const config::Bundle &bundle,
                                       const std::vector<QByteArray> &ours,
                                       const Record & /*record*/)
{
    Intent intent{.to = to};
    std::set<QByteArray> wanted;
    std::set<QByteArray> directories;
    for (const config::BundleFile &file : bundle.files) {
        wanted.insert(file.path);
        const Result<std::vector<QByteArray>> missing =
            missingDirectories(m_files, m_destination, parentOf(file.path));
        if (!missing)
            return missing.error();
        directories.insert(missing->begin(), missing->end()); // In order: outermost first.
        const Result<std::optional<Step>> step = stepFor(file);
        if (!step)
            return step.error();
        if (step->has_value())
            intent.steps.push_back(**step);
    }
    intent.directories.assign(directories.begin(), directories.end());
    for (const QByteArray &path : ours) {
        if (wanted.contains(path))
            continue;
        const Result<std::optional<FileStatus>> status = m_files.status(placeOf(path));
        if (!status)
            return status.error();
        if (status->has_value() && (*status)->kind == FileStatus::Kind::file)
            intent.steps.push_back({Step::Kind::remove, path});
    }
    if (Result<void> made = m_files.makeDirectory(m_work + "/old", 0700); !made)
        return made.error();
    for (const Step &step : intent.steps) {
        if (step.kind == Step::Kind::add)
            continue;
        if (Result<void> kept = keepOld(step.path); !kept)
            return kept.error();
    }
    if (Result<void> synced = syncTree(m_files, m_work); !synced)
        return synced.error();
    if (Result<void> synced = m_files.sync(m_destination); !synced)
        return synced.error();
    return intent;
}

Result<void> PlacePublisher::performStep(const Step &step)
{
    if (step.kind == Step::Kind::remove)
        return m_files.remove(placeOf(step.path));
    return m_files.rename(stagedPath() + '/' + step.path, placeOf(step.path));
}

Result<void> PlacePublisher::perform(const Intent &intent)
{
    for (const QByteArray &directory : intent.directories) {
        if (Result<void> made = m_files.makeDirectory(placeOf(directory), 0755); !made)
            return made;
    }
    for (const Step &step : intent.steps) {
        if (Result<void> done = performStep(step); !done)
            return done;
    }
    return syncTouched(intent);
}

Result<void> PlacePublisher::undoStep(const Step &step)
{
    if (step.kind == Step::Kind::add) {
        // What is staged still was not put in place: what lies there is somebody else's.
        const auto staged = m_files.status(stagedPath() + '/' + step.path);
        if (!staged)
            return staged.error();
        const auto placed = m_files.status(placeOf(step.path));
        if (!placed)
            return placed.error();
        return staged->has_value() || !placed->has_value() ? Result<void>()
                                                           : m_files.remove(placeOf(step.path));
    }
    const auto kept = m_files.status(keptOf(step.path));
    if (!kept)
        return kept.error();
    // Two names of one file: rename() does nothing, and nothing is to be done.
    return kept->has_value() ? m_files.rename(keptOf(step.path), placeOf(step.path))
                             : Result<void>();
}

Result<void> PlacePublisher::undo(const Intent &intent)
{
    const Result<std::optional<FileStatus>> work = m_files.status(m_work);
    if (!work)
        return work.error();
    if (!work->has_value())
        return {};
    for (auto step = intent.steps.rbegin(); step != intent.steps.rend(); ++step) {
        if (Result<void> undone = undoStep(*step); !undone)
            return undone;
    }
    for (auto path = intent.directories.rbegin(); path != intent.directories.rend(); ++path) {
        Result<void> removed = m_files.removeDirectory(placeOf(*path));
        // Somebody put something there: it is his now.
        if (!removed && removed.error().code != ErrorCode::notFound
            && removed.error().code != ErrorCode::conflict)
            return removed;
    }
    return syncTouched(intent);
}

Result<void> PlacePublisher::syncTouched(const Intent &intent)
{
    std::set<QByteArray> touched{m_destination};
    for (const Step &step : intent.steps)
        touched.insert(parentOf(placeOf(step.path)));
    for (const QByteArray &directory : intent.directories)
        touched.insert(parentOf(placeOf(directory)));
    for (const QByteArray &directory : touched) {
        const Result<std::optional<FileStatus>> status = m_files.status(directory);
        if (!status)
            return status.error();
        if (!status->has_value())
            continue;
        if (Result<void> synced = m_files.sync(directory); !synced)
            return synced;
    }
    return {};
}

Result<std::vector<Finding>> PlacePublisher::compare(const config::Bundle &bundle,
                                                     const std::vector<QByteArray> &ours,
                                                     const Record & /*record*/)
{
    std::vector<Finding> findings;
    std::set<QByteArray> wanted;
    for (const config::BundleFile &file : bundle.files) {
        wanted.insert(file.path);
        Result<std::optional<Finding>> finding = compareFile(placeOf(file.path), file);
        if (!finding)
            return finding.error();
        if (finding->has_value())
            findings.push_back(**std::move(finding));
    }
    for (const QByteArray &path : ours) {
        if (wanted.contains(path))
            continue;
        const Result<QByteArray> bytes =
            m_files.read(placeOf(path), std::uint64_t(config::limits::fileBytesMax));
        if (!bytes && bytes.error().code == ErrorCode::notFound)
            continue;
        Finding extra{.path = path, .note = "does not belong here"};
        if (bytes)
            extra.found = *bytes;
        findings.push_back(std::move(extra));
    }
    return findings;
}

Result<bool> PlacePublisher::isMissing(const config::Bundle &bundle, const Record & /*record*/)
{
    for (const config::BundleFile &file : bundle.files) {
        const Result<std::optional<FileStatus>> status = m_files.status(placeOf(file.path));
        if (!status)
            return status.error();
        if (status->has_value())
            return false;
    }
    return !bundle.files.empty();
}

} // namespace coffer::agent
