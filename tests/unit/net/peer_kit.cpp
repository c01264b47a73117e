// SPDX-License-Identifier: Apache-2.0
#include "unit/net/peer_kit.h"

#include <algorithm>

namespace coffer::test {

net::PeerTransport::Options peerOptions(std::uint64_t id, const QStringList &seeds,
                                        std::uint64_t run)
{
    net::PeerTransport::Options options;
    options.self = NodeId(id);
    options.run = RunId(run != 0 ? run : id * 100);
    options.listen = {"127.0.0.1", 0};
    options.seeds = seeds;
    options.clusterName = "test";
    options.build = "test";
    return options;
}

PeerEnd::PeerEnd(net::PeerTransport::Options given)
    : options(std::move(given))
    , random(options.run.value())
    , transport(options, random,
                {[this](const QByteArray &frame) { received.push_back(frame); },
                 [this](NodeId peer) { lost.push_back(peer); }})
{
    const auto started = transport.start();
    if (!started)
        qFatal("%s", qPrintable(started.error().message));
}

QString PeerEnd::address() const { return QStringLiteral("127.0.0.1:%1").arg(transport.port()); }

void PeerEnd::say(const PeerEnd &to, const QByteArray &frame)
{
    transport.send(to.id(), frame);
    transport.flush();
}

// ---- log

static QStringList g_lines;

static void note(QtMsgType, const QMessageLogContext &, const QString &message)
{
    g_lines.append(message);
}

LogCatcher::LogCatcher() : m_before(qInstallMessageHandler(&note)) { g_lines.clear(); }

LogCatcher::~LogCatcher() { qInstallMessageHandler(m_before); }

int LogCatcher::count(const QString &words)
{
    return int(std::count_if(g_lines.begin(), g_lines.end(),
                             [&](const QString &line) { return line.contains(words); }));
}

} // namespace coffer::test
