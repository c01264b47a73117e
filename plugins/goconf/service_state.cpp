// SPDX-License-Identifier: Apache-2.0
#include "goconf/service_state.h"

#include "goconf/paths.h"

namespace coffer::goconf {

const ScopeState *ServiceState::scope(const QByteArray &scope) const
{
    const auto found = scopes.find(scope);
    return found == scopes.end() ? nullptr : &found->second;
}

const Candidate *ServiceState::candidate() const
{
    for (const auto &[at, one] : scopes) {
        if (one.pointer.candidate)
            return &*one.pointer.candidate;
    }
    return nullptr;
}

std::optional<ServiceState::Wanted> ServiceState::wanted(const QByteArray &idc) const
{
    const ScopeState *state = scope(idc);
    if (state == nullptr && !hostOfScope(idc))
        state = scope(baseScope);
    if (state == nullptr || state->pointer.current.isEmpty())
        return std::nullopt;
    return Wanted{state->pointer.current, state->live, state->pointer.release};
}

} // namespace coffer::goconf
