// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"

#include <QCborMap>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// What the verbs that release have in common.
namespace coffer::cli {

struct ReleaseArguments
{
    std::vector<std::string> targets;
    std::string draft = "main";
    std::string message;
    std::vector<std::string> idcs;
    std::vector<std::string> byIdc;
    std::vector<std::string> expected;
    std::vector<std::string> canary;
    std::string to;
    std::string change;
    std::string by;
    std::string expires; ///< How long layers of hosts last: "2h".
    std::optional<std::uint64_t> yes;
    bool isUndo = false;
    bool isEach = false;
    bool isReplacement = false;
    bool isAbandoning = false;
    bool isDryRun = false;
    bool waits = false;
    double waitSeconds = 60;
};

/// What every release says.
[[nodiscard]] QCborMap releaseParams(const ReleaseArguments &arguments);
/// The options of every release.
void addReleaseOptions(CLI::App *verb, const std::shared_ptr<ReleaseArguments> &arguments);

/// What became of it, or none if it was refused; then \a code says why.
struct Done
{
    int code = ok;
    QCborMap answer{};
};

/// Calls \a method, says what it did, and waits for the hosts if that is wished.
[[nodiscard]] Task<Done> release(Console &console, ReleaseArguments arguments, QString method,
                                 QCborMap params);

} // namespace coffer::cli
