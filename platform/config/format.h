// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>

#include <array>
#include <cstdint>
#include <optional>

namespace coffer::config {

/// How sections are written as a file. Numbers are in stored bytes and never change.
enum class Format : std::uint8_t {
    goconf = 1,     ///< [section], "key value", # comments (docs/formats/goconf.md).
    env = 2,        ///< SECTION_KEY="value"
    json = 3,       ///< {"section": {"key": value}}
    yaml = 4,       ///< section:\n  key: value
    ini = 5,        ///< [section], key = value
    properties = 6, ///< section.key=value, as java.util.Properties reads it
    toml = 7        ///< [section], key = "value"
};
inline constexpr std::array formats{Format::goconf, Format::env,        Format::json, Format::yaml,
                                    Format::ini,    Format::properties, Format::toml};

/// "goconf", "env", "json", "yaml", "ini", "properties", "toml".
[[nodiscard]] QByteArray nameOf(Format format);
[[nodiscard]] Result<Format> formatNamed(QByteArrayView name);
/// "goconf, env, json, yaml, ini, properties or toml": for people.
[[nodiscard]] QByteArray formatNames();
/// What the ending of \a path promises: .env, .json, .yaml, .yml, .ini, .properties, .toml, and for
/// ini those of systemd's units (.service, .socket, .timer, .mount); nothing for any other.
[[nodiscard]] std::optional<Format> formatOfPath(QByteArrayView path);

} // namespace coffer::config
