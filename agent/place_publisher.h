// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/publisher.h"

#include <set>

namespace coffer::agent {

/// Target::Style::files: DEST/<path>, each replaced by rename(). Files that are as wanted are not
/// touched. What is replaced or removed keeps a second name in the work directory until the new
/// version is confirmed; so undoing is renaming.
class PlacePublisher final : public Publisher
{
public:
    PlacePublisher(const Target &target, Files &files) : Publisher(target, files, "/new") {}

    [[nodiscard]] Result<Intent> prepare(const Generation &to, const config::Bundle &bundle,
                                         const std::vector<QByteArray> &ours,
                                         const Record &record) override;
    Result<void> perform(const Intent &intent) override;
    Result<void> undo(const Intent &intent) override;
    [[nodiscard]] Result<std::vector<Finding>> compare(const config::Bundle &bundle,
                                                       const std::vector<QByteArray> &ours,
                                                       const Record &record) override;
    [[nodiscard]] Result<bool> isMissing(const config::Bundle &bundle,
                                         const Record &record) override;

private:
    using Step = Intent::Step;

    [[nodiscard]] QByteArray placeOf(const QByteArray &path) const
    {
        return m_destination + '/' + path;
    }
    [[nodiscard]] QByteArray keptOf(const QByteArray &path) const
    {
        return m_work + "/old/" + path;
    }
    /// The step that \a file needs, if any.
    [[nodiscard]] Result<std::optional<Step>> stepFor(const config::BundleFile &file);
    /// Gives what lies at \a path a second name in the work directory.
    Result<void> keepOld(const QByteArray &path);
    Result<void> performStep(const Step &step);
    Result<void> undoStep(const Step &step);
    /// Makes the entries of all directories durable that \a intent touches.
    Result<void> syncTouched(const Intent &intent);
};

} // namespace coffer::agent
