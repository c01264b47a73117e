// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayView>

namespace coffer::store {

/// A pattern of paths: `/` alone, or components of path bytes (path.h), `*` and `?`.
///
/// It is matched against the whole path, byte by byte. `?` is one byte other than `/`, `*` any
/// number of them, `**` any bytes at all, also none; a run of stars is read in pairs from the
/// left. So `/a/**` matches what lies below `/a`, `/a**` also `/a` and `/ab/c`, and both `/*` and
/// `/**` match `/` itself.
///
/// Value.
class Glob
{
public:
    /// Reads a pattern of at most limits::pathBytesMax bytes and limits::globStarsMax runs of
    /// stars. `invalid` says at which byte which rule is broken. What no path can match because
    /// a segment would be longer than limits::segmentBytesMax is refused too.
    [[nodiscard]] static Result<Glob> parse(QByteArrayView pattern);

    /// True if \a path matches. Total: bytes that are no path are compared like others, only what
    /// is longer than limits::pathBytesMax never matches. Takes time in proportion to the bytes of
    /// the pattern times those of the path at worst, and allocates nothing.
    [[nodiscard]] bool matches(QByteArrayView path) const;

    [[nodiscard]] const QByteArray &pattern() const { return m_pattern; }
    /// The bytes before the first wildcard, with which every match begins; the whole pattern if
    /// there is none. Valid as long as this glob.
    [[nodiscard]] QByteArrayView literalPrefix() const;
    /// True if there is no wildcard, so that only pattern() matches.
    [[nodiscard]] bool isLiteral() const { return m_prefixBytes == m_pattern.size(); }
    /// The deepest tree, `/` or a path without a slash at its end, that has every match in it:
    /// isWithin(match, tree()). A reader needs to look nowhere else.
    [[nodiscard]] QByteArray tree() const;

    bool operator==(const Glob &other) const { return m_pattern == other.m_pattern; }

private:
    explicit Glob(QByteArrayView pattern);

    QByteArray m_pattern;
    qsizetype m_prefixBytes = 0; ///< Before the first wildcard.
    qsizetype m_suffixBytes = 0; ///< Behind the last wildcard; 0 if there is none.
};

} // namespace coffer::store
