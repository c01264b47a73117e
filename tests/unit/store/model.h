// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/answer.h"
#include "store/command.h"

#include <map>
#include <string>

namespace coffer::store::test {

/// The store once more, as naively as possible: copies, full scans, no hashes, no rows.
class Model
{
public:
    struct File
    {
        std::string value;
        std::uint64_t revision = 0;
        std::uint64_t created = 0;
        std::uint64_t owner = 0;
        bool operator==(const File &) const = default;
    };
    struct Session
    {
        std::uint64_t nonce = 0;
        std::int64_t timeToLiveMs = 0;
        std::uint64_t opened = 0;
        std::uint64_t acknowledged = 0;
        std::map<std::uint64_t, Answer> outcomes = {};
    };

    Answer apply(const Command &command);
    [[nodiscard]] Answer answer(Status status) const;

    std::map<std::string, File> files;
    std::map<std::uint64_t, Session> sessions;
    std::uint64_t revision = 0;
    std::uint64_t tenure = 0;
    std::uint64_t newestSession = 0;
    std::int64_t timeMs = 0;

private:
    Answer execute(const Command &command);
    Answer run(const Transaction &transaction, std::uint64_t session);
    Answer open(const OpenSession &open);
    Answer end(std::uint64_t session);
    [[nodiscard]] bool holds(const Guard &guard) const;
    [[nodiscard]] std::uint64_t found(const Guard &guard) const;
    bool change(const Operation &operation, std::uint64_t session);
};

} // namespace coffer::store::test
