// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <QByteArray>
#include <QByteArrayView>

#include <functional>

namespace coffer::store {

/// One file as one revision left it. Value; the bytes are its own, shared with its copies.
struct FileVersion
{
    Revision revision;             ///< Of the change that made this version.
    Revision created;              ///< Of the change that made the file.
    SessionId owner = SessionId(); ///< None unless the file is ephemeral.
    WallMs time{0};                ///< The applied time of that change.
    QByteArray value;

    bool operator==(const FileVersion &) const = default;
};

/// One change of one path by one revision, as the history keeps it. Views are valid until the next
/// apply.
struct ChangeView
{
    Revision revision;
    QByteArrayView path;
    const FileVersion *now = nullptr;    ///< nullptr: deleted.
    const FileVersion *before = nullptr; ///< nullptr: was missing.
};

/// What a watch reads: the changes that are kept. Implemented by the store's history.
class ChangeSource
{
public:
    virtual ~ChangeSource() = default;

    /// The floor: reads at it or above work, changes above it are kept. Never goes back.
    [[nodiscard]] virtual Revision compacted() const = 0;
    /// The newest revision; not below compacted().
    [[nodiscard]] virtual Revision revision() const = 0;
    /// Calls \a visit for every change with revision >= \a from, which has to be above
    /// compacted(), in order of revision and within one by order of execution, until it returns
    /// false.
    virtual void visitChanges(Revision from,
                              const std::function<bool(const ChangeView &)> &visit) const = 0;
};

} // namespace coffer::store
