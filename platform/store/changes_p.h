// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace coffer::store {

/// The keys that changed since the last take(). Value.
///
/// Noting is an append; duplicates go away when the list doubled, so that it stays in proportion
/// to the number of different keys although a key is noted at each change.
template<class Key, class Less = std::less<Key>>
class Changes
{
public:
    void note(const Key &key)
    {
        m_keys.push_back(key);
        if (m_keys.size() < m_tidyAt)
            return;
        tidy();
        m_tidyAt = std::max(tidyAtLeast, 2 * m_keys.size());
    }
    /// The noted keys, each once, in order; afterwards there are none.
    [[nodiscard]] std::vector<Key> take()
    {
        tidy();
        m_tidyAt = tidyAtLeast;
        return std::exchange(m_keys, {});
    }

private:
    static constexpr std::size_t tidyAtLeast = 4096;

    void tidy()
    {
        std::sort(m_keys.begin(), m_keys.end(), Less());
        m_keys.erase(std::unique(m_keys.begin(), m_keys.end()), m_keys.end());
    }

    std::vector<Key> m_keys;
    std::size_t m_tidyAt = tidyAtLeast;
};

} // namespace coffer::store
