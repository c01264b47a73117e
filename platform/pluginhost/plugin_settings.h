// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/context.h"
#include "pluginhost/plugin_run.h"

#include <vector>

namespace coffer::pluginhost {

/// The settings of one run of a plugin. Node thread.
class LiveSettings final : public pluginapi::PluginSettings
{
    Q_DISABLE_COPY_MOVE(LiveSettings)

public:
    LiveSettings(std::shared_ptr<PluginRun> run, const QCborMap &values)
        : m_run(std::move(run)), m_values(values)
    {}
    ~LiveSettings() override = default;

    [[nodiscard]] QCborMap values() const override { return m_values; }
    void onChanged(std::function<void()> callback) override
    {
        m_callbacks.push_back(std::move(callback));
    }
    /// Tells the plugin, if \a values differ.
    void change(const QCborMap &values);

private:
    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    QCborMap m_values;
    std::vector<std::function<void()>> m_callbacks;
};

/// \a above over \a below, member by member.
[[nodiscard]] QCborMap merged(QCborMap below, const QCborMap &above);

} // namespace coffer::pluginhost
