// SPDX-License-Identifier: Apache-2.0
#include "store/glob_cover.h"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace coffer::store {

/// Single steps that covers() takes before it gives up. About 10 ms.
static constexpr std::uint64_t stepsMax = 4'000'000;

namespace {

/// What stands at one place of a pattern. A pattern is a small machine: at a place it reads a byte
/// and goes on behind it, or, at stars, stays; it may leave stars without reading.
enum class Kind : std::uint8_t { literal, one, some, all };
struct Token
{
    Kind kind;
    char byte = 0;

    [[nodiscard]] bool isStar() const { return kind == Kind::some || kind == Kind::all; }
    [[nodiscard]] bool reads(char read) const
    {
        switch (kind) {
        case Kind::literal: return read == byte;
        case Kind::one:
        case Kind::some: return read != '/';
        case Kind::all: break;
        }
        return true;
    }
};
using Tokens = std::vector<Token>;
using Places = std::vector<bool>; ///< Where a pattern may stand; one more than tokens.

Tokens tokensOf(const Glob &glob)
{
    const QByteArray &pattern = glob.pattern();
    Tokens tokens;
    for (qsizetype at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '*' && at + 1 < pattern.size() && pattern[at + 1] == '*') {
            tokens.push_back({Kind::all});
            ++at;
        } else if (pattern[at] == '*') {
            tokens.push_back({Kind::some});
        } else if (pattern[at] == '?') {
            tokens.push_back({Kind::one});
        } else {
            tokens.push_back({Kind::literal, pattern[at]});
        }
    }
    return tokens;
}

/// Adds what is reached from the places without reading.
void close(const Tokens &tokens, Places &places)
{
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        if (places[at] && tokens[at].isStar())
            places[at + 1] = true;
    }
}

/// False if nothing is left.
bool read(const Tokens &tokens, const Places &from, char byte, Places &to)
{
    to.assign(from.size(), false);
    bool isAny = false;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        if (!from[at] || !tokens[at].reads(byte))
            continue;
        to[tokens[at].isStar() ? at : at + 1] = true;
        isAny = true;
    }
    close(tokens, to);
    return isAny;
}

/// The bytes between which \a tokens tell a difference, and one for all others.
std::vector<char> alphabetOf(const Tokens &tokens)
{
    std::set<char> bytes{'/', '\x01'};
    for (const Token &token : tokens) {
        if (token.kind == Kind::literal)
            bytes.insert(token.byte);
    }
    return {bytes.begin(), bytes.end()};
}

/// Walks through all that the narrow pattern can read, with every place where the wide one may
/// stand then.
class Walk
{
public:
    Walk(const Glob &wide, const Glob &narrow)
        : m_wide(tokensOf(wide)), m_narrow(tokensOf(narrow)), m_alphabet(alphabetOf(m_wide))
    {}

    [[nodiscard]] bool isCovered()
    {
        Places begin(m_wide.size() + 1, false);
        begin[0] = true;
        close(m_wide, begin);
        visit(0, begin);
        while (!m_open.empty() && m_isCovered && m_steps < stepsMax) {
            const auto [at, places] = m_open.back();
            m_open.pop_back();
            goOn(at, places);
        }
        return m_isCovered && m_open.empty();
    }

private:
    void visit(std::size_t at, const Places &places)
    {
        // A wide pattern that ends in ** and has come there takes whatever comes.
        const bool isAllTaken =
            !m_wide.empty() && m_wide.back().kind == Kind::all && places[m_wide.size() - 1];
        if (!isAllTaken && m_seen.emplace(at, places).second)
            m_open.emplace_back(at, places);
    }

    void goOn(std::size_t at, const Places &places)
    {
        if (at == m_narrow.size()) {
            m_isCovered = places[m_wide.size()];
            return;
        }
        const Token &token = m_narrow[at];
        if (token.isStar())
            visit(at + 1, places);
        const std::size_t next = token.isStar() ? at : at + 1;
        if (token.kind == Kind::literal) {
            step(next, places, token.byte);
            return;
        }
        for (const char byte : m_alphabet) {
            if (token.reads(byte))
                step(next, places, byte);
        }
    }

    void step(std::size_t next, const Places &places, char byte)
    {
        m_steps += m_wide.size() + 1;
        Places reached;
        // From each place of the narrow pattern there is a way to its end.
        m_isCovered = m_isCovered && read(m_wide, places, byte, reached);
        if (m_isCovered)
            visit(next, reached);
    }

    Tokens m_wide;
    Tokens m_narrow;
    std::vector<char> m_alphabet;
    std::set<std::pair<std::size_t, Places>> m_seen;
    std::vector<std::pair<std::size_t, Places>> m_open;
    std::uint64_t m_steps = 0;
    bool m_isCovered = true;
};

/// True if one byte is read by both.
bool readSame(const Token &left, const Token &right)
{
    if (left.kind == Kind::literal)
        return right.reads(left.byte);
    if (right.kind == Kind::literal)
        return left.reads(right.byte);
    return true; // Each takes any byte that is not a slash.
}

} // namespace

bool covers(const Glob &wide, const Glob &narrow)
{
    if (narrow.isLiteral() || wide == narrow)
        return wide == narrow || wide.matches(narrow.pattern());
    return Walk(wide, narrow).isCovered();
}

bool intersects(const Glob &left, const Glob &right)
{
    if (left.isLiteral() || right.isLiteral())
        return left.isLiteral() ? right.matches(left.pattern()) : left.matches(right.pattern());
    const Tokens first = tokensOf(left);
    const Tokens second = tokensOf(right);
    const std::size_t width = second.size() + 1;
    std::vector<bool> seen((first.size() + 1) * width, false);
    std::vector<std::pair<std::size_t, std::size_t>> open{{0, 0}};
    while (!open.empty()) {
        const auto [at, in] = open.back();
        open.pop_back();
        if (at == first.size() && in == second.size())
            return true;
        if (seen[at * width + in])
            continue;
        seen[at * width + in] = true;
        const bool hasFirst = at < first.size();
        const bool hasSecond = in < second.size();
        if (hasFirst && first[at].isStar())
            open.emplace_back(at + 1, in);
        if (hasSecond && second[in].isStar())
            open.emplace_back(at, in + 1);
        if (hasFirst && hasSecond && readSame(first[at], second[in]))
            open.emplace_back(first[at].isStar() ? at : at + 1, second[in].isStar() ? in : in + 1);
    }
    return false;
}

} // namespace coffer::store
