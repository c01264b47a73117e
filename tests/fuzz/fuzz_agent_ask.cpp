// SPDX-License-Identifier: Apache-2.0
#include "agent/ask.h"
#include "agent/local_values.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace coffer::agent;

/// What a release brings as a file of any ending: keys are found, each where it is, or there are
/// none.
static void checkValues(const QByteArray &bytes)
{
    for (const char *path : {"a.conf", "a.env", "a.json", "a.yaml"}) {
        const LocalValues values({{{.path = path, .bytes = bytes}}});
        for (const LocalValues::Value &value : values.values()) {
            const auto found = values.find(value.key, path);
            if (found && (*found)->key != value.key)
                std::abort();
        }
        (void)changesBetween(nullptr, values);
    }
}

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
    checkValues(line);
    return 0;
}
