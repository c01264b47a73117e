// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QString>

#include <cstdint>
#include <optional>
#include <vector>

namespace coffer::test {

/// What one client asked of one key, when, and what it was told.
///
/// A value. Times have any unit and any origin, but one clock: see docs/formats/history.md.
struct Operation
{
    enum class Kind {
        put, ///< Sets the key to newValue.
        cas, ///< Sets the key to newValue if it holds exactly expected.
        del, ///< Removes the key.
        get  ///< Reads the key.
    };
    /// What a read was promised. Writes are always linearizable.
    enum class Mode { linearizable, session, local };
    enum class Outcome {
        ok,       ///< Done; a read found \c seen.
        mismatch, ///< cas only: the key held something other than expected; nothing was changed.
        absent,   ///< del only: there was nothing to remove; nothing was changed.
        failed,   ///< Definitely without effect, now and later.
        unknown   ///< A write may take effect at any time after the call, once, or never.
    };

    QByteArray process;
    std::uint64_t called = 0;
    std::optional<std::uint64_t> returned; ///< Empty: no answer ever came; outcome is unknown then.
    Kind kind = Kind::get;
    Mode mode = Mode::linearizable;
    QByteArray key;
    std::optional<QByteArray> expected; ///< cas: empty means that the key must be absent.
    /// What the key holds after the write. put: always set; cas: empty removes the key; del: empty.
    std::optional<QByteArray> newValue;
    Outcome outcome = Outcome::unknown;
    std::optional<QByteArray> seen; ///< An ok get: the value found; empty if the key was absent.
    /// A write that took effect: its own revision. Any other answer: the revision of the store at
    /// which it was given. Empty if the answer did not say.
    std::optional<std::uint64_t> revision;
    int line = 0; ///< Where the operation stood in a parsed file, from 1; 0 if it was not parsed.

    [[nodiscard]] bool isWrite() const { return kind != Kind::get; }
    /// A write that was acknowledged as done.
    [[nodiscard]] bool isDone() const { return isWrite() && outcome == Outcome::ok; }

    /// The line of the text format, without a newline. Canonical: parsing it gives the operation.
    [[nodiscard]] QByteArray toText() const;
    /// The rule of the format that this operation breaks, as a sentence; empty if it is sound.
    [[nodiscard]] std::optional<QString> problem() const;
};

/// A record of operations on a versioned key-value store whose keys all begin absent.
///
/// A value. The order of operations has no meaning; their times have.
class History
{
public:
    static constexpr qsizetype textBytesMax = 64 * 1024 * 1024;
    static constexpr qsizetype lineBytesMax = 64 * 1024; ///< Comments included.
    static constexpr std::size_t operationsMax = 1'000'000;
    static constexpr qsizetype processBytesMax = 64; ///< This and the next two: when decoded.
    static constexpr qsizetype keyBytesMax = 4096;
    static constexpr qsizetype valueBytesMax = 4096;
    static constexpr std::uint64_t numberMax = INT64_MAX; ///< Of times and revisions.

    /// Reads the text format. An error is \c invalid; its message names the line, where it can
    /// the field (both from 1), what was expected and what stands there.
    [[nodiscard]] static Result<History> parse(QByteArrayView text);

    /// Adds an operation, which must be without problem().
    void append(Operation operation);
    [[nodiscard]] const std::vector<Operation> &operations() const { return m_operations; }

    /// All operations in the text format, one a line, without comments.
    [[nodiscard]] QByteArray toText() const;
    /// How reports name the operation at \a index: its line, or its number from 1, and its text.
    [[nodiscard]] QString describe(std::size_t index) const;

private:
    std::vector<Operation> m_operations;
};

/// A value as the text format writes it; "absent" for none.
[[nodiscard]] QByteArray valueText(const std::optional<QByteArray> &value);

} // namespace coffer::test
