// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayList>
#include <QTcpSocket>

namespace coffer::net {

/// A peer that sends what a test wants, byte by byte if need be, and splits what comes back into
/// responses.
class RawPeer
{
public:
    explicit RawPeer(quint16 port);

    void send(const QByteArray &bytes);
    /// Whole responses so far, as status line and headers, blank line, body. Understands
    /// Content-Length; those to HEAD are told apart by \a isHead.
    [[nodiscard]] QByteArrayList responses(bool isHead = false);
    /// The status of response \a at, or 0 while it is not there.
    [[nodiscard]] int status(int at = 0);
    [[nodiscard]] bool isClosed() const;

    QTcpSocket socket;
    QByteArray received;

private:
    void collect() { received += socket.readAll(); }
};

} // namespace coffer::net
