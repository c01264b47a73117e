// SPDX-License-Identifier: Apache-2.0
#include "agent/ask.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace coffer::agent;

/// Whatever a local program sends is refused with a sentence, or can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const QByteArray line(reinterpret_cast<const char *>(data), qsizetype(size));
    const auto ask = parseAsk(line);
    if (!ask && ask.error().message.isEmpty())
        std::abort();
    if (ask && parseAsk(write(*ask)).value_or(Ask{.service = QStringLiteral("?")}) != *ask)
        std::abort();
    (void)parseAnswer(line);
    return 0;
}
