// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"
#include "bench/stopwatch.h"
#include "bench/watch_benches.h"
#include "store/watches.h"

#include <utility>

namespace coffer::bench {

namespace {

/// Writes to 10,000 paths in turn; every revision has one change. It keeps none: each is made
/// when it is read, at no cost that is worth mentioning.
class Writes final : public store::ChangeSource
{
public:
    Writes()
    {
        for (int i = 0; i < 10'000; ++i)
            m_paths.push_back("/bench/dir" + QByteArray::number(i % 100) + "/file"
                              + QByteArray::number(i));
    }
    void write() { m_revision = m_revision.next(); }
    [[nodiscard]] Revision compacted() const override { return Revision(); }
    [[nodiscard]] Revision revision() const override { return m_revision; }
    void visitChanges(Revision from,
                      const std::function<bool(const store::ChangeView &)> &visit) const override
    {
        for (Revision at = from; at <= m_revision; at = at.next()) {
            store::FileVersion now = m_version;
            now.revision = at;
            now.created = at;
            const QByteArray &path = m_paths[at.value() * 7919 % m_paths.size()];
            if (!visit({at, path, &now, nullptr}))
                return;
        }
    }
    [[nodiscard]] const QByteArray &path(std::size_t at) const { return m_paths[at]; }

private:
    std::vector<QByteArray> m_paths;
    Revision m_revision;
    store::FileVersion m_version{{}, {}, {}, {}, QByteArray(256, 'v')};
};

struct WatchCase
{
    QString name;
    std::size_t watches = 10'000;
    QByteArray (*patternOf)(const Writes &writes, std::size_t watch);
    std::size_t writes = 200'000;
};

} // namespace

static const QString group = QStringLiteral("watches");
static constexpr const char *explanation =
    "Puts of 256 bytes to 10,000 files in 100 folders, in turn. Waiting: what one write costs for\n"
    "looking who waits for it; nobody does, unless told. Ready: its events are read as well.";

static QByteArray number(std::size_t value) { return QByteArray::number(qulonglong(value)); }

static std::vector<WatchCase> watchCases()
{
    const auto others = [](const Writes &, std::size_t i) { return "/other/file" + number(i); };
    const auto trees = [](const Writes &, std::size_t i) { return "/other" + number(i) + "/**"; };
    const auto siblings = [](const Writes &writes, std::size_t i) {
        return writes.path(i) + "-lock";
    };
    const auto below = [](const Writes &writes, std::size_t i) { return writes.path(i) + "/**"; };
    const auto crowd = [](const Writes &, std::size_t i) { return "/bench/*/other" + number(i); };
    const auto exact = [](const Writes &writes, std::size_t i) { return writes.path(i); };
    const auto all = [](const Writes &, std::size_t) { return QByteArray("/bench/**"); };
    return {
        {QStringLiteral("waiting, none"), 0, others},
        {QStringLiteral("waiting, one elsewhere"), 1, others},
        {QStringLiteral("waiting, 10,000 files elsewhere"), 10'000, others},
        {QStringLiteral("waiting, 10,000 trees elsewhere"), 10'000, trees},
        {QStringLiteral("waiting, 10,000 files next to those written"), 10'000, siblings},
        {QStringLiteral("waiting, 10,000 trees below those written"), 10'000, below},
        {QStringLiteral("waiting, 1,000 patterns in one tree"), 1'000, crowd, 5'000},
        {QStringLiteral("ready, 10,000 files, one an event"), 10'000, exact},
        {QStringLiteral("ready, 100 of the same tree"), 100, all, 5'000},
    };
}

static void readReady(store::Watches &watches)
{
    for (const store::WatchId id : watches.takeReady(1'000))
        static_cast<void>(watches.next(id));
}

static void runOnce(const WatchCase &some, Case &measured)
{
    Writes writes;
    const std::uint64_t before = allocationsSoFar().count;
    store::Watches watches(writes);
    for (std::size_t i = 0; i < some.watches; ++i) {
        const store::Glob glob = *store::Glob::parse(some.patternOf(writes, i));
        static_cast<void>(watches.add({.glob = glob, .from = Revision(1)}));
    }
    const std::uint64_t added = allocationsSoFar().count;
    const double ns = nanosecondsPerCall(some.writes, [&](std::size_t) {
        writes.write();
        watches.noteChanges();
        if (watches.hasReady())
            readReady(watches);
    });
    measured.add(QStringLiteral("ns/write"), ns);
    measured.add(QStringLiteral("allocations/write"),
                 double(allocationsSoFar().count - added) / double(some.writes));
    if (some.watches > 0) {
        measured.add(QStringLiteral("allocations/watch"),
                     double(added - before) / double(some.watches));
    }
}

/// A watch of a rare path goes through what it missed.
static void catchUp(const Options &options, Report &report)
{
    const QString name = QStringLiteral("catching up, 1,000,000 changes of others");
    if (!options.isWanted(group, name))
        return;
    Case measured(group, name);
    Writes writes;
    for (int i = 0; i < 1'000'000; ++i)
        writes.write();
    for (int run = 0; run < options.runs; ++run) {
        store::Watches watches(writes);
        const store::Glob glob = *store::Glob::parse("/bench/dir1/**/rare");
        static_cast<void>(watches.add({.glob = glob, .from = Revision(1)}));
        std::size_t calls = 0;
        const Stopwatch watch;
        for (; watches.hasReady(); ++calls)
            readReady(watches);
        measured.add(QStringLiteral("ns/change"), watch.wallSeconds() * 1e9 / 1e6);
        measured.add(QStringLiteral("us/call"), watch.wallSeconds() * 1e6 / double(calls));
    }
    report.add(std::move(measured));
}

void benchWatches(const Options &options, Report &report)
{
    bool isFirst = true;
    for (const WatchCase &some : watchCases()) {
        if (!options.isWanted(group, some.name))
            continue;
        if (std::exchange(isFirst, false))
            report.begin(group, QString::fromUtf8(explanation));
        Case measured(group, some.name);
        for (int run = 0; run < options.runs; ++run)
            runOnce(some, measured);
        report.add(std::move(measured));
    }
    catchUp(options, report);
}

} // namespace coffer::bench
