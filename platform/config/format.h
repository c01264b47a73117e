// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>

#include <cstdint>
#include <optional>

namespace coffer::config {

/// How sections are written as a file. Numbers are in stored bytes and never change.
enum class Format : std::uint8_t {
    goconf = 1, ///< [section], "key value", # comments (docs/formats/goconf.md).
    env = 2,    ///< SECTION_KEY="value"
    json = 3,   ///< {"section": {"key": value}}
    yaml = 4    ///< section:\n  key: value
};

/// "goconf", "env", "json", "yaml".
[[nodiscard]] QByteArray nameOf(Format format);
[[nodiscard]] Result<Format> formatNamed(QByteArrayView name);
/// What the ending of \a path promises: .env, .json, .yaml, .yml; nothing for any other.
[[nodiscard]] std::optional<Format> formatOfPath(QByteArrayView path);

} // namespace coffer::config
