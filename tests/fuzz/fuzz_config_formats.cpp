// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "config/render.h"
#include "config/splice.h"

#include <array>
#include <set>

using namespace coffer;
using namespace coffer::config;

/// What was read can be written, unless the format cannot hold it, and is the same then.
static void checkSections(Format format, const QByteArray &text)
{
    const auto sections = parseSections(format, text);
    COFFER_CHECK(sections || sections.error().code == ErrorCode::invalid, "a wrong error code");
    if (!sections)
        return;
    const auto again = parseSections(format, text, *sections);
    COFFER_CHECK(again.has_value(), "sections do not fit themselves");
    for (const Format other : formats) {
        const auto rendered = renderSections(other, *sections);
        COFFER_CHECK(rendered || rendered.error().code == ErrorCode::invalid, "a wrong error code");
        if (!rendered)
            continue;
        const auto back = parseSections(other, *rendered, *sections);
        COFFER_CHECK(back && *back == *sections, "what was rendered comes back as another");
    }
}

/// All variables, or a sentence with the line; a name only once.
static void checkVariables(const QByteArray &text)
{
    const auto variables = parseVariables(text);
    COFFER_CHECK(variables || variables.error().code == ErrorCode::invalid, "a wrong error code");
    std::set<QByteArray> names;
    for (const Variable &variable : variables.value_or(std::vector<Variable>()))
        COFFER_CHECK(names.insert(variable.name).second, "a variable is there twice");
}

/// The text is a pointer, a line feed, a value, a line feed, and the text that is edited.
static void checkSplice(const QByteArray &path, const QByteArray &input)
{
    const qsizetype first = input.indexOf('\n');
    const qsizetype second = first < 0 ? -1 : input.indexOf('\n', first + 1);
    if (second < 0)
        return;
    const QByteArray pointer = input.first(first);
    const QByteArray value = input.sliced(first + 1, second - first - 1);
    const QByteArray text = input.sliced(second + 1);
    const auto before = scalarIn(path, text, pointer);
    const auto edited = withScalar(path, text, pointer, value);
    COFFER_CHECK(before || !edited, "a value was replaced that is not there");
    for (const auto *result : {&before, &edited}) {
        COFFER_CHECK(*result || result->error().code == ErrorCode::invalid
                         || result->error().code == ErrorCode::notFound,
                     "a wrong error code");
    }
    if (!edited)
        return;
    const auto after = scalarIn(path, *edited, pointer);
    // Words of YAML are known in any case: TRUE is true.
    COFFER_CHECK(after && (*after == value || *after == value.toLower()), "another value is there");
}

/// The first byte chooses what is done with the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0)
        return 0;
    static constexpr std::array paths{"shop",  "a.env",        "a.json", "a.yaml",
                                      "a.ini", "a.properties", "a.toml"};
    static_assert(paths.size() == formats.size());
    const auto *bytes = reinterpret_cast<const char *>(data);
    const QByteArray text(bytes + 1, qsizetype(size) - 1);
    const std::size_t index = (data[0] / 2) % formats.size();
    if (formats[index] == Format::env)
        checkVariables(text);
    if (data[0] % 2 == 0)
        checkSections(formats[index], text);
    else
        checkSplice(paths[index], text);
    return 0;
}
