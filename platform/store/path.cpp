// SPDX-License-Identifier: Apache-2.0
#include "store/path.h"

#include "store/limits.h"

#include <QList>
#include <QtEndian>

#include <algorithm>
#include <array>
#include <bit>

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
    std::size_t segments = 1;
    for (const char c : path.sliced(1)) {
        if (c == '/' && ++segments > limits::segmentsMax)
            return false;
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

QString pathFault(QByteArrayView path)
{
    if (isFilePath(path))
        return {};
    const auto fault = [path](const QString &what) {
        static constexpr qsizetype shownMax = 80;
        const QString text = QString::fromUtf8(path.first(std::min(path.size(), shownMax)));
        return QStringLiteral("'%1%2' %3")
            .arg(text, path.size() > shownMax ? QStringLiteral("...") : QString(), what);
    };
    if (!path.startsWith('/'))
        return fault(QStringLiteral("does not begin with /"));
    if (path.size() == 1)
        return fault(QStringLiteral("is the whole tree and no file"));
    if (std::size_t(path.size()) > limits::pathBytesMax)
        return fault(QStringLiteral("has more than %1 bytes").arg(limits::pathBytesMax));
    const QList<QByteArray> segments = path.sliced(1).toByteArray().split('/');
    if (std::size_t(segments.size()) > limits::segmentsMax)
        return fault(QStringLiteral("has more than %1 segments").arg(limits::segmentsMax));
    for (const QByteArray &segment : segments) {
        if (segment.isEmpty())
            return fault(QStringLiteral("has a segment without a name (// or / at its end)"));
        if (std::size_t(segment.size()) > limits::segmentBytesMax)
            return fault(
                QStringLiteral("has a segment of more than %1 bytes").arg(limits::segmentBytesMax));
    }
    return fault(QStringLiteral("has something else than letters, digits and .-_~@%+=:"));
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

/// Greater than '/' in the order of paths and less than every byte of a segment.
static constexpr char behind = '\1';

static int rankOf(char byte) { return byte == '/' ? 0 : static_cast<unsigned char>(byte); }

int comparePaths(QByteArrayView left, QByteArrayView right)
{
    const qsizetype common = std::min(left.size(), right.size());
    qsizetype at = 0;
    for (; at + 8 <= common; at += 8) {
        const auto a = qFromLittleEndian<std::uint64_t>(left.data() + at);
        const auto b = qFromLittleEndian<std::uint64_t>(right.data() + at);
        if (a == b)
            continue;
        at += std::countr_zero(a ^ b) / 8;
        return rankOf(left[at]) - rankOf(right[at]);
    }
    for (; at < common; ++at) {
        if (left[at] != right[at])
            return rankOf(left[at]) - rankOf(right[at]);
    }
    return left.size() < right.size() ? -1 : int(left.size() > right.size());
}

QByteArray behindTree(QByteArrayView tree)
{
    QByteArray place = tree.toByteArray();
    place.append(behind);
    return place;
}

bool isPlace(QByteArrayView place)
{
    return isFilePath(place.endsWith(behind) ? place.chopped(1) : place);
}

QByteArrayView parentOf(QByteArrayView path)
{
    return path.first(std::max<qsizetype>(1, path.lastIndexOf('/')));
}

} // namespace coffer::store
