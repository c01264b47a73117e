// SPDX-License-Identifier: Apache-2.0
#include "store/glob.h"

#include "store/limits.h"
#include "store/path.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace coffer::store {

static Error invalidAt(qsizetype byte, const QString &expected)
{
    return Error{ErrorCode::invalid,
                 QStringLiteral("the glob is wrong at byte %1: %2").arg(byte).arg(expected)};
}

static bool isWildcard(char c) { return c == '*' || c == '?'; }

static qsizetype starsAt(QByteArrayView pattern, qsizetype at)
{
    qsizetype end = at;
    while (end < pattern.size() && pattern[end] == '*')
        ++end;
    return end - at;
}

/// Checks what lies between two slashes, from \a begin on, and counts its runs of stars. Returns
/// where it ends.
static Result<qsizetype> checkComponent(QByteArrayView pattern, qsizetype begin, std::size_t &runs)
{
    qsizetype at = begin;
    std::size_t fixed = 0; // bytes in a row that need one byte of a segment each
    while (at < pattern.size() && pattern[at] != '/') {
        const qsizetype stars = starsAt(pattern, at);
        if (stars == 0 && pattern[at] != '?' && !isSegmentByte(pattern[at])) {
            return invalidAt(at, QStringLiteral("expected A-Z a-z 0-9 . - _ ~ @ % + = : * ? or /; "
                                                "remove the byte"));
        }
        if (stars > 0 && ++runs > limits::globStarsMax) {
            return invalidAt(at, QStringLiteral("expected at most %1 runs of stars; use ** for "
                                                "several components")
                                     .arg(limits::globStarsMax));
        }
        fixed = stars > 0 ? 0 : fixed + 1;
        if (fixed > limits::segmentBytesMax) {
            return invalidAt(at, QStringLiteral("expected at most %1 bytes without a star between "
                                                "slashes; no segment of a path is longer")
                                     .arg(limits::segmentBytesMax));
        }
        at += std::max<qsizetype>(stars, 1);
    }
    if (at == begin) {
        return invalidAt(begin, QStringLiteral("expected a component; a glob is / alone or has no "
                                               "empty component and no slash at its end"));
    }
    return at;
}

Result<Glob> Glob::parse(QByteArrayView pattern)
{
    if (std::size_t(pattern.size()) > limits::pathBytesMax) {
        return invalidAt(qsizetype(limits::pathBytesMax),
                         QStringLiteral("expected at most %1 bytes, found %2; shorten it")
                             .arg(limits::pathBytesMax)
                             .arg(pattern.size()));
    }
    if (pattern.isEmpty() || pattern[0] != '/')
        return invalidAt(0, QStringLiteral("expected a slash, with which every path begins"));
    std::size_t runs = 0;
    std::size_t components = 0;
    qsizetype slash = 0;
    while (slash < pattern.size() && pattern.size() > 1) {
        if (++components > limits::segmentsMax) {
            return invalidAt(slash, QStringLiteral("expected at most %1 components; no path has "
                                                   "more segments")
                                        .arg(limits::segmentsMax));
        }
        const Result<qsizetype> end = checkComponent(pattern, slash + 1, runs);
        if (!end)
            return end.error();
        slash = *end;
    }
    return Glob(pattern);
}

Glob::Glob(QByteArrayView pattern) : m_pattern(pattern.toByteArray())
{
    const auto first = std::find_if(m_pattern.cbegin(), m_pattern.cend(), isWildcard);
    m_prefixBytes = first - m_pattern.cbegin();
    if (first != m_pattern.cend()) {
        const auto last = std::find_if(m_pattern.crbegin(), m_pattern.crend(), isWildcard);
        m_suffixBytes = last - m_pattern.crbegin();
    }
}

QByteArrayView Glob::literalPrefix() const
{
    return QByteArrayView(m_pattern).first(m_prefixBytes);
}

QByteArray Glob::tree() const
{
    if (isLiteral())
        return m_pattern;
    const qsizetype slash = literalPrefix().lastIndexOf('/');
    return m_pattern.first(std::max<qsizetype>(slash, 1));
}

static constexpr std::uint64_t onePerByte = 0x0101010101010101;

static std::uint64_t eightAt(const char *bytes)
{
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes, sizeof(eight));
    return eight;
}

