// SPDX-License-Identifier: Apache-2.0
#include "config/layer.h"

#include "config/layer_index_p.h"

#include <algorithm>
#include <set>

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

const Tombstone *Layer::tombstone(const Place &place) const
{
    const auto found = tombstones.find(place);
    return found == tombstones.end() ? nullptr : &found->second;
}

// ---- several as one

namespace {

/// Puts layers on one another, the lowest first.
class Stack
{
public:
    void add(const Layer &layer)
    {
        m_told.clear();
        for (const auto &[place, tombstone] : layer.tombstones)
            clear(place);
        for (const Section &section : layer.sections) {
            for (const Key &key : section.keys) {
                if (take({Place::Kind::key, section.name, key.name}, key.isFinal))
                    m_index.putKey(section.name, key);
            }
            if (!section.comment.isEmpty())
                m_index.setComment(section.name, section.comment);
        }
        for (const File &file : layer.files) {
            const Place place{Place::Kind::file, {}, file.path};
            if (!take(place, file.isFinal))
                continue;
            remove(sibling(place));
            m_index.put(file);
        }
        for (const Output &output : layer.outputs) {
            const Place place{Place::Kind::output, {}, output.path};
            if (!take(place, output.isFinal))
                continue;
            remove(sibling(place));
            m_index.put(output);
        }
        ++m_level;
    }

    Merged done()
    {
        m_merged.layer = m_index.take();
        return std::move(m_merged);
    }

private:
    /// Whether the level has a say in it. If so, what is there comes from it from now on.
    bool take(const Place &place, bool isFinal)
    {
        if (isHeld(place, false))
            return false;
        m_merged.origins.insert_or_assign(place, m_level);
        m_merged.tombstones.erase(place);
        if (place.isPath())
            m_merged.tombstones.erase(sibling(place));
        if (isFinal)
            m_finals.emplace(place, m_level);
        return true;
    }

    /// Whether it is final in a lower layer: then that is a violation.
    bool isHeld(const Place &place, bool isTombstone)
    {
        auto found = m_finals.find(place);
        if (found == m_finals.end() && place.isPath())
            found = m_finals.find(sibling(place));
        if (found == m_finals.end())
            return false;
        if (m_told.insert(found->first).second)
            m_merged.violations.push_back({found->first, found->second, m_level, isTombstone});
        return true;
    }

    /// What a tombstone does.
    void clear(const Place &place)
    {
        if (place.kind == Place::Kind::section) {
            for (const QByteArray &name : m_index.keysOf(place.section)) {
                const Place key{Place::Kind::key, place.section, name};
                if (!isHeld(key, true))
                    remove(key);
            }
            m_index.setComment(place.section, {});
        } else {
            if (isHeld(place, true))
                return;
            remove(place);
            if (place.isPath())
                remove(sibling(place));
        }
        m_merged.tombstones.insert_or_assign(place, m_level);
    }

    void remove(const Place &place)
    {
        if (place.kind == Place::Kind::key)
            m_index.removeKey(place.section, place.name);
        else if (place.kind == Place::Kind::file)
            m_index.removeFile(place.name);
        else
            m_index.removeOutput(place.name);
        m_merged.origins.erase(place);
    }

    LayerIndex m_index;
    Merged m_merged;
    std::map<Place, std::size_t> m_finals; ///< In which layer.
    std::set<Place> m_told;                ///< Of those what this level has violated.
    std::size_t m_level = 0;
};

} // namespace

Merged merge(const std::vector<const Layer *> &layers)
{
    Stack stack;
    for (const Layer *layer : layers)
        stack.add(*layer);
    return stack.done();
}

} // namespace coffer::config
