// SPDX-License-Identifier: Apache-2.0
#include "store/command.h"

#include "store/bytes_p.h"
#include "store/format_p.h"
#include "store/limits.h"
#include "store/path.h"

namespace coffer::store {

using format::CommandKind;
using format::GuardKind;
using format::OperationKind;

namespace {

/// Writes the parts of a command, one overload for each.
class Encoder
{
public:
    explicit Encoder(qsizetype expectedBytes) : m_writer(expectedBytes) {}

    void header(CommandKind kind, const std::optional<Origin> &origin)
    {
        m_writer.number(format::version);
        m_writer.number(std::uint8_t(kind));
        m_writer.number(origin ? format::commandHasOrigin : std::uint8_t(0));
        if (!origin)
            return;
        m_writer.number(origin->session.value());
        m_writer.number(origin->sequence.value());
        m_writer.number(origin->acknowledgedUpTo.value());
    }
    void operator()(const Transaction &transaction)
    {
        count(transaction.guards.size());
        count(transaction.operations.size());
        count(transaction.otherwise.size());
        for (const Guard &guard : transaction.guards)
            std::visit(*this, guard);
        for (const Operation &operation : transaction.operations)
            std::visit(*this, operation);
        for (const Operation &operation : transaction.otherwise)
            std::visit(*this, operation);
    }
    void operator()(const OpenSession &open)
    {
        m_writer.number(open.nonce);
        m_writer.number(std::uint64_t(open.timeToLive.count()));
    }
    void operator()(const CloseSession &close) { m_writer.number(close.session.value()); }
    void operator()(const EndSession &end)
    {
        m_writer.number(end.session.value());
        m_writer.number(end.tenure.value());
    }
    void operator()(const Compact &compact) { m_writer.number(compact.revision.value()); }
    void operator()(const RaiseApplyVersion &raise) { m_writer.number(raise.to); }
    void operator()(const RevisionBelow &guard)
    {
        item(GuardKind::revisionBelow, guard.path);
        m_writer.number(guard.revision.value());
    }
    void operator()(const TimeWithin &guard)
    {
        m_writer.number(std::uint8_t(GuardKind::timeWithin));
        m_writer.number(std::uint64_t(guard.time.count()));
        m_writer.number(std::uint64_t(guard.distance.count()));
    }
    void operator()(const RevisionEquals &guard)
    {
        item(GuardKind::revisionEquals, guard.path);
        m_writer.number(guard.revision.value());
    }
    void operator()(const Missing &guard) { item(GuardKind::missing, guard.path); }
    void operator()(const CreatedEquals &guard)
    {
        item(GuardKind::createdEquals, guard.path);
        m_writer.number(guard.revision.value());
    }
    void operator()(const ValueEquals &guard)
    {
        item(GuardKind::valueEquals, guard.path);
        m_writer.counted<std::uint32_t>(guard.value);
    }
    void operator()(const SessionAlive &guard)
    {
        m_writer.number(std::uint8_t(GuardKind::sessionAlive));
        m_writer.number(guard.session.value());
    }
    void operator()(const TimeReached &guard)
    {
        m_writer.number(std::uint8_t(GuardKind::timeReached));
        m_writer.number(std::uint64_t(guard.time.count()));
    }
    void operator()(const Put &put)
    {
        item(OperationKind::put, put.path);
        const bool lingers = put.linger.count() != 0;
        m_writer.number(std::uint8_t((put.isEphemeral ? format::putIsEphemeral : 0)
                                     | (lingers ? format::putLingers : 0)));
        if (lingers)
            m_writer.number(std::uint64_t(put.linger.count()));
        m_writer.counted<std::uint32_t>(put.value);
    }
    void operator()(const Delete &remove) { item(OperationKind::remove, remove.path); }
    void operator()(const DeleteTree &remove) { item(OperationKind::removeTree, remove.path); }

    [[nodiscard]] QByteArray take() { return m_writer.take(); }

private:
    void count(std::size_t count) { m_writer.number(ByteWriter::clamped<std::uint16_t>(count)); }
    template<class Kind>
    void item(Kind kind, QByteArrayView path)
    {
        m_writer.number(std::uint8_t(kind));
        m_writer.counted<std::uint16_t>(path);
    }

    ByteWriter m_writer;
};

/// Reads the parts of a command. The first broken rule is kept; everything after it fails too.
class Decoder
{
public:
    Decoder(QByteArrayView bytes, std::uint32_t applyVersion)
        : m_reader(bytes), m_applyVersion(applyVersion)
    {}

    [[nodiscard]] Result<Command> command();

private:
    [[nodiscard]] Origin origin();
    [[nodiscard]] Transaction transaction(bool hasOrigin);
    [[nodiscard]] OpenSession openSession();
    [[nodiscard]] Guard guard();
    [[nodiscard]] Operation operation(bool hasOrigin);
    [[nodiscard]] std::vector<Operation> operations(std::size_t count, bool hasOrigin);

