// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/whole_number.h"
#include "pluginapi/store.h"

#include <CLI/CLI.hpp>

#include <cstdint>

namespace coffer::cli {

/// --local and --revision, as the verbs that read have them.
struct ReadFlags
{
    bool isLocal = false;
    std::uint64_t revision = 0;

    void addTo(CLI::App &verb)
    {
        verb.add_flag("--local", isLocal, "What the node has, without asking the leader");
        verb.add_option("--revision", revision, "As it was then; 0 is now")->check(wholeNumber());
    }
    [[nodiscard]] pluginapi::ReadOptions options() const
    {
        pluginapi::ReadOptions options;
        options.mode = isLocal ? pluginapi::ReadMode::local : pluginapi::ReadMode::linearizable;
        return options;
    }
    [[nodiscard]] Revision at() const { return Revision(revision); }
};

} // namespace coffer::cli
