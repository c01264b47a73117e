// SPDX-License-Identifier: Apache-2.0
#include "config/text_diff.h"

#include <QByteArrayView>
#include <QHash>

#include <dtl/dtl.hpp>

#include <algorithm>
#include <vector>

namespace coffer::config {

namespace {

constexpr std::size_t contextLines = 3;
/// Of both texts, between what they begin and end with alike. dtl's memory grows with it.
constexpr std::size_t differingLinesMax = 400'000;

/// Lines with their line ends; only the last may have none.
using Lines = std::vector<QByteArrayView>;

Lines linesOf(const QByteArray &text)
{
    Lines lines;
    qsizetype at = 0;
    while (at < text.size()) {
        const qsizetype end = text.indexOf('\n', at);
        const qsizetype next = end < 0 ? text.size() : end + 1;
        lines.push_back(QByteArrayView(text).sliced(at, next - at));
        at = next;
    }
    return lines;
}

bool isText(const QByteArray &bytes) { return !bytes.contains('\0') && bytes.isValidUtf8(); }

/// Lines [from, to) of one text become lines [newFrom, newTo) of the other.
struct Hunk
{
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t newFrom = 0;
    std::size_t newTo = 0;
};

/// Numbers in the place of lines, equal for equal ones.
class LineNumbers
{
public:
    std::vector<int> of(const Lines &lines, std::size_t from, std::size_t to)
    {
        std::vector<int> numbers;
        numbers.reserve(to - from);
        for (std::size_t at = from; at < to; ++at) {
            const auto next = int(m_numbers.size());
            numbers.push_back(*m_numbers.insert(lines[at], m_numbers.value(lines[at], next)));
        }
        return numbers;
    }

private:
    QHash<QByteArrayView, int> m_numbers;
};

/// What differs, in order; between two hunks at least one line is common.
std::vector<Hunk> hunksOf(const Lines &before, const Lines &after)
{
    const std::size_t shorter = std::min(before.size(), after.size());
    std::size_t head = 0;
    while (head < shorter && before[head] == after[head])
        ++head;
    std::size_t tail = 0;
    while (tail < shorter - head
           && before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
        ++tail;
    const std::size_t beforeEnd = before.size() - tail;
    const std::size_t afterEnd = after.size() - tail;
    if (head == beforeEnd && head == afterEnd)
        return {};
    if (head == beforeEnd || head == afterEnd
        || beforeEnd - head + afterEnd - head > differingLinesMax)
        return {Hunk{head, beforeEnd, head, afterEnd}};

    LineNumbers numbers;
    dtl::Diff<int> diff(numbers.of(before, head, beforeEnd), numbers.of(after, head, afterEnd));
    // dtl gives up after two million steps and takes what is left as removed and added; without
    // this it would begin again there, for minutes.
    diff.onUnserious();
    diff.compose();
    std::vector<Hunk> hunks;
    std::size_t at = head;
    std::size_t newAt = head;
    bool isOpen = false;
    for (const auto &[number, info] : diff.getSes().getSequence()) {
        if (info.type == dtl::SES_COMMON) {
            ++at;
            ++newAt;
            isOpen = false;
            continue;
        }
        if (!isOpen)
            hunks.push_back({at, at, newAt, newAt});
        isOpen = true;
        (info.type == dtl::SES_DELETE ? hunks.back().to : hunks.back().newTo) += 1;
        (info.type == dtl::SES_DELETE ? at : newAt) += 1;
    }
    return hunks;
}

void appendLines(QByteArray &to, char sign, const Lines &lines, std::size_t from, std::size_t end)
{
    for (std::size_t at = from; at < end; ++at) {
        to += sign;
        to += lines[at];
        if (!lines[at].endsWith('\n'))
            to += "\n\\ No newline at end of file\n";
    }
}

/// "12,3" as in a head of a unified diff; an empty range names the line before it.
QByteArray rangeText(std::size_t from, std::size_t to)
{
    const std::size_t count = to - from;
    const QByteArray begin = QByteArray::number(qulonglong(count == 0 ? from : from + 1));
    return count == 1 ? begin : begin + ',' + QByteArray::number(qulonglong(count));
}

/// Hunks that are near enough to share their context, as one group.
QByteArray groupText(const Lines &before, const Lines &after, const std::vector<Hunk> &hunks,
                     std::size_t first, std::size_t last)
{
    const std::size_t lead = std::min(contextLines, hunks[first].from);
    const std::size_t trail = std::min(contextLines, before.size() - hunks[last].to);
    QByteArray text = "@@ -" + rangeText(hunks[first].from - lead, hunks[last].to + trail) + " +"
                      + rangeText(hunks[first].newFrom - lead, hunks[last].newTo + trail) + " @@\n";
    std::size_t at = hunks[first].from - lead;
    for (std::size_t i = first; i <= last; ++i) {
        appendLines(text, ' ', before, at, hunks[i].from);
        appendLines(text, '-', before, hunks[i].from, hunks[i].to);
        appendLines(text, '+', after, hunks[i].newFrom, hunks[i].newTo);
        at = hunks[i].to;
    }
    appendLines(text, ' ', before, at, at + trail);
    return text;
}

/// The base while two sides' hunks are put into it.
class TextMerge
{
public:
    TextMerge(const QByteArray &base, const QByteArray &yours, const QByteArray &theirs)
        : m_base(linesOf(base))
        , m_yours(linesOf(yours))
        , m_theirs(linesOf(theirs))
        , m_yourHunks(hunksOf(m_base, m_yours))
        , m_theirHunks(hunksOf(m_base, m_theirs))
    {}

    std::optional<QByteArray> run()
    {
        auto mine = m_yourHunks.cbegin();
        auto other = m_theirHunks.cbegin();
        while (mine != m_yourHunks.cend() || other != m_theirHunks.cend()) {
            if (other == m_theirHunks.cend()
                || (mine != m_yourHunks.cend() && mine->to < other->from)) {
                take(*mine++, m_yours);
            } else if (mine == m_yourHunks.cend() || other->to < mine->from) {
                take(*other++, m_theirs);
            } else if (isSame(*mine, *other)) {
                take(*mine++, m_yours);
                ++other;
            } else {
                return std::nullopt;
            }
        }
        append(m_base, m_at, m_base.size());
        return m_text;
    }

private:
    [[nodiscard]] bool isSame(const Hunk &mine, const Hunk &other) const
    {
        const auto yours = m_yours.begin();
        const auto theirs = m_theirs.begin();
        return mine.from == other.from && mine.to == other.to
               && std::equal(
                   yours + std::ptrdiff_t(mine.newFrom), yours + std::ptrdiff_t(mine.newTo),
                   theirs + std::ptrdiff_t(other.newFrom), theirs + std::ptrdiff_t(other.newTo));
    }
    void take(const Hunk &hunk, const Lines &from)
    {
        append(m_base, m_at, hunk.from);
        append(from, hunk.newFrom, hunk.newTo);
        m_at = hunk.to;
    }
    void append(const Lines &lines, std::size_t from, std::size_t to)
    {
        for (std::size_t at = from; at < to; ++at)
            m_text += lines[at];
    }

    Lines m_base;
    Lines m_yours;
    Lines m_theirs;
    std::vector<Hunk> m_yourHunks;
    std::vector<Hunk> m_theirHunks;
    std::size_t m_at = 0;
    QByteArray m_text;
};

} // namespace

QByteArray unifiedDiff(const QByteArray &beforeName, const QByteArray &afterName,
                       const QByteArray &before, const QByteArray &after)
{
    if (before == after)
        return {};
    if (!isText(before) || !isText(after))
        return "Binary files " + beforeName + " and " + afterName + " differ\n";
    const Lines old = linesOf(before);
    const Lines young = linesOf(after);
    const std::vector<Hunk> hunks = hunksOf(old, young);
    QByteArray text = "--- " + beforeName + "\n+++ " + afterName + '\n';
    std::size_t first = 0;
    for (std::size_t last = 0; last < hunks.size(); ++last) {
        const bool isNear =
            last + 1 < hunks.size() && hunks[last + 1].from - hunks[last].to <= 2 * contextLines;
        if (isNear)
            continue;
        text += groupText(old, young, hunks, first, last);
        first = last + 1;
    }
    return text;
}

std::optional<QByteArray> mergeTexts(const QByteArray &base, const QByteArray &yours,
                                     const QByteArray &theirs)
{
    if (yours == theirs || theirs == base)
        return yours;
    if (yours == base)
        return theirs;
    if (!isText(base) || !isText(yours) || !isText(theirs))
        return std::nullopt;
    return TextMerge(base, yours, theirs).run();
}

} // namespace coffer::config
