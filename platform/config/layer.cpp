// SPDX-License-Identifier: Apache-2.0
#include "config/layer.h"

#include "config/layer_index_p.h"

#include <algorithm>

namespace coffer::config {

template<class T>
static const T *named(const std::vector<T> &all, QByteArrayView name)
{
    const auto found =
        std::find_if(all.begin(), all.end(), [name](const T &one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

template<class T>
static const T *at(const std::vector<T> &all, QByteArrayView path)
{
    const auto found =
        std::lower_bound(all.begin(), all.end(), path, [](const T &one, QByteArrayView wanted) {
            return QByteArrayView(one.path) < wanted;
        });
    return found == all.end() || found->path != path ? nullptr : &*found;
}

const Section *Layer::section(QByteArrayView name) const { return named(sections, name); }

const Key *Layer::key(QByteArrayView section, QByteArrayView name) const
{
    const Section *within = this->section(section);
    return within == nullptr ? nullptr : named(within->keys, name);
}

const File *Layer::file(QByteArrayView path) const { return at(files, path); }

const Output *Layer::output(QByteArrayView path) const { return at(outputs, path); }

Merged merge(const std::vector<const Layer *> &layers)
{
    LayerIndex index;
    Origins origins;
    for (std::size_t level = 0; level < layers.size(); ++level) {
        const Layer &layer = *layers[level];
        for (const Section &section : layer.sections) {
            for (const Key &key : section.keys) {
                index.putKey(section.name, key);
                origins.insert_or_assign(section.name + '/' + key.name, level);
            }
            if (!section.comment.isEmpty())
                index.setComment(section.name, section.comment);
        }
        for (const File &file : layer.files) {
            index.removeOutput(file.path);
            index.put(file);
            origins.insert_or_assign(file.path, level);
        }
        for (const Output &output : layer.outputs) {
            index.removeFile(output.path);
            index.put(output);
            origins.insert_or_assign(output.path, level);
        }
    }
    return {index.take(), std::move(origins)};
}

} // namespace coffer::config
