// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

namespace coffer::store {

void Directories::add(QByteArrayView file)
{
    for (QByteArrayView path = file; path.size() > 1;) {
        path = parentOf(path);
        const auto at = m_entries.find(path);
        if (at != m_entries.end()) {
            ++at->second;
            return;
        }
        m_entries.emplace(path.toByteArray(), 1);
    }
}

void Directories::remove(QByteArrayView file)
{
    for (QByteArrayView path = file; path.size() > 1;) {
        path = parentOf(path);
        const auto at = m_entries.find(path);
        if (--at->second > 0)
            return;
        m_entries.erase(at);
    }
}

} // namespace coffer::store
