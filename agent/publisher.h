// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/record.h"

#include <memory>

namespace coffer::agent {

/// What was found where a file of a bundle should be, or where one should not be.
struct Finding
{
    QByteArray path;
    std::optional<config::BundleFile> wanted = {};
    std::optional<QByteArray> found = {}; ///< Its bytes.
    QByteArray note = {};                 ///< About rights, or what lies there instead of a file.
};

/// How versions get to a target, step by step: one implementation per Target::Style.
///
/// stage(), prepare(), then the caller makes the intent durable, then perform(). After that
/// undo() leads back from any step, as often as it is called, also in another process; it needs no
/// space on the disk. At the end, when the intent is gone for good, clear(). What is at work has
/// names in DEST that begin with .coffer-<service>.
class Publisher
{
public:
    [[nodiscard]] static std::unique_ptr<Publisher> make(const Target &target, Files &files);
    virtual ~Publisher() = default;

    /// `invalid` with a sentence if the destination cannot be used; `denied` if the agent is root
    /// and others may write there.
    [[nodiscard]] Result<void> checkDestination();
    /// The bundle as files under stagedPath(): what is in there is durable, that it is there
    /// will be with prepare(). Needs a clear() before.
    Result<void> stage(const config::Bundle &bundle);
    [[nodiscard]] const QByteArray &stagedPath() const { return m_staged; }
    /// `corrupt` if what is staged is not exactly \a bundle.
    [[nodiscard]] Result<void> checkStaged(const config::Bundle &bundle);

    /// What is to be done, and all that undo() will need, durable at the latest before perform()
    /// changes what others see. \a ours: for the style `files`, the paths of the version that is
    /// applied. \a record: to find what is kept.
    [[nodiscard]] virtual Result<Intent> prepare(const Generation &to, const config::Bundle &bundle,
                                                 const std::vector<QByteArray> &ours,
                                                 const Record &record) = 0;
    virtual Result<void> perform(const Intent &intent) = 0;
    virtual Result<void> undo(const Intent &intent) = 0;
    /// Removes what was at work, whatever the style was.
    Result<void> clear();
    /// Removes a generation that nobody needs.
    Result<void> removeGeneration(const QByteArray &directory);

    /// What differs at the target from \a bundle; \a ours as above, which should not be there
    /// unless \a bundle has them too.
    [[nodiscard]] virtual Result<std::vector<Finding>> compare(const config::Bundle &bundle,
                                                               const std::vector<QByteArray> &ours,
                                                               const Record &record) = 0;
    /// Whether nothing of what is applied is there.
    [[nodiscard]] virtual Result<bool> isMissing(const config::Bundle &bundle,
                                                 const Record &record) = 0;

protected:
    /// \a staged, after DEST/.coffer-<service>: the name of the staged copy.
    Publisher(const Target &target, Files &files, const QByteArray &staged);

    // Links at work. No service has such a name, which could be at work beside this one.
    [[nodiscard]] QByteArray linkForth() const { return m_work + "~forth"; }
    [[nodiscard]] QByteArray linkBack() const { return m_work + "~back"; }
    [[nodiscard]] Result<Rights> rightsOf(const config::BundleFile &file);
    /// Nothing if the file at \a path is as \a wanted.
    [[nodiscard]] Result<std::optional<Finding>> compareFile(const QByteArray &path,
                                                             const config::BundleFile &wanted);
    /// compareFile() for all files below \a base, and files that should not be there.
    [[nodiscard]] Result<std::vector<Finding>> compareTree(const QByteArray &base,
                                                           const config::Bundle &bundle);
    [[nodiscard]] Result<std::optional<FileStatus>> statusOf(const QByteArray &path)
    {
        return m_files.status(path);
    }

    const Target &m_target;
    Files &m_files;
    QByteArray m_destination;
    QByteArray m_work; ///< DEST/.coffer-<service>: the staged copy, or a directory that has it.

private:
    QByteArray m_staged;
};

} // namespace coffer::agent
