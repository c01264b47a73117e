// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/switcher.h"

namespace coffer::agent {

/// Where, and how, versions of a service are put on this host. Value.
struct Place
{
    QByteArray destination = {};
    Target::Style style = Target::Style::directory;
    bool operator==(const Place &) const = default;
};

/// A switch that has begun and is not yet confirmed: all that is needed to undo it. Value.
struct Intent
{
    Generation to;
    Place place = {}; ///< Where it began: the target may name another one by now.
    // directory
    QByteArray directory = {};   ///< The name below DEST that `current` is to have.
    bool isDirectoryNew = false; ///< It was made for this switch.
    QByteArray linkBefore = {};  ///< What `current` named; "" if there was none.
    // files
    struct Step
    {
        enum class Kind { add, replace, remove };
        Kind kind = Kind::add;
        QByteArray path;
        bool operator==(const Step &) const = default;
    };
    std::vector<Step> steps = {};
    std::vector<QByteArray> directories = {}; ///< To be made, outermost first.
    bool operator==(const Intent &) const = default;
};

/// A generation, and where it lies.
struct Kept
{
    Generation generation;
    QByteArray directory = {}; ///< Below DEST; directory targets only.
    bool operator==(const Kept &) const = default;
};

/// All that the agent knows of one service: STATE/<service>/record. Value.
struct Record
{
    std::vector<Kept> kept = {}; ///< Newest first; the first is applied.
    Place place = {};            ///< Where that lies, and what the two lists below name.
    std::optional<Intent> intent = {};
    bool owesReload = false;
    std::optional<WallMs> heldUntil = {};
    std::vector<QByteArray> directories = {}; ///< Below DEST, made by us, outermost first.
    std::vector<QByteArray> trash = {};       ///< Below DEST: generations to remove.
    bool operator==(const Record &) const = default;
};

inline constexpr std::uint64_t recordBytesMax = std::uint64_t(32) << 20;

/// JSON, a line with its SHA-256 after it.
[[nodiscard]] QByteArray encode(const Record &record);
/// `corrupt` if it is not exactly what encode() gives.
[[nodiscard]] Result<Record> decodeRecord(const QByteArray &bytes);

/// The last record of \a log, in which one comes after the other. What was not written to its end
/// is left out. `corrupt` if no record is whole.
struct LastRecord
{
    Record record;
    bool isAtEnd = false; ///< Nothing comes after it.
};
[[nodiscard]] Result<LastRecord> decodeLast(const QByteArray &log);

} // namespace coffer::agent
