// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "pluginapi/store_cbor.h"
#include "pluginapi/store_cbor_p.h"

namespace coffer::pluginapi {

using namespace store;

namespace {

// The order of the alternatives of store::Guard and store::Operation.
constexpr std::array guardNames{"revisionEquals", "missing",     "createdEquals", "valueEquals",
                                "sessionAlive",   "timeReached", "revisionBelow", "timeWithin"};
static_assert(guardNames.size() == std::variant_size_v<Guard>);
constexpr std::array operationNames{"put", "delete", "deleteTree"};
static_assert(operationNames.size() == std::variant_size_v<Operation>);

constexpr Names<Status, 15> statusNames{{{Status::ok, "ok"},
                                         {Status::guardFailed, "guardFailed"},
                                         {Status::invalid, "invalid"},
                                         {Status::sessionGone, "sessionGone"},
                                         {Status::sequenceOld, "sequenceOld"},
                                         {Status::sequenceAhead, "sequenceAhead"},
                                         {Status::voided, "voided"},
                                         {Status::limitReached, "limitReached"},
                                         {Status::nonceTaken, "nonceTaken"},
                                         {Status::notDirectory, "notDirectory"},
                                         {Status::isDirectory, "isDirectory"},
                                         {Status::quotaExceeded, "quotaExceeded"},
                                         {Status::floorNotRaised, "floorNotRaised"},
                                         {Status::revisionAhead, "revisionAhead"},
                                         {Status::versionNotNext, "versionNotNext"}}};

template<class... Visitors>
struct Overloaded : Visitors...
{
    using Visitors::operator()...;
};
template<class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

QByteArray written(const Guard &guard)
{
    cbor::MapWriter map;
    map.text("if", guardNames[guard.index()]);
    const auto path = [&map](const auto &of) { map.text("path", of.path); };
    const auto withRevision = [&map, path](const auto &of) {
        path(of);
        writeNumber(map, "revision", of.revision);
    };
    std::visit(Overloaded{[&](const RevisionEquals &of) { withRevision(of); },
                          [&](const Missing &of) { path(of); },
                          [&](const CreatedEquals &of) { withRevision(of); },
                          [&](const ValueEquals &of) {
                              path(of);
                              map.bytes("value", of.value);
                          },
                          [&](const SessionAlive &of) { writeId(map, "session", of.session); },
                          [&](const TimeReached &of) { writeNumber(map, "timeMs", of.time); },
                          [&](const RevisionBelow &of) { withRevision(of); },
                          [&](const TimeWithin &of) {
                              writeNumber(map, "timeMs", of.time);
                              writeNumber(map, "distanceMs", of.distance);
                          }},
               guard);
    return map.take();
}

QByteArray written(const Operation &operation)
{
    cbor::MapWriter map;
    map.text("do", operationNames[operation.index()]);
    std::visit([&map](const auto &of) { map.text("path", of.path); }, operation);
    if (const Put *put = std::get_if<Put>(&operation)) {
        map.bytes("value", put->value);
        if (put->isEphemeral)
            map.flag("ephemeral", true);
        if (put->linger.count() != 0)
            writeNumber(map, "lingerMs", put->linger);
    }
    return map.take();
}

/// The index of the name that \a member has; 0 after a fault.
template<std::size_t count>
std::size_t indexOf(CborFields &fields, const char *member,
                    const std::array<const char *, count> &names)
{
    fields.require(member);
    const QByteArray text = fields.text(member, 64);
    for (std::size_t index = 0; index < count; ++index) {
        if (text == names[index])
            return index;
    }
    QStringList all;
    for (const char *name : names)
        all.append(QLatin1String(name));
    fields.fail(member, QStringLiteral("has to be one of ") + all.join(QStringLiteral(", ")));
    return 0;
}

Guard guardOf(CborFields &fields)
{
    const auto revision = [&fields] { return Revision(fields.number("revision")); };
    switch (indexOf(fields, "if", guardNames)) {
    case 0: return RevisionEquals{pathOf(fields, "path"), revision()};
    case 1: return Missing{pathOf(fields, "path")};
    case 2: return CreatedEquals{pathOf(fields, "path"), revision()};
    case 3:
        return ValueEquals{pathOf(fields, "path"), fields.bytes("value", limits::valueBytesMax)};
    case 4: return SessionAlive{SessionId(fields.number("session"))};
    case 5: return TimeReached{millisecondsOf(fields, "timeMs")};
    case 6: return RevisionBelow{pathOf(fields, "path"), revision()};
    default:
        return TimeWithin{millisecondsOf(fields, "timeMs"), millisecondsOf(fields, "distanceMs")};
    }
}

Put putOf(CborFields &fields)
{
    Put put;
    fields.require("path");
    fields.require("value");
    put.path = pathOf(fields, "path");
    put.value = fields.bytes("value", limits::valueBytesMax);
    put.isEphemeral = fields.flag("ephemeral");
    put.linger = millisecondsOf(fields, "lingerMs");
    return put;
}

Operation operationOf(CborFields &fields)
{
    switch (indexOf(fields, "do", operationNames)) {
    case 0: return putOf(fields);
    case 1: return Delete{pathOf(fields, "path")};
    default: return DeleteTree{pathOf(fields, "path")};
    }
}

CommitOptions originOf(CborFields &fields)
{
    if (!fields.has("session") && !fields.has("sequence") && !fields.has("acknowledgedUpTo"))
        return {};
    fields.require("session");
    fields.require("sequence");
    Origin origin;
    origin.session = SessionId(fields.number("session"));
    origin.sequence = Sequence(fields.number("sequence"));
    origin.acknowledgedUpTo = Sequence(fields.number("acknowledgedUpTo"));
    return {origin};
}

void writeOrigin(cbor::MapWriter &map, const CommitOptions &options)
{
    if (!options.origin)
        return;
    writeNumber(map, "session", options.origin->session);
    writeNumber(map, "sequence", options.origin->sequence);
    writeId(map, "acknowledgedUpTo", options.origin->acknowledgedUpTo);
}

/// What the log would refuse is refused here, with its reason.
Result<CommitCall> checked(CommitCall call, CborFields &fields)
{
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    call.command = encode(call.options.origin, call.transaction);
    const qsizetype bytes = call.command.size();
    if (std::size_t(bytes) > limits::commandBytesMax) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("the transaction has %1 bytes, %2 are allowed; split it")
                         .arg(bytes)
                         .arg(limits::commandBytesMax)};
    }
    if (const Result<Command> command = decodeCommand(call.command); !command)
        return command.error();
    return call;
}

