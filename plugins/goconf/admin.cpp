// SPDX-License-Identifier: Apache-2.0
#include "goconf/admin.h"

namespace coffer::goconf {

struct Admin::Parts
{};

Admin::Admin(pluginapi::PluginContext &context, Library &library)
    : m_context(context), m_library(library), m_parts(std::make_unique<Parts>())
{}

Admin::~Admin() = default;

Result<void> Admin::start() { return {}; }

} // namespace coffer::goconf
