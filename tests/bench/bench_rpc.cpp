// SPDX-License-Identifier: Apache-2.0
#include "bench/idle_connections.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/rpc_load.h"

#include <QCoreApplication>

#include <cstdio>

using namespace coffer;
using namespace coffer::bench;
using namespace Qt::StringLiterals;

static constexpr int inFlight = 64;

static void measure(Report &report, const Options &options, RpcLoad::Kind kind, const QString &name)
{
    const QString group = u"rpc"_s;
    if (!options.isWanted(group, name))
        return;
    Case measured(group, name);
    for (int run = 0; run < options.runs; ++run) {
        const RpcLoad::Measured found = RpcLoad(kind, inFlight).run(options.seconds);
        measured.add(u"requests/s"_s, found.requestsPerSecond);
        measured.add(u"µs server CPU/request"_s, found.serverMicrosecondsPerRequest);
    }
    report.add(std::move(measured));
}

static void measureIdle(Report &report, const Options &options)
{
    const QString group = u"idle"_s;
    for (const bool isWebSocket : {false, true}) {
        const QString name = isWebSocket ? u"WebSocket"_s : u"HTTP keep-alive"_s;
        if (!options.isWanted(group, name))
            continue;
        Case measured(group, name);
        measured.add(u"KiB of memory/connection"_s, kibibytesPerIdleConnection(4'000, isWebSocket));
        report.add(std::move(measured));
    }
}

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    const Result<Options> options = parseOptions(application.arguments().mid(1));
    if (!options || options->isHelp) {
        std::fputs(options ? helpText() : qUtf8Printable(options.error().message + u'\n'), stderr);
        return options ? 0 : 2;
    }
    Report report(options->isJson);
    report.begin(u"rpc"_s, u"A trivial method through the whole front door; one connection, 64 "
                           "calls in flight; client and server on a thread each."_s);
    measure(report, *options, RpcLoad::Kind::http, u"GET /healthz, keep-alive"_s);
    measure(report, *options, RpcLoad::Kind::post, u"POST /rpc, JSON, keep-alive"_s);
    measure(report, *options, RpcLoad::Kind::json, u"WebSocket, JSON"_s);
    measure(report, *options, RpcLoad::Kind::cbor, u"WebSocket, CBOR"_s);
    report.begin(u"idle"_s, u"Growth of resident memory of a server with 4,000 connections that "
                            "have said nothing but what opened them."_s);
    measureIdle(report, *options);
    report.finish();
    return 0;
}
