// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QCborMap>
#include <QCborValue>
#include <QLatin1StringView>
#include <QString>

#include <tl/expected.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace coffer::rpc {

/// Why a call failed, as a program sees it. docs/formats/rpc.md has the table of names, numbers and
/// HTTP statuses; names and numbers never change.
enum class Code {
    invalidArgument, ///< INVALID_ARGUMENT: a parameter breaks its schema or a rule.
    notFound,        ///< NOT_FOUND: the named thing does not exist.
    conflict,        ///< CONFLICT: an expectation (revision, guard) did not hold.
    compacted,       ///< COMPACTED: that revision is no longer kept; details name the floor.
    unavailable,     ///< UNAVAILABLE: not now (no leader, overload); try again.
    unknownOutcome,  ///< UNKNOWN_OUTCOME: whether the write happened cannot be known.
    refused,         ///< REFUSED: a rule of the cluster forbids it (membership, fencing, quota).
    denied,          ///< DENIED: this caller may not; the sentence names the rule.
    unauthenticated, ///< UNAUTHENTICATED: no token, or one that is not known.
    deadline,        ///< DEADLINE: not done in time.
    limit,           ///< LIMIT: larger or more than a bound; the sentence names it.
    cancelled,       ///< CANCELLED: the caller, or the end of its connection, took it back.
    methodNotFound,  ///< METHOD_NOT_FOUND: no such method on this node.
    invalidRequest,  ///< INVALID_REQUEST: not a JSON-RPC 2.0 request.
    parseError,      ///< PARSE_ERROR: neither JSON nor CBOR that could be read.
    internal         ///< INTERNAL: an error of the server; it has been logged.
};

/// What became of the change that a failed call asked for.
enum class WriteOutcome {
    none,   ///< Not a write, or not said.
    failed, ///< Definitely not done, and never will be.
    unknown ///< Done or not, now or later.
};

/// A failed call: a code for programs, a sentence for people, and what to do about it. Value.
struct Failure
{
    Code code = Code::internal;
    QString message{};
    bool isRetryable = false; ///< The same call may succeed later.
    std::chrono::milliseconds retryAfter{0};
    WriteOutcome outcome = WriteOutcome::none;
    QCborMap details{}; ///< What a program may want besides: the floor, the revision found.

    /// A failure with what is usual for \a code: only UNAVAILABLE is retryable, after 100 ms;
    /// UNKNOWN_OUTCOME has the outcome unknown.
    [[nodiscard]] static Failure of(Code code, const QString &message);
    /// An error of the rooms below as callers see it.
    [[nodiscard]] static Failure of(const coffer::Error &error);
    bool operator==(const Failure &) const = default;
};

/// A value or a Failure.
template<class T>
class [[nodiscard]] Answer : public tl::expected<T, Failure>
{
public:
    using tl::expected<T, Failure>::expected;
    // NOLINTBEGIN(google-explicit-constructor): so that a function can return either.
    Answer(Failure failure) : tl::expected<T, Failure>(tl::unexpect, std::move(failure)) {}
    Answer(const coffer::Error &error) : tl::expected<T, Failure>(tl::unexpect, Failure::of(error))
    {}
    // NOLINTEND(google-explicit-constructor)
};

/// The answer of a method: any CBOR value, usually a map.
using Outcome = Answer<QCborValue>;

/// Around a byte string: a value that is encoded already (RFC 8949, 3.4.5.1). Only Call::encoded(),
/// events of subscriptions and results in the client may have it.
inline constexpr QCborTag encodedTag{24};
/// \a cbor, one well-formed item, as a value that is only to be written.
[[nodiscard]] inline QCborValue encoded(const QByteArray &cbor) { return {encodedTag, cbor}; }
/// \a value as one encoded item.
[[nodiscard]] inline QByteArray itemOf(const QCborValue &value)
{
    return value.tag() == encodedTag ? value.taggedValue().toByteArray() : value.toCbor();
}
/// \a value as one that can be looked into, for those who watch answers pass.
[[nodiscard]] inline QCborValue decoded(const QCborValue &value)
{
    return value.tag() == encodedTag ? QCborValue::fromCbor(value.taggedValue().toByteArray())
                                     : value;
}

/// "INVALID_ARGUMENT".
[[nodiscard]] QLatin1StringView nameOf(Code code);
/// The code with this name, if there is one.
[[nodiscard]] std::optional<Code> codeNamed(QStringView name);
/// The number beside it in JSON-RPC: -32602.
[[nodiscard]] int numberOf(Code code);
/// The status of an HTTP answer that carries it: 400.
[[nodiscard]] int httpStatusOf(Code code);

/// The error object of JSON-RPC: code, message, data{code, retryable, retryAfterMs, outcome,
/// details}. Members of data that say nothing are left out.
[[nodiscard]] QCborMap toCbor(const Failure &failure);
/// The way back, for clients. Never fails: what is missing or of another type is taken as INTERNAL,
/// not retryable, nothing said.
[[nodiscard]] Failure failureFromCbor(const QCborMap &object);

} // namespace coffer::rpc
