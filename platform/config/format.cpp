// SPDX-License-Identifier: Apache-2.0
#include "config/format.h"

#include <array>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::config {

static constexpr std::array formats{
    std::pair{Format::goconf, "goconf"},
    std::pair{Format::env, "env"},
    std::pair{Format::json, "json"},
    std::pair{Format::yaml, "yaml"},
};

QByteArray nameOf(Format format)
{
    for (const auto &[known, name] : formats) {
        if (known == format)
            return name;
    }
    return {};
}

Result<Format> formatNamed(QByteArrayView name)
{
    for (const auto &[format, known] : formats) {
        if (name == QByteArrayView(known))
            return format;
    }
    return Error{ErrorCode::invalid,
                 u"format '%1': expected goconf, env, json or yaml"_s.arg(QString::fromUtf8(name))};
}

std::optional<Format> formatOfPath(QByteArrayView path)
{
    if (path.endsWith(".env"))
        return Format::env;
    if (path.endsWith(".json"))
        return Format::json;
    if (path.endsWith(".yaml") || path.endsWith(".yml"))
        return Format::yaml;
    return {};
}

} // namespace coffer::config
