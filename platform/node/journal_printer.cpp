// SPDX-License-Identifier: Apache-2.0
#include "node/journal_printer.h"

#include "engine/codec.h"

#include <array>
#include <utility>

namespace coffer::node {

using namespace storage;

static constexpr std::array<std::pair<RecordKind, const char *>, 7> kindNames{{
    {RecordKind::founding, "founding"},
    {RecordKind::promise, "promise"},
    {RecordKind::vote, "vote"},
    {RecordKind::chosen, "chosen"},
    {RecordKind::chosenUpTo, "chosenUpTo"},
    {RecordKind::install, "install"},
    {RecordKind::fenced, "fenced"},
}};

static QString hex(std::uint64_t number) { return QString::number(number, 16); }

static QString listOf(const std::vector<NodeId> &nodes)
{
    QStringList names;
    for (const NodeId node : nodes)
        names.append(hex(node.value()));
    return names.isEmpty() ? QStringLiteral("none") : names.join(QLatin1Char(' '));
}

static QString describe(const consensus::MemberSet &members)
{
    return QStringLiteral("voters %1, observers %2")
        .arg(listOf(members.voters), listOf(members.observers));
}

static QString describe(const consensus::Entry &entry)
{
    switch (entry.kind) {
    case consensus::EntryKind::noOp: return QStringLiteral("no-op");
    case consensus::EntryKind::leaderStart:
        return QStringLiteral("leader start %1").arg(QString::fromUtf8(entry.body));
    case consensus::EntryKind::reconfigure:
        return QStringLiteral("stop-sign: %1").arg(describe(entry.members));
    case consensus::EntryKind::commands: break;
    }
    const auto batch = engine::codec::decodeBatch(entry.body);
    if (!batch)
        return QStringLiteral("commands that cannot be read: %1").arg(batch.error().message);
    return QStringLiteral("commands: %1 in %2 bytes, stamp %3 ms")
        .arg(batch->commands.size())
        .arg(entry.body.size())
        .arg(batch->stamp.count());
}

static QString describePayload(const JournalRecord &record)
{
    if (record.kind == RecordKind::founding) {
        const auto founding = engine::codec::decodeFounding(record);
        return founding ? QStringLiteral("cluster %1, %2")
                              .arg(hex(founding->cluster.value()), describe(founding->members))
                        : founding.error().message;
    }
    if (record.kind == RecordKind::install)
        return QStringLiteral("generation %1").arg(QString::fromUtf8(record.payload));
    if (record.kind != RecordKind::vote && record.kind != RecordKind::chosen)
        return {};
    const auto decoded = engine::codec::fromJournal(record);
    if (!decoded)
        return QStringLiteral("%1 bytes that cannot be read: %2")
            .arg(record.payload.size())
            .arg(decoded.error().message);
    if (const auto *vote = std::get_if<consensus::VoteRecord>(&*decoded))
        return describe(vote->entry);
    if (const auto *chosen = std::get_if<consensus::ChosenRecord>(&*decoded))
        return describe(chosen->entry);
    return {};
}

JournalPrinter::JournalPrinter(Options options, Print print)
    : m_options(std::move(options)), m_print(std::move(print))
{}

QString JournalPrinter::nameOf(RecordKind kind)
{
    for (const auto &[known, name] : kindNames) {
        if (known == kind)
            return QLatin1String(name);
    }
    return QString::number(int(kind));
}

std::optional<RecordKind> JournalPrinter::kindOf(const QString &name)
{
    for (const auto &[kind, known] : kindNames) {
        if (name == QLatin1String(known))
            return kind;
    }
    return std::nullopt;
}

QString JournalPrinter::line(const JournalReader::Placed &placed)
{
    const JournalRecord &record = placed.record;
    const QString gap = QStringLiteral("  ");
    QString text = QString::number(placed.lsn) + gap
                   + QStringLiteral("segment %1 at %2").arg(placed.segment).arg(placed.offset) + gap
                   + nameOf(record.kind);
    if (!record.slot.isNone())
        text += gap + QStringLiteral("slot %1").arg(record.slot.value());
    if (record.ballot != Ballot())
        text += gap
                + QStringLiteral("ballot %1.%2.%3")
                      .arg(record.ballot.epoch.value())
                      .arg(record.ballot.round)
                      .arg(hex(record.ballot.node.value()));
    const QString payload = describePayload(record);
    return payload.isEmpty() ? text : text + gap + payload;
}

bool JournalPrinter::isWanted(const JournalRecord &record) const
{
    if (!m_options.kinds.empty() && !m_options.kinds.contains(record.kind))
        return false;
    if (!m_options.from && !m_options.to)
        return true;
    return !record.slot.isNone() && record.slot >= m_options.from.value_or(Slot())
           && (!m_options.to || record.slot <= *m_options.to);
}

Result<void> JournalPrinter::print(FileSystem &files)
{
    std::uint64_t shown = 0;
    const auto visit = [&](const JournalReader::Placed &placed) -> Result<void> {
        if (!isWanted(placed.record))
            return {};
        ++shown;
        m_print(line(placed));
        if (m_options.isRaw && !placed.record.payload.isEmpty())
            m_print(QStringLiteral("    ") + QString::fromLatin1(placed.record.payload.toHex()));
        return {};
    };
    const auto end = JournalReader(files, {}).read(visit);
    if (!end)
        return end.error();
    if (end->segments.empty()) {
        m_print(QStringLiteral("There is no journal yet."));
        return {};
    }
    m_print(QStringLiteral("Whole. Node %1, cluster %2, segments %3 to %4, %5 records shown; the "
                           "last one is %6, durable for certain are those up to %7.")
                .arg(hex(end->node.value()), hex(end->cluster.value()))
                .arg(end->segments.front().number)
                .arg(end->segments.back().number)
                .arg(shown)
                .arg(end->nextLsn - 1)
                .arg(end->syncedUpTo));
    if (end->tailEnd > end->tailFrom)
        m_print(
            QStringLiteral("Behind the end stand %1 bytes of an unfinished write; the node will "
                           "remove them when it starts.")
                .arg(end->tailEnd - end->tailFrom));
    return {};
}

} // namespace coffer::node
