// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include "base/result.h"

#include <QByteArray>

#include <vector>

/// What configuration says as JSON, for those who judge what it means and not how it is written:
/// the same to a schema, whatever the format of a file is.
namespace coffer::config {

/// {"section": {"key": value}}. An int, float, bool, list or json is the JSON that its canonical
/// text is; a string, duration, size or enum is its canonical text ("1500ms", "64mb").
[[nodiscard]] QByteArray jsonOfSections(const std::vector<Section> &sections);

/// A text in some format, with the members in any order. JSON, YAML and TOML: the document, with
/// aliases expanded, and dates as texts. The others have texts alone: {"section": {"key": "text"}}
/// of goconf and ini (what stands before the first section of an ini is beside the sections; a list
/// of texts where a key is there several times), {"NAME": "text"} of env and properties. `invalid`
/// if it cannot be read, or has a number that is too large for a double.
[[nodiscard]] Result<QByteArray> jsonOfText(Format format, const QByteArray &text);

} // namespace coffer::config
