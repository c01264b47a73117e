// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/credentials.h"

#include <QByteArray>
#include <QObject>
#include <QString>
#include <QUrl>

#include <functional>
#include <memory>

namespace coffer::client {

/// One connection that carries messages: a WebSocket, or something in memory.
///
/// After closed() it says nothing more and sends nothing; it is not opened again. The functions
/// are set once, before open(), and may destroy nothing of it directly. One thread.
class Link
{
public:
    virtual ~Link() = default;

    /// Begins to connect; opened() or closed() follows, never from within this call.
    virtual void open() = 0;
    virtual void send(const QByteArray &message) = 0;
    /// What was sent may leave at once: nothing else is about to be. closed() does not come from
    /// within this call.
    virtual void flush() {}
    /// Asks the peer for a sign of life, which comes as alive(). So does each piece of a message
    /// that arrives.
    virtual void ping() = 0;
    /// Whether a good part of a large message has reached the peer's machine since this was last
    /// asked: what it says itself would wait behind that.
    [[nodiscard]] virtual bool isMoving() { return false; }
    /// All that was sent has reached the peer's machine, and nothing of what it says is arriving:
    /// if it is silent, that is not for the way between.
    [[nodiscard]] virtual bool isQuiet() { return true; }
    /// Ends it at once; nothing is said any more.
    virtual void abort() = 0;

    std::function<void()> opened;
    std::function<void(const QByteArray &message)> received;
    std::function<void()> alive;
    std::function<void(const QString &why)> closed;
};

/// Makes the link to a node.
using LinkFactory = std::function<std::unique_ptr<Link>(const QUrl &node)>;

/// Binary WebSocket frames to /rpc; TLS where the scheme is https.
[[nodiscard]] std::unique_ptr<Link> makeWebSocketLink(const QUrl &node);
/// The same with credentials, for Options::link.
[[nodiscard]] LinkFactory webSocketLinks(Credentials credentials);

} // namespace coffer::client
