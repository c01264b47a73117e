// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <tl/expected.hpp>

#include <utility>

namespace coffer {

/// What a caller can react to. A code exists only if somebody acts differently because of it.
enum class ErrorCode {
    invalid,        ///< The input breaks a rule; sending it again cannot help.
    corrupt,        ///< Stored bytes are damaged; the node must stop.
    io,             ///< The disk refused; nothing was made durable.
    noSpace,        ///< The disk is full; the operation can succeed later.
    syncFailed,     ///< fsync failed: what is durable is no longer known, the process must end.
    unavailable,    ///< No leader or no quorum within reach; definitely not done.
    unknown,        ///< The outcome of a write cannot be known.
    refused,        ///< A rule of the cluster forbids it (membership, limits, fencing).
    notFound,       ///< The named thing does not exist.
    conflict,       ///< It is not as the caller expected: read again, decide again.
    compacted,      ///< The revision is no longer kept: begin at a newer one.
    denied,         ///< The caller may not do that.
    unauthenticated ///< Nobody knows who the caller is: it shows a token first.
};

/// Why an operation failed: a code for the program, a sentence for people.
struct Error
{
    ErrorCode code = ErrorCode::invalid;
    QString message;

    /// The same error with \a where in front of its sentence.
    [[nodiscard]] Error in(const QString &where) const
    {
        return {code, where + QStringLiteral(": ") + message};
    }
    bool operator==(const Error &) const = default;
};

/// A value or an Error. A class rather than an alias so that ignoring it is a warning.
template<class T>
class [[nodiscard]] Result : public tl::expected<T, Error>
{
public:
    using tl::expected<T, Error>::expected;
    Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {} // NOLINT
};

} // namespace coffer
