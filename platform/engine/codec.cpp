// SPDX-License-Identifier: Apache-2.0
#include "engine/codec.h"

#include "base/check.h"
#include "engine/codec_p.h"

#include <QStringDecoder>
#include <QtEndian>

namespace coffer::engine::codec {

using consensus::EntryKind;
using storage::JournalRecord;
using storage::RecordKind;

void put(const Ballot &from, wire::Ballot &to)
{
    to.set_epoch(from.epoch.value());
    to.set_round(from.round);
    to.set_node(from.node.value());
}

void put(const consensus::MemberSet &from, wire::MemberSet &to)
{
    for (const NodeId node : from.voters)
        to.add_voters(node.value());
    for (const NodeId node : from.observers)
        to.add_observers(node.value());
}

void put(const consensus::Entry &from, wire::Entry &to)
{
    to.set_kind(static_cast<wire::EntryKind>(from.kind));
    to.set_body_bytes(static_cast<std::uint32_t>(from.body.size()));
    if (from.kind == EntryKind::reconfigure)
        put(from.members, *to.mutable_members());
}

void put(const Founding &from, wire::Founding &to)
{
    to.set_cluster(from.cluster.value());
    put(from.members, *to.mutable_members());
}

void appendHead(QByteArray &out, const google::protobuf::MessageLite &head)
{
    const std::size_t bytes = head.ByteSizeLong();
    COFFER_CHECK(bytes <= headBytesMax, "a head that no decoder takes");
    const qsizetype at = out.size();
    out.resize(at + headSizeBytes + qsizetype(bytes));
    auto *to = reinterpret_cast<std::uint8_t *>(out.data()) + at;
    qToLittleEndian(static_cast<quint32>(bytes), to);
    head.SerializeWithCachedSizesToArray(to + headSizeBytes);
}

std::string cutUtf8(const QString &text, std::size_t bytesMax)
{
    std::string bytes = text.toStdString();
    if (bytes.size() <= bytesMax)
        return bytes;
    std::size_t end = bytesMax;
    while (end > 0 && (static_cast<unsigned char>(bytes[end]) & 0xc0) == 0x80)
        --end;
    bytes.resize(end);
    return bytes;
}

Error Input::error(ErrorCode code) const
{
    const bool isContinued = *m_rule == '.' || *m_rule == ' ';
    const auto between = isContinued ? QString() : QStringLiteral(": ");
    return {code, QString::fromUtf8(m_field) + between + QString::fromUtf8(m_rule)};
}

void Input::require(bool isKept, const char *field, const char *rule)
{
    if (isKept || !isSound())
        return;
    m_field = field;
    m_rule = rule;
}

void Input::head(google::protobuf::MessageLite &to, const char *field)
{
    if (m_rest.size() < headSizeBytes)
        return require(false, field, ".head is cut off");
    const std::size_t bytes = qFromLittleEndian<quint32>(m_rest.data());
    if (bytes > headBytesMax)
        return require(false, field, ".head is larger than 64 KiB");
    m_rest = m_rest.sliced(headSizeBytes);
    if (bytes > std::size_t(m_rest.size()))
        return require(false, field, ".head is cut off");
    require(to.ParseFromArray(m_rest.data(), static_cast<int>(bytes)), field,
            ".head is not a message");
    m_rest = m_rest.sliced(qsizetype(bytes));
}

void Input::message(google::protobuf::MessageLite &to, const char *field)
{
    if (std::size_t(m_rest.size()) > headBytesMax)
        return require(false, field, " is larger than 64 KiB");
    require(to.ParseFromArray(m_rest.data(), static_cast<int>(m_rest.size())), field,
            " is not a message");
    m_rest = {};
}

QByteArray Input::take(std::size_t bytes, const char *field)
{
    require(bytes <= std::size_t(m_rest.size()), field, " is cut off");
    if (!isSound() || bytes == 0)
        return {};
    QByteArray taken(m_rest.data(), qsizetype(bytes));
    m_rest = m_rest.sliced(qsizetype(bytes));
    return taken;
}

QByteArray Input::takeRest(std::size_t bytesMax, const char *field)
{
    require(std::size_t(m_rest.size()) <= bytesMax, field, " is too large");
    return take(std::size_t(m_rest.size()), field);
}

Slot Input::slot(std::uint64_t value, const char *field)
{
    require(value != 0, field, " must be a slot");
    return Slot(value);
}

Epoch Input::epoch(std::uint64_t value, const char *field)
{
    require(value != 0, field, " must be an epoch");
    return Epoch(value);
}

Ballot ballotOf(const wire::Ballot &from)
{
    return {Epoch(from.epoch()), from.round(), NodeId(from.node())};
}

Ballot Input::ballot(const wire::Ballot &from, const char *field)
{
    require(from.epoch() != 0, field, ".epoch is missing");
    require(from.node() != 0, field, ".node is missing");
    return ballotOf(from);
}

consensus::Entry Input::entry(const wire::Entry &from, const char *field)
{
    consensus::Entry entry;
    require(wire::EntryKind_IsValid(from.kind()), field, ".kind is unknown");
    require(from.body_bytes() <= bodyBytesMax, field, ".body is too large");
    if (!isSound())
        return entry;
    entry.kind = static_cast<EntryKind>(from.kind());
    const bool isReconfigure = entry.kind == EntryKind::reconfigure;
    const bool mayHaveBody =
        entry.kind == EntryKind::commands || entry.kind == EntryKind::leaderStart;
    require(from.body_bytes() == 0 || mayHaveBody, field, ".body belongs to commands");
    require(from.has_members() == isReconfigure, field, ".members belong to reconfigure");
    entry.body = take(from.body_bytes(), field);
    if (isReconfigure)
        entry.members = members(from.members(), field);
    return entry;
}

consensus::MemberSet Input::members(const wire::MemberSet &from, const char *field)
{
    consensus::MemberSet members;
    const std::size_t count = std::size_t(from.voters_size()) + std::size_t(from.observers_size());
    require(count <= limits::membersMax, field, ".members are more than 64");
    if (!isSound())
        return members;
    for (const std::uint64_t node : from.voters())
        members.voters.emplace_back(node);
    for (const std::uint64_t node : from.observers())
        members.observers.emplace_back(node);
    const char *fault = members.fault();
    require(fault == nullptr, field, fault);
    return members;
}

Founding Input::founding(const wire::Founding &from, const char *field)
{
    require(from.cluster() != 0, field, ".cluster is missing");
    return {ClusterId(from.cluster()), members(from.members(), field)};
}

QString Input::text(const std::string &utf8, std::size_t bytesMax, const char *field)
{
    require(utf8.size() <= bytesMax, field, " is too long");
    if (!isSound())
        return {};
    // Without the flag a leading U+FEFF would vanish.
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom
                                                     | QStringDecoder::Flag::Stateless);
    const QString text = decoder(QByteArrayView(utf8.data(), qsizetype(utf8.size())));
    require(!decoder.hasError(), field, " is not UTF-8");
    return text;
}

