// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/registry.h"

#include <utility>
#include <vector>

namespace coffer::node {

/// Methods and the members of \a Object that do their work.
template<class Object>
using MethodTable =
    std::vector<std::pair<rpc::Method, QCoro::Task<rpc::Outcome> (Object::*)(rpc::Call &)>>;

/// Registers all of \a table, each done by \a object, which must outlive the registrations and the
/// calls under way. Fails as Registry::add(); what was added before stays in \a registrations.
template<class Object>
Result<void> registerAll(rpc::Registry &registry, Object &object, MethodTable<Object> table,
                         std::vector<rpc::Registration> &registrations)
{
    for (auto &[method, member] : table) {
        const auto handler = [&object, member = member](rpc::Call &call) {
            return (object.*member)(call);
        };
        auto added = registry.add(std::move(method), handler);
        if (!added)
            return added.error();
        registrations.push_back(std::move(*added));
    }
    return {};
}

} // namespace coffer::node
