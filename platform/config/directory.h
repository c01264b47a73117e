// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/change.h"

#include <QJsonObject>
#include <QJsonValue>

#include <map>
#include <vector>

/// Layers as texts that people edit and keep under version control (docs/formats/goconf.md,
/// "Directories"): a line of JSON for each item. Equal layers have equal bytes, and the texts lead
/// back to the layer.
namespace coffer::config {

/// The names of what a directory has.
inline constexpr char headFile[] = "coffer.json";
inline constexpr char indexFile[] = "layer.jsonl";
inline constexpr char sectionFolder[] = "sections"; ///< "core.jsonl" below it.
inline constexpr char sectionEnding[] = ".jsonl";
inline constexpr char fileFolder[] = "files";

/// What headFile says: whose directory it is.
[[nodiscard]] QByteArray headOf(const QByteArray &service);
/// The service. `invalid` if \a bytes are no head, or one of a format that is not known.
[[nodiscard]] Result<QByteArray> serviceIn(const QByteArray &bytes);

/// The texts of a layer. Value.
struct LayerTexts
{
    QByteArray index = {};                          ///< Sections in their order, files, outputs.
    std::map<QByteArray, QByteArray> sections = {}; ///< By name: their keys in their order.
    bool operator==(const LayerTexts &) const = default;
};
[[nodiscard]] LayerTexts textsOf(const Layer &layer);

/// What is wrong, and where.
struct TextFault
{
    QByteArray file; ///< Below the folder of the layer.
    int line = 0;    ///< From 1; 0: the whole file.
    QString message;
};
struct ReadTexts
{
    Layer layer;
    std::vector<TextFault> faults; ///< At most textFaultsMax; then the layer means nothing.
};
inline constexpr std::size_t textFaultsMax = 100;
/// The layer. \a files are those that lie in fileFolder, with path, hash and size: the index says
/// what other rights than the usual they have. Members that are left out are the usual ones, values
/// may be written in any way that their type reads, sections and files need no line. A section
/// without keys is none.
[[nodiscard]] ReadTexts layerOf(const LayerTexts &texts, const std::vector<File> &files);

/// \a place and \a item as changes write them (change.h); null where there is nothing.
[[nodiscard]] QJsonObject jsonOf(const Place &place);
[[nodiscard]] QJsonValue jsonOf(const Place &place, const Item &item);
/// The way back: a change to \a item from nothing. `invalid` as decodeChange() says it.
[[nodiscard]] Result<Change> changeTo(const QJsonObject &place, const QJsonValue &item);
/// The layer that has all this and nothing else: sections and keys in the order of \a changes,
/// which all lead from nothing. `invalid` names a place that cannot be with another one.
[[nodiscard]] Result<Layer> layerOf(std::vector<Change> changes);

} // namespace coffer::config