QByteArray encodeBatch(const Batch &batch)
{
    wire::BatchHead head;
    head.set_stamp_ms(batch.stamp.count());
    head.mutable_command_bytes()->Reserve(static_cast<int>(batch.commands.size()));
    qsizetype bytes = 0;
    for (const QByteArray &command : batch.commands) {
        head.add_command_bytes(static_cast<std::uint32_t>(command.size()));
        bytes += command.size();
    }
    QByteArray out;
    out.reserve(headSizeBytes + qsizetype(head.ByteSizeLong()) + bytes);
    appendHead(out, head);
    for (const QByteArray &command : batch.commands)
        out.append(command);
    return out;
}

Result<Batch> decodeBatch(const QByteArray &bytes)
{
    Input in(bytes);
    wire::BatchHead head;
    in.head(head, "batch");
    const auto count = std::size_t(head.command_bytes_size());
    in.require(count <= limits::batchCommandsMax, "batch.commands", " are more than 1024");
    const std::size_t bytesMax = count == 1 ? limits::commandBytesMax : limits::batchBytesMax;
    in.require(std::size_t(in.bytesLeft()) <= bytesMax, "batch.commands", " are too large");
    if (!in.isSound())
        return in.error();
    Batch batch{WallMs(head.stamp_ms()), {}};
    batch.commands.reserve(count);
    for (const std::uint32_t commandBytes : head.command_bytes())
        batch.commands.push_back(in.take(commandBytes, "batch.commands"));
    in.requireEnd("batch.commands");
    if (!in.isSound())
        return in.error();
    return batch;
}

