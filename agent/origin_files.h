// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/files.h"
#include "agent/switcher.h"

#include "config/origin_list.h"

namespace coffer::agent {

/// STATE/services/<service>/origins/<root>: where what is in the kept versions comes from, as nodes
/// have said it. Advice: nothing depends on it, and what is damaged is as if it were not there. One
/// thread.
class OriginFiles
{
public:
    /// \a files outlives it.
    OriginFiles(Files &files, const QByteArray &state, const QByteArray &service);

    /// Instead of what was kept of \a root. The service's directory has to exist.
    Result<void> keep(const config::Hash &root, const config::OriginList &list);
    /// `notFound` if it is not kept, or cannot be read.
    [[nodiscard]] Result<config::OriginList> read(const config::Hash &root);
    /// Removes those of versions that are not in \a kept.
    Result<void> sweep(const std::vector<Generation> &kept);

private:
    [[nodiscard]] QByteArray pathOf(const config::Hash &root) const;

    Files &m_files;
    QByteArray m_directory;
};

} // namespace coffer::agent
