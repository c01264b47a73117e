// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/bundle.h"
#include "config/layer.h"

#include <vector>

namespace coffer::config {

/// One thing that is wrong, and where. Value.
struct Fault
{
    QByteArray place; ///< "core/timeout", "nginx.conf", "app.yaml#/server/port".
    QString message;
    bool operator==(const Fault &) const = default;
};

/// Sections as text, canonical: the same sections give the same bytes. `invalid` names the key that
/// the format cannot hold: what comes back from parseSections() has to be equal (goconf-model P9).
[[nodiscard]] Result<QByteArray> renderSections(Format format,
                                                const std::vector<Section> &sections);

/// The way back, and the way in for files of others. Types: json and yaml tell string, int, float,
/// bool, list (of strings) and json apart; goconf and env give strings unless \a like has the key,
/// whose type is then tried. `invalid` with the line. Bounded by limits.
[[nodiscard]] Result<std::vector<Section>> parseSections(Format format, const QByteArray &text,
                                                         const std::vector<Section> &like = {});

/// A variable of an env text. Value.
struct Variable
{
    QByteArray name;
    QByteArray value; ///< As sh reads it.
    bool operator==(const Variable &) const = default;
};
/// All variables of an env text in their order, whatever their names mean to sections. `invalid`
/// with the line: no name that sh knows, one that is there twice, a value that sh would put
/// together. Bounded by limits.
[[nodiscard]] Result<std::vector<Variable>> parseVariables(const QByteArray &text);

/// A layer as the files that a host gets: outputs rendered, files as they are. All that is wrong,
/// not only the first thing: names, types, limits, sections of outputs that are missing, formats
/// that cannot hold a value, files whose ending promises json or yaml and that are none.
/// \a contents has the bytes of all files of the layer.
struct Rendered
{
    Bundle bundle;
    std::vector<Fault> faults; ///< If there are any, the bundle is of no use.
};
[[nodiscard]] Rendered render(const Layer &effective, const Contents &contents);

} // namespace coffer::config
