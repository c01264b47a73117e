// SPDX-License-Identifier: Apache-2.0
#include "config/layer_index_p.h"

namespace coffer::config {

LayerIndex::LayerIndex(const Layer &layer) : m_tombstones(layer.tombstones)
{
    for (const Section &section : layer.sections) {
        Row &row = rowOf(section.name);
        row.section.comment = section.comment;
        row.section.keys.reserve(section.keys.size());
        row.keys.reserve(qsizetype(section.keys.size()));
        for (const Key &key : section.keys)
            putKey(section.name, key);
    }
    for (const File &file : layer.files)
        put(file);
    for (const Output &output : layer.outputs)
        put(output);
}

LayerIndex::Row &LayerIndex::rowOf(const QByteArray &section)
{
    const auto found = m_sections.constFind(section);
    if (found != m_sections.constEnd())
        return m_rows[*found];
    m_sections.insert(section, m_rows.size());
    return m_rows.emplace_back(Row{Section{section}});
}

const Section *LayerIndex::section(const QByteArray &name) const
{
    const auto found = m_sections.constFind(name);
    return found == m_sections.constEnd() || m_rows[*found].keys.isEmpty()
               ? nullptr
               : &m_rows[*found].section;
}

const Key *LayerIndex::key(const QByteArray &section, const QByteArray &name) const
{
    const auto found = m_sections.constFind(section);
    if (found == m_sections.constEnd())
        return nullptr;
    const Row &row = m_rows[*found];
    const auto key = row.keys.constFind(name);
    return key == row.keys.constEnd() ? nullptr : &row.section.keys[*key];
}

const File *LayerIndex::file(const QByteArray &path) const
{
    const auto found = m_files.find(path);
    return found == m_files.end() ? nullptr : &found->second;
}

const Output *LayerIndex::output(const QByteArray &path) const
{
    const auto found = m_outputs.find(path);
    return found == m_outputs.end() ? nullptr : &found->second;
}

const Tombstone *LayerIndex::tombstone(const Place &place) const
{
    const auto found = m_tombstones.find(place);
    return found == m_tombstones.end() ? nullptr : &found->second;
}

std::vector<QByteArray> LayerIndex::keysOf(const QByteArray &section) const
{
    std::vector<QByteArray> names;
    const auto found = m_sections.constFind(section);
    if (found == m_sections.constEnd())
        return names;
    for (const Key &key : m_rows[*found].section.keys) {
        if (!key.name.isEmpty())
            names.push_back(key.name);
    }
    return names;
}

void LayerIndex::putKey(const QByteArray &section, const Key &key)
{
    Row &row = rowOf(section);
    const auto found = row.keys.constFind(key.name);
    if (found != row.keys.constEnd()) {
        row.section.keys[*found] = key;
        return;
    }
    row.keys.insert(key.name, row.section.keys.size());
    row.section.keys.push_back(key);
}

void LayerIndex::removeKey(const QByteArray &section, const QByteArray &name)
{
    const auto found = m_sections.constFind(section);
    if (found == m_sections.constEnd())
        return;
    Row &row = m_rows[*found];
    const auto key = row.keys.constFind(name);
    if (key == row.keys.constEnd())
        return;
    row.section.keys[*key].name.clear();
    row.keys.erase(key);
}

void LayerIndex::setComment(const QByteArray &section, const QByteArray &comment)
{
    const auto found = m_sections.constFind(section);
    if (found != m_sections.constEnd())
        m_rows[*found].section.comment = comment;
}

Layer LayerIndex::take()
{
    Layer layer;
    for (Row &row : m_rows) {
        if (row.keys.isEmpty())
            continue;
        std::erase_if(row.section.keys, [](const Key &key) { return key.name.isEmpty(); });
        layer.sections.push_back(std::move(row.section));
    }
    for (auto &[path, file] : m_files)
        layer.files.push_back(std::move(file));
    for (auto &[path, output] : m_outputs)
        layer.outputs.push_back(std::move(output));
    layer.tombstones = std::move(m_tombstones);
    return layer;
}

} // namespace coffer::config
