// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/library.h"

#include "pluginapi/context.h"

#include <memory>

namespace coffer::goconf {

class Publisher;

/// The side of people: services, data centres, drafts, releases, history. Registers their methods.
/// Node thread.
class Admin
{
public:
    /// Both must outlive this.
    Admin(pluginapi::PluginContext &context, Library &library);
    Admin(const Admin &) = delete;
    Admin &operator=(const Admin &) = delete;
    ~Admin();

    /// Registers all methods and routes.
    [[nodiscard]] Result<void> start();
    /// Valid as long as this.
    [[nodiscard]] Publisher &publisher();

private:
    struct Parts;

    std::unique_ptr<Parts> m_parts;
};

} // namespace coffer::goconf
