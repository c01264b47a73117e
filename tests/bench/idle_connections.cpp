// SPDX-License-Identifier: Apache-2.0
#include "bench/idle_connections.h"

#include "bench/front_server.h"

#include <QCoreApplication>
#include <QFile>

#include <algorithm>
#include <vector>

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coffer::bench {
namespace {

double residentKibibytes()
{
    malloc_trim(0);
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    return file.readAll().split(' ').value(1).toDouble() * double(sysconf(_SC_PAGESIZE)) / 1024;
}

/// Each connection takes two files of this process.
int raiseFileLimit(int count)
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, rlim_t(count) * 2 + 100);
    setrlimit(RLIMIT_NOFILE, &limit);
    return std::min(count, int((limit.rlim_cur - 100) / 2));
}

int connectTo(quint16 port)
{
    const int peer = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(peer, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
        qFatal("no connection");
    return peer;
}

} // namespace

double kibibytesPerIdleConnection(int count, bool isWebSocket)
{
    const QByteArray hello =
        isWebSocket
            ? "GET /rpc HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            : "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    const int possible = raiseFileLimit(count);
    FrontServer server;
    std::vector<int> peers;
    double before = 0;
    const int warm = possible / 10; // what the first ones take is shared by all
    for (int i = 0; i < possible; ++i) {
        if (i == warm)
            before = residentKibibytes();
        peers.push_back(connectTo(server.port()));
        if (send(peers.back(), hello.data(), std::size_t(hello.size()), 0) != hello.size())
            qFatal("nothing is sent");
        const auto isThere = [&server, isWebSocket, i] {
            return isWebSocket ? server.webSocketCount() > std::size_t(i)
                               : server.connectionCount() > i;
        };
        while (!isThere())
            QCoreApplication::processEvents();
    }
    for (int i = 0; i < 100; ++i)
        QCoreApplication::processEvents();
    const double after = residentKibibytes();
    for (const int peer : peers)
        close(peer);
    return (after - before) / double(possible - warm);
}

} // namespace coffer::bench
