// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <cstdint>

namespace coffer::sim {

/// A property that does not hold. Thrown where it is noticed and caught where the seed is run:
/// nothing after a broken promise is worth simulating.
struct Finding
{
    QString property; ///< "P1" to "P20", "check" (an invariant in the code), "history", ...
    QString message;
};

/// Thrown through a node's blocking work: the machine went down in the middle of it.
struct MachineDown
{};

[[noreturn]] inline void report(const char *property, const QString &message)
{
    throw Finding{QString::fromLatin1(property), message};
}

} // namespace coffer::sim
