// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_order.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {
namespace {

/// Walks the needs, depth first.
class Walk
{
public:
    explicit Walk(const std::vector<PluginSpec> &specs) : m_specs(specs)
    {
        for (std::size_t index = 0; index < specs.size(); ++index)
            claim(index);
    }

    PluginOrder finish()
    {
        for (std::size_t index = 0; index < m_specs.size(); ++index)
            visit(index);
        return std::move(m_found);
    }

private:
    void claim(std::size_t index)
    {
        for (const QString &name : m_specs[index].names()) {
            const auto [owner, isNew] = m_owners.emplace(name, index);
            if (isNew || owner->second == index)
                continue;
            const PluginSpec &other = m_specs[owner->second];
            m_found.faults.emplace(index,
                                   u"'%1' is the name of another plugin already: %2"_s.arg(
                                       name, other.file.isEmpty() ? other.name : other.file));
        }
    }

    /// Whether it can run.
    bool visit(std::size_t index)
    {
        if (m_found.faults.contains(index))
            return false;
        if (m_found.needs.contains(index))
            return true;
        const auto begun = std::find(m_path.begin(), m_path.end(), index);
        if (begun != m_path.end()) {
            reportCircle(begun);
            return false;
        }
        m_path.push_back(index);
        std::vector<std::size_t> needs;
        for (const QString &need : m_specs[index].needs) {
            const auto owner = m_owners.find(need);
            if (owner == m_owners.end())
                m_found.faults.emplace(index, u"it needs '%1', which is not there"_s.arg(need));
            else if (!visit(owner->second))
                m_found.faults.emplace(index, u"it needs '%1', which cannot run"_s.arg(need));
            else
                needs.push_back(owner->second);
        }
        m_path.pop_back();
        if (m_found.faults.contains(index))
            return false;
        m_found.needs.emplace(index, std::move(needs));
        m_found.order.push_back(index);
        return true;
    }

    void reportCircle(std::vector<std::size_t>::const_iterator begun)
    {
        QStringList names;
        for (auto on = begun; on != m_path.end(); ++on)
            names.append(m_specs[*on].name);
        names.append(m_specs[*begun].name);
        const QString circle = u"it needs itself: "_s + names.join(u" needs "_s);
        for (auto on = begun; on != m_path.end(); ++on)
            m_found.faults.emplace(*on, circle);
    }

    const std::vector<PluginSpec> &m_specs;
    std::map<QString, std::size_t> m_owners;
    std::vector<std::size_t> m_path; ///< From where the walk began to where it stands.
    PluginOrder m_found;
};

} // namespace

PluginOrder orderOf(const std::vector<PluginSpec> &specs) { return Walk(specs).finish(); }

} // namespace coffer::pluginhost
