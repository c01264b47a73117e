// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

/// Names of files: `/segment/segment`. A segment has 1 to limits::segmentBytesMax bytes of
/// `A-Z a-z 0-9 . - _ ~ @ % + = :`; a path at most limits::pathBytesMax. Case matters.
namespace coffer::store {

/// True if a segment may have \a byte in it.
[[nodiscard]] bool isSegmentByte(char byte);
/// True if \a path can name a file. `/` cannot.
[[nodiscard]] bool isFilePath(QByteArrayView path);
/// True if \a path can name a tree: `/` for everything, or a file path.
[[nodiscard]] bool isTreePath(QByteArrayView path);
/// True if \a path is \a tree itself or lies below it. Both must be valid.
[[nodiscard]] bool isWithin(QByteArrayView path, QByteArrayView tree);

} // namespace coffer::store
