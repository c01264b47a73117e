// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace coffer::test {

/// Parameters as JSON, for methods that have a reader of their own and a schema.
struct Sample
{
    const char *method;
    const char *params;
    bool isGood;
};

/// Not in the header: moc takes the stars of a pattern for a comment.
[[nodiscard]] std::vector<Sample> storeSamples();

} // namespace coffer::test
