// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "store/glob.h"
#include "store/path.h"
#include "support/naive_glob.h"

using namespace coffer;
using namespace coffer::store;

static void checkMatch(const Glob &glob, QByteArrayView path)
{
    const bool isMatch = glob.matches(path);
    // The naive one needs memory for each pair of places.
    if (glob.pattern().size() * path.size() <= 4096) {
        COFFER_CHECK(isMatch == test::NaiveGlob::matches(glob.pattern(), path),
                     "a glob does not mean what the rules say");
    }
    COFFER_CHECK(!isMatch || path.startsWith(glob.literalPrefix()), "a match without the prefix");
    COFFER_CHECK(!isMatch || !isTreePath(path) || isWithin(path, glob.tree()),
                 "a match outside of the tree");
    COFFER_CHECK(!glob.isLiteral() || isMatch == (path == glob.pattern()),
                 "a literal glob matches something else");
}

/// The input is a pattern, a line feed and a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArrayView input(data, qsizetype(size));
    const qsizetype end = input.indexOf('\n');
    const QByteArrayView pattern = end < 0 ? input : input.first(end);
    const QByteArrayView path = end < 0 ? input : input.sliced(end + 1);
    const Result<Glob> glob = Glob::parse(pattern);
    COFFER_CHECK(glob || glob.error().code == ErrorCode::invalid, "a wrong error code");
    COFFER_CHECK(glob || !isTreePath(pattern), "a path is no glob");
    if (!glob)
        return 0;
    COFFER_CHECK(glob->pattern() == pattern, "a glob forgot its pattern");
    COFFER_CHECK(isTreePath(glob->tree()), "a glob's tree is none");
    COFFER_CHECK(!glob->isLiteral() || isTreePath(pattern), "a literal glob is no path");
    checkMatch(*glob, path);
    checkMatch(*glob, pattern);
    checkMatch(*glob, glob->tree());
    return 0;
}
