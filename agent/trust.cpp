// SPDX-License-Identifier: Apache-2.0
#include "agent/trust.h"

#include "agent/file_tree.h"

namespace coffer::agent {

static constexpr std::uint16_t writableByOthers = 0022;
static constexpr std::uint16_t sticky = 01000;
static constexpr int linksMax = 40;

static bool isTrusted(Files &files, const FileStatus &status)
{
    return status.owner == 0 || status.owner == files.user();
}

static Error untrusted(const QByteArray &path, const FileStatus &status)
{
    return {ErrorCode::denied,
            QStringLiteral("%1 belongs to user %2 and has mode 0%3: others could lead an agent of "
                           "root to write anywhere; give it to root with mode 0755, run the agent "
                           "as its owner, or say shared = true if they may have what root has")
                .arg(QString::fromUtf8(path))
                .arg(status.owner)
                .arg(status.mode, 0, 8)};
}

Result<void> checkOwners(Files &files, const QByteArray &directory)
{
    QByteArrayList parts = directory.split('/');
    QByteArray here; // without links, and without / at its end
    for (int links = 0;;) {
        const QByteArray path = here.isEmpty() ? QByteArray("/") : here;
        const Result<std::optional<FileStatus>> status = files.status(path);
        if (!status)
            return status.error();
        if (!status->has_value())
            return {};
        const bool isLink = (*status)->kind == FileStatus::Kind::link;
        const bool isShared =
            !isLink && ((*status)->mode & writableByOthers) != 0 && ((*status)->mode & sticky) == 0;
        if (!isTrusted(files, **status) || isShared)
            return untrusted(path, **status);
        if (isLink) {
            const Result<QByteArray> target = files.linkTarget(path);
            if (!target)
                return target.error();
            if (++links > linksMax)
                return Error{
                    ErrorCode::invalid,
                    QStringLiteral("%1: its links lead in a circle").arg(QString::fromUtf8(path))};
            here = target->startsWith('/') ? QByteArray() : parentOf(here);
            parts = target->split('/') + parts;
        }
        while (!parts.isEmpty() && (parts.front().isEmpty() || parts.front() == "."))
            parts.removeFirst();
        if (parts.isEmpty())
            return {};
        const QByteArray part = parts.takeFirst();
        here = part == ".." ? parentOf(here) : here + '/' + part;
    }
}

Result<void> checkPidFile(Files &files, const QByteArray &path)
{
    const Result<std::optional<FileStatus>> status = files.status(path);
    if (!status)
        return status.error();
    if (!status->has_value())
        return {};
    const QString name = QString::fromUtf8(path);
    if ((*status)->kind != FileStatus::Kind::file)
        return Error{ErrorCode::denied,
                     QStringLiteral("%1 is a link or no file, so no signal was sent; name the file "
                                    "itself, or reload by systemd or a command")
                         .arg(name)};
    if (isTrusted(files, **status))
        return {};
    return Error{ErrorCode::denied,
                 QStringLiteral("%1 belongs to user %2, who could name any process in it, so no "
                                "signal was sent; let root write it, run the agent as that user, "
                                "or reload by systemd or a command")
                     .arg(name)
                     .arg((*status)->owner)};
}

} // namespace coffer::agent
