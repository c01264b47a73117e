// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace coffer::goconf {

/// Bytes by their names, as many as fit: who was not asked for longest goes first. Value.
template<class Name>
class BundleCache
{
public:
    explicit BundleCache(std::size_t bytesMax) : m_bytesMax(bytesMax) {}

    [[nodiscard]] std::optional<QByteArray> find(const Name &name)
    {
        const auto found = m_places.find(name);
        if (found == m_places.end())
            return {};
        m_items.splice(m_items.begin(), m_items, found->second);
        return found->second->second;
    }
    /// Keeps \a bytes, at the cost of others; also what is larger than the bound, then alone.
    void insert(const Name &name, const QByteArray &bytes)
    {
        remove(name);
        m_items.emplace_front(name, bytes);
        m_places.emplace(name, m_items.begin());
        m_bytes += std::size_t(bytes.size());
        while (m_bytes > m_bytesMax && m_items.size() > 1)
            remove(Name(m_items.back().first));
    }
    [[nodiscard]] std::size_t bytes() const { return m_bytes; }
    [[nodiscard]] std::size_t size() const { return m_items.size(); }

private:
    using Items = std::list<std::pair<Name, QByteArray>>;

    void remove(const Name &name)
    {
        const auto found = m_places.find(name);
        if (found == m_places.end())
            return;
        m_bytes -= std::size_t(found->second->second.size());
        m_items.erase(found->second);
        m_places.erase(found);
    }

    std::size_t m_bytesMax;
    std::size_t m_bytes = 0;
    Items m_items; ///< The one that was asked for last is first.
    std::map<Name, typename Items::iterator> m_places;
};

} // namespace coffer::goconf
