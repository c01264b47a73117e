// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/mutant.h"
#include "sim/plan.h"

#include <QString>

#include <array>
#include <cstddef>
#include <optional>

namespace coffer::sim {

/// One deliberate bug and how it is looked for.
struct MutantInfo
{
    Mutant mutant = Mutant::none;
    const char *name = "";
    const char *sentence = "";
    std::optional<Emphasis> emphasis = std::nullopt; ///< Empty: whatever the seed draws.
    unsigned seedsMax = 300;
    const char *explained = nullptr; ///< Why it cannot break anything; it is not looked for then.
};

inline constexpr std::size_t mutantCount = std::size_t(Mutant::simulatorEnd) - 1;

/// All that the simulator looks for, in the order of the enumeration.
[[nodiscard]] const std::array<MutantInfo, mutantCount> &mutants();
/// Null if there is none of this name.
[[nodiscard]] const MutantInfo *mutantNamed(const QString &name);

} // namespace coffer::sim
