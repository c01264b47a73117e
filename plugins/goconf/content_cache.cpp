// SPDX-License-Identifier: Apache-2.0
#include "goconf/content_cache.h"

namespace coffer::goconf {

using config::Hash;

LayerPointer ContentCache::layer(const Hash &hash)
{
    const Item *item = find({true, hash});
    return item == nullptr ? nullptr : item->layer;
}

std::optional<QByteArray> ContentCache::content(const Hash &hash)
{
    const Item *item = find({false, hash});
    return item == nullptr ? std::nullopt : std::optional(item->content);
}

void ContentCache::keep(const Hash &hash, LayerPointer layer, std::size_t bytes)
{
    insert({true, hash}, Item{.layer = std::move(layer), .bytes = bytes});
}

void ContentCache::keep(const Hash &hash, const QByteArray &content)
{
    insert({false, hash}, Item{.content = content, .bytes = std::size_t(content.size())});
}

ContentCache::Item *ContentCache::find(const Id &id)
{
    const auto found = m_items.find(id);
    if (found == m_items.end())
        return nullptr;
    m_uses.splice(m_uses.begin(), m_uses, found->second.use);
    return &found->second;
}

void ContentCache::insert(const Id &id, Item item)
{
    item.bytes += sizeof(Item) + 128; // the nodes of the containers
    if (item.bytes > m_bytesMax || find(id) != nullptr)
        return;
    m_bytes += item.bytes;
    m_uses.push_front(id);
    item.use = m_uses.begin();
    m_items.emplace(id, std::move(item));
    while (m_bytes > m_bytesMax) {
        const auto oldest = m_items.find(m_uses.back());
        m_bytes -= oldest->second.bytes;
        m_items.erase(oldest);
        m_uses.pop_back();
    }
}

} // namespace coffer::goconf
