// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The constants of docs/formats/commands.md. They are in the log and in checkpoints, and never
/// change their meaning.
namespace coffer::store::format {

inline constexpr std::uint8_t version = 1; ///< Of commands, answers, questions and replies.

enum class CommandKind : std::uint8_t {
    transaction = 1,
    openSession = 2,
    closeSession = 3,
    endSession = 4
};
inline constexpr std::uint8_t commandHasOrigin = 0x01;

enum class GuardKind : std::uint8_t {
    revisionEquals = 1,
    missing = 2,
    createdEquals = 3,
    valueEquals = 4,
    sessionAlive = 5,
    timeReached = 6
};

enum class OperationKind : std::uint8_t { put = 1, remove = 2, removeTree = 3 };
inline constexpr std::uint8_t putIsEphemeral = 0x01;

inline constexpr std::uint8_t answerIsChanged = 0x01;
inline constexpr std::uint8_t answerHasGuard = 0x02;
inline constexpr std::uint8_t answerFlags = 0x03;

enum class QuestionKind : std::uint8_t { get = 1, list = 2, session = 3, revision = 4 };

inline constexpr std::uint8_t replyIsValid = 0x01;
inline constexpr std::uint8_t replyHasMore = 0x02;
inline constexpr std::uint8_t replySessionLives = 0x04;
inline constexpr std::uint8_t replyFlags = 0x07;

} // namespace coffer::store::format
