// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "example/flag.h"
#include "pluginapi/context.h"
#include "pluginapi/plugin.h"

#include <map>

/// The example of docs/plugin-guide.md: feature flags.
namespace coffer::example {

/// Feature flags: flags.set, flags.remove, flags.check, flags.follow, GET /v1/flags/check.
///
/// A flag is the file /flags/NAME. Each node's copy keeps all flags in memory by a watch, so that a
/// check asks nobody. Flags whose time is over are removed by one copy, whichever has the job.
class FlagsPlugin final : public pluginapi::Plugin
{
public:
    template<class T>
    using Task = pluginapi::Task<T>;

    [[nodiscard]] Task<Result<void>> start(pluginapi::PluginContext &context) override;

private:
    [[nodiscard]] Result<void> addMethods();
    void addMetrics();
    void readSettings();

    [[nodiscard]] Task<rpc::Outcome> set(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> remove(rpc::Call &call);
    [[nodiscard]] Task<rpc::Outcome> check(rpc::Call &call);
    [[nodiscard]] Task<Result<void>> follow(pluginapi::FeedCall call);

    [[nodiscard]] Task<Result<void>> keepFlags();
    [[nodiscard]] Task<Result<Revision>> loadFlags();
    [[nodiscard]] Task<Result<void>> watchFlags(Revision from);
    void note(const store::WatchEvent &event);

    [[nodiscard]] Task<Result<void>> sweep(std::shared_ptr<pluginapi::Duty> duty);
    [[nodiscard]] Task<Result<void>> sweepOnce(std::shared_ptr<pluginapi::Duty> duty);

    pluginapi::PluginContext *m_context = nullptr;
    std::map<QByteArray, Flag> m_flags; ///< As this node knows them, by path.
    bool m_isLoaded = false;
    qint64 m_flagsMax = 0;
    std::chrono::seconds m_sweepEvery{0};

    pluginapi::Counter *m_checkedOn = nullptr;
    pluginapi::Counter *m_checkedOff = nullptr;
    pluginapi::Counter *m_swept = nullptr;
    pluginapi::Gauge *m_known = nullptr;
};

} // namespace coffer::example
