// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/record.h"

namespace coffer::agent {

/// STATE/services/<service>/: the record and the bundles. Each change is one moment, and durable.
/// A record is appended to those before it: one sync of one file, and no name changes. What is
/// torn at the end was never written. When there are many the last one replaces them.
class State
{
public:
    State(Files &files, const QByteArray &state, const QByteArray &service);

    /// Makes the directories and reads the record. `corrupt`: the record was damaged and lies in
    /// damaged/ now; the state is as new.
    Result<void> open();
    /// Instead of open(): reads the record and changes nothing, and neither does anything later.
    /// `corrupt` as above; nothing there is no error.
    Result<void> look();

    [[nodiscard]] const Record &record() const { return m_record; }
    /// If it fails, record() is what it was, but either may be found after a crash; see isSure().
    Result<void> save(Record next);
    /// Whether open() has found out what the disk has. Nothing is saved before.
    [[nodiscard]] bool isOpen() const { return m_isOpen; }
    /// Whether record() is certainly what the disk has.
    [[nodiscard]] bool isSure() const { return m_isSure; }

    /// Keeps \a bytes, whose hash \a root is. Does nothing if they are there.
    Result<void> keepBundle(const config::Hash &root, const QByteArray &bytes);
    /// Verified. `notFound`; `corrupt`: it was damaged and lies in damaged/ now, but after look().
    [[nodiscard]] Result<QByteArray> bundle(const config::Hash &root);
    /// Removes bundles that the record does not name.
    Result<void> sweepBundles();

private:
    /// Keeps one of a kind: what was put aside before under \a name is gone.
    Result<void> putAside(const QByteArray &path, const QByteArray &name);

    Files &m_files;
    QByteArray m_directory;
    Record m_record;
    qsizetype m_recordBytes = 0; ///< Of all records; 0 if nothing may be appended to them.
    bool m_isOpen = false;
    bool m_isSure = false;
};

} // namespace coffer::agent
