// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace coffer {

static thread_local CheckHandler t_handler = nullptr;

CheckHandler setCheckHandler(CheckHandler handler) { return std::exchange(t_handler, handler); }

void checkFailed(std::string_view file, int line, std::string_view what)
{
    if (t_handler != nullptr)
        t_handler(file, line, what);
    std::fprintf(stderr, "coffer: broken invariant at %.*s:%d: %.*s\n",
                 static_cast<int>(file.size()), file.data(), line, static_cast<int>(what.size()),
                 what.data());
    std::abort();
}

} // namespace coffer
