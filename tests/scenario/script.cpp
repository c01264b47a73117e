// SPDX-License-Identifier: Apache-2.0
#include "scenario/script.h"

namespace coffer::scenario {

static const QString separator = QStringLiteral("----");

QStringList Script::Block::commands() const
{
    QStringList found;
    for (const QString &line : lines) {
        const QString command = line.section('#', 0, 0).trimmed();
        if (!command.isEmpty())
            found << command;
    }
    return found;
}

Script::Script(const QString &text)
{
    Block block;
    bool isExpectation = false;
    int number = 0;
    const auto end = [&] {
        if (!block.lines.isEmpty())
            m_blocks.push_back(block);
        block = Block{number + 1, {}, {}};
        isExpectation = false;
    };
    for (const QString &line : text.trimmed().split('\n')) {
        ++number;
        if (line == separator)
            isExpectation = true;
        else if (!isExpectation)
            block.lines << line;
        else if (!line.isEmpty())
            block.expected << line;
        else
            end();
    }
    end();
}

void Script::setExpected(std::size_t block, const QStringList &lines)
{
    m_blocks[block].expected = lines;
}

QString Script::text() const
{
    QStringList parts;
    for (const Block &block : m_blocks)
        parts << (block.lines + QStringList{separator} + block.expected).join('\n') + '\n';
    return parts.join('\n');
}

} // namespace coffer::scenario