void guardExpected(CommitCall &call, CborFields &fields, const QByteArray &path)
{
    if (fields.has("expected")) {
        const Revision revision(fields.number("expected"));
        call.transaction.guards.push_back(expectedRevision(path, revision));
    }
}

} // namespace

QLatin1String nameOf(Status status) { return nameIn(statusNames, status); }

QByteArray writeCbor(const Transaction &transaction, const CommitOptions &options)
{
    cbor::MapWriter map;
    const auto write = [](const auto &item) { return written(item); };
    writeItems(map, "guards", transaction.guards, write);
    writeItems(map, "operations", transaction.operations, write);
    writeItems(map, "otherwise", transaction.otherwise, write);
    writeOrigin(map, options);
    return map.take();
}

QCborMap toCbor(const Transaction &transaction, const CommitOptions &options)
{
    return valuesOf(writeCbor(transaction, options));
}

Result<CommitCall> commitCall(const CborSource &params)
{
    CborFields fields(params.bytes());
    CommitCall call;
    call.transaction.guards =
        itemsOf<Guard>(fields, "guards", limits::transactionGuardsMax, guardOf);
    call.transaction.operations =
        itemsOf<Operation>(fields, "operations", limits::transactionOperationsMax, operationOf);
    call.transaction.otherwise =
        itemsOf<Operation>(fields, "otherwise", limits::transactionOperationsMax, operationOf);
    call.options = originOf(fields);
    return checked(std::move(call), fields);
}

Result<CommitCall> putCall(const CborSource &params)
{
    CborFields fields(params.bytes());
    CommitCall call;
    Put put = putOf(fields);
    guardExpected(call, fields, put.path);
    call.transaction.operations.push_back(std::move(put));
    call.options = originOf(fields);
    return checked(std::move(call), fields);
}

Result<CommitCall> deleteCall(const CborSource &params)
{
    CborFields fields(params.bytes());
    CommitCall call;
    fields.require("path");
    const QByteArray path = pathOf(fields, "path");
    guardExpected(call, fields, path);
    if (fields.flag("tree"))
        call.transaction.operations.push_back(DeleteTree{path});
    else
        call.transaction.operations.push_back(Delete{path});
    call.options = originOf(fields);
    return checked(std::move(call), fields);
}

QByteArray writeCbor(const Answer &answer)
{
    cbor::MapWriter map;
    writeName(map, "status", nameOf(answer.status));
    map.flag("changed", answer.isChanged);
    writeNumber(map, "revision", answer.revision);
    if (answer.failedGuard)
        map.number("failedGuard", *answer.failedGuard);
    if (answer.failedOperation)
        map.number("failedOperation", *answer.failedOperation);
    if (answer.failedGuard || answer.found != 0)
        map.number("found", std::int64_t(answer.found));
    writeId(map, "session", answer.session);
    return map.take();
}

QCborMap toCbor(const Answer &answer) { return valuesOf(writeCbor(answer)); }

Result<Answer> answerFromCbor(const CborSource &map)
{
    CborFields fields(map.bytes());
    Answer answer;
    fields.require("status");
    answer.status = kindOf(fields, "status", statusNames);
    answer.isChanged = fields.flag("changed");
    answer.revision = Revision(fields.number("revision"));
    if (fields.has("failedGuard"))
        answer.failedGuard = std::uint16_t(fields.number("failedGuard", UINT16_MAX));
    if (fields.has("failedOperation"))
        answer.failedOperation = std::uint16_t(fields.number("failedOperation", UINT16_MAX));
    answer.found = fields.number("found");
    answer.session = SessionId(fields.number("session"));
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return answer;
}

} // namespace coffer::pluginapi
