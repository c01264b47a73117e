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
    endSession = 4,
    compact = 5,
    raiseApplyVersion = 6
};
inline constexpr std::uint8_t commandHasOrigin = 0x01;

enum class GuardKind : std::uint8_t {
    revisionEquals = 1,
    missing = 2,
    createdEquals = 3,
    valueEquals = 4,
    sessionAlive = 5,
    timeReached = 6,
    revisionBelow = 7,
    timeWithin = 8
};

enum class OperationKind : std::uint8_t { put = 1, remove = 2, removeTree = 3 };
inline constexpr std::uint8_t putIsEphemeral = 0x01;
inline constexpr std::uint8_t putLingers = 0x02;
inline constexpr std::uint8_t putFlags = 0x03;

/// The apply version from which on a kind has a meaning; before, it is unknown. A kind that a later
/// build adds gets the next version here, and applyVersionNewest becomes that.
[[nodiscard]] constexpr std::uint32_t sinceVersion(CommandKind) { return 1; }
[[nodiscard]] constexpr std::uint32_t sinceVersion(GuardKind) { return 1; }
[[nodiscard]] constexpr std::uint32_t sinceVersion(OperationKind) { return 1; }

inline constexpr std::uint8_t answerIsChanged = 0x01;
inline constexpr std::uint8_t answerHasGuard = 0x02;
inline constexpr std::uint8_t answerHasOperation = 0x04;
inline constexpr std::uint8_t answerFlags = 0x07;

inline constexpr std::uint8_t versionIsDeleted = 0x01;
inline constexpr std::uint8_t versionIsHeld = 0x02;
inline constexpr std::uint8_t versionFlags = 0x03;

enum class QuestionKind : std::uint8_t {
    get = 1,
    list = 2,
    session = 3,
    store = 4,
    range = 5,
    match = 6,
    entries = 7,
    stat = 8,
    sessions = 9
};

inline constexpr std::uint8_t replyHasMore = 0x01;
inline constexpr std::uint8_t replySessionLives = 0x02;
inline constexpr std::uint8_t replyHasState = 0x04;
inline constexpr std::uint8_t replyFlags = 0x07;

inline constexpr std::uint8_t fileIsHeld = 0x01;
inline constexpr std::uint8_t fileLacksValue = 0x02;
inline constexpr std::uint8_t fileFlags = 0x03;

} // namespace coffer::store::format
