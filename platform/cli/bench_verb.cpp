// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_load.h"
#include "cli/verbs.h"
#include "store/limits.h"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <memory>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct BenchArguments
{
    BenchPlan plan;
    std::string readMode = "linearizable";
    std::string prefix = "/coffer-bench";
    bool isKept = false;
    bool isQuiet = false;
};

QCborMap resultOf(const BenchPlan &plan, const BenchLoad &load)
{
    QCborMap errors;
    for (const auto &[name, count] : load.errors())
        errors.insert(name, qint64(count));
    const double seconds = load.seconds();
    const auto operations = double(load.latencies().count());
    QCborMap result{{u"clients"_s, qint64(plan.clients)},
                    {u"outstanding"_s, qint64(plan.outstanding)},
                    {u"bytes"_s, qint64(plan.bytes)},
                    {u"keys"_s, qint64(plan.keys)},
                    {u"seconds"_s, seconds},
                    {u"perSecond"_s, seconds > 0 ? std::round(operations / seconds) : 0},
                    {u"latency"_s, load.latencies().toCbor()},
                    {u"errors"_s, errors}};
    if (plan.mode == BenchPlan::Mode::watch)
        result.insert(u"lastWatcher"_s, load.lastLatencies().toCbor());
    return result;
}

void show(Console &console, const BenchPlan &plan, const BenchLoad &load)
{
    const double seconds = load.seconds();
    console.json(resultOf(plan, load));
    console.line(u"%1 operations in %2 s: %3 per second"_s.arg(load.latencies().count())
                     .arg(seconds, 0, 'f', 2)
                     .arg(double(load.latencies().count()) / std::max(seconds, 0.001), 0, 'f', 0));
    console.line(u"latency: "_s + load.latencies().text());
    if (plan.mode == BenchPlan::Mode::watch)
        console.line(u"last of %1 watchers: "_s.arg(plan.clients) + load.lastLatencies().text());
    for (const auto &[name, count] : load.errors())
        console.line(u"%1 failed: %2"_s.arg(count).arg(name));
}

Task<int> bench(Console &console, BenchArguments arguments)
{
    BenchLoad load(console.client().options(), arguments.plan);
    const Result<void> prepared = co_await load.prepare();
    if (!prepared)
        co_return console.fail(prepared.error());
    const bool isShown = !arguments.isQuiet && ::isatty(2) != 0;
    const auto say = [&console, isShown](const QString &line) {
        if (isShown)
            console.aside(line);
    };
    const Result<void> ran = co_await load.run(say);
    if (!ran)
        co_return console.fail(ran.error());
    show(console, arguments.plan, load);
    if (!arguments.isKept) {
        const Result<void> cleaned = co_await load.cleanUp();
        if (!cleaned)
            co_return console.fail(cleaned.error());
    }
    co_return load.errors().empty() ? ok : failure;
}

void addOptions(CLI::App &verb, BenchArguments &arguments)
{
    BenchPlan &plan = arguments.plan;
    const auto count = [&verb](const char *name, unsigned &value, const char *what,
                               std::pair<unsigned, unsigned> range) {
        verb.add_option(name, value, what)
            ->check(CLI::Range(range.first, range.second))
            ->capture_default_str();
    };
    count("--clients", plan.clients, "Connections; of watch: watchers", {1, 20'000});
    count("--size", plan.bytes, "Bytes of a value", {0, unsigned(limits::valueBytesMax)});
    count("--keys", plan.keys, "Different keys", {1, 10'000'000});
    count("--outstanding", plan.outstanding, "Requests of each client under way", {1, 64});
    verb.add_option("--duration", plan.seconds, "Seconds")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    verb.add_option("--rate", plan.rate, "Operations a second, all together; 0: full speed")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    verb.add_option("--prefix", arguments.prefix, "Where the keys are; deleted at the end")
        ->capture_default_str();
    verb.add_flag("--keep", arguments.isKept, "Do not delete the keys");
    verb.add_flag("--quiet", arguments.isQuiet, "No progress");
}

} // namespace

void addBenchVerb(CLI::App &app, Run &run)
{
    CLI::App *bench_ = app.add_subcommand(
        "bench", "Measure: each client waits for its (durable) answer before it asks again");
    bench_->require_subcommand(1);
    for (const auto &[name, summary, mode] :
         {std::tuple("write", "Puts", BenchPlan::Mode::write),
          std::tuple("read", "Gets", BenchPlan::Mode::read),
          std::tuple("mixed", "Gets and puts", BenchPlan::Mode::mixed),
          std::tuple("watch", "From a put until all watchers are told", BenchPlan::Mode::watch)}) {
        auto arguments = std::make_shared<BenchArguments>();
        arguments->plan.mode = mode;
        CLI::App *verb = bench_->add_subcommand(name, summary);
        addOptions(*verb, *arguments);
        if (mode == BenchPlan::Mode::read || mode == BenchPlan::Mode::mixed) {
            verb->add_option("--mode", arguments->readMode, "linearizable, session or local")
                ->check(CLI::IsMember({"linearizable", "session", "local"}))
                ->capture_default_str();
        }
        if (mode == BenchPlan::Mode::mixed) {
            verb->add_option("--reads", arguments->plan.readShare, "Percent of gets")
                ->check(CLI::Range(0, 100))
                ->capture_default_str();
        }
        verb->callback([&run, arguments] {
            arguments->plan.prefix = QByteArray::fromStdString(arguments->prefix);
            if (arguments->readMode == "session")
                arguments->plan.readMode = pluginapi::ReadMode::session;
            if (arguments->readMode == "local")
                arguments->plan.readMode = pluginapi::ReadMode::local;
            run = [arguments](Console &console) { return bench(console, *arguments); };
        });
    }
}

} // namespace coffer::cli
