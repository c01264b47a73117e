// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/publisher.h"

namespace coffer::agent {

/// Target::Style::directory: DEST/<root12>/..., and DEST/current, a relative link that is replaced
/// by rename(). A generation that is there and is damaged is not mended: <root12>.1 takes its
/// place. All that changes is a name in DEST, so that one sync() serves all that was prepared.
class DirectoryPublisher final : public Publisher
{
public:
    DirectoryPublisher(const Target &target, Files &files) : Publisher(target, files, "") {}

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
    /// What `current` names; "" if there is none. `invalid` if it is not a link.
    [[nodiscard]] Result<QByteArray> current();
    /// `denied` if undoing would need a link of root to where another user may have wanted one:
    /// links of root are followed, and others may give this one another name.
    [[nodiscard]] Result<void> checkCurrent(const QByteArray &target);
    /// The link that leads back to what was before; "" if there is none.
    [[nodiscard]] Result<QByteArray> wayBack();
    /// A name for the generation, and whether nothing has it yet.
    [[nodiscard]] Result<std::pair<QByteArray, bool>> nameFor(const config::Hash &root,
                                                              const config::Bundle &bundle);
};

} // namespace coffer::agent
