// SPDX-License-Identifier: Apache-2.0
#include "store/path.h"

#include "store/limits.h"

#include <array>

namespace coffer::store {

static constexpr std::array<bool, 256> makeSegmentBytes()
{
    std::array<bool, 256> allowed{};
    for (unsigned char c = 'a'; c <= 'z'; ++c)
        allowed[c] = true;
    for (unsigned char c = 'A'; c <= 'Z'; ++c)
        allowed[c] = true;
    for (unsigned char c = '0'; c <= '9'; ++c)
        allowed[c] = true;
    for (const char c : {'.', '-', '_', '~', '@', '%', '+', '=', ':'})
        allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
}

static constexpr std::array<bool, 256> segmentBytes = makeSegmentBytes();

bool isSegmentByte(char byte) { return segmentBytes[static_cast<unsigned char>(byte)]; }

bool isFilePath(QByteArrayView path)
{
    if (path.size() < 2 || std::size_t(path.size()) > limits::pathBytesMax || path[0] != '/')
        return false;
    std::size_t segment = 0;
    for (const char c : path.sliced(1)) {
        if (c == '/' && segment == 0)
            return false;
        if (c != '/' && !isSegmentByte(c))
            return false;
        segment = c == '/' ? 0 : segment + 1;
        if (segment > limits::segmentBytesMax)
            return false;
    }
    return segment > 0;
}

bool isTreePath(QByteArrayView path)
{
    return (path.size() == 1 && path[0] == '/') || isFilePath(path);
}

bool isWithin(QByteArrayView path, QByteArrayView tree)
{
    if (tree.size() == 1)
        return true;
    return path.startsWith(tree) && (path.size() == tree.size() || path[tree.size()] == '/');
}

} // namespace coffer::store
