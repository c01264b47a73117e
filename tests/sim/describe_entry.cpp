// SPDX-License-Identifier: Apache-2.0
#include "engine/codec.h"
#include "sim/ledger.h"
#include "sim/timeline.h"
#include "store/command.h"

namespace coffer::sim {

static QString text(const QByteArray &bytes) { return QString::fromUtf8(bytes.left(24)); }

static QString describe(const store::Operation &operation)
{
    if (const auto *put = std::get_if<store::Put>(&operation))
        return QStringLiteral("put %1 %2").arg(text(put->path), text(put->value));
    if (const auto *remove = std::get_if<store::Delete>(&operation))
        return QStringLiteral("delete %1").arg(text(remove->path));
    return QStringLiteral("delete a tree");
}

static QString describe(const store::Guard &guard)
{
    if (const auto *value = std::get_if<store::ValueEquals>(&guard))
        return QStringLiteral("if %1 is %2 ").arg(text(value->path), text(value->value));
    if (const auto *missing = std::get_if<store::Missing>(&guard))
        return QStringLiteral("if %1 is missing ").arg(text(missing->path));
    return QStringLiteral("if ... ");
}

static QString describeCommand(const QByteArray &bytes)
{
    const Result<store::Command> command = store::decodeCommand(bytes);
    if (!command)
        return QStringLiteral("garbage");
    QString said;
    if (command->origin)
        said = QStringLiteral("s%1#%2 ")
                   .arg(command->origin->session.value())
                   .arg(command->origin->sequence.value());
    if (std::holds_alternative<store::OpenSession>(command->body))
        return said + QStringLiteral("open a session");
    if (const auto *end = std::get_if<store::EndSession>(&command->body))
        return said + QStringLiteral("end session %1").arg(end->session.value());
    if (const auto *transaction = std::get_if<store::Transaction>(&command->body)) {
        for (const store::Guard &guard : transaction->guards)
            said += describe(guard);
        for (const store::Operation &operation : transaction->operations)
            said += describe(operation);
    }
    return said;
}

QString describeEntry(Slot slot, const consensus::Entry &entry)
{
    QString said = QStringLiteral("slot %1 is applied first:").arg(slot.value());
    switch (entry.kind) {
    case consensus::EntryKind::noOp: return said + QStringLiteral(" no-op");
    case consensus::EntryKind::leaderStart: return said + QStringLiteral(" leader-start");
    case consensus::EntryKind::reconfigure:
        said += QStringLiteral(" voters");
        for (const NodeId node : entry.members.voters)
            said += QLatin1Char(' ') + toText(node);
        said += QStringLiteral(", observers");
        for (const NodeId node : entry.members.observers)
            said += QLatin1Char(' ') + toText(node);
        return said;
    case consensus::EntryKind::commands: break;
    }
    const Result<engine::codec::Batch> batch = engine::codec::decodeBatch(entry.body);
    for (const QByteArray &command : batch ? batch->commands : std::vector<QByteArray>())
        said += QStringLiteral(" [%1]").arg(describeCommand(command));
    return said;
}

} // namespace coffer::sim
