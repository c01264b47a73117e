// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "store/limits.h"
#include "store/path.h"

#include <QList>

#include <algorithm>

using namespace coffer;
using namespace coffer::store;

/// The rules, written down segment by segment.
static bool isNaiveFilePath(const QByteArray &path)
{
    if (!path.startsWith('/') || std::size_t(path.size()) > limits::pathBytesMax)
        return false;
    const QList<QByteArray> segments = path.sliced(1).split('/');
    if (std::size_t(segments.size()) > limits::segmentsMax)
        return false;
    return std::all_of(segments.begin(), segments.end(), [](const QByteArray &segment) {
        return !segment.isEmpty() && std::size_t(segment.size()) <= limits::segmentBytesMax
               && std::all_of(segment.begin(), segment.end(), isSegmentByte);
    });
}

/// The input is a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray path(reinterpret_cast<const char *>(data), qsizetype(size));
    const bool isFile = isFilePath(path);
    COFFER_CHECK(isFile == isNaiveFilePath(path), "a path breaks the rules");
    COFFER_CHECK(isTreePath(path) == (isFile || path == "/"), "a tree is a path or the root");
    if (!isFile)
        return 0;
    COFFER_CHECK(isWithin(path, "/") && isWithin(path, path), "a path is outside of itself");
    for (qsizetype end = 1; end < path.size(); ++end) {
        const QByteArrayView start = QByteArrayView(path).first(end);
        if (isFilePath(start))
            COFFER_CHECK(isWithin(path, start) == (path[end] == '/'), "a tree ends in a segment");
    }
    return 0;
}
