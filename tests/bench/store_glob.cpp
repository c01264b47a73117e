// SPDX-License-Identifier: Apache-2.0
#include "bench/stopwatch.h"
#include "bench/watch_benches.h"
#include "store/glob.h"

#include <utility>

namespace coffer::bench {

namespace {

struct GlobCase
{
    QString name;
    QByteArray pattern;
    QByteArray path;
    std::size_t times = 1'000'000;
};

} // namespace

static const QString group = QStringLiteral("globs");

static std::vector<GlobCase> globCases()
{
    const QByteArray path = "/services/web/frontend/instances/host-17.example:8080";
    const QByteArray deep = QByteArray("/a").repeated(2047) + "/b";
    return {
        {QStringLiteral("literal, equal"), path, path},
        {QStringLiteral("begins differently"), "/jobs/**", path},
        {QStringLiteral("tree"), "/services/web/**", path},
        {QStringLiteral("segments"), "/services/*/frontend/*/host-??.*", path},
        {QStringLiteral("pairs in between"), "/services/**/instances/**:8080", path},
        {QStringLiteral("4096 bytes, 64 pairs, no match"),
         '/' + QByteArray("**a/").repeated(62) + "**x**", deep, 1'000},
        {QStringLiteral("4096 bytes, long tail"), "/**" + QByteArray("/?").repeated(2040) + "/x/?",
         deep, 1'000},
    };
}

void benchGlob(const Options &options, Report &report)
{
    bool isFirst = true;
    for (const GlobCase &some : globCases()) {
        if (!options.isWanted(group, some.name))
            continue;
        if (std::exchange(isFirst, false))
            report.begin(group, QStringLiteral("One path compared with one glob."));
        const store::Glob glob = *store::Glob::parse(some.pattern);
        Case measured(group, some.name);
        std::size_t matches = 0;
        for (int run = 0; run < options.runs; ++run) {
            const double ns = nanosecondsPerCall(
                some.times, [&](std::size_t) { matches += glob.matches(some.path) ? 1 : 0; });
            measured.add(QStringLiteral("ns/match"), ns);
        }
        measured.add(QStringLiteral("is a match"), matches > 0 ? 1 : 0);
        report.add(std::move(measured));
    }
}

} // namespace coffer::bench
