// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

#include <vector>

namespace coffer::scenario {

/// A scenario file: blocks of comments and commands, each with the transcript it must give.
///
///     # why this step
///     command argument
///     ----
///     expected line
///     <blank line or end of file>
///
/// Value. The blank line ends the expectation, so no transcript line is empty.
class Script
{
public:
    struct Block
    {
        int firstLine = 1;    ///< Of `lines` in the file, from 1.
        QStringList lines;    ///< Comments, blanks and commands, as written.
        QStringList expected; ///< What the commands must print.

        /// The lines that are commands, without comments.
        [[nodiscard]] QStringList commands() const;
    };

    explicit Script(const QString &text);

    [[nodiscard]] const std::vector<Block> &blocks() const { return m_blocks; }
    void setExpected(std::size_t block, const QStringList &lines);
    /// The whole file again.
    [[nodiscard]] QString text() const;

private:
    std::vector<Block> m_blocks;
};

} // namespace coffer::scenario