/// 1 in each byte of \a eight that is \a c, 0 in the others.
static std::uint64_t equalBytes(std::uint64_t eight, char c)
{
    constexpr std::uint64_t low = 0x7f * onePerByte;
    const std::uint64_t different = eight ^ (onePerByte * static_cast<unsigned char>(c));
    // The highest bit of a byte is set where any bit is; no sum carries into the next byte.
    return (~(((different & low) + low) | different) >> 7) & onePerByte;
}

namespace {

/// The places of a path that the part of a pattern read so far can end at.
///
/// A place is kept relative to the number of bytes that were consumed one by one: so a byte of the
/// pattern only removes places, and nothing has to be moved.
class Places
{
public:
    explicit Places(QByteArrayView path) : m_path(path) { m_isPlace[0] = true; }

    [[nodiscard]] bool isEmpty() const { return m_begin == m_end; }
    [[nodiscard]] bool hasEnd() const
    {
        const qsizetype last = m_path.size() - m_consumed;
        return last >= m_begin && last < m_end && m_isPlace[std::size_t(last)];
    }
    /// One byte of the path that is \a c, or, if not \a isEqual, anything else.
    void consume(char c, bool isEqual)
    {
        m_end = std::min(m_end, m_path.size() - m_consumed);
        const char *bytes = m_path.data() + m_consumed;
        qsizetype at = m_begin & ~qsizetype(7); // What lies before the first place is no place.
        for (; at + 8 <= m_end; at += 8) {
            const std::uint64_t equal = equalBytes(eightAt(bytes + at), c);
            const std::uint64_t flags = eightAt(m_isPlace.data() + at);
            const std::uint64_t left = flags & (isEqual ? equal : equal ^ onePerByte);
            std::memcpy(m_isPlace.data() + at, &left, sizeof(left));
        }
        for (; at < m_end; ++at)
            m_isPlace[std::size_t(at)] &= char((bytes[at] == c) == isEqual);
        ++m_consumed;
        while (m_begin < m_end && !m_isPlace[std::size_t(m_begin)])
            ++m_begin;
        while (m_begin < m_end && !m_isPlace[std::size_t(m_end - 1)])
            --m_end;
        m_end = std::max(m_begin, m_end);
    }
    /// Any number of bytes other than `/`. There has to be a place.
    void skipWithinSegment()
    {
        const qsizetype last = m_path.size() - m_consumed;
        qsizetype at = m_begin + 1;
        for (; at <= last; ++at) {
            const bool isOpen =
                m_isPlace[std::size_t(at - 1)] && m_path[m_consumed + at - 1] != '/';
            if (at >= m_end && !isOpen)
                break;
            m_isPlace[std::size_t(at)] = isOpen || (at < m_end && m_isPlace[std::size_t(at)]);
        }
        m_end = std::max(m_end, at);
    }
    /// Any bytes. There has to be a place.
    void skip()
    {
        m_end = m_path.size() - m_consumed + 1;
        std::fill(m_isPlace.begin() + m_begin, m_isPlace.begin() + m_end, char(true));
    }

private:
    QByteArrayView m_path;
    qsizetype m_consumed = 0;
    // The first place, and one behind the last; the flags outside are not initialised.
    qsizetype m_begin = 0;
    qsizetype m_end = 1;
    std::array<char, limits::pathBytesMax + 1> m_isPlace;
};

} // namespace

bool Glob::matches(QByteArrayView path) const
{
    if (isLiteral())
        return path == m_pattern;
    const QByteArrayView suffix = QByteArrayView(m_pattern).last(m_suffixBytes);
    if (std::size_t(path.size()) > limits::pathBytesMax
        || path.size() < m_prefixBytes + m_suffixBytes || !path.startsWith(literalPrefix())
        || !path.endsWith(suffix))
        return false;
    const QByteArrayView middle = QByteArrayView(m_pattern).chopped(m_suffixBytes);
    Places places(path.chopped(m_suffixBytes).sliced(m_prefixBytes));
    qsizetype at = m_prefixBytes;
    while (at < middle.size() && !places.isEmpty()) {
        const qsizetype stars = starsAt(middle, at);
        // A pair takes whatever a star next to it could: two stars or more are one pair.
        if (stars > 1)
            places.skip();
        else if (stars == 1)
            places.skipWithinSegment();
        else if (middle[at] == '?')
            places.consume('/', false);
        else
            places.consume(middle[at], true);
        at += std::max<qsizetype>(stars, 1);
    }
    return places.hasEnd();
}

} // namespace coffer::store
