// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"

#include <QCborArray>

#include <chrono>
#include <vector>

/// The hosts as `coffer` shows and awaits them.
namespace coffer::cli {

/// Which hosts are to follow, and how long they may take.
struct FleetWish
{
    std::vector<QString> services;
    QCborArray idcs;       ///< Empty: all.
    QString release = {};  ///< Only those that this one made something for; empty: all.
    QCborArray hosts = {}; ///< The same, by name; empty: all.
    std::chrono::milliseconds limit{60'000};
    bool isOfAllServices = false; ///< Whatever the services of these hosts are.
};

/// Waits until all hosts of \a wish are healthy on what they are wanted to have. The exit code: ok,
/// or failure if one failed or the time is over; then it says which, and why.
[[nodiscard]] Task<int> awaitFleet(Console &console, FleetWish wish);

/// One line about a host's service.
void showFleetLine(Console &console, const QCborMap &row);

} // namespace coffer::cli