/// The payload of a vote or chosen record.
static QByteArray entryPayload(const consensus::Entry &entry)
{
    wire::Entry head;
    put(entry, head);
    QByteArray out;
    out.reserve(headSizeBytes + qsizetype(head.ByteSizeLong()) + entry.body.size());
    appendHead(out, head);
    out.append(entry.body);
    return out;
}

static JournalRecord journalRecord(const consensus::PromiseRecord &record)
{
    return {RecordKind::promise, Slot(), record.ballot, {}};
}

static JournalRecord journalRecord(const consensus::VoteRecord &record)
{
    return {RecordKind::vote, record.slot, record.ballot, entryPayload(record.entry)};
}

static JournalRecord journalRecord(const consensus::ChosenRecord &record)
{
    return {RecordKind::chosen, record.slot, Ballot(), entryPayload(record.entry)};
}

static JournalRecord journalRecord(const consensus::ChosenUpToRecord &record)
{
    return {RecordKind::chosenUpTo, record.slot, Ballot(), {}};
}

JournalRecord toJournal(const consensus::Record &record)
{
    return std::visit([](const auto &known) { return journalRecord(known); }, record);
}

Result<consensus::Record> fromJournal(const JournalRecord &record)
{
    Input in(record.payload);
    wire::Entry head;
    consensus::Record value;
    const bool hasEntry = record.kind == RecordKind::vote || record.kind == RecordKind::chosen;
    const bool hasBallot = record.kind == RecordKind::promise || record.kind == RecordKind::vote;
    in.require(hasBallot || record.ballot == Ballot(), "record.ballot", " must be none");
    in.require(!hasEntry || !record.slot.isNone(), "record.slot", " is missing");
    if (hasEntry)
        in.head(head, "record.payload");
    switch (record.kind) {
    case RecordKind::promise:
        in.require(record.slot.isNone(), "promise.slot", " must be 0");
        value = consensus::PromiseRecord{record.ballot};
        break;
    case RecordKind::vote:
        in.require(!record.ballot.epoch.isNone(), "vote.ballot", ".epoch is missing");
        in.require(!record.ballot.isNone(), "vote.ballot", ".node is missing");
        value = consensus::VoteRecord{record.slot, record.ballot, in.entry(head, "vote.entry")};
        break;
    case RecordKind::chosen:
        value = consensus::ChosenRecord{record.slot, in.entry(head, "chosen.entry")};
        break;
    case RecordKind::chosenUpTo: value = consensus::ChosenUpToRecord{record.slot}; break;
    default: in.require(false, "record.kind", " is not one of consensus"); break;
    }
    in.requireEnd("record.payload");
    if (!in.isSound())
        return in.error(ErrorCode::corrupt);
    return value;
}

static QByteArray serialized(const google::protobuf::MessageLite &message)
{
    QByteArray out(qsizetype(message.ByteSizeLong()), Qt::Uninitialized);
    message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t *>(out.data()));
    return out;
}

JournalRecord foundingRecord(const Founding &founding)
{
    wire::Founding message;
    put(founding, message);
    return {RecordKind::founding, Slot(), Ballot(), serialized(message)};
}

Result<Founding> decodeFounding(const JournalRecord &record)
{
    Input in(record.payload);
    in.require(record.kind == RecordKind::founding, "record.kind", " is not founding");
    in.require(record.slot.isNone(), "founding.slot", " must be 0");
    in.require(record.ballot == Ballot(), "founding.ballot", " must be none");
    wire::Founding message;
    in.message(message, "founding");
    Founding founding = in.founding(message, "founding");
    if (!in.isSound())
        return in.error(ErrorCode::corrupt);
    return founding;
}

QByteArray encodeConfiguration(const consensus::Configuration &configuration)
{
    wire::Configuration message;
    message.set_epoch(configuration.epoch.value());
    message.set_first_slot(configuration.firstSlot.value());
    put(configuration.members, *message.mutable_members());
    return serialized(message);
}

Result<consensus::Configuration> decodeConfiguration(const QByteArray &bytes)
{
    Input in(bytes);
    wire::Configuration message;
    in.message(message, "configuration");
    consensus::Configuration configuration{
        in.epoch(message.epoch(), "configuration.epoch"),
        in.slot(message.first_slot(), "configuration.first_slot"),
        in.members(message.members(), "configuration")};
    if (!in.isSound())
        return in.error();
    return configuration;
}

} // namespace coffer::engine::codec
