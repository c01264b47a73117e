// SPDX-License-Identifier: Apache-2.0
#include "unit/net/raw_peer.h"

#include <QHostAddress>
#include <QRegularExpression>

namespace coffer::net {

RawPeer::RawPeer(quint16 port)
{
    socket.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
    socket.waitForConnected(5000);
}

void RawPeer::send(const QByteArray &bytes)
{
    socket.write(bytes);
    socket.flush();
}

QByteArrayList RawPeer::responses(bool isHead)
{
    collect();
    static const QRegularExpression length(QStringLiteral("Content-Length: (\\d+)"));
    QByteArrayList found;
    for (qsizetype at = 0; at < received.size();) {
        const qsizetype end = received.indexOf("\r\n\r\n", at);
        if (end < 0)
            break;
        const QString head = QString::fromLatin1(received.mid(at, end - at));
        const qsizetype body = isHead ? 0 : length.match(head).captured(1).toLongLong();
        if (received.size() < end + 4 + body)
            break;
        found += received.mid(at, end + 4 + body - at);
        at = end + 4 + body;
    }
    return found;
}

int RawPeer::status(int at) { return responses().value(at).mid(9, 3).toInt(); }

bool RawPeer::isClosed() const { return socket.state() == QAbstractSocket::UnconnectedState; }

} // namespace coffer::net
