// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <vector>

/// What this machine takes for what no design can do without, measured with plain system calls: a
/// target below it can be met on another machine only.
namespace coffer::bench {

struct WriteFloor
{
    double syncMs = 0;      ///< 300 bytes into a file and fdatasync(), the median.
    double roundTripMs = 0; ///< 300 bytes there and back over loopback, each side asleep before.

    /// One client, one write at a time: to the leader and back, to a follower and back, and a sync.
    [[nodiscard]] double of(int nodes) const { return syncMs + roundTripMs * (nodes > 1 ? 2 : 1); }
};

/// As many files are synced beside each other as there are nodes, with pauses, as one writer makes
/// nodes do. The files are made in the folder for temporary files. Takes about two seconds.
[[nodiscard]] WriteFloor measureWriteFloor(int nodes);

/// What is made in \a folder from now on lies in parts of the disk of its own, as the files of
/// different hosts do. On ext4; elsewhere nothing changes.
void spread(const QString &folder);

/// \a count threads at once replace one small file each: write, fsync(), rename(), fsync() of the
/// folder. Milliseconds from their common start, sorted, of \a rounds rounds.
[[nodiscard]] std::vector<double> replaceFilesAtOnce(int count, int rounds);

/// The same for what an agent does with the disk to switch to another version: the steps of a
/// switch of one small file, until the record that calls it applied is synced. What it removes
/// afterwards is removed too, and disturbs the others, but does not count.
/// No lower bound: another way to switch could do with fewer.
[[nodiscard]] std::vector<double> switchAtOnce(int count, int rounds);

} // namespace coffer::bench
