// SPDX-License-Identifier: Apache-2.0
#include "rpc/error.h"

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace coffer::rpc {
namespace {

struct Row
{
    Code code;
    const char *name;
    int number;
    int httpStatus;
};

// In the order of the enumeration. Published in docs/formats/rpc.md; never changed.
constexpr std::array table = {
    Row{Code::invalidArgument, "INVALID_ARGUMENT", -32602, 400},
    Row{Code::notFound, "NOT_FOUND", -32001, 404},
    Row{Code::conflict, "CONFLICT", -32002, 409},
    Row{Code::compacted, "COMPACTED", -32003, 410},
    Row{Code::unavailable, "UNAVAILABLE", -32004, 503},
    Row{Code::unknownOutcome, "UNKNOWN_OUTCOME", -32005, 504},
    Row{Code::refused, "REFUSED", -32006, 409},
    Row{Code::denied, "DENIED", -32007, 403},
    Row{Code::unauthenticated, "UNAUTHENTICATED", -32008, 401},
    Row{Code::deadline, "DEADLINE", -32009, 504},
    Row{Code::limit, "LIMIT", -32010, 413},
    Row{Code::cancelled, "CANCELLED", -32011, 503},
    Row{Code::methodNotFound, "METHOD_NOT_FOUND", -32601, 404},
    Row{Code::invalidRequest, "INVALID_REQUEST", -32600, 400},
    Row{Code::parseError, "PARSE_ERROR", -32700, 400},
    Row{Code::internal, "INTERNAL", -32603, 500},
};

const Row &rowOf(Code code) { return table.at(std::size_t(code)); }

Code codeOf(coffer::ErrorCode code)
{
    switch (code) {
    case coffer::ErrorCode::invalid: return Code::invalidArgument;
    case coffer::ErrorCode::noSpace:
    case coffer::ErrorCode::io:
    case coffer::ErrorCode::unavailable: return Code::unavailable;
    case coffer::ErrorCode::unknown:
    case coffer::ErrorCode::syncFailed: return Code::unknownOutcome;
    case coffer::ErrorCode::refused: return Code::refused;
    case coffer::ErrorCode::notFound: return Code::notFound;
    case coffer::ErrorCode::conflict: return Code::conflict;
    case coffer::ErrorCode::compacted: return Code::compacted;
    case coffer::ErrorCode::denied: return Code::denied;
    case coffer::ErrorCode::unauthenticated: return Code::unauthenticated;
    case coffer::ErrorCode::corrupt: break;
    }
    return Code::internal;
}

} // namespace

Failure Failure::of(Code code, const QString &message)
{
    Failure failure{.code = code, .message = message};
    if (code == Code::unavailable) {
        failure.isRetryable = true;
        failure.retryAfter = std::chrono::milliseconds(100);
    }
    if (code == Code::unknownOutcome)
        failure.outcome = WriteOutcome::unknown;
    return failure;
}

Failure Failure::of(const coffer::Error &error) { return of(codeOf(error.code), error.message); }

QLatin1StringView nameOf(Code code) { return QLatin1StringView(rowOf(code).name); }

std::optional<Code> codeNamed(QStringView name)
{
    const auto row = std::find_if(table.begin(), table.end(), [name](const Row &some) {
        return name == QLatin1StringView(some.name);
    });
    return row == table.end() ? std::nullopt : std::optional(row->code);
}

int numberOf(Code code) { return rowOf(code).number; }

int httpStatusOf(Code code) { return rowOf(code).httpStatus; }

QCborMap toCbor(const Failure &failure)
{
    QCborMap data{{u"code"_s, QString(nameOf(failure.code))},
                  {u"retryable"_s, failure.isRetryable}};
    if (failure.retryAfter.count() > 0)
        data.insert(u"retryAfterMs"_s, qint64(failure.retryAfter.count()));
    if (failure.outcome != WriteOutcome::none) {
        const bool isFailed = failure.outcome == WriteOutcome::failed;
        data.insert(u"outcome"_s, isFailed ? u"failed"_s : u"unknown"_s);
    }
    if (!failure.details.isEmpty())
        data.insert(u"details"_s, failure.details);
    return {
        {u"code"_s, numberOf(failure.code)}, {u"message"_s, failure.message}, {u"data"_s, data}};
}

Failure failureFromCbor(const QCborMap &object)
{
    const QCborMap data = object.value(u"data"_s).toMap();
    Failure failure;
    failure.code = codeNamed(data.value(u"code"_s).toString()).value_or(Code::internal);
    failure.message = object.value(u"message"_s).toString();
    failure.isRetryable = data.value(u"retryable"_s).toBool();
    const qint64 wait = data.value(u"retryAfterMs"_s).toInteger();
    failure.retryAfter = std::chrono::milliseconds(std::clamp<qint64>(wait, 0, 3'600'000));
    const QString outcome = data.value(u"outcome"_s).toString();
    if (outcome == "failed"_L1)
        failure.outcome = WriteOutcome::failed;
    else if (outcome == "unknown"_L1)
        failure.outcome = WriteOutcome::unknown;
    failure.details = data.value(u"details"_s).toMap();
    return failure;
}

} // namespace coffer::rpc