    [[nodiscard]] QByteArray borrowed(QByteArrayView view) const
    {
        return QByteArray::fromRawData(view.data(), view.size());
    }
    [[nodiscard]] QByteArray filePath();
    [[nodiscard]] QByteArray treePath();
    [[nodiscard]] QByteArray value()
    {
        return borrowed(m_reader.counted<std::uint32_t>(limits::valueBytesMax));
    }
    /// A number that may not be 0.
    template<class Id>
    [[nodiscard]] Id id(const char *rule)
    {
        const Id read(m_reader.number<std::uint64_t>());
        require(!read.isNone(), rule);
        return read;
    }
    [[nodiscard]] std::chrono::milliseconds time();
    void require(bool holds, const char *rule)
    {
        if (holds || m_broken != nullptr)
            return;
        m_broken = m_reader.isGood() ? rule : endsEarly;
        m_reader.fail();
    }

    static constexpr const char *endsEarly = "it ends early or holds an item that is too long";

    /// A kind; one that came after the apply version is as unknown as any other number.
    template<class Kind>
    [[nodiscard]] Kind kind(const char *rule)
    {
        const auto kind = Kind(m_reader.number<std::uint8_t>());
        require(format::sinceVersion(kind) <= m_applyVersion, rule);
        return kind;
    }

    ByteReader m_reader;
    const std::uint32_t m_applyVersion;
    const char *m_broken = nullptr;
};

Result<Command> Decoder::command()
{
    require(m_reader.left() <= limits::commandBytesMax, "it is too long");
    require(m_reader.number<std::uint8_t>() == format::version, "its version is unknown");
    const auto kind = this->kind<CommandKind>("its kind is unknown");
    const auto flags = m_reader.number<std::uint8_t>();
    require((flags & ~format::commandHasOrigin) == 0, "it has an unknown flag");
    Command command;
    if ((flags & format::commandHasOrigin) != 0)
        command.origin = origin();
    switch (kind) {
    case CommandKind::transaction: command.body = transaction(command.origin.has_value()); break;
    case CommandKind::openSession: command.body = openSession(); break;
    case CommandKind::closeSession:
        command.body = CloseSession{id<SessionId>("it closes session 0")};
        break;
    case CommandKind::endSession: {
        const auto session = id<SessionId>("it ends session 0");
        command.body = EndSession{session, Slot(m_reader.number<std::uint64_t>())};
        break;
    }
    case CommandKind::compact:
        command.body = Compact{id<Revision>("it compacts to revision 0")};
        break;
    case CommandKind::raiseApplyVersion:
        require(!command.origin, "it raises the version with an origin");
        command.body = RaiseApplyVersion{m_reader.number<std::uint32_t>()};
        require(std::get<RaiseApplyVersion>(command.body).to >= 2, "it raises to version 0 or 1");
        break;
    default: require(false, "its kind is unknown");
    }
    require(m_reader.isAtEnd(), "bytes follow it");
    if (m_broken != nullptr) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("this is no command: %1").arg(QLatin1String(m_broken))};
    }
    return command;
}

Origin Decoder::origin()
{
    Origin origin;
    origin.session = id<SessionId>("its session is 0");
    origin.sequence = id<Sequence>("its sequence is 0");
    origin.acknowledgedUpTo = Sequence(m_reader.number<std::uint64_t>());
    require(origin.acknowledgedUpTo < origin.sequence, "it acknowledges its own outcome");
    return origin;
}

Transaction Decoder::transaction(bool hasOrigin)
{
    const std::size_t guards = m_reader.number<std::uint16_t>();
    const std::size_t operationCount = m_reader.number<std::uint16_t>();
    const std::size_t otherwise = m_reader.number<std::uint16_t>();
    require(guards <= limits::transactionGuardsMax, "it has too many guards");
    require(operationCount <= limits::transactionOperationsMax
                && otherwise <= limits::transactionOperationsMax,
            "it has too many operations");
    require(guards + operationCount + otherwise <= m_reader.left(), endsEarly);
    Transaction read;
    if (m_broken != nullptr)
        return read;
    read.guards.reserve(guards);
    for (std::size_t i = 0; i < guards && m_reader.isGood(); ++i)
        read.guards.push_back(guard());
    read.operations = operations(operationCount, hasOrigin);
    read.otherwise = operations(otherwise, hasOrigin);
    return read;
}

std::vector<Operation> Decoder::operations(std::size_t count, bool hasOrigin)
{
    std::vector<Operation> read;
    read.reserve(count);
    for (std::size_t i = 0; i < count && m_reader.isGood(); ++i)
        read.push_back(operation(hasOrigin));
    return read;
}

OpenSession Decoder::openSession()
{
    OpenSession open;
    open.nonce = m_reader.number<std::uint64_t>();
    open.timeToLive = time();
    require(open.timeToLive >= limits::sessionTimeToLiveMin
                && open.timeToLive <= limits::sessionTimeToLiveMax,
            "the session lives too short or too long");
    return open;
}

