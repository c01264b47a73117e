// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <QHash>

namespace coffer::config {

/// A layer that finds its keys in constant time while it grows and shrinks. Value.
/// A section is there while it has keys.
class LayerIndex
{
public:
    LayerIndex() = default;
    explicit LayerIndex(const Layer &layer);

    /// Nothing if there is none; valid until the next change.
    [[nodiscard]] const Section *section(const QByteArray &name) const;
    [[nodiscard]] const Key *key(const QByteArray &section, const QByteArray &name) const;
    [[nodiscard]] const File *file(const QByteArray &path) const;
    [[nodiscard]] const Output *output(const QByteArray &path) const;
    [[nodiscard]] const Tombstone *tombstone(const Place &place) const;
    /// Names of the keys that a section has.
    [[nodiscard]] std::vector<QByteArray> keysOf(const QByteArray &section) const;

    /// In the place of the key with this name, or behind all others, in a new section if needed.
    void putKey(const QByteArray &section, const Key &key);
    void removeKey(const QByteArray &section, const QByteArray &name);
    /// Only of a section that is there.
    void setComment(const QByteArray &section, const QByteArray &comment);
    void put(const File &file) { m_files.insert_or_assign(file.path, file); }
    void put(const Output &output) { m_outputs.insert_or_assign(output.path, output); }
    void put(const Place &place, const Tombstone &tombstone)
    {
        m_tombstones.insert_or_assign(place, tombstone);
    }
    void removeFile(const QByteArray &path) { m_files.erase(path); }
    void removeOutput(const QByteArray &path) { m_outputs.erase(path); }
    void removeTombstone(const Place &place) { m_tombstones.erase(place); }

    /// What is left. Nothing may be asked any more.
    [[nodiscard]] Layer take();

private:
    struct Row
    {
        Section section; ///< Removed keys have lost their name.
        QHash<QByteArray, std::size_t> keys = {};
    };
    Row &rowOf(const QByteArray &section);

    std::vector<Row> m_rows;
    QHash<QByteArray, std::size_t> m_sections;
    std::map<QByteArray, File> m_files;
    std::map<QByteArray, Output> m_outputs;
    std::map<Place, Tombstone> m_tombstones;
};

} // namespace coffer::config
