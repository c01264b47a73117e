// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/hash.h"
#include "config/layer.h"

#include <QByteArray>

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace coffer::goconf {

/// Shared with threads that work on it; never changed.
using LayerPointer = std::shared_ptr<const config::Layer>;

/// Layers and contents of files by their hash, those used last. What is under a hash never changes,
/// so nothing here can be stale. Node thread.
class ContentCache
{
public:
    explicit ContentCache(std::size_t bytesMax) : m_bytesMax(bytesMax) {}

    /// Null if it is not here.
    [[nodiscard]] LayerPointer layer(const config::Hash &hash);
    [[nodiscard]] std::optional<QByteArray> content(const config::Hash &hash);
    /// \a bytes: about what it takes.
    void keep(const config::Hash &hash, LayerPointer layer, std::size_t bytes);
    void keep(const config::Hash &hash, const QByteArray &content);

    [[nodiscard]] std::size_t bytes() const { return m_bytes; }

private:
    /// Layers and contents are apart: a manifest may be the content of a file too.
    using Id = std::pair<bool, config::Hash>;
    struct Item
    {
        LayerPointer layer = {};
        QByteArray content = {};
        std::size_t bytes = 0;
        std::list<Id>::iterator use = {};
    };

    [[nodiscard]] Item *find(const Id &id);
    void insert(const Id &id, Item item);

    std::size_t m_bytesMax;
    std::size_t m_bytes = 0;
    std::map<Id, Item> m_items;
    std::list<Id> m_uses; ///< The last one used is the first.
};

} // namespace coffer::goconf