Guard Decoder::guard()
{
    switch (kind<GuardKind>("the kind of a guard is unknown")) {
    case GuardKind::revisionEquals: {
        QByteArray path = filePath();
        return RevisionEquals{std::move(path), id<Revision>("a guard expects revision 0")};
    }
    case GuardKind::missing: return Missing{filePath()};
    case GuardKind::createdEquals: {
        QByteArray path = filePath();
        return CreatedEquals{std::move(path), id<Revision>("a guard expects revision 0")};
    }
    case GuardKind::valueEquals: {
        QByteArray path = filePath();
        return ValueEquals{std::move(path), value()};
    }
    case GuardKind::sessionAlive: return SessionAlive{id<SessionId>("a guard names session 0")};
    case GuardKind::timeReached: return TimeReached{time()};
    case GuardKind::revisionBelow: {
        QByteArray path = filePath();
        return RevisionBelow{std::move(path), id<Revision>("a guard expects revision 0")};
    }
    case GuardKind::timeWithin: {
        const WallMs at = time();
        return TimeWithin{at, time()};
    }
    }
    require(false, "the kind of a guard is unknown");
    return {};
}

Operation Decoder::operation(bool hasOrigin)
{
    switch (kind<OperationKind>("the kind of an operation is unknown")) {
    case OperationKind::put: {
        Put put;
        put.path = filePath();
        const auto flags = m_reader.number<std::uint8_t>();
        put.isEphemeral = (flags & format::putIsEphemeral) != 0;
        require((flags & ~format::putFlags) == 0, "a put has an unknown flag");
        if ((flags & format::putLingers) != 0) {
            put.linger = time();
            require(put.isEphemeral, "a put lingers that is not ephemeral");
            require(put.linger.count() > 0 && put.linger <= limits::lingerMax,
                    "a put lingers too short or too long");
        }
        require(hasOrigin || !put.isEphemeral, "a put is ephemeral without a session");
        put.value = value();
        require(put.linger.count() == 0
                    || std::size_t(put.value.size()) <= limits::lingerValueBytesMax,
                "a put lingers with a value that is too large");
        return put;
    }
    case OperationKind::remove: return Delete{filePath()};
    case OperationKind::removeTree: return DeleteTree{treePath()};
    }
    require(false, "the kind of an operation is unknown");
    return {};
}

QByteArray Decoder::filePath()
{
    const QByteArrayView path = m_reader.counted<std::uint16_t>(limits::pathBytesMax);
    require(isFilePath(path), "a path is not /segment/segment of at most 32 segments of "
                              "1 to 255 letters, digits and .-_~@%+=:");
    return borrowed(path);
}

QByteArray Decoder::treePath()
{
    const QByteArrayView path = m_reader.counted<std::uint16_t>(limits::pathBytesMax);
    require(isTreePath(path),
            "a path is neither / nor /segment/segment of letters, digits and .-_~@%+=:");
    return borrowed(path);
}

std::chrono::milliseconds Decoder::time()
{
    const auto milliseconds = m_reader.number<std::uint64_t>();
    require(milliseconds <= std::uint64_t(INT64_MAX), "a time is too far away");
    return std::chrono::milliseconds(std::int64_t(milliseconds));
}

} // namespace

static CommandKind kindOf(const Command &command)
{
    static constexpr CommandKind kinds[] = {
        CommandKind::transaction, CommandKind::openSession, CommandKind::closeSession,
        CommandKind::endSession,  CommandKind::compact,     CommandKind::raiseApplyVersion};
    return kinds[command.body.index()];
}

static constexpr qsizetype typicalBytes = 384;

QByteArray encode(const Command &command)
{
    Encoder encoder(typicalBytes);
    encoder.header(kindOf(command), command.origin);
    std::visit(encoder, command.body);
    return encoder.take();
}

QByteArray encode(const std::optional<Origin> &origin, const Transaction &transaction)
{
    Encoder encoder(typicalBytes);
    encoder.header(CommandKind::transaction, origin);
    encoder(transaction);
    return encoder.take();
}

Result<Command> decodeCommand(QByteArrayView bytes, std::uint32_t applyVersion)
{
    return Decoder(bytes, applyVersion).command();
}

std::optional<std::uint32_t> raisedVersion(QByteArrayView bytes)
{
    if (bytes.size() < 2 || bytes[1] != char(CommandKind::raiseApplyVersion))
        return {};
    const Result<Command> command = decodeCommand(bytes);
    return command ? std::optional(std::get<RaiseApplyVersion>(command->body).to) : std::nullopt;
}

bool isRepeatable(QByteArrayView bytes)
{
    ByteReader reader(bytes);
    const auto version = reader.number<std::uint8_t>();
    const auto kind = CommandKind(reader.number<std::uint8_t>());
    const auto flags = reader.number<std::uint8_t>();
    if (!reader.isGood() || version != format::version)
        return false;
    return flags == format::commandHasOrigin || kind == CommandKind::openSession
           || kind == CommandKind::closeSession || kind == CommandKind::compact
           || kind == CommandKind::raiseApplyVersion;
}

} // namespace coffer::store
