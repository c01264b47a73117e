// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/admin.h"
#include "goconf/fleet.h"
#include "goconf/library.h"

#include "pluginapi/plugin.h"

#include <optional>

/// Configuration: docs/goconf.md.
namespace coffer::goconf {

/// What people do (Admin) and what hosts follow, on one Library.
class GoconfPlugin final : public pluginapi::Plugin
{
public:
    [[nodiscard]] pluginapi::Task<Result<void>> start(pluginapi::PluginContext &context) override;

private:
    std::optional<Library> m_library;
    std::optional<Admin> m_admin;
    std::optional<Fleet> m_fleet;
};

} // namespace coffer::goconf
