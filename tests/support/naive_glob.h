// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

#include <optional>
#include <vector>

namespace coffer::test {

/// What a glob means, written down as the rules say it: star pairs are read one after the other
/// and each choice is tried. Each pair of places is judged once, so it ends, but slowly.
class NaiveGlob
{
public:
    [[nodiscard]] static bool matches(QByteArrayView pattern, QByteArrayView path)
    {
        NaiveGlob naive(pattern, path);
        return naive.isMatch(0, 0);
    }

private:
    NaiveGlob(QByteArrayView pattern, QByteArrayView path)
        : m_pattern(pattern)
        , m_path(path)
        , m_known(std::size_t((pattern.size() + 1) * (path.size() + 1)))
    {}

    bool isMatch(qsizetype in, qsizetype at)
    {
        std::optional<bool> &known = m_known[std::size_t(in * (m_path.size() + 1) + at)];
        if (!known)
            known = judge(in, at);
        return *known;
    }
    bool judge(qsizetype in, qsizetype at)
    {
        if (in == m_pattern.size())
            return at == m_path.size();
        const bool hasByte = at < m_path.size();
        if (m_pattern.sliced(in).startsWith("**"))
            return isMatch(in + 2, at) || (hasByte && isMatch(in, at + 1));
        const bool isInSegment = hasByte && m_path[at] != '/';
        if (m_pattern[in] == '*')
            return isMatch(in + 1, at) || (isInSegment && isMatch(in, at + 1));
        if (m_pattern[in] == '?')
            return isInSegment && isMatch(in + 1, at + 1);
        return hasByte && m_pattern[in] == m_path[at] && isMatch(in + 1, at + 1);
    }

    QByteArrayView m_pattern;
    QByteArrayView m_path;
    std::vector<std::optional<bool>> m_known;
};

} // namespace coffer::test
