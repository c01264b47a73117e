// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QString>

/// Names of files: `/segment/segment`. A segment has 1 to limits::segmentBytesMax bytes of
/// `A-Z a-z 0-9 . - _ ~ @ % + = :`; a path at most limits::pathBytesMax. Case matters.
namespace coffer::store {

/// True if a segment may have \a byte in it.
[[nodiscard]] bool isSegmentByte(char byte);
/// True if \a path can name a file. `/` cannot.
[[nodiscard]] bool isFilePath(QByteArrayView path);
/// Why \a path cannot name a file, for people: "'a' does not begin with /". Empty if it can.
[[nodiscard]] QString pathFault(QByteArrayView path);
/// True if \a path can name a tree: `/` for everything, or a file path.
[[nodiscard]] bool isTreePath(QByteArrayView path);
/// True if \a path is \a tree itself or lies below it. Both must be valid.
[[nodiscard]] bool isWithin(QByteArrayView path, QByteArrayView tree);

/// Orders paths as a walk meets them: depth first, the entries of a directory by the bytes of their
/// names. So '/' comes before every other byte, and a tree is one range. Negative, 0 or positive.
[[nodiscard]] int comparePaths(QByteArrayView left, QByteArrayView right);

struct PathLess
{
    using is_transparent = void;
    bool operator()(QByteArrayView left, QByteArrayView right) const
    {
        return comparePaths(left, right) < 0;
    }
};

/// The place right behind \a tree and all below it; no path, but comparePaths() knows it.
[[nodiscard]] QByteArray behindTree(QByteArrayView tree);
/// True if \a place is a file path, or one that behindTree() made.
[[nodiscard]] bool isPlace(QByteArrayView place);
/// The directory that \a path lies in; `/` at the top. Points into \a path.
[[nodiscard]] QByteArrayView parentOf(QByteArrayView path);

} // namespace coffer::store
