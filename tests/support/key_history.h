// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/history.h"

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace coffer::test::linearizability {

using Value = std::uint32_t; ///< An interned value of one key.
constexpr Value absentValue = 0;

/// One operation as a step of a register.
struct Step
{
    enum class Kind {
        write,  ///< Sets \c after whatever was there.
        swap,   ///< Sets \c after if \c before is there.
        look,   ///< Holds if \c before is there.
        refusal ///< Holds if anything but \c before is there.
    };

    Kind kind = Kind::look;
    Value before = absentValue;
    Value after = absentValue;
    bool isKnown = true;
    std::size_t operation = 0; ///< Index in the history.
    std::uint64_t called = 0;
    std::uint64_t returned = std::numeric_limits<std::uint64_t>::max(); ///< If known.

    [[nodiscard]] bool isWriting() const { return kind == Kind::write || kind == Kind::swap; }
    [[nodiscard]] bool isLookingAt(Value value) const
    {
        return (kind == Kind::look && before == value)
               || (kind == Kind::refusal && before != value);
    }
    /// May be linearized while the key has \a value.
    [[nodiscard]] bool isPossibleAt(Value value) const
    {
        return kind == Kind::write || (kind == Kind::swap && before == value) || isLookingAt(value);
    }
};

using StepId = std::uint32_t;

/// The operations of one key that count, in the order of their calls.
struct KeyHistory
{
    std::vector<Step> steps;
    std::vector<QByteArray> values; ///< By Value; the first stands for absent.
    std::map<QByteArray, Value> valueIds;

    Value intern(const std::optional<QByteArray> &value)
    {
        if (!value)
            return absentValue;
        const auto [it, isNew] = valueIds.try_emplace(*value, static_cast<Value>(values.size()));
        if (isNew)
            values.push_back(*value);
        return it->second;
    }
    [[nodiscard]] QString text(Value value) const
    {
        const QByteArray bytes =
            value == absentValue ? QByteArray("absent") : valueText(values[value]);
        return QString::fromLatin1(bytes);
    }
};

/// The keys of \a history with what the linearizability check has to judge: writes that did not
/// fail, and answered linearizable reads.
[[nodiscard]] std::map<QByteArray, KeyHistory> splitByKey(const History &history);

} // namespace coffer::test::linearizability
