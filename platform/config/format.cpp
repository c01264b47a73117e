// SPDX-License-Identifier: Apache-2.0
#include "config/format.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

QByteArray nameOf(Format format)
{
    switch (format) {
    case Format::goconf: return "goconf";
    case Format::env: return "env";
    case Format::json: return "json";
    case Format::yaml: return "yaml";
    case Format::ini: return "ini";
    case Format::properties: return "properties";
    case Format::toml: return "toml";
    }
    return {};
}

QByteArray formatNames()
{
    QByteArray names;
    for (const Format format : formats) {
        if (!names.isEmpty())
            names += format == formats.back() ? " or " : ", ";
        names += nameOf(format);
    }
    return names;
}

Result<Format> formatNamed(QByteArrayView name)
{
    const auto found = std::find_if(formats.begin(), formats.end(),
                                    [name](Format format) { return nameOf(format) == name; });
    if (found != formats.end())
        return *found;
    return Error{ErrorCode::invalid,
                 u"format '%1': expected %2"_s.arg(QString::fromUtf8(name),
                                                   QString::fromLatin1(formatNames()))};
}

std::optional<Format> formatOfPath(QByteArrayView path)
{
    using Ending = std::pair<QByteArrayView, Format>;
    static constexpr std::array endings{
        Ending{".env", Format::env},    Ending{".json", Format::json},
        Ending{".yaml", Format::yaml},  Ending{".yml", Format::yaml},
        Ending{".ini", Format::ini},    Ending{".properties", Format::properties},
        Ending{".toml", Format::toml},  Ending{".service", Format::ini},
        Ending{".socket", Format::ini}, Ending{".timer", Format::ini},
        Ending{".mount", Format::ini},
    };
    for (const auto &[ending, format] : endings) {
        if (path.endsWith(ending))
            return format;
    }
    return {};
}

} // namespace coffer::config
